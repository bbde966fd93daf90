"""What docs/building.md shows is what happens: its file is a journey, and its commands answer as they stand there."""

import re
import shlex
from pathlib import Path

import pytest

from builder.keys import RESERVED
from builder.text import read
from wayfare.cli import main

DOCS = (Path(__file__).parents[3] / "docs" / "building.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL)


def test_the_commands_answer_as_the_page_says(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYFARE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path))
    (journey,) = blocks("json")
    (tmp_path / "hello.json").write_text(journey)
    assert len(read(journey).nodes) == 3
    (session,) = blocks("shell")
    commands = [part.partition("\n") for part in session.split("$ ")[1:]]
    assert len(commands) >= 8
    for line, _, answer in commands:
        name, *args = shlex.split(line)
        assert name == "wayfare"
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(args)
        told = capsys.readouterr()
        assert told.out + told.err == answer, line


def test_the_page_names_every_key_that_is_not_to_be_had() -> None:
    (told,) = re.findall(r"stays; (.*?) are not to be had", DOCS, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", told)) == RESERVED
