"""What the JSON Schema of a setting says about the control that edits it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
SCALARS = frozenset({"boolean", "integer", "number", "string", "null"})
FEW = 3
"""Up to so many choices stand side by side; more of them go into a select."""


def resolve(schema: Schema, defs: Schema) -> dict[str, Any]:
    """Return a schema with its references followed, and `X | None` written as X with `nullable`."""
    found = dict(schema)
    while "$ref" in found:
        name = found.pop("$ref").rpartition("/")[2]
        found = {**defs[name], **found}
    if len(found.get("allOf", ())) == 1:
        found = {**resolve(found.pop("allOf")[0], defs), **found}
    if "anyOf" in found:
        real = [one for one in found["anyOf"] if one.get("type") != "null"]
        if len(real) == 1:
            nullable = len(found.pop("anyOf")) > 1
            found = {**resolve(real[0], defs), **found}
            found["nullable"] = nullable
    return found


def kind_of(schema: Schema, defs: Schema) -> str:
    """Return the kind of control for a resolved schema. What no control fits is edited as JSON."""
    widget = schema.get("widget")
    if widget in WIDGETS:
        return str(widget)
    if "const" in schema:
        return "const"
    if "enum" in schema:
        return "radio" if _is_short(schema) else "select"
    if "anyOf" in schema:
        return _kind_of_union(schema["anyOf"], defs)
    match schema.get("type"):
        case "boolean":
            return "bool"
        case "integer" | "number":
            return str(schema["type"])
        case "string":
            return _kind_of_text(schema)
        case "array":
            return _kind_of_array(schema, defs)
        case "object":
            return _kind_of_object(schema, defs)
    return "json"


PICKERS = frozenset(
    {
        *("segment", "list", "own_list", "code_batch", "journey", "journey_step", "product", "level", "event"),
        *("channel", "attribute", "fact", "date_fact", "message_template", "category", "brand", "store"),
    }
)
"""Widgets that look something up on the server; `pickers` knows each of them."""
WIDGETS = PICKERS | {"template", "rule", "event_rule", "money", "textarea", "password", "around"}


def _is_short(schema: Schema) -> bool:
    labels = [label for _, label in choices(schema)]
    return len(labels) <= FEW and sum(map(len, labels)) <= 32


def _kind_of_union(options: list[Any], defs: Schema) -> str:
    kinds = [resolve(one, defs).get("type") for one in options]
    if [kind for kind in kinds if kind != "null"] == ["number", "string"]:  # so pydantic describes a Decimal
        return "decimal"
    return "scalar" if set(kinds) <= SCALARS else "json"


def _kind_of_text(schema: Schema) -> str:
    kind = {"time": "time", "date": "date", "date-time": "datetime", "duration": "duration", "password": "password"}
    if found := kind.get(schema.get("format", "")):
        return found
    return "textarea" if schema.get("rows") or schema.get("maxLength", 0) > 500 else "text"


def _kind_of_array(schema: Schema, defs: Schema) -> str:
    items = resolve(schema.get("items") or {}, defs)
    if "prefixItems" in schema:
        return "json"
    if "enum" in items:
        return "checks"
    if items.get("type") == "object" and "properties" in items:
        return "rows"
    return "lines" if items.get("type") in ("string", "integer", "number") else "json"


def _kind_of_object(schema: Schema, defs: Schema) -> str:
    if "properties" in schema:
        return "model"
    inner = schema.get("additionalProperties")
    if not isinstance(inner, Mapping):
        return "json"
    inner = resolve(inner, defs)
    is_scalar = kind_of(inner, defs) in ("scalar", "text", "integer", "number", "bool", "decimal")
    return "map" if is_scalar else "json"


def choices(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield (text in the form, label) of an enum; `labels` of the field's json_schema_extra wins."""
    labels = schema.get("labels") or {}
    for option in schema["enum"]:
        yield option_text(option), labels.get(str(option)) or in_words(option)


def in_words(option: Any) -> str:
    """Return the label of a choice that has none: `older_than` becomes Older than."""
    if isinstance(option, bool):
        return "Yes" if option else "No"
    text = str(option).replace("_", " ")
    return text[:1].upper() + text[1:]


def option_text(option: Any) -> str:
    """Return a choice as it stands in the form."""
    return option if isinstance(option, str) else json.dumps(option, ensure_ascii=False)
