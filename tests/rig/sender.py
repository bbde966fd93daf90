"""A worker that does nothing but deliver: `python -m rig.sender '{"url": ..., "provider": ..., "retry_class": "A"}'`.

It recovers and delivers until nothing is left to do, or for ever with `"forever": true`; SIGTERM ends it in order.
Crash points come in the environment.
"""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.outbox import deliver
from engine.runtime import Runtime
from nodes.registry import Registry
from rig.outbox import SECRET, Letter
from rig.provider import CHANNELS
from store.db import Store, is_transient
from store.outbox import recover
from wayfare import clock, lifeline
from wayfare.vault import Vault

TESTS = Path(__file__).parents[1]


def start(
    url: str, provider: str, retry_class: str = "A", *, crash: str = "", **options: Any
) -> "subprocess.Popen[bytes]":
    """Start a sender in a process of its own; it dies with the tests."""
    values = {"url": url, "provider": provider, "retry_class": retry_class, **options}
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "WAYFARE_CRASH": crash}
    return subprocess.Popen(
        [sys.executable, "-m", "rig.sender", json.dumps(values)],
        env=environment,
        preexec_fn=lifeline.preexec(os.getpid()),
    )


def main(options: dict[str, Any]) -> None:
    """Deliver."""
    vault = Vault(SECRET)
    channel = CHANNELS[options["retry_class"]](options["provider"], timeout=timedelta(seconds=1))
    channel.chunk = options.get("chunk", 10)
    runtime = Runtime(Store(options["url"], vault), Registry([Letter]), vault, {"sms": channel})
    runtime.lease = timedelta(seconds=options.get("lease_seconds", 3))
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        try:
            now = datetime.now(UTC)
            done = runtime.store.run(lambda conn: recover(conn, datetime.now(UTC)))
            done += deliver(runtime, "sms", now, stopping=lambda: stopping)
            if not done and not options.get("forever") and not _open(runtime.store):
                return
        except DBAPIError as error:
            if not is_transient(error):
                raise
            done = 0
        clock.sleep(0 if done else 0.1)


def _open(store: Store) -> int:
    with store.read() as conn:
        query = "SELECT count(*) FROM message WHERE status IN ('pending', 'claimed', 'sending')"
        found: int = conn.execute(text(query)).scalar_one()
        return found


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
