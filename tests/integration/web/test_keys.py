"""API keys: shown once, bounded, replaced without a gap, revoked at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from rig.web import Web
from store import keys
from store.db import Connection
from wayfare.errors import SettingsError
from web import accounts

DOOR = "/api/v1/metrics"
FAR = {"X-Forwarded-For": "1.2.3.4"}


def _status(web: Web, header: dict[str, str]) -> int:
    return web.client.get(DOOR, headers={**header, **FAR}).status_code


def test_a_key_opens_until_its_end_and_no_longer(web: Web) -> None:
    key = web.key("integration", "metrics.read", life=timedelta(days=1))
    assert _status(web, key) == 200
    web.at += timedelta(days=1)
    assert _status(web, key) == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wf_", "Bearer wf_a_b", "Bearer é", "Basic YTpi", "wf_x_y"]
)
def test_what_is_no_key_is_401(web: Web, header: str) -> None:
    answer = web.client.get(DOOR, headers={"Authorization": header, **FAR})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_that_differs_in_one_letter_is_401(web: Web) -> None:
    key = web.key("integration", "metrics.read")
    token = key["Authorization"]
    other = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert _status(web, {"Authorization": other}) == 401
    assert _status(web, key) == 200


def test_a_key_in_an_address_is_refused(web: Web) -> None:
    token = web.key("integration", "metrics.read")["Authorization"].removeprefix("Bearer ")
    answer = web.client.get(f"{DOOR}?key={token}", headers=FAR)
    assert answer.status_code == 400
    assert token not in answer.text


def test_a_key_is_replaced_without_a_gap_and_revoked_at_once(web: Web) -> None:
    old = web.key("integration", "metrics.read")
    boss = web.sign_in("admin")
    with web.store.read() as conn:
        key = keys.list_keys(conn)[0]
    shown = boss.post(f"/settings/keys/{key.id}/rotate").text
    new = {"Authorization": "Bearer " + shown.split('id="api-key">')[1].split("<")[0]}
    assert _status(web, old) == _status(web, new) == 200
    web.at += timedelta(days=8)
    assert _status(web, old) == 401
    assert _status(web, new) == 200
    with web.store.read() as conn:
        successor = keys.list_keys(conn)[0]
    web.sign_in("admin").post(f"/settings/keys/{successor.id}/revoke")
    assert _status(web, new) == 401


@pytest.mark.parametrize(
    ("networks", "opens"),
    [
        ([], True),
        (["127.0.0.1"], True),
        (["10.0.0.0/8", "127.0.0.0/8"], True),
        (["10.0.0.0/8"], False),
        (["::/0"], False),
        (["0.0.0.0/0"], True),
    ],
)
def test_a_key_works_only_from_its_networks(web: Web, networks: list[str], opens: bool) -> None:
    granted = ["metrics.read"]
    _, token = accounts.add_key(web.store, "x", "integration", granted, by="t", now=web.at, networks=networks)
    assert _status(web, {"Authorization": f"Bearer {token}"}) == (200 if opens else 401)


def test_what_is_no_network_is_refused_beside_its_field(web: Web) -> None:
    boss = web.sign_in("admin")
    form = {"name": "Shop", "kind": "ingest", "life": "90", "networks": "10.0.0.0/8, the office"}
    answer = boss.post("/settings/keys/new", form)
    assert answer.status_code == 422
    assert "is no address and no network" in answer.text
    assert boss.post("/settings/keys/new", {**form, "networks": "10.0.0.0/8"}).status_code == 200


def test_an_integrator_sees_and_touches_only_keys_of_own_making(web: Web) -> None:
    person = web.user("integrator", "giorgi")
    web.key("integration", "metrics.read")
    giorgi = web.sign_in("integrator", person)
    accounts.add_key(web.store, "own key", "ingest", ["events.write"], by="giorgi", now=web.at)
    with web.store.read() as conn:
        own, other = keys.list_keys(conn)
    page = giorgi.get("/settings/keys").text
    assert own.prefix in page
    assert other.prefix not in page
    assert giorgi.post(f"/settings/keys/{other.id}/revoke").status_code == 404, "not 403: it need not know of it"
    assert giorgi.post(f"/settings/keys/{own.id}/revoke").status_code == 303


@pytest.mark.parametrize(
    ("kind", "granted", "shop"),
    [
        ("ingest", ["customers.read"], None),
        ("boss", ["events.write"], None),
        ("till", ["quotes.make"], None),
        ("ingest", [], None),
    ],
)
def test_rights_beyond_the_kind_are_refused(web: Web, kind: str, granted: list[str], shop: str | None) -> None:
    with pytest.raises(SettingsError):
        accounts.add_key(web.store, "x", kind, granted, by="test", now=web.at, shop=shop)


def test_the_last_use_is_noted_at_most_once_a_minute(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    key = web.key("integration", "metrics.read")
    writes: list[object] = []
    real = web.store.run

    def counted(work: Callable[[Connection], object]) -> object:
        writes.append(work)
        return real(work)

    monkeypatch.setattr(web.store, "run", counted)
    for _ in range(5):
        _status(web, key)
    assert len(writes) == 1
    web.at += timedelta(minutes=2)
    _status(web, key)
    assert len(writes) == 2
