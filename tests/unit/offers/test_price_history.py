"""The history of prices as stretches, held against a recomputation hour by hour."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.prices.history import DAYS, Reference, Stretch, Tag, reference, stretches
from offers.prices.public import public_part, why_not_public
from offers.prices.seasons import Place, PublicRules, seasons
from offers.prices.shelf import Shelf
from wayfare.promotions import Ruleset, compile, parse_ruleset, quote

T0 = datetime(2026, 10, 1, tzinfo=UTC)
STEP = timedelta(hours=12)
STEPS = 2 * 45
END = T0 + STEPS * STEP


def at(step: int) -> datetime:
    return T0 + step * STEP


def rules(*promotions: dict[str, Any]) -> PublicRules:
    ruleset = public_part(parse_ruleset({"promotions": list(promotions), "groups": GROUPS}))
    return PublicRules(repr(promotions), ruleset)


GROUPS = [
    {"key": "sale", "layer": "item", "policy": "best"},
    {"key": "more", "layer": "item", "policy": "all", "position": 1},
]


def off(key: str, value: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "group": "sale", "effect": {"kind": "percent", "value": value}, **more}


steps = st.integers(0, STEPS - 1)
moments = steps.map(lambda step: at(step).isoformat())
periods = st.fixed_dictionaries({"kind": st.just("period"), "from": st.none() | moments, "until": st.none() | moments})
windows = st.fixed_dictionaries(
    {
        "kind": st.just("weekly"),
        "days": st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True),
        "from": st.sampled_from([None, "00:00", "12:00"]),
        "until": st.sampled_from([None, "00:00", "12:00"]),
    }
)
currencies = st.sampled_from([{"kind": "currency", "values": ["UAH"]}, {"kind": "currency", "values": ["EUR"]}])
single = periods | windows | currencies
conditions = st.lists(
    single
    | single.map(lambda one: {"kind": "not", "of": one})
    | st.lists(single, min_size=1, max_size=2).map(lambda of: {"kind": "any", "of": of}),
    max_size=2,
)
effects = st.sampled_from(
    [
        {"kind": "percent", "value": "20"},
        {"kind": "percent", "value": "30"},
        {"kind": "amount", "value": 1500},
        {"kind": "set_price", "value": 7000},
    ]
)
scopes = st.sampled_from([{}, {"include": {"brands": ["A"]}}, {"exclude": {"categories": ["new"]}}])


@st.composite
def rulesets(draw: st.DrawFn) -> PublicRules:
    promotions = [
        {
            "key": f"p{number}",
            "group": draw(st.sampled_from(["sale", "more"])),
            "effect": draw(effects),
            "conditions": draw(conditions),
            "scope": draw(scopes),
            "standalone": draw(st.booleans()),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    return rules(*promotions)


tags = st.lists(
    st.builds(
        lambda step, price, brand, categories: Tag(at(step), price, "UAH", brand, categories),
        steps,
        st.sampled_from([None, 8000, 10000, 12000]),
        st.sampled_from([None, "A"]),
        st.sampled_from([(), ("new",)]),
    ),
    max_size=5,
).map(lambda found: sorted(found, key=lambda tag: tag.at))
versions = st.lists(st.tuples(steps.map(at), rulesets()), max_size=3).map(
    lambda found: sorted(found, key=lambda one: one[0])
)


def naive(versions: Sequence[tuple[datetime, PublicRules]], tags: Sequence[Tag], when: datetime) -> Any:
    """What a product cost at an instant, by asking for it then: list price, price and promotions; None without one."""
    tag = next((tag for tag in reversed(tags) if tag.at <= when), None)
    if tag is None or tag.price is None:
        return None
    live = next((one.ruleset for begun, one in reversed(versions) if begun <= when), Ruleset())
    line = {"id": "1", "sku": "S", "price": tag.price, "quantity": 1, "categories": list(tag.categories)}
    if tag.brand:
        line["brand"] = tag.brand
    cart = {"currency": tag.currency, "at": when.isoformat(), "lines": [line]}
    answer = quote(cart, compile(live))
    return tag.price, answer["goods"]["net"], tuple(sorted(one["promotion"] for one in answer["applied"]))


def computed(versions: Sequence[tuple[datetime, PublicRules]], tags: Sequence[Tag]) -> list[Stretch]:
    return stretches(tags, seasons(versions, "UAH", Place(), T0, END), Shelf("S").shown, T0)


@settings(max_examples=60, deadline=None)
@given(versions=versions, tags=tags)
def test_stretches_say_what_asking_at_each_moment_says(
    versions: list[tuple[datetime, PublicRules]], tags: list[Tag]
) -> None:
    found = computed(versions, tags)
    for step in range(STEPS):
        here = [one for one in found if one.start <= at(step) < one.until]
        assert len(here) <= 1
        told = (here[0].listed, here[0].price, here[0].promotions) if here else None
        assert told == naive(versions, tags, at(step))
    for one, other in pairwise(found):
        assert one.until <= other.start
        is_same = (one.listed, one.price, one.promotions) == (other.listed, other.price, other.promotions)
        assert one.until < other.start or not is_same


@settings(max_examples=60, deadline=None)
@given(versions=versions, tags=tags, step=steps, progressive=st.booleans())
def test_the_lowest_price_is_that_of_a_search_moment_by_moment(
    versions: list[tuple[datetime, PublicRules]], tags: list[Tag], step: int, progressive: bool
) -> None:
    told = reference(computed(versions, tags), at(step), began=None, progressive=progressive)
    known = [naive(versions, tags, at(number)) for number in range(STEPS)]

    def cause(number: int) -> str:
        if known[number] is None:
            return ""
        listed, price, _ = known[number]
        if price < listed:
            return "promotion"
        first = number
        while first and known[first - 1] and known[first - 1][1] == price:
            first -= 1
        fell = first > 0 and known[first - 1] is not None and known[first - 1][1] > price
        return "price" if fell and (number - first) * STEP < timedelta(days=DAYS) else ""

    assert told.cause == cause(step)
    began = step
    if cause(step):
        while began and cause(began - 1):
            before, now = known[began - 1][1], known[began][1]
            if before < now or (before > now and not progressive):
                break
            began -= 1
    assert told.began == at(began)
    window = known[max(0, began - 2 * DAYS) : began]
    assert told.lowest == min((one[1] for one in window if one), default=None)


@pytest.mark.parametrize("day", [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)])
@pytest.mark.parametrize(
    ("begins", "ends"), [("03:00", "03:30"), ("03:30", "05:00"), ("22:00", "03:15"), (None, "03:30"), ("03:30", None)]
)
def test_windows_are_cut_where_clocks_are_changed(day: datetime, begins: str | None, ends: str | None) -> None:
    window = {"kind": "weekly", "days": [5, 6, 7], "zone": "Europe/Kyiv", "from": begins, "until": ends}
    one = rules(off("p", "20", conditions=[window]))
    found = seasons([(day, one)], "UAH", Place(), day, day + timedelta(days=5))
    for quarter in range(5 * 96):
        when = day + quarter * timedelta(minutes=15)
        answer = quote(
            {
                "currency": "UAH",
                "at": when.isoformat(),
                "lines": [{"id": "1", "sku": "S", "price": 100, "quantity": 1}],
            },
            compile(one.ruleset),
        )
        here = next(each for each in found if each.start <= when < each.until)
        assert bool(here.active) == bool(answer["applied"]), when


def told(
    promotions: list[dict[str, Any]], prices: list[tuple[int, int]], day: int, *, progressive: bool = False
) -> Reference:
    tags = [Tag(T0 + timedelta(days=on), price, "UAH") for on, price in prices]
    found = stretches(
        tags, seasons([(T0, rules(*promotions))], "UAH", Place(), T0, T0 + timedelta(days=100)), Shelf("S").shown, T0
    )
    return reference(found, T0 + timedelta(days=day), began=None, progressive=progressive)


def during(first: int, last: int) -> list[dict[str, Any]]:
    begins, ends = T0 + timedelta(days=first), T0 + timedelta(days=last)
    return [{"kind": "period", "from": begins.isoformat(), "until": ends.isoformat()}]


def test_a_promotion_is_measured_from_the_day_it_began() -> None:
    one = told([off("p", "20", conditions=during(50, 60))], [(0, 9000), (25, 10000)], 55)
    assert (one.cause, one.price, one.listed, one.lowest) == ("promotion", 8000, 10000, 9000)
    assert (one.began, one.lowest_at) == (T0 + timedelta(days=50), T0 + timedelta(days=20))
    assert one.is_complete
    assert one.is_higher_than_lowest


def test_a_price_raised_before_a_promotion_is_found_out() -> None:
    one = told([off("p", "20", conditions=during(40, 60))], [(0, 8000), (40, 10000)], 41)
    assert (one.price, one.lowest, one.is_higher_than_lowest) == (8000, 8000, True)


def test_a_promotion_a_week_ago_is_the_price_before_the_next_one() -> None:
    one = told([off("p", "30", conditions=during(40, 50)), off("q", "20", conditions=during(57, 60))], [(0, 10000)], 58)
    assert (one.price, one.lowest) == (8000, 7000)


def test_a_reduction_that_grows_may_count_from_its_first_step() -> None:
    steps = [off("p", "10", conditions=during(40, 45)), off("q", "20", conditions=during(45, 50))]
    plain = told(steps, [(0, 10000)], 47)
    grown = told(steps, [(0, 10000)], 47, progressive=True)
    assert (plain.lowest, plain.began) == (9000, T0 + timedelta(days=45))
    assert (grown.lowest, grown.began) == (10000, T0 + timedelta(days=40))


def test_a_lower_list_price_is_a_reduction_for_thirty_days() -> None:
    prices = [(0, 10000), (40, 9000)]
    assert [told([], prices, day).cause for day in (39, 40, 69, 70)] == ["", "price", "price", ""]
    assert told([], prices, 69).lowest == 10000
    assert told([], prices, 70).lowest == 9000


def test_a_product_new_on_the_shelf_has_no_price_before() -> None:
    one = told([off("p", "20")], [(50, 10000)], 55)
    assert (one.cause, one.lowest, one.is_complete) == ("promotion", None, False)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, ""),
        ({"requires_code": "X"}, "code"),
        ({"conditions": [{"kind": "segment", "values": ["vip"]}]}, "buyer"),
        ({"conditions": [{"kind": "not", "of": {"kind": "level", "values": ["gold"]}}]}, "buyer"),
        ({"conditions": [{"kind": "goods_from", "value": 1}]}, "cart"),
        ({"conditions": [{"kind": "payment", "values": ["card"]}]}, "cart"),
        ({"conditions": [{"kind": "channel", "values": ["web"]}]}, ""),
        ({"effect": {"kind": "amount", "value": 5, "target": "line"}}, "effect"),
        ({"effect": {"kind": "percent", "value": "5", "target": "line"}}, ""),
        ({"effect": {"kind": "percent", "value": "5", "target": "order"}, "group": None, "layer": "order"}, "effect"),
        (
            {
                "effect": {
                    "kind": "sets",
                    "size": 2,
                    "reward": {"units": 1, "effect": {"kind": "percent", "value": "5"}},
                }
            },
            "effect",
        ),
        ({"effect": {"kind": "personal_price", "value": 5}, "group": None, "layer": "price"}, ""),
    ],
)
def test_what_everyone_sees_is_decided_in_writing(more: dict[str, Any], why: str) -> None:
    ruleset = parse_ruleset({"promotions": [{**off("p", "20"), **more}], "groups": GROUPS})
    assert why_not_public(ruleset.promotions[0]) == why


def test_a_promotion_of_some_places_counts_there_alone() -> None:
    one = rules(off("p", "20", conditions=[{"kind": "store", "values": ["kyiv-01"]}]))
    for place, active in ((Place(), ()), (Place(store="kyiv-01"), ("p",)), (Place(store="lviv-01"), ())):
        assert [each.active for each in seasons([(T0, one)], "UAH", place, T0, END)] == [active]
