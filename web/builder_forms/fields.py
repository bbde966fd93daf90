"""The fields of a form, described from a model's JSON Schema and the values that it holds at the moment."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from web.builder_forms import rules
from web.builder_forms.around import around_shown, ways_of
from web.builder_forms.schema import PICKERS, Schema, choices, kind_of, option_text, resolve
from web.builder_forms.values import duration_shown, scalar_kind, shown

_NATIVE = {
    "time": re.compile(r"\d{2}:\d{2}(:\d{2})?"),
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "datetime": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?"),
}


class Missing:
    """The value of a setting that nobody has written; its default is shown."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(slots=True)
class Field:
    """One field as a template draws it. `path` is its name in the form; `kind` chooses the macro.

    `raw` is what the settings hold, `text` what the control shows. Rows, models and maps hold more fields. `about` is
    what another field holds that narrows this one's choices.
    """

    path: str
    kind: str
    label: str
    schema: Schema
    raw: Any = MISSING
    text: str = ""
    help: str = ""
    is_required: bool = False
    is_shown: bool = True
    about: str = ""
    options: Sequence[tuple[str, str]] = ()
    fields: list["Field"] = field(default_factory=list)
    rows: list[list["Field"]] = field(default_factory=list)
    pair: "Field | None" = None
    parts: dict[str, str] = field(default_factory=dict)
    rule: "rules.Item | None" = None
    error: str = ""
    row_errors: dict[int, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id in the page."""
        return "f-" + re.sub(r"[^A-Za-z0-9_-]", "-", self.path)

    @property
    def is_nullable(self) -> bool:
        """Whether it may be left empty for "none"."""
        return bool(self.schema.get("nullable"))

    @property
    def is_present(self) -> bool:
        """Whether an optional model or rule holds anything."""
        return self.raw is not MISSING and self.raw is not None

    @property
    def is_advanced(self) -> bool:
        """Whether it stands among the settings that few people need."""
        return bool(self.schema.get("advanced"))

    @property
    def is_wrong(self) -> bool:
        """Whether something in it has to be put right."""
        return any(one.error or one.row_errors for one in self.every())

    @property
    def folds(self) -> bool:
        """Whether its rows are folded to one line each: several rows with rules in them are too long to look over."""
        return self.kind == "rows" and len(self.rows) > 1 and any(one.kind in _RULES for one in self.rows[0])

    @property
    def is_clean(self) -> bool:
        """Whether a browser's own control for dates and times can show the text without losing it."""
        return self.text == "" or bool(_NATIVE.get(self.kind, re.compile("")).fullmatch(self.text))

    @property
    def has_lines(self) -> bool:
        """Whether the text breaks into lines, which only a text area keeps."""
        return "\n" in self.text or "\r" in self.text

    @property
    def ticked(self) -> list[str]:
        """The options that are chosen, where several can be."""
        known = self.schema.get("default") if self.raw is MISSING else self.raw
        return [option_text(one) for one in known or ()]

    @property
    def limits(self) -> str:
        """The bounds of a number in words, where they are narrow enough to matter."""
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        return f"From {low:n} to {high:n}." if low is not None and high is not None and high <= 100 else ""

    def extra(self, name: str, default: Any = "") -> Any:
        """Return what the field's json_schema_extra says, such as a unit or the number of rows."""
        return self.schema.get(name, default)

    def every(self) -> Iterator["Field"]:
        """Yield this field and all those inside of it."""
        yield self
        for inner in (*self.fields, *(one for row in self.rows for one in row), *filter(None, [self.pair])):
            yield from inner.every()


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a model, with the names that settings are written with."""
    return model.model_json_schema(by_alias=True, mode="validation")


def fields_of(model: type[BaseModel], settings: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a form for these settings, which may be half filled in or wrong."""
    schema = schema_of(model)
    names = {info.alias: name for name, info in model.model_fields.items() if info.alias}
    return object_fields(schema, schema.get("$defs", {}), settings, "", names)


def object_fields(
    schema: Schema, defs: Schema, values: Any, prefix: str, names: Mapping[str, str] | None = None
) -> list[Field]:
    """Return the fields of an object. `names`: a setting may be written with its Python name instead of its alias."""
    values = values if isinstance(values, Mapping) else {}
    required = set(schema.get("required", ()))
    found: dict[str, Field] = {}
    for name, raw in schema.get("properties", {}).items():
        key = (names or {}).get(name, name)
        key = key if key in values and name not in values else name
        one = describe(_in_place(raw, schema, values), defs, values.get(key, MISSING), f"{prefix}{key}")
        one.label = one.schema.get("title") or name.replace("_", " ").capitalize()
        one.is_required = name in required or bool(one.schema.get("needed"))
        found[name] = one
    _pair(found)
    _hide(found)
    for one in found.values():
        if one.kind in PICKERS and (other := found.get(one.schema.get("about", ""))) is not None:
            one.about = other.text
    return [one for one in found.values() if not one.schema.get("is_paired")]


def _in_place(raw: Schema, schema: Schema, values: Mapping[str, Any]) -> Schema:
    """Return a setting's schema with what another setting's choice makes of it: `"when": {"kind": {"big": {...}}}`."""
    for name, kinds in (raw.get("when") or {}).items():
        chosen = values.get(name, schema["properties"].get(name, {}).get("default"))
        raw = {**raw, **kinds.get(str(chosen), {})}
    return raw


def describe(raw: Schema, defs: Schema, value: Any, path: str) -> Field:
    """Return one field. A value of a shape that its control cannot hold is edited as JSON, so that nothing is lost."""
    schema = resolve(raw, defs)
    kind = kind_of(schema, defs)
    known = schema.get("default") if value is MISSING else value
    if kind in _SHAPES and known is not None and not isinstance(known, _SHAPES[kind]):
        kind = "json"
    if kind in _PLAIN and isinstance(known, dict | list):
        kind = "json"
    if kind in _LINE and isinstance(known, str) and ("\n" in known or "\r" in known):
        kind = "textarea"
    if kind == "duration" and known not in (None, "") and duration_shown(known) is None:
        kind = "text"
    one = Field(path, kind, "", schema, value, shown(kind, known), _help(schema))
    _fill(one, defs, known)
    return one


def _help(schema: Schema) -> str:
    """Return the help text; `help` of json_schema_extra says it better where choices have labels of their own."""
    if "help" in schema:
        return str(schema["help"])
    text = str(schema.get("description", ""))
    return "" if "only" in schema and text.startswith("Only for '") else text


_SHAPES: dict[str, Any] = {
    "rows": list | tuple,
    "checks": list | tuple,
    "lines": list | tuple,
    "map": dict,
    "model": dict,
    "rule": dict,
    "event_rule": dict,
    "bool": bool,
}
_RULES = ("rule", "event_rule")
_LINE = ("text", "integer", "number", "decimal", "money", "time", "date", "datetime", "around")
_PLAIN = (*_LINE, "textarea", "template", "scalar")


def _fill(one: Field, defs: Schema, known: Any) -> None:
    """Give a field what only its kind needs."""
    match one.kind:
        case "radio" | "select":
            one.options = list(choices(one.schema))
            if one.text not in dict(one.options) and (one.text or one.kind == "select"):
                one.options = [*one.options, (one.text, one.text or "Choose…")]
        case "checks":
            one.options = list(choices(resolve(one.schema["items"], defs)))
        case "bool":
            one.text = "1" if known else ""
        case "model" if not one.is_nullable or isinstance(known, dict):
            one.fields = object_fields(one.schema, defs, known, f"{one.path}.")
        case "rows":
            item = resolve(one.schema["items"], defs)
            rows = started(one, defs)
            if all(isinstance(row, dict) for row in rows):
                one.rows = [object_fields(item, defs, row, f"{one.path}.{n}.") for n, row in enumerate(rows)]
            else:
                one.kind, one.text = "json", shown("json", known)
        case "map":
            one.rows = [[_entry(one, n, *pair)] for n, pair in enumerate((known or {}).items())]
        case "scalar":
            one.parts = {"kind": "text" if one.raw is MISSING and known is None else scalar_kind(known)}
        case "duration":
            amount, unit = duration_shown(known) or ("", "days")
            one.parts, one.text = {"unit": unit}, amount
        case "around":
            amount, way = around_shown(known)
            one.parts, one.text, one.options = {"way": way}, amount, ways_of(one.schema)
        case "rule" | "event_rule":
            one.rule = rules.tree(known) if known is not None else None


def started(one: Field, defs: Schema) -> list[Any]:
    """Return the rows of a field. Where there must be some and nobody has written any, one stands there to fill in."""
    known = one.schema.get("default") if one.raw is MISSING else one.raw
    if one.raw is MISSING and not known and one.schema.get("minItems"):
        return [blank_row(resolve(one.schema["items"], defs))]
    return list(known or ())


def blank_row(schema: Schema) -> dict[str, Any]:
    """Return a new row: what is required is there to be filled in; a rule begins with one condition."""
    row: dict[str, Any] = {}
    for name in schema.get("required", ()):
        inner = schema["properties"][name]
        widget = inner.get("widget")
        if widget in ("rule", "event_rule"):
            blank = rules.BLANK_EVENT if widget == "event_rule" else rules.BLANK
            row[name] = {"type": "all", "rules": [dict(blank)]}
        elif inner.get("type") == "string" and "enum" not in inner:
            row[name] = ""
    return row


def _entry(parent: Field, number: int, name: str, value: Any) -> Field:
    entry = Field(f"{parent.path}.{number}", "entry", name, {}, value, shown("scalar", value))
    entry.parts = {"name": name, "kind": scalar_kind(value)}
    if isinstance(value, dict | list):
        entry.parts["kind"] = "json"
    return entry


def _pair(fields: Mapping[str, Field]) -> None:
    """Put a unit beside its amount: `"pair": "unit"` in the json_schema_extra of the amount names the other field."""
    for one in fields.values():
        other = fields.get(one.schema.get("pair", ""))
        if other is not None and other is not one:
            one.pair = other
            other.schema = {**other.schema, "is_paired": True}
            if other.kind == "radio":  # beside an amount there is room for a select only
                other.kind = "select"
                if other.text not in dict(other.options):
                    other.options = [*other.options, (other.text, other.text or "Choose…")]


def _hide(fields: Mapping[str, Field]) -> None:
    """Hide what another choice makes pointless: `"only": {"until": ["date"]}` in json_schema_extra."""
    for one in fields.values():
        for name, allowed in (one.schema.get("only") or {}).items():
            other = fields.get(name)
            if other is None:
                continue
            wanted = [str(choice) for choice in (allowed if isinstance(allowed, list) else [allowed])]
            known = other.schema.get("default") if other.raw is MISSING else other.raw
            if str(known) not in wanted:
                one.is_shown = False
