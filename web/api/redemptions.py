"""Redemptions: an order reserves its price with everything limited in it, confirms it, lets it go, or is returned."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from offers.redemption import returns, settle
from offers.redemption.replay import again
from offers.redemption.reserve import LONGEST, SHORTEST, Order, Refused, reserve
from offers.redemption.returns import Back
from store import redemptions
from store.db import Connection
from store.redemptions import Row
from wayfare.errors import InputRefused
from wayfare.promotions.contract import Cart
from web.api.base import BATCH, Answer, Api, Call, In, owner, problem
from web.api.described import DescribedBy
from web.api.refusal import Refusal
from web.bell import ring
from web.context import context, now, store
from web.quoting import asking_of, note_guesses, refused, shop_of

api = Api("redemptions", "Redemptions")
bp = api.bp
T = TypeVar("T")

Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]


class ReserveIn(In):
    """An order that is about to be paid."""

    order: Key = Field(description="Names the order in its shop: the same order again is the same redemption.")
    cart: Annotated[dict[str, Any], DescribedBy(Cart)]
    payable: int | None = Field(None, ge=0, description="What the customer was told; another price is refused.")
    ttl_seconds: int = Field(900, ge=int(SHORTEST.total_seconds()), le=int(LONGEST.total_seconds()))
    phone: str | None = Field(None, max_length=40, description="Of the customer, as +380671234567.")
    pins: dict[str, str] = Field(default_factory=dict, description="By code, where a code has one.")


class RedemptionOut(Answer):
    """One order's price. Codes in the quote show their last four characters only."""

    id: int
    order: str
    store: str
    status: Literal["reserved", "confirmed", "part_returned", "returned", "released", "expired"]
    ruleset: str
    currency: str
    payable: int
    refunded: int
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    closed_at: datetime | None
    returned: dict[str, int] = Field(description="Pieces that came back, by line.")
    quote: dict[str, Any]


class Page(Answer):
    """Redemptions, the latest first."""

    redemptions: list[RedemptionOut]


class Asked(In):
    """Which redemptions. `before` is the id of the last one on the page before."""

    order: str = Field("", max_length=100)
    customer: str = Field("", max_length=200)
    status: str = Field("", max_length=16)
    before: int | None = Field(None, ge=1)
    limit: int = Field(50, ge=1, le=500)


class BackIn(In):
    """Goods that come back."""

    key: Key = Field(description="Names this return: the same key again is the same return.")
    lines: dict[str, Annotated[int, Field(ge=1)]] | None = Field(
        None, description="Pieces by line; left out: everything that is still out."
    )
    delivery: bool = Field(False, description="Pay the delivery back, too.")
    policy: Literal["shares", "requote"] = Field(
        "shares",
        description="`shares`: the money for these very units, and what stays keeps its price. `requote`: what stays "
        "is priced again under the same rules, and advantages that are lost are deducted.",
    )
    keep_uses: bool = Field(False, description="Promotions and codes stay used when everything comes back.")


class BackOut(Answer):
    """What came back, and the money for it."""

    redemption: int
    key: str
    refund: int
    refunded: int
    status: str
    lines: dict[str, int]


class ReplayOut(Answer):
    """The price of the sale, computed once more from what was kept."""

    same: bool
    differs: list[str] = Field(description="In what it is not the same: some of money, cashback, gifts and codes.")
    payable: int
    quote: dict[str, Any]


@api.post("/redemptions", needs="codes.redeem", body=ReserveIn, answer=RedemptionOut, status=201, max_bytes=BATCH)
def reserve_order(call: Call) -> tuple[RedemptionOut, int]:
    """Reserve an order's price: its promotions, budgets and codes, all of them or nothing.

    The cart is priced again under the rules that are live. Confirm it when the order is paid; otherwise it is
    released by itself after `ttl_seconds`.
    """
    given: ReserveIn = call.body
    try:
        asking = asking_of(call, given.cart, phone=given.phone, pins=given.pins)
        order = Order(given.order, given.payable, timedelta(seconds=given.ttl_seconds))
        row, is_new, codes = store().run(
            lambda conn: reserve(conn, context().live, store().vault, asking, order, owner(), now())
        )
    except InputRefused as error:
        raise refused(error) from None
    except Refused as error:
        raise _conflict(error) from None
    note_guesses(asking, codes)
    return _shown(row), 201 if is_new else 200


@api.get("/redemptions", needs="codes.redeem", query=Asked, answer=Page)
def get_redemptions(call: Call) -> Page:
    """Return redemptions; a till sees those of its own shop."""
    asked: Asked = call.query
    with store().read() as conn:
        return Page(redemptions=[_shown(row) for row in redemptions.listed(conn, store=shop_of(call), **dict(asked))])


@api.get("/redemptions/<int:id>", needs="codes.redeem", answer=RedemptionOut)
def get_redemption(call: Call, id: int) -> RedemptionOut:
    """Return one redemption."""
    with store().read() as conn:
        return _shown(redemptions.get(conn, id, store=shop_of(call)))


@api.post("/redemptions/<int:id>/confirm", needs="codes.redeem", answer=RedemptionOut)
def confirm_order(call: Call, id: int) -> RedemptionOut:
    """Make a reservation a sale: the order is paid. Again is the same."""
    row = _done(lambda conn: settle.confirm(conn, id, now(), store=shop_of(call)))
    if row.code_ids:
        ring()
    return _shown(row)


@api.post("/redemptions/<int:id>/release", needs="codes.redeem", answer=RedemptionOut)
def release_order(call: Call, id: int) -> RedemptionOut:
    """Give back what a reservation holds: the order is not paid. Again is the same."""
    return _shown(_done(lambda conn: settle.release(conn, id, now(), store=shop_of(call))))


@api.post("/redemptions/<int:id>/return", needs="codes.redeem", body=BackIn, answer=BackOut)
def return_goods(call: Call, id: int) -> BackOut:
    """Take goods of a sale back, all of them or some, and say how much money that is."""
    back = Back(**dict(call.body))
    shop, by = shop_of(call), call.who.actor
    return BackOut(**_done(lambda conn: returns.take_back(conn, context().live, id, back, now(), by, store=shop)))


@api.get("/redemptions/<int:id>/replay", needs="codes.redeem", answer=ReplayOut)
def replay_redemption(call: Call, id: int) -> ReplayOut:
    """Price a sale once more from what was kept of it, under the version it was made under."""
    with store().read() as conn:
        row = redemptions.get(conn, id, store=shop_of(call))
        quote, differs = again(conn, context().live, row)
    return ReplayOut(same=not differs, differs=differs, payable=quote["payable"], quote=quote)


def _done(work: Callable[[Connection], T]) -> T:
    try:
        return store().run(work)
    except Refused as error:
        raise _conflict(error) from None


def _conflict(error: Refused) -> Refusal:
    later = {"Retry-After": "1"} if error.code == "busy" else {}  # with it the Idempotency-Key may be used again
    return Refusal(409, [problem(error.code, str(error))], later)


def _shown(row: Row) -> RedemptionOut:
    return RedemptionOut(
        id=row.id,
        order=row.order_key,
        store=row.store,
        status=row.status,
        ruleset=f"v{row.version}",
        currency=row.currency,
        payable=row.payable,
        refunded=row.refunded,
        created_at=row.created_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        closed_at=row.closed_at,
        returned={line: sum(counts) for line, counts in row.returned.items() if line},
        quote=row.quote,
    )
