"""Large documents: how much work they are, what an answer holds, and how close its bound is where the best is known."""

from typing import Any

from rig.prices import amount, brand, fixed, line, percent, promo, request, sets
from wayfare.promotions import parse_request, quote
from wayfare.promotions.engine import search
from wayfare.promotions.rules import Compiled
from wayfare.promotions.search import Found

MILLION = 10**6


def found(document: dict[str, Any]) -> Found:
    """Return the search's own answer, with the work that it took."""
    asked = parse_request(document)
    return search(asked.cart, Compiled(asked.ruleset))[1]


def parts(answer: dict[str, Any]) -> int:
    """Return how many entries for units an answer has."""
    return sum(len(one["units"]) for one in answer["lines"])


def huge() -> dict[str, Any]:
    """Return 1,000 lines of a million pieces under 500 promotions, eight of them multi-buys on everything."""
    lines = [line(f"L{number}", 1000 + number % 97, MILLION, brand=f"b{number % 7}") for number in range(1000)]
    rules = [promo(f"p{number}", percent(1 + number % 30), scope=brand(f"b{number % 7}")) for number in range(490)]
    rules += [promo(f"m{number}", sets(3)) for number in range(8)]
    rules += [promo("o", percent(5, "order"), "order"), promo("q", amount(MILLION, "order"), "order")]
    return request(lines, *rules)


def test_a_huge_document_is_little_work_and_has_a_close_bound() -> None:
    """Each promotion is looked at once for each line in its scope; pieces are never looked at one by one.

    One of three free is a third off, more than any sale here: less than two thirds of the list price nobody can pay,
    and the order takes five percent of that.
    """
    document = huge()
    answer = quote(document)
    listed = answer["goods"]["list"]
    assert listed * 95 // 100 * 2 // 3 * 99 // 100 < answer["payable"] < listed * 95 // 100 * 7 // 10
    assert answer["payable"] - answer["proof"]["bound"] <= answer["payable"] // 50
    assert found(document).evaluations < 1000 * 500
    assert parts(answer) <= 4 * 1000


def test_the_work_does_not_grow_with_pieces() -> None:
    def work(quantity: int) -> int:
        lines = [line(f"L{number}", 1000 + number, quantity, brand="xy"[number % 2]) for number in range(10)]
        rules = [
            promo("m", sets(3), scope=brand("x")),
            promo("p", percent(10)),
            promo("o", amount(500, "order"), "order"),
        ]
        return found(request(lines, *rules)).evaluations

    assert work(MILLION) <= 4 * work(1000)


def test_parts_that_share_nothing_are_each_at_their_best() -> None:
    """250 brands, each with four pieces of one price and one of two free: half of it is to pay, to the cent."""
    lines = [line(f"L{number}", 1000 + number // 4, brand=f"b{number // 4}") for number in range(1000)]
    rules = [promo(f"m{number}", sets(2), scope=brand(f"b{number}")) for number in range(250)]
    rules += [promo(f"p{number}", percent(1 + number % 20), scope=brand(f"b{number}")) for number in range(250)]
    document = request(lines, *rules)
    answer = quote(document)
    assert answer["payable"] == sum(2 * (1000 + number) for number in range(250))
    assert answer["proof"] == {"status": "optimal", "bound": answer["payable"]}
    assert found(document).evaluations < 50 * 1000


def test_a_million_pieces_of_one_price_are_at_their_best() -> None:
    """One of two free on an even number, whatever else is cheaper on a single piece."""
    answer = quote(request([line("a", 99_900, MILLION)], promo("m", sets(2)), promo("p", percent(40))))
    assert answer["payable"] == 99_900 * MILLION // 2
    assert answer["payable"] - answer["proof"]["bound"] <= answer["payable"] // 1000
    assert parts(answer) == 2


def test_a_few_sets_of_many_pieces_are_dealt() -> None:
    """Three sets a cart, of two: three pieces free, all others on sale."""
    answer = quote(request([line("a", 1000, 1007)], promo("m", sets(2), limits={"repeat": 3}), promo("p", percent(10))))
    assert answer["proof"]["bound"] <= 1001 * 900 + 3 * 1000 <= answer["payable"] <= 1005 * 900 + 1000


def test_many_pieces_in_sets_of_a_fixed_price_are_at_their_best() -> None:
    """Three at 700 each: whole sets of the dear ones, and one left over on sale, which costs the same."""
    answer = quote(request([line("a", 1000, 300_001)], promo("m", sets(3, 3, fixed(700))), promo("p", percent(20))))
    assert answer["payable"] == 300_000 * 700 + 800
    assert answer["payable"] - answer["proof"]["bound"] <= answer["payable"] // 1000


def test_many_pieces_under_multibuys_have_a_close_bound() -> None:
    """One of three free on 300,000 pieces: what is left to prove is less than a thousandth."""
    lines = [line(f"L{number}", 1000 + number, 100_000) for number in range(3)]
    answer = quote(request(lines, promo("m", sets(3)), promo("p", percent(10))))
    best = (
        answer["goods"]["list"] - 33_333 * 1002 - 33_333 * 1001 - 33_334 * 1000
    )  # each third piece, the dearest first
    assert answer["proof"]["bound"] <= best <= answer["payable"]
    assert 0 <= answer["payable"] - answer["proof"]["bound"] <= answer["payable"] // 1000


def test_many_pieces_that_are_tied_have_an_answer_and_a_true_bound() -> None:
    bundle = {"kind": "bundle", "price": 150, "parts": [{"scope": brand("x")}, {"quantity": 1}]}
    lines = [line("a", 100, 3000, brand="x"), line("b", 90, MILLION)]
    answer = quote(request(lines, promo("m", bundle), promo("p", percent(5)), shipping=[{"id": "s", "price": 100}]))
    best = 3000 * 150 + (MILLION - 3000) * 85 + 100  # each dear piece in a bundle with a cheap one
    assert answer["proof"]["bound"] <= best <= answer["payable"] <= 95 * 3000 + 85 * MILLION + 100


def test_a_cap_over_some_layers_needs_no_search_while_nothing_lies_between_them() -> None:
    """40 lines, a cap over sale and level, a threshold at net value and an order discount: proven by the closed form.

    Ten percent and ten of the rest are 19 percent; the cap allows 15. The order takes another 5,000.
    """
    lines = [line(f"L{number}", 1000, 3, brand="xy"[number % 2]) for number in range(40)]
    threshold = {"kind": "goods_from", "value": 90_000, "base": "net"}
    rules = [
        promo("s", percent(10)),
        promo("l", percent(10), "personal"),
        promo("o", amount(5000, "order"), "order", conditions=[threshold]),
    ]
    for layers in (["item", "personal"], ["price", "item", "personal"]):
        cap = {"key": "c", "max_percent": "15", "layers": layers, "scope": brand("x")}
        answer = quote(request(lines, *rules, caps=[cap]), limit=0)
        assert answer["payable"] == 60 * 850 + 60 * 810 - 5000
        assert answer["proof"] == {"status": "optimal", "bound": answer["payable"]}


def test_a_cap_over_some_layers_leaves_multibuys_to_the_closed_form() -> None:
    """One of two free, at most 30 percent a piece by the cap: 70 for one of two, then the order's percent."""
    lines = [line(f"L{number}", 1000) for number in range(10)]
    cap = {"key": "c", "max_percent": "30", "layers": ["item", "personal"]}
    rules = [promo("m", sets(2)), promo("l", percent(10), "personal"), promo("o", percent(10, "order"), "order")]
    answer = quote(request(lines, *rules, caps=[cap]), limit=0)
    assert answer["payable"] == (5 * 700 + 5 * 900) * 9 // 10
    assert answer["proof"] == {"status": "optimal", "bound": answer["payable"]}


def test_a_cap_over_sale_and_order_leaves_a_price_for_the_order_to_the_closed_form() -> None:
    """1,800 after the sale, 1,500 for the order: there is room for 300 of what the cap leaves."""
    cap = {"key": "c", "max_percent": "50", "layers": ["item", "order"]}
    rules = [promo("p", percent(10)), promo("o", fixed(1500, "order"), "order")]
    answer = quote(request([line("a", 1000), line("b", 1000)], *rules, caps=[cap]), limit=0)
    assert answer["payable"] == 1500
    assert answer["proof"] == {"status": "optimal", "bound": 1500}
