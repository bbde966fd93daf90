"""Random small carts and rule sets that mix everything."""

from typing import Any

from hypothesis import strategies as st

from rig.prices import request

BRANDS = ["x", "y"]
scopes: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {},
        {"include": {"brands": ["x"]}},
        {"include": {"brands": ["x"]}},
        {"exclude": {"brands": ["x"]}},
        {"include": {"price_from": 700}},
        {"include": {"categories": ["c"], "price_to": 999}},
        {"exclude": {"lists": ["l"], "attributes": {"size": ["s", "m"]}}},
        {"include": {"lines": ["L0", "L2"]}},
    ]
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
favors = st.sampled_from([{}, {}, {}, {"favor": "retailer"}])
sets_effects = st.builds(
    lambda size, wins, effect, favor: {
        "kind": "sets",
        "size": size,
        "reward": {"units": min(size, wins), "effect": effect},
        **favor,
    },
    st.integers(2, 3),
    st.integers(1, 2),
    unit_effects,
    favors,
)
customers_sets = sets_effects.map(lambda one: {**one, "favor": "customer"})
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
apart = [({}, {}), ({"include": {"brands": ["x"]}}, {"exclude": {"brands": ["x"]}})]
retailers_pairs = st.builds(
    lambda sides, count, effect: {
        "kind": "buy_get",
        "buy": {"scope": sides[0], "quantity": count},
        "get": {"scope": sides[1], "quantity": 1, "effect": effect},
        "favor": "retailer",
    },
    st.sampled_from(apart),
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


def _tiers(target: str, *bases: str) -> st.SearchStrategy[dict[str, Any]]:
    starts = {"quantity": [1, 2, 3], "goods": [500, 1000, 2000], "line": [500, 1000, 1500]}
    simple = _simple(target)
    return st.sampled_from(bases).flatmap(
        lambda base: st.builds(
            lambda froms, first, more: {
                "kind": "tiers",
                "base": base,
                "steps": [list(step) for step in zip(sorted(froms), [first, more], strict=False)],
            },
            st.lists(st.sampled_from(starts[base]), min_size=1, max_size=2, unique=True),
            simple,
            simple,
        )
    )


unit_tiers = _tiers("unit", "quantity", "goods", "line")
goods_effects: st.SearchStrategy[dict[str, Any]] = st.one_of(
    unit_effects,
    unit_effects,
    unit_effects,
    line_effects,
    sets_effects,
    sets_effects,
    pair_effects,
    retailers_pairs,
    bundle_effects,
    nth_effects,
    unit_tiers,
)
order_effects = st.one_of(_simple("order"), _simple("order"), _tiers("order", "quantity", "goods"))
shipping_effects = st.one_of(
    _simple("shipping"), _simple("shipping_total"), _tiers("shipping", "goods"), _tiers("shipping_total", "quantity")
)
personal_prices = st.builds(lambda value: {"kind": "personal_price", "value": value * 4}, money)

thresholds_of_goods = st.builds(
    lambda kind, value, base, scope: {"kind": kind, "value": value, "base": base, "scope": scope},
    st.sampled_from(["goods_from", "goods_from", "goods_to"]),
    st.integers(300, 3000),
    st.sampled_from(["list", "net"]),
    scopes,
)
facts: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"kind": "weekly", "days": [2, 3]},
        {"kind": "weekly", "days": [1], "from": "22:00", "until": "12:30", "zone": "Europe/Kyiv"},
        {"kind": "weekly", "from": "11:00", "until": "12:00", "zone": "Europe/Kyiv"},
        {"kind": "birthday", "before": 3, "after": 5},
        {"kind": "birthday"},
        {"kind": "order_number", "equals": 3},
        {"kind": "order_number", "multiple_of": 2},
        {"kind": "segment", "values": ["vip", "new"]},
        {"kind": "level", "values": ["gold"]},
        {"kind": "channel", "values": ["web"]},
        {"kind": "region", "values": ["lviv"]},
        {"kind": "shipping_method", "values": ["courier"]},
        {"kind": "period", "from": "2026-11-24T12:00:00+02:00", "until": "2026-11-25T00:00:00+02:00"},
        {"kind": "period", "until": "2026-11-24T12:00:00+02:00"},
        {"kind": "quantity_from", "value": 3},
        {"kind": "quantity_from", "value": 2, "scope": {"include": {"brands": ["x"]}}},
        {"kind": "line_quantity_from", "value": 2},
    ]
)
single_conditions = st.one_of(thresholds_of_goods, thresholds_of_goods, thresholds_of_goods, facts)
conditions = st.one_of(
    single_conditions,
    single_conditions,
    st.builds(lambda one: {"kind": "not", "of": one}, single_conditions),
    st.builds(
        lambda kind, of: {"kind": kind, "of": of},
        st.sampled_from(["any", "any", "all"]),
        st.lists(single_conditions, min_size=2, max_size=2),
    ),
)
customers: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from(
    [
        None,
        {"segments": ["vip"], "order_number": 3, "birthday": "1990-11-24"},
        {"level": "gold", "order_number": 4, "birthday": "1985-11-19"},
        {"segments": ["b"], "birthday": "2001-11-27", "order_number": 6},
        {"birthday": "1970-11-28"},
    ]
)
goods_limits: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {},
        {"max_units": 1},
        {"max_units": 2, "pick": "dearest"},
        {"max_units": 3},
        {"max_units_line": 1},
        {"max_discount_unit": 90},
        {"max_discount_cart": 150},
        {"repeat": 1},
    ]
)
budgets: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda left, kind: {"budget": {"kind": kind, "remaining": left}},
    st.sampled_from([0, 1, 120, 400, 1000]),
    st.sampled_from(["spend", "spend", "spend", "usage"]),
)
GROUPS = [
    {"key": "g0", "layer": "price", "position": 1},
    {"key": "g1", "layer": "item", "position": 1},
    {"key": "g2", "layer": "item", "position": 2, "policy": "all"},
    {"key": "g3", "layer": "personal", "position": 1, "percent_base": "list"},
    {"key": "g4", "layer": "personal", "position": 2, "policy": "first"},
    {"key": "g5", "layer": "order", "position": 1},
    {"key": "g6", "layer": "order", "position": 2, "policy": "all"},
    {"key": "g7", "layer": "shipping", "position": 1},
    {"key": "g8", "layer": "order", "position": 3, "policy": "first"},
    {"key": "g9", "layer": "shipping", "position": 2, "policy": "all", "percent_base": "list"},
    {"key": "gf", "layer": "shipping", "position": 3, "policy": "first"},
    {"key": "gg", "layer": "gift", "position": 1},
    {"key": "gc", "layer": "gift", "position": 2, "policy": "all"},
]  # fmt: skip
PLACES = [
    "g1",
    "g1",
    "g1",
    "g1",
    "g2",
    "g2",
    "g3",
    "g3",
    "g4",
    "g5",
    "g5",
    "g6",
    "g7",
    "g7",
    "g8",
    "g0",
    "g9",
    "gf",
    "gg",
    "gc",
]
FIRST = ("g4", "g8", "gf")
CAPS = [
    {"key": "c1", "max_percent": "30"},
    {"key": "c2", "max_amount": 120, "scope": {"include": {"brands": ["x"]}}},
    {"key": "c3", "max_percent": "15", "layers": ["item"]},
    {"key": "c4", "max_percent": "25", "layers": ["item", "order"]},
    {"key": "c5", "max_percent": "20", "layers": ["price", "item", "personal"]},
    {"key": "c6", "max_percent": "40", "max_amount": 350, "layers": ["personal", "order"]},
]
EXTRAS: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"min_price": 400},
    {"discountable": False},
    {"categories": ["c", "d"]},
    {"lists": ["l"], "attributes": {"size": "s"}},
    {"tax": "20"},
    {"tax": "7.5"},
]


@st.composite
def documents(draw: st.DrawFn, units: int = 4, promotions: int = 4, *, firsts: bool = True) -> dict[str, Any]:
    """Return a small mixed cart under a small mixed rule set; without `firsts` no promotion is compulsory."""
    lines: list[dict[str, Any]] = []
    while units and (not lines or draw(st.booleans())):
        quantity = draw(st.integers(1, min(2, units)))
        units -= quantity
        id = f"L{len(lines)}"
        line = {"id": id, "sku": id, "price": draw(st.sampled_from([333, 500, 777, 999, 1000])), "quantity": quantity}
        line |= {"brand": draw(st.sampled_from(BRANDS)), **draw(st.sampled_from(EXTRAS))}
        if lines and draw(st.integers(0, 5)) == 0:  # identical to an earlier one
            line = {**draw(st.sampled_from(lines)), "id": id, "quantity": quantity}
        lines.append(line)
    places = [one for one in PLACES if firsts or one not in FIRST]
    rules = [
        _promotion(draw, f"p{number}", [f"p{one}" for one in range(number)], places)
        for number in range(draw(st.integers(1, promotions)))
    ]
    more: dict[str, Any] = {"customer": draw(customers), "codes": draw(st.sampled_from([[], ["a1"], [" A1", "zz"]]))}
    more |= {"channel": draw(st.sampled_from([None, "web"])), "region": draw(st.sampled_from([None, "lviv", "kyiv"]))}
    more["tax_mode"] = draw(st.sampled_from(["inclusive", "inclusive", "exclusive", "none"]))
    more["stock"] = {"G1": draw(st.sampled_from([0, 9])), "G2": draw(st.sampled_from([0, 9]))}
    parcels = [{"id": "a", "price": 300, "method": "courier", "tax": "20"}, {"id": "b", "price": 125, "method": "post"}]
    return request(
        lines,
        *rules,
        groups=GROUPS,
        caps=draw(st.lists(st.sampled_from(CAPS), max_size=1)),
        shipping=parcels[: draw(st.integers(0, 2))],
        smallest_price=draw(st.sampled_from([0, 0, 1])),
        **more,
    )


def _promotion(draw: st.DrawFn, key: str, earlier: list[str], places: list[str]) -> dict[str, Any]:
    group = draw(st.sampled_from(places))
    layer = next(one["layer"] for one in GROUPS if one["key"] == group)
    limits: dict[str, Any] = {}
    if group == "g4":
        effect = draw(st.one_of(unit_effects, unit_effects, line_effects, unit_tiers))
        limits = draw(st.sampled_from([{}, {}, {"max_units": 1}, {"max_discount_unit": 90}]))
    elif group == "gg":
        effect = {"kind": "gift", "choices": draw(st.sampled_from([["G1"], ["G2", "G1"]]))}
        effect |= {"quantity": draw(st.integers(1, 2)), "per": draw(st.sampled_from(["cart", "unit"]))}
        limits = draw(st.sampled_from([{}, {"repeat": 1}, {"max_units": 2}, {"max_units_line": 1}]))
    elif group == "gc":
        effect = draw(st.sampled_from([{"kind": "cashback", "percent": "5"}, {"kind": "cashback", "amount": 150}]))
        limits = draw(st.sampled_from([{}, {"max_discount_cart": 60}]))
    elif group == "g0":
        effect = draw(st.one_of(personal_prices, personal_prices, unit_effects))
    elif layer == "order":
        effect = draw(order_effects)
        limits = draw(st.sampled_from([{}, {}, {}, {"max_discount_cart": 150}, {"max_discount_unit": 90}]))
    elif layer == "shipping":
        effect = draw(shipping_effects)
        limits = draw(st.sampled_from([{}, {}, {}, {"max_discount_cart": 150}]))
    else:
        effect = draw(goods_effects)
        limits = draw(goods_limits)
    if effect["kind"] == "bundle" or effect.get("favor") == "retailer":
        limits = {name: value for name, value in limits.items() if name == "repeat"}
    if layer != "gift" and draw(st.integers(0, 5)) == 0:
        limits = {**limits, **draw(budgets)}
        if layer in ("order", "shipping") and draw(st.booleans()):
            limits["budget"] = {**limits["budget"], "partial": True}
    scope: dict[str, Any] = {**draw(scopes)}
    if layer == "shipping":
        scope = draw(st.sampled_from([{}, {}, {"include": {"shipping_methods": ["courier"]}}]))
    elif layer != "gift" and draw(st.integers(0, 9)) == 0:
        scope["skip_discounted"] = True
    promotion: dict[str, Any] = {"key": key, "group": group, "effect": effect, "scope": scope, "limits": limits}
    promotion["conditions"] = [draw(conditions)] if draw(st.integers(0, 2)) == 0 else []
    promotion["priority"] = draw(st.integers(0, 2))
    if draw(st.integers(0, 7)) == 0:
        promotion["requires_code"] = "A1"
    if earlier and draw(st.integers(0, 4)) == 0:
        promotion["never_with"] = [draw(st.sampled_from(earlier))]
        promotion["never_on"] = draw(st.sampled_from(["cart", "unit"]))
    if draw(st.integers(0, 7)) == 0:
        promotion["standalone"] = True
    return promotion


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
        rules.append({"effect": draw(st.one_of(customers_sets, pair_effects)), "limits": limits, "scope": draw(scopes)})
    rules += [{"effect": draw(unit_effects), "scope": draw(scopes)} for _ in range(draw(st.integers(0, 2)))]
    rules = [{"key": f"p{number}", "layer": "item", **rule} for number, rule in enumerate(rules)]
    if draw(st.booleans()):
        rules.append({"key": "o", "layer": "order", "effect": draw(_simple("order")), "scope": draw(scopes)})
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
        if draw(st.integers(0, 5)) == 0:
            net["scope"] = {"include": {"brands": ["x"]}}
        where = {"layer": target, "conditions": [net], "scope": draw(scopes) if target == "order" else {}}
        effect = draw(_simple(target).filter(lambda one: one["kind"] != "set_price"))
        rules.append({"effect": effect, **where})
    rules = [{"key": f"p{number}", **rule} for number, rule in enumerate(rules)]
    caps = draw(st.sampled_from([[], [], [{"key": "c", "max_percent": "25", "scope": {"include": {"brands": ["x"]}}}]]))
    return request(lines, *rules, caps=caps, groups=GROUPS, shipping=[{"id": "a", "price": 300}])
