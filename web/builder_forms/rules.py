"""A rule as an editor shows it: groups and conditions, with `not` folded into what it turns around.

Whatever JSON stands there opens and is saved again as it was; only what is edited changes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

BLANK: Mapping[str, Any] = {"type": "compare", "fact": "", "op": "=", "value": ""}
BLANK_EVENT: Mapping[str, Any] = {"type": "compare", "fact": "data.", "op": "=", "value": ""}


@dataclass(slots=True)
class Group:
    """Rules of which all or any must hold. `at` is its path in the JSON, `nots` how often it is turned around."""

    mode: str
    items: list["Item"] = field(default_factory=list)
    nots: int = 0
    at: str = ""
    error: str = ""


@dataclass(slots=True)
class Condition:
    """One part that looks at a value; or something that is no rule, which is edited as JSON."""

    part: Any
    nots: int = 0
    at: str = ""
    error: str = ""


Item = Group | Condition


def tree(rule: Any, at: str = "") -> Item:
    """Return a rule as groups and conditions."""
    nots = 0
    while isinstance(rule, Mapping) and rule.get("type") == "not" and set(rule) == {"type", "rule"}:
        nots, rule, at = nots + 1, rule["rule"], _below(at, "rule")
    if isinstance(rule, Mapping) and rule.get("type") in ("all", "any") and set(rule) <= {"type", "rules"}:
        below = rule.get("rules", [])
        if isinstance(below, list | tuple):
            items = [tree(one, _below(at, f"rules.{n}")) for n, one in enumerate(below)]
            return Group(str(rule["type"]), items, nots, at)
    return Condition(rule, nots, at)


def dump(item: Item) -> Any:
    """Return the JSON of a rule."""
    found: Any = item.part if isinstance(item, Condition) else {"type": item.mode, "rules": list(map(dump, item.items))}
    for _ in range(item.nots):
        found = {"type": "not", "rule": found}
    return found


def every(item: Item) -> Iterator[Item]:
    """Yield an item and all those below it."""
    yield item
    if isinstance(item, Group):
        for one in item.items:
            yield from every(one)


def mark(root: Item, problems: list[tuple[str, str]]) -> list[str]:
    """Write problems, each (path in the JSON, message), to the items they are about; return those of the whole."""
    whole = []
    for path, message in problems:
        fits = [one for one in every(root) if one.at == path or path.startswith(f"{one.at}.") or not one.at]
        best = max(fits, key=lambda one: len(one.at), default=root)
        if isinstance(best, Group) and best is root:
            whole.append(message)
        elif not best.error:
            best.error = message
    return whole


def change(root: Item | None, verb: str, path: str, blank: Mapping[str, Any]) -> Item | None:
    """Carry out one click in the editor: `path` leads to an item by places, such as "" for the root or "1.0".

    Verbs: add (a condition), group (a group within), remove, up, down, copy. None is no rule at all.
    """
    if root is None:
        return Group("all", [Condition(dict(blank))]) if verb == "add" else None
    steps = [int(step) for step in path.split(".") if step.isdigit()]
    if verb == "remove" and not steps:
        return None
    if verb in ("add", "group"):
        target = find(root, steps)
        if target is None:
            return root
        fresh: Item = Condition(dict(blank))
        if verb == "group":
            other = "any" if isinstance(target, Group) and target.mode == "all" else "all"
            fresh = Group(other, [fresh])
        if isinstance(target, Group):
            target.items.append(fresh)
            return root
        wrapped = Group("all", [target, fresh])
        return _put(root, steps, wrapped)
    parent = find(root, steps[:-1])
    if not isinstance(parent, Group) or not steps or steps[-1] >= len(parent.items):
        return root
    _rearrange(parent.items, verb, steps[-1])
    return root


def find(root: Item, steps: list[int]) -> Item | None:
    """Return the item at a place, or None."""
    here: Item = root
    for step in steps:
        if not isinstance(here, Group) or step >= len(here.items):
            return None
        here = here.items[step]
    return here


def _rearrange(items: list[Item], verb: str, at: int) -> None:
    match verb:
        case "remove":
            del items[at]
        case "copy":
            items.insert(at + 1, tree(dump(items[at])))
        case "up" if at:
            items[at - 1], items[at] = items[at], items[at - 1]
        case "down" if at + 1 < len(items):
            items[at + 1], items[at] = items[at], items[at + 1]


def _put(root: Item, steps: list[int], item: Item) -> Item:
    if not steps:
        return item
    parent = find(root, steps[:-1])
    if isinstance(parent, Group):
        parent.items[steps[-1]] = item
    return root


def _below(at: str, step: str) -> str:
    return f"{at}.{step}" if at else step
