"""The form of a batch of codes: what was typed, what it means, and what is wrong beside which field."""

from datetime import datetime, timedelta
from typing import Any

from flask import request

from offers.codes.batches import ACTIVATIONS, CHANGEABLE, BatchSpec
from store.codes import BatchRow
from web.forms import Form
from web.promotion_forms.convert import moment_meant, moment_shown

KINDS = (
    ("unique", "A code for each customer", "Works once, or as often as you say. Nobody can read the codes later."),
    ("shared", "One code for everybody", "Its text is yours, such as ANNA10: for partners, posters, influencers."),
)
ACTIVATION_WORDS = (
    ("at_once", "Works at once"),
    ("by_staff", "After staff activate it"),
    ("by_event", "After an event"),
)
FAILED_WORDS = (("void", "Void it"), ("return", "Back to the pool"))
TICKS = ("bind_phone", "with_pin", "uses_pool", "is_test", "offline")
_MOST = 1_000_000_000


def spec_of(form: Form, zone: str, key: str) -> BatchSpec | None:
    """Return the batch that the posted form describes; None when something in it is wrong."""
    name = form.text("name", longest=200, need="Give it a name that colleagues understand.")
    kind = form.choice("kind", [one[0] for one in KINDS])
    values: dict[str, Any] = {"key": key, "name": name, "kind": kind, **common(form, zone, kind)}
    if kind == "shared":
        values["shared_text"] = form.text("shared_text", longest=64, need="Write the code, such as ANNA10.")
        values |= {"uses_pool": False, "pool_warn": None, "on_failed_send": "void"}
    else:
        values["prefix"] = form.text("prefix", longest=12).upper()
        values["length"] = whole(form, "length", 8, 32) or 10
        values |= {one: ticked(form, one) for one in ("bind_phone", "with_pin")}
    values["activation"] = form.choice("activation", ACTIVATIONS)
    typed = form.text("activation_event", longest=64)
    values["activation_event"] = (typed or None) if values["activation"] == "by_event" else None
    values["valid_days"] = whole(form, "valid_days", 1, 3660)
    values["is_test"] = ticked(form, "is_test")
    return BatchSpec(**values) if form.is_good else None


def changes_of(form: Form, zone: str, row: BatchRow) -> dict[str, Any]:
    """Return what the posted form changes of a batch that has codes; only what may change then."""
    values = {"name": form.text("name", longest=200, need="Give it a name that colleagues understand.")}
    values |= common(form, zone, row.kind)
    if row.kind == "shared":
        values = {name: value for name, value in values.items() if name not in ("uses_pool", "on_failed_send")}
    values["unlock"] = values["unlock"] or row.unlocks
    return {name: value for name, value in values.items() if name in CHANGEABLE and value != getattr(row, name)}


def common(form: Form, zone: str, kind: str) -> dict[str, Any]:
    """Return what both forms ask."""
    end = moment(form, "until", zone, is_end=True)
    return {
        "unlock": form.text("unlock", longest=100).upper() or None,
        "valid_from": moment(form, "from", zone),
        "valid_until": end - timedelta(seconds=1) if end and not form.values["until.time"] else end,
        "max_uses": whole(form, "shared_uses" if kind == "shared" else "max_uses", 1, _MOST),
        "max_uses_customer": whole(form, "max_uses_customer", 1, _MOST),
        "partner": form.text("partner", longest=100) or None,
        "uses_pool": ticked(form, "uses_pool"),
        "pool_warn": whole(form, "pool_warn", 1, _MOST),
        "on_failed_send": form.choice("on_failed_send", ("void", "return")),
        "offline": ticked(form, "offline"),
    }


def shown(row: BatchRow, zone: str) -> dict[str, str]:
    """Return what stands in the fields for a batch."""
    values = {
        name: "" if (value := getattr(row, name)) is None else str(value)
        for name in ("name", "kind", "unlock", "max_uses", "max_uses_customer", "partner", "pool_warn")
    }
    values |= {"shared_uses": values["max_uses"], "on_failed_send": row.on_failed_send, "activation": row.activation}
    values |= {name: "1" if getattr(row, name) else "" for name in TICKS}
    for side, at in (("from", row.valid_from), ("until", row.valid_until)):
        is_end = side == "until"
        day = moment_shown(at + timedelta(seconds=1) if is_end else at, zone, is_end=is_end) if at else {}
        if day.get("time") and at and is_end:
            day = moment_shown(at, zone)
        values |= {f"{side}.day": day.get("day", ""), f"{side}.time": day.get("time", "")}
    return values


def whole(form: Form, name: str, least: int, most: int, need: str = "") -> int | None:
    """Return a whole number, None for an empty field; spaces between digits do no harm."""
    typed = form.text(name, longest=40, need=need)
    plain = "".join(typed.split()).replace("\u202f", "").replace(",", "")
    if not typed:
        return None
    if not (plain.isascii() and plain.isdigit() and len(plain) < 12 and least <= int(plain) <= most):
        form.wrong.setdefault(name, f"Write a whole number from {least:,} to {most:,}.".replace(",", "\u202f"))
        return None
    return int(plain)


def ticked(form: Form, name: str) -> bool:
    """Return whether a box is ticked."""
    form.values[name] = "1" if request.form.get(name) == "1" else ""
    return bool(form.values[name])


def moment(form: Form, name: str, zone: str, *, is_end: bool = False) -> datetime | None:
    """Return the moment of a day and a time of day in the workspace's zone."""
    day, clock = form.text(f"{name}.day", longest=20), form.text(f"{name}.time", longest=20)
    meant = moment_meant({"day": day, "time": clock}, zone, is_end=is_end)
    if meant is None:
        return None
    try:
        at = datetime.fromisoformat(meant)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 2000 <= at.year <= 2200:
        form.wrong[name] = "Write a day, such as 2026-12-31."
        return None
    return at
