"""What may come in: the shapes of events, customers and products. Unknown fields are refused, never ignored."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine import contacts, places
from engine.texts import (
    Day,
    EventType,
    Instant,
    Key32,
    Key64,
    Key100,
    Key200,
    Words40,
    Words64,
    Words200,
    Words400,
    refused,
)

Minor = Annotated[int, Field(strict=True, ge=0, le=10**12)]
"""Money in minor units: cents, kopiykas."""

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Document = Annotated[dict[str, Any], Field(strict=True)]
Currency = Annotated[Words40, AfterValidator(places.currency)]


class In(BaseModel):
    """Base of everything that comes from outside."""

    model_config = ConfigDict(extra="forbid")


class EventIn(In):
    """Something that happened to a customer. Without `at` it happened when it arrived."""

    key: Key200
    customer: Key200
    type: EventType
    at: Instant | None = None
    source: Key64 | None = None
    data: Document = {}


class Line(In):
    """One line of a purchase; `price` is for one unit."""

    sku: Key100
    quantity: Quantity = 1
    price: Minor


class Purchase(In):
    """Data of a `purchase`."""

    order: Key200
    store: Key100 | None = None
    channel: Key32 | None = None
    currency: Currency
    lines: Annotated[list[Line], Field(min_length=1, max_length=500)]
    attributes: Document | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(line.quantity * line.price for line in self.lines) > 10**15:
            raise refused(
                "out_of_range", "the lines add up to more than 10^15 minor units; check quantities and prices"
            )
        return self


class CartLine(In):
    """One line of a cart; the price may be unknown."""

    sku: Key100
    quantity: Quantity = 1
    price: Minor | None = None


class Cart(In):
    """Data of `cart.updated`: all that now lies in the cart."""

    currency: Currency | None = None
    lines: Annotated[list[CartLine], Field(max_length=500)]
    attributes: Document | None = None


class Wish(In):
    """Data of `wishlist.added` and `wishlist.removed`."""

    sku: Key100
    attributes: Document | None = None


class Registration(In):
    """Data of `customer.registered`."""

    store: Key100 | None = None
    channel: Key32 | None = None
    attributes: Document | None = None


DATA_SHAPES: dict[str, type[In]] = {
    "purchase": Purchase,
    "cart.updated": Cart,
    "wishlist.added": Wish,
    "wishlist.removed": Wish,
    "customer.registered": Registration,
}
"""Event types whose data has a fixed shape; the data of all others is free."""


class ConsentIn(In):
    """What a customer agreed to or refused; without `at` it was just now."""

    channel: Key32
    purpose: Key32 = "marketing"
    granted: Annotated[bool, Field(strict=True)]
    source: Words200 = ""
    at: Instant | None = None


class CustomerIn(In):
    """A customer's profile. A field left out stays as it is; null empties it. Attributes are merged likewise."""

    key: Key200
    phone: Words40 | None = None
    email: Annotated[Words400, AfterValidator(contacts.email)] | None = None
    first_name: Words200 | None = None
    last_name: Words200 | None = None
    birthday: Day | None = None
    sex: Annotated[Words40, AfterValidator(places.sex)] | None = None
    city: Words200 | None = None
    country: Annotated[Words40, AfterValidator(places.country)] | None = None
    locale: Annotated[Words40, AfterValidator(places.locale)] | None = None
    time_zone: Annotated[Words64, AfterValidator(places.time_zone)] | None = None
    level: Words64 | None = None
    attributes: Document = {}
    consents: Annotated[list[ConsentIn], Field(max_length=100)] = []


class ProductIn(In):
    """A product. A field left out stays as it is."""

    sku: Key100
    name: Words400 | None = None
    brand: Words200 | None = None
    categories: Annotated[list[Words200], Field(max_length=50)] | None = None
    price: Minor | None = None
    cost: Minor | None = Field(None, description="What one piece costs us, in the currency of its price.")
    currency: Currency | None = None
