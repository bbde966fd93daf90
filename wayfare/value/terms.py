"""What a business says of itself, so that values can be reckoned: margin, costs of customers, how often to look."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wayfare.value.formulas import NORMS

Percent = Annotated[Decimal, Field(max_digits=7, decimal_places=3)]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Part = Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=4)]
Every = Literal["daily", "weekly", "quarterly", "never"]
DAYS: Mapping[str, int] = {"daily": 1, "weekly": 7, "quarterly": 91}


class Terms(BaseModel):
    """The settings of value. Amounts are minor units of `currency`, which is that of the orders."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    currency: str = Field("", max_length=3)
    margin: Annotated[Percent, Field(ge=0, le=100)] = Decimal(40)
    rate: Annotated[Percent, Field(ge=0, le=1000)] = Decimal(10)
    horizon_years: int = Field(3, ge=1, le=10)
    trade: str = Field("", max_length=32)
    source_attribute: str = Field("source", max_length=100, pattern=r"^[\w-]*$")
    acquisition: dict[str, Minor] = Field(default_factory=dict, max_length=200)
    acquisition_otherwise: Minor | None = None
    message_costs: dict[str, Part] = Field(default_factory=dict, max_length=50)
    order_cost: Minor = 0
    hour_cost: Minor = 0
    hours_attribute: str = Field("", max_length=100, pattern=r"^[\w-]*$")
    service_event: str = Field("", max_length=100)
    minutes_field: str = Field("minutes", max_length=100, pattern=r"^[\w-]*$")
    rfm_every: Every = "daily"
    value_every: Every = "weekly"

    @property
    def margin_share(self) -> Fraction:
        """The gross margin as a share of 1."""
        return Fraction(self.margin) / 100

    @property
    def rate_share(self) -> Fraction:
        """The discount rate of a year as a share of 1."""
        return Fraction(self.rate) / 100

    @property
    def norm(self) -> tuple[str, Fraction, Fraction] | None:
        """The usual ratio of the trade: title, from, to."""
        return NORMS.get(self.trade)

    def acquisition_of(self, source: str) -> int | None:
        """Return what winning a customer from this source cost; None when nobody said."""
        return self.acquisition.get(source, self.acquisition_otherwise)
