"""A small picture of a journey, drawn from its graph alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from builder.layout import Measures, lay_out
from builder.starters import Starter, starter
from nodes.graph import Graph
from nodes.registry import Registry
from wayfare.errors import NodeTypeError
from web.graph_view import curve, registry

SIZE = Measures(width=46, height=18, gap_x=10, gap_y=15, chip_width=4, chip_height=1, lane=8, margin=4)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What the template draws: boxes as (x, y, category), arrows as path data."""

    width: float
    height: float
    boxes: tuple[tuple[float, float, str], ...]
    arrows: tuple[str, ...]
    size: Measures = SIZE


@lru_cache(maxsize=128)
def of_starter(key: str) -> Thumbnail:
    """Return the picture of a template."""
    found: Starter = starter(key)
    return thumbnail(found.graph, registry())


def thumbnail(graph: Graph, types: Registry) -> Thumbnail:
    """Return the picture of any graph; a step whose type is not there is drawn as missing."""
    ports: dict[str, tuple[str, ...]] = {}
    categories: dict[str, str] = {}
    for node in graph.nodes:
        try:
            loaded = types.load(node)
            ports[node.id], categories[node.id] = loaded.ports(), str(loaded.category)
        except NodeTypeError:
            ports[node.id], categories[node.id] = (), "missing"
    edges = [(edge.source, edge.port, edge.target) for edge in graph.edges]
    places = lay_out([node.id for node in graph.nodes], edges, ports, SIZE)
    boxes = tuple((round(box.x, 1), round(box.y, 1), _kind(categories, id)) for id, box in places.boxes.items())
    return Thumbnail(places.width, places.height, boxes, tuple(curve(path.points) for path in places.paths))


def _kind(categories: Mapping[str, str], id: str) -> str:
    return categories.get(id, "missing")
