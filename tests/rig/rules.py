"""Hypothesis strategies for rules, values and moments, drawn from one pool so that they meet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

TEXTS = [
    "Київ",
    "КИЇВ",
    "київ",
    "Ки\u0438\u0306в",
    "Львів",
    "straße",
    "STRASSE",
    "i",
    "İ",
    "a",
    "Z",
    "5",
    "2026-11-24",
    "я",
]
NUMBERS = [0, 1, -3, 5, 5.0, 7.25, 100, 10**12, -0.5]
ZONES = [
    "Europe/Kyiv",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Asia/Beirut",
    "America/St_Johns",
    "America/Sao_Paulo",
    "UTC",
    "Foo/Bar",
    "",
    None,
]
TEXT_FACTS = ["city", "first_name", "level", "time_zone", "attrs.mixed", "attrs.text", "rfm.group"]
VALUE_FACTS = ["value.spent", "value.predicted", "value.orders_expected", "value.alive", "value.profit"]
NUMBER_FACTS = ["orders.count", "orders.sum", "attrs.mixed", "attrs.points", "rfm.recency", "rfm.frequency"]
NUMBER_FACTS += ["points.balance", "rfm.monetary", *VALUE_FACTS]
DAY_FACTS = ["birthday", "created_at", "orders.first_at", "orders.last_at", "attrs.mixed", "attrs.day", "rfm.since"]
GROUPS = ["champions", "Loyal", "LOST", "lost", "at_risk", "no group"]

MOMENTS = st.one_of(
    st.integers(0, 4 * 365 * 24 * 3600).map(
        lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from(
        [
            datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # Kyiv loses an hour at 01:00 UTC
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
            datetime(2026, 3, 28, 22, 0, tzinfo=UTC),  # Beirut has no midnight
            datetime(2026, 3, 28, 21, 59, tzinfo=UTC),
            datetime(2026, 10, 24, 21, 30, tzinfo=UTC),
            datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
            datetime(2027, 2, 28, 12, 0, tzinfo=UTC),
            datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
        ]
    ),
)


def part(**values: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for one part of a rule: constants stay, strategies are drawn from."""
    fixed = {name: one if isinstance(one, st.SearchStrategy) else st.just(one) for name, one in values.items()}
    return st.fixed_dictionaries(fixed)


texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
days = st.one_of(st.integers(0, 40), st.integers(300, 800))
order = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
instants = MOMENTS.map(datetime.isoformat)
dates = MOMENTS.map(lambda at: (at - timedelta(days=365 * 30)).date().isoformat())


def compares(fact: st.SearchStrategy[str], value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return comparisons of some facts with constants of one kind."""
    lists = st.lists(value, min_size=1, max_size=4)
    return st.one_of(
        part(type="compare", fact=fact, op=order, value=value),
        part(type="compare", fact=fact, op=st.sampled_from(["in", "not in"]), value=lists),
        part(type="compare", fact=fact, op="between", value=st.lists(value, min_size=2, max_size=2)),
    )


within = st.one_of(st.none(), st.integers(1, 400))
calendar_parts = st.one_of(
    part(
        type="age",
        fact=st.sampled_from(DAY_FACTS),
        op=st.sampled_from(["older than", "younger than", "within last", "within next"]),
        days=days,
    ),
    part(type="days_since", fact=st.sampled_from(DAY_FACTS), op=order, value=st.integers(-40, 800)),
    part(
        type="days_since",
        fact=st.sampled_from(DAY_FACTS),
        op="between",
        value=st.tuples(st.integers(-40, 40), st.integers(-40, 800)).map(list),
    ),
    part(
        type="birthday",
        fact=st.sampled_from(["birthday", "attrs.day", "attrs.mixed"]),
        within_days=st.one_of(st.integers(0, 40), st.integers(0, 364)),
        leap_day=st.sampled_from(["28 February", "1 March"]),
    ),
)
figure_parts = st.one_of(
    part(
        type="events", event=st.sampled_from(["visit", "none"]), op=order, value=st.integers(0, 3), within_days=within
    ),
    part(
        type="events",
        event="visit",
        measure="sum",
        field=st.sampled_from(["amount", "mixed"]),
        op=order,
        value=numbers,
        within_days=within,
    ),
    part(
        type="events",
        event="visit",
        op=order,
        value=st.integers(0, 3),
        where=st.lists(
            part(field=st.sampled_from(["page", "mixed"]), value=st.sampled_from(["Київ", 5, 7.25, True])), max_size=2
        ),
    ),
    part(
        type="orders",
        measure=st.sampled_from(["count", "sum"]),
        op=order,
        value=st.sampled_from([0, 1, 2, 100, 500]),
        within_days=within,
        sku=st.sampled_from([None, "A", "B"]),
        brand=st.sampled_from([None, None, "Élan"]),
        category=st.sampled_from([None, None, "Парфуми", "x"]),
        store=st.sampled_from([None, "web", "Shop"]),
    ),
)
plain_parts = st.one_of(
    compares(st.sampled_from(TEXT_FACTS), texts),
    part(
        type="compare", fact=st.sampled_from(TEXT_FACTS), op=st.sampled_from(["contains", "starts with"]), value=texts
    ),
    compares(st.just("rfm.group"), st.sampled_from(GROUPS)),
    compares(st.sampled_from(NUMBER_FACTS), numbers),
    part(
        type="compare",
        fact=st.sampled_from(["attrs.mixed", "attrs.flag"]),
        op=st.sampled_from(["=", "!="]),
        value=st.booleans(),
    ),
    compares(st.just("birthday"), dates),
    compares(st.sampled_from(["created_at", "orders.first_at", "orders.last_at", "rfm.since"]), instants),
    part(
        type=st.sampled_from(["set", "empty"]),
        fact=st.sampled_from([*TEXT_FACTS, *NUMBER_FACTS, *DAY_FACTS, "attrs.nowhere"]),
    ),
    part(type="segment", key=st.sampled_from(["vip", "nobody"])),
    part(type="list", key=st.sampled_from(["friends", "nobody"])),
    part(type="consent", channel=st.sampled_from(["sms", "email"]), purpose=st.sampled_from(["marketing", "service"])),
)


def trees(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return rules made of these parts."""
    return st.recursive(
        parts,
        lambda below: st.one_of(
            part(type="all", rules=st.lists(below, max_size=3)),
            part(type="any", rules=st.lists(below, min_size=1, max_size=3)),
            part(type="not", rule=below),
        ),
        max_leaves=5,
    )


RULES = trees(st.one_of(plain_parts, calendar_parts, figure_parts))
TIMED_RULES = trees(st.one_of(calendar_parts, calendar_parts, plain_parts))
