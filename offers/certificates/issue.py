"""Where certificates come from: a paid order, a plastic card that an order activates, or two people by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from offers.certificates import proof
from store import audit, certificates
from store.certificates import Row
from store.db import Connection
from wayfare.errors import Conflict, InputRefused
from wayfare.vault import Vault


@dataclass(frozen=True, slots=True)
class Sale:
    """One line of a paid order that bought a certificate. `amount` is in minor units."""

    order: str
    line: str
    amount: int
    currency: str
    phone: str | None = None
    valid_until: datetime | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate. Number and secret are shown once, when `is_new`; nothing keeps them."""

    id: int
    last4: str
    is_new: bool
    number: str = ""
    secret: str = ""

    @property
    def scan(self) -> str:
        """What its QR code holds."""
        return f"{self.number}.{self.secret}" if self.secret else self.number


def sell(conn: Connection, vault: Vault, sale: Sale, *, now: datetime, by: str) -> Issued:
    """Issue the e-gift certificate that a line of a paid order bought, once; the same line again answers which it is.

    Conflict when the same line bought something else before.
    """
    _check(sale.amount, sale.currency)
    known = certificates.by_line(conn, sale.order, sale.line)
    if known is None:
        return _make(conn, vault, sale, "paid", f"issue:{sale.order}:{sale.line}", now=now, by=by)
    if (known.face, known.currency) != (sale.amount, sale.currency):
        raise Conflict(f"line {sale.line} of order {sale.order} bought another certificate before")
    return Issued(known.id, known.last4, False)


def give(conn: Connection, vault: Vault, sale: Sale, request_id: int, *, now: datetime, by: str) -> Issued:
    """Issue a certificate that nobody paid for, as a request by hand asked for it."""
    _check(sale.amount, sale.currency)
    return _make(conn, vault, sale, "given", f"issue:request:{request_id}", now=now, by=by)


def _make(conn: Connection, vault: Vault, sale: Sale, source: str, key: str, *, now: datetime, by: str) -> Issued:
    number, secret = proof.new_number(), proof.new_secret()
    paid = source == "paid"
    added = certificates.add(
        conn,
        {
            "number_digest": proof.number_digest(vault, number),
            "last4": number[-4:],
            "secret_digest": proof.secret_digest(vault, secret),
            "kind": "egift",
            "currency": sale.currency,
            "face": sale.amount,
            "status": "active",
            "phone_digest": vault.digest("phone", sale.phone) if sale.phone else None,
            "order_key": sale.order if paid else None,
            "line": sale.line if paid else None,
            "batch": sale.batch,
            "created_at": now,
            "activated_at": now,
            "valid_until": sale.valid_until,
        },
    )
    if added is None:  # another request was faster with this line
        found = certificates.by_line(conn, sale.order, sale.line)
        if found is None:
            raise Conflict("the certificate could not be numbered; send the request again")
        return Issued(found.id, found.last4, False)
    row = certificates.by_id(conn, added)
    order = sale.order if paid else None
    certificates.move(conn, row, key, "issue", balance=sale.amount, other=source, now=now, by=by, order=order)
    audit.record(conn, by, "certificates.issued", f"certificate:{added}", _facts(row, order), now)
    return Issued(added, row.last4, True, number, secret)


@dataclass(frozen=True, slots=True)
class Card:
    """A plastic card as it came from the printer."""

    number: str
    pin: str
    face: int
    currency: str
    batch: str | None = None


def take_cards(conn: Connection, vault: Vault, cards: Sequence[Card], *, now: datetime, by: str) -> list[bool]:
    """Take plastic cards in, without value until an order activates them; say of each whether it is new.

    Numbers are drawn by us for the printer (`proof.new_number`), so they have a check character; InputRefused names
    the first that has none.
    """
    done = []
    for index, card in enumerate(cards):
        _check(card.face, card.currency)
        if not proof.is_number(card.number):
            raise InputRefused("bad_number", "this is no number of a certificate", path=f"cards.{index}.number")
        values = {
            "number_digest": proof.number_digest(vault, card.number),
            "last4": card.number[-4:],
            "pin_hash": proof.pin_hash(vault, card.number, card.pin),
            "kind": "plastic",
            "currency": card.currency,
            "face": card.face,
            "status": "inactive",
            "batch": card.batch,
            "created_at": now,
        }
        done.append(certificates.add(conn, values) is not None)
    audit.record(conn, by, "certificates.cards_taken", "certificates", {"cards": sum(done)}, now)
    return done


def activate_card(conn: Connection, vault: Vault, number: str, sale: Sale, *, now: datetime, by: str) -> str:
    """Give a plastic card its value, because a line of an order paid for it; return why not, or nothing.

    The same line again answers as it did the first time.
    """
    row = proof.find(conn, vault, number)
    if row is None or row.kind != "plastic":
        return "not_found"
    return activate_row(conn, vault, row, sale, now=now, by=by)


def activate_row(conn: Connection, vault: Vault, row: Row, sale: Sale, *, now: datetime, by: str) -> str:
    """Give a plastic card that the caller has locked its value; return why not, or nothing."""
    if row.order_key is not None:
        return "" if (row.order_key, row.line) == (sale.order, sale.line) else "active_already"
    if row.status != "inactive":
        return row.status
    if (row.face, row.currency) != (sale.amount, sale.currency):
        return "other_amount"
    if certificates.by_line(conn, sale.order, sale.line) is not None:
        return "line_used"
    bound = vault.digest("phone", sale.phone) if sale.phone else None
    values = {"status": "active", "order_key": sale.order, "line": sale.line, "activated_at": now}
    certificates.change(conn, row.id, {**values, "phone_digest": bound, "valid_until": sale.valid_until})
    key = f"issue:{sale.order}:{sale.line}"
    certificates.move(conn, row, key, "issue", balance=row.face, other="paid", now=now, by=by, order=sale.order)
    audit.record(conn, by, "certificates.activated", f"certificate:{row.id}", _facts(row, sale.order), now)
    return ""


def _check(amount: int, currency: str) -> None:
    if amount <= 0:
        raise InputRefused("too_small", "a certificate is worth at least one minor unit", path="amount")
    if len(currency) != 3 or not (currency.isascii() and currency.isupper()):
        raise InputRefused("bad_currency", "a currency has three capital letters, such as UAH", path="currency")


def _facts(row: Row, order: str | None) -> dict[str, object]:
    return {"amount": row.face, "currency": row.currency, "order": order, "kind": row.kind}
