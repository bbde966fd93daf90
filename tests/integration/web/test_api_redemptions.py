"""Redemptions over HTTP: a till reserves, confirms, lets go and takes back, and sees no other shop's orders."""

from typing import Any

from werkzeug.test import TestResponse

from rig.web import Web

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
