"""What does not start: easy secrets, plain http for others. And what logs never hold."""

import io
import logging
from pathlib import Path

import pytest
from sqlalchemy import text

from rig.web import PASSWORD, Web
from store.db import Store
from wayfare import log
from wayfare.errors import SettingsError, VaultError
from wayfare.settings import load
from wayfare.vault import Vault
from web import access
from web.app import create_app


def test_secrets_that_are_easy_to_guess_are_refused(tmp_path: Path) -> None:
    for secret in ("changeme", "x" * 64, "secret" * 8):
        with pytest.raises(SettingsError, match="SECRET_KEY"):
            load(data_dir=tmp_path, secret_key=secret)
    with pytest.raises(VaultError):
        Vault(b"short")


def test_plain_http_for_other_machines_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    settings = load(data_dir=tmp_path, database_url=sqlite_url, host="0.0.0.0")
    with pytest.raises(SettingsError, match="HOST"):
        create_app(settings)
    create_app(load(data_dir=tmp_path, database_url=sqlite_url))


def test_a_statement_that_takes_too_long_frees_its_thread(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.app.LONGEST_STATEMENT", 1)
    app = create_app(load(data_dir=tmp_path, database_url=postgres_url))
    opened: Store = app.extensions["wayfare"].store

    def slow() -> str:
        with opened.read() as conn:
            return str(conn.execute(text("SELECT pg_sleep(60)")).scalar())

    app.view_functions["files.robots"] = access.public("a slow page of this test")(slow)
    answer = app.test_client().get("/robots.txt", base_url="http://127.0.0.1:8000")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    opened.dispose()


def test_there_is_no_debugger_and_no_session_in_a_cookie(web: Web) -> None:
    assert web.app.debug is False
    assert web.app.secret_key is None, "Flask's own session, which lives in the browser, cannot be used"
    for path in ("/console", "/rq", "/.env", "/admin", "/?__debugger__=yes&cmd=resource&f=debugger.js"):
        assert web.client.get(path).status_code in (303, 404)


def test_personal_data_and_secrets_never_reach_the_log(web: Web, capsys: pytest.CaptureFixture[str]) -> None:
    written = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure("debug", "json")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(written)
    try:
        canary = "canary-7f3a@example.com"
        web.user("admin", canary, PASSWORD)
        browser = web.browser()
        browser.sign_in(canary, "canary-wrong-password")
        browser.sign_in(canary)
        browser.get(f"/audit?q={canary}")
        browser.get(f"/nothing/{canary}/+380501234567")
        token = web.key("integration", "metrics.read")
        web.client.get(f"/metrics?key={token['Authorization'].removeprefix('Bearer ')}", headers=token)
        web.client.get("/metrics", headers=token)
        browser.client.post("/csp-report", base_url=web.base, data=f'{{"document-uri": "/customers/{canary}"}}')
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    text = written.getvalue() + capsys.readouterr().err
    assert "request" in text, "something was logged at all"
    for secret in (canary, PASSWORD, "canary-wrong-password", "380501234567", token["Authorization"].split("_")[2]):
        assert secret not in text
