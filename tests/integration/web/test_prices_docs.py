"""What docs/prices.md shows is what Wayfare takes."""

import json
import re
from datetime import timedelta
from pathlib import Path

from engine.products import upsert_products
from rig.web import NOON, Web

PAGE = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()
CALLS = re.findall(r"^(GET|POST) /api/v1(\S+)\n(\{.*\})?", PAGE, re.MULTILINE)


def test_every_call_works(web: Web) -> None:
    items = [{"sku": sku, "price": 240_000, "currency": "UAH"} for sku in ("ROSE-50", "LIP-1")]
    upsert_products(web.store, items, now=NOON - timedelta(days=60), source="till")
    key = web.key("integration", "promotions.read", "quotes.make")
    assert len(CALLS) == 3
    for method, path, body in CALLS:
        sent = json.loads(body) if body else None
        answer = web.client.open(f"/api/v1{path}", method=method, json=sent, headers=key)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert '"lowest_30_days":240000' in answer.text.replace(" ", "")


def test_every_field_of_the_answer_is_explained(web: Web) -> None:
    described = web.client.get("/api/v1/openapi.json").get_json()["components"]["schemas"]["HistoryOut"]["properties"]
    assert all(f"`{name}`" in PAGE for name in described if name not in ("sku", "name", "currency"))
