"""What is different between two rule sets, in words for people."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from typing import Any, Literal

from offers.rules import words
from offers.rules.shapes import LISTS
from store.rulesets import Kind
from wayfare.promotions.words import money

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing about an item that is different: what it was and what it is, in words; empty where it was not."""

    name: str
    label: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.label}: {self.old or 'none'} → {self.new or 'none'}"


@dataclass(frozen=True, slots=True)
class Change:
    """One item that was added, removed or changed. `kind` is empty for what concerns the rule set as a whole."""

    kind: str
    key: str
    name: str
    what: What
    words: str  # the item as it is now, or was
    fields: list[Field] = field(default_factory=list)

    def __str__(self) -> str:
        title = f"{self.kind or 'rule set'} {f'“{self.name or self.key}”' if self.key else ''}".strip()
        if self.what == "changed":
            return f"{title} changed: {'; '.join(map(str, self.fields))}"
        return f"{title} {self.what}: {self.words}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return asdict(self)


def compare(old: Mapping[str, Any], new: Mapping[str, Any], zone: tzinfo | None = None) -> list[Change]:
    """Return every difference between two rule sets in canonical form: promotions, then groups, then caps, by key.

    Two rule sets whose canonical texts differ never give an empty list. Moments are told in `zone`.
    """
    found: list[Change] = []
    for kind in ("promotion", "group", "cap"):
        name = LISTS[kind]
        before, after = ({one["key"]: one for one in body[name]} for body in (old, new))
        for key in sorted(before.keys() | after.keys()):
            found += _change(kind, key, before.get(key), after.get(key), zone)
    least = (old.get("smallest_price", 0), new.get("smallest_price", 0))
    if least[0] != least[1]:
        fields = [Field("smallest_price", "Smallest price", money(least[0]), money(least[1]))]
        found.append(Change("", "", "", "changed", fields[0].label, fields))
    return found


def fields_between(
    kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], zone: tzinfo | None = None
) -> list[Field]:
    """Return what is different between two states of one item."""
    found = []
    for name in [*_LABELS, *sorted((old.keys() | new.keys()) - _LABELS.keys())]:
        before, after = old.get(name), new.get(name)
        if before != after:
            was, now = _shown(kind, name, before, zone), _shown(kind, name, after, zone)
            if was == now:  # the words leave something out, an offset for example
                was, now = _raw(before), _raw(after)
            found.append(Field(name, _LABELS.get(name, name), was, now))
    return found


def _change(
    kind: Kind, key: str, old: dict[str, Any] | None, new: dict[str, Any] | None, zone: tzinfo | None
) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change(kind, key, new.get("name", ""), "added", words.in_words(kind, new, zone))
    elif old is not None and new is None:
        yield Change(kind, key, old.get("name", ""), "removed", words.in_words(kind, old, zone))
    elif old is not None and new is not None and old != new:
        name, said = new.get("name", ""), words.in_words(kind, new, zone)
        yield Change(kind, key, name, "changed", said, fields_between(kind, old, new, zone))


_LABELS = {
    "name": "Name",
    "effect": "Effect",
    "scope": "Products",
    "conditions": "When and where",
    "requires_code": "Code",
    "group": "Group",
    "layer": "Layer",
    "position": "Position",
    "policy": "Policy",
    "percent_base": "Percents are taken of",
    "priority": "Priority",
    "standalone": "Stands alone",
    "never_with": "Never together with",
    "never_on": "Kept apart on",
    "limits": "Limits of a cart",
    "usage": "Limits and budget",
    "max_percent": "Most percent",
    "max_amount": "Largest amount",
    "layers": "Layers that count",
    "note": "Note",
}
_WORDS: Mapping[str, Callable[[Any], str]] = {
    "effect": words.effect_words,
    "scope": words.scope_words,
    "limits": words.limits_words,
    "usage": words.usage_words,
    "policy": lambda policy: words.POLICIES[policy],
    "never_with": ", ".join,
    "layers": ", ".join,
    "standalone": lambda one: "yes" if one else "no",
    "max_amount": money,
    "max_percent": lambda percent: f"{percent} %",
}


def _shown(kind: Kind, name: str, value: Any, zone: tzinfo | None) -> str:
    if value is None:
        return {"scope": "everything"}.get(name, "")
    if name == "conditions":
        return ", ".join(words.condition_words(one, zone) for one in value)
    return _WORDS[name](value) if name in _WORDS else str(value)


def _raw(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
