"""Templates of journeys: whole graphs to begin with, one file each beside this module."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from builder.text import from_document
from nodes.graph import Graph
from wayfare.errors import NotFound

FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class StarterSegment:
    """A segment that a template asks for; it is made with the journey where there is none of its key."""

    key: str
    name: str
    description: str
    rule: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Starter:
    """One template. `order` says where it stands in the gallery."""

    key: str
    title: str
    category: str
    order: int
    description: str
    segments: tuple[StarterSegment, ...]
    graph: Graph


@cache
def starters() -> tuple[Starter, ...]:
    """Return every template, in the order of the gallery. GraphInvalid when a file is not a journey."""
    return tuple(sorted((_read(path) for path in FOLDER.glob("*.json")), key=lambda one: (one.order, one.key)))


def starter(key: str) -> Starter:
    """Return one template; NotFound when there is none of this key."""
    found = next((one for one in starters() if one.key == key), None)
    if found is None:
        raise NotFound(f"there is no template '{key}'")
    return found


def _read(path: Path) -> Starter:
    values = json.loads(path.read_text(encoding="utf-8"))
    segments = tuple(StarterSegment(**one) for one in values["segments"])
    graph = from_document(values["graph"])
    return Starter(
        path.stem, values["title"], values["category"], values["order"], values["description"], segments, graph
    )
