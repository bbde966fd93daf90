"""Membership kept up to date: who enters, who leaves, when, and with which events."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine.segments import preview, rebuild, refresh, save_segment
from rig.people import a_customer, an_event, an_order, open_store
from store.bulk import raw_cursor
from store.db import Store
from store.dirty import mark_dirty
from store.segment_sql import member_ids
from store.types import instant_of, sqlite_text
from wayfare.errors import Conflict, InputRefused
from wayfare.segments import RuleInvalid, parse_rule

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SLEEPING = {"type": "age", "fact": "orders.last_at", "op": "older than", "days": 270}
KYIV = {"type": "compare", "fact": "city", "op": "=", "value": "київ"}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as store:
        yield store


def touch(store: Store, *customers: int, at: datetime = NOW) -> None:
    with store.write() as conn:
        mark_dirty(conn, customers, at)


def move(store: Store, customer: int, city: str) -> None:
    with store.write() as conn:
        folded = {"city": city.casefold()}
        written = text("UPDATE customer SET city = :city, folded = :folded WHERE id = :id")
        if store.dialect == "postgresql":
            written = text("UPDATE customer SET city = :city, folded = CAST(:folded AS jsonb) WHERE id = :id")
        conn.execute(written, {"city": city, "folded": json.dumps(folded), "id": customer})
        mark_dirty(conn, [customer], NOW)


def members(store: Store, key: str) -> set[int]:
    with store.read() as conn:
        rows = conn.execute(
            text("SELECT customer_id FROM segment_member m JOIN segment s ON s.id = m.segment_id WHERE s.key = :key"),
            {"key": key},
        )
        return {row[0] for row in rows}


def events(store: Store) -> list[tuple[str, int, datetime]]:
    """Return the events that segments made, in order: (type without "segment.", customer, at)."""
    with store.read() as conn:
        rows = conn.execute(
            text("SELECT type, customer_id, at FROM event WHERE source = 'segment' AND matched_at IS NULL ORDER BY id")
        )
        return [(row[0].removeprefix("segment."), row[1], instant_of(row[2])) for row in rows]


def spans(store: Store, key: str) -> list[tuple[int, datetime, datetime | None]]:
    with store.read() as conn:
        rows = conn.execute(
            text(
                """SELECT customer_id, from_at, until_at FROM segment_span p JOIN segment s ON s.id = p.segment_id
                WHERE s.key = :key ORDER BY p.id"""
            ),
            {"key": key},
        )
        return [(row[0], instant_of(row[1]), instant_of(row[2]) if row[2] else None) for row in rows]


def settle(store: Store, now: datetime) -> None:
    while refresh(store, now, "Europe/Kyiv"):
        pass


def a_built(store: Store, key: str, rule: dict[str, Any], now: datetime = NOW, rev: int | None = None) -> int:
    saved = save_segment(store, key, key.title(), rule, now, rev=rev)
    settle(store, now)
    return saved.id


def test_the_first_build_makes_members_and_history_but_no_events(store: Store) -> None:
    with store.write() as conn:
        alice, _ = a_customer(conn, "alice", city="Київ"), a_customer(conn, "bob", city="Львів")
    a_built(store, "kyiv", KYIV)
    assert members(store, "kyiv") == {alice}
    assert spans(store, "kyiv") == [(alice, NOW, None)]
    assert events(store) == []


def test_touched_customers_enter_and_leave_with_one_event_each(store: Store) -> None:
    with store.write() as conn:
        alice = a_customer(conn, "alice", city="Львів")
    a_built(store, "kyiv", KYIV)
    for city, hours in (("Київ", 1), ("Львів", 2), ("Київ", 2)):
        move(store, alice, city)
        settle(store, NOW + timedelta(hours=hours))
        touch(store, alice)
        settle(store, NOW + timedelta(hours=hours))  # looked at twice, changed once
    expected = [("entered", 1), ("left", 2), ("entered", 2)]
    assert events(store) == [(type, alice, NOW + timedelta(hours=hours)) for type, hours in expected]
    assert [until for _, _, until in spans(store, "kyiv")] == [NOW + timedelta(hours=2), None]
    with store.read() as conn:
        assert conn.execute(text("SELECT size FROM segment")).scalar_one() == 1


def test_a_sleeping_customer_enters_when_the_right_local_day_begins(store: Store) -> None:
    bought = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)  # 1 March in Kyiv (23:30), 2 March in Kiritimati
    with store.write() as conn:
        kyiv = a_customer(conn, "kyiv", time_zone="Europe/Kyiv")
        east = a_customer(conn, "east", time_zone="Pacific/Kiritimati")
        nowhere = a_customer(conn, "nowhere", time_zone="Foo/Bar")
        never = a_customer(conn, "never", time_zone="")
        for customer in (kyiv, east, nowhere):
            an_order(conn, customer, bought, ("A", 1, 100))
    a_built(store, "sleeping", SLEEPING)
    assert members(store, "sleeping") == set()
    settle(store, NOW + timedelta(days=30))
    east_wakes = datetime(2026, 3, 2) + timedelta(days=271) - timedelta(hours=14)  # noqa: DTZ001 - arithmetic of days
    kyiv_wakes = datetime(2026, 3, 1) + timedelta(days=271) - timedelta(hours=2)  # noqa: DTZ001
    assert sorted(events(store), key=lambda one: one[1]) == [
        ("entered", kyiv, kyiv_wakes.replace(tzinfo=UTC)),
        ("entered", east, east_wakes.replace(tzinfo=UTC)),
        ("entered", nowhere, kyiv_wakes.replace(tzinfo=UTC)),  # an unknown zone falls back to the default
    ]
    with store.write() as conn:
        an_order(conn, kyiv, NOW + timedelta(days=31), ("A", 1, 100))
        mark_dirty(conn, [kyiv], NOW)
    settle(store, NOW + timedelta(days=31))
    assert members(store, "sleeping") == {east, nowhere}
    assert never not in members(store, "sleeping")


def test_time_that_passed_unseen_leaves_every_change_at_its_instant(store: Store) -> None:
    with store.write() as conn:
        alice = a_customer(conn, "alice", birthday=date(1990, 12, 10), time_zone="UTC")
    a_built(store, "birthday", {"type": "birthday", "within_days": 7})
    settle(store, NOW + timedelta(days=60))  # nobody looked for two months
    began, ended = datetime(2026, 12, 3, tzinfo=UTC), datetime(2026, 12, 11, tzinfo=UTC)
    assert events(store) == [("entered", alice, began), ("left", alice, ended)]
    assert spans(store, "birthday") == [(alice, began, ended)]
    assert members(store, "birthday") == set()


def test_an_event_that_leaves_its_window_ends_the_membership_at_that_instant(store: Store) -> None:
    seen = NOW - timedelta(days=29, hours=5)
    with store.write() as conn:
        alice = a_customer(conn, "alice")
        an_event(conn, alice, "visit", seen)
    a_built(store, "visitors", {"type": "events", "event": "visit", "op": ">=", "value": 1, "within_days": 30})
    assert members(store, "visitors") == {alice}
    settle(store, seen + timedelta(days=30) - timedelta(seconds=1))
    assert members(store, "visitors") == {alice}
    settle(store, seen + timedelta(days=30, hours=1))
    assert events(store) == [("left", alice, seen + timedelta(days=30))]


def test_refreshing_in_steps_equals_building_anew(store: Store) -> None:
    rules: dict[str, dict[str, Any]] = {
        "sleeping": SLEEPING,
        "kyiv": KYIV,
        "birthday": {"type": "birthday", "within_days": 7},
        "buyers": {"type": "orders", "op": ">=", "value": 1, "within_days": 10},
        "both": {"type": "all", "rules": [{"type": "segment", "key": "kyiv"}, {"type": "segment", "key": "birthday"}]},
    }
    with store.write() as conn:
        ids = [
            a_customer(conn, f"c{n}", city="Київ", birthday=date(1990, 11, 1) + timedelta(days=n), time_zone="UTC")
            for n in range(40)
        ]
        for n, id in enumerate(ids):
            an_order(conn, id, NOW - timedelta(days=250 + n), ("A", 1, 100))
    for key, rule in rules.items():
        a_built(store, key, rule)
    for day in range(1, 30, 3):
        now = NOW + timedelta(days=day)
        move(store, ids[day], "Львів")
        with store.write() as conn:
            an_order(conn, ids[day], now, ("A", 1, 100))
            mark_dirty(conn, [ids[day]], now)
        settle(store, now)
        for key, rule in rules.items():
            with store.read() as conn:
                assert member_ids(conn, parse_rule(rule), now, "Europe/Kyiv") == members(store, key), (key, day)
    open_spans = {id for id, _, until in spans(store, "both") if until is None}
    assert open_spans == members(store, "both")


def test_a_mark_that_arrives_while_others_are_looked_at_is_not_lost(postgres_url: str) -> None:
    """The mark is made after the refresher read the marks, and before it removes them. SQLite has one writer a time."""
    with open_store(postgres_url) as store:
        _mark_meanwhile(store)


def _mark_meanwhile(store: Store) -> None:
    with store.write() as conn:
        alice, bob = a_customer(conn, "alice", city="Львів"), a_customer(conn, "bob", city="Львів")
    a_built(store, "kyiv", KYIV)
    touch(store, alice, bob)
    done: list[bool] = []

    def meanwhile(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "FROM segment_member" in statement and not done:  # after the marks and values were read
            done.append(True)
            move(store, alice, "Київ")

    sqlalchemy_event.listen(store.engine, "before_cursor_execute", meanwhile)
    try:
        assert refresh(store, NOW, limit=10) >= 2
    finally:
        sqlalchemy_event.remove(store.engine, "before_cursor_execute", meanwhile)
    settle(store, NOW)
    assert done
    assert members(store, "kyiv") == {alice}


def test_a_mark_whose_maker_has_not_committed_yet_neither_blocks_nor_gets_lost(postgres_url: str) -> None:
    with open_store(postgres_url) as store:
        with store.write() as conn:
            alice = a_customer(conn, "alice", city="Львів")
        a_built(store, "kyiv", KYIV)
        touch(store, alice)
        with store.write() as conn:
            mark_dirty(conn, [alice], NOW)
            conn.execute(text("""UPDATE customer SET folded = '{"city": "київ"}', city = 'Київ'"""))
            assert refresh(store, NOW, limit=10) >= 1  # in another transaction, which sees the old city
            assert members(store, "kyiv") == set()
        settle(store, NOW)
        assert members(store, "kyiv") == {alice}


def test_a_refresh_that_fails_before_its_commit_leaves_nothing_and_the_next_one_repeats_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.write() as conn:
        alice = a_customer(conn, "alice", city="Львів")
    a_built(store, "kyiv", KYIV)
    move(store, alice, "Київ")
    with monkeypatch.context() as patch:

        def fail(*_: object) -> None:
            raise RuntimeError("the process ended here")

        patch.setattr("store.segments.forget_dirty", fail)
        with pytest.raises(RuntimeError):
            refresh(store, NOW)
    assert members(store, "kyiv") == set()
    settle(store, NOW)
    assert events(store) == [("entered", alice, NOW)]


def test_a_changed_rule_makes_events_for_the_difference(store: Store) -> None:
    with store.write() as conn:
        alice, bob = a_customer(conn, "alice", city="Київ"), a_customer(conn, "bob", city="Львів")
        carol = a_customer(conn, "carol", city="Київ", level="gold")
    a_built(store, "some", KYIV)
    gold = {"type": "compare", "fact": "level", "op": "=", "value": "Gold"}
    lviv = {"type": "compare", "fact": "city", "op": "=", "value": "Львів"}
    a_built(store, "some", {"type": "any", "rules": [gold, lviv]}, rev=1)
    assert members(store, "some") == {bob, carol}
    assert sorted(events(store)) == [("entered", bob, NOW), ("left", alice, NOW)]


def test_a_build_goes_on_where_it_stopped(store: Store) -> None:
    with store.write() as conn:
        ids = [a_customer(conn, f"c{n}", city="Київ") for n in range(25)]
    saved = save_segment(store, "kyiv", "Kyiv", KYIV, NOW)
    assert rebuild(store, saved.id, NOW, limit=7) == 25
    assert members(store, "kyiv") == set(ids)
    assert rebuild(store, saved.id, NOW, limit=7) == 0


def test_a_customer_touched_ahead_of_the_first_build_enters_with_it_and_without_an_event(store: Store) -> None:
    with store.write() as conn:
        ids = [a_customer(conn, f"c{n}", city="Київ") for n in range(3)]
    save_segment(store, "kyiv", "Kyiv", KYIV, NOW)
    touch(store, *ids)
    settle(store, NOW)
    assert members(store, "kyiv") == set(ids)
    assert events(store) == []


def test_a_segment_of_segments_follows_in_the_same_pass(store: Store) -> None:
    with store.write() as conn:
        alice = a_customer(conn, "alice", city="Львів", time_zone="UTC", birthday=date(1990, 12, 20))
    a_built(store, "soon", {"type": "birthday", "within_days": 7})
    a_built(store, "not-soon", {"type": "not", "rule": {"type": "segment", "key": "soon"}})
    assert members(store, "not-soon") == {alice}
    settle(store, NOW + timedelta(days=21))
    assert members(store, "soon") == {alice}
    assert members(store, "not-soon") == set()
    began = datetime(2026, 12, 13, tzinfo=UTC)
    assert sorted(events(store)) == [("entered", alice, began), ("left", alice, began)]


def test_an_erased_customer_leaves_every_segment(store: Store) -> None:
    with store.write() as conn:
        alice = a_customer(conn, "alice", city="Київ")
    a_built(store, "everyone", {"type": "all", "rules": []})
    assert members(store, "everyone") == {alice}
    with store.write() as conn:
        at = sqlite_text(NOW) if store.dialect == "sqlite" else NOW
        conn.execute(text("UPDATE customer SET erased_at = :now"), {"now": at})
        mark_dirty(conn, [alice], NOW)
    settle(store, NOW)
    assert members(store, "everyone") == set()


def test_zones_that_nobody_knows_stop_nobody(store: Store) -> None:
    with store.write() as conn:
        ids = [
            a_customer(conn, f"c{n}", time_zone=zone, birthday=date(1990, 11, 25))
            for n, zone in enumerate(["", "Foo/Bar", None, "Europe", "../etc/passwd", "Europe/Kyiv", "x" * 64])
        ]
    a_built(store, "birthday", {"type": "birthday", "within_days": 1})
    assert members(store, "birthday") == set(ids)
    with store.read() as conn:
        assert member_ids(conn, parse_rule({"type": "birthday", "within_days": 1}), NOW, "Nowhere") == set(ids)


def test_saving_refuses_what_cannot_be_asked(store: Store) -> None:
    def codes(key: str, rule: Any, rev: int | None = None) -> list[tuple[str, str]]:
        with pytest.raises(RuleInvalid) as caught:
            save_segment(store, key, key, rule, NOW, rev=rev)
        return [(one.path, one.code) for one in caught.value.problems]

    save_segment(store, "a", "a", KYIV, NOW)
    save_segment(store, "b", "b", {"type": "segment", "key": "a"}, NOW)
    assert codes("a", {"type": "not", "rule": {"type": "segment", "key": "b"}}, rev=1) == [("", "cycle")]
    assert codes("c", {"type": "segment", "key": "c"}) == [("", "cycle")]
    either = {"type": "any", "rules": [{"type": "segment", "key": "zzz"}, {"type": "list", "key": "nope"}]}
    assert codes("c", either) == [("rules.0.key", "unknown_segment"), ("rules.1.key", "unknown_list")]
    assert codes("c", {"type": "set", "fact": "data.sku"}) == [("fact", "no_event")]
    with pytest.raises(InputRefused):
        save_segment(store, "Bad Key", "x", KYIV, NOW)


def test_whoever_saves_second_is_told_that_it_was_changed(store: Store) -> None:
    saved = save_segment(store, "a", "A", KYIV, NOW)
    renamed = save_segment(store, "a", "Renamed", KYIV, NOW, rev=saved.rev)
    assert (renamed.rev, renamed.name) == (2, "Renamed")
    for rev in (None, 1, 3):
        with pytest.raises(Conflict):
            save_segment(store, "a", "A", KYIV, NOW, rev=rev)
    with pytest.raises(Conflict):
        save_segment(store, "b", "Renamed", KYIV, NOW)


def test_a_new_name_alone_builds_nothing(store: Store) -> None:
    with store.write() as conn:
        a_customer(conn, "alice", city="Київ")
    id = a_built(store, "a", KYIV)
    saved = save_segment(store, "a", "Another name", KYIV, NOW, rev=1)
    assert saved.built_rev == saved.rev == 2
    assert rebuild(store, id, NOW) == 0


def test_a_preview_counts_and_samples_without_saving(store: Store) -> None:
    with store.write() as conn:
        ids = [a_customer(conn, f"c{n}", city="Київ") for n in range(5)]
        a_customer(conn, "other", city="Львів")
    found = preview(store, KYIV, NOW, 2)
    assert found.count == 5
    assert found.sample == [ids[4], ids[3]]


def test_the_number_of_statements_does_not_depend_on_the_number_of_customers(store: Store) -> None:
    counted = []
    with store.write() as conn:
        few = [a_customer(conn, f"few{n}", city="Львів") for n in range(10)]
        many = [a_customer(conn, f"many{n}", city="Львів") for n in range(200)]
    for key, rule in (("kyiv", KYIV), ("sleeping", SLEEPING), ("all", {"type": "segment", "key": "kyiv"})):
        a_built(store, key, rule)
    for some in (few, many):
        with store.write() as conn:
            for id in some:
                an_order(conn, id, NOW - timedelta(days=300), ("A", 1, 1))
            raw_cursor(conn).execute('UPDATE customer SET folded = \'{"city": "київ"}\'')
            mark_dirty(conn, some, NOW)
        statements: list[str] = []

        def note(cursor: Any, statement: str, statements: list[str] = statements) -> None:
            statements.append(statement)

        with counting(store, note):
            assert refresh(store, NOW) >= len(some)
        counted.append(len(statements))
    assert counted[0] == counted[1]


class counting:
    """Call `note` for every statement, through SQLAlchemy or by the driver's cursor."""

    def __init__(self, store: Store, note: Any) -> None:
        self.store, self.note = store, note

    def __enter__(self) -> None:
        import store.bulk

        self.original = original = store.bulk.raw_cursor

        def counted(conn: Any) -> Any:
            cursor = original(conn)
            note = self.note

            class Counted:
                def execute(self, statement: str, *parameters: Any) -> Any:
                    note(cursor, statement)
                    return cursor.execute(statement, *parameters)

                def executemany(self, statement: str, *parameters: Any) -> Any:
                    note(cursor, statement)
                    return cursor.executemany(statement, *parameters)

                def __getattr__(self, name: str) -> Any:
                    return getattr(cursor, name)

            return Counted()

        self.patch = pytest.MonkeyPatch()
        for module in ("store.bulk", "store.segments", "store.facts"):
            self.patch.setattr(f"{module}.raw_cursor", counted)
        sqlalchemy_event.listen(self.store.engine, "before_cursor_execute", self._seen)

    def _seen(self, conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.note(cursor, statement)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()
        sqlalchemy_event.remove(self.store.engine, "before_cursor_execute", self._seen)
