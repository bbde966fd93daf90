"""What came of it, as a document: figures before and after, what changed most, and how sure an estimate is."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from offers.rules.shapes import Body
from offers.whatif.spec import Spec
from offers.whatif.tally import EDGES, EXTREMES, LINES, OTHERS, SIDES, Tally

NORMAL_95 = 1.959964
FEWEST = 30
"""Below so many receipts no error is stated: the sum of few is not normal."""


def estimate(total: int, squares: int, n: int, population: int) -> tuple[int, int | None]:
    """Return the sum over all receipts as it is estimated from `n` of them, and its error at 95 %.

    The normal interval of a simple random sample without replacement: nothing is unsure where all were priced. The
    error is None where too few were.
    """
    if not n:
        return 0, None
    if n >= population:
        return total, 0
    mean = total / n
    if n < FEWEST:
        return round(mean * population), None
    variance = max(0.0, (squares - total * mean) / (n - 1))
    error = NORMAL_95 * population * sqrt(variance / n * (1 - n / population))
    return round(mean * population), round(error)


def report(tally: Tally, spec: Spec, *, total: int, old: Body, new: Body) -> dict[str, Any]:
    """Return the result as a document; amounts in minor units, `change` is new less old. `total` receipts are there."""
    n, population = tally.priced, max(total - sum(tally.refused.values()), tally.priced)
    changed = tally.cheaper + tally.dearer
    sides = {side: _side(getattr(tally, side), spec) for side in SIDES}
    names = {one["key"]: one.get("name") or one["key"] for body in (old, new) for one in body["promotions"]}
    return {
        "receipts": {
            "total": total,
            "seen": tally.seen,
            "priced": n,
            "refused": dict(sorted(tally.refused.items())),
            "changed": changed,
            "cheaper": tally.cheaper,
            "dearer": tally.dearer,
            "other": tally.other,
        },
        **sides,
        "change": {
            name: sides["new"][name] - sides["old"][name]
            for name in ("discount", "net", "delivery", "margin")
            if sides["old"][name] is not None
        }
        | {"payable": tally.change},
        "all": {
            "change": estimate(tally.change, tally.squares["change"], n, population),
            "changed": estimate(changed, changed, n, population),
            **{
                f"discount_{side}": estimate(getattr(tally, side)["discount"], tally.squares[side], n, population)
                for side in SIDES
            },
        },
        "lines": {kind: _lines(tally.lines[kind]) for kind in LINES},
        "promotions": _promotions(tally.promotions, names),
        "bars": _bars(tally.bars),
        "most": [{"change": change, "key": key, "cart": cart} for change, key, cart in tally.most],
        "is_folded": any(OTHERS in tally.lines[kind] for kind in LINES),
    }


def _side(sums: Mapping[str, int], spec: Spec) -> dict[str, Any]:
    has_costs = spec.margin is not None or sums["cost"] > 0
    return {
        **{name: sums[name] for name in ("goods", "delivery", "discount", "net", "cashback", "gifts", "proven")},
        "cost": sums["cost"] if has_costs else None,
        "margin": sums["net"] - sums["cost"] if has_costs else None,
        "below_cost": sums["below_cost"] if has_costs else None,
    }


def _lines(lines: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    """Return the lines that change most; their changes and `rest` of the others add up to the whole change."""
    order = sorted(lines.items(), key=lambda one: (one[0] == OTHERS, -abs(one[1][3] - one[1][2]), one[0]))
    found = [
        {"name": name, "units": units, "list": listed, "old": old, "new": new, "change": new - old}
        for name, (units, listed, old, new) in order[:EXTREMES]
    ]
    rest = order[EXTREMES:]
    if rest:
        units, listed, old, new = (sum(values[at] for _, values in rest) for at in range(4))
        more = {"name": OTHERS, "units": units, "list": listed, "old": old, "new": new, "change": new - old}
        found.append({**more, "others": len(rest)})
    return found


def _promotions(sums: Mapping[str, list[int]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    order = sorted(sums.items(), key=lambda one: (-abs(one[1][2] - one[1][0]), -one[1][2], one[0]))
    return [
        {"key": key, "name": names.get(key, key), "old": old, "old_receipts": many, "new": new, "new_receipts": more}
        for key, (old, many, new, more) in order
    ]


def _bars(bars: Mapping[str, int]) -> list[dict[str, int | None]]:
    """Return how many receipts became cheaper or dearer by how much, from the cheapest on; the unchanged at 0."""
    found = []
    for least, n in sorted((int(key), n) for key, n in bars.items()):
        place = EDGES.index(abs(least)) if least else 0
        most = EDGES[place + 1] - 1 if least and place + 1 < len(EDGES) else None
        found.append({"least": least, "most": most if most is None or least > 0 else -most, "n": n})
    return found
