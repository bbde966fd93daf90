"""Prices that journeys give to single customers: seen by the quotes of these customers, for so many pieces and days."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from offers.live import quote_with
from offers.redemption.own import promotions_in
from offers.redemption.reserve import Refused
from rig.orders import LIVE, back, cart, money_is_right, off, percent, quoted, released, reserved, rules, sold
from rig.statements import counted
from rig.world import World
from store import bulk
from wayfare.errors import InputRefused
from wayfare.promotions import parse_request

WISH = ("wish_list_item", ("customer_id", "sku", "at"))
PRODUCTS = ("sku", "name", "brand", "categories", "price", "currency", "updated_at")
GIVE: dict[str, Any] = {"type": "action.personal_price", "percent": "20", "days": 7, "pieces": 2}
TELL = {
    "type": "action.send",
    "subject": "Yours",
    "body": "{{ price_product }}: {{ price }} instead of {{ price_before }} {{ price_currency }}",
}


def shop(world: World) -> None:
    rows: list[tuple[Any, ...]] = [
        ("soap", "Soap", "Lys", [], 10_000, "UAH", world.now),
        ("balm", "Balm", "Lys", [], 4_995, "UAH", world.now),
        ("comb", "Comb", "Oak", [], 2_000, "UAH", world.now),
    ]
    world.store.run(lambda conn: bulk.insert_rows(conn, "product", PRODUCTS, rows))


def give(world: World, customers: list[int], data: dict[str, Any] | None = None, **settings: Any) -> None:
    """Let a journey give a price to customers who saw a product."""
    nodes = {"enter": {"type": "trigger.event", "event": "product.viewed"}, "give": {**GIVE, **settings}, "tell": TELL}
    world.journey("prices", nodes, entry={"reentry": "always"})
    world.happens(customers, "product.viewed", data or {})
    world.settle()


def told(world: World) -> list[str]:
    found = []
    for version, sealed in world.rows("SELECT version_id, variables FROM message ORDER BY id"):
        with world.store.read() as conn:
            node = world.runtime.versions.get(conn, version).nodes["tell"]
        found.append(node.render("email", json.loads(world.store.vault.open(bytes(sealed)))).body)
    return found


def pays(world: World, *lines: tuple[str, int, int], customer: str = "c1", **more: Any) -> int:
    return int(quoted(world, cart(*lines, customer=customer, **more))["payable"])


def test_only_the_customer_pays_it_for_so_many_pieces_and_days(world: World) -> None:
    shop(world)
    rules(world)
    ann, bob = world.customers(2)
    give(world, [ann], {"sku": "soap"})
    assert told(world) == ["Soap: 80 instead of 100 UAH"]
    assert (pays(world, ("soap", 10_000, 2)), pays(world, ("soap", 10_000, 3))) == (16_000, 26_000)
    assert pays(world, ("soap", 10_000, 2), customer=f"c{bob}") == 20_000
    assert pays(world, ("comb", 2_000, 1)) == 2_000
    assert quoted(world, cart(("soap", 10_000, 1)), phone="+380670000001")["payable"] == 8_000, "the till knows a phone"
    assert quoted(world, cart(("soap", 10_000, 1)))["payable"] == 10_000
    world.pass_time(days=8)
    assert pays(world, ("soap", 10_000, 2)) == 20_000


def test_the_quote_says_why_and_can_be_made_again(world: World) -> None:
    shop(world)
    rules(world, percent("tenth", "10", scope={"include": {"skus": ["soap"]}}))
    give(world, world.customers(1), {"sku": "soap"})
    bought = cart(("soap", 10_000, 3), customer="c1")
    quote = quoted(world, bought)
    assert quote["payable"] == 2 * 7_200 + 9_000
    steps = [step["promotion"] for step in quote["lines"][0]["units"][0]["steps"]]
    (granted,) = quote["granted"]
    assert (granted["key"], steps) == ("personal:1", ["personal:1", "tenth"])
    world.pass_time(days=30)
    with world.store.read() as conn:
        version = LIVE.numbered(conn, 1)
    request = parse_request({"cart": {**bought, "at": quote["at"]}})
    again = quote_with(version, request.cart, granted=promotions_in(quote["granted"]))
    assert (again["payable"], again["lines"], again["applied"]) == (quote["payable"], quote["lines"], quote["applied"])
    with pytest.raises(InputRefused, match="keys begin with personal:"):
        promotions_in([{**granted, "key": "tenth"}])


def test_caps_and_promotions_that_stand_alone_hold_for_it(world: World) -> None:
    shop(world)
    rules(world, percent("alone", "25", standalone=True, scope={"include": {"skus": ["balm"]}}), off("five", 500))
    ann, *_ = world.customers(1)
    give(world, [ann], {"lines": [{"sku": "soap"}, {"sku": "balm"}]})
    assert pays(world, ("soap", 10_000, 1)) == 7_500
    assert pays(world, ("balm", 4_995, 1)) == min(4_995 - 999 - 500, 4_995 - 1_249)
    rules(world, percent("never", "50", never_with=["price"], scope={"include": {"skus": ["soap"]}}))
    assert pays(world, ("soap", 10_000, 1)) == 5_000, "one of both, the better one"


def test_the_wish_list_a_brand_and_a_fixed_price(world: World) -> None:
    shop(world)
    rules(world)
    ann, bob = world.customers(2)
    wishes = [(ann, sku, datetime(2026, 1, day, tzinfo=UTC)) for day, sku in ((2, "soap"), (3, "comb"))]
    world.store.run(lambda conn: bulk.insert_rows(conn, *WISH, wishes))
    give(world, [ann, bob], on="wishes", percent="12.5")
    assert told(world) == ["Comb: 17.50 instead of 20 UAH"]
    assert world.path(bob)[-1] == ("give", "none")
    assert pays(world, ("soap", 10_000, 1), ("comb", 2_000, 2), ("balm", 4_995, 1)) == 8_750 + 3_500 + 4_995
    give(world, [bob], on="brand", brand="Lys", pieces=3)
    lines = (("soap", 10_000, 2), ("balm", 5_000, 2))
    bought = cart(*lines, customer=f"c{bob}")
    for line in bought["lines"]:
        line["brand"] = "Lys"
    assert quoted(world, bought)["payable"] == 2 * 8_000 + 4_000 + 5_000, "the dearest pieces first"
    give(world, [bob], {"sku": "comb"}, give="price", price=1_500, currency="UAH")
    assert pays(world, ("comb", 2_000, 1), customer=f"c{bob}") == 1_500
    assert pays(world, ("comb", 1_200, 1), customer=f"c{bob}") == 1_200, "it raises nothing"
    assert pays(world, ("comb", 2_000, 1), customer=f"c{bob}", currency="EUR") == 2_000


def test_pieces_are_taken_by_orders_and_come_back(world: World) -> None:
    shop(world)
    rules(world)
    give(world, world.customers(1), {"sku": "soap"}, pieces=3)
    first = reserved(world, cart(("soap", 10_000, 2), customer="c1"), "o1")
    assert first.payable == 16_000
    assert pays(world, ("soap", 10_000, 2)) == 18_000
    released(world, first)
    row = sold(world, cart(("soap", 10_000, 2), customer="c1"), "o2")
    assert pays(world, ("soap", 10_000, 2)) == 18_000
    assert back(world, row, "slip-1", lines={"soap": 1})["refund"] == 8_000
    assert pays(world, ("soap", 10_000, 2)) == 16_000
    assert back(world, row, "slip-1", lines={"soap": 1})["refund"] == 8_000
    assert back(world, row, "slip-2", lines={"soap": 1}, policy="requote")["refund"] == 8_000
    assert pays(world, ("soap", 10_000, 3)) == 24_000
    assert money_is_right(world)


def test_the_last_piece_is_sold_once(world: World) -> None:
    shop(world)
    rules(world)
    give(world, world.customers(1), {"sku": "soap"}, pieces=1)
    prices, errors = list[int](), list[BaseException]()

    def buy(order: str) -> None:
        try:
            prices.append(reserved(world, cart(("soap", 10_000, 1), customer="c1"), order).payable)
        except Refused as error:
            errors.append(error)

    threads = [threading.Thread(target=buy, args=(f"o{n}",)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(prices).count(8_000) == 1
    assert set(prices) <= {8_000, 10_000}
    assert money_is_right(world)


def test_a_walk_twice_gives_nothing_twice_and_statements_do_not_grow(world: World) -> None:
    shop(world)
    nodes = {"enter": {"type": "trigger.event", "event": "product.viewed"}, "give": GIVE, "tell": TELL}
    world.journey("prices", nodes)
    counts = []
    for size in (2, 10, 80):
        world.happens(
            world.customers(size), "product.viewed", {"lines": [{"sku": "soap"}, {"sku": "soap"}, {"sku": 5}]}
        )
        world.settle_matching()
        with counted(world.store) as statements:
            world.settle()
        counts.append(len(statements))
    assert counts[1] == counts[2]
    assert world.scalar("SELECT count(*) FROM personal_price") == 92
