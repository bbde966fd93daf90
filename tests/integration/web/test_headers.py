"""Headers of every answer: pages, errors, files, and what goes wrong on the way."""

import re

import pytest
from werkzeug.test import TestResponse

from rig.web import Web, a_web
from store import audit
from web.config import WebConfig

HTTPS = WebConfig(base_url="https://wayfare.example.com", host="127.0.0.1", trusted_proxies=1)


def _check(answer: TestResponse) -> None:
    headers = answer.headers
    parts = [part.strip() for part in headers["Content-Security-Policy"].split(";")]
    policy = dict(part.split(" ", 1) for part in parts if " " in part)
    assert re.fullmatch(r"'nonce-[\w-]{20,}' 'strict-dynamic'", policy["script-src"])
    assert policy["default-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert len(headers["X-Request-Id"]) == 16


def test_every_route_answers_with_them(web: Web) -> None:
    alice = web.sign_in("admin")
    for rule in web.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for browser in (alice, web.browser()):
            for method in sorted(rule.methods or set()):
                answer = browser.client.open(path, method=method, base_url=web.base)
                _check(answer)
                if not path.startswith("/static/"):
                    assert answer.headers["Cache-Control"] == "no-store" or path == "/favicon.ico"


def test_failures_answer_with_them_and_tell_nothing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = web.sign_in("admin")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is swordfish")

    monkeypatch.setattr(audit, "search", broken)
    cases = {
        404: alice.get("/nothing"),
        405: alice.get("/logout"),
        413: alice.client.post("/login", base_url=web.base, data="x" * 70_000),
        500: alice.get("/audit"),
        400: web.client.get("/login", base_url="http://evil.example"),
    }
    for status, answer in cases.items():
        assert answer.status_code == status
        _check(answer)
        assert "swordfish" not in answer.text
        assert "Traceback" not in answer.text
    assert cases[500].headers["X-Request-Id"] in cases[500].text
    fragment = alice.fragment("/audit")
    assert fragment.status_code == 500
    assert fragment.headers["X-Request-Id"] in fragment.headers["HX-Trigger"]


def test_a_database_that_is_away_is_503_and_the_gate_stays_shut(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    alice = web.sign_in("admin")

    def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(web.store, "read", away)
    answer = alice.get("/settings/users")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "connection refused" not in answer.text
    _check(answer)


def test_each_answer_has_a_nonce_of_its_own_and_its_scripts_carry_it(web: Web) -> None:
    first, second = web.client.get("/login"), web.client.get("/login")
    nonces = [re.search(r"'nonce-([\w-]+)'", one.headers["Content-Security-Policy"]) for one in (first, second)]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonces[0][1]}"' in script and 'integrity="sha384-' in script for script in scripts)


def test_files_may_be_kept_only_under_the_address_of_their_content(web: Web) -> None:
    place = re.search(r'href="(/static/css/tokens\.css\?v=\w+)"', web.client.get("/login").text)
    assert place
    assert "immutable" in web.client.get(place[1]).headers["Cache-Control"]
    assert web.client.get("/static/css/tokens.css").headers["Cache-Control"] == "no-cache"
    assert web.client.get("/static/../app.py").status_code == 404
    assert web.client.get("/static/%2e%2e/app.py").status_code == 404


def test_https_means_hsts_and_cookies_that_plain_http_cannot_carry(sqlite_url: str) -> None:
    web = a_web(sqlite_url, HTTPS)
    web.user("analyst", "alice", "correct horse battery staple")
    browser = web.browser()
    answer = browser.sign_in("alice")
    assert answer.status_code == 303
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookies = [line for line in answer.headers.getlist("Set-Cookie") if "=;" not in line]
    assert len(cookies) >= 2
    for line in cookies:
        assert line.startswith("__Host-wayfare")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in line.split(";")}
        assert "Domain" not in line
    web.store.dispose()


def test_plain_http_on_loopback_uses_a_plain_cookie_and_no_hsts(web: Web) -> None:
    answer = web.client.get("/login")
    assert "Strict-Transport-Security" not in answer.headers
    line = answer.headers["Set-Cookie"]
    assert line.startswith("wayfare-visit=")
    assert "HttpOnly" in line


def test_addresses_that_proxies_claim_count_only_as_far_as_proxies_are_trusted(sqlite_url: str) -> None:
    def seen_by(trusted: int, claimed: str) -> str:
        config = WebConfig(base_url="https://w.example", trusted_proxies=trusted)
        web = a_web(sqlite_url, config)
        login = f"alice-{trusted}"
        web.user("analyst", login, "correct horse battery staple")
        browser = web.browser()
        form = {"login": login, "password": "correct horse battery staple"}
        assert browser.post("/login", form, {"X-Forwarded-For": claimed}).status_code == 303
        with web.store.read() as conn:
            row = audit.search(conn, audit.Filter(text=f"user:{login}"), limit=1)[0]
        web.store.dispose()
        return row.ip

    assert seen_by(1, "6.6.6.6, 10.1.1.1") == "10.1.1.1"
    assert seen_by(2, "6.6.6.6, 5.5.5.5, 10.1.1.1") == "5.5.5.5"


def test_without_a_trusted_proxy_a_claimed_address_counts_for_nothing(web: Web) -> None:
    web.user("analyst", "alice", "correct horse battery staple")
    form = {"login": "alice", "password": "correct horse battery staple"}
    assert web.browser().post("/login", form, {"X-Forwarded-For": "6.6.6.6"}).status_code == 303
    with web.store.read() as conn:
        assert audit.search(conn, audit.Filter(text="user:alice"), limit=1)[0].ip == "127.0.0.1"
