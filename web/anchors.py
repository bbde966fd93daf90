"""Heads of the audit trail, noted in a file outside the database: with them a cut or rewritten trail is found."""

import hmac
import os
from pathlib import Path

from store import audit
from store.db import Store
from wayfare import log
from web.config import WebConfig

NAME = "audit-anchors"


def read(store: Store, folder: Path) -> dict[int, bytes]:
    """Return the noted ids and digests; lines that somebody else wrote or changed are left out."""
    noted: dict[int, bytes] = {}
    path = folder / NAME
    for line in path.read_text().splitlines() if path.exists() else []:
        number, digest, seal = ([*line.split(), "", "", ""])[:3]
        if number.isdigit() and hmac.compare_digest(_seal(store, number, digest), seal):
            noted[int(number)] = bytes.fromhex(digest)
    return noted


def write(store: Store, folder: Path) -> bool:
    """Note the present head, unless it is the last one noted; return whether it was new."""
    with store.read() as conn:
        head = audit.head(conn)
    if head is None or read(store, folder).get(head[0]) == head[1]:
        return False
    number, digest = str(head[0]), head[1].hex()
    with os.fdopen(os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
        file.write(f"{number} {digest} {_seal(store, number, digest)}\n")
    return True


def check(store: Store, config: WebConfig) -> None:
    """Note the head when the pages start; say so loudly when the last one noted has gone."""
    if config.data_dir is None:
        return
    with store.read() as conn:
        head = audit.head(conn)
    noted = read(store, config.data_dir)
    if noted and (head is None or head[0] < max(noted)):
        log.get(__name__).error("the audit trail was cut", noted=max(noted), found=head[0] if head else None)
        return
    write(store, config.data_dir)


def _seal(store: Store, number: str, digest: str) -> str:
    return store.vault.digest("audit-anchor", f"{number} {digest}").hex()
