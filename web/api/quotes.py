"""Prices: what a cart costs under a rule set that is sent along."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wayfare.promotions import Ruleset, quote
from wayfare.promotions.contract import Cart
from web.api.base import BATCH, Answer, Api, Call, In

api = Api("quotes", "Prices")
bp = api.bp


class _DescribedBy:
    """A document that its own reader checks, so that paths in errors are those of the document."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self.model.__pydantic_core_schema__)


class QuoteIn(In):
    """A cart and a rule set."""

    cart: Annotated[dict[str, Any], _DescribedBy(Cart)]
    ruleset: Annotated[dict[str, Any], _DescribedBy(Ruleset)] = Field(default_factory=dict)
    ref: Any = Field(None, description="Comes back as it was sent; text.")


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


@api.post("/quotes/preview", needs="quotes.make", body=QuoteIn, answer=QuoteOut, max_bytes=BATCH)
def preview_quote(call: Call) -> dict[str, Any]:
    """Price a cart under a rule set that is sent along.

    Nothing is stored, reserved or consumed. The answer is the lowest price that the rules allow; `proof` says so.
    """
    given: QuoteIn = call.body
    document = {"cart": given.cart, "ruleset": given.ruleset}
    return quote(document if given.ref is None else {**document, "ref": given.ref})
