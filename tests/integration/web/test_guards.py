"""When a guard itself breaks, the door stays shut."""

import pytest

from rig.web import PASSWORD, Web
from store import accounts as rows
from store import throttle
from web import accounts, csrf, passwords, principal, rights, signin


def _break(*_: object, **__: object) -> None:
    raise RuntimeError("the guard is broken")


@pytest.mark.parametrize(
    ("module", "name"),
    [(csrf, "check"), (csrf, "_expected"), (rights, "of_role"), (rows, "live_session"), (principal, "session_digest")],
)
def test_nothing_is_done_when_a_check_breaks(
    web: Web, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    boss, person = web.sign_in("admin"), web.user("analyst")
    token = boss.token()
    monkeypatch.setattr(module, name, _break)
    form = {"role": "admin", "_csrf": token}
    answer = boss.client.post(f"/settings/users/{person}/role", data=form, base_url=web.base)
    assert answer.status_code == 500
    with web.store.read() as conn:
        assert rows.get_account(conn, person).role == "analyst"


@pytest.mark.parametrize(("module", "name"), [(throttle, "reserve"), (passwords, "matches"), (signin, "_limits")])
def test_nobody_is_signed_in_when_a_check_breaks(
    web: Web, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    web.user("admin", "boss", PASSWORD)
    browser = web.browser()
    browser.token()
    monkeypatch.setattr(module, name, _break)
    assert browser.sign_in("boss").status_code == 500
    assert browser.get("/account").status_code == 303


def test_an_administrator_cannot_lock_out_everybody(web: Web) -> None:
    me = web.user("admin", "boss")
    boss = web.sign_in("admin", me)
    boss.post(f"/settings/users/{me}/disable")
    assert boss.post(f"/settings/users/{me}/role", {"role": "analyst"}).status_code == 409
    assert boss.get("/settings/users").status_code == 200
    other = web.user("admin", "other")
    boss.post(f"/settings/users/{other}/disable")
    with web.store.read() as conn:
        assert rows.get_account(conn, me).disabled_at is None
        assert rows.get_account(conn, other).disabled_at is not None


@pytest.mark.parametrize("role", ["", "king", "ADMIN", "admin\0"])
def test_a_role_that_does_not_exist_is_not_given(web: Web, role: str) -> None:
    boss, person = web.sign_in("admin"), web.user("analyst")
    boss.post(f"/settings/users/{person}/role", {"role": role})
    with web.store.read() as conn:
        assert rows.get_account(conn, person).role == "analyst"


def test_fields_that_a_form_does_not_have_change_nothing(web: Web) -> None:
    person = web.user("analyst", "ann", PASSWORD)
    ann = web.sign_in("analyst", person)
    every = dict.fromkeys(rows.Account.__slots__, "1") | {"role": "admin", "theme": "dark", "must_change": ""}
    for path in ("/account/theme", "/account/password", "/account/second-factor"):
        ann.post(path, every)
    with web.store.read() as conn:
        after = rows.get_account(conn, person)
    assert (after.role, after.email, after.totp_secret, after.theme) == ("analyst", "ann", None, "dark")
    assert accounts.find_user(web.store, "ann").id == person
