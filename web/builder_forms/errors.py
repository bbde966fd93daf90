"""What is wrong with the settings in a form, beside the fields it is about, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from nodes.plain_words import problems_of
from web.builder_forms import rule_form
from web.builder_forms.fields import Field


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the summary above a form: the id of the field, its label, and what to do about it."""

    id: str
    label: str
    message: str


def check(model: type[BaseModel], settings: Mapping[str, Any], fields: Sequence[Field]) -> list[Line]:
    """Check settings, write each problem to its field, and return the summary; empty when all is well."""
    try:
        model.model_validate(dict(settings))
    except ValidationError as error:
        return attach(fields, [(path, message) for path, _, message in problems_of(error)])
    return []


def attach(fields: Sequence[Field], problems: Sequence[tuple[str, str]]) -> list[Line]:
    """Write problems, each (path, message), to the fields; those of no field stand in the summary alone."""
    every = [one for top in fields for one in top.every()]
    lines: list[Line] = []
    for path, message in problems:
        message = message[:1].upper() + message[1:]
        fits = [one for one in every if path == one.path or path.startswith(f"{one.path}.")]
        best = max(fits, key=lambda one: len(one.path), default=None)
        if best is None:
            lines.append(Line("", "", message))
        elif best.rule is not None:
            lines += _of_rule(best, message)
        elif not best.error:
            if best.kind == "checks":
                message = message.replace("Add at least 1", "Choose at least one")
            _note(best, path, message)
            lines.append(Line(best.id, _label(best, path), message))
    return lines


def _note(one: Field, path: str, message: str) -> None:
    row = path[len(one.path) + 1 :].partition(".")[0]
    if one.kind in ("rows", "map") and row.isdigit():
        one.row_errors.setdefault(int(row), message)
    else:
        one.error = message


def _label(one: Field, path: str) -> str:
    numbers = [int(step) + 1 for step in path.split(".") if step.isdigit()]
    return f"{one.label} {numbers[0]}" if numbers else one.label


def _of_rule(one: Field, message: str) -> Iterator[Line]:
    """Mark the conditions of a rule that are wrong; a rule that is right by itself may be wrong in its place."""
    words, whole = rule_form.judge(one.raw, one.rule)
    if words:
        one.error = message
    elif whole:
        one.error = "; ".join(whole)
    yield Line(one.id, _label(one, one.path), one.error or rule_form.first_wrong(one.rule))
