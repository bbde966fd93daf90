"""Where the cards of a graph stand: layers from top to bottom, the ports of a card in their order from left to right.

Pure, and the same for the same graph. Drafts may be anything: edges to nowhere are left out, cycles are cut.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from builder.layers import Link, Slot, cross, order_layers, split_into_layers

Point = tuple[float, float]
_ROUNDS = 6
_STILL = 0.05  # pixels


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes in pixels: of a card, of the chip on an edge, and the gaps between cards."""

    width: int = 244
    height: int = 92
    gap_x: int = 36
    gap_y: int = 84
    chip_width: int = 104
    chip_height: int = 24
    lane: int = 28  # for an edge that passes a layer
    margin: int = 16


@dataclass(frozen=True, slots=True)
class Box:
    """Where one card stands: its top left corner."""

    id: str
    x: float
    y: float
    layer: int


@dataclass(frozen=True, slots=True)
class Path:
    """How one edge runs: through `points`, alternating straight and curved, with its chip centred on `chip`."""

    source: str
    port: str
    target: str
    points: tuple[Point, ...]
    chip: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawn graph: its size, the cards, the edges, and how often those cross."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    paths: Sequence[Path]
    crossings: int = 0


@dataclass(slots=True)
class _Work:
    """What the steps hand to each other: the slots by layer, the links between layers, and the places found."""

    layers: list[list[Slot]]
    links: list[Link]
    below: dict[Slot, list[Link]] = field(default_factory=lambda: defaultdict(list))
    above: dict[Slot, list[Link]] = field(default_factory=lambda: defaultdict(list))
    x: dict[Slot, float] = field(default_factory=dict)


def lay_out(
    nodes: Sequence[str],
    edges: Iterable[tuple[str, str, str]],
    ports: Mapping[str, Sequence[str]] | None = None,
    measures: Measures | None = None,
) -> Layout:
    """Return where the cards and edges of a graph are drawn. `edges` are (node, port, node).

    `ports` gives the order of a node's ports; ports that it does not name follow in the order of the edges.
    """
    size = measures or Measures()
    known = dict.fromkeys(nodes)
    drawn = list(dict.fromkeys(edge for edge in edges if edge[0] in known and edge[2] in known))
    rank = _ranks(drawn, ports or {})
    layers, links = split_into_layers(list(known), drawn, rank)
    layers = order_layers(layers, links)
    work = _Work(layers, links)
    for link in links:
        work.below[link.upper].append(link)
        work.above[link.lower].append(link)
    _place(work, size)
    return _draw(work, drawn, size)


def _ranks(edges: Iterable[tuple[str, str, str]], ports: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], float]:
    """Return where each port leaves its card, as a share of the width from the left."""
    leaving: dict[str, list[str]] = defaultdict(list)
    for source, port, _ in edges:
        if port not in leaving[source]:
            leaving[source].append(port)
    ranks = {}
    for source, found in leaving.items():
        known = ports.get(source, ())
        every = [*known, *(port for port in found if port not in known)]
        for port in found:
            ranks[source, port] = port_share(every.index(port), len(every))
    return ranks


def _width(slot: Slot, size: Measures) -> float:
    return size.width if slot.is_card else size.lane


def _exit(link: Link, size: Measures) -> float:
    """Return how far right of the middle of its upper slot a link begins."""
    return (link.rank - 0.5) * size.width if link.upper.is_card else 0.0


def port_share(at: int, count: int) -> float:
    """Return where a port leaves its card, as a share of the width: many take more of it, for their names."""
    if count > 2:
        return 0.07 + 0.86 * at / (count - 1)
    return 0.5 + ((at + 1) / (count + 1) - 0.5) * 0.72


def _place(work: _Work, size: Measures) -> None:
    """Find the middles of all slots: each as near to its neighbours as order and gaps allow."""
    for layer in work.layers:
        at = 0.0
        for slot in layer:
            work.x[slot] = at + _width(slot, size) / 2
            at += _width(slot, size) + size.gap_x
    pull = _pulls(work)
    gaps = [
        [
            (_width(left, size) + _width(right, size)) / 2 + (size.gap_x if left.is_card and right.is_card else 20)
            for left, right in pairwise(layer)
        ]
        for layer in work.layers
    ]
    numbers = range(len(work.layers))
    for _ in range(len(work.layers) // 2 + _ROUNDS):
        before = dict(work.x)
        for is_up in (True, False):  # down at last: what follows stands below
            for number in reversed(numbers) if is_up else numbers:
                layer = work.layers[number]
                wants = [_want(work, slot, pull, size, is_up=is_up) for slot in layer]
                work.x.update(zip(layer, spread(wants, gaps[number]), strict=True))
        if all(abs(x - before[slot]) < _STILL for slot, x in work.x.items()):
            break
    _straighten(work, gaps, size)


def _straighten(work: _Work, gaps: Sequence[Sequence[float]], size: Measures) -> None:
    """Put steps that follow each other alone into one column, where their neighbours leave room; then centre ends."""
    free: dict[Slot, tuple[Slot | None, float, Slot | None, float]] = {}
    for layer, apart in zip(work.layers, gaps, strict=True):
        for at, slot in enumerate(layer):
            left, right = (layer[at - 1] if at else None), (layer[at + 1] if at + 1 < len(layer) else None)
            free[slot] = (left, apart[at - 1] if left else 0, right, apart[at] if right else 0)
    columns = _columns(work)
    ends = [slot for slot in free if len(work.above[slot]) > 1 and not work.below[slot]]
    for _ in range(_ROUNDS):
        before = dict(work.x)
        for column in columns:
            _align(column, sum(work.x[slot] for slot in column) / len(column), free, work.x)
        for end in ends:
            _align(
                [end],
                sum(work.x[link.upper] + _exit(link, size) for link in work.above[end]) / len(work.above[end]),
                free,
                work.x,
            )
        if all(abs(x - before[slot]) < _STILL for slot, x in work.x.items()):
            break


def _columns(work: _Work) -> list[list[Slot]]:
    """Return the chains of slots that lead to one other each, which nothing else leads to."""
    after = {
        link.upper: link.lower
        for link in work.links
        if len(work.below[link.upper]) == 1 and len(work.above[link.lower]) == 1
    }
    followers = set(after.values())
    columns = []
    for first in (slot for layer in work.layers for slot in layer):
        if first in after and first not in followers:
            column = [first]
            while column[-1] in after:
                column.append(after[column[-1]])
            columns.append(column)
    return columns


def _align(
    column: Sequence[Slot],
    want: float,
    free: Mapping[Slot, tuple[Slot | None, float, Slot | None, float]],
    x: dict[Slot, float],
) -> None:
    """Move a column as near to `want` as its neighbours allow; a part that fits nowhere with the rest goes apart."""
    least, most = float("-inf"), float("inf")
    for at, slot in enumerate(column):
        left, gap_left, right, gap_right = free[slot]
        low = x[left] + gap_left if left else float("-inf")
        high = x[right] - gap_right if right else float("inf")
        if at and max(low, least) > min(high, most):
            _align(column[at:], want, free, x)
            column = column[:at]
            break
        least, most = (max(low, least), min(high, most)) if low <= high else (x[slot], x[slot])
    x.update(dict.fromkeys(column, min(max(want, least), most)))


def _pulls(work: _Work) -> dict[Link, float]:
    """Return how strongly each link wants to be upright: chains of steps most, then edges that pass many layers."""
    pulls = {}
    for link in work.links:
        is_chain = len(work.below[link.upper]) == 1 and len(work.above[link.lower]) == 1
        is_lane = not link.upper.is_card and not link.lower.is_card
        pulls[link] = 8.0 if is_chain else 4.0 if is_lane else 1.0
    return pulls


def _want(work: _Work, slot: Slot, pull: Mapping[Link, float], size: Measures, *, is_up: bool) -> float:
    """Return where a slot would stand best: above its lower neighbours, or below its upper ones."""
    upper = [(work.x[link.upper] + _exit(link, size), pull[link]) for link in work.above[slot]]
    lower = [(work.x[link.lower] - _exit(link, size), pull[link]) for link in work.below[slot]]
    seen = (lower or upper) if is_up else (upper or lower)
    weight = sum(heavy for _, heavy in seen)
    return sum(x * heavy for x, heavy in seen) / weight if seen else work.x[slot]


def spread(wants: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return places nearest to those wanted (least squares) that keep their order and at least these gaps."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, int]] = []  # mean, how many
    for want, offset in zip(wants, offsets, strict=False):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, count = (mean * count + before * many) / (count + many), count + many
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]


def _draw(work: _Work, edges: Sequence[tuple[str, str, str]], size: Measures) -> Layout:
    if not work.layers:
        return Layout(0, 0, {}, ())
    step = size.height + size.gap_y
    chips = _chips(work, size)
    chains: dict[tuple[str, str, str], list[Link]] = defaultdict(list)
    for link in sorted(work.links, key=lambda link: link.upper.layer):
        chains[link.edge].append(link)
    paths = [_path(edge, chains[edge], work, chips, size, step) for edge in edges]
    cards = [slot for layer in work.layers for slot in layer if slot.is_card]
    half, wide = size.width / 2, size.chip_width / 2
    left = min([work.x[slot] - half for slot in cards] + [path.chip[0] - wide for path in paths]) - size.margin
    right = max([work.x[slot] + half for slot in cards] + [path.chip[0] + wide for path in paths]) + size.margin
    boxes = {
        slot.node: Box(slot.node, round(work.x[slot] - half - left, 1), slot.layer * step + size.margin, slot.layer)
        for slot in cards
    }
    moved = [
        Path(
            path.source,
            path.port,
            path.target,
            tuple((round(x - left, 1), round(y + size.margin, 1)) for x, y in path.points),
            (round(path.chip[0] - left, 1), round(path.chip[1] + size.margin, 1)),
        )
        for path in paths
    ]
    height = len(work.layers) * step - size.gap_y + 2 * size.margin
    return Layout(round(right - left, 1), height, boxes, moved, cross(work.layers, work.links))


def _chips(work: _Work, size: Measures) -> dict[tuple[str, str, str], Point]:
    """Place the chips: under the port of a card with one way out, else above where the edge goes; never on another."""
    step = size.height + size.gap_y
    rows: dict[tuple[int, bool], list[tuple[float, Link]]] = defaultdict(list)
    for link in work.links:
        if not link.upper.is_card:
            continue
        forks = len({other.edge for other in work.below[link.upper]}) > 1
        x = work.x[link.lower] if forks else work.x[link.upper] + _exit(link, size)
        rows[link.upper.layer, forks].append((x, link))
    found = {}
    for (layer, forks), row in rows.items():
        row.sort(key=lambda one: (one[0], work.x[one[1].upper] + _exit(one[1], size)))
        places = spread([x for x, _ in row], [size.chip_width + 8.0] * (len(row) - 1))
        y = layer * step + size.height + (size.gap_y * 0.64 if forks else size.gap_y * 0.3)
        for x, (_, link) in zip(places, row, strict=True):
            found[link.edge] = (x, y)
    return found


def _path(
    edge: tuple[str, str, str],
    chain: Sequence[Link],
    work: _Work,
    chips: Mapping[tuple[str, str, str], Point],
    size: Measures,
    step: int,
) -> Path:
    first, chip = chain[0], chips[edge]
    half = size.chip_height / 2
    top = first.upper.layer * step + size.height
    points = [(work.x[first.upper] + _exit(first, size), top), (chip[0], chip[1] - half), (chip[0], chip[1] + half)]
    for link in chain:
        entry = link.lower.layer * step
        points.append((work.x[link.lower], entry))
        if not link.lower.is_card:
            points.append((work.x[link.lower], entry + size.height))
    return Path(*edge, tuple(points), chip)
