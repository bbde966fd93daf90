"""The command line refuses with one line and finds its commands by their files."""

import pkgutil
from pathlib import Path

import pytest

import wayfare.cli
from wayfare.cli import main


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(args))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = capsys.readouterr().out
    for module in pkgutil.iter_modules(wayfare.cli.__path__):
        if not module.name.startswith("_"):
            assert module.name.rstrip("_").replace("_", "-") in told


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("up", "web", "worker", "scheduler", "settings"):
        assert run(name, "--help") == 0
        assert "Usage: wayfare " + name in capsys.readouterr().out


def test_an_unknown_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fly") == 2
    assert "fly" in capsys.readouterr().err


def test_a_refusal_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYFARE_PORT", "many")
    assert run("settings") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("wayfare: WAYFARE_PORT: ")
    assert len(told.err.splitlines()) == 1
