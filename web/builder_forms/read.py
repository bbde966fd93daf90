"""Posted text back to settings: only what was changed changes; half-filled values stay as they were typed."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from web.builder_forms import rule_form
from web.builder_forms.around import around_meant
from web.builder_forms.fields import MISSING, Field, blank_row, describe, fields_of, object_fields, schema_of, started
from web.builder_forms.rules import BLANK, BLANK_EVENT, change, dump
from web.builder_forms.schema import Schema, option_text, resolve
from web.builder_forms.values import duration_meant, meant, scalar_meant

Lists = Mapping[str, Sequence[str]]
"""What was posted: each name with all of its values."""


class Posted:
    """A posted form. The last value of a name counts: a ticked box comes after the empty value that marks it."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.last = {name: values[-1] for name, values in lists.items() if values}

    def has(self, name: str) -> bool:
        """Say whether the form held a control of this name."""
        return name in self.last

    def rows(self, path: str) -> list[int]:
        """Return the numbers of the rows below a path, in order."""
        found = set()
        for name in self.last:
            step = name[len(path) + 1 :].partition(".")[0] if name.startswith(f"{path}.") else ""
            if step.isascii() and step.isdigit() and len(step) < 5:
                found.add(int(step))
        return sorted(found)


def settings_from(model: type[BaseModel], old: Mapping[str, Any], lists: Lists) -> dict[str, Any]:
    """Return the settings that a form means, over those it was made from.

    Settings without a field in the form, unknown ones too, stay; one that was not written down and still shows its
    default stays unwritten.
    """
    posted = Posted(lists)
    found = dict(old)
    for one in fields_of(model, old):
        _read_into(found, one, posted, schema_of(model).get("$defs", {}))
    return found


def _read_into(values: dict[str, Any], one: Field, posted: Posted, defs: Schema) -> None:
    name = one.path.rpartition(".")[2]
    value = read(one, posted, defs)
    if value is not MISSING:
        values[name] = value
    if one.pair is not None:
        _read_into(values, one.pair, posted, defs)


def read(one: Field, posted: Posted, defs: Schema) -> Any:
    """Return what a field holds now: its old value, the very same, where nothing was changed."""
    if not posted.has(one.path):
        return one.raw
    match one.kind:
        case "rows":
            return _rows(one, posted, defs)
        case "map":
            return _map(one, posted)
        case "model":
            return _model(one, posted, defs)
        case "checks":
            return _checks(one, posted)
        case "rule" | "event_rule":
            old = None if one.raw is MISSING else one.raw
            new = rule_form.read_rule(posted.last, one.path, old)
            return one.raw if new is None and old is None else new
        case "scalar":
            kind, typed = posted.last.get(f"{one.path}.kind", "text"), posted.last[one.path]
            is_same = kind == one.parts["kind"] and _same_text(typed, one.text)
            return one.raw if is_same else scalar_meant(kind, typed)
        case "duration":
            unit = posted.last.get(f"{one.path}.unit", "days")
            is_same = unit == one.parts["unit"] and posted.last[one.path] == one.text
            return one.raw if is_same else duration_meant(posted.last[one.path], unit)
        case "around":
            amount, way = posted.last[one.path], posted.last.get(f"{one.path}.way", "after")
            is_same = way == one.parts["way"] and _same_text(amount, one.text)
            return one.raw if is_same else around_meant(amount, way, one.parts["way"])
        case "bool":
            is_on = posted.last[one.path] == "1"
            return one.raw if is_on == bool(one.text) else is_on
    typed = posted.last[one.path]
    return one.raw if _same_text(typed, one.text) else meant(one.kind, typed, one.schema)


def _same_text(typed: str, text: str) -> bool:
    """Compare as browsers send it: every line ends in CR LF."""
    return typed.replace("\r\n", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")


def _rows(one: Field, posted: Posted, defs: Schema) -> Any:
    item = resolve(one.schema["items"], defs)
    old = started(one, defs)
    rows = []
    for number in posted.rows(one.path):
        before = old[number] if number < len(old) else {}
        row = dict(before)
        for inner in object_fields(item, defs, before, f"{one.path}.{number}."):
            _read_into(row, inner, posted, defs)
        rows.append(row)
    return one.raw if rows == old else rows


def _map(one: Field, posted: Posted) -> Any:
    known = one.schema.get("default") if one.raw is MISSING else one.raw
    old = list((known or {}).items())
    found: dict[str, Any] = {}
    for number in posted.rows(one.path):
        at = f"{one.path}.{number}"
        name, kind, typed = (posted.last.get(f"{at}.{part}", "") for part in ("name", "kind", "value"))
        entry = one.rows[number][0] if number < len(one.rows) else None
        is_same = entry is not None and kind == entry.parts["kind"] and _same_text(typed, entry.text)
        value = old[number][1] if is_same else meant("json", typed, {}) if kind == "json" else scalar_meant(kind, typed)
        found.setdefault(name, value)
    return one.raw if found == (known or {}) and _types(found) == _types(known or {}) else found


def _types(values: Mapping[str, Any]) -> list[type]:
    return [type(values[name]) for name in sorted(values)]


def _model(one: Field, posted: Posted, defs: Schema) -> Any:
    if posted.last[one.path] != "1":
        return one.raw
    before = one.raw if isinstance(one.raw, Mapping) else {}
    found = dict(before)
    for inner in object_fields(one.schema, defs, before or one.schema.get("default") or {}, f"{one.path}."):
        value = read(inner, posted, defs)
        if value is not MISSING:
            found[inner.path.rpartition(".")[2]] = value
    return one.raw if found == before else found


def _checks(one: Field, posted: Posted) -> Any:
    chosen = [value for value in posted.lists[one.path] if value]
    options = one.schema["items"].get("enum") or [value for value, _ in one.options]
    known = list((one.schema.get("default") if one.raw is MISSING else one.raw) or ())
    kept = [value for value in known if option_text(value) in chosen or value not in options]
    added = [value for value in options if option_text(value) in chosen and value not in kept]
    return one.raw if kept + added == known else kept + added


def click(model: type[BaseModel], settings: Mapping[str, Any], do: str) -> dict[str, Any]:
    """Return settings after a click on one of the form's buttons.

    `do` is VERB:PATH or VERB:PATH:PLACE: add, remove, up, down, copy on rows and maps, the same with `rule-` on rules
    (`rule-add:branches.0.when:1.0`), set and unset on what may be absent. One that leads nowhere changes nothing.
    """
    verb, _, rest = do.partition(":")
    path, _, place = rest.partition(":")
    found: dict[str, Any] = _thawed(dict(settings))
    schema = schema_of(model)
    field = _field_at(fields_of(model, found), path)
    if field is None:
        return found
    value = None if field.raw is MISSING else field.raw
    default = field.schema.get("default")
    if verb.startswith("rule-") and field.kind in ("rule", "event_rule"):
        blank = BLANK_EVENT if field.kind == "event_rule" else BLANK
        item = change(field.rule, verb.removeprefix("rule-"), place, blank)
        _set(found, path, None if item is None else dump(item), fields_of(model, found))
    elif field.kind == "rows":
        rows = _thawed(started(field, schema.get("$defs", {})))
        fresh = blank_row(resolve(field.schema["items"], schema.get("$defs", {})))
        _set(found, path, _moved(rows, verb, place, fresh), fields_of(model, found))
    elif field.kind == "map":
        pairs = list((value if value is not None else default or {}).items())
        _set(found, path, dict(_moved(pairs, verb, place, ("", ""))), fields_of(model, found))
    elif field.kind == "model" and verb in ("set", "unset"):
        _set(found, path, blank_row(field.schema) if verb == "set" else None, fields_of(model, found))
    return found


def _moved(rows: list[Any], verb: str, place: str, fresh: Any) -> list[Any]:
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 6 else -1
    if verb == "add":
        rows.append(fresh)
    elif 0 <= at < len(rows):
        match verb:
            case "remove":
                del rows[at]
            case "copy":
                rows.insert(at + 1, _thawed(rows[at]))
            case "up" if at:
                rows[at - 1], rows[at] = rows[at], rows[at - 1]
            case "down" if at + 1 < len(rows):
                rows[at + 1], rows[at] = rows[at], rows[at + 1]
    return rows


def _field_at(fields: Sequence[Field], path: str) -> Field | None:
    return next((one for top in fields for one in top.every() if one.path == path), None)


def _set(values: dict[str, Any], path: str, value: Any, fields: Sequence[Field]) -> None:
    """Write a value where a field is. What was a default on the way there is written down."""
    here: Any = values
    steps = path.split(".")
    for number, step in enumerate(steps[:-1]):
        if isinstance(here, list):
            here = here[int(step)]
            continue
        if step not in here:
            above = _field_at(fields, ".".join(steps[: number + 1]))
            here[step] = _thawed(above.schema.get("default")) if above is not None else {}
        here = here[step]
    here[steps[-1]] = value


def _thawed(value: Any) -> Any:
    """Return a copy of JSON values that may be changed, with lists for tuples."""
    if isinstance(value, Mapping):
        return {name: _thawed(one) for name, one in value.items()}
    return [_thawed(one) for one in value] if isinstance(value, list | tuple) else value


__all__ = ["Posted", "click", "describe", "settings_from"]
