"""`wayfare journey` and `wayfare nodes`: exit codes and words that CI and people can use."""

import json
from pathlib import Path
from typing import Any

import pytest

from builder.starters import FOLDER
from nodes.registry import open_registry
from wayfare.cli import main
from wayfare.cli.nodes import as_markdown

GOOD: dict[str, Any] = {
    "nodes": [
        {"id": "t", "type": "trigger.event", "settings": {"event": "purchase"}},
        {"id": "s", "type": "action.send", "settings": {"subject": "Hi", "body": "{{ first_name }}"}},
        {"id": "x", "type": "flow.exit"},
    ],
    "edges": [{"from": "t", "to": "s"}, {"from": "s", "to": "x"}],
}


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; return exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYFARE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path))

    def run(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(list(args))
        told = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, told.out, told.err

    return run


@pytest.fixture
def good(tmp_path: Path) -> str:
    file = tmp_path / "welcome.json"
    file.write_text(json.dumps(GOOD))
    return str(file)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(GOOD | {"edges": [{"from": "t", "to": "s"}, {"from": "s", "to": "t"}]}))
    return str(file)


def test_check_says_what_is_wrong_and_fails(shell: Any, good: str, bad: str) -> None:
    assert shell("journey", "check", good) == (0, "", "")
    code, out, err = shell("journey", "check", good, bad)
    assert (code, out) == (1, "")
    assert f"{bad}: error: t: the journey goes round in a circle: t → s → t; remove one of these arrows" in err
    assert good not in err
    code, out, err = shell("journey", "check", "--json", good, bad)
    found = json.loads(out)
    assert (code, err, found[good]) == (1, "", [])
    assert {"cycle", "unreachable", "edge_into_trigger"} == {problem["code"] for problem in found[bad]}
    assert set(found[bad][0]) == {"node", "severity", "code", "message", "remedy"}


def test_check_fails_on_files_that_are_no_journeys(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    code, _, err = shell("journey", "check", "a.json", "missing.json")
    assert code == 1
    assert "a.json: error: line 1, column 2: this is not JSON" in err
    assert "missing.json: error: the file cannot be read: No such file" in err
    assert shell("journey", "check")[0] == 2


def test_warnings_fail_only_when_asked(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "short.json").write_text(json.dumps({"nodes": GOOD["nodes"][:1]}))
    assert shell("journey", "check", "short.json")[0] == 0
    assert shell("journey", "check", "--strict", "short.json")[0] == 1


def test_a_file_becomes_a_draft_a_version_and_a_file_again(shell: Any, good: str, tmp_path: Path) -> None:
    assert shell("journey", "list")[:2] == (0, "")
    assert shell("journey", "import", good, "--name", "Welcome")[:2] == (0, "welcome: draft saved, revision 1\n")
    code, _, err = shell("journey", "export", "welcome", "--live")
    assert code == 1
    assert "no version of 'welcome' is live" in err
    assert shell("journey", "publish", "welcome")[:2] == (0, "welcome: version 1 is live\n")
    assert shell("journey", "publish", good)[:2] == (0, "welcome: version 1 is live already; nothing has changed\n")
    code, out, _ = shell("journey", "export", "welcome")
    assert code == 0
    assert json.loads(out)["nodes"][1]["settings"] == {"body": "{{ first_name }}", "subject": "Hi"}
    assert shell("journey", "export", "welcome", "--live", "--to", "again.json")[0] == 0
    assert (tmp_path / "again.json").read_text() == out
    assert shell("journey", "publish", "again.json", "--key", "copy")[0] == 0
    assert [line.split() for line in shell("journey", "list")[1].splitlines()] == [
        ["copy", "live", "copy"],
        ["welcome", "live", "Welcome"],
    ]
    assert [one["key"] for one in json.loads(shell("journey", "list", "--json")[1])] == ["copy", "welcome"]


def test_a_broken_file_is_kept_as_a_draft_but_never_published(shell: Any, bad: str) -> None:
    code, out, err = shell("journey", "import", bad)
    assert (code, out) == (0, "broken: draft saved, revision 1\n")
    assert "circle" in err
    for what in ("broken", bad):
        code, out, err = shell("journey", "publish", what)
        assert (code, out) == (1, "")
        assert "circle" in err
    assert shell("journey", "publish", "nobody")[0] == 1


def test_a_file_name_that_is_no_key_asks_for_one(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "my journey.json").write_text(json.dumps(GOOD))
    code, _, err = shell("journey", "import", "my journey.json")
    assert code == 1
    assert "--key" in err
    assert shell("journey", "import", "my journey.json", "--key", "mine")[0] == 0


NO_SENSE: dict[tuple[str, ...], str] = {
    ("import", "{good}", "--key", "a b"): "'a b' cannot be a key (letters, digits, . _ -); take another",
    ("import", "{good}", "--name", "x" * 201): "Give the journey a name of 1 to 200 letters.",
    ("import", "{folder}/nothing.json"): "{folder}/nothing.json cannot be read: No such file or directory",
    ("import", "{folder}"): "{folder} cannot be read: Is a directory",
    ("import", "{cut}"): "{cut}: error: line 2, column 1: this is not JSON",
    ("export", "nobody"): "there is no journey 'nobody'",
    ("export", "kept", "--live"): "no version of 'kept' is live; leave --live out to get the draft",
    ("export", "kept", "--to", "{folder}/gone/x.json"): "{folder}/gone/x.json cannot be written: No such file",
    ("diff", "nobody"): "there is no journey 'nobody'",
    ("diff", "kept"): "no version of 'kept' is live; compare its draft with a file",
    ("diff", "kept", "kept@7"): "the journey 'kept' has no version '7'; write kept@1, kept@live, or kept for its draft",
    ("diff", "kept", "kept@"): "the journey 'kept' has no version ''",
    ("diff", "kept@1"): "'kept@1' is compared with what?",
    ("diff", "{good}"): "is compared with what?",
    ("diff", "kept", "{folder}/nothing.json"): "{folder}/nothing.json cannot be read",
    ("publish", "nobody"): "there is no journey 'nobody'",
    ("publish", "{cut}"): "{cut}: error: line 2, column 1: this is not JSON",
}


@pytest.mark.parametrize(("args", "told"), NO_SENSE.items(), ids=[" ".join(args)[:40] for args in NO_SENSE])
def test_what_makes_no_sense_is_told_in_words_that_help(
    shell: Any, good: str, tmp_path: Path, args: tuple[str, ...], told: str
) -> None:
    cut = tmp_path / "cut.json"
    cut.write_text('{"nodes": [\n')
    assert shell("journey", "import", good, "--key", "kept")[0] == 0
    places = {"good": good, "folder": str(tmp_path), "cut": str(cut)}
    code, out, err = shell("journey", *(arg.format(**places) for arg in args))
    assert (code, out) == (1, "")
    assert told.format(**places) in err
    assert "Traceback" not in err


def test_a_template_is_read_as_the_journey_that_it_holds(shell: Any, tmp_path: Path) -> None:
    file = str(FOLDER / "birthday.json")
    assert shell("journey", "check", file)[0] == 0
    code, out, err = shell("journey", "import", file)
    assert (code, out) == (0, "birthday: draft saved, revision 1\n")
    assert "there is no segment 'vip'; create it, or choose another" in err, "what the database lacks is told at once"
    assert shell("journey", "export", "birthday", "--to", str(tmp_path / "out.json"))[0] == 0
    assert shell("journey", "diff", file, str(tmp_path / "out.json"), "--exit-code")[0] == 0


@pytest.mark.parametrize("command", ["import", "publish"])
def test_a_key_that_a_page_would_hide_asks_for_another(shell: Any, good: str, tmp_path: Path, command: str) -> None:
    code, _, err = shell("journey", command, good, "--key", "new")
    assert (code, "/journeys/new is a page of its own; choose another key" in err) == (1, True)
    file = tmp_path / "import.json"
    file.write_text(json.dumps(GOOD))
    assert shell("journey", command, str(file))[0] == 1
    assert shell("journey", command, str(file), "--key", "import-all")[0] == 0


def test_nodes_are_listed_with_their_forms(shell: Any) -> None:
    code, out, err = shell("nodes", "list")
    assert (code, err) == (0, "")
    assert "flow.wait " in out
    listed = json.loads(shell("nodes", "list", "--json")[1])
    assert {"key", "label", "category", "icon", "version", "help", "schema"} == set(listed[0])


def test_a_new_node_type_begins_as_a_package_that_works(shell: Any, tmp_path: Path) -> None:
    code, out, _ = shell("nodes", "new", "acme.vip_lane")
    assert code == 0
    assert len(out.splitlines()) == 3
    made = tmp_path / "acme_vip_lane"
    assert 'vip_lane = "acme_vip_lane:VipLane"' in (made / "pyproject.toml").read_text()
    scope: dict[str, Any] = {"__name__": "acme_vip_lane"}
    exec(compile((made / "acme_vip_lane.py").read_text(), "acme_vip_lane.py", "exec"), scope)
    assert scope["VipLane"].key == "acme.vip_lane"
    assert shell("nodes", "new", "acme.vip_lane")[0] == 1
    assert shell("nodes", "new", "VipLane")[0] == 1


def test_the_page_of_node_types_is_what_the_code_says() -> None:
    page = Path(__file__).parents[3] / "docs" / "node-types.md"
    written = as_markdown(open_registry([]))
    assert page.read_text() == written, "write it anew: wayfare nodes list --markdown > docs/node-types.md"


def test_two_journeys_are_compared_in_words(shell: Any, good: str, tmp_path: Path) -> None:
    assert shell("journey", "diff", good, good) == (0, "", "There is no difference.\n")
    other = json.loads(json.dumps(GOOD))
    other["nodes"][1]["settings"]["subject"] = "Hello"
    other["nodes"][1]["position"] = [5, 5]
    other["nodes"][2] = {"id": "w", "type": "flow.wait", "settings": {"amount": 2}}
    other["edges"][1]["to"] = "w"
    other["entry"] = {"reentry": "always"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    code, out, err = shell("journey", "diff", good, "other.json", "--exit-code")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].startswith("~ s ")
    assert "Subject “Hi” → “Hello”" in lines[0]
    assert lines[1:] == [
        "+ w Wait 2 days (flow.wait)",
        "- x End (flow.exit)",
        "~ s → w: led to x",
        "~ entry: reentry “never” → “always”",
    ]
    found = json.loads(shell("journey", "diff", good, "other.json", "--json")[1])
    assert [one["kind"] for one in found] == ["changed", "added", "removed", "changed", "changed"]
    assert {"kind", "what", "node", "words", "details"} == set(found[0])


def test_a_draft_is_compared_with_its_versions(shell: Any, good: str) -> None:
    assert shell("journey", "publish", good)[0] == 0
    assert shell("journey", "diff", "welcome")[2] == "There is no difference.\n"
    assert shell("journey", "diff", "welcome@1", "welcome@live", "--exit-code")[0] == 0
    for unknown in ("welcome@2", "welcome@x", "nobody", "nobody@live"):
        assert shell("journey", "diff", unknown, good)[0] == 1
