"""A passage: a batch of enrollments falls through the graph, in memory, as far as each can go.

Nothing here touches the database: the walk loads the columns before and writes the outcome afterwards. What a node
asks to have counted comes through a function that the walk passes in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.effects import Effects
from engine.versions import Compiled
from nodes.contract import FOR_EVER, Batch, Change, Need, Result, Tallies, Wait, Woken, check_result
from store.walk import PastEvent, Standing
from wayfare.errors import BadResult

Tally = Mapping[str, tuple[int, int]]
StepRow = tuple[int, str, int, int, str, str | None]


@dataclass(frozen=True, slots=True)
class Stop:
    """Where and how an enrollment came to rest for good, or until its node type is back."""

    node: str
    status: str
    reason: str | None


class Passage:
    """Walk the nodes of a version once in topological order, everyone at a node together.

    After `run`, each enrollment is in `waits` or in `stops`. `wake_by_events` takes those out of `waits` whose
    event had already happened; `run` again takes them on.
    """

    def __init__(
        self,
        version: Compiled,
        standing: Collection[Standing],
        columns: dict[Need, dict[int, Any]],
        effects: Effects,
        now: datetime,
        memories: Mapping[str, Mapping[str, Any]] | None = None,
        count: Callable[[str, Tallies], Tally] | None = None,
    ) -> None:
        self.memories: dict[str, Mapping[str, Any]] = dict(memories or {})
        self.remembered: set[str] = set()  # nodes that remember something else now
        self._count = count
        self.version = version
        self.now = now
        self.effects = effects
        self._zone = version.graph.window.time_zone
        self.rows = {row.id: row for row in standing}
        self.columns = columns
        self.since = columns["since"]
        self.woken = columns["woken_by"]
        self.state = columns["state"]
        self.seq = {row.id: row.seq for row in standing}
        self.steps: list[StepRow] = []
        self.counts: dict[tuple[str, str], int] = defaultdict(int)
        self.waits: dict[int, tuple[str, Wait]] = {}
        self.stops: dict[int, Stop] = {}
        self.woken_event: dict[int, int] = {}
        self._leaves_at: dict[int, datetime] = {}
        self._at: dict[str, set[int]] = defaultdict(set)
        for row in standing:
            self._at[row.node].add(row.id)
            if self.woken.get(row.id):
                self._leaves_at[row.id] = row.wake_at

    def run(self) -> None:
        """Take everyone who can move as far as they can go."""
        for node in self.version.order:
            here = self._at.pop(node, None)
            while here:
                here = self._stand(node, here)
        if self._at:
            lost = next(iter(self._at))
            raise BadResult(f"enrollments stand at '{lost}', which version {self.version.number} does not have")

    def wake_by_events(self, events: Iterable[PastEvent]) -> bool:
        """Wake those whose event happened since they arrived or whose time is up; say whether there are any."""
        by_customer: dict[int, list[PastEvent]] = defaultdict(list)
        for event in events:
            by_customer[event.customer_id].append(event)
        woken: list[int] = []
        for id, (node, wait) in self.waits.items():
            if wait.event is None:
                continue
            awaited = self._awaited(id, node, wait, by_customer.get(self.rows[id].customer_id, ()))
            if awaited is not None:
                self._wake(id, Woken.EVENT, awaited.at)
                self.woken_event[id] = awaited.id
                self._see(id, awaited)
            elif wait.until <= self.now:
                self._wake(id, Woken.TIMER, wait.until)
            else:
                continue
            woken.append(id)
        for id in woken:
            node, _ = self.waits.pop(id)
            self._at[node].add(id)
        return bool(woken)

    def _awaited(self, id: int, node: str, wait: Wait, events: Iterable[PastEvent]) -> PastEvent | None:
        row, since, accepts = self.rows[id], self.since[id], self.version.nodes[node].accepts
        known = (row.event_id, self.woken_event.get(id, row.woken_event_id))
        for event in events:
            in_time = since <= event.at <= wait.until
            if event.type == wait.event and in_time and event.id not in known and accepts(event.data):
                return event
        return None

    def _see(self, id: int, event: PastEvent) -> None:
        """Let later nodes see the data of the event that woke an enrollment, as they would after a wake-up."""
        for need, column in self.columns.items():
            name = need if isinstance(need, str) else need.name
            if name == "event":
                column[id] = event.data
            elif name.startswith("data."):
                column[id] = event.data.get(name.removeprefix("data."))

    def _stand(self, node: str, here: set[int]) -> set[int]:
        """Let everyone at a node step; return those who must step there again because their wait is over already."""
        version = self.version
        if node in version.unknown:
            for id in here:
                self.stops[id] = Stop(node, "parked", f"type_missing: {version.unknown[node]}")
            return set()
        batch = Batch(
            here,
            self.columns,
            now=self.now,
            node=node,
            journey=version.journey_key,
            zone=self._zone,
            memory=self.memories.get(node, {}),
            tally=self._tally(node),
        )
        result = version.nodes[node].step(batch)
        check_result(batch, result, version.ports[node])
        if result.state:
            self.state.update({id: dict(state) for id, state in result.state.items()})
        if result.memory is not None:
            self._remember(node, result.memory)
        if self.effects.pools and (held := self.effects.draw(node, result.effects, self)):
            result = _held_back(result, held)
        for effect in result.effects:
            self.effects.apply(node, effect, self)
        for port, ids in result.moves.items():
            if ids:
                self._move(node, port, ids, result.reasons)
        for reason, ids in result.ends.items():
            self._log(node, "", ids, result.reasons)
            for id in ids:
                self.stops[id] = Stop(node, "completed", reason)
        for id, reason in result.failures.items():
            self.stops[id] = Stop(node, "failed", reason)
        return self._arm(node, result)

    def _tally(self, node: str) -> Tally | None:
        """Count what the node asks for by what it remembers: only when somebody stands there, for it is dear."""
        if self._count is None or node not in self.version.remembering:
            return None
        asked = self.version.nodes[node].tallies(self.memories.get(node, {}), self.now)
        return None if asked is None else self._count(node, asked)

    def _remember(self, node: str, memory: Mapping[str, Any]) -> None:
        if node not in self.version.remembering:
            raise BadResult(f"{self.version.nodes[node].key} keeps a memory; declare remembers = True")
        self.memories[node] = memory
        self.remembered.add(node)

    def _move(self, node: str, port: str, ids: Collection[int], reasons: Mapping[int, str]) -> None:
        self._log(node, port, ids, reasons)
        if self.woken:
            for id in ids:
                if self.woken.pop(id, None):
                    self.since[id] = self._leaves_at.pop(id)
        target = self.version.next.get((node, port))
        if target is not None:
            self._at[target].update(ids)
            return
        for id in ids:
            self.stops[id] = Stop(node, "completed", None)

    def _log(self, node: str, port: str, ids: Collection[int], reasons: Mapping[int, str]) -> None:
        seq, rows, append = self.seq, self.rows, self.steps.append
        self.counts[node, port] += len(ids)
        reason_of = reasons.get if reasons else None
        for id in ids:
            number = seq[id]
            seq[id] = number + 1
            append((id, node, rows[id].visit, number, port, reason_of and reason_of(id)))

    def _arm(self, node: str, result: Result) -> set[int]:
        again: set[int] = set()
        for id, wait in result.waits.items():
            if wait.event is None and wait.until <= self.now:
                if self.woken.get(id):
                    raise BadResult("it waits once more, for a moment that has passed")
                self._wake(id, Woken.TIMER, wait.until)
                again.add(id)
            else:
                self.woken.pop(id, None)
                self._leaves_at.pop(id, None)
                self.waits[id] = (node, wait)
        return again

    def _wake(self, id: int, by: Woken, at: datetime) -> None:
        self.woken[id] = by.value
        self._leaves_at[id] = max(at, self.since[id])


def _held_back(result: Result, held: Collection[int]) -> Result:
    """Return an answer in which some stay at the node, and nothing else happens to them, until a pool is filled."""

    def without(ids: Collection[int]) -> set[int]:
        return {id for id in ids if id not in held}

    effects = [
        replace(effect, values={id: value for id, value in effect.values.items() if id not in held})
        if isinstance(effect, Change)
        else replace(effect, ids=without(effect.ids))
        for effect in result.effects
    ]
    return replace(
        result,
        moves={port: without(ids) for port, ids in result.moves.items()},
        ends={reason: without(ids) for reason, ids in result.ends.items()},
        failures={id: reason for id, reason in result.failures.items() if id not in held},
        waits={**result.waits, **dict.fromkeys(held, Wait(FOR_EVER))},
        effects=effects,
    )
