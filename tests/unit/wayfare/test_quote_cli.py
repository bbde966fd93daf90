"""`wayfare quote` prices carts from files and pipes, and says where a document is wrong."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from rig.prices import line, percent, promo, request
from wayfare.cli import main

CART = request([line("a", 1000)], promo("p", percent(20)), promo("q", percent(10)))


def run(*args: str) -> int:
    try:
        main(["quote", *args])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def saved(folder: Path, text: Any) -> str:
    file = folder / "request.json"
    file.write_text(text if isinstance(text, str) else json.dumps(text))
    return str(file)


def test_a_file_is_answered_with_one_quote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(saved(tmp_path, CART), "--json") == 0
    assert json.loads(capsys.readouterr().out)["payable"] == 800


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(json.dumps(CART)))
    assert run() == 0
    assert json.loads(capsys.readouterr().out)["payable"] == 800


def test_an_explanation_names_steps_and_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(saved(tmp_path, CART), "--explain") == 0
    told = capsys.readouterr().out
    assert "8.00 UAH" in told
    assert "another promotion gives a better price: p" in told
    assert "No allowed choice is cheaper." in told


def test_each_line_has_one_answer_and_a_bad_one_its_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = json.loads(json.dumps(CART))
    del bad["cart"]["lines"][0]["sku"]
    file = saved(tmp_path, "\n".join([json.dumps(CART), json.dumps(bad), "{", "", json.dumps(CART)]))
    assert run(file, "--lines") == 1
    answers = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [answer.get("payable") for answer in answers] == [800, None, None, 800]
    assert answers[1]["error"] == {"path": "cart.lines.0.sku", "code": "missing", "message": "this key is missing"}
    assert answers[2]["error"]["code"] == "not_json"


def test_a_bad_document_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(saved(tmp_path, {**CART, "more": 1})) == 1
    assert capsys.readouterr().err == "wayfare: more: there is no such key here (extra_forbidden)\n"


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(tmp_path / "no.json")) == 1
    assert "cannot be read" in capsys.readouterr().err
