"""Orders and payments whose server is killed at each named point: the till asks again, and it happens once.

The oracle is the same operation without a crash: it must change the very same figures by the very same amounts.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.certificates import sold
from rig.counter import Counter
from rig.coupons import some_codes
from rig.crew import Crew
from rig.orders import cart, off, percent, reserved, rules
from rig.waiting import until
from rig.world import SECRET, World
from store.invariants import look
from wayfare.crashpoints import POINTS
from wayfare.supervise.ports import any_free
from web import accounts

pytestmark = pytest.mark.faults

ANSWER = ("answer.begun", "answer.done", "answer.kept")
LATE = ("expire.written", "expire.committed")
FIGURES = (
    "SELECT 'order ' || status, count(*), sum(payable), sum(refunded) FROM redemption GROUP BY status",
    "SELECT name, used, reserved, 0 FROM usage_counter WHERE name NOT LIKE '%:code:%' AND name NOT LIKE 'c:%'",
    "SELECT 'entry ' || kind, count(*), sum(amount), 0 FROM usage_entry GROUP BY kind",
    "SELECT 'code ' || status, count(*), sum(uses), sum(held) FROM code GROUP BY status",
    "SELECT 'return', count(*), sum(refund), 0 FROM redemption_return",
    "SELECT 'event ' || type, count(*), 0, 0 FROM event GROUP BY type",
    "SELECT 'certificates', count(*), sum(balance), sum(held) FROM certificate",
    "SELECT 'payment ' || status, count(*), sum(captured), sum(refunded) FROM certificate_hold GROUP BY status",
    "SELECT 'movement ' || kind, count(*), 0, 0 FROM journal GROUP BY kind",
    "SELECT 'account ' || kind, count(*), sum(abs(amount)), 0 FROM posting p JOIN journal j ON j.id = p.journal_id "
    "GROUP BY kind",
)


class Shop:
    """A shop with a promotion of each limit, codes, and certificates; every order and payment has a number."""

    def __init__(self, world: World, counter: Counter, codes: list[str]) -> None:
        self.world, self.counter, self.codes = world, counter, codes
        self.number = 0

    def new(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def post(self, path: str, body: Any = None) -> Any:
        status, answer = self.counter.insists("POST", path, body, key=f"call-{self.new()}")
        assert status in (200, 201), answer
        return answer

    def order(self) -> dict[str, Any]:
        """Return what reserves the next order, with a code of its own."""
        goods = cart(("soap", 10_000, 2), ("oil", 4_999, 1), codes=(self.codes.pop(),), customer="olena")
        return {"order": self.new(), "cart": goods, "phone": "+380671234567"}

    def reserved(self) -> str:
        return f"/redemptions/{self.post('/redemptions', self.order())['id']}"

    def confirmed(self) -> str:
        path = self.reserved()
        self.post(f"{path}/confirm")
        return path

    def payment(self) -> dict[str, Any]:
        gift = sold(self.world, 50_000, line=self.new())
        return {"number": gift.scan, "amount": 20_000, "currency": "UAH", "key": self.new(), "order": "o"}

    def authorised(self) -> str:
        asked = self.payment()
        self.post("/certificates/authorise", asked)
        return f"/certificates/payments/{asked['key']}"

    def captured(self) -> str:
        path = self.authorised()
        self.post(f"{path}/capture", {})
        return path

    def figures(self) -> dict[str, tuple[int, ...]]:
        found = (row for query in FIGURES for row in self.world.rows(query))
        return {row[0]: tuple(int(value or 0) for value in row[1:]) for row in found}


@dataclass(frozen=True)
class Operation:
    """Something at a till. `prepare` brings the shop to where it may happen, and returns the call that does it."""

    name: str
    points: tuple[str, ...]
    prepare: Callable[[Shop], tuple[str, Any]]
    room: str = "/redemptions"


OPERATIONS = (
    Operation(
        "reserve",
        ("reserve.added", "reserve.counted", "reserve.written", *ANSWER),
        lambda shop: ("/redemptions", shop.order()),
    ),
    Operation(
        "confirm, its code is used",
        ("confirm.counted", "confirm.redeemed", "confirm.written", *ANSWER),
        lambda shop: (f"{shop.reserved()}/confirm", None),
    ),
    Operation(
        "release",
        ("release.counted", "release.written", *ANSWER),
        lambda shop: (f"{shop.reserved()}/release", None),
    ),
    Operation(
        "return of a part",
        ("return.counted", "return.written", *ANSWER),
        lambda shop: (f"{shop.confirmed()}/return", {"key": "slip", "lines": {"soap": 1}}),
    ),
    Operation(
        "return of everything, its code is free again",
        ("return.counted", "return.written", "answer.done"),
        lambda shop: (f"{shop.confirmed()}/return", {"key": "slip"}),
    ),
    Operation(
        "authorise",
        ("authorise.held", "ledger.headed", "authorise.written", *ANSWER),
        lambda shop: ("/certificates/authorise", shop.payment()),
        "/certificates",
    ),
    Operation(
        "capture of a part",
        ("capture.marked", "ledger.headed", "capture.written", *ANSWER),
        lambda shop: (f"{shop.authorised()}/capture", {"amount": 15_000}),
        "/certificates",
    ),
    Operation(
        "pay at once",
        ("authorise.written", "capture.marked", "capture.written", "answer.done"),
        lambda shop: ("/certificates/redeem", shop.payment()),
        "/certificates",
    ),
    Operation(
        "release of a payment",
        ("ledger.headed", "answer.done"),
        lambda shop: (f"{shop.authorised()}/release", None),
        "/certificates",
    ),
    Operation(
        "refund",
        ("refund.counted", "ledger.headed", "refund.written", "answer.done"),
        lambda shop: (f"{shop.captured()}/refund", {"amount": 5_000, "refund": "r"}),
        "/certificates",
    ),
)


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    limits = {"total": 1_000, "per_day": 1_000, "per_customer": 500, "per_code": 1, "spend": 10**7}
    codes = some_codes(world, 40, key="birthday", max_uses_customer=1)
    world.customers([{"key": "olena"}])
    rules(
        world,
        off("present", 5_000, requires_code="BIRTHDAY", usage=limits),
        percent("tenth", "10", usage={"total": 1_000, "spend": 10**7}),
    )
    with Counter(world, till(world)) as counter:
        counter.open()
        yield Shop(world, counter, codes)


def till(world: World) -> dict[str, str]:
    """Return the header of a till's key."""
    rights = ("quotes.make", "codes.redeem", "certificates.read", "certificates.redeem")
    _, token = accounts.add_key(world.store, "till", "till", rights, by="test", now=world.now, shop="shop-1")
    return {"Authorization": f"Bearer {token}"}


def change(shop: Shop, operation: Operation, crash: str = "") -> dict[str, tuple[int, ...]]:
    """Do the operation once, with a crash; return what it changed. The very same call again must change nothing."""
    path, body = operation.prepare(shop)
    before = shop.figures()
    if crash:
        shop.counter.open(f"{crash}:1:kill")
    key = f"call-{shop.new()}"
    deaths = shop.counter.deaths
    status, answer = shop.counter.insists("POST", path, body, key)
    assert status in (200, 201), answer
    assert shop.counter.deaths == deaths + bool(crash), f"the server never passed {crash}"
    after = shop.figures()
    assert shop.counter.insists("POST", path, body, key) == (status, answer), "the same key, the same answer"
    if body is None or {"order", "key", "refund"} & body.keys():  # what names itself needs no key
        assert shop.counter.insists("POST", path, body)[0] == 200
    assert shop.figures() == after, "again is nothing"
    nothing = (0, 0, 0)
    return {
        name: moved
        for name, values in after.items()
        if any(moved := tuple(a - b for a, b in zip(values, before.get(name, nothing), strict=True)))
    }


def broken(world: World) -> list[Any]:
    """Return the broken invariants of money."""
    with world.store.read() as conn:
        return [one for one in look(conn, now=world.now) if one.invariant.id == "I7" and one.breaches]


@pytest.mark.parametrize("room", ["/redemptions", "/certificates"])
def test_a_server_killed_at_any_point_leaves_exactly_one_effect(shop: Shop, room: str) -> None:
    for operation in (one for one in OPERATIONS if one.room == room):
        expected = change(shop, operation)
        assert expected, operation.name
        for point in operation.points:
            assert change(shop, operation, point) == expected, f"{operation.name}, killed at {point}"
            assert broken(shop.world) == [], f"{operation.name}, killed at {point}"


def test_every_point_of_an_order_is_tried() -> None:
    tried = {point for one in OPERATIONS for point in one.points} | set(LATE)
    assert tried == {point for point in POINTS if point.partition(".")[0] in {one.partition(".")[0] for one in tried}}


@pytest.mark.parametrize("point", LATE)
def test_orders_that_nobody_paid_are_let_go_once_whatever_dies(world: World, crew: Crew, point: str) -> None:
    """450 of them, in transactions of their own: a scheduler dies after the first, and the next one does the rest."""
    rules(world, percent("tenth", "10", usage={"total": 1_000, "spend": 10**7}))
    for number in range(450):
        reserved(world, cart(("soap", 1_000, 1)), f"o{number}")
    world.now += timedelta(hours=1)
    crew.turn_clock()
    (victim,) = crew.hire(crash=f"{point}:1:kill", task="tick")
    crew.has_crashed(victim)
    left = dict(world.rows("SELECT status, count(*) FROM redemption GROUP BY status"))
    assert left == ({"reserved": 450} if point == "expire.written" else {"reserved": 250, "expired": 200})
    assert broken(world) == []
    crew.hire(2, task="tick")
    orders = "SELECT count(*) FROM redemption WHERE status = 'expired'"
    crew.when(lambda: world.scalar(orders) == 450, "every order let go")
    crew.stop()
    assert world.rows("SELECT sum(used), sum(reserved) FROM usage_counter") == [(0, 0)]
    assert broken(world) == []


def test_the_web_server_itself_comes_back_and_the_doctor_finds_nothing(
    world: World, shop: Shop, tmp_path: Path
) -> None:
    """`wayfare web` as it is deployed: its worker is killed, the server starts another, the till asks again."""
    file, port = tmp_path / "crash", any_free()
    settings = {
        "WAYFARE_DATABASE_URL": world.store.url,
        "WAYFARE_SECRET_KEY": SECRET.decode(),
        "WAYFARE_DATA_DIR": str(tmp_path),
        "WAYFARE_PORT": str(port),
        "WAYFARE_CRASH": f"@{file}",
    }
    wayfare = [sys.executable, "-m", "wayfare"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([*wayfare, "web"], env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        call = partial(_insists, shop.counter, port)
        until(lambda: call("GET", "/health/live")[0] == 200, "the web server", 60)
        made = call("POST", "/redemptions", shop.order())[1]
        file.write_text("confirm.redeemed")
        assert call("POST", f"/redemptions/{made['id']}/confirm")[1]["status"] == "confirmed"
        assert not file.exists(), "the worker never passed the point"
        assert shop.figures()["order confirmed"][:1] == (1,)
        assert shop.figures()["code redeemed"] == (1, 1, 0)
    finally:
        server.terminate()
        server.wait(60)
    told = subprocess.run(
        [*wayfare, "doctor", "--invariants"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Balance and reserved money" in told.stdout


def _insists(counter: Counter, port: int, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Ask the server on a port until it answers."""
    counter.port = port

    def answered() -> tuple[int, Any] | None:
        try:
            return counter.ask(method, path, body)
        except OSError:
            return None

    return until(answered, f"an answer to {path}", 60) or (0, None)
