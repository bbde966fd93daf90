"""A quote as tables for people: the whole text, so that no number stands in the wrong place."""

from rig.prices import amount, line, percent, promo, request, when
from wayfare.promotions import quote
from wayfare.promotions.words import explained, money


def test_money_has_two_decimals_and_groups_of_three() -> None:
    assert [money(value) for value in (0, 5, 123456, -123456, 100_000_000)] == [
        "0.00", "0.05", "1 234.56", "-1 234.56", "1 000 000.00"
    ]  # fmt: skip


def test_a_quote_is_told_from_list_price_to_net_with_all_reasons() -> None:
    rules = [
        promo("sale", percent(20)),
        promo("more", percent(5)),
        promo("rich", percent(50), "personal", conditions=[when("goods_from", value=1_000_000)]),
        promo("many", percent(50), "personal", conditions=[when("quantity_from", value=5)]),
        promo("ship", amount(1000, "shipping"), "shipping"),
        promo("code", percent(9), "personal", requires_code="A"),
        promo("gift", {"kind": "gift", "choices": ["G"]}, "gift"),
        promo("bonus", {"kind": "cashback", "amount": 700}, "gift"),
    ]
    caps = [{"key": "cap", "max_percent": "15"}]
    shipping = [{"id": "parcel", "price": 6000}]
    answer = quote(request([line("L1", 100_000, 2)], *rules, caps=caps, shipping=shipping, stock={"G": 1}, codes=["B"]))
    told = [row.split() for row in explained(answer).splitlines()]
    for row in (
        "L1 2 1 000.00 850.00",
        "sale 150.00 (of 200.00, limited by cap)",
        "parcel 60.00 50.00",
        "ship 10.00",
        "goods at list price 2 000.00",
        "discount -300.00",
        "delivery 50.00",
        "to pay 1 750.00 UAH",
        "cashback 7.00",
        "G 1 gift",
        "code its code was not given",
        "many there are too few units, 3 short",
        "more another promotion gives a better price: sale",
        "rich the goods are not worth enough, 8 000.00 short",
        "B unknown",
    ):
        assert row.split() in told, row
    assert told[-1] == ["No", "allowed", "choice", "is", "cheaper."]


def test_a_bound_is_told() -> None:
    bundle = {"kind": "bundle", "price": 50, "parts": [{}, {}]}
    answer = quote(request([line("a", 100), line("b", 100)], promo("m", bundle)), limit=0)
    assert explained(answer).endswith(f"no allowed choice is below {money(answer['proof']['bound'])}.")
