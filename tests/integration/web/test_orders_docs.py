"""What docs/orders.md shows is what Wayfare takes."""

import json
import re
from pathlib import Path

from rig.web import Web

PAGE = (Path(__file__).parents[3] / "docs" / "orders.md").read_text()
CALLS = re.findall(r"^POST /api/v1(\S+)\n(\{.*?\})?(?=\n?```)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_call_works_in_its_order(web: Web) -> None:
    office = web.key("integration", "promotions.edit", "promotions.publish", "promotions.read")
    effect = {"kind": "amount", "value": 3_000, "target": "order"}
    rule = {
        "key": "hello",
        "layer": "order",
        "requires_code": "WELCOME",
        "effect": effect,
        "usage": {"per_customer": 1},
    }
    assert web.client.put("/api/v1/promotions/hello", json=rule, headers=office).status_code == 200
    assert web.client.post("/api/v1/promotions/publish", json={}, headers=office).status_code == 200
    till = web.key("till", "quotes.make", "codes.redeem")
    answers = {}
    assert len(CALLS) == 4
    for path, body in CALLS:
        answer = web.client.post(f"/api/v1{path}", json=json.loads(body) if body else None, headers=till)
        assert answer.status_code in (200, 201), f"{path}: {answer.text}"
        answers[path] = answer.get_json()
    assert answers["/quotes"]["payable"] == answers["/redemptions"]["payable"] == 17_000
    assert answers["/redemptions/1/confirm"]["status"] == "confirmed"
    assert answers["/redemptions/1/return"]["refund"] == 8_500
    assert web.client.get("/api/v1/redemptions/1/replay", headers=till).get_json()["same"] is True


def test_every_path_exists(web: Web) -> None:
    there = {rule.rule.replace("/api/v1", "") for rule in web.app.url_map.iter_rules()}
    for path in set(re.findall(r"/(?:redemptions|quotes)[\w/-]*", PAGE)):
        assert any(re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", rule), path) for rule in there), path
