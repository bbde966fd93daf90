"""A till and the server behind it: a real process that serves the API and dies where a test says.

with Counter(world, key) as counter:
    counter.open(crash="reserve.written")
    status, answer = counter.insists("POST", "/redemptions", body, key="a")

Servers are forked from a process that made the application once and serves nothing itself.
"""

import http.client
import json
import multiprocessing
import os
import signal
from ctypes import c_double
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from rig.world import SECRET, World
from store.db import Store
from wayfare import crashpoints, lifeline, log
from wayfare.vault import Vault
from web.app import build
from web.config import WebConfig

_CONTEXT = multiprocessing.get_context("forkserver")
_NO_ANSWER = (OSError, http.client.HTTPException)
_LATER = timedelta(minutes=3)
"""After that a request that never answered counts as dead, and its Idempotency-Key may be used again."""


class Counter:
    """A till that asks until it is answered. `token` is its key; whoever serves it is started again when dead."""

    def __init__(self, world: World, token: dict[str, str]) -> None:
        self.world, self.token = world, token
        self.deaths = self.port = self._pid = 0
        self._now: Any = _CONTEXT.Value(c_double, world.now.timestamp(), lock=False)
        self._line, end = _CONTEXT.Pipe()
        arguments = (world.store.url, self._now, end, os.getpid())
        self._house = _CONTEXT.Process(target=_house, args=arguments)
        self._house.start()

    def __enter__(self) -> "Counter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
        self._line.close()  # the house goes home
        self._house.join(60)

    def open(self, crash: str = "") -> None:
        """Start a server; it dies at the point `crash` when it passes there."""
        self.close()
        self._now.value = self.world.now.timestamp()
        self._line.send(crash)
        self._pid, self.port = self._line.recv()

    def close(self) -> None:
        """Kill the server."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._buried()

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Make one call; raises OSError or HTTPException when no answer comes."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {**self.token, "Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        try:
            conn.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = conn.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            conn.close()

    def insists(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Make a call as a till does: with the same key, again and again, until there is an answer."""
        for _ in range(6):
            try:
                status, answer = self.ask(method, path, body, key)
            except _NO_ANSWER:
                assert self._buried() == signal.SIGKILL
                self.deaths += 1
                self.open()
                continue
            if status == 409 and answer["errors"][0]["code"] == "idempotency_in_flight":
                self.world.now += _LATER
                self._now.value = self.world.now.timestamp()
                continue
            return status, answer
        raise AssertionError("no answer came")

    def _buried(self) -> int:
        """Wait for the server's death; return the signal that killed it."""
        self._pid = 0
        self._line.send(None)
        killed: int = self._line.recv()
        return killed


def _house(url: str, now: Any, line: Any, parent: int) -> None:
    """Make the application; fork a server for each word on the line, and wait for its death at None."""
    lifeline.follow_parent(parent if os.getppid() == parent else None)
    log.configure("warning", "text")
    store = Store(url, Vault(SECRET))
    app = build(store, WebConfig(), clock=lambda: datetime.fromtimestamp(now.value, UTC))
    store.dispose()  # no connection goes over a fork
    pid = 0
    while True:
        try:
            crash = line.recv()
        except EOFError:
            return
        if crash is None:
            line.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) * -1)
            continue
        ours, theirs = os.pipe()
        house, pid = os.getpid(), os.fork()
        if not pid:
            lifeline.follow_parent(house)
            crashpoints.arm(crash)
            server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
            os.write(theirs, str(server.server_port).encode())
            server.serve_forever()
        line.send((pid, int(os.read(ours, 9))))
        os.close(ours)
        os.close(theirs)


class _Silent(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing of a request."""


__all__ = ["Counter"]
