"""Redemptions over HTTP: a till reserves, confirms, lets go and takes back, and sees no other shop's orders."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from rig.web import Web
from store import counters
from store.invariants import look

RULES = [
    {"key": "tenth", "layer": "item", "effect": {"kind": "percent", "value": "10"}, "usage": {"total": 3}},
    {
        "key": "welcome",
        "layer": "order",
        "requires_code": "WELCOME",
        "effect": {"kind": "amount", "value": 1000, "target": "order"},
    },
]
CART = {"currency": "UAH", "lines": [{"id": "L1", "sku": "soap", "price": 10_000, "quantity": 2}]}


def publish(web: Web) -> None:
    key = web.key("integration", "promotions.edit", "promotions.publish", "promotions.read")
    for one in RULES:
        done = web.client.put(f"/api/v1/promotions/{one['key']}", json=one, headers=key)
        assert done.status_code in (200, 201), done.text
    assert web.client.post("/api/v1/promotions/publish", json={"note": "first"}, headers=key).status_code == 200


def till(web: Web, shop: str = "shop-1") -> dict[str, str]:
    return web.key("till", "quotes.make", "codes.redeem", shop=shop)


def post(web: Web, path: str, body: Any, headers: dict[str, str]) -> TestResponse:
    return web.client.post(f"/api/v1/redemptions{path}", json=body, headers=headers)


def test_the_whole_way_of_an_order(web: Web) -> None:
    publish(web)
    key = till(web)
    made = post(web, "", {"order": "o1", "cart": {**CART, "codes": ["welcome"]}, "payable": 17_000}, key)
    assert made.status_code == 201, made.text
    row = made.get_json()
    assert (row["status"], row["ruleset"], row["payable"]) == ("reserved", "v1", 17_000)
    again = post(web, "", {"order": "o1", "cart": {**CART, "codes": ["welcome"]}}, key)
    assert (again.status_code, again.get_json()) == (200, row)
    other = post(web, "", {"order": "o1", "cart": CART}, key)
    assert (other.status_code, other.get_json()["errors"][0]["code"]) == (409, "order_taken")
    wrong = post(web, "", {"order": "o2", "cart": CART, "payable": 1}, key)
    assert (wrong.status_code, wrong.get_json()["errors"][0]["code"]) == (409, "price_changed")
    done = [post(web, f"/{row['id']}/confirm", None, key).get_json() for _ in range(2)]
    assert (done[0], done[0]["status"]) == (done[1], "confirmed")
    gone = post(web, f"/{row['id']}/release", None, key)
    assert (gone.status_code, gone.get_json()["errors"][0]["code"]) == (409, "confirmed")
    replay = web.client.get(f"/api/v1/redemptions/{row['id']}/replay", headers=key).get_json()
    assert (replay["same"], replay["payable"]) == (True, 17_000)
    back = post(web, f"/{row['id']}/return", {"key": "r1", "lines": {"L1": 1}}, key).get_json()
    assert (back["refund"], back["status"]) == (8_500, "part_returned")
    fault = post(web, f"/{row['id']}/return", {"key": "r2", "lines": {"L9": 1}}, key)
    assert fault.get_json()["errors"][0]["path"] == "lines.L9"
    found = web.client.get("/api/v1/redemptions?order=o1", headers=key).get_json()["redemptions"]
    assert [(one["id"], one["returned"], one["refunded"]) for one in found] == [(row["id"], {"L1": 1}, 8_500)]


def test_a_till_sees_its_own_shop_only(web: Web) -> None:
    publish(web)
    kyiv, lviv = till(web, "kyiv"), till(web, "lviv")
    row = post(web, "", {"order": "o1", "cart": CART}, kyiv).get_json()
    assert row["store"] == "kyiv"
    assert post(web, f"/{row['id']}/confirm", None, lviv).status_code == 404
    assert web.client.get(f"/api/v1/redemptions/{row['id']}", headers=lviv).status_code == 404
    assert web.client.get("/api/v1/redemptions", headers=lviv).get_json() == {"redemptions": []}
    assert post(web, "", {"order": "o1", "cart": CART}, lviv).get_json()["id"] != row["id"]
    stranger = post(web, "", {"order": "o2", "cart": {**CART, "store": "kyiv"}}, lviv)
    assert (stranger.status_code, stranger.get_json()["errors"][0]["code"]) == (403, "other_store")
    office = web.key("integration", "codes.redeem")
    assert web.client.get(f"/api/v1/redemptions/{row['id']}", headers=office).status_code == 200


def test_pins_are_tried_and_guesses_run_dry(web: Web) -> None:
    publish(web)
    desk = web.key("integration", "codes.make")
    batch = {"key": "pinned", "unlock": "WELCOME", "with_pin": True}
    assert web.client.post("/api/v1/code-batches", json=batch, headers=desk).status_code == 201
    lines = web.client.post("/api/v1/code-batches/pinned/codes", json={"count": 1}, headers=desk).text.splitlines()
    code, pin = lines[-1].split(",")[:2]
    key = till(web)
    cart = {**CART, "codes": [code]}
    quote = "/api/v1/quotes"
    no_pin = web.client.post(quote, json={"cart": cart}, headers=key).get_json()
    assert (no_pin["payable"], no_pin["codes"]) == (18_000, [{"code": code, "status": "refused"}])
    wrong = web.client.post(quote, json={"cart": cart, "pins": {code: "000000"}}, headers=key).get_json()
    assert wrong["codes"] == no_pin["codes"], "a stranger learns nothing"
    made = post(web, "", {"order": "o1", "cart": cart, "pins": {code: pin}}, key)
    assert made.get_json()["payable"] == 17_000
    post(web, f"/{made.get_json()['id']}/release", None, key)
    for _ in range(6):
        web.client.post(quote, json={"cart": cart, "pins": {code: "000000"}}, headers=key)
    locked = web.client.post(quote, json={"cart": cart, "pins": {code: pin}}, headers=key).get_json()
    assert locked["codes"] == no_pin["codes"], "after five wrong PINs the right one is too late"
    for _ in range(200):
        last = web.client.post(quote, json={"cart": {**CART, "codes": ["NOSUCHCODE"]}}, headers=key)
        if last.status_code == 429:
            break
    assert last.get_json()["errors"][0]["code"] == "too_many_tries"


def test_bad_carts_are_refused_in_words(web: Web) -> None:
    publish(web)
    key = till(web)
    for codes in (5, True, 1.5, {"a": 1}, "WELCOME", [1]):
        for path, body in (("/quotes", {}), ("/redemptions", {"order": "o1"})):
            answer = web.client.post(f"/api/v1{path}", json={**body, "cart": {**CART, "codes": codes}}, headers=key)
            assert answer.status_code == 422, (path, codes, answer.text)
            assert answer.get_json()["errors"][0]["path"].startswith("cart.codes")


def sold(web: Web, key: dict[str, str], order: str, cart: dict[str, Any]) -> dict[str, Any]:
    made = post(web, "", {"order": order, "cart": cart}, key)
    assert made.status_code == 201, made.text
    done: dict[str, Any] = post(web, f"/{made.get_json()['id']}/confirm", None, key).get_json()
    return done


def takes_back(web: Web, headers: dict[str, str], id: int, **body: Any) -> dict[str, Any]:
    """Return goods twice under one key, as a till does that heard nothing."""
    first, again = (post(web, f"/{id}/return", body, headers) for _ in range(2))
    assert (first.status_code, first.get_json()) == (200, again.get_json()), first.text
    answer: dict[str, Any] = first.get_json()
    return answer


def used(web: Web, key: dict[str, str]) -> int:
    """Return how often the tenth was used, as the till sees it: by the moment it is not given any more."""
    quote = web.client.post("/api/v1/quotes", json={"cart": CART}, headers=key).get_json()
    left: int = quote["left"]["tenth"]["uses"]
    return 3 - left


def test_goods_are_returned_by_requote(web: Web) -> None:
    publish(web)
    key = till(web)
    threshold = {
        "key": "far",
        "layer": "order",
        "effect": {"kind": "amount", "value": 3_000, "target": "order"},
        "conditions": [{"kind": "goods_from", "value": 20_000, "base": "list"}],
    }
    office = web.key("integration", "promotions.edit", "promotions.publish", "promotions.read")
    assert web.client.put("/api/v1/promotions/far", json=threshold, headers=office).status_code == 200
    assert web.client.post("/api/v1/promotions/publish", json={}, headers=office).status_code == 200
    by_shares, by_quote = (sold(web, key, order, CART) for order in ("o1", "o2"))
    assert by_shares["payable"] == 15_000
    assert takes_back(web, key, by_shares["id"], key="r", lines={"L1": 1})["refund"] == 7_500
    lost = takes_back(web, key, by_quote["id"], key="r", lines={"L1": 1}, policy="requote")
    assert (lost["refund"], lost["status"]) == (6_000, "part_returned"), "one piece alone costs 9,000"
    rest = takes_back(web, key, by_quote["id"], key="r2", policy="requote")
    assert (rest["refund"], rest["refunded"], rest["status"]) == (9_000, 15_000, "returned")
    wrong = post(web, f"/{by_shares['id']}/return", {"key": "r3", "policy": "nicely"}, key)
    assert (wrong.status_code, wrong.get_json()["errors"][0]["path"]) == (422, "policy")


def test_delivery_is_returned_by_itself_and_with_everything(web: Web) -> None:
    publish(web)
    key = till(web)
    cart = {**CART, "shipping": [{"id": "post", "price": 5_000}]}
    first, second = (sold(web, key, order, cart) for order in ("o1", "o2"))
    assert first["payable"] == 23_000
    alone = takes_back(web, key, first["id"], key="r1", lines={}, delivery=True)
    assert (alone["refund"], alone["status"], alone["lines"]) == (5_000, "part_returned", {})
    again = post(web, f"/{first['id']}/return", {"key": "r2", "lines": {}, "delivery": True}, key)
    assert (again.status_code, again.get_json()["errors"][0]["code"]) == (422, "no_delivery")
    assert takes_back(web, key, first["id"], key="r3")["refunded"] == 23_000
    goods = takes_back(web, key, second["id"], key="r1")
    assert (goods["refund"], goods["status"]) == (18_000, "part_returned"), "the parcel was delivered"
    assert takes_back(web, key, second["id"], key="r2", lines={}, delivery=True)["status"] == "returned"


def test_uses_come_back_with_the_goods_unless_they_are_kept(web: Web) -> None:
    publish(web)
    key = till(web)
    first, second = (sold(web, key, order, CART) for order in ("o1", "o2"))
    assert used(web, key) == 2
    takes_back(web, key, first["id"], key="r", keep_uses=True)
    assert used(web, key) == 2
    takes_back(web, key, second["id"], key="r")
    assert used(web, key) == 1
    other = post(web, f"/{first['id']}/return", {"key": "r"}, key)
    assert (other.status_code, other.get_json()["errors"][0]["code"]) == (409, "key_reused")


def test_who_is_told_that_tills_are_busy_asks_again_with_the_same_key(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(web)
    key = till(web) | {"Idempotency-Key": "order-1"}
    with monkeypatch.context() as faster:  # somebody takes the last one between each look and hand
        faster.setattr(counters, "take", lambda *_: "p:tenth:total")
        busy = post(web, "", {"order": "o1", "cart": CART}, key)
    assert (busy.status_code, busy.get_json()["errors"][0]["code"]) == (409, "busy")
    assert busy.headers["Retry-After"] == "1"
    made = post(web, "", {"order": "o1", "cart": CART}, key)
    assert (made.status_code, made.get_json()["status"]) == (201, "reserved")
    with web.store.read() as conn:
        assert [one for one in look(conn, now=web.at) if one.breaches] == []
