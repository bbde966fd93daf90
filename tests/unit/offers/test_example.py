"""The example hierarchy of 50 promotions: what products cost under it, and why, told as cases."""

from pathlib import Path
from typing import Any

import pytest

from offers.live import quote_with, rules_of
from offers.rules import shapes
from offers.rules.approval import Limits, needs_approval
from rig.prices import line
from wayfare.promotions import parse_cart

FILE = Path(__file__).resolve().parents[3] / "examples" / "promotions" / "brocard.json"
BODY = shapes.read_body(shapes.loaded(FILE.read_text(encoding="utf-8")))
RULES = rules_of(BODY)
TUESDAY, BLACK_FRIDAY = "2026-11-24T15:00:00+02:00", "2026-11-27T15:00:00+02:00"


def a(category: str, price: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return line(f"{category}-{price}", price, quantity, categories=[category], **more)


SLEEPING = {"codes": ["comeback15"], "customer": {"segments": ["sleeping"]}}
MORNING = {"at": "2026-11-24T10:30:00+02:00", "channel": "store"}
BIRTHDAY = {"codes": ["BIRTHDAY500"], "customer": {"birthday": "1990-11-28"}}
CASES: list[tuple[str, list[dict[str, Any]], dict[str, Any], int, list[str]]] = [
    ("perfume alone", [a("perfume", 100_000)], {}, 80_000, ["perfume-20"]),
    ("the better of two", [a("perfume", 100_000)], {"at": BLACK_FRIDAY}, 65_000, ["black-friday"]),
    ("a contract cap", [a("perfume", 100_000, brand="Maison Lys")], {}, 85_000, ["perfume-20"]),
    ("never below the cap", [a("perfume", 100_000, brand="Nomad Oud")], {"channel": "app"}, 90_000, ["app-13"]),
    ("the second at half the price", [a("perfume", 100_000, 2)], {}, 150_000, []),
    ("one and one", [a("makeup", 20_000, 2, brand="Brocard")], {}, 20_100, ["makeup-1-1"]),
    ("level on top of a sale", [a("makeup", 100_000)], {"customer": {"level": "gold"}}, 80_750, []),
    ("a code of a customer's own", [a("men", 100_000)], SLEEPING, 68_000, []),
    ("a code without the right to it", [a("men", 100_000)], {"codes": ["comeback15"]}, 80_000, ["men-20"]),
    ("a first order", [a("home", 150_000)], {"codes": ["WELCOME"], "customer": {"order_number": 1}}, 115_000, []),
    ("last pieces", [a("kids", 39_000, lists=["last-pieces"])], {}, 19_900, ["last-pieces"]),
    ("happy hours", [a("bags", 10_000)], MORNING, 9_000, ["happy-hours"]),
    ("an opening", [a("bags", 10_000)], {"store": "kyiv-69"}, 8_000, ["kyiv-69-opening"]),
    ("more hair care", [a("haircare", 10_000, 5)], {"at": "2026-12-02T15:00:00+02:00"}, 40_000, ["hair-more"]),
    ("birthday", [a("bags", 300_000)], BIRTHDAY, 250_000, ["birthday-500"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "more", "payable", "applied"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_it_costs(lines: list[dict[str, Any]], more: dict[str, Any], payable: int, applied: list[str]) -> None:
    quote = quote_with(RULES, parse_cart({"currency": "UAH", "at": TUESDAY, "lines": lines, **more}))
    assert quote["payable"] == payable
    assert quote["proof"]["status"] == "optimal"
    if applied:
        assert [one["promotion"] for one in quote["applied"]] == applied


def test_free_delivery_a_gift_and_a_bonus_come_beside_the_price() -> None:
    cart: dict[str, Any] = {"currency": "UAH", "at": TUESDAY, "channel": "web", "lines": [a("perfume", 200_000)]}
    cart |= {"shipping": [{"id": "ship", "method": "courier", "price": 9_000}], "stock": {"MINI-CEDAR": 3}}
    quote = quote_with(RULES, parse_cart({**cart, "customer": {"level": "silver"}}))
    assert quote["shipping"][0]["net"] == 0
    assert [one["sku"] for one in quote["gifts"]] == ["MINI-CEDAR"]
    assert quote["cashback"] == quote["payable"] * 3 // 100


def test_the_example_is_what_a_file_should_look_like() -> None:
    assert len(BODY["promotions"]) == 50
    assert shapes.written(BODY) == FILE.read_text(encoding="utf-8")
    assert shapes.problems_of(BODY) == []
    assert needs_approval(shapes.NOTHING, BODY, Limits()) == []
