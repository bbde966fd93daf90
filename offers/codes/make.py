"""Making codes by the million: texts leave once, as they are made; what stays is a keyed digest and four characters."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from offers.codes import digests as kept_of
from offers.codes.batches import end_of
from offers.codes.text import compact, draw, is_hidden, is_sparse
from store import audit, codes
from store.codes import BatchRow
from store.db import Connection, Store
from wayfare.errors import Conflict, InputRefused
from wayfare.vault import Vault

CHUNK = 50_000
MOST = 5_000_000
PIN_LENGTH = 4
Made = Sequence[tuple[str, str]]
"""Codes and their PINs; without PINs those are empty."""


def make_codes(store: Store, vault: Vault, key: str, count: int, *, now: datetime, by: str) -> Iterator[Made]:
    """Make `count` codes of a batch and yield them in chunks, each once and already committed.

    Nobody can be shown them again. When the reader goes away, the chunk that was not taken is voided, and no more are
    made. InputRefused and Conflict come at the call, before anything is made.
    """
    row = store.run(lambda conn: _begin(conn, key, count, now, by))
    return _chunks(store, vault, row, count, now)


def fill_pool(store: Store, vault: Vault, key: str, count: int, *, now: datetime, by: str) -> int:
    """Make codes that wait in the batch's pool until journeys draw them; their texts are sealed until then."""
    row = store.run(lambda conn: _begin(conn, key, count, now, by, to_pool=True))
    for size in _sizes(count):
        _make(store, vault, row, size, now, to_pool=True)
    return count


def _chunks(store: Store, vault: Vault, row: BatchRow, count: int, now: datetime) -> Iterator[Made]:
    for size in _sizes(count):
        made, digests = _make(store, vault, row, size, now)
        try:
            yield made
        except GeneratorExit:
            store.run(partial(codes.void_by_digest, digests=digests))
            raise


def _sizes(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, CHUNK)
        count -= CHUNK


def _begin(conn: Connection, key: str, count: int, now: datetime, by: str, *, to_pool: bool = False) -> BatchRow:
    row = codes.find_batch(conn, key, lock=True)
    if row.voided_at is not None:
        raise Conflict(f"the batch {key} is void; make another one")
    if row.kind == "shared":
        raise Conflict(f"the batch {key} has one code that everybody shares; make a unique batch")
    if to_pool and not row.uses_pool:
        raise InputRefused("no_pool", f"journeys do not draw from {key}; set uses_pool first", path="to")
    if to_pool and row.with_pin:
        raise InputRefused("pin_in_pool", "a journey cannot tell a PIN; leave PINs out of a pool", path="to")
    if not 1 <= count <= MOST:
        raise InputRefused("out_of_range", f"1 to {MOST:,} codes at once", path="count")
    total = codes.count_codes(conn, row.id) + count
    if row.offline and not is_hidden(total, row.length):
        words = f"so many codes of {row.length} characters could be found by whoever steals a till; take longer ones"
        raise InputRefused("too_dense", words, path="count")
    if not is_sparse(total, row.length):
        words = f"so many codes of {row.length} characters could be guessed; make a batch with longer ones"
        raise InputRefused("too_dense", words, path="count")
    where = "pool" if to_pool else "file"
    audit.record(conn, by, "codes.made", f"codes:{key}", {"count": count, "to": where}, now)
    return row


def _make(
    store: Store, vault: Vault, row: BatchRow, size: int, now: datetime, *, to_pool: bool = False
) -> tuple[Made, Sequence[bytes]]:
    """Draw and store one chunk; return the texts with their PINs, and the digests."""

    def fresh() -> tuple[Sequence[Sequence[Any]], tuple[Made, Sequence[bytes]]]:
        texts = draw(size, row.length, row.prefix)
        start = compact(row.prefix)
        skip = len(row.prefix)
        digest, offline = kept_of.digest, row.offline
        digests = [digest(vault, start + text[skip:], offline=offline) for text in texts]
        pins = [f"{secrets.randbelow(10**PIN_LENGTH):0{PIN_LENGTH}}" for _ in texts] if row.with_pin else [""] * size
        kept = [pin_digest(vault, code, pin) if pin else None for code, pin in zip(digests, pins, strict=True)]
        sealed = vault.seal_many([text.encode() for text in texts]) if to_pool else [None] * size
        same = ("free" if to_pool else "issued", 0, now, None if to_pool else end_of(row, now))
        rows = [
            (row.id, code, text[-4:], *same, pin, hidden)
            for code, text, pin, hidden in zip(digests, texts, kept, sealed, strict=True)
        ]
        return rows, (list(zip(texts, pins, strict=True)), digests)

    return codes.insert_fresh(store, fresh)


def pin_digest(vault: Vault, code_digest: bytes, pin: str) -> bytes:
    """Return what is kept of a PIN: keyed with a secret outside the database, and different for every code.

    Four digits are guessed in no time whatever hash is used, so it is the key that protects a stolen database, and
    the count of tries that protects the door.
    """
    return vault.digest("code-pin", f"{code_digest.hex()}:{pin}")
