"""Checks of what a journey gives away: codes, certificates, prices, points; and who may publish how much of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import networkx as nx

from builder.order import digraph
from builder.problems import Problem, error, warning
from nodes.contract import IN_HAND, OFFERS, Category, NodeType
from nodes.graph import Graph, Node
from nodes.plain_money import shown
from nodes.registry import Registry
from offers.certificates.requests import limit
from store import draft_log, pools, segments
from store.db import Connection
from store.views import products_in_events
from wayfare.errors import Conflict

_GIFTS = {
    "code": ("a promo code", "the code", "none is issued"),
    "certificate": ("a gift certificate", "the certificate", "none is given"),
    "price": ("a price of their own", "the price", "none is given"),
    "points": ("points", "the points", "none are given"),
}
_ALL = frozenset(IN_HAND)
_MOST = 100_000  # codes in a pool: enough to count
Totals = dict[str, int]


@dataclass(frozen=True, slots=True)
class Around:
    """What there is to give from: free codes by pool, sizes of segments, types of events that came in without a
    product, and the money that one person may give away alone; None where nobody knows.
    """

    pools: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    bare_events: frozenset[str] = frozenset()
    limit: int | None = None


def around(conn: Connection, document: Mapping[str, Any]) -> Around:
    """Return what a draft's gifts meet; nothing is read for a draft that gives nothing."""
    types = {str(node.get("type")) for node in document.get("nodes") or ()}
    free: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    if "action.promo_code" in types:
        free = tuple(sorted(pools.free_codes(conn, _MOST).items()))
        sizes = tuple(sorted((one.key, one.size) for one in segments.all_segments(conn))) if free else ()
    bare = products_in_events.without(conn) if "action.personal_price" in types else frozenset()
    return Around(free, sizes, bare, limit(conn))


def gift_problems(graph: Graph, loaded: Mapping[str, NodeType], there: Around) -> Iterator[Problem]:
    """Find texts that would show nothing, pools that are too small, prices for no product, and much money."""
    shape: nx.DiGraph[str] = digraph(graph)
    yield from _shown(shape, loaded)
    yield from _pools(loaded, there)
    yield from _products(shape, loaded, there)
    if there.limit is not None:
        for currency, total in sorted(outlay(loaded.values()).items()):
            if total > there.limit:
                most = f"{shown(there.limit)} {currency}"
                message = f"it can give away {shown(total)} {currency}, and one person alone decides up to {most}"
                yield warning("", "four_eyes", message, "let somebody else publish it than who wrote these steps")


def outlay(nodes: Iterable[NodeType]) -> Totals:
    """Return by currency the most money that these steps can give away."""
    totals: Counter[str] = Counter()
    for node in nodes:
        if (found := node.outlay()) is not None:
            totals[found[1]] += found[0]
    return dict(totals)


def check_two_people(
    conn: Connection,
    journey_id: int,
    graph: Graph,
    live: Mapping[str, Any] | None,
    registry: Registry,
    by: str,
    since: datetime | None,
) -> None:
    """Raise Conflict where a journey gives away more than one person may decide and `by` wrote it.

    Steps that are just so in the live version were decided about before. `since`: when that was published.
    """
    before = {node["id"]: node for node in (live or {}).get("nodes", ())}
    new = [node for node in graph.nodes if not _is_same(node, before.get(node.id))]
    loaded = {node.id: registry.load(node) for node in new}
    giving = {id for id, node in loaded.items() if node.outlay() is not None}
    most = limit(conn)
    everything = outlay(registry.load(node) for node in graph.nodes)
    if not giving or all(total <= most for total in everything.values()):
        return
    if by in draft_log.authors(conn, journey_id, giving, since):
        sums = " and ".join(f"{shown(total)} {currency}" for currency, total in sorted(everything.items()))
        raise Conflict(
            f"it can give away {sums}, more than the {shown(most)} that one person may decide about; "
            "somebody else has to publish what you have written"
        )


def _is_same(node: Node, before: Mapping[str, Any] | None) -> bool:
    return before is not None and (before["type"], before.get("settings") or {}) == (node.type, node.settings)


def _shown(shape: "nx.DiGraph[str]", loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    """Find messages that would show an empty code or the like, and certificates whose number nobody is told."""
    names = {id: set(map(str, node.facts())) for id, node in loaded.items()}
    before = {id: set[str](nx.ancestors(shape, id)) for id, found in names.items() if not _ALL.isdisjoint(found)}
    for kind, (what, it, none) in _GIFTS.items():
        users = {id for id in before if not names[id].isdisjoint(OFFERS[kind])}
        givers = {id for id, node in loaded.items() if kind in _given_by(node)}
        for id in sorted(users):
            if not givers & before[id]:
                remedy = f"put {what} before it, or remove {it} from the text"
                yield error(id, f"no_{kind}", f"the text shows {what}, but {none} before", remedy)
        for id in sorted(givers) if kind == "certificate" else ():
            if not any(id in before[user] for user in users):
                remedy = "show its number in a message behind this step"
                yield error(id, "untold", "nobody is told the number of the certificate", remedy)


def _given_by(node: NodeType) -> Iterator[str]:
    yield from node.gives
    if any(kind == "code_batch" for kind, _ in node.references()):
        yield "code"


def _pools(loaded: Mapping[str, NodeType], there: Around) -> Iterator[Problem]:
    free, sizes = dict(there.pools), dict(there.sizes)
    triggers = [node for node in loaded.values() if node.category is Category.TRIGGER]
    named = [key for node in triggers for kind, key in node.references() if kind == "segment"]
    audience = max((sizes.get(key, 0) for key in named), default=0)
    for id, node in loaded.items():
        for kind, key in node.references():
            if kind != "code_batch" or key not in free:
                continue
            if free[key] == 0:
                yield warning(id, "pool_empty", f"the pool of {key} is empty: everybody waits here", "make more codes")
            elif free[key] < audience:
                message = f"the pool of {key} has {free[key]} codes, and {audience} customers are in the segment"
                yield warning(id, "pool_small", message, "make more codes, or the later ones wait here")


def _products(shape: "nx.DiGraph[str]", loaded: Mapping[str, NodeType], there: Around) -> Iterator[Problem]:
    for id, node in loaded.items():
        if node.key != "action.personal_price" or getattr(node, "on", "") != "event":
            continue
        before = [loaded[other] for other in nx.ancestors(shape, id) if other in loaded]
        types = {type for other in before for type in (*other.listens(), getattr(other, "event", ""))} - {""}
        if not types:
            message = "no event leads here, so there is no product that the price could be for"
            yield error(id, "no_product", message, "choose the wish list, one product or a brand")
        elif types <= there.bare_events:
            message = f"no event of type {', '.join(sorted(types))} has named a product so far"
            yield warning(id, "no_product", message, "let the shop send sku with it, or choose another product")
