"""Operations as strangers send them: their shapes, read with reasons and in one canonical form."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from builder.ops import Op
from builder.text import edge_document, node_document, note_document, sorted_values, to_document, unstorable
from nodes.graph import CanvasNote, Coordinate, Edge, Entry, EventRule, Extent, Graph, Node, Window
from nodes.plain_words import problems_of
from wayfare.errors import BadOperation

MOST = 5000
"""Operations in one edit."""
_Id = Annotated[str, Field(min_length=1, max_length=64)]
_Index = Annotated[int, Field(ge=0)]


class _Op(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _AddNode(_Op):
    op: Literal["add_node"]
    node: Node
    index: _Index | None = None


class _RemoveNode(_Op):
    op: Literal["remove_node"]
    id: _Id


class _Move(_Op):
    op: Literal["move"]
    positions: dict[_Id, tuple[Coordinate, Coordinate]] = Field(max_length=20_000)


class _AddEdge(_Op):
    op: Literal["add_edge"]
    edge: Edge


class _RemoveEdge(_Op):
    op: Literal["remove_edge"]
    source: _Id = Field(alias="from")
    port: _Id = "next"


class _SetSettings(_Op):
    op: Literal["set_settings"]
    id: _Id
    settings: dict[str, Any]
    version: int | None = Field(None, ge=1)


class _SetNote(_Op):
    op: Literal["set_note"]
    id: _Id
    note: str = Field(max_length=4000)


class _AddNote(_Op):
    op: Literal["add_note"]
    note: CanvasNote
    index: _Index | None = None


class _RemoveNote(_Op):
    op: Literal["remove_note"]
    id: _Id


class _EditNote(_Op):
    op: Literal["edit_note"]
    id: _Id
    text: str | None = Field(None, max_length=4000)
    size: tuple[Extent, Extent] | None = None


class _Journey(_Op):
    entry: Entry = Field(default_factory=Entry)
    goals: tuple[EventRule, ...] = ()
    exit_rules: tuple[EventRule, ...] = ()
    quiet_hours: str = Field("default", max_length=32)
    window: Window = Field(default_factory=Window)


class _SetJourney(_Op):
    op: Literal["set_journey"]
    values: _Journey


_ANY: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        _AddNode
        | _RemoveNode
        | _Move
        | _AddEdge
        | _RemoveEdge
        | _SetSettings
        | _SetNote
        | _AddNote
        | _RemoveNote
        | _EditNote
        | _SetJourney,
        Field(discriminator="op"),
    ]
)


def read_ops(value: object) -> list[Op]:
    """Return operations from strangers in canonical form. BadOperation names the first that is wrong, and why."""
    if not isinstance(value, list) or not value:
        raise BadOperation("an edit is a list of operations")
    if len(value) > MOST:
        raise BadOperation(f"an edit has at most {MOST} operations; this one has {len(value)}")
    if bad := unstorable(value):
        raise BadOperation(f"{bad}: text with NUL or half a character cannot be stored")
    ops = []
    for index, one in enumerate(value):
        try:
            ops.append(_canonical(_ANY.validate_python(one)))
        except ValidationError as error:
            raise BadOperation(_reason(one, error), index) from None
    return ops


def _reason(value: object, error: ValidationError) -> str:
    name = value.get("op") if isinstance(value, dict) else None
    kinds = {"union_tag_invalid", "union_tag_not_found", "model_attributes_type"}
    if any(fault["type"] in kinds for fault in error.errors(include_url=False, include_context=False)):
        known = "add_node, remove_node, move, add_edge, remove_edge, set_settings, set_note, add_note, remove_note"
        asked = name if name is None else str(name)[:50]
        return f"there is no operation {asked!r}; there is {known}, edit_note, set_journey"
    path, _, message = problems_of(error)[0]
    path = path.removeprefix(f"{name}.").removeprefix(str(name))
    return f"{name}: {path}: {message}" if path else f"{name}: {message}"


def _canonical(op: Any) -> Op:
    match op:
        case _AddNode() | _AddNote():
            is_node = isinstance(op.node if isinstance(op, _AddNode) else op.note, Node)
            key = "node" if is_node else "note"
            part = node_document(op.node) if isinstance(op, _AddNode) else note_document(op.note)
            return {"op": op.op, key: part} | ({} if op.index is None else {"index": op.index})
        case _Move():
            return {"op": "move", "positions": {id: list(place) for id, place in op.positions.items()}}
        case _AddEdge():
            return {"op": "add_edge", "edge": edge_document(op.edge)}
        case _SetSettings():
            version = {} if op.version is None else {"version": op.version}
            return {"op": "set_settings", "id": op.id, "settings": sorted_values(op.settings)} | version
        case _EditNote():
            size = {} if op.size is None else {"size": list(op.size)}
            return {"op": "edit_note", "id": op.id} | ({} if op.text is None else {"text": op.text}) | size
        case _SetJourney():
            given = op.values.model_fields_set
            whole = to_document(Graph(**{name: getattr(op.values, name) for name in given}))
            return {
                "op": "set_journey",
                "values": {name: whole[name] for name in _Journey.model_fields if name in given},
            }
    found: Op = op.model_dump(by_alias=True)
    return found
