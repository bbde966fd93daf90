"""Files of fresh codes: written while the codes are made, and shown exactly once."""

from collections.abc import Iterator

from flask import Response

from offers.codes.make import Made
from store.codes import BatchRow


def answer(chunks: Iterator[Made], row: BatchRow, status: int = 200) -> Response:
    """Return a CSV file of codes as it comes into being; nobody keeps a copy."""
    headers = {"Content-Disposition": f'attachment; filename="{row.key}.csv"', "Cache-Control": "no-store"}
    return Response(_csv(chunks, with_pin=row.with_pin), status, mimetype="text/csv", headers=headers)


def _csv(chunks: Iterator[Made], *, with_pin: bool) -> Iterator[str]:
    yield "code,pin\n" if with_pin else "code\n"
    for chunk in chunks:
        yield "".join([f"{text},{pin}\n" if with_pin else f"{text}\n" for text, pin in chunk])
