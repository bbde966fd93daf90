"""Prices: what a cart costs under the live rule set, under an earlier version, or under one that is sent along."""

from typing import Annotated, Any, Literal

from pydantic import Field

from offers.live import Left, quote_with
from offers.prices.lowest import lowest
from offers.prices.seasons import Place
from offers.redemption.own import promotions_in
from offers.redemption.pricing import price
from store.db import Connection
from wayfare.errors import InputRefused
from wayfare.promotions import Ruleset, parse_request, quote
from wayfare.promotions.contract import Cart
from web.api.base import BATCH, Answer, Api, Call, In
from web.api.described import DescribedBy
from web.context import context, now, store
from web.quoting import asking_of, note_guesses, refused

api = Api("quotes", "Prices")
bp = api.bp


class QuoteIn(In):
    """A cart and a rule set."""

    cart: Annotated[dict[str, Any], DescribedBy(Cart)]
    ruleset: Annotated[dict[str, Any], DescribedBy(Ruleset)] = Field(default_factory=dict)
    ref: Any = Field(None, description="Comes back as it was sent; text.")


class CartIn(In):
    """A cart. Without `cart.at` it is priced now; a till's key fills in its store."""

    cart: Annotated[dict[str, Any], DescribedBy(Cart)]
    phone: str | None = Field(None, max_length=40, description="Of the customer, as +380671234567.")
    pins: dict[str, str] = Field(default_factory=dict, description="By code, where a code has one.")
    ref: str | None = Field(None, max_length=500, description="Comes back as it was sent.")
    with_: list[Literal["lowest_price"]] = Field(
        default_factory=list,
        alias="with",
        max_length=10,
        description="`lowest_price`: each line of a known product says its lowest price of 30 days.",
    )


class LeftIn(In):
    """What was left of a promotion whose use is limited."""

    uses: int | None = None
    spend: int | None = None


class ReplayIn(In):
    """A cart that was priced before: its `cart` with the quote's `at`, and the quote's `left` and `granted`."""

    cart: Annotated[dict[str, Any], DescribedBy(Cart)]
    version: int | str = Field(description="Number of the version; the quote's `ruleset`, v17, is understood too.")
    left: dict[str, LeftIn] = Field(default_factory=dict)
    granted: list[dict[str, Any]] = Field(
        default_factory=list, max_length=100, description="The quote's `granted`: prices that only this customer had."
    )
    ref: str | None = Field(None, max_length=500)


class Goods(Answer):
    """Goods together, in minor units."""

    list: int
    discount: int
    net: int


class Step(Answer):
    """One promotion on one unit or parcel: what it would give, what it gave, and what cut it."""

    promotion: str
    amount: int
    given: int
    cut_by: str = ""


class Units(Answer):
    """`count` units of a line that cost the same for the same reasons; values are those of one unit."""

    count: int
    list: int
    net: int
    steps: "list_[Step]"


class LineOut(Answer):
    """One line of the cart."""

    id: str
    list: int
    discount: int
    net: int
    tax: int
    units: "list_[Units]"
    lowest_30_days: int | None = Field(None, description="When asked for; null for products that are not known.")


class ParcelOut(Answer):
    """One shipping entry of the cart."""

    id: str
    list: int
    discount: int
    net: int
    tax: int
    steps: "list_[Step]"


class Proof(Answer):
    """Whether the price is proven the lowest; `bound` is what no allowed choice goes below."""

    status: Literal["optimal", "bounded"]
    bound: int


list_ = list


class QuoteOut(Answer):
    """What the cart costs, and why."""

    ref: str | None = None
    currency: str
    ruleset: str
    goods: Goods
    shipping: list[ParcelOut]
    payable: int
    tax: int
    lines: list[LineOut]
    applied: list[dict[str, Any]]
    not_applied: list[dict[str, Any]]
    gifts: list[dict[str, Any]]
    cashback: int
    codes: list[dict[str, Any]]
    proof: Proof


class LiveQuote(QuoteOut):
    """A quote under a stored version; `at` is the moment that conditions saw, `left` what limits were told, `granted`
    the prices that only this customer has.
    """

    at: str
    left: dict[str, LeftIn] = Field(default_factory=dict)
    granted: "list_[dict[str, Any]]" = Field(default_factory=list)


@api.post("/quotes", needs="quotes.make", body=CartIn, answer=LiveQuote, max_bytes=BATCH)
def make_quote(call: Call) -> dict[str, Any]:
    """Price a cart under the rule set that is live.

    `ruleset` in the answer names the version, so that the same quote can be made again. Nothing is stored, reserved or
    consumed. The key of a till prices for its own store only.
    """
    given: CartIn = call.body
    try:
        asking = asking_of(call, given.cart, phone=given.phone, pins=given.pins, ref=given.ref)
        with store().read() as conn:
            priced = price(conn, context().live, store().vault, asking, now())
            if "lowest_price" in given.with_:
                _add_lowest(conn, {**given.cart, "store": given.cart.get("store") or asking.store}, priced.quote)
    except InputRefused as error:
        raise refused(error) from None
    note_guesses(asking, priced.codes)
    return priced.quote


def _add_lowest(conn: Connection, cart: dict[str, Any], answer: dict[str, Any]) -> None:
    """Write beside each line the lowest price of the thirty days before its reduction, where the cart is."""
    place = Place(*(cart.get(name) for name in ("channel", "store", "region")))
    skus = {line["id"]: line["sku"] for line in cart["lines"]}
    found = lowest(conn, set(skus.values()), now(), place=place)
    for line in answer["lines"]:
        known = found.get(skus[line["id"]])
        line["lowest_30_days"] = known.lowest if known and known.currency == answer["currency"] else None


@api.post("/quotes/replay", needs="promotions.read", body=ReplayIn, answer=LiveQuote, max_bytes=BATCH)
def replay_quote(call: Call) -> dict[str, Any]:
    """Price a cart as a version priced it, whatever is live now. Codes are what promotions name in `requires_code`."""
    given: ReplayIn = call.body
    number = str(given.version).removeprefix("v")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise InputRefused("bad_version", "write the number of a version: 17", path="version")
    request = parse_request({"cart": given.cart, "ref": given.ref})
    with store().read() as conn:
        version = context().live.numbered(conn, int(number))
    left = {key: Left(one.uses, one.spend) for key, one in given.left.items() if key in version.usage}
    granted = promotions_in(given.granted)
    answer = quote_with(version, request.cart, ref=given.ref, left=left, granted=granted)
    answer["at"] = given.cart["at"]
    if given.left:
        answer["left"] = {key: one.model_dump() for key, one in given.left.items()}
    return answer | ({"granted": given.granted} if given.granted else {})


@api.post("/quotes/preview", needs="quotes.make", body=QuoteIn, answer=QuoteOut, max_bytes=BATCH)
def preview_quote(call: Call) -> dict[str, Any]:
    """Price a cart under a rule set that is sent along.

    Nothing is stored, reserved or consumed. The answer is the lowest price that the rules allow; `proof` says so.
    """
    given: QuoteIn = call.body
    document = {"cart": given.cart, "ruleset": given.ruleset}
    return quote(document if given.ref is None else {**document, "ref": given.ref})
