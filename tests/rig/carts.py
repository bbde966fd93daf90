"""Random small carts and rule sets that mix everything."""

from typing import Any

from hypothesis import strategies as st

from rig.prices import request

BRANDS = ["x", "y"]
scopes: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {"include": {"brands": ["x"]}}, {"exclude": {"brands": ["x"]}}, {"include": {"price_from": 700}}]
)
money = st.sampled_from([1, 50, 99, 130, 250, 333])
percents = st.sampled_from(["5", "10", "12.5", "20", "33.3", "50", "100"])


def _simple(target: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda value: {"kind": "percent", "value": value, "target": target}, percents),
        st.builds(lambda value: {"kind": "amount", "value": value, "target": target}, money),
        st.builds(lambda value: {"kind": "set_price", "value": value * 3, "target": target}, money),
    )


unit_effects = _simple("unit")
line_effects = _simple("line").filter(lambda one: one["kind"] != "percent")
sets_effects = st.builds(
    lambda size, wins, effect: {"kind": "sets", "size": size, "reward": {"units": min(size, wins), "effect": effect}},
    st.integers(2, 3),
    st.integers(1, 2),
    unit_effects,
)
pair_effects = st.builds(
    lambda buy, get, count, effect: {
        "kind": "buy_get",
        "buy": {"scope": buy, "quantity": count},
        "get": {"scope": get, "quantity": 1, "effect": effect},
    },
    scopes,
    scopes,
    st.integers(1, 2),
    unit_effects,
)
bundle_effects = st.builds(
    lambda price, one, other: {"kind": "bundle", "parts": [{"scope": one}, {"scope": other}], "price": price * 4},
    money,
    scopes,
    scopes,
)
nth_effects = st.builds(
    lambda first, more: {"kind": "nth", "first": first, "additional": more}, unit_effects, unit_effects
)
goods_effects: st.SearchStrategy[dict[str, Any]] = st.one_of(
    unit_effects, unit_effects, unit_effects, line_effects, sets_effects, pair_effects, bundle_effects, nth_effects
)

conditions = st.lists(
    st.builds(
        lambda kind, value, base: {"kind": kind, "value": value, "base": base},
        st.sampled_from(["goods_from", "goods_from", "goods_to"]),
        st.integers(500, 3000),
        st.sampled_from(["list", "net"]),
    ),
    max_size=1,
)
goods_limits: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {},
        {"max_units": 1},
        {"max_units": 2, "pick": "dearest"},
        {"max_units_line": 1},
        {"max_discount_unit": 90},
        {"max_discount_cart": 150},
        {"repeat": 1},
    ]
)
GROUPS = [
    {"key": "g1", "layer": "item", "position": 1},
    {"key": "g2", "layer": "item", "position": 2, "policy": "all"},
    {"key": "g3", "layer": "personal", "position": 1, "percent_base": "list"},
    {"key": "g4", "layer": "personal", "position": 2, "policy": "first"},
    {"key": "g5", "layer": "order", "position": 1},
    {"key": "g6", "layer": "order", "position": 2, "policy": "all"},
    {"key": "g7", "layer": "shipping", "position": 1},
    {"key": "g8", "layer": "order", "position": 3, "policy": "first"},
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, units: int = 4, promotions: int = 4, *, ties: bool = True) -> dict[str, Any]:
    """Return a small mixed cart under a small mixed rule set."""
    lines: list[dict[str, Any]] = []
    while units and (not lines or draw(st.booleans())):
        quantity = draw(st.integers(1, min(2, units)))
        units -= quantity
        more: dict[str, Any] = draw(st.sampled_from([{}, {}, {}, {"min_price": 400}, {"discountable": False}]))
        id = f"L{len(lines)}"
        lines.append(
            {"id": id, "sku": id, "price": draw(st.sampled_from([333, 500, 777, 999, 1000])), "quantity": quantity}
            | {"brand": draw(st.sampled_from(BRANDS)), **more}
        )
    rules = []
    for number in range(draw(st.integers(1, promotions))):
        rules.append(
            _promotion(draw, f"p{number}", [f"p{one}" for one in range(number)]) if ties else _free(draw, f"p{number}")
        )
    caps = draw(
        st.lists(
            st.sampled_from(
                [
                    {"key": "c1", "max_percent": "30"},
                    {"key": "c2", "max_amount": 120, "scope": {"include": {"brands": ["x"]}}},
                    {"key": "c3", "max_percent": "15", "layers": ["item"]},
                    {"key": "c4", "max_percent": "25", "layers": ["item", "order"]},
                ]
            ),
            max_size=1,
        )
    )
    shipping = [{"id": "a", "price": 300}, {"id": "b", "price": 125}][: draw(st.integers(0, 2))]
    return request(
        lines, *rules, groups=GROUPS, caps=caps, shipping=shipping, smallest_price=draw(st.sampled_from([0, 0, 1]))
    )


def _promotion(draw: st.DrawFn, key: str, earlier: list[str]) -> dict[str, Any]:
    group = draw(st.sampled_from(["g1", "g1", "g1", "g2", "g3", "g4", "g5", "g5", "g6", "g7", "g8"]))
    layer = next(one["layer"] for one in GROUPS if one["key"] == group)
    limits: dict[str, Any] = {}
    if group == "g4":
        effect = draw(unit_effects)
    elif layer == "order":
        effect = draw(_simple("order"))
    elif layer == "shipping":
        effect = draw(st.one_of(_simple("shipping"), _simple("shipping_total")))
    else:
        effect = draw(goods_effects)
        limits = draw(goods_limits)
    if effect["kind"] in ("sets", "buy_get", "bundle", "nth"):
        limits = {key: value for key, value in limits.items() if key == "repeat"}
    scope: dict[str, Any] = {} if layer == "shipping" else {**draw(scopes)}
    if layer != "shipping" and draw(st.integers(0, 9)) == 0:
        scope["skip_discounted"] = True
    promotion: dict[str, Any] = {"key": key, "group": group, "effect": effect, "scope": scope, "limits": limits}
    promotion["conditions"] = draw(conditions) if draw(st.booleans()) else []
    promotion["priority"] = draw(st.integers(0, 2))
    if earlier and draw(st.integers(0, 4)) == 0:
        promotion["never_with"] = [draw(st.sampled_from(earlier))]
        promotion["never_on"] = draw(st.sampled_from(["cart", "unit"]))
    if draw(st.integers(0, 7)) == 0:
        promotion["standalone"] = True
    return promotion


def _free(draw: st.DrawFn, key: str) -> dict[str, Any]:
    group = draw(st.sampled_from(["g1", "g2", "g3", "g5", "g7"]))
    target = {"g5": "order", "g7": "shipping"}.get(group, "unit")
    return {"key": key, "group": group, "effect": draw(_simple(target)), "scope": {} if group == "g7" else draw(scopes)}


@st.composite
def multibuys(draw: st.DrawFn, units: int = 5) -> dict[str, Any]:
    """Return a small cart under multi-buys, sales and an order promotion."""
    lines: list[dict[str, Any]] = []
    while units and (not lines or draw(st.integers(0, 3))):
        quantity = draw(st.integers(1, min(2, units)))
        units -= quantity
        id = f"L{len(lines)}"
        price, brand = draw(st.sampled_from([333, 500, 777, 999, 1000])), draw(st.sampled_from(BRANDS))
        lines.append({"id": id, "sku": id, "price": price, "quantity": quantity, "brand": brand})
    rules: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 2))):
        limits = draw(st.sampled_from([{}, {}, {"repeat": 1}]))
        rules.append({"effect": draw(st.one_of(sets_effects, pair_effects)), "limits": limits, "scope": draw(scopes)})
    rules += [{"effect": draw(unit_effects), "scope": draw(scopes)} for _ in range(draw(st.integers(0, 2)))]
    rules = [{"key": f"p{number}", "layer": "item", **rule} for number, rule in enumerate(rules)]
    if draw(st.booleans()):
        rules.append({"key": "o", "layer": "order", "effect": draw(_simple("order"))})
    caps = draw(st.sampled_from([[], [{"key": "c", "max_percent": "40", "scope": {"include": {"brands": ["x"]}}}]]))
    return request(lines, *rules, caps=caps)


@st.composite
def thresholds(draw: st.DrawFn, units: int = 4) -> dict[str, Any]:
    """Return a small cart with small discounts on goods, and larger ones for those who spend enough at net value."""
    lines: list[dict[str, Any]] = []
    while units and (not lines or draw(st.integers(0, 4))):
        quantity = draw(st.integers(1, min(2, units)))
        units -= quantity
        id = f"L{len(lines)}"
        price, brand = draw(st.sampled_from([333, 500, 777, 999, 1000])), draw(st.sampled_from(BRANDS))
        lines.append({"id": id, "sku": id, "price": price, "quantity": quantity, "brand": brand})
    groups = ["g1", "g1", "g2", "g3"]
    rules: list[dict[str, Any]] = [
        {"group": draw(st.sampled_from(groups)), "effect": draw(unit_effects), "scope": draw(scopes)}
        for _ in range(draw(st.integers(1, 3)))
    ]
    shares = st.integers(60, 100)
    listed = sum(line["price"] * line["quantity"] for line in lines)
    for _ in range(draw(st.integers(1, 2))):
        target = draw(st.sampled_from(["order", "order", "shipping"]))
        net = {
            "kind": "goods_from",
            "value": listed * draw(shares) // 100,
            "base": draw(st.sampled_from(["net", "list"])),
        }
        where = {"layer": target, "conditions": [net], "scope": draw(scopes) if target == "order" else {}}
        effect = draw(_simple(target).filter(lambda one: one["kind"] != "set_price"))
        rules.append({"effect": effect, **where})
    rules = [{"key": f"p{number}", **rule} for number, rule in enumerate(rules)]
    caps = draw(st.sampled_from([[], [], [{"key": "c", "max_percent": "25", "scope": {"include": {"brands": ["x"]}}}]]))
    return request(lines, *rules, caps=caps, groups=GROUPS, shipping=[{"id": "a", "price": 300}])
