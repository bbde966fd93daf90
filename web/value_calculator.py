"""The five formulas as a form: what was typed, what comes out step by step, and examples to begin with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor

from wayfare.value import formulas

_MOST = Decimal(10**12)


class Wrong(Exception):
    """What was typed is no number that the formula takes."""


@dataclass(frozen=True, slots=True)
class Input:
    """One field: `kind` is money, percent, number or list (of money)."""

    name: str
    label: str
    kind: str
    example: str


@dataclass(slots=True)
class Formula:
    """One formula with its fields, as typed, and its result in minor units; `steps` shows the way."""

    key: str
    title: str
    words: str
    inputs: tuple[Input, ...]
    work: Callable[["Formula"], None]
    typed: dict[str, str] = field(default_factory=dict)
    result: int | None = None
    steps: str = ""
    note: str = ""
    problem: str = ""

    def money(self, name: str) -> int:
        """Return an amount in minor units."""
        return floor(self._number(name) * 100 + Fraction(1, 2))

    def share(self, name: str) -> Fraction:
        """Return per cent as a share of 1."""
        return self._number(name) / 100

    def number(self, name: str) -> Fraction:
        """Return a plain number."""
        return self._number(name)

    def amounts(self, name: str) -> list[int]:
        """Return several amounts, separated by blanks or semicolons, in minor units."""
        parts = self.typed[name].replace(";", " ").replace(", ", " ").split()
        if not parts or len(parts) > 50:
            raise Wrong(f"{self._label(name)}: give from one to fifty amounts")
        return [floor(_parsed(part, self._label(name)) * 100 + Fraction(1, 2)) for part in parts]

    def _number(self, name: str) -> Fraction:
        return _parsed(self.typed[name], self._label(name))

    def _label(self, name: str) -> str:
        return next(one.label for one in self.inputs if one.name == name)


def reckoned(values: Mapping[str, str]) -> list[Formula]:
    """Return the formulas with what was typed, or with the examples, and what comes out."""
    made = []
    for build in _ALL:
        one = build()
        one.typed = {each.name: values.get(f"{one.key}.{each.name}", each.example)[:200] for each in one.inputs}
        try:
            one.work(one)
        except (Wrong, ValueError) as problem:
            one.problem = str(problem)
        made.append(one)
    return made


def _parsed(text: str, label: str) -> Fraction:
    clean = text.strip().replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        value = Decimal(clean)
    except InvalidOperation:
        raise Wrong(f"{label}: “{text.strip()[:20]}” is no number") from None
    if not value.is_finite() or abs(value) > _MOST:
        raise Wrong(f"{label}: too large")
    return Fraction(value)


def _amount(minor: int | Fraction) -> str:
    whole = floor(Fraction(minor) + Fraction(1, 2))
    sign, units, cents = "−" if whole < 0 else "", *divmod(abs(whole), 100)
    return f"{sign}{units:,}.{cents:02d}".replace(",", "\u202f")


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"


def _subscription() -> Formula:
    def work(one: Formula) -> None:
        arpu, months = one.money("arpu"), one.number("lifetime")
        one.result = formulas.subscription(arpu, months)
        one.steps = f"{_amount(arpu)} × {_plain(months)} months"

    fields = (
        Input("arpu", "Revenue a customer and month", "money", "30"),
        Input("lifetime", "Months", "number", "24"),
    )
    return Formula("subscription", "Subscription", "ARPU × lifetime", fields, work)


def _retail() -> Formula:
    def work(one: Formula) -> None:
        order, times, years = one.money("order"), one.number("times"), one.number("years")
        one.result = formulas.retail(order, times, years)
        one.steps = f"{_amount(order)} × {_plain(times)} × {_plain(years)} years"

    fields = (
        Input("order", "Average order", "money", "80"),
        Input("times", "Orders a year", "number", "4"),
        Input("years", "Years", "number", "3"),
    )
    return Formula("retail", "Retail", "average order × orders a year × years", fields, work)


def _margin() -> Formula:
    def work(one: Formula) -> None:
        arpu, margin, churn = one.money("arpu"), one.share("margin"), one.share("churn")
        one.result = formulas.margin_and_churn(arpu, margin, churn)
        one.steps = f"{_amount(arpu)} × {_plain(margin)} ÷ {_plain(churn)}"

    fields = (
        Input("arpu", "Revenue a customer and month", "money", "15"),
        Input("margin", "Gross margin", "percent", "60"),
        Input("churn", "Customers lost a month", "percent", "4"),
    )
    return Formula("margin", "Margin and churn", "ARPU × gross margin ÷ churn", fields, work)


def _discounted() -> Formula:
    def work(one: Formula) -> None:
        revenues, cac = one.amounts("revenues"), one.money("cac")
        margin, rate = one.share("margin"), one.share("rate")
        one.result = formulas.discounted(revenues, margin, rate, cac)
        parts = [_amount(part) for part in formulas.present_values(revenues, margin, rate)]
        one.steps = " + ".join(parts) + f" − {_amount(cac)}"

    fields = (
        Input("revenues", "Revenue of each year", "list", "200 240 300"),
        Input("margin", "Gross margin", "percent", "50"),
        Input("rate", "Discount rate a year", "percent", "10"),
        Input("cac", "Cost of winning the customer", "money", "100"),
    )
    return Formula("npv", "Discounted (NPV)", "Σ revenue × margin ÷ (1 + rate)^t − CAC", fields, work)


def _segments() -> Formula:
    def work(one: Formula) -> None:
        revenues, margin = one.amounts("revenues"), one.share("margin")
        kept = [Fraction(amount, 10_000) for amount in one.amounts("kept")]
        if len(kept) != len(revenues):
            raise Wrong("give as many probabilities as revenues")
        one.result = formulas.by_segment([(r, k, margin) for r, k in zip(revenues, kept, strict=True)])
        parts = [f"{_amount(r)} × {_plain(k)}" for r, k in zip(revenues, kept, strict=True)]
        one.steps = f"({' + '.join(parts)}) × {_plain(margin)}"

    fields = (
        Input("revenues", "Revenue of each segment", "list", "50000 30000 20000"),
        Input("kept", "Probability that each stays, in %", "list", "90 70 40"),
        Input("margin", "Gross margin", "percent", "50"),
    )
    words = "Σ segment revenue × retention probability × margin"
    return Formula("segments", "By segment", words, fields, work)


def _serve() -> Formula:
    def work(one: Formula) -> None:
        each, times = one.money("each"), one.number("times")
        hours, hour = one.number("hours"), one.money("hour")
        served = formulas.cost_to_serve(each, times, hours, hour)
        one.result = served.profit
        one.steps = f"{_amount(served.revenue)} brought − {_amount(served.cost)} of service a year"
        one.note = "No profit is made." if served.profit <= 0 else "The customer brings more than the service costs."

    fields = (
        Input("each", "Spent each time", "money", "2000"),
        Input("times", "Times a year", "number", "6"),
        Input("hours", "Hours of service a month", "number", "2"),
        Input("hour", "Cost of an hour", "money", "500"),
    )
    return Formula("serve", "Cost to serve", "spent a year − hours × 12 × cost of an hour", fields, work)


_ALL = (_subscription, _retail, _margin, _discounted, _segments, _serve)
