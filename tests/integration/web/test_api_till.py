"""Tills over HTTP: a snapshot of the key's own shop, the keys it is signed with, and receipts that count once."""

from typing import Any

import pytest

from offers.till.offline import Snapshot, opened
from offers.till.signed import SnapshotRefused, public_keys
from rig.web import Web

RULE = {"key": "tenth", "layer": "item", "effect": {"kind": "percent", "value": "10", "target": "unit"}}
CART = {"currency": "UAH", "lines": [{"id": "L1", "sku": "soap", "price": 10_000, "quantity": 1}]}


@pytest.fixture
def till(web: Web) -> dict[str, str]:
    office = web.key("integration", "promotions.edit", "promotions.publish", "promotions.read")
    for path, body in (("/promotions/tenth", {**RULE, "usage": {"total": 1}}),):
        assert web.client.put(f"/api/v1{path}", json=body, headers=office).status_code == 200
    assert web.client.post("/api/v1/promotions/publish", json={}, headers=office).status_code == 200
    return web.key("till", "tills.sync", "quotes.make", shop="kyiv-01")


def fetched(web: Web, till: dict[str, str]) -> Snapshot:
    pem = web.client.get("/api/v1/till/keys", headers=till).get_json()["keys"][0]["pem"]
    file = web.client.get("/api/v1/till/snapshot", headers=till).text
    return opened(file, public_keys(pem), store="kyiv-01", now=web.at)


def a_receipt(snapshot: Snapshot, web: Web, number: int) -> dict[str, Any]:
    quote = snapshot.quote(CART, web.at)
    return {"till": "1", "number": number, "snapshot": snapshot.id, "cart": CART, "quote": quote}


def handed_in(web: Web, till: dict[str, str], *given: Any) -> Any:
    answer = web.client.post("/api/v1/till/receipts", json=list(given), headers=till)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_snapshot_is_for_the_shop_of_the_key_and_changes_only_with_what_it_says(
    web: Web, till: dict[str, str]
) -> None:
    first = web.client.get("/api/v1/till/snapshot", headers=till)
    again = web.client.get("/api/v1/till/snapshot", headers=till)
    assert (first.data, first.headers["ETag"]) == (again.data, again.headers["ETag"])
    same = web.client.get("/api/v1/till/snapshot", headers={**till, "If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    other = web.client.get("/api/v1/till/snapshot", headers=web.key("till", "tills.sync", shop="lviv-02"))
    assert other.headers["ETag"] != first.headers["ETag"]
    pem = web.client.get("/api/v1/till/keys", headers=till).get_json()["keys"][0]["pem"]
    with pytest.raises(SnapshotRefused, match="for the shop 'lviv-02', not for 'kyiv-01'"):
        opened(other.text, public_keys(pem), store="kyiv-01", now=web.at)
    office = web.key("integration", "promotions.edit", "promotions.publish")
    web.client.put("/api/v1/promotions/tenth", json={**RULE, "name": "A tenth"}, headers=office)
    web.client.post("/api/v1/promotions/publish", json={}, headers=office)
    changed = web.client.get("/api/v1/till/snapshot", headers={**till, "If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, fetched(web, till).rules_at(web.at).name) == (200, "v2")


def test_only_a_till_may(web: Web) -> None:
    for path in ("/api/v1/till/snapshot", "/api/v1/till/receipts"):
        method = "POST" if path.endswith("receipts") else "GET"
        answer = web.client.open(path, method=method, json=[], headers=web.key("integration", "quotes.make"))
        assert answer.status_code == 403


def test_each_receipt_is_answered_by_itself(web: Web, till: dict[str, str]) -> None:
    snapshot = fetched(web, till)
    good, twice = a_receipt(snapshot, web, 1), a_receipt(snapshot, web, 2)
    other = {**good, "quote": {**good["quote"], "tax": 1}}
    answer = handed_in(web, till, good, {"till": "1"}, twice, good, other, {**good, "number": 3, "quote": {}})
    told = [(one["index"], one["status"], [c["kind"] for c in one["conflicts"]]) for one in answer["receipts"]]
    assert told == [
        (0, "taken", []),
        (2, "taken", ["limit_overrun"]),
        (3, "known", []),
        (4, "refused", []),
        (5, "taken", ["unreadable"]),
    ]
    assert {one["index"] for one in answer["errors"]} == {1}
    assert "may be used 1 times and is used 2 times" in answer["receipts"][1]["conflicts"][0]["words"]
    assert handed_in(web, till, good, twice)["receipts"][1]["conflicts"] == answer["receipts"][1]["conflicts"]
    back = web.client.get(
        f"/api/v1/redemptions/{answer['receipts'][0]['redemption']}",
        headers=web.key("till", "codes.redeem", shop="kyiv-01"),
    ).get_json()
    assert (back["status"], back["order"], back["payable"]) == ("confirmed", "1/1", 9_000)
    assert web.client.post("/api/v1/till/receipts", json=[good] * 201, headers=till).status_code == 413


def test_a_price_that_was_asked_for_needs_no_snapshot(web: Web, till: dict[str, str]) -> None:
    quote = web.client.post("/api/v1/quotes", json={"cart": CART}, headers=till).get_json()
    receipt = {"till": "2", "number": 7, "cart": CART, "quote": quote, "phone": "not a number"}
    [done] = handed_in(web, till, receipt)["receipts"]
    assert (done["status"], done["conflicts"]) == ("taken", [])
