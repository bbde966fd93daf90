"""The file that holds an installation's secret key."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from wayfare.errors import SettingsError

SHORTEST_SECRET = 32  # characters


def secret_from(path: Path) -> str:
    """Return the secret in this file, making the file with a new one when it is missing.

    Several processes may start at once: the new file is written aside and linked into place, so the first one wins and
    nobody reads half a key. Raises SettingsError for a file that is too short or open to other people.
    """
    if not path.exists():
        aside = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first, and its key counts
                os.link(aside, path)
        except OSError as error:
            raise SettingsError(f"cannot write the secret key to {path} ({error.strerror})") from None
        finally:
            aside.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> str:
    variable = "WAYFARE_SECRET_KEY"
    try:
        mode, secret = path.stat().st_mode, path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read the secret key in {path} ({error})", variable=variable) from None
    if mode & 0o077:
        raise SettingsError(f"other people can read the secret key; run: chmod 600 '{path}'", variable=variable)
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"the secret key in {path} is shorter than {SHORTEST_SECRET} characters; put it back from a backup",
            variable=variable,
        )
    return secret
