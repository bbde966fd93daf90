"""A worker that answers a question to the past is killed: nothing of it stays, and the next one says the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.whatif import answer
from offers.rules.shapes import NOTHING, read_body
from offers.whatif.ask import Rules, ask
from offers.whatif.spec import Spec
from rig.prices import percent, promo
from rig.waiting import until
from rig.world import SECRET, World
from store import what_if

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]
TEN = read_body({"promotions": [promo("ten", percent(10))]})


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = [Path(f"/proc/{pid}/task/{task}/children") for task in os.listdir(f"/proc/{pid}/task")]
    return [int(one) for file in found for one in file.read_text().split()]


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
def test_a_killed_worker_leaves_no_process_and_the_next_one_says_the_same(database_url: str, tmp_path: Path) -> None:
    world = World(database_url)

    def question() -> int:
        pair = (Rules("nothing", NOTHING), Rules("ten", TEN))
        return world.store.run(lambda conn: ask(conn, *pair, Spec("sample", days=91), by="alice", now=world.now))

    def row(id: int) -> what_if.Row:
        with world.store.read() as conn:
            return what_if.get(conn, id)

    broken = question()
    settings = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET.decode(), "REDIS_URL": ""}
    settings |= {"POLL_SECONDS": "0.2"}
    environment = {**os.environ, **{f"WAYFARE_{name}": value for name, value in settings.items()}}
    worker = subprocess.Popen([sys.executable, "-m", "wayfare", "worker"], env=environment, cwd=ROOT)
    try:
        until(lambda: row(broken).seen > 0, "some receipts are priced", seconds=120)
        below = children(worker.pid)
        below += [one for child in below for one in children(child)]
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    until(lambda: not any(map(is_alive, below)), "all its processes are gone", seconds=30)
    left = row(broken)
    assert left.status == "running"
    assert 0 < left.seen < (left.total or 0)
    world.store.run(lambda conn: conn.execute(text("UPDATE what_if SET lease_until = created_at")) and None)
    assert answer(world.runtime, processes=0) == 1
    whole = question()
    answer(world.runtime, processes=0)
    assert row(broken).status == "done"
    assert row(broken).result == row(whole).result
    world.close()
