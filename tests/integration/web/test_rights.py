"""Every route × everybody: who gets in is what the table says, and a route without a right does not start."""

import pytest
from flask import Blueprint

from rig.web import Web
from store import accounts as rows
from wayfare.errors import StartError
from web import access, rights
from web.api import health
from web.app import build

REFUSED = {401, 403}


def _cases(web: Web) -> list[tuple[str, str, str]]:
    """Return (method, path, right) of every route that needs a right."""
    cases = [(method, path, declared.right) for method, path, declared in web.routes() if declared.right]
    assert len(cases) > 25
    return cases


@pytest.mark.parametrize("role", rights.ROLES)
def test_a_person_gets_in_exactly_where_the_role_has_the_right(web: Web, role: str) -> None:
    person = web.user(role)
    for method, path, right in _cases(web):
        browser = web.sign_in(role, person)
        answer = browser.send(method, path)
        is_in = answer.status_code not in REFUSED
        is_local = "metrics" in path  # open to programs on this machine
        assert is_in == (is_local or role in rights.RIGHTS[right].roles), f"{role} {method} {path}: {answer.status}"


@pytest.mark.parametrize("kind", rights.KINDS)
def test_a_key_gets_in_exactly_where_its_kind_may_and_it_was_given_the_right(web: Web, kind: str) -> None:
    everything = web.key(kind, *rights.of_kind(kind))
    for method, path, right in _cases(web):
        answer = web.client.open(path, method=method, headers={**everything, "X-Forwarded-For": "1.2.3.4"})
        is_in = answer.status_code not in REFUSED and "/login" not in answer.headers.get("Location", "")
        assert is_in == (kind in rights.RIGHTS[right].kinds), f"{kind} {method} {path}: {answer.status}"


def test_nobody_gets_in_without_signing_in(web: Web) -> None:
    for method, path, _ in _cases(web):
        answer = web.client.open(path, method=method, headers={"X-Forwarded-For": "1.2.3.4"})
        if path.startswith("/api/"):
            assert answer.status_code == 401
            assert answer.json is not None
            assert answer.json["errors"][0]["code"] == "unauthorized"
        else:
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/login")


def test_a_right_that_is_taken_away_is_gone_at_the_next_click(web: Web) -> None:
    alice = web.user("admin")
    browser = web.sign_in("admin", alice)
    web.user("admin")
    assert browser.get("/settings/users").status_code == 200
    web.store.run(lambda conn: rows.change_account(conn, alice, role="analyst"))
    assert browser.get("/settings/users").status_code == 403
    web.store.run(lambda conn: rows.change_account(conn, alice, disabled_at=web.at))
    assert browser.get("/settings/users").headers["Location"].startswith("/login")


def test_a_kind_that_loses_a_right_in_the_table_loses_it_for_keys_that_exist(web: Web) -> None:
    header = {**web.key("integration", "metrics.read"), "X-Forwarded-For": "1.2.3.4"}
    assert web.client.get("/metrics", headers=header).status_code == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "web.rights.RIGHTS", {**rights.RIGHTS, "metrics.read": rights.Right("", frozenset(), frozenset())}
        )
        assert web.client.get("/metrics", headers=header).status_code == 403


def test_a_route_without_a_right_stops_the_start(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = Blueprint("careless", __name__)
    careless.add_url_rule("/everything", "everything", lambda: "all secrets")
    monkeypatch.setattr(health, "bp", careless)
    with pytest.raises(StartError, match="/everything"):
        build(web.store, web.config)


def test_a_right_that_the_table_does_not_know_stops_the_import() -> None:
    with pytest.raises(LookupError, match=r"journeys\.raed"):
        access.needs("journeys.raed")


def test_only_one_key_kind_touches_money_and_analysts_see_no_person() -> None:
    assert not [name for name in rights.of_role("analyst") if name.startswith(("customers.", "messages."))]
    assert rights.of_kind("ingest") == {"events.write"}
    assert "customers.list" not in rights.of_role("support")
    assert "journeys.publish" not in rights.of_role("marketer")
    assert "journeys.edit" not in rights.of_role("approver")
    assert {role for role in rights.ROLES if "users.manage" in rights.of_role(role)} == {"admin"}
    assert not any(
        name in rights.of_role(role) for role in rights.ROLES for name in ("codes.redeem", "certificates.redeem")
    )
