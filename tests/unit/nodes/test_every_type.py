"""Promises that every built-in node type keeps, whatever the customers are like."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.contract import META, Batch, Category, Effect, IssueCode, Need, NodeType, Result, Send
from nodes.graph import Node
from nodes.registry import open_registry
from wayfare.errors import InvalidSettings
from wayfare.segments.facts import Fact
from wayfare.testing import a_batch, run

REGISTRY = open_registry([])
CITY = {"type": "compare", "fact": "city", "op": "=", "value": "Київ"}
POINTS = {"type": "compare", "fact": "attrs.points", "op": ">=", "value": 100}
RECENT = {"type": "age", "fact": "orders.last_at", "op": "within last", "days": 30}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("trigger.event", {"event": "purchase"}),
    ("trigger.date", {"offset_days": -7}),
    ("trigger.segment", {"segment": "vip"}),
    ("trigger.api", {"journey": "welcome"}),
    ("trigger.schedule", {"every": "cron", "cron": "30 9 1,15 * *"}),
    ("trigger.level", {"way": "up", "levels": ["silver", "gold"]}),
    ("trigger.journey", {"journey": "welcome"}),
    ("flow.window", {"days": ["Sunday"], "opens": "22:00", "closes": "03:30"}),
    ("flow.split_count", {"count": 3}),
    ("flow.split_count", {"count": 3, "per": "day"}),
    ("flow.experiment", {}),
    ("flow.best_channel", {"channels": [{"channel": "email"}, {"channel": "push"}]}),
    ("flow.throttle", {"count": 2, "per": "day"}),
    ("flow.merge", {}),
    ("flow.gate", {}),
    ("flow.gate", {"opens": "date", "date": "2027-03-08"}),
    ("flow.journey", {"journey": "welcome"}),
    ("action.list", {"list": "vip"}),
    ("flow.wait", {"amount": 90, "unit": "minutes"}),
    ("flow.wait", {"amount": 3, "unit": "days"}),
    ("flow.wait_until", {"until": "date", "date": "2027-03-08"}),
    ("flow.wait_until", {"until": "date", "date": "2027-03-08", "past": "next"}),
    ("flow.wait_until", {"until": "weekday", "weekday": "Sunday", "at": "03:30"}),
    ("flow.wait_until", {"until": "weekday"}),
    ("flow.wait_until", {"until": "profile", "fact": "orders.last_at", "months": 9}),
    ("flow.wait_until", {"until": "profile", "fact": "birthday", "days": -7}),
    ("flow.wait_until", {"until": "profile", "fact": "attrs.points", "months": -3, "past": "next"}),
    ("flow.wait_event", {"amount": 2, "unit": "hours"}),
    ("flow.wait_event", {"amount": 2, "unit": "weeks"}),
    ("flow.split_rule", {"branches": [{"port": "kyiv", "when": CITY}, {"port": "rich", "when": POINTS}]}),
    ("flow.split_rule", {"branches": [{"port": "recent", "when": {"type": "not", "rule": RECENT}}]}),
    ("flow.split_share", {"shares": [{"port": "a", "percent": "33.3333"}, {"port": "b", "percent": "66.6667"}]}),
    ("action.send", {"subject": "Hi {{ first_name }}", "body": "{{ attrs.points }} {{ code }} {{ birthday }}"}),
    ("action.promo_code", {"batch": "b", "days": 14}),
    ("action.promo_code", {"batch": "b", "valid": "date", "days": 7}),
    ("action.promo_code", {"batch": "b", "valid": "date", "date": "attrs.points", "bind_phone": False}),
    ("action.certificate", {"amount": 50_000, "budget": 150_000}),
    ("action.personal_price", {}),
    ("action.personal_price", {"on": "wishes", "percent": "12.5"}),
    ("action.personal_price", {"on": "sku", "sku": "soap", "give": "price", "price": 9_900}),
    ("action.personal_price", {"on": "brand", "brand": "Lys"}),
    ("action.points", {"points": 50}),
    ("action.points", {"do": "take", "points": 50, "days": None}),
    ("action.attribute", {"name": "seen", "value": True}),
    ("action.attribute", {"name": "attrs.seen_on", "to": "today"}),
    ("action.attribute", {"name": "seen", "to": "nothing"}),
    ("action.emit", {"event": "vip.reached", "data": {"by": 1}}),
    ("flow.goal", {}),
    ("flow.exit", {"reason": "done"}),
]
ONCE_MORE = ("flow.window", "flow.throttle", "flow.gate")  # what opens and closes by itself
NODES = [REGISTRY.load(Node(id="n1", type=type, settings=given)) for type, given in SETTINGS]

INSTANTS = st.datetimes(
    datetime.fromisoformat("2019-12-30"), datetime.fromisoformat("2041-01-02"), timezones=st.just(UTC)
)
ZONES = st.sampled_from([None, "", "Foo/Bar", "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Baku"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["2027-05-05", "9999-12-31", "0001-01-01", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LAST = Fact("last_channel")
KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    "since": INSTANTS,
    "woken_by": st.sampled_from([None, None, "timer", "event"]),
    "time_zone": ZONES,
    "city": st.none() | st.text(max_size=10) | st.just("київ"),
    "first_name": st.none() | st.text(max_size=10),
    "phone": st.none() | st.just("+380500000000"),
    "birthday": st.none() | st.dates(date(1900, 1, 1), date(2026, 12, 31)) | st.just(date(2000, 2, 29)),
    "orders.last_at": st.none() | INSTANTS,
    "attrs.points": JSON,
    "customer": st.integers(1, 2**62),
    "event": st.none() | st.dictionaries(st.sampled_from(["sku", "lines", "total"]), JSON, max_size=3),
    Fact("points.balance"): st.none() | st.integers(-100, 200),
    Fact("wish_list"): st.lists(st.sampled_from(["soap", "balm", ""]), max_size=3),
    LAST: st.none() | st.sampled_from(["email", "viber", "post"]),
    **{Fact("address", key=channel): st.booleans() for channel in ("email", "push")},
    **{Fact("consent", key=channel, purpose="marketing"): st.booleans() for channel in ("email", "push")},
}
CUSTOMER = st.fixed_dictionaries(KNOWN)


def batch_of(customers: list[dict[Any, Any]], node: NodeType) -> Batch:
    columns: dict[Need, list[Any]] = {name: [one[name] for one in customers] for name in customers[0]}
    if node.category is not Category.FLOW:
        columns["woken_by"] = [None] * len(customers)
    return a_batch(columns, journey="welcome", zone="Europe/Kyiv")


def same(left: Result, right: Result) -> bool:
    def moves(result: Result) -> dict[str, set[int]]:
        return {port: set(ids) for port, ids in result.moves.items()}

    def effects(result: Result) -> list[Effect]:
        return list(result.effects)

    return (moves(left), dict(left.waits), effects(left)) == (moves(right), dict(right.waits), effects(right))


@pytest.mark.parametrize("node", NODES, ids=lambda node: f"{node.key} {node.summary()}")
@settings(max_examples=60, deadline=None)
@given(customers=st.lists(CUSTOMER, min_size=1, max_size=8))
def test_every_enrollment_is_answered_for_once_and_a_retry_decides_the_same(
    node: NodeType, customers: list[dict[Any, Any]]
) -> None:
    batch = batch_of(customers, node)
    result = run(node, batch)
    assert same(result, run(node, batch_of(customers, node)))
    since, woken = batch.column("since"), batch.column("woken_by")
    for id, wait in result.waits.items():
        assert woken.get(id) is None or node.key in ONCE_MORE, "it waits once more"
        assert wait.until >= since[id], "it wakes before it came"
        assert wait.until.tzinfo is UTC
        assert wait.local is None or len(wait.local) <= 32
    for effect in result.effects:
        if isinstance(effect, Send | IssueCode):
            assert set(effect.ids) == batch.ids
    if node.ports():
        gone = {id for ids in result.moves.values() for id in ids}
        assert gone | set(result.waits) == batch.ids
    else:
        assert not result.moves


@pytest.mark.parametrize("node", NODES, ids=lambda node: f"{node.key} {node.summary()}")
def test_each_type_explains_itself(node: NodeType) -> None:
    about = REGISTRY.describe(node.key)
    assert about["label"]
    assert about["help"].endswith(".")
    assert node.summary()
    for name, field in about["schema"]["properties"].items():
        assert field.get("title"), f"{node.key}: the field '{name}' has no title"
    for need in node.facts():
        assert isinstance(need, Fact) or need in META or Fact.of(need)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.key)
def test_an_empty_batch_is_no_trouble(node: NodeType) -> None:
    needs: dict[Need, list[Any]] = {need: [] for need in node.facts()}
    result = run(node, a_batch(needs, size=0))
    assert not result.waits


def test_the_list_above_holds_every_built_in_type() -> None:
    assert {type for type, _ in SETTINGS} == set(REGISTRY)


@pytest.mark.parametrize(("type", "given"), SETTINGS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_setting_is_refused_in_plain_words(type: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings, match="there is no such setting") as caught:
        REGISTRY.load(Node(id="n1", type=type, settings=given | {"colour": "red"}))
    assert "Input should" not in str(caught.value)
