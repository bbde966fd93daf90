"""Trying node types without a database, a queue or a clock.

batch = a_batch({"attrs.points": [50, 150, None]})
result = run(PointsSplit(minimum=100), batch)
assert result.moves["enough"] == {2}
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nodes.contract import META, Batch, Need, NodeType, Result
from nodes.contract import check_result as _check_result
from wayfare.errors import BadResult
from wayfare.segments.facts import Fact

NOW = datetime(2027, 3, 8, 10, 0, tzinfo=UTC)
"""The moment of a batch that is given no other: a Monday."""


def a_batch(
    values: Mapping[Any, Sequence[Any]] | None = None,
    *,
    size: int | None = None,
    now: datetime = NOW,
    node: str = "n1",
    journey: str = "test",
    zone: str = "UTC",
    memory: Mapping[str, Any] | None = None,
    tally: Mapping[str, tuple[int, int]] | None = None,
) -> Batch:
    """Return a batch with ids 1, 2, 3, ... from one list of values a fact; all lists are equally long.

    Without values there are `size` customers. Columns that every batch has are filled in: everyone arrived at `now`,
    nobody was woken, the customer's id is the enrollment's. A fact can be given by name or as `Fact`. `memory` is what
    the node remembers, for types that do.
    """
    given = values or {}
    sizes = {len(column) for column in given.values()} | ({size} if size is not None else set())
    if len(sizes) > 1:
        raise ValueError(f"the columns are not equally long: {', '.join(map(str, sorted(sizes)))}")
    ids = range(1, (sizes.pop() if sizes else 1) + 1)
    columns: dict[Need, dict[int, Any]] = {name: {} for name in META}
    columns["since"] = dict.fromkeys(ids, now)
    columns["customer"] = {id: id for id in ids}
    for need, column in given.items():
        by_id = dict(zip(ids, column, strict=True))
        name = need if isinstance(need, str) else need.name
        columns[need] = by_id
        if isinstance(need, str) and name not in META:
            columns[Fact.of(name)] = by_id
        elif need == Fact.of(name):
            columns[name] = by_id
    known = dict(memory or {})
    return Batch(set(ids), columns, now=now, node=node, journey=journey, zone=zone, memory=known, tally=tally)


def run(node: NodeType, batch: Batch) -> Result:
    """Let a node step as the engine would: only what it declared is loaded, and its answer is checked.

    BadResult when it asks for more than it declared, or does not answer for everyone exactly once.
    """
    declared = set(node.facts()) | set(META)
    columns = {need: column for need, column in batch._columns.items() if need in declared}
    if missing := [need for need in declared if need not in columns]:
        names = ", ".join(sorted(need if isinstance(need, str) else need.name for need in missing))
        raise BadResult(f"the batch has no values for {names}; give them to a_batch")
    if batch.memory and not node.remembers:
        raise BadResult(f"{node.key} was given a memory; declare remembers = True")
    same: dict[str, Any] = {name: getattr(batch, name) for name in ("now", "node", "journey", "zone", "tally")}
    seen = Batch(set(batch.ids), columns, **same, memory=batch.memory)
    result = node.step(seen)
    if seen.ids != batch.ids:
        raise BadResult("step changed the ids of the batch; make a new set instead")
    check_result(batch, result, node)
    return result


def check_result(batch: Batch, result: Result, node: NodeType | Sequence[str]) -> None:
    """Check that everyone in the batch is answered for exactly once and by ports that the node has."""
    _check_result(batch, result, node.ports() if isinstance(node, NodeType) else node)
