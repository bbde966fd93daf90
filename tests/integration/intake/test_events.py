"""Events come in once, whole, and never at the cost of their neighbours."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.intake import IntakeResult, ingest_events
from engine.parse import read_items
from store.db import Store
from wayfare.errors import InputRefused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Rows = Callable[..., list[tuple[Any, ...]]]


def an_event(key: Any = "e1", **changes: Any) -> dict[str, Any]:
    return {"key": key, "customer": "alice", "type": "page.viewed", "at": "2026-11-24T10:00:00+02:00", **changes}


def a_purchase(**changes: Any) -> dict[str, Any]:
    line = {"sku": "tea", "quantity": 2, "price": 499}
    return an_event(type="purchase", data={"order": "o1", "currency": "UAH", "lines": [line], **changes})


def ingest(store: Store, items: list[Any], **options: Any) -> IntakeResult:
    return ingest_events(store, items, source_default="api", now=NOW, **options)


def test_an_event_lands_with_its_customer(store: Store, rows: Rows) -> None:
    result = ingest(store, [an_event(data={"url": "/tea", "seconds": 3})])
    assert result == IntakeResult(accepted=1)
    assert rows(
        "SELECT e.source, e.key, e.type, c.key, e.note FROM event e JOIN customer c ON c.id = e.customer_id"
    ) == [("api", "e1", "page.viewed", "alice", None)]


def test_the_500th_of_1000_bad_costs_nobody_else(store: Store, rows: Rows) -> None:
    items = [an_event(f"e{number}", customer=f"c{number}") for number in range(1000)]
    items[500]["data"] = {"note": "NUL \0 here"}
    result = ingest(store, items)
    assert result.accepted == 999
    assert [(error["index"], error["path"], error["code"]) for error in result.errors] == [
        (500, "data", "control_character")
    ]
    assert rows("SELECT count(*) FROM event") == [(999,)]
    assert rows("SELECT count(*) FROM customer WHERE key = 'c500'") == [(0,)]


BAD = [
    ("not an object", 5, "", "wrong_type"),
    ("key missing", {"customer": "a", "type": "x"}, "key", "missing"),
    ("unknown field", an_event(extra=1), "extra", "unknown_field"),
    ("key too long", an_event("k" * 201), "key", "too_long"),
    ("blank key", an_event("  "), "key", "empty"),
    ("number as key", an_event(7), "key", "wrong_type"),
    ("lone surrogate", an_event("\ud800"), "key", "invalid_text"),
    ("NUL in customer", an_event(customer="a\0"), "customer", "control_character"),
    ("line break in source", an_event(source="a\nb"), "source", "control_character"),
    ("type with capitals", an_event(type="Page.Viewed"), "type", "invalid_type"),
    ("type with a dot at the end", an_event(type="page."), "type", "invalid_type"),
    ("naive instant", an_event(at="2026-11-24T10:00:00"), "at", "time_zone_missing"),
    ("no instant", an_event(at="yesterday"), "at", "invalid_instant"),
    ("seconds since 1970", an_event(at=1_700_000_000), "at", "wrong_type"),
    ("the future", an_event(at="2026-11-24T13:00:00Z"), "at", "in_future"),
    ("the year 1", an_event(at="0001-01-01T00:00:00+14:00"), "at", "out_of_range"),
    ("source of Wayfare", an_event(source="segment"), "source", "reserved"),
    ("data as list", an_event(data=[1]), "data", "wrong_type"),
    ("surrogate in data", an_event(data={"a": ["\ud800"]}), "data", "invalid_text"),
    ("NaN in data", an_event(data={"a": float("nan")}), "data", "not_finite"),
    ("5,000 digits", an_event(data={"a": 10**5000}), "data", "out_of_range"),
    ("beyond signed 64 bits", an_event(data={"a": 2**63}), "data", "out_of_range"),
    ("deep data", an_event(data={"a": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}), "data", "too_deep"),
    ("17 KB", an_event(data={"a": "x" * 17_000}), "data", "too_large"),
    ("no order", a_purchase(order=""), "data.order", "empty"),
    ("no lines", a_purchase(lines=[]), "data.lines", "too_few"),
    ("unknown currency", a_purchase(currency="XYZ"), "data.currency", "unknown_currency"),
    ("price with decimals", a_purchase(lines=[{"sku": "a", "price": 4.99}]), "data.lines[0].price", "wrong_type"),
    ("price as text", a_purchase(lines=[{"sku": "a", "price": "499"}]), "data.lines[0].price", "wrong_type"),
    ("negative", a_purchase(lines=[{"sku": "a", "price": -1}]), "data.lines[0].price", "out_of_range"),
    (
        "quantity 0",
        a_purchase(lines=[{"sku": "a", "quantity": 0, "price": 1}]),
        "data.lines[0].quantity",
        "out_of_range",
    ),
    ("sku missing", a_purchase(lines=[{"price": 1}]), "data.lines[0].sku", "missing"),
    ("misspelt", a_purchase(stroe="x"), "data.stroe", "unknown_field"),
    (
        "more than all the money",
        a_purchase(lines=[{"sku": "a", "quantity": 1_000_000, "price": 10**12}]),
        "data",
        "out_of_range",
    ),
    ("cart without lines", an_event(type="cart.updated", data={}), "data.lines", "missing"),
    ("wish without sku", an_event(type="wishlist.added", data={}), "data.sku", "missing"),
    ("registration", an_event(type="customer.registered", data={"shop": "x"}), "data.shop", "unknown_field"),
]


def test_each_fault_is_named_and_the_neighbours_are_kept(store: Store, rows: Rows) -> None:
    items: list[Any] = []
    for number, (_, item, _, _) in enumerate(BAD):
        items += [item, an_event(f"good{number}")]
    result = ingest(store, items)
    found = [(error["index"] // 2, error["path"], error["code"]) for error in result.errors]
    assert found == [(number, path, code) for number, (_, _, path, code) in enumerate(BAD)]
    assert all(error["message"] for error in result.errors)
    assert result.accepted == len(BAD)
    assert rows("SELECT count(*) FROM event") == [(len(BAD),)]


def test_odd_but_lawful_text_is_kept_as_it_is(store: Store, rows: Rows) -> None:
    texts = [
        "\u202eabc",
        "👩‍👩‍👧",
        "Кирилиця",
        "a" + "\u0301" * 300,
        "' OR 1=1 --",
        "\\x00",
        "\\u0000",
        "\t\r\n",
        "\ufeff",
    ]
    result = ingest(store, [an_event(f"e{n}", data={"text": text}) for n, text in enumerate(texts)])
    assert result.errors == []
    kept = "data->>'text'"
    assert [row[0] for row in rows(f"SELECT {kept} FROM event ORDER BY id")] == [
        text.replace("a\u0301", "á") for text in texts
    ]


def test_equal_text_is_one_key_however_it_is_composed(store: Store) -> None:
    assert ingest(store, [an_event("café"), an_event("cafe\u0301")]).duplicates == 1


def test_a_known_event_is_a_duplicate(store: Store, rows: Rows) -> None:
    ingest(store, [an_event("e1"), an_event("e2")])
    again = ingest(store, [an_event("e1"), an_event("e3"), an_event("e3"), an_event("e2", at="2026-11-24T08:00:00Z")])
    assert again == IntakeResult(accepted=1, duplicates=3)
    assert rows("SELECT count(*) FROM event") == [(3,)]


def test_an_event_without_at_is_the_same_when_sent_again_later(store: Store, rows: Rows) -> None:
    items = [{"key": "e1", "customer": "alice", "type": "page.viewed"}]
    ingest(store, items)
    later = ingest_events(store, items, source_default="api", now=NOW + timedelta(days=8))
    assert later == IntakeResult(duplicates=1)
    assert rows("SELECT count(*) FROM event WHERE at = received_at") == [(1,)]


def test_the_same_key_of_another_source_is_another_event(store: Store) -> None:
    assert ingest(store, [an_event(source="till"), an_event(source="shop"), an_event()]).accepted == 3


OTHER = [
    an_event(customer="bob"),
    an_event(type="page.left"),
    an_event(at="2026-11-24T10:00:01+02:00"),
    an_event(data={"a": 1}),
]


@pytest.mark.parametrize("other", OTHER)
def test_other_content_under_a_known_key_is_a_conflict_and_the_first_wins(
    store: Store, rows: Rows, other: dict[str, Any]
) -> None:
    ingest(store, [an_event()])
    for _ in range(2):  # sent again, it is kept once
        result = ingest(store, [an_event("e2"), other])
        assert [(error["index"], error["path"], error["code"]) for error in result.errors] == [(1, "key", "conflict")]
    assert rows("SELECT count(*), min(type) FROM event WHERE key = 'e1' AND type = 'page.viewed'")[0][0] == 1
    kept = rows("SELECT e.key, count(*) FROM event_conflict c JOIN event e ON e.id = c.event_id GROUP BY e.key")
    assert kept == [("e1", 1)]


def test_other_content_in_the_same_batch_is_a_conflict_too(store: Store, rows: Rows) -> None:
    result = ingest(store, [an_event(), an_event(data={"a": 1}), an_event(), an_event(data={"a": 2})])
    assert (result.accepted, result.duplicates) == (1, 1)
    assert [(error["index"], error["code"]) for error in result.errors] == [(1, "conflict"), (3, "conflict")]
    assert rows("SELECT count(*) FROM event_conflict") == [(2,)]


def test_fifty_posts_of_one_event_at_once_leave_one_row(store: Store, rows: Rows) -> None:
    results: list[IntakeResult] = []
    start = threading.Barrier(50)

    def post() -> None:
        start.wait(30)
        results.append(ingest(store, [an_event("e1"), an_event("e2")]))

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.accepted for result in results) == 2
    assert sum(result.duplicates for result in results) == 98
    assert all(result.accepted + result.duplicates == 2 and not result.errors for result in results)
    assert rows("SELECT count(*) FROM event") == [(2,)]
    assert rows("SELECT count(*) FROM customer") == [(1,)]


def test_batches_that_overlap_crosswise_all_get_through(store: Store, rows: Rows) -> None:
    items = [an_event(f"e{n}", customer=f"c{n}") for n in range(200)]
    batches = [items, items[::-1], items[100:] + items[:100], items[::3] + items[1::3] + items[2::3]]
    results: list[IntakeResult] = []
    threads = [threading.Thread(target=lambda batch=b: results.append(ingest(store, batch))) for b in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.accepted + result.duplicates for result in results] == [200] * 4
    assert sum(result.accepted for result in results) == 200
    assert rows("SELECT count(*) FROM event") == [(200,)]


def test_the_number_of_statements_does_not_depend_on_the_number_of_events(store: Store, count_statements: Any) -> None:
    def batch(size: int, tag: str) -> list[Any]:
        known = [an_event("known", data={tag: n}) for n in range(2)]
        return known + [an_event(f"{tag}{n}", customer=f"{tag}{n}") for n in range(size)] * 2

    ingest(store, [an_event("known")])
    counts = []
    for size in (10, 1000):
        with count_statements() as counted:
            result = ingest(store, batch(size, f"s{size}-"))
        assert (result.accepted, len(result.errors)) == (size, 2)
        counts.append(counted())
    assert counts[0] == counts[1]


def test_purchases_are_put_in_one_form(store: Store, rows: Rows) -> None:
    ingest(store, [a_purchase(currency="uah", store=" kyiv-1 ", lines=[{"sku": " tea ", "price": 100}])])
    (data,) = rows("SELECT data FROM event")[0]
    data = json.loads(data) if isinstance(data, str) else data
    assert data == {
        "order": "o1",
        "currency": "UAH",
        "store": "kyiv-1",
        "lines": [{"sku": "tea", "quantity": 1, "price": 100}],
    }


def test_too_many_items_are_refused_as_a_whole(store: Store, rows: Rows) -> None:
    with pytest.raises(InputRefused, match="5000"):
        ingest(store, [an_event(str(n)) for n in range(5001)])
    assert rows("SELECT count(*) FROM event") == [(0,)]


ANY_TEXT = st.text(st.characters())  # surrogates too
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    item=st.fixed_dictionaries(
        {"key": ANY_TEXT, "customer": ANY_TEXT, "type": st.just("x") | ANY_TEXT},
        optional={"at": ANY_TEXT | st.datetimes().map(str), "source": ANY_TEXT, "data": ANY_JSON, "more": ANY_JSON},
    )
    | ANY_JSON,
    number=st.integers(0),
)
def test_whatever_comes_is_kept_or_refused_by_name(store: Store, item: Any, number: int) -> None:
    result = ingest(store, [item, an_event(f"neighbour {number}")])
    bad = [error for error in result.errors if error["index"] == 1]
    assert bad == []
    assert result.accepted + result.duplicates + len({error["index"] for error in result.errors}) == 2
    for error in result.errors:
        error["message"].encode()
        error["path"].encode()


def test_what_was_read_from_broken_json_costs_no_neighbour(store: Store) -> None:
    good = b'{"key":"%d","customer":"a","type":"x"}'
    body = b"[" + b",".join([good % 1, b'{"key":"\xff"}', b'{"key":"\\ud800"}', b'{"a":NaN}', b'{"a":1e999}', good % 2])
    result = ingest(store, read_items(body + b"]"))
    assert result.accepted == 2
    assert [error["index"] for error in result.errors] == [1, 2, 3, 4]


def test_history_is_marked_so_that_it_moves_nobody(store: Store, rows: Rows) -> None:
    ingest(store, [a_purchase()], history=True)
    assert rows("SELECT note, matched_at FROM event") == [("history", None)]
