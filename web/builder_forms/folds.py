"""Rows that are folded to one line each, one of them open at a time; the form carries which one."""

from collections.abc import Mapping, Sequence

from web.builder_forms.fields import Field

NONE = -1
PREFIX = "_open."


def open_rows(fields: Sequence[Field], posted: Mapping[str, str], do: str = "") -> dict[str, int]:
    """Return the number of the open row of each field that folds, by path; NONE where all are folded.

    `posted` is the form that was sent, if any, and `do` the button: a row that was added is open, one that moves keeps
    its state. In a form that nobody has sent the first row that is wrong is open.
    """
    verb, _, rest = do.partition(":")
    path, _, place = rest.partition(":")
    found = {}
    for one in (inner for top in fields for inner in top.every() if inner.folds):
        before = _number(posted.get(PREFIX + one.path, ""), NONE)
        if path == one.path and not verb.startswith("rule-"):
            found[one.path] = _after(verb, _number(place, NONE), before, len(one.rows))
        elif PREFIX + one.path in posted:
            found[one.path] = before if before < len(one.rows) else NONE
        else:
            found[one.path] = _first_wrong(one)
    return found


def _first_wrong(one: Field) -> int:
    return next((n for n, row in enumerate(one.rows) if n in one.row_errors or any(f.is_wrong for f in row)), NONE)


def _after(verb: str, place: int, before: int, count: int) -> int:
    """Return which row is open after a click on one of the buttons beside the row at `place`."""
    match verb:
        case "add":
            return count - 1
        case "copy":
            return place + 1
        case "remove":
            return NONE if place == before else before - (place < before)
        case "up" | "down":
            other = place + (1 if verb == "down" else -1)
            return {place: other, other: place}.get(before, before)
    return before


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else default
