"""A journey's graph as text: the models that read and write it.

The text is the contract: canonical key order, so that it diffs well, and nothing in it but what a marketer chose.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1
Coordinate = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Extent = Annotated[int, Field(ge=40, le=4000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Node(_Part):
    """A node type plus its settings. The id is stable over versions, so effect keys survive an edit."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    type: str = Field(min_length=1, max_length=100)
    version: int = Field(1, ge=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    position: tuple[Coordinate, Coordinate] = (0, 0)
    note: str = Field("", max_length=4000)


class Edge(_Part):
    """An arrow: from one named port of a node to another node."""

    source: str = Field(alias="from", min_length=1, max_length=64)
    port: str = Field("next", min_length=1, max_length=64)
    target: str = Field(alias="to", min_length=1, max_length=64)


class CanvasNote(_Part):
    """A note that lies on the canvas: for people, without effect. Its id is none of a node's."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    text: str = Field("", max_length=4000)
    position: tuple[Coordinate, Coordinate] = (0, 0)
    size: tuple[Extent, Extent] = (248, 120)


class Entry(_Part):
    """Who may enter, how often, and who stays out."""

    reentry: Literal["never", "after", "always", "per_key"] = "never"
    key: str | None = Field(None, max_length=200)  # data.order: one entry a value, for per_key
    after_days: int | None = Field(None, ge=1, le=3660)
    exclude_segment: str | None = Field(None, max_length=100)
    holdout_percent: Decimal = Field(Decimal(0), ge=0, le=100)
    limit_per_day: int | None = Field(None, ge=1)


class EventRule(_Part):
    """An event, with conditions on its data, that ends an enrollment early or counts as the goal."""

    event: str = Field(min_length=1, max_length=100)
    where: dict[str, Any] | None = None
    name: str = Field("", max_length=200)


class Window(_Part):
    """When the journey takes customers in; `time_zone` is that of customers who have none."""

    from_: datetime | None = Field(None, alias="from")
    until: datetime | None = None
    time_zone: str = Field("UTC", max_length=64)


class Graph(_Part):
    """A whole journey. Unknown keys are refused, so that a typing error cannot be lost."""

    schema_: Literal[1] = Field(1, alias="schema")
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    entry: Entry = Field(default_factory=Entry)
    goals: tuple[EventRule, ...] = ()
    exit_rules: tuple[EventRule, ...] = ()
    quiet_hours: str = Field("default", max_length=32)
    window: Window = Field(default_factory=Window)
    notes: tuple[CanvasNote, ...] = ()

    def node(self, id: str) -> Node | None:
        """Return the node with this id, or None."""
        return next((node for node in self.nodes if node.id == id), None)

    def next(self) -> dict[tuple[str, str], str]:
        """Return where each port of each node leads; a port without an edge is absent and ends the passage."""
        return {(edge.source, edge.port): edge.target for edge in self.edges}

    def edges_from(self, id: str) -> Iterator[Edge]:
        """Yield the edges that leave a node."""
        return (edge for edge in self.edges if edge.source == id)
