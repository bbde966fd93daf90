"""Files of fresh codes: written while the codes are made, and shown exactly once."""

import hashlib
from collections.abc import Iterator

from flask import Response

from offers.codes.make import Made
from store import idempotency
from store.codes import BatchRow
from web.api.base import owner
from web.context import now, store


def answer(chunks: Iterator[Made], row: BatchRow, status: int = 200) -> Response:
    """Return a CSV file of codes as it comes into being; nobody keeps a copy."""
    headers = {"Content-Disposition": f'attachment; filename="{row.key}.csv"', "Cache-Control": "no-store"}
    return Response(_csv(chunks, with_pin=row.with_pin), status, mimetype="text/csv", headers=headers)


def is_first(batch: str, key: str, body: bytes) -> bool:
    """Take a key for making codes of a batch; False when codes were made under it: nobody can see those again."""
    asked = hashlib.blake2b(f"codes {batch}\0".encode() + body, digest_size=32).digest()
    begun = store().run(lambda conn: idempotency.begin(conn, owner(), key, asked, now()))
    if not isinstance(begun, idempotency.Begun):
        return False
    taken = begun
    store().run(lambda conn: idempotency.finish(conn, taken, 410, ""))
    return True


def _csv(chunks: Iterator[Made], *, with_pin: bool) -> Iterator[str]:
    yield "code,pin\n" if with_pin else "code\n"
    for chunk in chunks:
        yield "".join([f"{text},{pin}\n" if with_pin else f"{text}\n" for text, pin in chunk])
