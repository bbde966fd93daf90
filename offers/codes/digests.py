"""What the database keeps of a code. Codes that tills may know without a network have a key of their own for it."""

from collections.abc import Iterable

from store import codes
from store.codes import Found
from store.db import Connection
from wayfare.vault import Vault

USUAL, OFFLINE = "code", "code-offline"
"""Purposes of the digests. Tills are given the key of the second one, so it must find no other codes."""


def digest(vault: Vault, code: str, *, offline: bool = False) -> bytes:
    """Return the digest of a compact code. `offline`: its batch is one of `CodeBatch.offline`, made for tills."""
    return vault.digest(OFFLINE if offline else USUAL, code)


def find(conn: Connection, vault: Vault, texts: Iterable[str]) -> dict[str, Found]:
    """Return the codes that are known, by their compact texts: one query, whichever digest they have."""
    wanted = {digest(vault, code, offline=offline): code for code in texts for offline in (False, True)}
    return {wanted[key]: row for key, row in codes.find_codes(conn, wanted).items()}
