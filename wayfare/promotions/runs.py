"""Units with the same past: how many, at what price, and the steps that led there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wayfare.promotions.contract import LAYERS
from wayfare.promotions.kinds import Kind
from wayfare.promotions.offers import Offer


class Step(NamedTuple):
    """One promotion on one unit: what it would give, what it gave, and what cut it."""

    offer: Offer
    amount: int
    given: int
    cut_by: str


class Pick(NamedTuple):
    """A promotion chosen for a unit. `role`: "" alone, "pay", "get", "part", "nth"; `number` tells bundles apart."""

    offer: Offer
    role: str = ""
    number: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """`count` units of a kind, from position `start` on: a value. `plan` holds the picks of each goods group."""

    kind: Kind
    start: int
    count: int
    price: int
    plan: tuple[tuple[Pick, ...], ...] = ()
    used: tuple[int, ...] = (0, 0, 0, 0)
    steps: tuple[Step, ...] = ()

    def cut(self, count: int) -> tuple["Run", "Run"]:
        """Return the first `count` units and the others."""
        head = Run(self.kind, self.start, count, self.price, self.plan, self.used, self.steps)
        rest = Run(self.kind, self.start + count, self.count - count, self.price, self.plan, self.used, self.steps)
        return head, rest

    def picks(self, at: int) -> tuple[Pick, ...]:
        """Return the picks for the goods group at this position."""
        return self.plan[at] if at < len(self.plan) else ()

    def fallen(self, layer: str, price: int) -> "Run":
        """Return the run without a plan and steps after its price has fallen in a layer."""
        used = self.used
        if self.kind.ceilings and price != self.price:
            place = LAYERS.index(layer)
            used = (*used[:place], used[place] + self.price - price, *used[place + 1 :])
        return Run(self.kind, self.start, self.count, price, (), used)

    def lowered(self, offer: Offer, amount: int, given: int, cut_by: str) -> "Run":
        """Return the run after a step that gives `given` on each unit; unchanged when that is nothing."""
        if given <= 0:
            return self
        used = self.used
        if self.kind.ceilings:
            place = LAYERS.index(offer.rule.layer)
            used = (*used[:place], used[place] + given, *used[place + 1 :])
        steps = (*self.steps, Step(offer, amount, given, cut_by))
        return Run(self.kind, self.start, self.count, self.price - given, self.plan, used, steps)


def fresh(kinds: Sequence[Kind], plans: dict[int, list[tuple[int, tuple[tuple[Pick, ...], ...]]]]) -> list[Run]:
    """Return the runs at list price; `plans` divides the units of a kind, in order."""
    found = []
    for kind in kinds:
        start = 0
        for count, plan in plans.get(kind.index, ((kind.quantity, ()),)):
            found.append(Run(kind, start, count, kind.price, plan))
            start += count
    return found


def share_runs(amount: int, cells: Sequence[tuple[int, int, int]]) -> list[list[tuple[int, int]]]:
    """Share an amount over units given as (weight, count, room); return (count, share) pairs for each of them.

    Largest remainder over units, ties to the earlier; what a unit has no room for moves to the others.
    """
    if len(cells) == 1:
        _, count, room = cells[0]
        base, over = divmod(amount, count)
        if base + (over > 0) <= room:
            return [[(over, base + 1), (count - over, base)] if over else [(count, base)]]
    parts = [[index, weight, count, room, 0] for index, (weight, count, room) in enumerate(cells)]
    while amount > 0:
        taking = [part for part in parts if part[1] > 0 and part[3] > 0]
        total = sum(part[1] * part[2] for part in taking)
        if not total:
            break
        whole = {id(part): divmod(amount * part[1], total) for part in taking}
        over = amount - sum(whole[id(part)][0] * part[2] for part in taking)
        plus: dict[int, int] = {}
        for part in sorted(taking, key=lambda part: -whole[id(part)][1]):
            plus[id(part)] = min(part[2], over)
            over -= plus[id(part)]
        split: list[list[int]] = []
        for part in parts:
            base, more = whole.get(id(part), (0, 0))[0], plus.get(id(part), 0)
            for count, share in ((more, base + 1), (part[2] - more, base)):
                if count > 0:
                    given = min(share, part[3]) if id(part) in whole else 0
                    split.append([part[0], part[1], count, part[3] - given, part[4] + given])
                    amount -= given * count
        parts = split
    found: list[list[tuple[int, int]]] = [[] for _ in cells]
    for index, _, count, _, given in parts:
        found[index].append((count, given))
    return found
