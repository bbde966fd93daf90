"""What is counted while receipts are priced twice: sums that add up, whoever counted which part of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SIDES = ("old", "new")
SUMS = ("goods", "delivery", "discount", "net", "cashback", "gifts", "cost", "below_cost", "proven")
LINES = ("sku", "brand", "category")
EXTREMES = 20
MOST_LINES = 20_000
EDGES = (1, 100, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
"""Lower ends, in minor units, of the bars of change per receipt, upwards and downwards alike."""

OTHERS = "…"
"""The rest of the lines, where there are too many to remember each."""


@dataclass(slots=True)
class Tally:
    """Sums over receipts. Amounts in minor units; `goods` at list prices; `change` is what customers pay more.

    `lines` holds, by SKU, brand and category, those whose price changed: units, list value, net before, net after.
    `promotions` holds what each gave and on how many receipts, before and after. `squares`, of the change and of both
    discounts, serve the intervals.
    """

    seen: int = 0
    priced: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    cheaper: int = 0
    dearer: int = 0
    other: int = 0
    old: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    new: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    change: int = 0
    squares: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("change", *SIDES), 0))
    lines: dict[str, dict[str, list[int]]] = field(default_factory=lambda: {kind: {} for kind in LINES})
    promotions: dict[str, list[int]] = field(default_factory=dict)
    bars: dict[str, int] = field(default_factory=dict)
    most: list[list[Any]] = field(default_factory=list)  # change, key, cart; the largest changes first

    def merge(self, other: "Tally") -> None:
        """Add what another one has counted. In whatever parts receipts are counted, the sums are the same."""
        for name in ("seen", "priced", "cheaper", "dearer", "other", "change"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for side in SIDES:
            mine, theirs = getattr(self, side), getattr(other, side)
            for name in SUMS:
                mine[name] += theirs[name]
        for counts, more in ((self.refused, other.refused), (self.bars, other.bars), (self.squares, other.squares)):
            for key, n in more.items():
                counts[key] = counts.get(key, 0) + n
        for sums, parts in ((self.promotions, other.promotions), *((self.lines[k], other.lines[k]) for k in LINES)):
            for key, values in parts.items():
                sums[key] = [a + b for a, b in zip(sums.get(key, [0] * len(values)), values, strict=True)]
        for kind in LINES:
            _fold(self.lines[kind])
        self.most = sorted([*self.most, *other.most], key=lambda one: (-abs(one[0]), one[1]))[:EXTREMES]

    def written(self) -> str:
        """Return it as text; squares are longer than what many readers of JSON take for a number."""
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__}, ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> "Tally":
        """Return it from its text; an empty one from an empty text."""
        return cls(**json.loads(text)) if text else cls()


def count(
    tally: Tally,
    key: str,
    cart: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    costs: Mapping[str, int | None],
) -> None:
    """Count one receipt by its two quotes; `costs` is the cost of each line by id, None where it is not known."""
    tally.priced += 1
    change = new["payable"] - old["payable"]
    is_other = [one["promotion"] for one in old["applied"]] != [one["promotion"] for one in new["applied"]]
    tally.cheaper += change < 0
    tally.dearer += change > 0
    tally.other += not change and (is_other or old["cashback"] != new["cashback"] or old["gifts"] != new["gifts"])
    tally.change += change
    tally.squares["change"] += change * change
    for side, quote in (("old", old), ("new", new)):
        tally.squares[side] += _sum(getattr(tally, side), quote, costs) ** 2
    for place, quote in enumerate((old, new)):
        for one in quote["applied"]:
            kept = tally.promotions.setdefault(one["promotion"], [0, 0, 0, 0])
            kept[2 * place] += one["amount"]
            kept[2 * place + 1] += 1
    for line, before, after in zip(cart["lines"], old["lines"], new["lines"], strict=True):
        if before["net"] != after["net"]:
            values = (line["quantity"], before["list"], before["net"], after["net"])
            for kind, name in _names(line):
                kept = tally.lines[kind].setdefault(name, [0, 0, 0, 0])
                tally.lines[kind][name] = [a + b for a, b in zip(kept, values, strict=True)]
    bar = bar_of(change)
    tally.bars[bar] = tally.bars.get(bar, 0) + 1
    if change and (len(tally.most) < EXTREMES or abs(change) >= abs(tally.most[-1][0])):
        tally.most.append([change, key, dict(cart)])
        tally.most.sort(key=lambda one: (-abs(one[0]), one[1]))
        del tally.most[EXTREMES:]


def bar_of(change: int) -> str:
    """Return the bar that a change belongs to: 0, or the end of its bar that is nearer to nothing, with its sign."""
    if not change:
        return "0"
    least = max(edge for edge in EDGES if edge <= abs(change))
    return str(least if change > 0 else -least)


def _sum(sums: dict[str, int], quote: Mapping[str, Any], costs: Mapping[str, int | None]) -> int:
    """Add a quote to the sums of its side; return its discount."""
    discount: int = quote["goods"]["discount"] + sum(one["discount"] for one in quote["shipping"])
    sums["goods"] += quote["goods"]["list"]
    sums["net"] += quote["goods"]["net"]
    sums["delivery"] += sum(one["net"] for one in quote["shipping"])
    sums["discount"] += discount
    sums["cashback"] += quote["cashback"]
    sums["gifts"] += sum(one["quantity"] for one in quote["gifts"])
    sums["proven"] += quote["proof"]["status"] == "optimal"
    for line in quote["lines"]:
        cost = costs[line["id"]]
        if cost is not None:
            sums["cost"] += cost
            sums["below_cost"] += line["net"] < cost
    return discount


def _names(line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "sku", line["sku"]
    yield "brand", line.get("brand") or ""
    for name in line.get("categories") or [""]:
        yield "category", name


def _fold(lines: dict[str, list[int]]) -> None:
    """Put the lines that changed least together when there are too many: a half, so that it happens seldom."""
    if len(lines) <= MOST_LINES:
        return
    kept = sorted((key for key in lines if key != OTHERS), key=lambda key: (-abs(lines[key][3] - lines[key][2]), key))
    rest = lines.pop(OTHERS, [0, 0, 0, 0])
    for key in kept[MOST_LINES // 2 :]:
        rest = [a + b for a, b in zip(rest, lines.pop(key), strict=True)]
    lines[OTHERS] = rest
