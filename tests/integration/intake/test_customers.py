"""Profiles and consents: normalised, merged, with their history, and nobody's fault costs a neighbour."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from engine.customers import UpsertResult, upsert_customers
from store.db import Store
from store.tables import metadata

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Rows = Callable[..., list[tuple[Any, ...]]]


def upsert(store: Store, *items: Any, now: datetime = NOW, **options: Any) -> UpsertResult:
    return upsert_customers(store, items, now=now, source="api:crm", **options)


def decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


ALICE = {
    "key": "alice",
    "phone": "+38 (067) 123-45-67",
    "email": "Alice@Example.COM",
    "first_name": "  Аліса\r\n",
    "last_name": "O'Коваль",
    "birthday": "1992-02-29",
    "sex": "F",
    "city": "Київ",
    "country": "ua",
    "locale": "uk_ua",
    "time_zone": "europe/kyiv",
    "level": "Gold",
    "attributes": {"points": 120, "Улюблене": "Чай"},
}


def test_a_profile_is_put_in_its_usual_form(store: Store, rows: Rows) -> None:
    assert upsert(store, ALICE) == UpsertResult(created=1)
    names = rows("SELECT phone, email, first_name, last_name, birthday_md, sex, city FROM customer")
    assert names == [("+380671234567", "alice@example.com", "Аліса", "O'Коваль", 229, "female", "Київ")]
    places = rows("SELECT country, locale, time_zone, level FROM customer")
    assert places == [("UA", "uk-UA", "Europe/Kyiv", "Gold")]
    folded = decoded(rows("SELECT folded FROM customer")[0][0])
    assert (folded["city"], folded["level"], folded["attrs.Улюблене"]) == ("київ", "gold", "чай")
    assert "attrs.points" not in folded
    assert sorted(rows("SELECT kind, value FROM identity")) == [
        ("email", "alice@example.com"),
        ("phone", "+380671234567"),
    ]
    assert rows("SELECT count(*) FROM customer_dirty") == [(1,)]


BAD = [
    ({"key": "b", "phone": "12"}, "phone", "invalid_phone"),
    ({"key": "b", "phone": "0671234567"}, "phone", "invalid_phone"),
    ({"key": "b", "email": "nobody"}, "email", "invalid_email"),
    ({"key": "b", "email": "a@b.c\r\nBcc: all@example.com"}, "email", "invalid_email"),
    ({"key": "b", "birthday": "29.02.1992"}, "birthday", "invalid_date"),
    ({"key": "b", "birthday": "1991-02-29"}, "birthday", "invalid_date"),
    ({"key": "b", "birthday": "2045-01-01"}, "birthday", "out_of_range"),
    ({"key": "b", "sex": "cat"}, "sex", "unknown_value"),
    ({"key": "b", "country": "UK"}, "country", "unknown_country"),
    ({"key": "b", "locale": "klingon"}, "locale", "unknown_locale"),
    ({"key": "b", "time_zone": "Mars/Olympus"}, "time_zone", "unknown_time_zone"),
    ({"key": "b", "first_name": "x" * 201}, "first_name", "too_long"),
    ({"key": "b", "first_name": "\ud83d"}, "first_name", "invalid_text"),
    ({"key": "b", "city": "a\0b"}, "city", "control_character"),
    ({"key": "b", "attributes": {"a b": 1}}, "attributes.a b", "invalid_name"),
    ({"key": "b", "attributes": {str(n): n for n in range(201)}}, "attributes", "too_many"),
    ({"key": "b", "attributes": {"a": float("inf")}}, "attributes", "not_finite"),
    ({"key": "b", "consents": [{"channel": "sms", "granted": "yes"}]}, "consents[0].granted", "wrong_type"),
    (
        {"key": "b", "consents": [{"channel": "sms", "granted": True, "at": "2027-01-01T00:00:00Z"}]},
        "consents[0].at",
        "in_future",
    ),
    ({"key": "b", "id": 7}, "id", "unknown_field"),
    ({"key": "b", "is_synthetic": True}, "is_synthetic", "unknown_field"),
    ({"key": "b", "erased_at": None}, "erased_at", "unknown_field"),
]


def test_each_fault_is_named_and_the_neighbours_are_kept(store: Store, rows: Rows) -> None:
    items = [item for number, (bad, _, _) in enumerate(BAD) for item in (bad, {"key": f"good{number}"})]
    result = upsert(store, *items)
    assert [(error["index"] // 2, error["path"], error["code"]) for error in result.errors] == [
        (number, path, code) for number, (_, path, code) in enumerate(BAD)
    ]
    assert result.created == len(BAD)
    assert rows("SELECT count(*) FROM customer WHERE key = 'b'") == [(0,)]


def test_a_local_number_is_read_in_the_country_given(store: Store, rows: Rows) -> None:
    upsert(store, {"key": "a", "phone": "067 123 45 67", "country": "UA"})
    upsert(store, {"key": "b", "phone": "555 12 34 56"}, default_country="GE")
    assert rows("SELECT phone FROM customer ORDER BY key") == [("+380671234567",), ("+995555123456",)]


def test_fields_left_out_stay_and_null_empties(store: Store, rows: Rows) -> None:
    upsert(store, ALICE)
    later = NOW + timedelta(days=1)
    changes = {"key": "alice", "city": "Львів", "phone": None, "attributes": {"points": None, "tea": True}}
    assert upsert(store, changes, now=later) == UpsertResult(updated=1)
    assert rows("SELECT city, phone, level, birthday_md FROM customer") == [("Львів", None, "Gold", 229)]
    assert decoded(rows("SELECT attributes FROM customer")[0][0]) == {"Улюблене": "Чай", "tea": True}
    change = metadata.tables["attribute_change"].c
    with store.read() as conn:
        history = conn.execute(select(change.name, change.old, change.new, change.source).order_by(change.id)).all()
    assert sorted(map(tuple, history), key=str) == [
        ("attrs.points", 120, None, "api:crm"),
        ("attrs.tea", None, True, "api:crm"),
        ("city", "Київ", "Львів", "api:crm"),
        ("phone", "+380671234567", None, "api:crm"),
    ]
    assert rows("SELECT kind FROM identity") == [("email",)]


def test_saying_the_same_again_leaves_no_trace(store: Store, rows: Rows) -> None:
    consents = [
        {"channel": "email", "granted": True, "at": "2026-11-01T00:00:00Z"},
        {"channel": "sms", "granted": True},
    ]
    upsert(store, {**ALICE, "consents": consents})
    before = rows("SELECT updated_at FROM customer"), rows("SELECT mark FROM customer_dirty")
    upsert(store, {**ALICE, "consents": consents}, now=NOW + timedelta(days=1))
    assert (rows("SELECT updated_at FROM customer"), rows("SELECT mark FROM customer_dirty")) == before
    assert rows("SELECT count(*) FROM attribute_change") == [(0,)]
    assert rows("SELECT count(*) FROM consent_change") == [(2,)]


def test_a_customer_known_from_events_gets_a_history(store: Store, rows: Rows) -> None:
    from engine.intake import ingest_events

    ingest_events(store, [{"key": "e", "customer": "bob", "type": "x"}], source_default="api", now=NOW)
    assert upsert(store, {"key": "bob", "city": "Tbilisi"}) == UpsertResult(updated=1)
    assert rows("SELECT name FROM attribute_change") == [("city",)]


def test_of_a_key_that_comes_twice_the_later_item_counts(store: Store, rows: Rows) -> None:
    result = upsert(store, {"key": "a", "city": "Kyiv", "level": "Gold"}, {"key": "a", "city": "Lviv"})
    assert result == UpsertResult(created=1)
    assert rows("SELECT city, level FROM customer") == [("Lviv", "Gold")]


def consent(granted: bool, at: str | None = None) -> dict[str, Any]:
    return {"channel": "Email", "granted": granted, "source": "form", **({"at": at} if at else {})}


@pytest.mark.parametrize("together", [True, False])
def test_of_consents_the_newest_counts_in_whatever_order_they_come(store: Store, rows: Rows, together: bool) -> None:
    said = [
        consent(True, "2026-11-01T00:00:00Z"),
        consent(False, "2026-11-03T00:00:00Z"),
        consent(True, "2026-11-02T00:00:00Z"),
    ]
    for _ in range(2):
        if together:
            upsert(store, {"key": "a", "consents": said})
        else:
            for one in said:
                upsert(store, {"key": "a", "consents": [one]})
    granted = [bool(row[0]) for row in rows("SELECT granted FROM consent")]
    assert granted == [False]
    assert rows("SELECT count(*) FROM consent_change") == [(3,)]


def test_a_phone_belongs_to_whom_it_came_from_first(store: Store, rows: Rows) -> None:
    for key in ("a", "b"):
        upsert(store, {"key": key, "phone": "+380671234567"})
    owner = "SELECT c.key FROM identity i JOIN customer c ON c.id = i.customer_id"
    assert rows(owner) == [("a",)]
    upsert(store, {"key": "a", "phone": "+380671234568"})
    assert rows(owner) == [("a",)]
    assert rows("SELECT count(*) FROM customer WHERE phone = '+380671234567'") == [(1,)]


def test_an_erased_customer_is_not_written_to(store: Store, rows: Rows) -> None:
    upsert(store, {"key": "a", "city": "Kyiv"}, {"key": "b"})
    with store.write() as conn:
        conn.execute(text("UPDATE customer SET erased_at = created_at, city = NULL WHERE key = 'a'"))
    result = upsert(store, {"key": "a", "city": "Lviv"}, {"key": "b", "city": "Lviv"})
    assert [(error["index"], error["code"]) for error in result.errors] == [(0, "erased")]
    assert rows("SELECT key, city FROM customer ORDER BY key") == [("a", None), ("b", "Lviv")]


def test_statements_do_not_depend_on_the_number_of_customers(store: Store, count_statements: Any) -> None:
    def batch(size: int, city: str) -> list[Any]:
        return [
            {
                "key": f"c{n}",
                "city": city,
                "email": f"{city}{n}@example.com",
                "consents": [{"channel": "sms", "granted": city == "a"}],
            }
            for n in range(size)
        ]

    upsert(store, *batch(1100, "z"))
    counts = []
    for size, city in ((10, "a"), (1000, "b")):
        new = [{"key": f"{city}{n}", "time_zone": "Europe/Kyiv"} for n in range(size)]
        with count_statements() as counted:
            assert upsert(store, *batch(size, city), *new) == UpsertResult(size, size)
        counts.append(counted())
    assert counts[0] == counts[1]


ANY_TEXT = st.text(st.characters())  # surrogates too
FIELDS = (
    "phone",
    "email",
    "first_name",
    "last_name",
    "birthday",
    "sex",
    "city",
    "country",
    "locale",
    "time_zone",
    "level",
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    item=st.fixed_dictionaries(
        {"key": ANY_TEXT},
        optional={
            **{name: ANY_TEXT | st.none() for name in FIELDS},
            "attributes": st.dictionaries(ANY_TEXT, ANY_TEXT | st.floats() | st.integers() | st.none(), max_size=3),
            "consents": st.lists(st.fixed_dictionaries({"channel": ANY_TEXT, "granted": st.booleans()}), max_size=2),
        },
    )
)
def test_whatever_comes_is_kept_or_refused_by_name(store: Store, item: Any) -> None:
    result = upsert(store, item, {"key": "neighbour"})
    assert all(error["index"] == 0 for error in result.errors)
    assert result.created + result.updated == 2 - bool(result.errors)
    for error in result.errors:
        f"{error['path']} {error['message']}".encode()


def an_enrollment(store: Store, customer: str, **columns: Any) -> int:
    """Put one enrollment straight into the tables."""
    with store.write() as conn:
        journey = conn.execute(text("SELECT id FROM journey")).scalar()
        if journey is None:
            conn.execute(
                text(
                    """INSERT INTO journey (key, name, description, status, pause_epoch, draft, rev, created_at,
                    updated_at) VALUES ('j', 'j', '', 'live', 0, '{}', 0, '2026-01-01', '2026-01-01')"""
                )
            )
            journey = conn.execute(text("SELECT id FROM journey")).scalar()
            conn.execute(
                text(
                    r"""INSERT INTO journey_version (journey_id, number, graph, node_order, published_at, published_by,
                    note) VALUES (:journey, 1, '{"window"\: {"time_zone"\: "Asia/Tokyo"}}', '[]', '2026-01-01', '',
                    '')"""
                ),
                {"journey": journey},
            )
        values = {
            "journey_id": journey,
            "version_id": conn.execute(text("SELECT id FROM journey_version")).scalar(),
            "customer_id": conn.execute(text("SELECT id FROM customer WHERE key = :key"), {"key": customer}).scalar(),
            "entry_key": customer,
            "status": "waiting",
            "node": "n1",
            "visit": 0,
            "seq": 0,
            "depth": 0,
            "attempts": 0,
            "since": "2026-11-24 00:00:00.000000",
            "entered_at": "2026-11-24 00:00:00.000000",
            **columns,
        }
        names = ", ".join(values)
        conn.execute(
            text(f"INSERT INTO enrollment ({names}) VALUES ({', '.join(':' + name for name in values)})"), values
        )
        id: int = conn.execute(text("SELECT max(id) FROM enrollment")).scalar_one()
        return id


def test_timers_follow_the_wall_time_of_a_new_zone(store: Store, rows: Rows) -> None:
    zone = "Europe/Kyiv"
    upsert(store, *({"key": key, "time_zone": zone} for key in ("moved", "homeless", "woken", "fixed", "stays", "due")))
    timer = {"wake_at": "2026-11-25 08:00:00.000000", "wake_local": "2026-11-25T10:00:00"}
    an_enrollment(store, "moved", **timer)
    an_enrollment(store, "homeless", **timer)
    an_enrollment(store, "woken", **timer, woken_by="event")
    an_enrollment(store, "fixed", wake_at="2026-11-25 08:00:00.000000")
    an_enrollment(store, "stays", **timer)
    an_enrollment(store, "due", wake_at="2026-11-24 00:00:00.000000", wake_local="2026-11-24T02:00:00")
    upsert(store, *({"key": key, "time_zone": "Asia/Almaty"} for key in ("moved", "woken", "fixed", "due")))
    upsert(store, {"key": "homeless", "time_zone": None})
    due = {
        key: str(at)[:19]
        for key, at in rows("SELECT c.key, e.wake_at FROM enrollment e JOIN customer c ON c.id = e.customer_id")
    }
    assert due == {
        "moved": "2026-11-25 05:00:00",
        "homeless": "2026-11-25 01:00:00",
        "woken": "2026-11-25 08:00:00",
        "fixed": "2026-11-25 08:00:00",
        "stays": "2026-11-25 08:00:00",
        "due": "2026-11-24 00:00:00",
    }
