"""The built-in nodes in a running engine: what they ask for is loaded, what they decide happens."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from rig.world import World

BIG = {"type": "compare", "fact": "data.total", "op": ">=", "value": 1000}
GOLD = {"type": "compare", "fact": "attrs.points", "op": ">=", "value": 500}


def messages(world: World) -> list[tuple[int, str, str, str]]:
    """Return (customer, node, subject, body) of every message, rendered from what was kept with it."""
    found = []
    for customer, node, version, channel, sealed in world.rows(
        "SELECT customer_id, node, version_id, channel, variables FROM message ORDER BY id"
    ):
        variables: dict[str, Any] = orjson.loads(world.store.vault.open(bytes(sealed)))
        with world.store.read() as conn:
            rendered = world.runtime.versions.get(conn, version).nodes[node].render(channel, variables)
        found.append((customer, node, rendered.subject, rendered.body))
    return found


def test_a_purchase_is_split_rewarded_and_spoken_of(world: World) -> None:
    ann, bob, cid = world.customers(
        [
            {"first_name": "Ann", "attributes": {"points": 700}},
            {"first_name": None, "attributes": {}, "time_zone": None},
            {"first_name": "{{ code }}", "attributes": {"points": "many"}, "time_zone": "Foo/Bar"},
        ]
    )
    world.code_batch("thanks")
    world.journey(
        "thanks",
        {
            "t": {"type": "trigger.event", "event": "purchase"},
            "r": {
                "type": "flow.split_rule",
                "branches": [{"port": "big", "when": BIG}, {"port": "gold", "when": GOLD}],
            },
            "c": {"type": "action.promo_code", "batch": "thanks", "prefix": "TY-", "days": 3},
            "s": {
                "type": "action.send",
                "subject": "Hi {{ first_name | default: 'friend' }}",
                "body": "{{ data.order }} {{ attrs.points }} {{ code | slice: 0, 3 }} "
                '{{ code_valid_until | date: "%d.%m %H:%M" }}',
            },
            "w": {"type": "flow.wait", "amount": 1},
            "e": {"type": "action.send", "channel": "sms", "body": "still {{ code | size }} {{ data.order }}"},
        },
        [("t", "next", "r"), *(("r", port, "c") for port in ("big", "gold", "else")), ("c", "next", "s"),
         ("s", "next", "w"), ("w", "next", "e")],
        window={"time_zone": "America/New_York"},
    )  # fmt: skip
    world.now = datetime(2026, 3, 6, 9, tzinfo=UTC)
    for customer, total in ((ann, 10), (bob, 1000), (cid, 10)):
        world.happens(customer, "purchase", {"order": f"O{customer}", "total": total})
    world.settle()
    assert [world.path(one)[1] for one in (ann, bob, cid)] == [("r", "gold"), ("r", "big"), ("r", "else")]
    assert sorted(messages(world)) == [
        (ann, "s", "Hi Ann", f"O{ann} 700 TY- 09.03 23:59"),
        (bob, "s", "Hi friend", f"O{bob}  TY- 09.03 23:59"),
        (cid, "s", "Hi {{ code }}", f"O{cid} many TY- 09.03 23:59"),
    ]
    # in New York clocks go forward on 8 March, so a day's wait that ends on the 8th is 23 hours
    world.pass_time(days=1)
    assert sorted(message[3] for message in messages(world) if message[1] == "e") == sorted(
        f"still 13 O{one}" for one in (ann, bob, cid)
    )
    assert world.statuses() == {"completed": 3}


def test_a_birthday_message_leaves_a_week_before_and_its_code_counts_until_a_week_after(world: World) -> None:
    world.now = datetime(2027, 2, 1, tzinfo=UTC)
    ann, leap = world.customers([{"birthday": date(1990, 3, 1)}, {"birthday": date(1996, 2, 29)}])
    world.code_batch("birthday")
    world.journey(
        "birthday",
        {
            "t": {"type": "trigger.date", "offset_days": -7, "at": "10:00"},
            "c": {"type": "action.promo_code", "batch": "birthday", "valid": "date", "days": 7},
            "s": {"type": "action.send", "channel": "sms", "body": '{{ code_valid_until | date: "%d.%m.%Y" }}'},
        },
        entry={"reentry": "after", "after_days": 300},
    )
    fired: dict[int, str] = {}
    for hour in range(45 * 24):
        world.now += timedelta(hours=1)
        if not 7 <= world.now.hour <= 9 and hour % 24:
            continue  # the scheduler looks each minute; around ten o'clock in Kyiv is enough here
        if world.dates():
            world.settle()
            for customer, _, _, body in messages(world):
                fired.setdefault(customer, f"{world.now:%m-%d %H:%M} {body}")
    assert fired == {ann: "02-22 08:00 08.03.2027", leap: "02-21 08:00 07.03.2027"}


def test_who_sleeps_is_woken_by_a_purchase_or_goes_on_after_months(world: World) -> None:
    ann, bob, new = world.customers(3)
    last = datetime(2025, 5, 31, 20, tzinfo=UTC)
    for one in (ann, bob):
        world.happens(one, "purchase", {"order": f"old{one}"}, at=last)
    world.settle()
    world.journey(
        "sleeping",
        {
            "t": {"type": "trigger.api", "journey": "sleeping"},
            "u": {"type": "flow.wait_until", "until": "profile", "fact": "orders.last_at", "months": 10, "at": "10:00"},
            "w": {"type": "flow.wait_event", "event": "purchase", "amount": 90, "unit": "days"},
            "g": {"type": "flow.goal"},
            "x": {"type": "flow.exit", "reason": "still asleep"},
        },
        [("t", "next", "u"), ("u", "next", "w"), ("w", "happened", "g"), ("w", "timeout", "x")],
    )
    world.happens([ann, bob, new], "journey.start", {"journey": "sleeping"})
    world.happens([ann], "journey.start", {"journey": "another"})
    world.settle()
    assert world.path(new) == [("t", "next"), ("u", "late")]
    assert world.rows("SELECT DISTINCT wake_local FROM enrollment WHERE status = 'waiting'") == [
        ("2026-03-31T10:00:00",)
    ]
    world.now = datetime(2026, 4, 10, tzinfo=UTC)
    world.settle()
    world.happens(ann, "purchase", {"order": "new"})
    world.settle()
    assert world.path(ann)[1:] == [("u", "next"), ("w", "happened"), ("g", "next")]
    world.pass_time(days=90)
    assert world.path(bob)[1:] == [("u", "next"), ("w", "timeout"), ("x", "")]
    reasons = world.rows("SELECT customer_id, reason FROM enrollment WHERE reason IS NOT NULL")
    assert reasons == [(bob, "still asleep")]
    assert world.scalar("SELECT count(*) FROM enrollment WHERE goal_at IS NOT NULL") == 1
