"""Conditions in the settings of nodes: rules about customers, and rules about what an event carries."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from wayfare.segments.facts import Fact
from wayfare.segments.meaning import holds, values_of_event
from wayfare.segments.moment import Moment
from wayfare.segments.parts import ZONE, InList
from wayfare.segments.problems import RuleInvalid
from wayfare.segments.rule import Rule, facts_of, parse_rule, parts_of, segments_in
from wayfare.segments.words import in_words

EVENT_TYPE = r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"
_NO_TIME = Moment(datetime(1970, 1, 1, tzinfo=UTC))  # conditions on events ask nothing of the calendar


def _about_customers(rule: dict[str, Any]) -> dict[str, Any]:
    _parsed(rule)
    return rule


def _about_events(rule: dict[str, Any] | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    facts = facts_of(_parsed(rule))
    if ZONE in facts:
        raise PydanticCustomError("invalid_rule", "conditions on an event cannot ask how long ago a date is")
    for fact in sorted(facts, key=lambda fact: fact.name):
        if not fact.name.startswith("data."):
            raise PydanticCustomError(
                "invalid_rule",
                "'{fact}' belongs to the customer; here only what the event carries counts, written data.NAME",
                {"fact": fact.name},
            )
    return rule


Condition = Annotated[dict[str, Any], AfterValidator(_about_customers), Field(json_schema_extra={"widget": "rule"})]
"""A rule about customers, as in segments."""

EventCondition = Annotated[
    dict[str, Any] | None, AfterValidator(_about_events), Field(json_schema_extra={"widget": "event_rule"})
]
"""A rule about the data of an event, or None."""


def rule_of(condition: Mapping[str, Any]) -> Rule:
    """Return the parsed rule of a condition that was checked; the same one for the same condition."""
    return _kept(json.dumps(condition, sort_keys=True, ensure_ascii=False))


def matcher(condition: Mapping[str, Any] | None) -> Callable[[Mapping[str, Any]], bool]:
    """Return what says whether an event with some data meets a condition; without a condition, always."""
    if condition is None:
        return lambda data: True
    rule = rule_of(condition)
    return lambda data: holds(rule, values_of_event(rule, data), _NO_TIME)


def in_plain_words(condition: Mapping[str, Any] | None, before: str = "") -> str:
    """Return a condition in words with `before` in front of it; nothing without a condition."""
    return "" if condition is None else before + in_words(rule_of(condition))


def references_of(condition: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the segments and lists that a condition asks about, as (kind, key)."""
    rule = rule_of(condition)
    lists = {("list", part.key) for part in parts_of(rule) if isinstance(part, InList)}
    return sorted({("segment", key) for key in segments_in(rule)} | lists)


def facts_in(condition: Mapping[str, Any]) -> frozenset[Fact]:
    """Return the facts that a condition needs."""
    return facts_of(rule_of(condition))


@lru_cache(maxsize=4096)
def _kept(text: str) -> Rule:
    return parse_rule(json.loads(text))


def _parsed(rule: Any) -> Rule:
    try:
        return parse_rule(rule)
    except RuleInvalid as error:
        message = "; ".join(map(str, error.problems))
        raise PydanticCustomError("invalid_rule", "{message}", {"message": message}) from None
