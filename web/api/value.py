"""What customers are worth, in sums, for programs."""

from datetime import datetime
from typing import Any

from pydantic import Field

from engine.value_terms import terms_of
from store import value, value_models, value_rfm
from store import value_past as past
from store.value import Sum
from wayfare.value import formulas
from wayfare.value.rfm import GROUPS
from web.api.base import Answer, Api, Call
from web.context import store
from web.value_view import blended_cost

api = Api("value", "Value")
bp = api.bp


class ValueSum(Answer):
    """Customers who are alike in something. Amounts are minor units; null where nothing was reckoned."""

    name: str
    customers: int
    orders: int
    spent: int
    predicted: int | None = Field(description="Margin of the next twelve months")
    lifetime: int | None = Field(description="Margin so far and to come within the horizon, discounted")
    cost_to_serve: int | None = Field(description="Of the last twelve months")
    acquisition_cost: int | None = Field(description="Of one customer")
    ltv_to_cac: float | None
    band: str | None


class GroupSize(Answer):
    """An RFM group as it is now."""

    group: str
    name: str
    customers: int
    spent: int


class ValueSummary(Answer):
    """RFM groups as they are now, and sums of the last computation of values."""

    classes_at: datetime | None
    groups: list[GroupSize]
    values_at: datetime | None
    currency: str
    total: ValueSum | None
    sources: list[ValueSum]
    cohorts: list[ValueSum]
    segments: list[ValueSum]
    forecast: dict[str, Any] | None = Field(description="The fitted parameters; null when there is too little to fit")
    no_forecast: str = Field(description="Why there is no forecast")


@api.get("/value/summary", needs="value.read", answer=ValueSummary)
def summary(call: Call) -> ValueSummary:
    """Return the RFM groups and what customers are worth: in all, by source, month of the first order and segment."""
    with store().read() as conn:
        terms, cuts = terms_of(conn), value_rfm.cut_points(conn)
        cells = value.cube(conn) if cuts else []
        at, totals = value.sums(conn, past.TOTAL)
        sums = {kind: value.sums(conn, kind)[1] for kind in (past.SOURCE, past.COHORT, past.SEGMENT)}
        fitted = next(iter(value_models.last_models(conn)), None)
    blended = blended_cost(sums[past.SOURCE], terms)
    sizes = {group.key: [one for one in cells if one.group == group.key] for group in GROUPS}
    return ValueSummary(
        classes_at=cuts.at if cuts else None,
        groups=[
            GroupSize(
                group=group.key,
                name=group.name,
                customers=sum(one.customers for one in sizes[group.key]),
                spent=sum(one.spent for one in sizes[group.key]),
            )
            for group in GROUPS
            if cuts
        ],
        values_at=at,
        currency=terms.currency,
        total=_shown(totals[0], blended) if totals else None,
        sources=[_shown(one, terms.acquisition_of(one.name)) for one in sums[past.SOURCE]],
        cohorts=[_shown(one, blended) for one in sums[past.COHORT]],
        segments=[_shown(one, blended) for one in sums[past.SEGMENT]],
        forecast=fitted.parameters if fitted and fitted.parameters else None,
        no_forecast=fitted.problem if fitted else "",
    )


def _shown(one: Sum, acquisition: int | None) -> ValueSum:
    worth = (one.lifetime or 0) // one.customers
    ratio = None if acquisition is None else formulas.ratio(worth, acquisition)
    return ValueSum(
        name=one.name,
        customers=one.customers,
        orders=one.orders,
        spent=one.spent,
        predicted=one.predicted,
        lifetime=one.lifetime,
        cost_to_serve=one.cost,
        acquisition_cost=acquisition,
        ltv_to_cac=None if ratio is None else round(float(ratio), 2),
        band=None if ratio is None else formulas.band(ratio).key,
    )
