"""What a first promotion may begin with: kinds that people know, each a few fields away from done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PER_PIECE = {"target": "unit"}


@dataclass(frozen=True, slots=True)
class Starter:
    """A kind of promotion: `tree` is what the form begins with, `ask` the field that is filled in first."""

    key: str
    icon: str
    title: str
    example: str
    tree: Mapping[str, Any] = field(default_factory=dict)
    ask: str = "effect.value"
    href: str = ""


def _effect(kind: str, **fields: Any) -> dict[str, Any]:
    return {"effect": {"kind": kind, **fields}}


_FREE = {"kind": "percent", "value": "100"}
_HALF = {"kind": "percent", "value": "50"}
GALLERY: Mapping[str, tuple[Starter, ...]] = {
    "Off the price": (
        Starter("percent", "percentage", "Percent off", "20 % off perfume", _effect("percent", **_PER_PIECE)),
        Starter("amount", "coin", "Amount off", "100 off each cream", _effect("amount", **_PER_PIECE)),
        Starter("price", "tag", "New price", "This lipstick for 199", _effect("set_price", **_PER_PIECE)),
        Starter(
            "level",
            "crown",
            "For members",
            "5 % more for gold level",
            {
                **_effect("percent", **_PER_PIECE),
                "conditions": [{"kind": "level", "values": ""}],
                "place": "layer:personal",
            },
        ),
        Starter(
            "birthday",
            "cake",
            "Birthday",
            "15 % in the week around it",
            {**_effect("percent", target="order"), "conditions": [{"kind": "birthday", "before": "7", "after": "7"}]},
        ),
    ),
    "More than one piece": (
        Starter(
            "sets",
            "stack-2",
            "3 for 2",
            "The cheapest of three is free",
            _effect("sets", size="3", reward={"units": "1", "effect": _FREE}),
            "effect.size",
        ),
        Starter(
            "second",
            "copy",
            "Second at half price",
            "Of each two pieces one costs half",
            _effect("sets", size="2", reward={"units": "1", "effect": _HALF}),
            "effect.size",
        ),
        Starter(
            "bundle",
            "package",
            "Bundle",
            "Perfume and lotion together for 999",
            _effect("bundle", parts=[{"quantity": "1"}, {"quantity": "1"}]),
            "effect.price",
        ),
        Starter(
            "buy_get",
            "switch-horizontal",
            "Buy these, get those",
            "A mascara at half price with two lipsticks",
            _effect("buy_get", buy={"quantity": "2"}, get={"quantity": "1", "effect": _HALF}),
            "effect.buy.quantity",
        ),
        Starter(
            "tiers",
            "chart-bar",
            "More off for more",
            "5 % from 3 pieces, 10 % from 5",
            _effect(
                "tiers",
                base="quantity",
                steps=[
                    ["3", {"kind": "percent", "value": "5", **_PER_PIECE}],
                    ["5", {"kind": "percent", "value": "10", **_PER_PIECE}],
                ],
            ),
            "effect.steps.0.0",
        ),
    ),
    "Order and delivery": (
        Starter(
            "order",
            "basket",
            "Off the order",
            "200 off from 2000",
            {**_effect("amount", target="order"), "conditions": [{"kind": "goods_from", "value": ""}]},
        ),
        Starter(
            "delivery",
            "send",
            "Free delivery",
            "From 1000",
            {**_effect("percent", value="100", target="shipping"), "conditions": [{"kind": "goods_from", "value": ""}]},
            "conditions.0.value",
        ),
        Starter(
            "gift",
            "gift",
            "Gift",
            "A sample with each order from 500",
            {**_effect("gift", quantity="1", per="cart"), "conditions": [{"kind": "goods_from", "value": ""}]},
            "effect.choices",
        ),
        Starter(
            "cashback",
            "arrow-back-up",
            "Bonus back",
            "5 % of what is paid comes back",
            _effect("cashback"),
            "effect.percent",
        ),
    ),
    "With a code, and rules above all": (
        Starter(
            "code",
            "ticket",
            "Promo code",
            "10 % with the code WELCOME",
            {**_effect("percent", target="order"), "requires_code": "", "usage": {"per_customer": "1"}},
        ),
        Starter(
            "personal",
            "heart",
            "Personal price",
            "A price for one segment of customers",
            {**_effect("personal_price"), "conditions": [{"kind": "segment", "values": ""}]},
        ),
        Starter("cap", "shield", "Technical cap", "Never more than 15 % off a luxury brand", href="caps"),
    ),
}
STARTERS: Mapping[str, Starter] = {one.key: one for some in GALLERY.values() for one in some}
