"""`wayfare promotions`: files go in, are checked, published and come out again; the example is one of them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from offers.live import Live, quote_cart
from store.db import Store
from wayfare.cli import main
from wayfare.vault import Vault

EXAMPLE = str(Path(__file__).resolve().parents[3] / "examples" / "promotions" / "brocard.json")
SALE = {"key": "sale", "layer": "item", "effect": {"kind": "percent", "value": "20"}}
HUGE = {"key": "huge", "layer": "item", "effect": {"kind": "percent", "value": "70"}}


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; return exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYFARE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path))

    def run(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["promotions", *args])
        told = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, told.out, told.err

    return run


def a_file(folder: Path, *promotions: dict[str, Any], **more: Any) -> str:
    file = folder / "rules.json"
    file.write_text(json.dumps({"promotions": list(promotions), **more}))
    return str(file)


def test_check_needs_no_database_and_fails_with_words(shell: Any, tmp_path: Path) -> None:
    code, out, err = shell("check", EXAMPLE)
    assert (code, out, err) == (0, "Nothing is wrong: 7 groups, 50 promotions, 5 caps.\n", "")
    code, out, err = shell("check", a_file(tmp_path, {**SALE, "never_with": ["nobody"]}))
    assert (code, out) == (1, "")
    assert "promotion 'sale', never_with.0: there is no promotion or group 'nobody'" in err
    code, _, err = shell("check", a_file(tmp_path, {**SALE, "efect": 1}))
    assert (code, "promotions.0.efect" in err) == (1, True)
    code, out, _ = shell("check", a_file(tmp_path, HUGE), "--json")
    assert (code, len(json.loads(out)["approval"])) == (0, 1)
    assert shell("check", str(tmp_path / "nowhere.json"))[0] == 1


def test_a_file_goes_in_prices_carts_and_comes_out_as_it_was(shell: Any, sqlite_url: str, tmp_path: Path) -> None:
    assert shell("import", EXAMPLE)[1].startswith("62 items changed")
    assert shell("import", EXAMPLE)[1].startswith("0 items changed")
    assert len(shell("diff")[1].splitlines()) == 63
    assert shell("publish", "--note", "first")[1].startswith("version 1 prices carts from ")
    assert "live already" in shell("publish")[1]
    for which in ("draft", "live", "1"):
        assert shell("export", which)[1] == Path(EXAMPLE).read_text(encoding="utf-8")
    assert shell("export", "--to", str(tmp_path / "out.json"))[0] == 0
    assert shell("diff")[:2] == (0, "")
    assert shell("export", "7")[0] == 1
    store = Store(sqlite_url, Vault(b"a secret for tests, long enough!"))
    lines = [{"id": "L", "sku": "S", "price": 100_000, "quantity": 1, "categories": ["perfume"]}]
    with store.read() as conn:
        cart = {"currency": "UAH", "at": "2026-10-01T12:00:00+03:00", "lines": lines}
        assert quote_cart(conn, Live(), cart, datetime.now(UTC))["payable"] == 80_000
    store.dispose()


def test_what_is_above_the_limits_waits_and_replacing_takes_out(shell: Any, tmp_path: Path) -> None:
    shell("import", a_file(tmp_path, SALE))
    shell("publish")
    shell("import", a_file(tmp_path, HUGE), "--replace")
    code, out, err = shell("publish")
    assert (code, out) == (0, "version 2 waits for approval by another person:\n")
    assert "70 %" in err
    assert "waiting already" in shell("publish")[1]
    assert [line.split()[1] for line in shell("diff")[1].splitlines()] == ["“huge”", "“sale”"]
    assert shell("publish", "--from", "tomorrow")[0] == 1
    shell("import", a_file(tmp_path, {**SALE, "group": "nowhere", "layer": None}))
    code, _, err = shell("publish")
    assert (code, "there is no group 'nowhere'" in err) == (1, True)


def test_what_other_rules_would_have_made_of_receipts_is_told(shell: Any, tmp_path: Path) -> None:
    shell("import", a_file(tmp_path, SALE))
    receipts = tmp_path / "receipts.csv"
    receipts.write_text("order,at,sku,quantity,price\n1,2026-11-20T10:00,A,2,1000\n2,2026-11-21T10:00,B,1,500\n")
    code, out, _ = shell("whatif", "--receipts", str(receipts), "--margin", "40", "--json")
    found = json.loads(out)
    assert (code, found["receipts"]["cheaper"], found["new"]["discount"]) == (0, 2, 500)
    assert (found["old_rules"], found["change"]["margin"]) == ("what is live", -500)
    code, out, _ = shell("whatif", "draft", "--against", "draft", "--without", "sale", "--receipts", str(receipts))
    assert "the draft instead of the draft without “sale”: 2 of 2 receipts priced" in out
    assert "0.00 -> 5.00" in out
    assert shell("whatif", "--days", "1", "--json")[0] == 0
    assert shell("whatif", "--receipts", str(tmp_path / "nowhere.csv"))[0] == 1
    assert shell("whatif", "--against", "77")[0] == 1
    assert shell("whatif", "--scale", "x")[0] == 1
