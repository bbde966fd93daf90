"""Sessions: planted, stolen, idle, over, ended."""

from datetime import timedelta

from rig.web import Browser, Web
from store import accounts as rows
from web import accounts

LOGIN = "/login"


def _is_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def _cookie(web: Web, browser: Browser) -> str:
    cookie = browser.client.get_cookie("wayfare", domain="127.0.0.1")
    return cookie.value if cookie else ""


def test_a_session_id_that_was_planted_is_worth_nothing_after_signing_in(web: Web) -> None:
    web.user("analyst", "alice", "correct horse battery staple")
    victim, planted = web.browser(), "A" * 43
    victim.client.set_cookie("wayfare", planted, domain="127.0.0.1")
    assert victim.sign_in("alice").status_code == 303
    assert _cookie(web, victim) != planted
    mallory = web.browser()
    mallory.client.set_cookie("wayfare", planted, domain="127.0.0.1")
    assert not _is_in(mallory)


def test_signing_in_again_ends_the_session_before(web: Web) -> None:
    alice = web.user("analyst", "alice", "correct horse battery staple")
    browser = web.sign_in("analyst", alice)
    old = _cookie(web, browser)
    assert browser.sign_in("alice").status_code == 303
    thief = web.browser()
    thief.client.set_cookie("wayfare", old, domain="127.0.0.1")
    assert _is_in(browser)
    assert not _is_in(thief)


def test_a_stolen_cookie_ends_with_the_sign_out(web: Web) -> None:
    alice = web.sign_in("analyst")
    thief = web.browser()
    thief.client.set_cookie("wayfare", _cookie(web, alice), domain="127.0.0.1")
    assert _is_in(thief)
    answer = alice.post("/logout")
    assert answer.headers["Clear-Site-Data"]
    assert not _is_in(alice)
    assert not _is_in(thief)


def test_sign_out_everywhere_leaves_only_this_browser(web: Web) -> None:
    person = web.user("analyst")
    here, elsewhere = web.sign_in("analyst", person), web.sign_in("analyst", person)
    other = web.sign_in("analyst")
    here.post("/logout/everywhere")
    assert _is_in(here)
    assert not _is_in(elsewhere)
    assert _is_in(other)


def test_a_session_ends_after_thirty_idle_minutes(web: Web) -> None:
    alice = web.sign_in("analyst")
    for _ in range(4):
        web.at += timedelta(minutes=29)
        assert _is_in(alice)
    web.at += timedelta(minutes=31)
    assert not _is_in(alice)


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(web: Web) -> None:
    alice = web.sign_in("analyst")
    for _ in range(3):
        web.at += timedelta(minutes=11)
        alice.get("/", headers={"Wayfare-Live": "1", "HX-Request": "true"})
    answer = alice.get("/", headers={"Wayfare-Live": "1", "HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == LOGIN


def test_a_session_ends_after_twelve_hours_however_busy(web: Web) -> None:
    alice = web.sign_in("analyst")
    for _ in range(35):
        web.at += timedelta(minutes=20)
        assert _is_in(alice)
    web.at += timedelta(minutes=21)
    assert not _is_in(alice)


def test_the_database_holds_no_session_id(web: Web, tmp_path: object) -> None:
    alice = web.sign_in("analyst")
    secret = _cookie(web, alice)
    with web.store.read() as conn:
        dump = str(conn.exec_driver_sql("SELECT * FROM user_session").all())
    assert secret not in dump
    assert secret.encode().hex() not in dump


def test_another_role_and_a_new_password_end_all_sessions(web: Web) -> None:
    boss = web.sign_in("admin")
    person = web.user("analyst", "alice", "correct horse battery staple")
    alice = web.sign_in("analyst", person)
    boss.post(f"/settings/users/{person}/role", {"role": "marketer"})
    assert not _is_in(alice)
    alice = web.sign_in("marketer", person)
    with web.store.read() as conn:
        account = rows.get_account(conn, person)
    accounts.reset_password(web.store, account, by="boss", now=web.at)
    assert not _is_in(alice)


def test_changing_ones_password_ends_other_sessions_and_turns_this_one(web: Web) -> None:
    person = web.user("analyst", "alice", "correct horse battery staple")
    here, thief = web.sign_in("analyst", person), web.sign_in("analyst", person)
    old = _cookie(web, here)
    new = "an entirely different sentence"
    form = {"old": "correct horse battery staple", "new": new, "again": new}
    assert here.post("/account/password", form).status_code == 303
    assert _is_in(here)
    assert _cookie(web, here) != old
    assert not _is_in(thief)
    assert web.browser().sign_in("alice", new).status_code == 303


def test_a_place_to_return_to_is_one_of_ours(web: Web) -> None:
    web.user("analyst", "alice", "correct horse battery staple")
    form = {"login": "alice", "password": "correct horse battery staple"}
    outside = ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example")
    for target in outside:
        assert web.browser().post("/login", {**form, "next": target}).headers["Location"] == "/"
    assert web.browser().post("/login", {**form, "next": "/audit?q=x"}).headers["Location"] == "/audit?q=x"
