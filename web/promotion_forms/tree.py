"""What was typed into a form, as a tree of texts; and the changes that its buttons make to it."""

from collections.abc import Mapping, Sequence
from typing import Any

Tree = dict[str, Any]
DEEPEST = 40
_MOST = 2000


def read(posted: Mapping[str, Sequence[str]]) -> Tree:
    """Return posted fields as a tree: `effect.value` stands in `effect`, numbers make lists. Unknown names do no harm.

    Several values of one name, as boxes to tick have, are lines of one text.
    """
    root: Tree = {}
    for name, values in posted.items():
        steps = name.split(".")
        if name.startswith("_") or not all(steps) or len(steps) > DEEPEST:
            continue
        here = root
        for step in steps[:-1]:
            inner = here.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            text = values[0] if len(values) == 1 else "\n".join(value for value in values if value)
            here.setdefault(steps[-1], text.replace("\r\n", "\n").replace("\0", ""))
    found = _listed(root)
    return found if isinstance(found, dict) else {}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isascii() and key.isdigit() and len(key) < 7 for key in node):
        return [_listed(node[key]) for key in sorted(node, key=int)][:_MOST]
    return {key: _listed(one) for key, one in node.items()}


def change(root: Tree, click: str, zone: str = "UTC") -> str:
    """Do what a button says, as `add:conditions:channel`; return the path of what was added, if anything was.

    add PATH [KIND] · put PATH KIND · clear PATH · remove, up, down PATH PLACE · drop PATH PLACE (one of several lines)
    · swap PATH PLACE:LINE (another one in its place).
    What makes no sense changes nothing. `zone` is what days and hours of a new condition are meant in.
    """
    verb, _, rest = click.partition(":")
    path, _, more = rest.partition(":")
    holder, last = _holder(root, path)
    if holder is None:
        return ""
    more, _, line = more.partition(":") if verb == "swap" else (more, "", "")
    place = int(more) if more.isascii() and more.isdigit() and len(more) < 7 else -1
    if verb == "add":
        rows = _get(holder, last)
        rows = rows if isinstance(rows, list) else []
        rows.append(_blank(last, more, rows, zone))
        _set(holder, last, rows)
        return f"{path}.{len(rows) - 1}"
    if verb == "put":
        _set(holder, last, _blank("conditions", more, [], zone))
        return path
    if verb == "clear":
        _set(holder, last, {})
    elif verb == "swap":
        lines = [one for one in str(_get(holder, last) or "").split("\n") if one.strip()]
        _set(holder, last, "\n".join(line if number == place else one for number, one in enumerate(lines)))
    elif verb == "drop":
        lines = [line for line in str(_get(holder, last) or "").split("\n") if line.strip()]
        _set(holder, last, "\n".join(line for number, line in enumerate(lines) if number != place))
    elif isinstance(rows := _get(holder, last), list) and 0 <= place < len(rows):
        if verb == "remove":
            del rows[place]
        other = place + {"up": -1, "down": 1}.get(verb, 0)
        if other != place and 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
    return ""


def _blank(name: str, kind: str, rows: list[Any], zone: str) -> Any:
    """Return what a new row begins with; a new step gives what the step before it gives."""
    if name == "steps":
        before = rows[-1][1] if rows and isinstance(rows[-1], list) and len(rows[-1]) == 2 else {}
        before = before if isinstance(before, dict) else {}
        return ["", {"kind": before.get("kind", "percent"), "target": before.get("target", "unit"), "value": ""}]
    if name == "parts":
        return {"quantity": "1"}
    return {"kind": kind, **_CONDITIONS.get(kind, {}), **({"zone": zone} if kind == "weekly" else {})}


_CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "weekly": {"days": "\n".join("1234567")},
    "birthday": {"before": "7", "after": "7"},
    "order_number": {"equals": "1"},
    "line_quantity_from": {"value": "3"},
    "quantity_from": {"value": "3"},
}


def _holder(root: Tree, path: str) -> tuple[Any, str]:
    """Return what holds the last step of a path, made where it was not; None where the path leads nowhere."""
    steps = path.split(".")
    if not path or not all(steps) or len(steps) > DEEPEST:
        return None, ""
    here: Any = root
    for step in steps[:-1]:
        inner = _get(here, step)
        if inner is None and isinstance(here, dict):
            inner = here[step] = {}
        if not isinstance(inner, dict | list):
            return None, ""
        here = inner
    return (here, steps[-1]) if isinstance(here, dict) or steps[-1].isdigit() else (None, "")


def _get(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    is_place = step.isascii() and step.isdigit() and len(step) < 7 and int(step) < len(holder)
    return holder[int(step)] if is_place else None


def _set(holder: Any, step: str, value: Any) -> None:
    if isinstance(holder, dict):
        holder[step] = value
    elif _get(holder, step) is not None:
        holder[int(step)] = value
