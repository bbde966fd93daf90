"""Date triggers: once a local date, in every zone, through leap years and clock changes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rig.world import World

BIRTHDAY = {"type": "trigger.date", "date": "birthday", "offset_days": -7, "at": "10:00"}
AGAIN = {"reentry": "after", "after_days": 300}


def test_the_message_leaves_seven_days_before_at_ten_where_the_customer_lives(world: World) -> None:
    kyiv, almaty, other = world.customers(
        [
            {"birthday": date(1990, 3, 9), "time_zone": "Europe/Kyiv"},
            {"birthday": date(1985, 3, 9), "time_zone": "Asia/Almaty"},
            {"birthday": date(1985, 3, 10), "time_zone": "Europe/Kyiv"},
        ]
    )
    world.journey("birthday", {"enter": BIRTHDAY}, entry=AGAIN)
    world.now = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
    assert world.dates() == 0
    world.now = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    assert world.dates() == 1
    assert world.rows("SELECT customer_id FROM enrollment") == [(almaty,)]
    world.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert world.dates() == 1
    assert world.dates() == 0
    assert world.rows("SELECT customer_id FROM enrollment ORDER BY id DESC LIMIT 1") == [(kyiv,)]
    world.now = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert world.dates() == 1
    assert world.rows("SELECT customer_id FROM enrollment ORDER BY id DESC LIMIT 1") == [(other,)]


def test_an_import_inside_the_window_enters_late_only_as_far_as_allowed(world: World) -> None:
    world.journey("strict", {"enter": BIRTHDAY}, entry=AGAIN)
    world.journey("patient", {"enter": {**BIRTHDAY, "late": 3}}, entry=AGAIN)
    world.now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    world.customers([{"birthday": date(1990, 3, 9)}])  # was to be greeted on 2 March
    world.dates()
    query = "SELECT j.key FROM enrollment e JOIN journey j ON j.id = e.journey_id"
    assert world.rows(query) == [("patient",)]


@pytest.mark.parametrize(("leap_day", "day"), [("28 February", 28), ("1 March", 1)])
def test_the_twenty_ninth_of_february_is_greeted_every_year(world: World, leap_day: str, day: int) -> None:
    world.customers([{"birthday": date(1992, 2, 29)}])
    trigger = {"type": "trigger.date", "date": "birthday", "at": "10:00", "leap_day": leap_day}
    world.journey("birthday", {"enter": trigger}, entry={"reentry": "after", "after_days": 300})
    for year in range(2026, 2034):
        for offset in range(-3, 4):
            world.now = datetime(year, 3, 1, 12, tzinfo=UTC) + timedelta(days=offset)
            world.dates()
            world.settle()
    fired = [row[0] for row in world.rows("SELECT local_date FROM occurrence ORDER BY local_date")]
    expected = [
        f"{year}-02-29" if year % 4 == 0 else f"{year}-{'03-01' if day == 1 else '02-28'}" for year in range(2026, 2034)
    ]
    assert fired == expected


def test_clock_changes_fire_once(world: World) -> None:
    """In Kyiv 03:30 does not exist on 29 March 2026 and exists twice on 25 October 2026."""
    world.customers([{"birthday": date(1990, 3, 29)}, {"birthday": date(1990, 10, 25)}])
    world.journey("birthday", {"enter": {"type": "trigger.date", "date": "birthday", "at": "03:30"}}, entry=AGAIN)
    for start in (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)):
        for minutes in range(0, 12 * 60, 10):
            world.now = start + timedelta(minutes=minutes)
            world.dates()
    rows = world.rows("SELECT c.birthday, o.at FROM occurrence o JOIN customer c ON c.id = o.customer_id ORDER BY o.at")
    assert [(str(born), str(at)[:16]) for born, at in rows] == [
        ("1990-03-29", "2026-03-29 01:00"),
        ("1990-10-25", "2026-10-25 00:30"),
    ]


def test_empty_and_unknown_zones_fall_back_to_the_journeys(world: World) -> None:
    zones = ["", "Foo/Bar", None, "Europe/Kyiv"]
    world.customers([{"birthday": date(1990, 3, 9), "time_zone": zone} for zone in zones])
    world.journey("birthday", {"enter": BIRTHDAY}, entry=AGAIN, window={"time_zone": "Europe/Kyiv"})
    world.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert world.dates() == 4


def test_dates_in_attributes_and_dates_that_come_once(world: World) -> None:
    world.customers([{"attributes": {"renewal": "2026-03-09"}}, {"attributes": {"renewal": 20260309}}])
    once = {"type": "trigger.date", "date": "attrs.renewal", "at": "10:00", "every_year": False}
    world.journey("renewal", {"enter": once}, entry={"reentry": "always"})
    for year in (2026, 2027):
        world.now = datetime(year, 3, 9, 12, tzinfo=UTC)
        world.dates()
        world.settle()
    assert world.scalar("SELECT count(*) FROM enrollment") == 1
