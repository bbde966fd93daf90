"""The five formulas of lifetime value, exact to the minor unit, and what a ratio of value to cost says.

Money is whole minor units; shares and rates are decimal numbers as text or `Fraction`, never floats. Each formula
rounds once, at its end, a half upwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

Exact = int | str | Fraction


def subscription(arpu: int, lifetime: Exact) -> int:
    """Return revenue per user and period × lifetime in periods."""
    return _rounded(arpu * Fraction(lifetime))


def retail(average_order: int, orders_a_year: Exact, years: Exact) -> int:
    """Return average order value × orders a year × years."""
    return _rounded(average_order * Fraction(orders_a_year) * Fraction(years))


def margin_and_churn(arpu: int, margin: Exact, churn: Exact) -> int:
    """Return revenue per user × gross margin ÷ churn, both as shares of 1. A churn of 0 or less is a ValueError."""
    if Fraction(churn) <= 0:
        raise ValueError("without churn the lifetime has no end: give a churn above 0")
    return _rounded(arpu * Fraction(margin) / Fraction(churn))


def present_values(revenues: Sequence[int], margin: Exact, rate: Exact) -> list[Fraction]:
    """Return revenue_t × margin ÷ (1 + rate)^t for t = 1, 2, ..., unrounded."""
    if Fraction(rate) <= -1:
        raise ValueError("give a discount rate above -100 %")
    growth = 1 + Fraction(rate)
    return [revenue * Fraction(margin) / growth**t for t, revenue in enumerate(revenues, start=1)]


def discounted(revenues: Sequence[int], margin: Exact, rate: Exact, acquisition_cost: int = 0) -> int:
    """Return the net present value: Σ revenue_t × margin ÷ (1 + rate)^t − the cost of winning the customer."""
    return _rounded(sum(present_values(revenues, margin, rate), Fraction(0)) - acquisition_cost)


def by_segment(rows: Sequence[tuple[int, Exact, Exact]]) -> int:
    """Return Σ revenue × probability of retention × margin over the segments."""
    return _rounded(sum((revenue * Fraction(kept) * Fraction(margin) for revenue, kept, margin in rows), Fraction(0)))


@dataclass(frozen=True, slots=True)
class Served:
    """What a customer brings and costs in a year, in minor units."""

    revenue: int
    cost: int

    @property
    def profit(self) -> int:
        """What is left; 0 or less means that the service eats what the customer brings."""
        return self.revenue - self.cost


def cost_to_serve(revenue_a_period: int, periods_a_year: Exact, hours_a_month: Exact, hour: int) -> Served:
    """Return a year's revenue and the cost of a year's service, where `hour` is the price of one hour of it."""
    return Served(_rounded(revenue_a_period * Fraction(periods_a_year)), _rounded(12 * Fraction(hours_a_month) * hour))


@dataclass(frozen=True, slots=True)
class Band:
    """What a ratio of lifetime value to acquisition cost means. It begins at `from_ratio`, included."""

    key: str
    from_ratio: Fraction
    title: str
    advice: str


BANDS = (
    Band("loses", Fraction(0), "Loses money", "A customer brings less than it costs to win one."),
    Band("risky", Fraction(1), "Risky", "What is left may not cover what else the business costs."),
    Band("fair", Fraction(2), "Nearly healthy", "Above the risk, below the usual aim of 3 to 1."),
    Band("healthy", Fraction(3), "Healthy", "The usual aim."),
    Band("careful", Fraction(4), "Profitable, perhaps too careful", "More could be spent on winning customers."),
)
"""Below 1 loses money; 1 to 2 risky; 3 healthy; 4 to 5 and above profitable, but perhaps too careful."""

NORMS: dict[str, tuple[str, Fraction, Fraction]] = {
    "b2b_saas": ("B2B software as a service", Fraction(4), Fraction(4)),
    "b2c_saas": ("B2C software as a service", Fraction(5, 2), Fraction(5, 2)),
    "adtech": ("Advertising technology", Fraction(7), Fraction(7)),
    "fintech": ("Financial technology", Fraction(5), Fraction(5)),
    "security": ("Security", Fraction(5), Fraction(5)),
    "edtech": ("Education technology", Fraction(5), Fraction(5)),
    "design": ("Design", Fraction(6), Fraction(6)),
    "business_services": ("Business services", Fraction(3), Fraction(3)),
    "industry": ("Industry", Fraction(3), Fraction(4)),
    "pharma": ("Pharma", Fraction(3), Fraction(4)),
    "finance": ("Finance", Fraction(4), Fraction(4)),
    "property": ("Property", Fraction(4), Fraction(4)),
}
"""Usual ratios by trade: title, from, to."""


def ratio(value: int, acquisition_cost: int) -> Fraction | None:
    """Return lifetime value ÷ acquisition cost; None where winning the customer cost nothing that is known."""
    return Fraction(value, acquisition_cost) if acquisition_cost > 0 else None


def band(of: Fraction) -> Band:
    """Return what a ratio means. A negative one loses money too."""
    return next((one for one in reversed(BANDS) if of >= one.from_ratio), BANDS[0])


def _rounded(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))
