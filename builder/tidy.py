"""Tidying up: where the cards of a draft stand after a layout, with as little motion as that allows."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.layout import Measures, lay_out
from builder.ports import ports_of
from nodes.registry import Registry

CARD = (248, 76)
"""Width and height of a card on the canvas, in pixels. The page tells them to the canvas."""
SPACE = Measures(width=CARD[0], height=CARD[1], gap_x=40, gap_y=88)
_WIDE = 3  # ports


def tidied(document: dict[str, Any], registry: Registry) -> dict[str, list[int]]:
    """Return the new place of every node that moves. The first node without an arrow into it stays where it is.

    Notes on the canvas stay.
    """
    nodes = document["nodes"]
    if not nodes:
        return {}
    edges = [(edge["from"], edge["port"], edge["to"]) for edge in document["edges"]]
    ports = {node["id"]: ports_of(node, document["edges"], registry) for node in nodes}
    kept, more = _kept_free(ports, edges)
    boxes = lay_out([*(node["id"] for node in nodes), *kept], [*edges, *more], ports, SPACE).boxes
    reached = {target for _, _, target in edges}
    anchor = next((node for node in nodes if node["id"] not in reached), nodes[0])
    box = boxes[anchor["id"]]
    right, down = anchor["position"][0] - box.x, anchor["position"][1] - box.y
    places = {node["id"]: [round(boxes[node["id"]].x + right), round(boxes[node["id"]].y + down)] for node in nodes}
    return {node["id"]: places[node["id"]] for node in nodes if places[node["id"]] != list(node["position"])}


def _kept_free(
    ports: Mapping[str, Sequence[str]], edges: Sequence[tuple[str, str, str]]
) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return places that stay free, and edges to them: below ports of a wide split that lead nowhere yet.

    Otherwise the first branch would stand below the open ports of the others, its arrow across their plus signs.
    """
    taken = {(source, port) for source, port, _ in edges}
    places, more = [], []
    for source, names in ports.items():
        free = [port for port in names if (source, port) not in taken]
        if len(names) >= _WIDE and 0 < len(free) < len(names):
            for number, port in enumerate(free):
                places.append(f"{source}\0{number}")  # no node can be called that
                more.append((source, port, places[-1]))
    return places, more
