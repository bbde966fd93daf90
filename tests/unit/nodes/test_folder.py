"""Node types from a folder: one file is enough, and a bad one costs nobody else."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from builder.check import check
from builder.text import from_document
from nodes.graph import Node
from nodes.registry import open_registry
from wayfare.cli import build
from wayfare.testing import a_batch, run

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "plugins" / "one_file" / "rainy_day.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "nodes"
    place.mkdir(mode=0o755)
    shutil.copy(EXAMPLE, place)
    (place / EXAMPLE.name).chmod(0o644)
    return place


def test_one_file_makes_a_type_with_form_ports_and_checks(folder: Path) -> None:
    registry = open_registry([], folder)
    assert registry.failures == []
    about = registry.describe("acme.weather")
    assert (about["label"], about["category"]) == ("Weather", "flow")
    assert about["schema"]["properties"]["rain"]["title"] == "It rains from"
    node = registry.load(Node(id="n2", type="acme.weather", settings={"rain": "storm"}))
    result = run(node, a_batch({"attrs.weather": ["storm", "drizzle", None, 7]}))
    assert {port: set(ids) for port, ids in result.moves.items()} == {"rain": {1}, "dry": {2}, "unknown": {3, 4}}
    nodes = [
        {"id": "n1", "type": "trigger.event", "settings": {"event": "go"}},
        {"id": "n2", "type": "acme.weather", "settings": {"rain": "fog"}},
    ]
    graph = from_document({"nodes": nodes, "edges": [{"from": "n1", "to": "n2"}]})
    assert [problem.code for problem in check(graph, registry) if problem.severity == "error"] == ["invalid_settings"]


def test_a_broken_file_is_told_and_the_others_are_there(folder: Path) -> None:
    (folder / "broken.py").write_text("import a_package_that_nobody_has\n")
    (folder / "again.py").write_text(EXAMPLE.read_text())
    (folder / "_draft.py").write_text("raise SystemExit\n")
    registry = open_registry([], folder)
    assert {failure.name for failure in registry.failures} == {"broken", "rainy_day"}
    assert "acme.weather" in registry


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_may_write_is_not_run(folder: Path, which: str) -> None:
    (folder if which == "folder" else folder / EXAMPLE.name).chmod(0o777)
    registry = open_registry([], folder)
    assert "acme.weather" not in registry
    assert "chmod go-w" in registry.failures[0].reason


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert open_registry([], tmp_path / "none").failures == []


def test_the_setting_puts_it_into_the_list(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYFARE_NODES_DIR", str(folder))
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path))
    told = CliRunner().invoke(build(["nodes", "list"]), ["nodes", "list"])
    assert told.exit_code == 0
    assert re.search(r"acme\.weather +Weather", told.output)


def test_the_guide_for_integrators_runs(folder: Path) -> None:
    page = (ROOT / "docs" / "integrating.md").read_text() + (ROOT / "README.md").read_text()
    scope: dict[str, Any] = {}
    exec("from wayfare.sdk import *", scope)
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(code, "docs/integrating.md", "exec"), scope)
    node = scope["FirstHundred"]()
    first = run(node, a_batch(size=99))
    assert first.memory == {"taken": 99}
    later = run(node, a_batch(size=3, memory=first.memory))
    assert {port: set(ids) for port, ids in later.moves.items()} == {"first": {1}, "else": {2, 3}}
    split = run(scope["PointsSplit"](minimum=100), a_batch({"attrs.points": [100, 99, None]}))
    assert set(split.moves["enough"]) == {1}
    assert "cp examples/plugins/one_file/rainy_day.py" in page
