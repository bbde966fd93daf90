"""The batch walk: claim due enrollments of one version, let them fall through the graph, write everything at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import structlog

from engine.effects import BALANCE, UNSEEN, Effects
from engine.passage import Passage, Stop
from engine.runtime import Runtime
from engine.versions import Compiled
from engine.watching import watched
from nodes.contract import IN_HAND, OFFERS, Need, Tallies
from store import code_doubts, points
from store import walk as store
from store.attributes import change_attributes
from store.claims import Claim, claim, count_ends, give_up, holds
from store.db import Connection
from store.effects import CodeSource, code_batches, draw_codes, write_codes, write_messages
from store.events import insert_events
from store.facts import load_facts
from store.gifts import write_certificates
from store.health import is_unavailable
from store.lists import change_lists, list_ids
from store.memory import count_success, lock_memories, write_memories
from store.personal_prices import write_prices
from store.products import products_of
from store.walk import Standing
from wayfare.crashpoints import point
from wayfare.errors import BadResult
from wayfare.segments.facts import Fact

log = structlog.get_logger(__name__)

_REASON = 500
_KEPT_AS = {"until": "code_valid_until"}  # names in what earlier releases have sealed


@dataclass(frozen=True, slots=True)
class Walked:
    """What a batch came to: enrollments walked, steps taken, messages put into the outbox, events emitted."""

    enrollments: int = 0
    steps: int = 0
    messages: int = 0
    events: int = 0

    def __add__(self, other: "Walked") -> "Walked":
        return Walked(
            self.enrollments + other.enrollments,
            self.steps + other.steps,
            self.messages + other.messages,
            self.events + other.events,
        )


def advance(runtime: Runtime, version_id: int, *, now: datetime, limit: int = 5000) -> Walked:
    """Walk up to `limit` due enrollments of one version; return what that came to.

    Transaction 1 claims, so that a crash is counted and a frozen worker fenced. Transaction 2 locks the claim and
    those in it who are still due, walks the nodes in topological order, checks every answer and writes everything at
    once: a crash at any line leaves the old state or the new one.
    """
    claimed = runtime.store.run(lambda conn: claim(conn, version_id, now=now, lease=runtime.lease, limit=limit))
    if claimed is None:
        return Walked()
    point("walk.claimed")
    return walk_claim(runtime, claimed, now=now)


def walk_claim(runtime: Runtime, claimed: Claim, *, now: datetime) -> Walked:
    """Walk what was claimed, as far as it is still ours."""
    return _walk_or_halve(runtime, claimed, claimed.ids, now)


def _walk_or_halve(runtime: Runtime, claimed: Claim, ids: Sequence[int], now: datetime) -> Walked:
    """Walk a claim; when a step raises, halve down to the customer that makes it raise, and set that one aside."""
    try:
        walked = runtime.store.run(lambda conn: _walk(runtime, conn, claimed, ids, now))
        point("walk.committed")
        return walked
    except Exception as error:
        if is_unavailable(error):  # a full disk too: nobody in the batch is to blame
            _give_back(runtime, claimed, ids)
            raise
        if len(ids) > 1:
            middle = len(ids) // 2
            first = _walk_or_halve(runtime, claimed, ids[:middle], now)
            return first + _walk_or_halve(runtime, claimed, ids[middle:], now)
        reason = _describe(error)
        log.warning("enrollment quarantined", enrollment=ids[0], version=claimed.version_id, reason=reason)
        runtime.store.run(lambda conn: _quarantine(conn, claimed, ids[0], reason, now))
        return Walked(1)


def _walk(runtime: Runtime, conn: Connection, claimed: Claim, ids: Sequence[int], now: datetime) -> Walked:
    if not holds(conn, claimed):
        return Walked()
    give_up(conn, claimed, ids)
    if not store.journey_runs(conn, claimed.version_id, claimed.pause_epoch):
        return Walked()
    standing = store.lock_standing(conn, ids, now)
    if not standing:
        return Walked()
    point("walk.locked")
    version = runtime.versions.get(conn, claimed.version_id)
    kinds = version.memory_kinds(version.remembering_from({row.node for row in standing}))
    memories = lock_memories(conn, version.journey_id, kinds) if kinds else {}
    draw = partial(_draw, conn, now)
    products = partial(products_of, conn)
    effects = Effects(runtime.vault, _code_batches(conn, version), _lists(conn, version), draw, products)
    columns = _columns(runtime, conn, version, standing, now)
    passage = Passage(version, standing, columns, effects, now, memories, partial(_count, conn, version.journey_id))
    passage.run()
    while _wake_armed(conn, passage):
        passage.run()
    sealed = _sealed_hands(runtime, passage, standing, effects)
    moves = [_resting(passage, row, effects, sealed) for row in standing]
    store.write_steps(conn, passage.steps, version.id, now)
    write_messages(conn, effects.messages, effects.sealed_variables(), version.id, now)
    write_codes(conn, effects.codes, now)
    source = f"journey {version.journey_key}"
    write_certificates(conn, effects.certificates, now=now, by=source)
    write_prices(conn, effects.prices, now=now, source=source)
    _move_points(conn, effects, {row.customer_id: row.depth + 1 for row in standing} if effects.points else {}, now)
    code_doubts.note(conn, _untold(passage, effects), now)
    depths = {row.customer_id: row.depth + 1 for row in standing} if effects.changes or effects.lists else {}
    change_attributes(conn, effects.changes, now=now, source=source, depths=depths)
    change_lists(conn, effects.lists, now=now, depths=depths)
    write_memories(conn, version.journey_id, kinds, {node: passage.memories[node] for node in passage.remembered})
    effects.events += watched(runtime, conn, passage)
    insert_events(conn, effects.events, now=now)
    store.write_moves(conn, moves)
    store.write_counts(conn, passage.counts, version.id, now)
    count_ends(
        conn, [(version.id, stop.status) for stop in passage.stops.values() if stop.status not in ("parked",)], now
    )
    point("walk.written")
    return Walked(len(standing), len(passage.steps), len(effects.variables), len(effects.events))


def _columns(
    runtime: Runtime, conn: Connection, version: Compiled, standing: Sequence[Standing], now: datetime
) -> dict[Need, dict[int, Any]]:
    """Load what the nodes of the version declared, once for the whole batch, keyed by enrollment."""
    columns: dict[Need, dict[int, Any]] = {
        "since": {row.id: row.since for row in standing},
        "woken_by": {
            row.id: by for row in standing if (by := row.woken_by or ("timer" if row.status == "waiting" else None))
        },
        "state": {row.id: row.state for row in standing if row.state},
        "customer": {row.id: row.customer_id for row in standing},
        "event": {},
    }
    columns.update({name: {} for name in IN_HAND})
    for row in standing:
        if row.secrets is not None:
            for name, value in orjson.loads(runtime.vault.open(row.secrets)).items():
                column = _KEPT_AS.get(name, name)
                known = value is not None and column.endswith("valid_until")
                columns[column][row.id] = datetime.fromisoformat(value) if known else value
    if version.needs_event:
        data = store.event_data(conn, (id for row in standing if (id := row.woken_event_id or row.event_id)))
        columns["event"] = {
            row.id: data[id] for row in standing if (id := row.woken_event_id or row.event_id) and id in data
        }
        for need in version.needs:
            name = need if isinstance(need, str) else need.name
            if name.startswith("data."):
                field = name.removeprefix("data.")
                columns[need] = columns[name] = {id: value.get(field) for id, value in columns["event"].items()}
    if BALANCE in version.facts:
        points.lock(conn, (row.customer_id for row in standing), now)
    if version.facts:
        ids, customers = [row.id for row in standing], [row.customer_id for row in standing]
        found = load_facts(conn, sorted(set(customers)), version.facts, now)
        for fact, values in found.items():
            column = dict(zip(ids, map(values.get, customers), strict=True))
            columns[fact] = column
            if fact == Fact.of(fact.name):
                columns[fact.name] = column
    return columns


def _wake_armed(conn: Connection, passage: Passage) -> bool:
    """Re-read events since arrival for waits that this walk arms; say whether someone moves on at once."""
    armed = {id: wait for id, (_, wait) in passage.waits.items() if wait.event is not None}
    if not armed:
        return False
    point("walk.armed")
    types = {wait.event for wait in armed.values() if wait.event is not None}
    customers = {passage.rows[id].customer_id for id in armed}
    earliest = min(passage.since[id] for id in armed)
    return passage.wake_by_events(store.events_since(conn, customers, types, earliest))


def _resting(passage: Passage, row: Standing, effects: Effects, sealed: Mapping[int, bytes]) -> tuple[Any, ...]:
    """Return the columns of `store.walk.MOVE_COLUMNS` for one enrollment."""
    id = row.id
    goal_at = row.goal_at or (passage.now if id in effects.goals else None)
    woken_event = passage.woken_event.get(id, row.woken_event_id)
    seq, since, secrets = passage.seq[id], passage.since[id], sealed.get(id)
    waiting = passage.waits.get(id)
    if waiting is not None:
        node, wait = waiting
        state = passage.state.get(id)
        going_on = (id, "waiting", node, seq, since, wait.until, wait.local, wait.event, None)
        return (*going_on, woken_event, state, secrets, None, goal_at, None)
    stop: Stop = passage.stops[id]
    reason = stop.reason and stop.reason[:_REASON]
    if stop.status == "parked":
        held = (id, "parked", stop.node, seq, since, row.wake_at, None, None, passage.woken.get(id))
        return (*held, woken_event, passage.state.get(id), secrets, reason, goal_at, None)
    ended = (id, stop.status, stop.node, seq, since, None, None, None, None)
    return (*ended, woken_event, None, secrets, reason or None, goal_at, passage.now)


def _sealed_hands(
    runtime: Runtime, passage: Passage, standing: Sequence[Standing], effects: Effects
) -> dict[int, bytes]:
    """Return, sealed, what those have in hand who go on later; whoever ended keeps nothing."""
    kept = [row for row in standing if row.id not in passage.stops or passage.stops[row.id].status == "parked"]
    sealed = {row.id: row.secrets for row in kept if row.secrets is not None}
    fresh = [row.id for row in kept if row.id in effects.fresh]
    held = [(name, column) for name in IN_HAND if (column := passage.columns[name])]
    values = [orjson.dumps({name: column[id] for name, column in held if id in column}) for id in fresh]
    sealed.update(zip(fresh, runtime.vault.seal_many(values), strict=True))
    return sealed


def _untold(passage: Passage, effects: Effects) -> set[int]:
    """Return those who end here with something in hand that no message of this walk shows them."""
    ended = {id for id, stop in passage.stops.items() if stop.status != "parked"}
    return {
        id for kind in UNSEEN for id in passage.columns[OFFERS[kind][0]] if id in ended and id not in effects.told[kind]
    }


def _move_points(conn: Connection, effects: Effects, depths: Mapping[int, int], now: datetime) -> None:
    below = points.move(conn, effects.points, now, depths)
    if below and not below.isdisjoint(one.customer_id for one in effects.points if one.amount < 0):
        raise BadResult("a step takes more points than its customer has")


def _draw(conn: Connection, now: datetime, source: CodeSource, node: str, wanted: Sequence[Any]) -> Sequence[bytes]:
    return draw_codes(conn, source, node, wanted, now)


def _code_batches(conn: Connection, version: Compiled) -> dict[str, CodeSource]:
    keys = {key for node in version.nodes.values() for kind, key in node.references() if kind == "code_batch"}
    return code_batches(conn, keys) if keys else {}


def _lists(conn: Connection, version: Compiled) -> dict[str, int]:
    keys = {key for node in version.nodes.values() for kind, key in node.references() if kind == "own_list"}
    return list_ids(conn, keys) if keys else {}


def _count(conn: Connection, journey_id: int, node: str, wanted: Tallies) -> dict[str, tuple[int, int]]:
    return count_success(conn, journey_id, node, wanted.event)


def _quarantine(conn: Connection, claimed: Claim, id: int, reason: str, now: datetime) -> None:
    if not holds(conn, claimed):
        return
    give_up(conn, claimed, [id])
    if store.set_aside(conn, id, reason[:_REASON], now):
        count_ends(conn, [(claimed.version_id, "quarantined")], now)


def _give_back(runtime: Runtime, claimed: Claim, ids: Sequence[int]) -> None:
    """Return a claim that the database could not serve; that is nobody's failure, so it is not counted."""
    try:
        runtime.store.run(lambda conn: give_up(conn, claimed, ids))
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("claim not given back; it runs out by itself", version=claimed.version_id, size=len(ids))


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:_REASON]
