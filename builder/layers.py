"""Layers of a graph, and an order within them in which edges cross little and Yes stays left of No."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[str, str, str]
_SWEEPS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A place in a layer: a card, or where an edge passes by (then `edge` names it). Each is itself and no other."""

    node: str
    layer: int
    edge: Edge | None = None

    @property
    def is_card(self) -> bool:
        """Whether a card stands here."""
        return self.edge is None


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """The part of an edge between two neighbouring layers; `rank` is where it leaves the card, from 0 to 1."""

    upper: Slot
    lower: Slot
    edge: Edge
    rank: float


def split_into_layers(
    nodes: Sequence[str], edges: Sequence[Edge], rank: Mapping[tuple[str, str], float]
) -> tuple[list[list[Slot]], list[Link]]:
    """Return slots by layer and the links between them; every edge points down, those of a cycle turned round."""
    down = _without_cycles(nodes, edges)
    depth = _depths(nodes, down)
    first = {node: Slot(node, depth[node]) for node in nodes}
    layers: list[list[Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    links: list[Link] = []
    for node in _in_reading_order(nodes, down, rank):
        layers[depth[node]].append(first[node])
        for edge in sorted((e for e in edges if e[0] == node), key=lambda e: rank[e[0], e[1]]):
            upper, lower = sorted((first[edge[0]], first[edge[2]]), key=lambda slot: slot.layer)
            if upper.layer == lower.layer:  # a node that leads to itself: there is nothing to draw downwards
                lower = Slot(edge[2], upper.layer + 1, edge)
                if len(layers) <= lower.layer:
                    layers.append([])
                layers[lower.layer].append(lower)
            at = upper
            for layer in range(upper.layer + 1, lower.layer):
                lane = Slot(edge[2], layer, edge)
                layers[layer].append(lane)
                links.append(Link(at, lane, edge, rank[edge[0], edge[1]]))
                at = lane
            links.append(Link(at, lower, edge, rank[edge[0], edge[1]]))
    return layers, links


def _without_cycles(nodes: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges that point forward in a walk from the beginnings."""
    after: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        after[edge[0]].append(edge)
    targets = {edge[2] for edge in edges}
    state: dict[str, int] = {}
    kept: list[Edge] = []
    for root in [node for node in nodes if node not in targets] + list(nodes):
        stack = [(root, iter(after[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            node, ways = stack[-1]
            for edge in ways:
                if state.get(edge[2]) == 1:  # back to where we came from
                    continue
                kept.append(edge)
                if edge[2] not in state:
                    state[edge[2]] = 1
                    stack.append((edge[2], iter(after[edge[2]])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return kept


def _depths(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the layer of each node: the longest way to it; a beginning stands right above what it leads to."""
    before: dict[str, int] = dict.fromkeys(nodes, 0)
    after: dict[str, list[str]] = defaultdict(list)
    for source, _, target in edges:
        before[target] += 1
        after[source].append(target)
    ready, depth = [node for node in nodes if not before[node]], dict.fromkeys(nodes, 0)
    roots = list(ready)
    while ready:
        node = ready.pop()
        for target in after[node]:
            depth[target] = max(depth[target], depth[node] + 1)
            before[target] -= 1
            if not before[target]:
                ready.append(target)
    for root in roots:
        if after[root]:
            depth[root] = min(depth[target] for target in after[root]) - 1
    return depth


def _in_reading_order(nodes: Sequence[str], edges: Sequence[Edge], rank: Mapping[tuple[str, str], float]) -> list[str]:
    """Return the nodes as a reader meets them who follows each way to its end, from left to right."""
    after: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        after[edge[0]].append(edge)
    targets = {edge[2] for edge in edges}
    seen: dict[str, None] = {}
    stack = [node for node in reversed(nodes) if node not in targets]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen[node] = None
        ways = sorted(after[node], key=lambda edge: rank[edge[0], edge[1]], reverse=True)
        stack += [edge[2] for edge in ways if edge[2] not in seen]
    return [*seen, *(node for node in nodes if node not in seen)]


def order_layers(layers: list[list[Slot]], links: Sequence[Link]) -> list[list[Slot]]:
    """Return the layers reordered: sweeps down and up, the best order kept, siblings always in their ports' order."""
    above: dict[Slot, list[Link]] = defaultdict(list)
    below: dict[Slot, list[Link]] = defaultdict(list)
    for link in links:
        above[link.lower].append(link)
        below[link.upper].append(link)
    layers = [_siblings_in_order(layer, above) for layer in layers]
    best, fewest = [list(layer) for layer in layers], cross(layers, links)
    place = {slot: at for layer in layers for at, slot in enumerate(layer)}
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        is_down = sweep % 2 == 0
        numbers = range(1, len(layers)) if is_down else range(len(layers) - 2, -1, -1)
        for number in numbers:
            seen = above if is_down else below
            layer = layers[number]
            layer = sorted(layer, key=lambda slot: _wish(slot, seen[slot], place, is_down=is_down))
            layers[number] = _siblings_in_order(layer, above)
            place.update((slot, at) for at, slot in enumerate(layers[number]))
        crossings = cross(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _wish(slot: Slot, links: Sequence[Link], place: Mapping[Slot, int], *, is_down: bool) -> float:
    if not links:
        return float(place[slot])
    places = [place[link.upper] + link.rank if is_down else place[link.lower] + 0.5 for link in links]
    return sum(places) / len(places)


def _siblings_in_order(layer: Sequence[Slot], above: Mapping[Slot, Sequence[Link]]) -> list[Slot]:
    """Return a layer in which those who hang on one card only stand in the order of its ports."""
    families: dict[Slot, list[int]] = defaultdict(list)
    for at, slot in enumerate(layer):
        parents = {link.upper for link in above.get(slot, ())}
        if len(parents) == 1:
            families[parents.pop()].append(at)
    found = list(layer)
    for places in families.values():
        ordered = sorted((layer[at] for at in places), key=lambda slot: min(link.rank for link in above[slot]))
        for at, slot in zip(places, ordered, strict=True):
            found[at] = slot
    return found


def cross(layers: Sequence[Sequence[Slot]], links: Sequence[Link]) -> int:
    """Return how often edges cross between neighbouring layers."""
    place = {slot: at for layer in layers for at, slot in enumerate(layer)}
    by_layer: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for link in links:
        by_layer[link.upper.layer].append((place[link.upper] + link.rank, place[link.lower]))
    total = 0
    for pairs in by_layer.values():
        pairs.sort()
        total += sum(b[1] < a[1] for at, a in enumerate(pairs) for b in pairs[at + 1 :])
    return total
