"""A receipt as a till hands it in: read, and checked against itself. What is wrong with the world is not asked here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from offers.live import Left
from offers.redemption import own
from wayfare.errors import InputRefused
from wayfare.promotions import Cart, parse_request
from wayfare.vault import Vault

_VERSION = re.compile(r"v(\d{1,9})")
_FIRST, _END = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""A clock may be wrong, but what it says must be a time in every zone."""


class _Step(BaseModel):
    promotion: str
    amount: int
    given: int = Field(ge=0)


class _Units(BaseModel):
    count: int = Field(ge=1)
    list: int = Field(ge=0)
    net: int = Field(ge=0)
    steps: "list_[_Step]"


class _Sums(BaseModel):
    list: int
    discount: int
    net: int

    def add_up(self) -> bool:
        return self.list - self.discount == self.net and 0 <= self.net <= self.list


class _Line(_Sums):
    id: str
    tax: int
    units: "list_[_Units]"


class _Parcel(_Sums):
    id: str
    tax: int
    steps: "list_[_Step]"


class _Applied(BaseModel):
    promotion: str = Field(max_length=100)
    amount: int = Field(ge=0, lt=2**53)


class _Code(BaseModel):
    code: str = Field(max_length=200)
    status: str = Field(max_length=20)


class _Left(BaseModel):
    uses: int | None = None
    spend: int | None = None


list_ = list


class Quote(BaseModel):
    """As much of a quote as the taking up of a receipt needs."""

    at: AwareDatetime = Field(ge=_FIRST, lt=_END)
    ruleset: str = Field(max_length=40)
    currency: str
    goods: _Sums
    shipping: list[_Parcel]
    payable: int = Field(ge=0, lt=2**53)
    tax: int
    cashback: int = Field(0, strict=True, ge=0, lt=2**53)
    lines: list[_Line]
    applied: list[_Applied]
    codes: list[_Code]
    left: dict[str, _Left] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a till says: who it is, the receipt's number there, and the sale with the price that was taken.

    `snapshot` names what it was priced with; None: the till had asked for the price. `phone` is the buyer's in E.164.
    """

    till: str
    number: int
    cart: Mapping[str, Any]
    quote: Mapping[str, Any]
    snapshot: str | None = None
    phone: str | None = None

    def text(self) -> str:
        """Return all that was said, in one form."""
        said = [self.till, self.number, self.snapshot, self.phone, self.cart, self.quote]
        return json.dumps(said, ensure_ascii=True, sort_keys=True)

    def digest(self, vault: Vault) -> bytes:
        """Return what tells whether the same receipt comes again."""
        return vault.digest("till-receipt", self.text())


@dataclass(frozen=True, slots=True)
class Sale:
    """A receipt that makes sense by itself. `version` is None where it names none."""

    receipt: Receipt
    cart: Cart
    quote: Quote
    version: int | None
    left: Mapping[str, Left] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """When the goods were sold, as the till's clock had it."""
        return self.quote.at

    @property
    def applied(self) -> dict[str, int]:
        """The discount by promotion."""
        return {one.promotion: one.amount for one in self.quote.applied}

    def texts(self, *statuses: str) -> list[str]:
        """Return the codes that had one of these statuses."""
        return [one.code for one in self.quote.codes if one.status in statuses]


def read(receipt: Receipt) -> Sale:
    """Return what a receipt says. Raises InputRefused when it makes no sense by itself."""
    try:
        quote = Quote.model_validate(receipt.quote)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, ("quote", *first["loc"])))
        raise InputRefused("bad_quote", first["msg"], path=path) from None
    cart = parse_request({"cart": {**receipt.cart, "at": receipt.quote["at"]}}).cart
    if not _adds_up(quote, cart):
        raise InputRefused("bad_quote", "the quote does not add up, or is one of another cart", path="quote")
    own.promotions_in(receipt.quote.get("granted", ()))
    named = _VERSION.fullmatch(quote.ruleset)
    left = {key: Left(one.uses, one.spend) for key, one in quote.left.items()}
    return Sale(receipt, cart, quote, int(named[1]) if named else None, left)


def _adds_up(quote: Quote, cart: Cart) -> bool:
    lines = {line.id: line for line in cart.lines}
    if [one.id for one in quote.lines] != list(lines) or quote.currency != cart.currency:
        return False
    if [one.id for one in quote.shipping] != [one.id for one in cart.shipping]:
        return False
    for one in quote.lines:
        bought, units = lines[one.id], one.units
        listed = sum(unit.count * unit.list for unit in units)
        net = sum(unit.count * unit.net for unit in units)
        if sum(unit.count for unit in units) != bought.quantity or listed != bought.price * bought.quantity:
            return False
        if (listed, net) != (one.list, one.net):
            return False
    if not all(one.add_up() for one in (quote.goods, *quote.lines, *quote.shipping)):
        return False
    if quote.goods.net != sum(one.net for one in quote.lines):
        return False
    due = quote.goods.net + sum(one.net for one in quote.shipping)
    return quote.payable == due + (quote.tax if cart.tax_mode == "exclusive" else 0)
