"""The till of examples/till.py and a server that goes away: it sells on, dies at any line, and nothing counts twice."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from offers.till import keys
from rig.coupons import some_codes
from rig.offline import STORE, a_sale, a_snapshot, handed_in
from rig.orders import cart, money_is_right, off, percent, rules, taken
from rig.waiting import until
from rig.world import SECRET, World
from wayfare import clock, crashpoints
from wayfare.crashpoints import POINTS
from wayfare.supervise.ports import any_free
from web import accounts

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
TRACED = """
import argparse, os, runpy, signal, sys, urllib.request
import offers.till.offline  # not traced: it takes long
script, left = sys.argv[1], int(sys.argv[2])
sys.argv = sys.argv[2:]
def trace(frame, event, arg):
    global left
    if frame.f_code.co_filename != script:
        return None
    left -= event == "line"
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
runpy.run_path(script, run_name="__main__")
"""


class Till:
    """One till in processes that come and go, and the server that it may or may not reach."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.port = world, folder, any_free()
        self.server: subprocess.Popen[bytes] | None = None
        rights = ("quotes.make", "tills.sync", "codes.redeem")
        _, token = accounts.add_key(
            world.store, "till", "till", rights, by="test", now=world.now, expires_at=None, shop=STORE
        )
        pairs = keys.ensured(world.store, world.now)
        (folder / "wayfare.pem").write_text("".join(pair.pem for pair in keys.published(pairs, world.now)))
        self.env = {**os.environ, "TILL_KEY": token, "PYTHONPATH": str(ROOT)}

    def connect(self) -> None:
        """Start the server."""
        env = {
            **os.environ,
            "WAYFARE_DATABASE_URL": self.world.store.url,
            "WAYFARE_SECRET_KEY": SECRET.decode(),
            "WAYFARE_DATA_DIR": str(self.folder / "data"),
        }
        command = [sys.executable, "-m", "wayfare", "web", "--port", str(self.port)]
        self.server = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
        until(self._answers, "a server", 60)

    def cut(self) -> None:
        """Stop the server at once, as a network does that is cut."""
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def start(self, *args: str, kill_at: int = 0) -> "subprocess.Popen[str]":
        """Start the till; `kill_at` counts the lines of its program until it dies."""
        script = str(ROOT / "examples" / "till.py")
        front = ["-c", TRACED, script, str(kill_at)] if kill_at else [script]
        given = {
            "--server": f"http://127.0.0.1:{self.port}",
            "--store": STORE,
            "--till": "1",
            "--folder": str(self.folder / "till"),
            "--public-key": str(self.folder / "wayfare.pem"),
        }
        pipe = subprocess.PIPE
        command = [sys.executable, *front, *[part for pair in given.items() for part in pair], *args]
        return subprocess.Popen(command, env=self.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def run(self, carts: Sequence[dict[str, Any]] = (), *args: str, kill_at: int = 0) -> tuple[list[Any], str, int]:
        """Let the till sell; return its receipts, what else it says, and its exit code."""
        process = self.start(*args, kill_at=kill_at)
        out, said = process.communicate("".join(json.dumps(one) + "\n" for one in carts), timeout=120)
        return [json.loads(line) for line in out.splitlines() if line.endswith("}")], said, process.returncode

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def till(world: World, tmp_path: Path) -> Iterator[Till]:
    world.now = clock.now()
    made = Till(world, tmp_path)
    yield made
    made.cut()


def carts(codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return a morning's carts, one of each code."""
    return [
        {"id": f"sale-{number}", "cart": cart(("soap", 10_000, 1 + number % 3), codes=(code,), customer="olena")}
        for number, code in enumerate(codes)
    ]


def test_a_till_sells_without_a_network_dies_and_is_counted_once(world: World, till: Till) -> None:
    codes = some_codes(world, 8, key="gift", offline=True, length=16)
    rules(world, percent("tenth", "10", usage={"total": 100}), off("present", 500, requires_code="GIFT"))
    till.connect()
    morning = carts(codes)
    online, said, _ = till.run(morning[:2])
    assert (len(online), online[0]["snapshot"], said) == (2, None, "2 receipts, 0 still to hand in\n")
    till.cut()
    printed: list[Any] = []
    for count in (3, 6):
        process = till.start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(one) + "\n" for one in morning))
        process.stdin.flush()
        printed += [json.loads(process.stdout.readline()) for _ in range(count)]
        process.kill()
        process.communicate()
    rest, said, code = till.run(morning)
    assert (len(rest), code) == (8, 0), said
    assert said == "8 receipts, 6 still to hand in\n"
    by_number = {one["number"]: one for one in rest}
    assert sorted(by_number) == list(range(1, 9))
    assert all(by_number[one["number"]] == one for one in printed), "what was printed is what is in the journal"
    assert all(one["quote"]["codes"][0]["status"] == "applied" for one in rest)
    assert till.run([{"id": "again", "cart": morning[7]["cart"]}])[0][0]["quote"]["codes"][0]["status"] == "refused"

    till.connect()
    both = [till.start("--upload") for _ in range(2)]
    assert [process.communicate(timeout=120)[1] for process in both] == ["9 receipts, 0 still to hand in\n"] * 2
    assert till.run((), "--upload")[1] == "9 receipts, 0 still to hand in\n"
    sold = sum(one["quote"]["payable"] for one in rest)
    assert world.rows("SELECT count(*), count(DISTINCT order_key) FROM redemption") == [(9, 9)]
    last = till.run([{"id": "again", "cart": {}}])[0][0]["quote"]["payable"]
    assert world.scalar("SELECT sum(payable) FROM redemption") == sold + last
    assert world.rows("SELECT kind FROM receipt_conflict") == []
    assert taken(world, "p:tenth:total") == [9]
    assert world.rows("SELECT status, count(*) FROM code GROUP BY status") == [("redeemed", 8)]
    assert money_is_right(world)


@pytest.mark.parametrize("point", [one for one in POINTS if one.startswith(("receipt.", "confirm."))])
def test_a_server_that_fails_while_it_takes_a_receipt_up_leaves_nothing(world: World, point: str) -> None:
    codes = some_codes(world, 1, key="gift", offline=True, length=16)
    rules(world, percent("tenth", "10", usage={"total": 100}), off("present", 500, requires_code="GIFT"))
    receipt = a_sale(world, a_snapshot(world), carts(codes)[0]["cart"])
    crashpoints.arm(f"{point}:1:raise")
    try:
        with pytest.raises(crashpoints.Crashed):
            handed_in(world, receipt)
    finally:
        crashpoints.arm("")
    assert world.rows("SELECT count(*) FROM till_receipt") == world.rows("SELECT count(*) FROM redemption") == [(0,)]
    assert (taken(world, "p:tenth:total"), world.rows("SELECT uses, held FROM code")) == ([0], [(0, 0)])
    assert [handed_in(world, receipt).is_new for _ in range(2)] == [True, False]
    assert (taken(world, "p:tenth:total"), world.rows("SELECT uses, held FROM code")) == ([1], [(1, 0)])
    assert money_is_right(world)


def test_a_till_that_dies_at_any_line_loses_and_doubles_nothing(sqlite_url: str, tmp_path: Path) -> None:
    world = World(sqlite_url, now=clock.now())
    codes = some_codes(world, 4, key="gift", offline=True, length=16)
    rules(world, percent("tenth", "10", usage={"total": 100}), off("present", 500, requires_code="GIFT"))
    till = Till(world, tmp_path)
    till.connect()
    till.run()
    till.cut()
    morning = carts(codes)
    seen: dict[int, Any] = {}
    try:
        for at, kill_at in enumerate(range(15, 600, 29)):
            if at == 5:
                till.connect()
            receipts, _, code = till.run(morning, kill_at=kill_at)
            for one in receipts:
                assert seen.setdefault(one["number"], one) == one
            if code == 0 and at > 5:
                break
        rest, said, _ = till.run(morning)
        assert said == "4 receipts, 0 still to hand in\n"
        assert [one["number"] for one in rest] == [1, 2, 3, 4]
        assert all(seen[number] == one for number, one in enumerate(rest, start=1) if number in seen)
        assert world.rows("SELECT count(*), count(DISTINCT order_key) FROM redemption") == [(4, 4)]
        assert taken(world, "p:tenth:total") == [4]
        assert money_is_right(world)
    finally:
        till.cut()
        world.close()
