"""The pages and the API, with people signed in and programs that hold keys, in a few lines.

web = a_web(sqlite_url)
alice = web.sign_in("marketer")
assert alice.post("/journeys/welcome/draft/pause").status_code == 303
assert web.client.get("/api/v1/journeys", headers=web.key("integration", "journeys.read")).status_code == 200
"""

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from store import accounts as rows
from store.db import Connection, Store
from wayfare.vault import Vault
from web import accounts
from web.access import Access, access_of
from web.app import build
from web.config import LIFETIME, WebConfig

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
SECRET = b"a secret for tests, long enough!"


class Browser:
    """A browser of one person. Posts carry the token, as the pages' own forms do."""

    def __init__(self, client: FlaskClient, base: str = "http://localhost") -> None:
        self.client = client
        self.base = base

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=self.base, **more)

    def fragment(self, path: str, **more: Any) -> TestResponse:
        """Fetch a fragment as htmx does."""
        return self.get(path, headers={"HX-Request": "true"}, **more)

    def post(
        self, path: str, data: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """Send a form of one of our own pages."""
        return self.send("POST", path, data, headers, **more)

    def send(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        """Send anything, with the token where something may change."""
        own = {} if method == "GET" else {"X-CSRF-Token": self.token(), "Sec-Fetch-Site": "same-origin"}
        every = {**own, **(headers or {})}
        return self.client.open(path, method=method, data=data, headers=every, base_url=self.base, **more)

    def token(self) -> str:
        """Return the token that this browser's pages carry."""
        found = re.search(r'name="csrf-token" content="(\w+)"', self.get("/nothing-is-here").text)
        assert found, "the page carries no token"
        return found[1]

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        """Sign in by the form."""
        return self.post("/login", {"login": login, "password": password})


class Web:
    """An application on a store of its own, at noon of a day in November until `clock` is moved."""

    def __init__(self, url: str, config: WebConfig | None = None, **more: Any) -> None:
        self.at = NOON
        self.store = Store(url, Vault(SECRET))
        self.config = config or WebConfig()
        self.app: Flask = build(self.store, self.config, clock=lambda: self.at, **more)
        self.base = self.config.base_url

    @property
    def client(self) -> FlaskClient:
        """A client that nobody is signed in with."""
        return self.app.test_client()

    def browser(self) -> Browser:
        """Return a browser that nobody is signed in with."""
        return Browser(self.app.test_client(), self.base)

    def user(self, role: str, login: str = "", password: str | None = None, **columns: Any) -> int:
        """Add a user who may sign in at once; return the id. Without a password the user has none that works."""
        from web import passwords

        kept = passwords.hashed(password) if password else "!"

        def work(conn: Connection) -> int:
            user_id = rows.add_account(
                conn,
                email=login or f"{role}-{secrets.token_hex(3)}",
                name="",
                role=role,
                password_hash=kept,
                must_change=False,
                now=self.at,
            )
            if columns:
                rows.change_account(conn, user_id, **columns)
            return user_id

        return self.store.run(work)

    def sign_in(self, role: str, user_id: int | None = None, *, second_factor: bool = True) -> Browser:
        """Return a browser with a session of a user of this role, made without the slow password."""
        person, session_id = user_id or self.user(role), secrets.token_urlsafe(32)
        digest = self.store.vault.digest("session", session_id)
        self.store.run(
            lambda conn: rows.open_session(
                conn,
                digest=digest,
                account_id=person,
                now=self.at,
                lifetime=LIFETIME,
                second_factor_at=self.at if second_factor else None,
                user_agent="test",
                ip="127.0.0.1",
            )
        )
        browser = self.browser()
        browser.client.set_cookie(self.config.cookie(), session_id, domain=browser.base.split("/")[2].split(":")[0])
        return browser

    def routes(self) -> list[tuple[str, str, Access]]:
        """Return (method, path, what it declares) of every route, with made-up values in the path."""
        found = []
        for rule in self.app.url_map.iter_rules():
            declared = access_of(self.app, rule.endpoint)
            assert declared is not None
            path = re.sub(r"<(?:(\w+)(?:\((.*?)\))?:)?\w+>", _made_up, rule.rule)
            found += [(method, path, declared) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
        return found

    def key(self, kind: str, *rights: str, life: timedelta | None = None, shop: str = "shop-1") -> dict[str, str]:
        """Make an API key and return the header that carries it. `shop` is where a till's key works."""
        ends = self.at + life if life else None
        _, token = accounts.add_key(
            self.store,
            "test",
            kind,
            rights,
            by="test",
            now=self.at,
            expires_at=ends,
            shop=shop if kind == "till" else None,
        )
        return {"Authorization": f"Bearer {token}"}

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the application on a free port of this machine; yield its address."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _made_up(part: re.Match[str]) -> str:
    kind, choices = part[1], part[2]
    if kind == "any":
        return choices.partition(",")[0].strip(" '\"")
    return {"int": "987654321", "path": "css/tokens.css"}.get(kind, "nobody")


def a_web(url: str, config: WebConfig | None = None, **more: Any) -> Web:
    """Return the application on a migrated database."""
    return Web(url, config, **more)
