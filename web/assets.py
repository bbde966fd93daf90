"""Files of our own: addresses that change with their content, and digests that browsers check."""

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup
from werkzeug.security import safe_join

from web.headers import nonce

FOLDER = Path(__file__).parent / "static"


def asset(name: str) -> str:
    """Return the address of a file below static/; it may be kept for ever, for another content has another address."""
    return f"/static/{name}?v={_digest(name)[1]}"


def script(name: str) -> Markup:
    """Return a script element with nonce and digest."""
    integrity, place = _digest(name)[0], asset(name)
    return Markup('<script defer src="{}" integrity="{}" nonce="{}"></script>').format(place, integrity, nonce())


def modules(folder: str) -> Markup:
    """Return the script elements of the modules in a folder below static/, which begin at its main.js.

    An import map names each module by `FOLDER/NAME`, with address and digest, so that they may be kept for ever too.
    """
    names = sorted(f"{folder}/{path.name}" for path in (FOLDER / folder).glob("*.js"))
    imports = {name: asset(name) for name in names}
    digests = {asset(name): _digest(name)[0] for name in names}
    inline = Markup(json.dumps({"imports": imports, "integrity": digests}).replace("<", "\\u003c"))  # noqa: S704  our names and digests
    start = f"{folder}/main.js"
    return Markup(
        '<script type="importmap" nonce="{0}">{1}</script>'
        '<script type="module" src="{2}" integrity="{3}" nonce="{0}"></script>'
    ).format(nonce(), inline, asset(start), _digest(start)[0])


def stylesheet(name: str) -> Markup:
    """Return a link to a style sheet with its digest."""
    return Markup('<link rel="stylesheet" href="{}" integrity="{}">').format(asset(name), _digest(name)[0])


def icon(name: str, label: str = "") -> Markup:
    """Return one icon of the sprite; without a label it is decoration, and screen readers pass over it."""
    place = f"{asset('icons.svg')}#{name}"
    if label:
        return Markup('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>').format(label, place)
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(place)


def content(name: str) -> bytes | None:
    """Return a file below static/, or None when there is none of that name."""
    path = safe_join(str(FOLDER), name)
    return _content_of(Path(path), Path(path).stat().st_mtime_ns) if path and Path(path).is_file() else None


def version(name: str) -> str:
    """Return the part of the address that changes with the content."""
    return _digest(name)[1]


def _digest(name: str) -> tuple[str, str]:
    path = FOLDER / name
    return _digest_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _content_of(path: Path, _changed: int) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=256)
def _digest_of(path: Path, _changed: int) -> tuple[str, str]:
    digest = hashlib.sha384(path.read_bytes()).digest()
    return "sha384-" + base64.b64encode(digest).decode(), digest.hex()[:12]
