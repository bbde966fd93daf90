"""Days are those of the house: what happens after its midnight is of today, wherever the server stands."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from rig.web import a_web
from rig.world import World
from store.days import begin_of, day_of, since
from store.views import journeys as views
from store.views import segments
from web.builder_stats import numbers

EVENING = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)  # half past eleven in Kyiv
NODES = {"t": {"type": "trigger.event", "event": "purchase"}, "e": {"type": "flow.exit"}}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A shop in Kyiv, half an hour before its midnight."""
    world = World(database_url, now=EVENING, zone="Europe/Kyiv")
    yield world
    world.close()


def entered(world: World, period: str) -> int:
    with world.store.read() as conn:
        (version,) = views.versions_of(conn, 1)
        return int(numbers(conn, 1, version, period, world.now)["nodes"]["t"]["entered"])


def test_what_happens_after_the_midnight_of_the_house_is_of_today(world: World) -> None:
    world.journey("welcome", NODES, entry={"reentry": "always"})
    first, second, third = world.customers(3)
    world.happens(first, "purchase")
    world.settle()
    assert (entered(world, "today"), entered(world, "week")) == (1, 1)
    world.pass_time(hours=1)  # half past midnight there, and still the same day in UTC
    assert (entered(world, "today"), entered(world, "week")) == (0, 1)
    world.happens([second, third], "purchase")
    world.settle()
    assert (entered(world, "today"), entered(world, "week")) == (2, 3)
    assert world.rows("SELECT day, sum(n) FROM step_count WHERE port = '@entered' GROUP BY day ORDER BY day") == [
        ("2026-03-02", 1),
        ("2026-03-03", 2),
    ]
    web = a_web(world.store.url)
    web.at = world.now
    assert "Days begin at midnight in UTC" in web.sign_in("analyst").get("/journeys/welcome").text
    web.store.dispose()


def test_a_limit_per_day_begins_anew_at_the_midnight_of_the_house(world: World) -> None:
    world.journey("welcome", NODES, entry={"reentry": "always", "limit_per_day": 1})
    for people in (world.customers(2), world.customers(2)):
        world.happens(people, "purchase")
        world.settle()
    assert world.statuses() == {"completed": 1}
    world.pass_time(hours=1)
    world.happens(world.customers(2), "purchase")
    world.settle()
    assert world.statuses() == {"completed": 2}


def test_members_of_a_segment_are_counted_by_the_days_of_the_house(world: World) -> None:
    (one,) = world.customers(1)
    at = world.moment(EVENING)
    late = world.moment(datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    columns = "key, name, description, rule, rev, built_rev, build_after_id, size, created_at, updated_at"

    def fill(conn: Connection) -> None:
        run = conn.execute
        run(
            text(f"INSERT INTO segment ({columns}) VALUES ('vip', 'VIP', '', '{{}}', 1, 1, 0, 1, :at, :at)"), {"at": at}
        )
        span = "INSERT INTO segment_span (segment_id, customer_id, from_at, until_at) VALUES (1, :one, :at, :late)"
        run(text(span), {"one": one, "at": at, "late": late})

    world.store.run(fill)
    with world.store.read() as conn:
        assert segments.moves_by_day(conn, [1], EVENING.replace(hour=0)) == {
            1: {"2026-03-02": (1, 0), "2026-03-03": (0, 1)}
        }


def test_days_are_cut_where_the_clock_changes(world: World) -> None:
    with world.store.read() as conn:
        assert day_of(conn, EVENING).isoformat() == "2026-03-02"
        assert since(conn, datetime(2026, 3, 29, 12, tzinfo=UTC), 0) == datetime(2026, 3, 28, 22, tzinfo=UTC)
        assert since(conn, datetime(2026, 3, 30, 12, tzinfo=UTC), 0) == datetime(2026, 3, 29, 21, tzinfo=UTC)
        assert begin_of(conn, day_of(conn, EVENING)) == datetime(2026, 3, 1, 22, tzinfo=UTC)
