"""The cube, the groups and the movement between them, ready to be drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log1p

from store.value import CellSum
from wayfare.value.rfm import CLASSES, GROUPS, Cell, Group, group_of

LEVELS = 6
WIDE, HIGH, GAP, NODE = 300.0, 340.0, 5.0, 7.0
NAMES = {group.key: group.name for group in GROUPS}


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell: `level` 0 (nobody) to 6 says how dark it is."""

    cell: Cell
    group: str
    name: str
    customers: int
    spent: int
    share: float
    level: int
    is_own: bool

    @property
    def key(self) -> str:
        """The cell as text: recency, frequency, monetary."""
        return "-".join(map(str, self.cell))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one monetary class: rows from recency 5 down, columns from frequency 1 up."""

    monetary: int
    rows: Sequence[tuple[int, Sequence[CellView]]]
    customers: int


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group as the table shows it; shares are of 1."""

    group: Group
    customers: int
    spent: int
    share: float
    revenue: float
    segment: str
    cells: int

    @property
    def average(self) -> int:
        """What a customer of the group spent on average."""
        return self.spent // self.customers if self.customers else 0


def sheets(sums: Sequence[CellSum], mapping: Mapping[Cell, str], by: str) -> list[Sheet]:
    """Return the five sheets of the cube, coloured by customers or by what they spent."""
    found = {(one.cell): one for one in sums}
    total = sum(one.customers for one in sums) or 1
    peak = max((one.spent if by == "spent" else one.customers for one in sums), default=0)

    def view(cell: Cell) -> CellView:
        one = found.get(cell)
        customers, spent = (one.customers, one.spent) if one else (0, 0)
        group = group_of(cell, mapping)
        level = level_of(spent if by == "spent" else customers, peak)
        return CellView(cell, group, NAMES[group], customers, spent, customers / total, level, cell in mapping)

    drawn = []
    for m in range(1, CLASSES + 1):
        rows = [(r, [view((r, f, m)) for f in range(1, CLASSES + 1)]) for r in range(CLASSES, 0, -1)]
        drawn.append(Sheet(m, rows, sum(cell.customers for _, row in rows for cell in row)))
    return drawn


def level_of(value: int, peak: int) -> int:
    """Return how dark a value is drawn, by its logarithm: 0 for nothing, 1 to 6 up to the peak."""
    if value <= 0 or peak <= 0:
        return 0
    return min(LEVELS, 1 + int(LEVELS * log1p(value) / (log1p(peak) * 1.0001)))


def limits(peak: int) -> list[int]:
    """Return the smallest value of each level from 1 to 6, for the legend."""
    found, value = [], 1
    for level in range(1, LEVELS + 1):
        low, high = value, max(peak, 1)
        while low < high:
            middle = (low + high) // 2
            if level_of(middle, peak) >= level:
                high = middle
            else:
                low = middle + 1
        found.append(low)
        value = low
    return found


def groups(sums: Sequence[CellSum], mapping: Mapping[Cell, str], segments: Mapping[str, str]) -> list[GroupView]:
    """Return all groups with their sizes; `segments` are the keys of the segments that were made of them."""
    total, spent = sum(one.customers for one in sums) or 1, sum(one.spent for one in sums) or 1
    drawn = []
    for group in GROUPS:
        here = [one for one in sums if one.group == group.key]
        n, worth = sum(one.customers for one in here), sum(one.spent for one in here)
        cells = sum(
            group_of((r, f, m), mapping) == group.key for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)
        )
        drawn.append(GroupView(group, n, worth, n / total, worth / spent, segments.get(group.key, ""), cells))
    return drawn


@dataclass(frozen=True, slots=True)
class Node:
    """A group on one side of the ribbons."""

    key: str
    name: str
    y: float
    height: float
    customers: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Customers on their way from one group to another, as path data."""

    path: str
    was: str
    is_now: str
    words: str
    customers: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Who moved: ribbons between groups then and now, and the table behind them."""

    left: Sequence[Node]
    right: Sequence[Node]
    ribbons: Sequence[Ribbon]
    moved: int
    new: int
    stayed: Mapping[str, int]
    counts: Mapping[tuple[str, str], int]
    peak: int


def movement(moves: Mapping[tuple[str | None, str], int], sizes: Mapping[str, int]) -> Movement:
    """Draw moves by (then, now); None on the left are those who were no customers yet."""
    order = ["", *(group.key for group in GROUPS)]
    counts = {(was or "", is_now): n for (was, is_now), n in moves.items() if is_now in NAMES}
    stayed = {key: max(0, sizes.get(key, 0) - sum(n for (_, new), n in counts.items() if new == key)) for key in NAMES}
    total = sum(counts.values())
    sides = []
    for side in (0, 1):
        sums = {key: sum(n for pair, n in counts.items() if pair[side] == key) for key in order}
        present = [key for key in order if sums[key]]
        scale = (HIGH - GAP * (len(present) - 1)) / total if total else 0
        nodes, y = [], 0.0
        for key in present:
            nodes.append(
                Node(key, NAMES.get(key, "New customers"), round(y, 1), round(sums[key] * scale, 1), sums[key])
            )
            y += sums[key] * scale + GAP
        sides.append((nodes, scale))
    (left, scale_left), (right, scale_right) = sides
    from_y, to_y = {node.key: node.y for node in left}, {node.key: node.y for node in right}
    ribbons = []
    for was in order:
        for is_now in order:
            n = counts.get((was, is_now), 0)
            if n:
                a, b = n * scale_left, n * scale_right
                words = f"{NAMES.get(was, 'New customers')} to {NAMES[is_now]}"
                ribbons.append(Ribbon(_ribbon(from_y[was], a, to_y[is_now], b), was, is_now, words, n))
                from_y[was] += a
                to_y[is_now] += b
    new = sum(n for (was, _), n in counts.items() if not was)
    return Movement(left, right, ribbons, total - new, new, stayed, counts, max(counts.values(), default=0))


def _ribbon(y1: float, h1: float, y2: float, h2: float) -> str:
    a, b, middle = NODE, WIDE - NODE, WIDE / 2
    top = f"M{a:g} {y1:.1f} C{middle:g} {y1:.1f} {middle:g} {y2:.1f} {b:g} {y2:.1f}"
    return f"{top} L{b:g} {y2 + h2:.1f} C{middle:g} {y2 + h2:.1f} {middle:g} {y1 + h1:.1f} {a:g} {y1 + h1:.1f} Z"


@dataclass(frozen=True, slots=True)
class Column:
    """The groups at one instant, stacked; x and width of 100, y and height of 100."""

    x: float
    width: float
    label: str
    total: int
    parts: Sequence[tuple[str, str, float, float, int]]


def columns(sizes: Sequence[tuple[datetime, Mapping[str, int]]]) -> list[Column]:
    """Return one stacked column a month, all on one scale; the best group stands on top."""
    peak = max((sum(groups.values()) for _, groups in sizes), default=0)
    step = 100 / max(len(sizes), 1)
    drawn = []
    for number, (at, counts) in enumerate(sizes):
        y, total = 100.0, sum(counts.values())
        parts = []
        for group in reversed(GROUPS):
            n = counts.get(group.key, 0)
            height = 100 * n / peak if peak else 0
            y -= height
            if n:
                parts.append((group.key, group.name, round(y, 2), round(height, 2), n))
        label = f"{at.day} {at:%b %Y}"
        drawn.append(Column(round(number * step + step * 0.1, 2), round(step * 0.8, 2), label, total, parts))
    return drawn
