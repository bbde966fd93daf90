"""One `wayfare up` at a time for each data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wayfare.errors import StartError


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder; raises StartError when another process holds it.

    The kernel lets go of the lock when the process dies, however it dies, so nothing is ever left to clean up.
    """
    with (data_dir / "wayfare.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StartError(
                f"Wayfare already runs on the data folder {data_dir} (process {holder}); stop it, or choose another "
                "folder with --data-dir"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
