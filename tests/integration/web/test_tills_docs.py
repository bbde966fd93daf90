"""What docs/tills.md shows is what Wayfare takes, and it names what there is."""

import json
import re
from pathlib import Path

from offers.till.conflicts import KINDS
from rig.web import Web
from wayfare.cli import build

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "tills.md").read_text()


def test_the_receipt_is_taken_up(web: Web) -> None:
    office = web.key("integration", "promotions.edit", "promotions.publish", "promotions.read")
    effect = {"kind": "percent", "value": "10", "target": "unit"}
    rule = {"key": "tenth", "layer": "item", "effect": effect}
    assert web.client.put("/api/v1/promotions/tenth", json=rule, headers=office).status_code == 200
    assert web.client.post("/api/v1/promotions/publish", json={}, headers=office).status_code == 200
    found = re.search(r"^POST /api/v1/till/receipts\n(\[.*?\])\n```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    till = web.key("till", "tills.sync", "quotes.make")
    [done] = web.client.post("/api/v1/till/receipts", json=json.loads(found[1]), headers=till).get_json()["receipts"]
    assert (done["status"], done["conflicts"]) == ("taken", [])


def test_everything_it_names_is_there(web: Web) -> None:
    assert all(f"`{kind}`" in PAGE for kind in KINDS)
    there = {rule.rule for rule in web.app.url_map.iter_rules()}
    named = set(re.findall(r"/api/v1/till/\w+", PAGE))
    assert len(named) == 3
    assert named <= there
    commands = {name for group in build(["till"]).registered_groups for name in _names(group)}
    assert set(re.findall(r"wayfare till (\w+)", PAGE)) <= commands
    assert (ROOT / "examples" / "till.py").exists()


def _names(group: object) -> set[str]:
    commands = group.typer_instance.registered_commands  # type: ignore[attr-defined]  # typer describes itself loosely
    return {one.name or one.callback.__name__ for one in commands}
