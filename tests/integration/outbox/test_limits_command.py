"""Quiet hours and caps from a shell: what is set is what delivery reads, and nonsense is never stored."""

import json
from datetime import time
from pathlib import Path

import pytest

from engine.guards import QuietHours, rules
from store import audit
from store.db import Store
from store.outbox_checks import workspace
from wayfare.cli import main
from wayfare.vault import Vault


@pytest.fixture(autouse=True)
def _place(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WAYFARE_DATABASE_URL", database_url)


def limits(*args: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["limits", *args])
    code: int = stopped.value.code  # type: ignore[assignment]  # main() exits with numbers
    return code


def test_what_is_set_is_what_delivery_reads(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert limits("--quiet", "21:00-09:30", "--cap", "email=2", "--cap", "sms=1") == 0
    assert limits("--cap", "sms=off") == 0
    store = Store(database_url, Vault(b"a secret that only tests know, 32+"))
    with store.read() as conn:
        found = rules(workspace(conn))
        trail = [entry.action for entry in audit.search(conn, audit.Filter())]
    assert found.quiet == QuietHours(time(21), time(9, 30))
    assert (found.cap("email"), found.cap("sms")) == (2, None)
    assert trail == ["limits.changed", "limits.changed"]
    assert limits("--quiet", "off", "--cap", "email=off") == 0
    with store.read() as conn:
        assert rules(workspace(conn)) in (rules({}), rules({"caps": {}}))
    store.dispose()
    capsys.readouterr()
    assert limits("--json") == 0
    assert json.loads(capsys.readouterr().out) == {"quiet_hours": None, "caps": {}}


@pytest.mark.parametrize("wrong", ["--quiet=9pm", "--quiet=25:00-09:00", "--cap=email=0", "--cap=2"])
def test_nonsense_is_never_stored(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert limits("--quiet", "21:00-09:00") == 0
    assert limits(wrong) == 1
    assert "21:00-09:00" in capsys.readouterr().err
    assert limits("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"quiet_hours": {"from": "21:00", "until": "09:00"}, "caps": {}}
