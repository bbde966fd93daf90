"""How long a quote takes, and how many evaluations: `python -m bench.quote [carts]`.

Carts of 30 lines under 50 promotions: 30 item, 6 second layer, 6 multi-buys over a brand each, 5 order, 2 caps. Wide: 3
multi-buys, of which 2 over the whole assortment. The rule set is made ready once, as a till does; checking the cart and
writing the answer count. Times are processor time: the machine may be shared.
"""

import random
import sys
from collections.abc import Callable
from functools import partial
from statistics import median, quantiles
from time import process_time
from typing import Any

from wayfare.promotions import compile, parse_cart, quote
from wayfare.promotions.engine import search

BRANDS = [f"b{number}" for number in range(10)]
NOON = "2026-11-24T12:00:00+02:00"


def a_line(chance: random.Random, number: int, most: int = 3) -> dict[str, Any]:
    """Return a line of a random cart."""
    return {
        "id": f"L{number}",
        "sku": f"S{number}",
        "price": chance.randrange(5000, 300000, 10),
        "quantity": chance.randint(1, most),
        "brand": chance.choice(BRANDS),
        "categories": [chance.choice(["perfume", "care", "make-up"])],
        "tax": "20",
    }


def a_ruleset(chance: random.Random, *, multi: str = "scoped", promotions: int = 30) -> dict[str, Any]:
    """Return a random rule set; `multi` is `none`, `scoped` or `wide`."""
    rules: list[dict[str, Any]] = []

    def add(effect: dict[str, Any], where: dict[str, str], scope: dict[str, Any] | None = None) -> None:
        rules.append({"key": f"p{len(rules)}", "effect": effect, **where, "scope": {"include": scope or {}}})

    for _ in range(promotions):
        scope: dict[str, Any] = chance.choice(
            [{"brands": [chance.choice(BRANDS)]}, {"categories": ["care"]}, {"price_from": chance.randrange(10**5)}]
        )
        effect: dict[str, Any] = {"kind": "percent", "value": str(chance.randint(5, 30))}
        if chance.random() < 0.3:
            effect = {"kind": "amount", "value": chance.randrange(100, 5000)}
        add(effect, {"layer": "item"}, scope)
    for _ in range(6):
        add(
            {"kind": "percent", "value": str(chance.randint(2, 7))},
            {"layer": "personal"},
            {"brands": [chance.choice(BRANDS)]},
        )
    wide = {"none": [], "scoped": [False] * 6, "wide": [True, True, False]}[multi]
    for is_wide in wide:
        size = chance.choice([2, 3, 4])
        reward = {"units": 1, "effect": {"kind": "percent", "value": chance.choice(["50", "100"])}}
        where: dict[str, Any] = {} if is_wide else {"brands": [chance.choice(BRANDS)]}
        add({"kind": "sets", "size": size, "reward": reward}, {"layer": "item"}, where)
    for number in range(5):
        deal: dict[str, Any] = {"kind": "percent", "value": str(3 + number), "target": "order"}
        if number % 2:
            deal = {"kind": "amount", "value": 10000 * number, "target": "order"}
        add(deal, {"layer": "order"})
        rules[-1]["conditions"] = [{"kind": "goods_from", "value": 10**6 * number}]
    caps = [
        {"key": f"c{number}", "scope": {"include": {"brands": [BRANDS[number]]}}, "max_percent": str(10 + 5 * number)}
        for number in range(2)
    ]
    return {"promotions": rules, "caps": caps}


def measure(title: str, carts: int, make: Callable[[random.Random], tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Price random carts; print the median, the 95th percentile and the largest of processor time and evaluations."""
    times, counts, proven = [], [], 0
    for seed in range(carts):
        lines, rules = make(random.Random(seed))
        document = {"cart": {"currency": "UAH", "at": NOON, **lines}, "ruleset": rules}
        compiled = compile(document["ruleset"])
        start = process_time()
        answer = quote(document["cart"], compiled)
        times.append((process_time() - start) * 1000)
        counts.append(search(parse_cart(document["cart"]), compiled)[1].evaluations)
        proven += answer["proof"]["status"] == "optimal"
    spread = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    print(
        f"{title:<44} p50 {median(times):8.2f} ms  p95 {spread:8.2f} ms  max {max(times):8.1f} ms  "
        f"evaluations {median(counts):8.0f} (max {max(counts)})  proven {proven}/{carts}"
    )


def a_cart(chance: random.Random, lines: int = 30, most: int = 3) -> dict[str, Any]:
    """Return a random cart."""
    return {"lines": [a_line(chance, number, most) for number in range(lines)], "shipping": []}


def a_case(
    chance: random.Random, *, lines: int = 30, most: int = 3, multi: str = "none", promotions: int = 30
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a random cart and a random rule set."""
    return a_cart(chance, lines, most), a_ruleset(chance, multi=multi, promotions=promotions)


def main() -> None:
    """Run the whole table."""
    carts = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for multi in ("none", "scoped", "wide"):
        measure(f"30 lines, 50 promotions, multi-buys: {multi}", carts, partial(a_case, multi=multi))
    for lines in (10, 100, 300):
        measure(f"{lines} lines", 20, partial(a_case, lines=lines))
    for promotions in (100, 400):
        measure(f"{promotions} item promotions", 20, partial(a_case, promotions=promotions))
    for most in (30, 1000, 10**6):
        measure(f"quantities to {most}, scoped multi-buys", 20, partial(a_case, most=most, multi="scoped"))


if __name__ == "__main__":
    main()
