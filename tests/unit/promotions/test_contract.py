"""The documents: what goes in, what comes out, what is refused."""

from typing import Any

import pytest

from rig.prices import line, percent, promo, request
from wayfare.errors import InputRefused
from wayfare.promotions import Ruleset, compile, parse_json, quote

EXAMPLE = {
    "cart": {
        "currency": "UAH",
        "at": "2026-11-24T10:00:00+02:00",
        "tax_mode": "inclusive",
        "channel": "web",
        "store": "kyiv-01",
        "region": "kyiv",
        "payment": None,
        "customer": {
            "key": "c1",
            "segments": ["vip"],
            "level": "gold",
            "order_number": 3,
            "birthday": "1990-02-28",
        },
        "lines": [
            {
                "id": "L1",
                "sku": "S1",
                "price": 120000,
                "quantity": 2,
                "brand": "Chanel",
                "categories": ["perfume"],
                "lists": [],
                "attributes": {},
                "min_price": None,
                "discountable": True,
                "tax": "20",
            }
        ],
        "shipping": [{"id": "ship", "method": "courier", "price": 6000, "tax": "20"}],
        "stock": {"GIFT-1": 12},
        "codes": ["WELCOME"],
    },
    "ruleset": {
        "version": "v17",
        "groups": [{"key": "sale", "layer": "item", "position": 1, "policy": "best", "percent_base": "running"}],
        "promotions": [
            {
                "key": "p1",
                "name": "20 % off perfume",
                "group": "sale",
                "priority": 10,
                "standalone": False,
                "never_with": [],
                "requires_code": None,
                "scope": {
                    "include": {"categories": ["perfume"]},
                    "exclude": {"brands": ["Creed"]},
                    "skip_discounted": False,
                },
                "conditions": [
                    {"kind": "period", "from": "2026-11-01T00:00:00+02:00", "until": "2026-12-01T00:00:00+02:00"}
                ],
                "effect": {"kind": "percent", "value": "20", "target": "unit"},
                "limits": {
                    "max_units": None,
                    "max_units_line": None,
                    "pick": "cheapest",
                    "max_discount_unit": None,
                    "max_discount_cart": None,
                    "repeat": None,
                    "budget": {"kind": "spend", "remaining": 500000, "partial": False},
                },
            }
        ],
        "caps": [
            {
                "key": "luxury",
                "scope": {"include": {"brands": ["Chanel"]}},
                "max_percent": "15",
                "max_amount": None,
                "layers": None,
            }
        ],
    },
}


def test_the_example_of_the_contract_comes_out_to_the_letter() -> None:
    step = {"promotion": "p1", "amount": 24000, "given": 18000, "cut_by": "luxury"}
    assert quote(EXAMPLE) == {
        "currency": "UAH",
        "ruleset": "v17",
        "goods": {"list": 240000, "discount": 36000, "net": 204000},
        "shipping": [{"id": "ship", "list": 6000, "discount": 0, "net": 6000, "tax": 1000, "steps": []}],
        "payable": 210000,
        "tax": 35000,
        "lines": [
            {
                "id": "L1",
                "list": 240000,
                "discount": 36000,
                "net": 204000,
                "tax": 34000,
                "units": [{"count": 2, "list": 120000, "net": 102000, "steps": [step]}],
            }
        ],
        "applied": [{"promotion": "p1", "amount": 36000}],
        "not_applied": [],
        "gifts": [],
        "cashback": 0,
        "codes": [{"code": "WELCOME", "status": "unknown"}],
        "proof": {"status": "optimal", "bound": 210000},
    }


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        (lambda doc: doc["cart"].pop("currency"), "cart.currency", "missing"),
        (lambda doc: doc["cart"].update(at="2026-11-24T10:00:00"), "cart.at", "bad_moment"),
        (lambda doc: doc["cart"].update(at="soon"), "cart.at", "bad_moment"),
        (lambda doc: doc["cart"]["lines"][0].update(price=-1), "cart.lines.0.price", "greater_than_equal"),
        (lambda doc: doc["cart"]["lines"][0].update(price=1.5), "cart.lines.0.price", "int_type"),
        (lambda doc: doc["cart"]["lines"][0].update(price=True), "cart.lines.0.price", "int_type"),
        (lambda doc: doc["cart"]["lines"][0].update(price="1"), "cart.lines.0.price", "int_type"),
        (lambda doc: doc["cart"]["lines"][0].update(quantity=0), "cart.lines.0.quantity", "greater_than_equal"),
        (lambda doc: doc["cart"]["lines"][0].update(colour="red"), "cart.lines.0.colour", "extra_forbidden"),
        (lambda doc: doc["cart"]["lines"].append(doc["cart"]["lines"][0]), "cart", "double_id"),
        (lambda doc: doc.update(extra=1), "extra", "extra_forbidden"),
        (lambda doc: doc["ruleset"]["caps"][0].update(max_percent=None), "ruleset.caps.0", "bad_cap"),
    ],
)  # fmt: skip
def test_a_bad_document_is_refused_with_its_path(change: Any, path: Any, code: str) -> None:
    document = _copy(EXAMPLE)
    change(document)
    with pytest.raises(InputRefused) as refused:
        quote(document)
    assert (refused.value.path, refused.value.code) == (path, code)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        (lambda one: one["effect"].update(value="0"), ".effect.value", "bad_percent"),
        (lambda one: one["effect"].update(value="100.1"), ".effect.value", "bad_percent"),
        (lambda one: one["effect"].update(value=20), ".effect.value", "string_type"),
        (lambda one: one["effect"].update(value="1e1"), ".effect.value", "bad_decimal"),
        (lambda one: one["effect"].update(target="order"), ".effect", "wrong_layer"),
        (lambda one: one.update(group="no"), ".group", "unknown_group"),
        (lambda one: one.update(layer="item"), "", "group_or_layer"),
        (lambda one: one.update(never_with=["no"]), ".never_with.0", "unknown_key"),
        (lambda one: one.update(key="sale"), None, "double_key"),
        (lambda one: one["limits"]["budget"].update(partial=True), "", "partial_target"),
        (lambda one: one["conditions"].append({"kind": "moon"}), ".conditions.1", "union_tag_invalid"),
    ],
)  # fmt: skip
def test_a_bad_promotion_is_refused_with_its_path(change: Any, path: Any, code: str) -> None:
    document = _copy(EXAMPLE)
    change(document["ruleset"]["promotions"][0])
    with pytest.raises(InputRefused) as refused:
        quote(document)
    where = "ruleset.promotions" if path is None else f"ruleset.promotions.0{path}"
    assert (refused.value.path, refused.value.code) == (where, code)


@pytest.mark.parametrize("document", [None, [], 1, "x", {}, {"cart": []}])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(InputRefused):
        quote(document)


def test_a_multi_buy_in_a_first_group_is_refused() -> None:
    first = {"key": "f", "layer": "item", "policy": "first"}
    sets = {"kind": "sets", "size": 2, "reward": {"units": 1, "effect": percent(100)}}
    with pytest.raises(InputRefused) as refused:
        quote(request([line("a", 100)], promo("p", sets, group="f"), groups=[first]))
    assert refused.value.code == "multibuy_in_first"


def test_only_the_required_keys_are_needed() -> None:
    answer = quote({"cart": {"currency": "EUR", "at": "2026-01-01T00:00:00Z", "lines": []}})
    assert (answer["payable"], answer["ruleset"], answer["proof"]["status"]) == (0, "inline", "optimal")


def test_the_reference_of_a_request_is_echoed() -> None:
    assert quote({**request([line("a", 100)]), "ref": "r-1"})["ref"] == "r-1"


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def test_a_compiled_rule_set_quotes_as_a_whole_request_does() -> None:
    compiled = compile(EXAMPLE["ruleset"])
    assert quote(EXAMPLE["cart"], compiled) == quote(EXAMPLE)
    assert quote(EXAMPLE["cart"], compiled, ref="r1") == {"ref": "r1", **quote(EXAMPLE)}


def test_a_compiled_rule_set_is_a_key_by_its_version() -> None:
    again, other = compile(EXAMPLE["ruleset"]), compile({"version": "v18"})
    assert {compile(EXAMPLE["ruleset"]): 1, other: 2} == {again: 1, other: 2}


def test_a_bad_cart_for_a_compiled_rule_set_is_told_with_its_path() -> None:
    with pytest.raises(InputRefused) as refused:
        quote({"currency": "UAH", "at": "2026-11-24T10:00:00Z", "lines": [{"id": "a"}]}, compile({}))
    assert refused.value.path == "lines.0.sku"


def test_json_is_read_and_double_keys_are_refused() -> None:
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    for text, code in (('{"a": 1, "a": 2}', "double_key"), ("{", "not_json"), ("[" * 100_000, "not_json")):
        with pytest.raises(InputRefused) as refused:
            parse_json(text)
        assert refused.value.code == code


def test_a_rule_set_that_was_built_is_checked_like_a_document() -> None:
    rules = {"key": "p", "effect": percent(10), "layer": "item", "never_with": ["q"]}
    with pytest.raises(InputRefused) as refused:
        compile(Ruleset.model_validate({"promotions": [rules]}))
    assert (refused.value.code, refused.value.path) == ("unknown_key", "promotions.0.never_with.0")
