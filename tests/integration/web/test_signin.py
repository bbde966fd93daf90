"""Signing in: the first administrator, guessing, the second factor."""

import threading
from datetime import timedelta

import pyotp
import pytest

from rig.web import PASSWORD, SECRET, Browser, Web, a_web
from store import accounts as rows
from store.db import Store
from wayfare.vault import Vault
from web import accounts, passwords, signin
from web.config import WebConfig

OUTSIDE = WebConfig(base_url="https://wayfare.example.com", host="0.0.0.0", trusted_proxies=1)


def test_the_first_administrator_is_made_once_and_must_choose_a_password(web: Web) -> None:
    password = accounts.ensure_admin(web.store, web.at)
    assert password
    assert accounts.ensure_admin(web.store, web.at) is None
    browser = web.browser()
    assert browser.sign_in("admin", password).status_code == 303
    assert browser.get("/settings/users").headers["Location"] == "/account/password"
    assert (
        browser.post("/settings/users/new", {"login": "x", "role": "admin"}).headers["Location"] == "/account/password"
    )
    weak = {"old": password, "new": "password1234", "again": "password1234"}
    assert browser.post("/account/password", weak).status_code == 422
    good = {"old": password, "new": PASSWORD, "again": PASSWORD}
    assert browser.post("/account/password", good).status_code == 303
    assert browser.get("/settings/users").status_code == 200


def test_two_processes_that_start_together_make_one_administrator(database_url: str) -> None:
    stores = [Store(database_url, Vault(SECRET)) for _ in range(4)]
    made: list[str | None] = []

    def start(store: Store) -> None:
        made.append(accounts.ensure_admin(store))

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([password for password in made if password]) == 1
    for store in stores:
        store.dispose()


def test_a_wrong_name_and_a_wrong_password_look_the_same_and_cost_the_same(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.user("analyst", "alice", PASSWORD)
    web.user("analyst", "gone", PASSWORD, disabled_at=web.at)
    hashes: list[str | None] = []
    real = passwords.matches

    def counted(kept: str | None, typed: str) -> bool:
        hashes.append(kept)
        return real(kept, typed)

    monkeypatch.setattr(passwords, "matches", counted)
    tries = (("alice", "no"), ("nobody", "no"), ("gone", PASSWORD))
    answers = [web.browser().sign_in(login, word) for login, word in tries]
    assert len(hashes) == 3, "each try computes one slow hash"
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text.count("is not right") for answer in answers}) == 1
    assert passwords.matches(None, "anything") is False


def _tries(web: Web, login: str, count: int, browser: Browser | None = None) -> list[int]:
    return [(browser or web.browser()).sign_in(login, "wrong").status_code for _ in range(count)]


def test_guessing_is_slowed_and_the_owner_is_not_locked_out(web: Web) -> None:
    web.user("analyst", "alice", PASSWORD)
    own = web.browser()
    assert own.sign_in("alice").status_code == 303
    own.post("/logout")
    assert _tries(web, "alice", signin.PER_ACCOUNT) == [422] * signin.PER_ACCOUNT
    refused = web.browser().sign_in("alice", PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert own.sign_in("alice").status_code == 303, "a browser that was here before has a count of its own"
    assert web.browser().sign_in("nobody", "x").status_code == 422, "other accounts are not touched"
    web.at += timedelta(minutes=16)
    assert web.browser().sign_in("alice").status_code == 303


def test_a_name_that_does_not_exist_is_slowed_just_the_same(web: Web) -> None:
    assert _tries(web, "nobody", signin.PER_ACCOUNT + 1)[-2:] == [422, 429]


def test_a_known_browser_is_no_free_ticket(web: Web) -> None:
    web.user("analyst", "alice", PASSWORD)
    own = web.browser()
    own.sign_in("alice")
    own.post("/logout")
    assert _tries(web, "alice", signin.PER_DEVICE + 1, own)[-2:] == [422, 429]


def test_many_guesses_at_once_are_not_all_let_through(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    web = a_web(database_url)
    web.user("analyst", "alice", PASSWORD)
    evaluated: list[str] = []

    def evaluate(kept: str | None, typed: str) -> bool:
        evaluated.append(typed)
        return False

    monkeypatch.setattr(passwords, "matches", evaluate)
    browsers = [web.browser() for _ in range(24)]
    tokens = [browser.token() for browser in browsers]

    def guess(number: int) -> None:
        form = {"login": "alice", "password": str(number), "_csrf": tokens[number]}
        browsers[number].client.post("/login", data=form, base_url=web.base)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(evaluated) <= signin.PER_ACCOUNT
    web.store.dispose()


def _with_factor(web: Web, role: str = "analyst") -> tuple[int, str]:
    secret = pyotp.random_base32()
    sealed = web.store.vault.seal(secret.encode())
    return web.user(role, "alice", PASSWORD, totp_secret=sealed), secret


def _code(web: Web, secret: str, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(web.at.timestamp()) + later)


def test_with_a_second_factor_the_password_alone_opens_nothing(web: Web) -> None:
    _, secret = _with_factor(web)
    browser = web.browser()
    assert browser.sign_in("alice").headers["Location"] == "/login/code"
    for path in ("/", "/account", "/account/password", "/account/second-factor", "/audit"):
        assert browser.get(path).headers["Location"] == "/login/code"
    assert browser.post("/login/code", {"code": "000000"}).status_code == 422
    half = browser.client.get_cookie("wayfare", domain="127.0.0.1")
    assert browser.post("/login/code", {"code": _code(web, secret)}).headers["Location"] == "/"
    full = browser.client.get_cookie("wayfare", domain="127.0.0.1")
    assert half
    assert full
    assert half.value != full.value, "the session turns with its rights"
    assert browser.get("/account").status_code == 200


def test_a_code_works_once(web: Web) -> None:
    _, secret = _with_factor(web)
    code = _code(web, secret)
    first, second = web.browser(), web.browser()
    for browser in (first, second):
        browser.sign_in("alice")
    assert first.post("/login/code", {"code": code}).status_code == 303
    assert second.post("/login/code", {"code": code}).status_code == 422
    assert second.post("/login/code", {"code": _code(web, secret, -30)}).status_code == 422, "nor an older one"
    assert second.post("/login/code", {"code": _code(web, secret, 30)}).status_code == 303


def test_guessing_codes_ends_the_half_session(web: Web) -> None:
    _, secret = _with_factor(web)
    browser = web.browser()
    browser.sign_in("alice")
    for _ in range(signin.PER_CODE):
        assert browser.post("/login/code", {"code": "000000"}).status_code == 422
    assert browser.post("/login/code", {"code": _code(web, secret)}).headers["Location"] == "/login"
    assert browser.get("/login/code").headers["Location"].startswith("/login?")


@pytest.mark.parametrize(("role", "must"), [("admin", True), ("approver", True), ("marketer", False)])
def test_outside_loopback_a_strong_role_needs_a_second_factor(sqlite_url: str, role: str, must: bool) -> None:
    web = a_web(sqlite_url, OUTSIDE)
    person = web.user(role)
    browser = web.sign_in(role, person)
    assert (browser.get("/").headers.get("Location") == "/account/second-factor") is must
    if must:
        form = browser.get("/account/second-factor").text
        assert "<svg" in form
        pending = form.split('name="pending" value="')[1].split('"')[0]
        secret = form.split('id="totp-secret">')[1].split("<")[0].replace(" ", "")
        assert browser.post("/account/second-factor", {"pending": pending, "code": "000000"}).status_code == 422
        answer = browser.post("/account/second-factor", {"pending": pending, "code": _code(web, secret)})
        assert answer.headers["Location"] == "/"
        assert browser.get("/").status_code == 200
        refused = browser.post("/account/second-factor/remove", {"password": PASSWORD})
        assert refused.status_code == 303
        with web.store.read() as conn:
            assert rows.get_account(conn, person).totp_secret is not None
    web.store.dispose()


def test_another_administrator_resets_a_lost_second_factor_and_nobody_ones_own(web: Web) -> None:
    lost, _ = _with_factor(web, "admin")
    boss_id = web.user("admin", "boss", PASSWORD, totp_secret=web.store.vault.seal(b"x" * 32))
    boss = web.sign_in("admin", boss_id)
    boss.post(f"/settings/users/{boss_id}/second-factor")
    boss.post(f"/settings/users/{lost}/second-factor")
    with web.store.read() as conn:
        assert rows.get_account(conn, boss_id).totp_secret is not None
        assert rows.get_account(conn, lost).totp_secret is None


def test_a_secret_that_another_user_was_shown_is_not_taken(web: Web) -> None:
    alice, bob = web.sign_in("analyst"), web.sign_in("analyst")
    form = alice.get("/account/second-factor").text
    pending = form.split('name="pending" value="')[1].split('"')[0]
    secret = form.split('id="totp-secret">')[1].split("<")[0].replace(" ", "")
    answer = bob.post("/account/second-factor", {"pending": pending, "code": _code(web, secret)})
    assert answer.headers["Location"] == "/account/second-factor"
