"""Files of plastic cards as they come from the printer: read, looked over, and taken in when nothing is wrong."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from offers.certificates import proof
from offers.certificates.issue import Card
from store.db import Connection
from store.views import certificates as views
from wayfare.vault import Vault

COLUMNS = ("number", "pin", "amount")
MOST = 500
"""Cards in one file: each PIN takes a slow hash."""
_PIN = range(6, 13)


@dataclass(frozen=True, slots=True)
class Line:
    """One card of a file; `fault` says what is wrong with it, `is_known` that it was taken in before."""

    row: int
    last4: str
    face: int
    card: Card | None = None
    fault: str = ""
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was read. `fault` concerns the whole of it."""

    lines: Sequence[Line] = ()
    fault: str = ""

    @property
    def cards(self) -> list[Card]:
        """The cards to take in; none as long as anything is wrong."""
        if self.fault or self.wrong:
            return []
        return [line.card for line in self.lines if line.card is not None and not line.is_known]

    @property
    def wrong(self) -> list[Line]:
        """The lines that cannot be read."""
        return [line for line in self.lines if line.fault]


def read(conn: Connection, vault: Vault, text: str, *, currency: str, batch: str | None) -> Look:
    """Read a CSV file with the columns number, pin and amount (such as 500.00); nothing is kept. One query."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    if missing := [name for name in COLUMNS if name not in names]:
        return Look(fault=f"The first line must name the columns number, pin and amount; {missing[0]} is missing.")
    lines: list[Line] = []
    seen: set[bytes] = set()
    digests: list[bytes] = []
    for row in rows:
        if len(lines) == MOST:
            return Look(fault=f"At most {MOST} cards at once; divide the file.")
        values = [(row.get(names[name]) or "").strip() for name in COLUMNS]
        if any(values):
            digest = proof.number_digest(vault, values[0])
            lines.append(_line(rows.line_num, values, currency, batch, is_twice=digest in seen))
            digests.append(digest)
            seen.add(digest)
    if not lines:
        return Look(fault="There are no cards in it.")
    known = views.known_numbers(conn, digests)
    looked = [
        Line(line.row, line.last4, line.face, line.card, line.fault, digest in known)
        for line, digest in zip(lines, digests, strict=True)
    ]
    return Look(looked)


def _line(row: int, values: Sequence[str], currency: str, batch: str | None, *, is_twice: bool) -> Line:
    number, pin, amount = values
    face = _minor(amount)
    fault = ""
    if not proof.is_number(number):
        fault = "this is no number of ours: a sign is wrong"
    elif is_twice:
        fault = "this number stands in the file before"
    elif not (pin.isascii() and pin.isdigit() and len(pin) in _PIN):
        fault = "a PIN has 6 to 12 digits"
    elif face is None:
        fault = "write the amount such as 500.00"
    card: Any = None if fault or face is None else Card(number, pin, face, currency, batch)
    return Line(row, number[-4:].upper(), face or 0, card, fault)


def _minor(text: str) -> int | None:
    whole, _, cents = text.replace(",", ".").replace(" ", "").partition(".")
    if not (whole + cents).isdigit() or not (whole + cents).isascii() or len(whole) > 10 or len(cents) > 2:
        return None
    amount = int(whole or 0) * 100 + int(cents.ljust(2, "0") or 0)
    return amount or None


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
