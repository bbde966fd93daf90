"""Gift certificates in a few lines."""

from itertools import count
from typing import Any

from offers.certificates import issue, spend
from offers.certificates.issue import Issued, Sale
from offers.certificates.proof import Proof
from offers.certificates.spend import Answer, Payment
from rig.world import World
from store.invariants import invariants, look

PHONE, OTHER = "+380671234567", "+380501112233"
_keys = count(1)


def sold(world: World, amount: int = 50_000, line: str = "1", order: str = "o1", **more: Any) -> Issued:
    """Issue the certificate of a paid order's line."""
    sale = Sale(order, line, amount, "UAH", **{"phone": PHONE, **more})
    return world.store.run(lambda conn: issue.sell(conn, world.store.vault, sale, now=world.now, by="shop"))


def payment(one: Issued, amount: int, key: str = "", **more: Any) -> Payment:
    """Return a payment with the QR code's secret."""
    values = {"proof": Proof(one.secret), "currency": "UAH", "owner": "till", "order": "o9", **more}
    return Payment(one.number, amount=amount, key=key or f"k{next(_keys)}", **values)


def pays(world: World, one: Issued, amount: int, key: str = "", **more: Any) -> Answer:
    """Pay at once."""
    asked = payment(one, amount, key, **more)
    return world.store.run(lambda conn: spend.redeem(conn, world.store.vault, asked, now=world.now))


def holds(world: World, one: Issued, amount: int, key: str = "", **more: Any) -> Answer:
    """Set money aside."""
    asked = payment(one, amount, key, **more)
    return world.store.run(lambda conn: spend.authorise(conn, world.store.vault, asked, now=world.now))


def captures(world: World, key: str, amount: int | None = None) -> Answer:
    """Take what was set aside."""
    return world.store.run(lambda conn: spend.capture(conn, key, "till", now=world.now, amount=amount))


def releases(world: World, key: str) -> Answer:
    """Give back what was set aside."""
    return world.store.run(lambda conn: spend.let_go(conn, key, "till", now=world.now))


def refunds(world: World, key: str, amount: int, refund: str = "r1") -> Answer:
    """Put money back."""
    return world.store.run(lambda conn: spend.refund(conn, key, "till", amount, refund, now=world.now, by="till"))


def money(world: World) -> list[tuple[int, int, str]]:
    """Return balance, money set aside and status of all certificates."""
    return [(row[0], row[1], row[2]) for row in world.rows("SELECT balance, held, status FROM certificate ORDER BY id")]


def is_balanced(world: World) -> None:
    """Check the ledger's invariants."""
    assert any(one.id == "I7" for one in invariants(world.store.dialect))
    with world.store.read() as conn:
        assert [one for one in look(conn, now=world.now) if one.invariant.id == "I7" and one.breaches] == []
