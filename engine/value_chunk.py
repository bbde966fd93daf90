"""One chunk of customers: their classes, and in a computation of values what they bring, cost and are worth."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.value_terms import terms_of
from store import value_chunks as chunks
from store import value_orders as read
from store.days import day_of
from store.db import Connection
from store.locks import lock
from store.value_chunks import Classes, Figures, Written, none_where
from store.value_models import last_models
from store.value_rfm import LOCK, CutPoints, mapping
from store.value_runs import VALUE, Run
from wayfare.value import history
from wayfare.value.forecast import Forecast
from wayfare.value.rfm import group_table, scores
from wayfare.value.terms import Terms

Whole = NDArray[np.int64]
YEAR = timedelta(days=365)
_PARTS = 10_000  # costs are reckoned in ten-thousandths of a minor unit


def reckon(conn: Connection, run: Run, cuts: CutPoints, upto: int, now: datetime) -> Written:
    """Reckon and write the customers above `run.after_id` up to `upto`, in the caller's transaction."""
    lock(conn, LOCK)  # the matcher scores who buys meanwhile before us or after us, never in between
    span = (run.after_id, upto)
    known = chunks.figures(conn, *span)
    table = group_table(mapping(conn))
    r, f, m = (
        scores(known.last_day, cuts.recency),
        scores(known.orders, cuts.frequency),
        scores(known.spent, cuts.monetary),
    )
    classes = Classes(r, f, m, table[r - 1, f - 1, m - 1])
    if run.kind != VALUE:
        return chunks.write(conn, span, known, classes, now)
    terms = terms_of(conn)
    values = _values(conn, terms, known, span, now)
    texts = read.sources(conn, *span, terms.source_attribute) if terms.source_attribute else {}
    return chunks.write(conn, span, known, classes, now, values, [texts.get(id, "") for id in known.ids.tolist()])


def _values(
    conn: Connection, terms: Terms, known: Figures, span: tuple[int, int], now: datetime
) -> dict[str, NDArray[Any]]:
    today = day_of(conn, now).toordinal()
    owner, day, total = read.orders(conn, *span, now)
    customers, bought = history.merged(owner, day, total)
    seen = history.seen(bought, today)
    place = np.searchsorted(known.ids, customers[seen.customer])
    margin, rate = float(terms.margin_share), float(terms.rate_share)
    size = len(known.ids)
    lacks = np.ones(size, dtype=bool)
    alive, expected = np.zeros(size, dtype=np.int64), np.full(size, np.nan)
    predicted, to_come = np.zeros(size, dtype=np.int64), np.zeros(size)
    fitted = next(iter(last_models(conn)), None)
    if fitted is not None and fitted.parameters and len(place):
        model = Forecast.from_parameters(fitted.parameters)
        first, year, worth = model.to_come(seen, terms.horizon_years, rate)
        lacks[place] = False
        alive[place] = np.rint(100 * model.purchases.alive(seen.repeats, seen.last, seen.age)).astype(np.int64)
        expected[place] = np.round(first, 2)
        predicted[place] = np.rint(year * margin).astype(np.int64)
        to_come[place] = worth * margin
    so_far = _share(known.spent, terms.margin_share)
    is_recent = day > today - YEAR.days
    year_orders, year_spent = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    at = np.searchsorted(known.ids, owner[is_recent])
    np.add.at(year_orders, at, 1)
    np.add.at(year_spent, at, total[is_recent])
    brought = _share(year_spent, terms.margin_share)
    cost = _cost(conn, terms, known.ids, year_orders, span, now)
    return {
        "alive": none_where(lacks, alive),
        "orders_expected": expected,
        "predicted": none_where(lacks, predicted),
        "lifetime": so_far + np.rint(to_come).astype(np.int64),
        "brought": brought,
        "cost": cost,
        "profit": brought - cost,
    }


def _cost(conn: Connection, terms: Terms, ids: Whole, orders: Whole, span: tuple[int, int], now: datetime) -> Whole:
    """Return what serving each customer cost in the last twelve months: messages, orders, hours of service."""
    parts = orders * terms.order_cost * _PARTS
    since = now - YEAR
    if terms.message_costs:
        channels = sorted(terms.message_costs)
        each = np.array([int(terms.message_costs[name] * _PARTS) for name in channels], dtype=np.int64)
        owner, channel, n = read.message_counts(conn, *span, since, channels)
        _add(parts, ids, owner, n * each[channel])
    if terms.hour_cost and terms.hours_attribute:
        owner, thousandths = read.service_hours(conn, *span, terms.hours_attribute)
        _add(parts, ids, owner, thousandths * 12 * terms.hour_cost * (_PARTS // 1000))
    if terms.hour_cost and terms.service_event:
        owner, thousandths = read.service_minutes(conn, *span, terms.service_event, terms.minutes_field, since)
        _add(parts, ids, owner, thousandths * terms.hour_cost * (_PARTS // 1000) // 60)
    return (parts + _PARTS // 2) // _PARTS


def _add(parts: Whole, ids: Whole, owner: Whole, amounts: Whole) -> None:
    """Add amounts to their customers; those who never ordered are no customers of ours here."""
    place = np.minimum(np.searchsorted(ids, owner), max(len(ids) - 1, 0))
    is_here = ids[place] == owner if len(ids) else np.zeros(len(owner), dtype=bool)
    np.add.at(parts, place[is_here], amounts[is_here])


def _share(amounts: Whole, share: Fraction) -> Whole:
    """Return a share of amounts, a half upwards; exact, as long as amounts stay below nine billion units."""
    return (amounts * share.numerator * 2 + share.denominator) // (2 * share.denominator)
