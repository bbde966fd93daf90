"""What a rule set would have made of receipts: sums that add up, whoever counted them, and errors that are true."""

import itertools
import json
import random
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.live import quote_with, rules_of
from offers.rules.shapes import NOTHING, Body, read_body
from offers.whatif import sample, table
from offers.whatif.compare import pair_of, price, weigh, without
from offers.whatif.receipts import Receipt, chosen, moved
from offers.whatif.report import estimate, report
from offers.whatif.spec import Spec
from offers.whatif.tally import Tally, bar_of
from rig.carts import documents
from rig.prices import amount, brand, group, line, percent, promo
from wayfare.errors import InputRefused
from wayfare.promotions import parse_cart

EXAMPLE: Body = read_body(
    json.loads((Path(__file__).parents[3] / "examples" / "promotions" / "brocard.json").read_text(encoding="utf-8"))
)
SPEC = Spec("sample", days=91, begins="2026-11-02", scale="40", currency="UAH", margin="45", zone="Europe/Kyiv")
AT = "2026-11-24T12:00:00+02:00"


def body(*promotions: dict[str, Any], **more: Any) -> Body:
    return read_body({"promotions": list(promotions), **more})


def receipts(*carts: list[dict[str, Any]], **costs: int) -> list[Receipt]:
    return [
        Receipt(n, f"r{n}", {"currency": "UAH", "at": AT, "lines": lines}, costs) for n, lines in enumerate(carts, 1)
    ]


def some_of_the_sample(spec: Spec = SPEC, limit: int = 150) -> Iterator[tuple[Receipt, bool]]:
    found = moved(sample.receipts(spec), spec, sample.first_day(spec))
    for one in found:
        if one.position > limit:
            return
        yield one, True


def test_figures_are_those_of_plain_quotes() -> None:
    new = without(EXAMPLE, "makeup-15")
    spec = SPEC
    tally = weigh(EXAMPLE, new, spec, some_of_the_sample())
    rules = {"old": rules_of(EXAMPLE), "new": rules_of(new)}
    quotes = {
        side: [quote_with(rules[side], parse_cart(one.cart)) for one, _ in some_of_the_sample()] for side in rules
    }
    for side, found in quotes.items():
        sums = getattr(tally, side)
        assert sums["goods"] == sum(one["goods"]["list"] for one in found)
        assert sums["discount"] == sum(one["goods"]["discount"] for one in found)
        assert sums["net"] == sum(one["goods"]["net"] for one in found)
        assert sums["proven"] == sum(one["proof"]["status"] == "optimal" for one in found)
    differences = [b["payable"] - a["payable"] for a, b in zip(quotes["old"], quotes["new"], strict=True)]
    assert tally.change == sum(differences) > 0
    assert (tally.dearer, tally.cheaper) == (sum(one > 0 for one in differences), sum(one < 0 for one in differences))
    assert tally.squares["change"] == sum(one * one for one in differences)


@settings(max_examples=60, deadline=None)
@given(documents(), documents())
def test_rules_against_themselves_change_nothing_and_lines_add_up_to_the_whole(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    rules = [{**NOTHING, **{name: each["ruleset"].get(name, []) for name in NOTHING}} for each in (one, other)]
    rules = [{**each, "smallest_price": 0} for each in rules]
    carts = [Receipt(at, str(at), each["cart"]) for at, each in enumerate((one, other), 1)]
    same = price(pair_of(rules[0], rules[0]), Spec(margin="40"), carts)
    assert (same.change, same.cheaper, same.dearer, same.other, same.most) == (0, 0, 0, 0, [])
    assert same.old == same.new
    assert not any(same.lines.values())
    found = price(pair_of(*rules), Spec(margin="40"), carts)
    whole = found.new["net"] - found.old["net"]
    for kind in ("sku", "brand"):
        assert sum(new - old for _, _, old, new in found.lines[kind].values()) == whole
    assert found.change == whole + found.new["delivery"] - found.old["delivery"] + _tax(rules, carts)
    assert sum(found.bars.values()) == found.priced


def _tax(rules: list[Body], carts: list[Receipt]) -> int:
    """Return how much more tax is added where prices are without it."""
    priced = [[quote_with(rules_of(body), parse_cart(one.cart)) for one in carts] for body in rules]
    exclusive = [one.cart.get("tax_mode") == "exclusive" for one in carts]
    return sum(b["tax"] - a["tax"] for a, b, is_added in zip(*priced, exclusive, strict=True) if is_added)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 39), max_size=4))
def test_the_sums_are_the_same_in_whatever_parts_they_are_counted(cuts: list[int]) -> None:
    new = body(promo("p", percent(20)), promo("q", amount(500, "order"), "order"))
    old = body(promo("p", percent(10), scope=brand("A")))
    carts = receipts(*([line("x", 1000 + 37 * n, brand="AB"[n % 2])] for n in range(40)))
    whole = price(pair_of(old, new), Spec(), carts)
    parts = Tally()
    ends = [0, *sorted(cuts), 40]
    for begin, end in itertools.pairwise(ends):
        parts.merge(Tally.read(price(pair_of(old, new), Spec(), carts[begin:end]).written()))
    assert parts == whole


def test_more_processes_and_a_stop_in_between_give_the_same() -> None:
    new = without(EXAMPLE, "hair-more")
    spec = SPEC
    alone = weigh(EXAMPLE, new, spec, some_of_the_sample(limit=120))
    assert weigh(EXAMPLE, new, spec, some_of_the_sample(limit=120), processes=2) == alone
    stops: list[tuple[str, int]] = []

    def told(tally: Tally, position: int) -> bool:
        stops.append((tally.written(), position))
        return False

    weigh(EXAMPLE, new, spec, some_of_the_sample(limit=120), told=told)
    text, position = stops[0]
    rest = ((one, wanted) for one, wanted in some_of_the_sample(limit=120) if one.position > position)
    assert weigh(EXAMPLE, new, spec, rest, tally=Tally.read(text)) == alone


def test_receipts_get_dearer_only_where_a_promotion_left() -> None:
    more = body(*(one for one in EXAMPLE["promotions"] if one["key"] != "own-brand-30"), groups=EXAMPLE["groups"])
    tally = weigh(more, body(*EXAMPLE["promotions"], groups=EXAMPLE["groups"]), SPEC, some_of_the_sample())
    assert tally.cheaper > 0
    assert tally.dearer == 0


def test_cost_is_the_known_one_or_what_the_margin_leaves() -> None:
    rules = body(promo("p", percent(60)))
    carts = receipts([line("a", 1000, 2), line("b", 1000)], a=700)
    found = price(pair_of(NOTHING, rules), Spec(margin="40"), carts)
    assert found.old["cost"] == found.new["cost"] == 2 * 700 + 600
    assert (found.old["below_cost"], found.new["below_cost"]) == (0, 2)
    unknown = price(pair_of(NOTHING, rules), Spec(), carts)
    assert unknown.old["cost"] == 1400
    assert report(found, Spec(margin="40"), total=1, old=NOTHING, new=rules)["change"]["margin"] == -1800
    nothing = price(pair_of(NOTHING, rules), Spec(), receipts([line("b", 1000)]))
    assert report(nothing, Spec(), total=1, old=NOTHING, new=rules)["old"]["margin"] is None


def test_a_receipt_that_cannot_be_priced_is_counted_with_the_reason() -> None:
    carts = receipts([line("a", 1000)], [line("a", -1)])
    found = price(pair_of(NOTHING, NOTHING), Spec(), carts)
    assert (found.priced, found.refused) == (1, {"greater_than_equal": 1})


def test_the_largest_changes_come_first_with_their_carts() -> None:
    rules = body(promo("p", percent(10)))
    carts = receipts(*([line("a", 100 * n)] for n in range(1, 60)))
    found = price(pair_of(NOTHING, rules), Spec(), carts)
    assert [one[0] for one in found.most[:3]] == [-590, -580, -570]
    assert len(found.most) == 20
    assert found.most[0][2]["lines"][0]["price"] == 5900


def test_what_only_shifts_between_promotions_is_told_apart() -> None:
    old, new = body(promo("p", percent(10))), body(promo("q", percent(10)))
    found = price(pair_of(old, new), Spec(), receipts([line("a", 1000)]))
    assert (found.cheaper, found.dearer, found.other) == (0, 0, 1)
    assert found.promotions == {"p": [100, 1, 0, 0], "q": [0, 0, 100, 1]}


@pytest.mark.parametrize(
    ("change", "bar"), [(0, "0"), (1, "1"), (99, "1"), (100, "100"), (-7000, "-5000"), (10**9, "1000000")]
)
def test_a_change_falls_into_one_bar(change: int, bar: str) -> None:
    assert bar_of(change) == bar


def test_receipts_are_chosen_by_their_hash_and_always_the_same() -> None:
    spec = Spec(most=500)
    first = [one.key for one, wanted in chosen(sample.receipts(spec), spec, sample.count(spec)) if wanted]
    assert first == [one.key for one, wanted in chosen(sample.receipts(spec), spec, sample.count(spec)) if wanted]
    assert 420 < len(first) < 580
    assert all(wanted for _, wanted in chosen(sample.receipts(Spec()), Spec(), sample.count(Spec())))


def test_the_stated_error_holds_19_times_of_20() -> None:
    chance = random.Random(7)
    population = [-round(chance.paretovariate(3) * 1000) if chance.random() < 0.4 else 0 for _ in range(4000)]
    truth, hits, widths = sum(population), 0, []
    for _ in range(400):
        few = chance.sample(population, 400)
        value, error = estimate(sum(few), sum(one * one for one in few), len(few), len(population))
        assert error is not None
        hits += abs(value - truth) <= error
        widths.append(error)
    assert 0.92 <= hits / 400 <= 0.98
    assert mean(widths) < abs(truth) / 3
    assert estimate(truth, 0, 4000, 4000) == (truth, 0)
    assert estimate(5, 5, 10, 100) == (50, None)


def test_dates_move_by_whole_weeks_and_keep_the_time_on_the_clock() -> None:
    spec = Spec("sample", days=91, begins="2026-03-01", zone="Europe/Kyiv")
    found = list(moved(sample.receipts(spec), spec, sample.first_day(spec)))
    before = list(sample.receipts(spec))
    ends = [datetime.fromisoformat(one.cart["at"]) for one in (before[0], found[0], before[-1], found[-1])]
    assert [one.weekday() for one in ends[::2]] == [one.weekday() for one in ends[1::2]]
    assert [(one.hour, one.minute) for one in ends[::2]] == [(one.hour, one.minute) for one in ends[1::2]]
    assert ends[1].date().isoformat() == "2026-03-02"
    assert ends[1].utcoffset() != ends[3].utcoffset()  # summer time begins in between


def test_the_sample_is_whole_and_speaks_the_words_of_the_example() -> None:
    spec = Spec("sample", days=91, scale="40", currency="UAH")
    found = list(sample.receipts(spec))
    assert len(found) == sample.count(spec) == 6639
    assert sum(len(one.cart["lines"]) for one in found) == 74_452
    assert {one.cart["currency"] for one in found} == {"UAH"}
    names = {name for one in found for each in one.cart["lines"] for name in each["categories"]}
    assert {"makeup", "haircare", "skincare", "perfume", "grocery"} <= names
    assert sample.count(Spec(days=7)) < 700
    assert [one.position for one in sample.receipts(spec, after=6600)] == list(range(6601, 6640))


TABLE = """order,at,sku,quantity,price,brand,categories,store,level,segments,codes
1,2026-11-20T10:00,A,2,1990,Lumina,makeup|lipstick,kyiv-01,gold,vip|staff,WELCOME
1,2026-11-20T10:00,B,1,500,,,kyiv-01,gold,vip|staff,WELCOME
2,2026-11-23T22:30:00+00:00,A,1,1990,Lumina,makeup,,,,
"""


def test_a_table_becomes_receipts() -> None:
    found = table.read(TABLE.encode("utf-8-sig"), "Europe/Kyiv")
    assert (found.rows, found.receipts, found.first.day, found.last.day) == (3, 2, 20, 24)
    first, second = table.receipts(TABLE.encode(), Spec("file", scale="2", zone="Europe/Kyiv"), found.last)
    assert first.cart["at"] == "2026-11-20T10:00:00+02:00"
    assert first.cart["customer"] == {"level": "gold", "segments": ["vip", "staff"]}
    assert [one["price"] for one in first.cart["lines"]] == [3980, 1000]
    assert first.cart["codes"] == ["WELCOME"]
    assert parse_cart(first.cart).lines[0].categories == ["makeup", "lipstick"]
    assert second.cart["at"] == "2026-11-24T00:30:00+02:00"
    assert [one.key for one in table.receipts(TABLE.encode(), Spec("file", days=2), found.last)] == ["2"]
    assert [one.key for one in table.receipts(TABLE.encode(), Spec("file"), found.last, after=1)] == ["2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it lacks order"),
        ("order,at,sku,quantity\n", "it lacks price"),
        ("order,at,sku,quantity,price,phone\n", "it has phone"),
        ("order,at,sku,quantity,price\n", "no rows"),
        ("order,at,sku,quantity,price\n1,2026-11-20,A,0,5\n", "line 2: quantity '0'"),
        ("order,at,sku,quantity,price\n1,2026-11-20,A,1,5.5\n", "line 2: price '5.5'"),
        ("order,at,sku,quantity,price\n1,yesterday,A,1,5\n", "line 2: 'yesterday'"),
        ("order,at,sku,quantity,price\n1,0001-01-01T00:00:00+05:00,A,1,5\n", "line 2: '0001-01-01"),
        ("order,at,sku,quantity,price\n1,2026-11-20,,1,5\n", "line 2: sku is missing"),
        ("order,at,sku,quantity,price\n1,2026-11-20,A,1\n", "line 2: the row has 4 cells"),
        ("order,at,sku,quantity,price\n1,2026-11-20,A,1,5\n2,2026-11-20,A,1,5\n1,2026-11-20,A,1,5\n", "comes twice"),
    ],
)
def test_a_table_that_is_wrong_says_where(text: str, words: str) -> None:
    with pytest.raises(InputRefused) as refused:
        table.read(text.encode(), "UTC")
    assert words in str(refused.value)


@pytest.mark.parametrize("begins", ["9999-12-31", "0001-01-01", "soon"])
def test_receipts_move_to_a_day_that_calendars_have(begins: str) -> None:
    with pytest.raises(InputRefused, match="a day like"):
        Spec("sample", begins=begins)


def test_a_table_in_another_encoding_is_refused() -> None:
    with pytest.raises(InputRefused, match="UTF-8"):
        table.read("order,at,sku,quantity,price\n1,2026-11-20,Крем,1,5\n".encode("cp1251"), "UTC")


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "moon"},
        {"days": 0},
        {"most": 0},
        {"scale": "0"},
        {"scale": "-1"},
        {"margin": "101"},
        {"begins": "soon"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        Spec(**wrong)


def test_prices_are_multiplied_exactly() -> None:
    assert Spec(scale="41.55").priced(199) == 8268  # 8268.45
    assert Spec(scale="0.5").priced(3) == 2
    assert Spec(margin="33.3").cost(1000) == 667
    assert Fraction("41.55") * 199 == Fraction("8268.45")


def test_a_promotion_that_leaves_is_no_longer_named_by_others() -> None:
    both = body(promo("p", percent(10), never_with=["q"]), promo("q", percent(20)), groups=[group("g")])
    assert without(both, "q")["promotions"] == [{**promo("p", percent(10)), "never_with": []}]
    with pytest.raises(InputRefused, match="no promotion 'nobody'"):
        without(both, "nobody")
