"""A fake HTTP provider with a journal and bad manners, and the small channel that talks to it."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from engine.channels import Channel, Envelope, Outcome, RetryClass
from rig.journal import Journal

Mode = str
"""ok, cut (accepts, hangs up), accept500, 500, 503, 429, 401, 422, garbage, error200, hang."""


class Provider:
    """`script` says how to answer: called with the request's number (from 1) and its key."""

    def __init__(self, path: Path, *, is_key_aware: bool = True) -> None:
        self.journal = Journal(path)
        self.is_key_aware = is_key_aware
        self.script: Callable[[int, str], Mode] = lambda number, key: "ok"
        self.retry_after: str | None = None
        self.requests = 0
        self.known: dict[str, str] = {}
        self.lock = Lock()
        self.released = Event()
        self.paused = False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def accepted(self) -> list[dict[str, Any]]:
        """Return the requests that it took over, answered or not."""
        return [entry for entry in self.journal.entries() if entry["accepted"]]

    def deliveries(self) -> Counter[str]:
        """Return how often each recipient got something."""
        return Counter(entry["to"] for entry in self.journal.entries() if entry["delivered"])

    def close(self) -> None:
        """Stop it."""
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.journal.close()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            key = self.path.rsplit("/", 1)[-1]
            found = provider.known.get(key)
            self._answer(200 if found else 404, {"id": found})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Idempotency-Key"]
            with provider.lock:
                provider.requests += 1
                number = provider.requests
                mode = provider.script(number, key)
                accepts = mode in ("ok", "cut", "accept500", "hang")
                is_repeat = provider.is_key_aware and key in provider.known
                if accepts:
                    provider.known.setdefault(key, f"id-{number}")
                digest = sha256(f"{body['subject']}\0{body['body']}".encode()).hexdigest()
                provider.journal.write(
                    number=number,
                    key=key,
                    to=body["to"],
                    hash=digest,
                    mode=mode,
                    accepted=accepts,
                    delivered=accepts and not is_repeat,
                    at=time.monotonic(),
                )
            self._behave(mode, key)

        def _behave(self, mode: Mode, key: str) -> None:
            if mode == "ok":
                self._answer(200, {"id": provider.known[key]})
            elif mode == "cut":
                self.close_connection = True
            elif mode == "hang":
                provider.released.wait(30)
                self.close_connection = True
            elif mode == "garbage":
                self._answer(200, None)
            elif mode == "error200":
                self._answer(200, {"error": "unknown recipient"})
            elif mode == "accept500":
                self._answer(500, {})
            else:
                self._answer(int(mode), {"error": f"mode {mode}"})

        def _answer(self, status: int, value: Any) -> None:
            data = b"{not json" if value is None else json.dumps(value).encode()
            self.send_response(status)
            if status == 429 and provider.retry_after:
                self.send_header("Retry-After", provider.retry_after)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


class HttpChannel(Channel):
    """As small as a channel can be. Its class says what the provider promises."""

    provider = "http"

    def __init__(self, url: str, name: str = "sms", *, timeout: timedelta = timedelta(seconds=5)) -> None:
        self.name = name
        self.address = urlsplit(url)
        self.timeout = timeout

    def send(self, envelope: Envelope) -> Outcome:
        values = {"to": envelope.address, "subject": envelope.subject, "body": envelope.body}
        try:
            status, headers, data = self._call("POST", "/messages", json.dumps(values), envelope.key)
        except ConnectionRefusedError as error:
            return Outcome.down(str(error))
        except (OSError, http.client.HTTPException) as error:
            return Outcome.down(type(error).__name__, in_doubt=True)
        if status == 429:
            seconds = headers.get("Retry-After")
            return Outcome.limited("429", timedelta(seconds=float(seconds)) if seconds else None)
        if status in (401, 403):
            return Outcome.stopped(f"{status} from the provider")
        if status == 503:
            return Outcome.down("503")
        if status >= 500:
            return Outcome.down(str(status), in_doubt=True)
        if status >= 400:
            return Outcome.failed(str(status))
        try:
            answer = json.loads(data)
        except ValueError:
            return Outcome.down("no JSON", in_doubt=True)
        return Outcome.failed(answer["error"]) if "error" in answer else Outcome.sent(answer["id"])

    def look_up(self, envelope: Envelope) -> Outcome | None:
        try:
            status, _, data = self._call("GET", f"/messages/{envelope.key}", None, envelope.key)
        except OSError as error:
            return Outcome.down(str(error), in_doubt=True)
        return Outcome.sent(json.loads(data)["id"]) if status == 200 else None

    def _call(self, method: str, path: str, body: str | None, key: str) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(
            self.address.hostname or "", self.address.port, timeout=self.timeout.total_seconds()
        )
        try:
            connection.request(method, path, body, {"Idempotency-Key": key})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class AwareChannel(HttpChannel):
    """The provider drops repeats of a key."""

    retry_class = RetryClass.A


class AskableChannel(HttpChannel):
    """The provider can be asked what became of a key."""

    retry_class = RetryClass.B


class BlindChannel(HttpChannel):
    """The provider ignores keys."""

    retry_class = RetryClass.C


CHANNELS: dict[str, type[HttpChannel]] = {"A": AwareChannel, "B": AskableChannel, "C": BlindChannel}
