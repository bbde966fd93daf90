"""Customers' profiles and consents from outside: what changed is worked out in memory and written at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from engine.contacts import phone
from engine.documents import canonical
from engine.parse import MOST_ITEMS, Broken
from engine.problems import Problem, explain, printable, problem
from engine.shapes import CustomerIn
from engine.texts import CLOCK_SKEW
from nodes.localtime import to_instant, zone_of
from store import customers as rows
from store.consents import Given, read_consent_history, read_consents, write_consents
from store.customers import Change, Profile
from store.db import Connection, Store
from store.dirty import mark_dirty
from store.events import insert_events
from wayfare.errors import InputRefused

MOST_ATTRIBUTES = 200
_ATTRIBUTE_NAME = re.compile(r"[\w-]{1,100}")
_FIELDS = tuple(name for name, _ in rows.PROFILE)


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What became of a batch of profiles. `updated` counts known customers, changed or not."""

    created: int = 0
    updated: int = 0
    errors: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Wanted:
    """What one valid item asks for: fields and attributes to set (None empties), and consents."""

    index: int
    key: str
    fields: dict[str, Any]
    attributes: dict[str, Any]
    consents: list[tuple[str, str, bool, str, datetime | None]]


def upsert_customers(
    store: Store,
    items: Sequence[Any],
    *,
    now: datetime,
    source: str,
    default_country: str | None = None,
    is_synthetic: bool = False,
) -> UpsertResult:
    """Create and update up to 5,000 customers; when this returns, it is committed.

    Fields left out stay as they are, null empties them; attributes are merged likewise. Of a key that comes twice the
    later item counts. Every changed field of a known customer goes to the history with `source`. Of consents the newest
    `at` counts. Timers that follow a customer's wall time move with a changed zone. `default_country` is where phone
    numbers without country code belong when the item names no country.
    """
    if len(items) > MOST_ITEMS:
        raise InputRefused("too_many_items", f"{len(items)} items; send at most {MOST_ITEMS} at once")
    errors: list[Problem] = []
    wanted = [one for at, item in enumerate(items) if (one := _read(at, item, now, default_country, errors))]
    if not wanted:
        return UpsertResult(errors=errors)

    def work(conn: Connection) -> UpsertResult:
        return _write(conn, wanted, now=now, source=source, is_synthetic=is_synthetic)

    done = store.run(work)
    errors += done.errors
    errors.sort(key=lambda error: error["index"])
    return UpsertResult(done.created, done.updated, errors)


def _read(index: int, item: Any, now: datetime, default_country: str | None, errors: list[Problem]) -> _Wanted | None:
    if isinstance(item, Broken):
        errors.append(item.at(index))
        return None
    found: list[Problem] = []
    try:
        customer = CustomerIn.model_validate(item)
    except ValidationError as error:
        errors.extend(explain(index, error))
        return None
    given = customer.model_fields_set
    fields = {name: getattr(customer, name) or None for name in _FIELDS if name in given}
    if number := fields.get("phone"):
        try:
            fields["phone"] = phone(number, fields.get("country") or default_country)
        except PydanticCustomError as error:
            found.append(problem(index, "phone", error.type, error.message()))
    if (birthday := fields.get("birthday")) and not 1900 <= birthday.year <= now.year:
        found.append(problem(index, "birthday", "out_of_range", "this birthday cannot be; check the year"))
    attributes = _attributes(index, customer.attributes, found) if customer.attributes else {}
    consents = []
    for number, consent in enumerate(customer.consents):
        if consent.at is not None and consent.at > now + CLOCK_SKEW:
            path = f"consents[{number}].at"
            found.append(problem(index, path, "in_future", "this lies in the future; say when it was given"))
        consents.append((consent.channel.lower(), consent.purpose.lower(), consent.granted, consent.source, consent.at))
    if found:
        errors.extend(found)
        return None
    return _Wanted(index, customer.key, fields, attributes, consents)


def _attributes(index: int, attributes: dict[str, Any], found: list[Problem]) -> dict[str, Any]:
    try:
        clean: dict[str, Any] = orjson.loads(canonical(attributes))
    except PydanticCustomError as error:
        found.append(problem(index, "attributes", error.type, error.message()))
        return {}
    if len(clean) > MOST_ATTRIBUTES:
        found.append(problem(index, "attributes", "too_many", f"a customer can have {MOST_ATTRIBUTES} attributes"))
        return {}
    for name in clean:
        if not _ATTRIBUTE_NAME.fullmatch(name):
            message = "use letters, digits, _ and - for the name of an attribute, at most 100"
            found.append(problem(index, f"attributes.{printable(name)}", "invalid_name", message))
            return {}
    return clean


def _write(
    conn: Connection, wanted: Sequence[_Wanted], *, now: datetime, source: str, is_synthetic: bool
) -> UpsertResult:
    keys = {one.key for one in wanted}
    missing = keys - rows.find_customers(conn, keys).keys()
    new = set(rows.add_bare(conn, missing, now=now, is_synthetic=is_synthetic)) if missing else set()
    profiles = rows.lock_profiles(conn, keys)
    before = {profile.id: dict(profile.fields) for profile in profiles.values()}
    errors: list[Problem] = []
    changes: list[Change] = []
    given: list[tuple[int, str, str, bool, str, datetime | None]] = []
    touched: set[int] = set()
    for one in wanted:
        profile = profiles[one.key]
        refusal = _refusal(profile, one)
        if refusal is not None:
            errors.append(refusal)
            continue
        touched.add(profile.id)
        changes += _apply(profile, one)
        given += [(profile.id, *consent) for consent in one.consents]
    changed_ids = {change.customer_id for change in changes}
    changed = [profile for profile in profiles.values() if profile.id in changed_ids]
    rows.write_profiles(conn, changed, now=now)
    rows.add_changes(conn, [change for change in changes if change.customer_id not in new], now=now, source=source)
    for kind in ("phone", "email"):
        moves = {p.id: (before[p.id][kind], p.fields[kind]) for p in changed if before[p.id][kind] != p.fields[kind]}
        rows.move_identities(conn, kind, moves, now)
    insert_events(conn, _levels([change for change in changes if change.customer_id not in new], now), now=now)
    agreed = _consents(conn, given, now)
    moved = {p.id: p.fields["time_zone"] for p in changed if before[p.id]["time_zone"] != p.fields["time_zone"]}
    _move_timers(conn, moved, now)
    mark_dirty(conn, changed_ids | agreed | (new & touched), now)
    return UpsertResult(len(new & touched), len(touched - new), errors)


def _levels(changes: Sequence[Change], now: datetime) -> list[tuple[int, str, str, str, int, dict[str, Any]]]:
    """Return the events of known customers whose loyalty level became another."""
    return [
        (
            *(one.customer_id, "wayfare", f"level:{one.customer_id}:{now.isoformat()}:{number}", "level.changed", 0),
            {"from": one.old, "to": one.new},
        )
        for number, one in enumerate(changes)
        if one.name == "level"
    ]


def _refusal(profile: Profile, one: _Wanted) -> Problem | None:
    if profile.is_erased:
        return problem(
            one.index, "key", "erased", "this customer was erased and is not written to again; use a new key"
        )
    merged = profile.attributes | one.attributes
    if sum(value is not None for value in merged.values()) > MOST_ATTRIBUTES:
        message = f"a customer can have {MOST_ATTRIBUTES} attributes; empty some with null first"
        return problem(one.index, "attributes", "too_many", message)
    return None


def _apply(profile: Profile, one: _Wanted) -> list[Change]:
    changes = []
    for name, value in one.fields.items():
        old = profile.fields[name]
        if old != value:
            profile.fields[name] = value
            changes.append(Change(profile.id, name, old, value))
    for name, value in one.attributes.items():
        old = profile.attributes.get(name)
        if old == value and type(old) is type(value):
            continue
        if value is None:
            del profile.attributes[name]
        else:
            profile.attributes[name] = value
        changes.append(Change(profile.id, f"attrs.{name}", old, value))
    return changes


def _consents(
    conn: Connection, given: Sequence[tuple[int, str, str, bool, str, datetime | None]], now: datetime
) -> set[int]:
    """Write what customers granted or refused; return those for whom something else is in force now.

    What was said before changes nothing when it is said again, so a repeated call leaves no trace.
    """
    if not given:
        return set()
    in_force = read_consents(conn, {one[0] for one in given})
    stale = {one[0] for one in given if one[5] and (now_held := in_force.get(one[:3])) and one[5] <= now_held.at}
    known = read_consent_history(conn, stale)
    history: list[Given] = []
    updates: dict[tuple[int, str, str], Given] = {}
    changed = set()
    for customer, channel, purpose, granted, source, at in given:
        held = in_force.get((customer, channel, purpose))
        if at is None and held is not None and held.granted == granted:
            continue
        consent = Given(customer, channel, purpose, granted, source, at or now)
        if consent in known:
            continue
        known.add(consent)
        history.append(consent)
        if held is None or consent.at >= held.at:
            in_force[consent[:3]] = updates[consent[:3]] = consent
            if held is None or held.granted != granted:
                changed.add(customer)
    write_consents(conn, history, updates.values(), now=now)
    return changed


def _move_timers(conn: Connection, zones: dict[int, str | None], now: datetime) -> None:
    """Move timers that follow the wall time of customers who now live in another zone.

    One that woke or is due is left alone. Who has no zone any more, or one that nobody knows, lives in the journey's.
    """
    instants: dict[tuple[str | None, str | None, str], datetime] = {}
    timers = []
    for enrollment, customer, wall_time, journeys in rows.waits_by_wall_time(conn, zones.keys(), now):
        place = (zones[customer], journeys, wall_time)
        if place not in instants:
            zone = zone_of(zones[customer], journeys or "UTC")
            instants[place] = to_instant(datetime.fromisoformat(wall_time), zone)
        timers.append((enrollment, instants[place]))
    rows.move_timers(conn, timers)
