"""From an event to a delivered message, through real worker and scheduler processes, with and without Redis."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rig.valkey import ValkeyServer
from rig.waiting import until
from rig.world import SECRET, World
from wayfare import clock

HELLO = {"type": "action.send", "subject": "Hi", "body": "Hi {{ first_name }}", "channel": "email"}
JOURNEY = {"enter": {"type": "trigger.event", "event": "shop.visited"}, "hello": HELLO}


@pytest.mark.parametrize("bell", ["with Redis", "without Redis"])
def test_a_worker_takes_an_event_to_a_mail_in_a_file(
    database_url: str, valkey_server: ValkeyServer, tmp_path: Path, bell: str
) -> None:
    world = World(database_url, now=clock.now())
    environment = {
        **os.environ,
        "WAYFARE_DATABASE_URL": database_url,
        "WAYFARE_SECRET_KEY": SECRET.decode(),
        "WAYFARE_DATA_DIR": str(tmp_path / "da ta"),
        "WAYFARE_POLL_SECONDS": "0.2",
        **({"WAYFARE_REDIS_URL": valkey_server.url} if bell == "with Redis" else {}),
    }
    processes = [
        subprocess.Popen([sys.executable, "-m", "wayfare", command], env=environment)
        for command in ("worker", "scheduler")
    ]
    try:
        customers = world.customers(20)
        world.journey("welcome", JOURNEY)
        world.store.run(lambda conn: _consent(conn, customers))
        world.happens(customers, "shop.visited")
        until(lambda: world.scalar("SELECT count(*) FROM message WHERE status = 'sent'") == 20, "20 mails", 240)
        mails = list((tmp_path / "da ta" / "outbox" / "email").rglob("*.eml"))
        assert len(mails) == 20
        assert world.statuses() == {"completed": 20}
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        world.close()


def _consent(conn: object, customers: list[int]) -> None:
    from store import bulk

    rows = [(customer, "email", "marketing", True, "test", clock.now()) for customer in customers]
    columns = ("customer_id", "channel", "purpose", "granted", "source", "at")
    bulk.insert_rows(conn, "consent", columns, rows)  # type: ignore[arg-type]  # a Connection; the rig hides SQLAlchemy
