"""Everything that comes in from outside: validated here, item by item, then written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from engine.documents import canonical
from engine.parse import MOST_ITEMS, Broken
from engine.problems import Problem, explain, problem
from engine.shapes import DATA_SHAPES, EventIn
from engine.texts import CLOCK_SKEW
from store import intake
from store.db import Connection, Store
from store.intake import Incoming
from wayfare.errors import InputRefused

RESERVED_SOURCES = frozenset({"wayfare", "journey", "segment", "outbox", "engine", "price"})
"""Sources of events that Wayfare itself lets happen; nobody outside may speak in their name."""


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """What became of a batch of events. `duplicates` were known before, with the same content."""

    accepted: int = 0
    duplicates: int = 0
    errors: list[Problem] = field(default_factory=list)


def ingest_events(
    store: Store, items: Sequence[Any], *, source_default: str, now: datetime, history: bool = False
) -> IntakeResult:
    """Take in up to 5,000 events; when this returns, the accepted ones are committed.

    Items are JSON values, or `Broken` from `engine.parse`. A bad item is reported and costs no other. A second event
    under a known source and key changes nothing: with the same content it counts as a duplicate, with other content
    it is kept aside and reported as a conflict. `history` is for the past: figures are kept, no journey moves.
    """
    if len(items) > MOST_ITEMS:
        raise InputRefused("too_many_items", f"{len(items)} items; send at most {MOST_ITEMS} at once")
    errors: list[Problem] = []
    events: list[Incoming] = []
    places: list[int] = []
    first: dict[tuple[str, str], bytes] = {}
    repeated: list[tuple[int, Incoming]] = []
    duplicates = 0
    for index, item in enumerate(items):
        event = _read_event(index, item, source_default, now, errors)
        if event is None:
            continue
        digest = first.setdefault(event[:2], event.body_hash)
        if digest is event.body_hash:
            events.append(event)
            places.append(index)
        elif digest == event.body_hash:
            duplicates += 1
        else:
            repeated.append((index, event))
    if not events:
        return IntakeResult(0, 0, errors)

    def work(conn: Connection) -> intake.Added:
        added = intake.add_events(conn, events, now=now, history=history)
        intake.keep_conflicts(conn, [event for _, event in repeated], now=now)
        return added

    added = store.run(work)
    errors += [_conflict(places[at]) for at in added.conflicts]
    errors += [_conflict(index) for index, _ in repeated]
    errors.sort(key=lambda error: error["index"])
    duplicates += len(events) - len(added.ids) - len(added.conflicts)
    return IntakeResult(len(added.ids), duplicates, errors)


def _read_event(index: int, item: Any, source_default: str, now: datetime, errors: list[Problem]) -> Incoming | None:
    if isinstance(item, Broken):
        errors.append(item.at(index))
        return None
    path = ""
    try:
        event = EventIn.model_validate(item)
        path = "data"
        data = event.data
        shape = DATA_SHAPES.get(event.type)
        if shape is not None:
            data = shape.model_validate(data).model_dump(exclude_none=True)
        raw = canonical(data)
    except ValidationError as error:
        errors.extend(explain(index, error, path))
        return None
    except PydanticCustomError as error:
        errors.append(problem(index, path, error.type, error.message()))
        return None
    at, source = event.at, event.source or source_default
    if at is None:
        said_at = b""
        at = now
    elif at > now + CLOCK_SKEW:
        errors.append(
            problem(
                index, "at", "in_future", "this lies in the future; send events that have happened, check the clock"
            )
        )
        return None
    else:
        said_at = at.isoformat().encode()
    if source in RESERVED_SOURCES:
        errors.append(
            problem(index, "source", "reserved", "events of this source come from Wayfare itself; use another name")
        )
        return None
    body = b"\x1f".join((event.customer.encode(), event.type.encode(), said_at, raw))
    return Incoming(
        source, event.key, event.customer, event.type, at, raw.decode(), blake2b(body, digest_size=16).digest()
    )


def _conflict(index: int) -> Problem:
    return problem(
        index,
        "key",
        "conflict",
        "another event came before under this source and key, with other content; the first one counts, "
        "this one was kept aside; use a new key for a new event",
    )
