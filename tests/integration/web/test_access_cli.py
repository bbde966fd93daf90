"""Users, keys and the audit trail from a shell."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from rig.web import Web, a_web
from store.db import Store
from wayfare import clock
from wayfare.cli import main
from wayfare.settings import load
from wayfare.vault import Vault

Shell = Callable[..., str]


@pytest.fixture
def shell(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WAYFARE_DATABASE_URL", sqlite_url)

    def run(*args: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as stopped:
            main(list(args))
        assert stopped.value.code == code
        said = capsys.readouterr()
        return said.out + said.err

    return run


@pytest.fixture
def same(sqlite_url: str, shell: Shell) -> Web:
    """The pages on the database and the secret that the shell works with."""
    shell("user", "list")
    web = a_web(sqlite_url)
    web.store.vault = Vault(load().secret)
    return web


def test_a_user_is_added_listed_disabled_and_gets_a_new_password(shell: Shell, same: Web) -> None:
    shell("user", "add", "boss", "--role", "admin")
    said = shell("user", "add", "Marta@Shop.example", "--role", "marketer", "--name", "Marta")
    password = said.split("password ")[1].split()[0]
    people = json.loads(shell("user", "list", "--json"))
    assert [(person["login"], person["role"], person["state"]) for person in people] == [
        ("boss", "admin", "first password"),
        ("marta@shop.example", "marketer", "first password"),
    ]
    assert same.browser().sign_in("marta@shop.example", password).status_code == 303
    new = shell("user", "reset-password", "marta@shop.example").split("password ")[1].split()[0]
    assert same.browser().sign_in("marta@shop.example", password).status_code == 422
    assert same.browser().sign_in("marta@shop.example", new).status_code == 303
    shell("user", "disable", "marta@shop.example")
    assert same.browser().sign_in("marta@shop.example", new).status_code == 422
    shell("user", "enable", "marta@shop.example")
    assert same.browser().sign_in("marta@shop.example", new).status_code == 303


def test_what_cannot_be_done_is_said_in_one_line(shell: Shell) -> None:
    shell("user", "add", "boss", "--role", "admin")
    assert "there is no role" in shell("user", "add", "x", "--role", "king", code=1)
    assert "already signs in" in shell("user", "add", "BOSS", "--role", "admin", code=1)
    assert "last administrator" in shell("user", "disable", "boss", code=1)
    assert "nobody signs in" in shell("user", "reset-password", "nobody", code=1)
    assert "no API key" in shell("key", "revoke", "wf_00000000", code=1)
    assert "can have" in shell("key", "add", "x", "--kind", "ingest", "--right", "customers.read", code=1)
    assert "one store" in shell("key", "add", "x", "--kind", "till", code=1)


def test_a_key_opens_the_api_until_it_is_revoked(shell: Shell, same: Web) -> None:
    token = shell("key", "add", "Back office", "--kind", "integration", "--right", "metrics.read").split()[0]
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "1.2.3.4"}
    same.at = clock.now()
    assert same.client.get("/metrics", headers=headers).status_code == 200
    keys = json.loads(shell("key", "list", "--json"))
    assert keys[0]["rights"] == "metrics.read"
    assert token not in json.dumps(keys)
    shell("key", "revoke", token)
    same.at = clock.now()
    assert same.client.get("/metrics", headers=headers).status_code == 401


def test_verify_says_whether_the_trail_holds(shell: Shell, sqlite_url: str) -> None:
    shell("user", "add", "boss", "--role", "admin")
    shell("user", "add", "x", "--role", "analyst")
    verdict = json.loads(shell("audit", "verify", "--json"))
    assert (verdict["good"], verdict["entries"], verdict["head"]) == (True, 2, 2)
    store = Store(sqlite_url, Vault(b"any secret does for plain statements"))
    with store.write() as conn:
        conn.execute(text("DROP TRIGGER audit_no_delete"))
        conn.execute(text("DELETE FROM audit WHERE id = 2"))
    store.dispose()
    assert "Entry 2 does not hold" in shell("audit", "verify", code=1)
