"""What pages are told: counts that agree with the lists behind them, pages that join up, searches that find."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from rig.people import a_customer
from rig.shop import fill
from rig.statements import counted
from rig.web import NOON, Web, a_web
from store import uncertain
from store.db import Store
from store.views import customers, hold_still, home, journeys, people, segments, timeline
from store.views._parts import first_id_since
from wayfare.errors import NotFound


@pytest.fixture
def shop(database_url: str) -> Iterator[Web]:
    """A shop that ran for some days."""
    web = a_web(database_url)
    fill(web, customers=24, days=10)
    yield web
    web.store.dispose()


def _everyone(store: Store, asked: people.Asked, page: int = 3) -> list[people.Person]:
    """Return all people behind a count, page by page."""
    found: list[people.Person] = []
    with store.read() as conn:
        while True:
            rows = people.behind(conn, asked, before_id=found[-1].id if found else None, limit=page)
            found += rows
            if len(rows) < page:
                return found


def test_every_count_of_a_journey_is_the_length_of_the_list_behind_it(shop: Web) -> None:
    with shop.store.read() as conn:
        every = [line for line in journeys.all_journeys(conn) if line.live_version_id]
        tallies = journeys.tallies(conn)
    assert {line.key for line in every} == {"birthday", "welcome", "win-back"}
    for line in every:
        version = line.live_version_id or 0
        with shop.store.read() as conn:
            here, passed = journeys.here(conn, version), journeys.passed(conn, version)
            stuck, reached = journeys.stuck(conn, line.id, version), journeys.goals(conn, [line.id])

        def count(kind: str, node: str = "", port: str = "", line: journeys.JourneyLine = line) -> int:
            return len(_everyone(shop.store, people.Asked(kind, line.id, line.live_version_id or 0, node, port)))

        for node, n in here.items():
            assert count("here", node) == n
        for (node, port), n in passed.items():
            assert count("passed", node, port) == n, (line.key, node, port)
        for (node, status), n in stuck.items():
            assert count(status, node) == n
        tally = tallies[line.id]
        assert count("entered") == tally.entered == reached[line.id][1]
        assert count("active") == tally.active
        assert count("goal") == reached[line.id][0]
        assert count("completed") == tally.end("completed")
        assert count("exited") == tally.end("exited")
        assert count("quarantined") == tally.end("quarantined")
        assert tally.parked == 0
        assert tally.live == sum(here.values())


def test_a_period_leaves_out_what_came_before_it(shop: Web) -> None:
    with shop.store.read() as conn:
        line = journeys.find_journey(conn, "welcome")
        version = line.live_version_id or 0
        today = NOON.date().isoformat()
        since = datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC) - timedelta(days=3)
        whole, late = journeys.passed(conn, version), journeys.passed(conn, version, since.date().isoformat())
        assert journeys.passed(conn, version, today).keys() <= late.keys() <= whole.keys()
        assert late["start", "next"] < whole["start", "next"]
        asked = people.Asked("passed", line.id, version, "start", "next", since)
        assert len(people.behind(conn, asked, limit=500)) == late["start", "next"]


def test_a_timeline_page_by_page_is_the_whole_timeline(shop: Web) -> None:
    with shop.store.read() as conn:
        ids = [row[0] for row in conn.execute(text("SELECT id FROM customer ORDER BY id LIMIT 8"))]
        for id in ids:
            whole = timeline.timeline(conn, id, limit=1000)
            assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
            pages: list[timeline.Entry] = []
            while True:
                last = timeline.Mark(pages[-1].at, pages[-1].kind, pages[-1].id) if pages else None
                page = timeline.timeline(conn, id, after=last, limit=4)
                pages += page
                if len(page) < 4:
                    break
            assert pages == whole
        kinds = {entry.kind for id in ids for entry in timeline.timeline(conn, id, limit=1000)}
    assert kinds >= {"entered", "step", "message", "order", "event", "consent", "segment_entered", "ended"}


def test_a_purchase_is_told_once(shop: Web) -> None:
    with shop.store.read() as conn:
        id = conn.execute(text("SELECT customer_id FROM sales_order LIMIT 1")).scalar_one()
        entries = timeline.timeline(conn, id, limit=1000)
        orders = [entry for entry in entries if entry.kind == "order"]
        assert orders
        assert not [entry for entry in entries if entry.kind == "event" and entry.values["type"] == "purchase"]
        assert timeline.lines_of(conn, [orders[0].id])[orders[0].id][0][3] == 49_900


@pytest.mark.parametrize(
    "typed",
    ["олена", "ОЛЕНА Ков", "ковал оле", "c-77", "OLENA.K", "067 123", "+38067123", "380671234567", "0671234567"],
)
def test_a_customer_is_found_by_the_beginning_of_what_people_type(database_url: str, typed: str) -> None:
    web = a_web(database_url)
    profile: dict[str, Any] = {"first_name": "Олена", "last_name": "Коваленко", "email": "olena.k@mail.example"}
    web.store.run(lambda conn: a_customer(conn, "c-770", **profile, phone="+380671234567"))
    web.store.run(lambda conn: a_customer(conn, "other", first_name="100%_a", last_name="Бондар"))
    with web.store.read() as conn:
        assert [one.key for one in customers.search_customers(conn, customers.Search(typed))] == ["c-770"]
        assert customers.search_customers(conn, customers.Search("%")) == []
        assert [one.key for one in customers.search_customers(conn, customers.Search("100%_"))] == ["other"]
    web.store.dispose()


def test_who_may_not_browse_finds_only_what_was_typed_whole(shop: Web) -> None:
    with shop.store.read() as conn:
        for typed in ("c-1003", "client3@mail.example", "067 000 0003", "+380670000003"):
            found = customers.search_customers(conn, customers.Search(typed, is_exact=True))
            assert [one.key for one in found] == ["c-1003"]
        for typed in ("c-100", "client", "067", "Олена", "%", ""):
            assert customers.search_customers(conn, customers.Search(typed, is_exact=True)) == []


def test_pages_of_customers_join_up(shop: Web) -> None:
    with shop.store.read() as conn:
        whole = customers.search_customers(conn, customers.Search(), limit=1000)
        assert len(whole) == customers.count_customers(conn) == 24
        pages = customers.search_customers(conn, customers.Search(), limit=10)
        pages += customers.search_customers(conn, customers.Search(), before_id=pages[-1].id, limit=1000)
        assert pages == whole
        bought = customers.search_customers(conn, customers.Search(bought="yes"), limit=1000)
        never = customers.search_customers(conn, customers.Search(bought="no"), limit=1000)
        assert len(bought) + len(never) == 24
        member = customers.search_customers(conn, customers.Search(segment="never"), limit=1000)
        assert {one.key for one in member} == {one.key for one in never}


def test_a_profile_holds_everything_and_costs_the_same_for_everybody(shop: Web) -> None:
    with counted(shop.store) as statements, shop.store.read() as conn:
        profile = customers.get_profile(conn, "c-1001")
        with pytest.raises(NotFound):
            customers.get_profile(conn, "nobody")
    assert len(statements) <= 14
    assert profile.attributes["favourite_brand"]
    assert len(profile.consents) == 2
    assert "welcome" in {passage.journey_key for passage in profile.passages}


def test_sizes_of_a_segment_follow_from_its_history(shop: Web) -> None:
    with shop.store.read() as conn:
        counts = segments.member_counts(conn)
        ids = {row[0]: row[1] for row in conn.execute(text("SELECT key, id FROM segment"))}
        moves = segments.moves_by_day(conn, ids.values(), NOON - timedelta(days=40))
        for id in ids.values():
            assert sum(entered - left for entered, left in moves[id].values()) == counts.get(id, 0)
        used = segments.graphs_with(conn, "sleeping")
    assert [row[0] for row in used] == ["win-back"]


def test_what_happens_now_is_counted_by_hour(shop: Web) -> None:
    since = NOON - timedelta(days=30)
    with shop.store.read() as conn:
        for hours, rows in (
            (home.events_by_hour(conn, since), "event"),
            (home.entered_by_hour(conn, since), "enrollment"),
            (home.sent_by_hour(conn, since), "attempt WHERE outcome = 'sent'"),
        ):
            assert sum(hours.values()) == conn.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one() > 0
        assert home.events_by_hour(conn, NOON + timedelta(days=1)) == {}
        assert home.live_count(conn) == sum(tally.live for tally in journeys.tallies(conn).values())
        assert [closed.channel for closed in home.closed_channels(conn, NOON)] == ["viber"]
        assert home.latest_events(conn)[0].type == "purchase"
        assert home.oldest_unmatched(conn) is None
        assert not home.is_empty(conn)


def test_the_first_row_since_an_instant_is_found_by_halving(shop: Web) -> None:
    with shop.store.read() as conn:
        rows = conn.execute(text("SELECT id, received_at FROM event ORDER BY id")).all()
        for since in (NOON - timedelta(days=days, hours=days) for days in range(12)):
            first = first_id_since(conn, "event", "received_at", since)
            query = text("SELECT min(id) FROM event WHERE received_at >= :since")
            value = since if shop.store.dialect == "postgresql" else f"{since:%Y-%m-%d %H:%M:%S.%f}"
            expected = conn.execute(query, {"since": value}).scalar_one()
            assert first == (expected or rows[-1][0] + 1)


def test_a_decision_counts_only_for_messages_that_are_uncertain(shop: Web) -> None:
    with shop.store.read() as conn:
        waiting = uncertain.uncertain_ids(conn)
        sent = conn.execute(text("SELECT min(id) FROM message WHERE status = 'sent'")).scalar_one()
    assert waiting
    again = shop.store.run(lambda conn: uncertain.send_again(conn, [waiting[0], sent], NOON))
    assert again == [waiting[0]]
    closed = shop.store.run(lambda conn: uncertain.treat_as_sent(conn, waiting, NOON, "alice"))
    assert closed == waiting[1:]
    with shop.store.read() as conn:
        rows = {row[0]: row[1] for row in conn.execute(text("SELECT id, status FROM message"))}
        assert rows[waiting[0]] == "pending"
        assert {rows[id] for id in waiting[1:]} <= {"sent"}
        assert uncertain.uncertain_ids(conn) == []


def test_an_unknown_journey_is_not_found(shop: Web) -> None:
    with shop.store.read() as conn, pytest.raises(NotFound):
        journeys.find_journey(conn, "no-such")


def test_a_page_sees_the_database_at_one_moment(database_url: str) -> None:
    web = a_web(database_url)
    web.store.run(lambda conn: a_customer(conn, "first"))
    with web.store.read() as conn:
        hold_still(conn)
        assert customers.count_customers(conn) == 1
        web.store.run(lambda other: a_customer(other, "second"))
        assert customers.count_customers(conn) == 1
    with web.store.read() as conn:
        assert customers.count_customers(conn) == 2
    web.store.dispose()


def test_what_segments_have_in_common_is_what_their_members_say(shop: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["vip", "sleeping", "kyiv", "never", "nobody"]
    with shop.store.read() as conn:
        query = "SELECT s.key, m.customer_id FROM segment_member m JOIN segment s ON s.id = m.segment_id"
        members: dict[str, set[int]] = {}
        for key, customer in conn.execute(text(query)):
            members.setdefault(key, set()).add(customer)
        pairs = {frozenset((a, b)): len(members[a] & members[b]) for a in members for b in members if a < b}
        assert segments.shared(conn, keys) == {pair: n for pair, n in pairs.items() if n}
        assert segments.shared(conn, keys)
        assert segments.shared(conn, ["vip"]) == segments.shared(conn, []) == {}
        monkeypatch.setattr(segments, "COUNTED", 3)
        assert segments.shared(conn, keys) == {}, "nothing is counted when it would take long"
