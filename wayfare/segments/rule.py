"""The rule tree: what a segment, a split or a condition asks. The parts are in `parts.py`, the meaning in `meaning.py`.

A rule is JSON like `{"type": "all", "rules": [{"type": "compare", "fact": "city", "op": "=", "value": "Київ"}]}`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from wayfare.segments.facts import Fact
from wayfare.segments.parts import (
    Age,
    Birthday,
    Calendar,
    Compare,
    DaysSince,
    Events,
    Figure,
    HasConsent,
    InList,
    InSegment,
    IsSet,
    Orders,
    Part,
)
from wayfare.segments.problems import RuleInvalid, RuleProblem

MAX_DEPTH = 12
MAX_PARTS = 300
MAX_FIGURES = 20  # each costs one aggregate over events or orders


class AllOf(Part):
    """Every one of the rules holds; without rules that is everyone."""

    type: Literal["all"] = "all"
    rules: "tuple[Rule, ...]" = ()


class AnyOf(Part):
    """At least one of the rules holds."""

    type: Literal["any"] = "any"
    rules: "tuple[Rule, ...]" = Field(min_length=1)


class Not(Part):
    """The rule does not hold. A customer without the value is in, because the rule is false for them."""

    type: Literal["not"] = "not"
    rule: "Rule"


Rule = Annotated[
    AllOf
    | AnyOf
    | Not
    | Compare
    | IsSet
    | Age
    | DaysSince
    | Birthday
    | Events
    | Orders
    | InSegment
    | InList
    | HasConsent,
    Field(discriminator="type"),
]

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()
_ADAPTER: TypeAdapter[Rule] = TypeAdapter(Rule)


def parse_rule(obj: Any) -> Rule:
    """Read a rule from JSON values. RuleInvalid carries every problem, each with path, code and message."""
    if too_big := _too_big(obj):
        raise RuleInvalid([too_big])
    try:
        rule = _ADAPTER.validate_python(obj)
    except ValidationError as error:
        problems = [_problem(obj, dict(one)) for one in error.errors(include_url=False, include_input=False)]
        raise RuleInvalid(_merged(problems)) from None
    figures = sum(fact.is_windowed for fact in facts_of(rule))
    if figures > MAX_FIGURES:
        message = f"at most {MAX_FIGURES} different figures over events and orders; there are {figures}"
        raise RuleInvalid([RuleProblem("", "too_many_figures", message)])
    return rule


def dump_rule(rule: Rule) -> dict[str, Any]:
    """Return the rule as JSON values, without what is at its default."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(rule, mode="json", exclude_none=True)
    return dumped


def parts_of(rule: Rule) -> Iterator[Rule]:
    """Yield the rule and every rule below it."""
    return (part for _, part in paths_of(rule))


def paths_of(rule: Rule, path: str = "") -> Iterator[tuple[str, Rule]]:
    """Yield the rule and every rule below it, each with the path that leads to it, such as `rules.0.rule`."""
    yield path, rule
    below = f"{path}." if path else ""
    match rule:
        case AllOf() | AnyOf():
            for number, child in enumerate(rule.rules):
                yield from paths_of(child, f"{below}rules.{number}")
        case Not():
            yield from paths_of(rule.rule, f"{below}rule")


def facts_of(rule: Rule) -> frozenset[Fact]:
    """Return every fact needed to say whether the rule holds; the customer's zone too where the calendar matters."""
    return frozenset(fact for part in parts_of(rule) for fact in part.facts())


def timing_facts_of(rule: Rule) -> frozenset[Fact]:
    """Return the facts that `next_change` needs beside those of `facts_of`."""
    return frozenset(fact.turning for fact in facts_of(rule) if fact.is_windowed)


def is_timed(rule: Rule) -> bool:
    """Say whether time alone can change the answer."""
    return any(isinstance(part, Calendar | Figure) for part in parts_of(rule))


def segments_in(rule: Rule) -> frozenset[str]:
    """Return the keys of the segments that the rule asks for."""
    return frozenset(part.key for part in parts_of(rule) if isinstance(part, InSegment))


def _too_big(obj: Any) -> RuleProblem | None:
    """Look at the raw values first, so that nothing recursive ever sees a tree without bounds."""
    level, parts = [obj], 0
    for depth in range(MAX_DEPTH + 1):
        dicts = [one for one in level if isinstance(one, dict)]
        parts += len(dicts)
        if parts > MAX_PARTS:
            return RuleProblem("", "too_big", f"a rule has at most {MAX_PARTS} parts")
        if depth == MAX_DEPTH and dicts:
            return RuleProblem("", "too_deep", f"rules nest at most {MAX_DEPTH} deep")
        level = []
        for one in dicts:
            below = one.get("rules")
            level.extend(below[: MAX_PARTS + 1] if isinstance(below, list | tuple) else ())
            level.append(one.get("rule"))
    return None


_CODES = {
    "extra_forbidden": "unknown_field",
    "literal_error": "unknown_value",
    "model_attributes_type": "wrong_type",
    "union_tag_invalid": "unknown_type",
    "union_tag_not_found": "unknown_type",
}


def _problem(obj: Any, error: dict[str, Any]) -> RuleProblem:
    context = error.get("ctx", {})
    path = _path(obj, error["loc"])
    kind: str = error["type"]
    if "field" in context and "message" in context:
        return RuleProblem(".".join([*path, context["field"]]), kind, context["message"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        path = [*path, "type"]
    if kind.endswith("_type") and kind not in _CODES:
        kind = "wrong_type"
    return RuleProblem(".".join(path), _CODES.get(kind, kind), error["msg"])


def _merged(problems: list[RuleProblem]) -> list[RuleProblem]:
    """Make one problem of those that say the same of the same place: a value that fits none of several types."""
    merged: dict[tuple[str, str], RuleProblem] = {}
    for one in problems:
        first = merged.get((one.path, one.code))
        message = one.message if first is None else f"{first.message}; or: {one.message}"
        merged[one.path, one.code] = RuleProblem(one.path, one.code, message)
    return list(merged.values())


def _path(obj: Any, location: tuple[int | str, ...]) -> list[str]:
    """Drop what pydantic adds to a location: the tags of unions, which lead nowhere in the JSON."""
    path: list[str] = []
    here = obj
    for step in location:
        if isinstance(step, int) and isinstance(here, list | tuple):
            here = here[step] if step < len(here) else None
        elif isinstance(here, dict) and step in here and step != here.get("type"):
            here = here[step]
        elif isinstance(here, dict) and step != here.get("type"):
            here = None  # a field that is missing
        else:
            continue
        path.append(str(step))
    return path
