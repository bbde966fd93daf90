"""What is stored of promotions, groups and caps: the contract's shapes with usage limits, in one canonical form."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from store.rulesets import Kind
from wayfare.errors import InputRefused
from wayfare.promotions import Ruleset, parse_ruleset
from wayfare.promotions.contract import LAYERS, Cap, Group, Promotion, path_in
from wayfare.promotions.effects import target_of
from wayfare.promotions.values import Amount, Money, Part, Pieces, Text, fault

Body = dict[str, Any]
LISTS: Mapping[Kind, str] = {"group": "groups", "promotion": "promotions", "cap": "caps"}
OWN: Mapping[Kind, tuple[str, ...]] = {"promotion": ("usage", "note"), "group": ("name",), "cap": ("name",)}
"""What stored items have beside the contract's."""

_KEY = re.compile(r"\w[\w.+-]{0,99}")
_RESERVED = frozenset({*LAYERS, "versions", "check", "publish", "propose", "settings", "new"})
_DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "note": "",
    "priority": 0,
    "standalone": False,
    "never_with": [],
    "never_on": "cart",
    "scope": {},
    "conditions": [],
    "limits": {},
    "usage": {},
}
_ORDER = (
    "key",
    "name",
    "layer",
    "group",
    "priority",
    "requires_code",
    "effect",
    "scope",
    "conditions",
    "limits",
    "usage",
)
_DEEPEST = 32
NOTHING: Body = {"caps": [], "groups": [], "promotions": [], "smallest_price": 0}


class Usage(Part):
    """How often, and for how much, a promotion may be used over all carts. Null means without a limit."""

    total: Pieces | None = Field(None, description="Uses in all.")
    per_customer: Pieces | None = Field(None, description="Uses of one customer.")
    per_code: Pieces | None = Field(None, description="Uses of one code.")
    per_day: Pieces | None = Field(None, description="Uses a day.")
    spend: Amount | None = Field(None, description="Discount in all, in minor units.")
    partial: bool = Field(False, description="Give what is left of `spend` when it no longer suffices.")

    @property
    def is_limited(self) -> bool:
        """Whether any counter must be asked."""
        return self != _FREE


_FREE = Usage()


class StoredPromotion(Promotion):
    """A promotion of the draft: as in a rule set, with usage limits in place of a budget."""

    usage: Usage = Usage()
    note: Text = ""

    @model_validator(mode="after")
    def _usage_not_budget(self) -> "StoredPromotion":
        if self.limits.budget is not None:
            raise fault(
                "budget", "leave limits.budget out; give usage.spend or usage.total, and what is left is counted"
            )
        if self.usage.partial and target_of(self.effect) not in ("order", "shipping", "shipping_total"):
            raise fault("partial_target", "usage.partial needs an effect on the order or on shipping")
        return self


class StoredGroup(Group):
    """A group of the draft, with what people call it."""

    name: Text = ""


class StoredCap(Cap):
    """A cap of the draft, with what people call it."""

    name: Text = ""


class StoredRuleset(Part):
    """A rule set as a file."""

    groups: Annotated[list[StoredGroup], Field(max_length=1000)] = Field(default_factory=list)
    promotions: Annotated[list[StoredPromotion], Field(max_length=1000)] = Field(default_factory=list)
    caps: Annotated[list[StoredCap], Field(max_length=1000)] = Field(default_factory=list)
    smallest_price: Money = 0


MODELS: Mapping[Kind, type[Part]] = {"promotion": StoredPromotion, "group": StoredGroup, "cap": StoredCap}


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing that keeps a draft from being published; `path` is a place in the item."""

    path: str
    code: str
    message: str
    kind: str = ""
    key: str = ""

    def __str__(self) -> str:
        where = f"{self.kind} '{self.key}'" if self.key else "the rule set"
        return f"{where}{f', {self.path}' if self.path else ''}: {self.message}"


def read_item(kind: Kind, key: str, document: object) -> Body:
    """Return an item in its canonical form. Raises InputRefused with path, code and message of the first fault."""
    if not _KEY.fullmatch(key) or key in _RESERVED:
        words = "a key has up to 100 letters, digits and . _ + -, and is no name of a layer or page"
        raise InputRefused("bad_key", words, path="key")
    if not isinstance(document, dict):
        raise InputRefused("not_an_object", f"send a {kind} as an object: {{...}}")
    given = {**document, "key": document.get("key", key)}
    if given["key"] != key:
        raise InputRefused("other_key", f"the address says '{key}'; leave the key out or make it the same", path="key")
    _storable(given)
    validated(MODELS[kind], given)
    return tidy(given)


def read_body(document: object) -> Body:
    """Return a rule set from a file in its canonical form. Raises InputRefused."""
    if not isinstance(document, dict):
        raise InputRefused("not_an_object", "a rule set is an object: {...}")
    _storable(document)
    validated(StoredRuleset, document)
    for kind, name in LISTS.items():
        for index, one in enumerate(document.get(name) or []):
            try:
                read_item(kind, one["key"], one)
            except InputRefused as refused:
                path = f"{name}.{index}.{refused.path}"
                raise InputRefused(refused.code, str(refused), path=path) from None
    return ordered(document)


def validated(model: type[Part], document: object) -> Any:
    """Return a document as a model. Raises InputRefused with path, code and message of the first fault."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        words = {"missing": "this key is missing", "extra_forbidden": "there is no such key here"}
        message = words.get(first["type"], first["msg"])
        raise InputRefused(first["type"], message, path=path_in(document, first["loc"])) from None


def tidy(item: Mapping[str, Any]) -> Body:
    """Return an item without what says nothing: nulls, and what is the default anyway."""
    clean: Body = _without_nulls(item)
    return {key: value for key, value in clean.items() if key not in _DEFAULTS or value != _DEFAULTS[key]}


def ordered(body: Mapping[str, Any]) -> Body:
    """Return a rule set with its items tidied and in the order of their keys."""
    lists = {
        name: sorted((tidy(one) for one in body.get(name) or []), key=lambda one: str(one["key"]))
        for name in sorted(LISTS.values())
    }
    return {**lists, "smallest_price": body.get("smallest_price") or 0}


def canonical(body: Mapping[str, Any]) -> str:
    """Return the one text of a rule set: what is approved, stored and hashed."""
    return json.dumps(ordered(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def written(body: Mapping[str, Any]) -> str:
    """Return a rule set as a file that diffs well: items by key, a field a line."""
    clean = ordered(body)
    parts = [f'"{name}": [{",".join(map(_lines, clean[name]))}\n  ]' for name in LISTS.values()]
    return "{\n  " + ",\n  ".join([*parts, f'"smallest_price": {clean["smallest_price"]}']) + "\n}\n"


def loaded(text: str) -> Body:
    """Return a rule set from its canonical text."""
    body: Body = json.loads(text)
    return body


def digest_of(text: str) -> str:
    """Return the name of a text by its content."""
    return hashlib.sha256(text.encode()).hexdigest()


def contract_of(body: Mapping[str, Any], version: str) -> Body:
    """Return a stored rule set as the contract's document."""
    lists = {
        name: [{key: value for key, value in one.items() if key not in OWN[kind]} for one in body[name]]
        for kind, name in LISTS.items()
    }
    return {**body, "version": version, **lists}


def ruleset_of(body: Mapping[str, Any], version: str = "draft") -> Ruleset:
    """Return a stored rule set ready to be compiled. Raises InputRefused."""
    return parse_ruleset(contract_of(body, version))


def problems_of(body: Mapping[str, Any]) -> list[RuleProblem]:
    """Return everything that keeps a rule set from being published, at most one finding an item.

    What is at fault is taken out and the rest looked at again, because the contract names the first fault only.
    """
    found: list[RuleProblem] = []
    left = {name: list(body[name]) for name in LISTS.values()}
    while True:
        try:
            ruleset_of({**body, **left})
            return found
        except InputRefused as refused:
            name, _, rest = refused.path.partition(".")
            index, _, path = rest.partition(".")
            if name not in left or not index.isdigit():
                return [*found, RuleProblem(refused.path, refused.code, str(refused))]
            bad = left[name].pop(int(index))
            kind = next(kind for kind, plural in LISTS.items() if plural == name)
            found.append(RuleProblem(path, refused.code, str(refused), kind, bad["key"]))
            _forget(left["promotions"], bad["key"])


def _lines(item: Body) -> str:
    names = [*(name for name in _ORDER if name in item), *sorted(item.keys() - set(_ORDER))]
    fields = [f"{json.dumps(name)}: {json.dumps(_sorted(item[name]), ensure_ascii=False)}" for name in names]
    return "\n    {\n      " + ",\n      ".join(fields) + "\n    }"


def _sorted(value: Any) -> Any:
    """Return a value with its names in order, `kind` first: a database may have mixed them."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda name: (name != "kind", name))}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _forget(promotions: list[Body], key: str) -> None:
    """Let no other promotion name the one that was taken out: that would be no fault of its own."""
    for index, one in enumerate(promotions):
        if key in one.get("never_with", ()):
            promotions[index] = {**one, "never_with": [other for other in one["never_with"] if other != key]}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = {key: _without_nulls(one) for key, one in value.items() if one is not None}
        return {key: one for key, one in inner.items() if one != {}}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _storable(value: Any, depth: int = 0) -> None:
    """Refuse text that no database takes, and nesting that nobody means."""
    if depth > _DEEPEST:
        raise InputRefused("too_deep", f"nest at most {_DEEPEST} levels")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise InputRefused("bad_text", "a text holds a character that cannot be stored")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            _storable(key, depth + 1)
            _storable(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _storable(one, depth + 1)
