"""Which Redis `wayfare up` works with."""

from pathlib import Path

import pytest

from wayfare.cli import up
from wayfare.settings import load
from wayfare.supervise import valkey
from wayfare.supervise.supervisor import Supervisor


def test_the_one_that_is_given_wins_and_no_other_is_started(tmp_path: Path, redis_url: str) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    url, shown = up._start_redis(supervisor, load(data_dir=tmp_path, redis_url=redis_url))
    assert url == redis_url
    assert supervisor.children == []
    assert redis_url.split("@")[0].split(":")[-1] not in shown  # the password


def test_one_that_does_not_answer_is_kept_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    url, _ = up._start_redis(Supervisor(print), load(data_dir=tmp_path, redis_url=nowhere))
    assert url == nowhere
    assert "works by polling" in capsys.readouterr().err


def test_without_any_wayfare_polls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(valkey, "find_server", lambda: None)
    url, _ = up._start_redis(Supervisor(print), load(data_dir=tmp_path))
    assert url is None
    assert "polling" in capsys.readouterr().err
