"""Who is in: a rule tree and its meaning, nothing else."""

from wayfare.segments.change import next_change
from wayfare.segments.facts import Fact
from wayfare.segments.meaning import holds, values_of_event, who
from wayfare.segments.moment import Moment
from wayfare.segments.problems import RuleInvalid, RuleProblem
from wayfare.segments.rule import (
    Rule,
    dump_rule,
    facts_of,
    is_timed,
    parse_rule,
    paths_of,
    segments_in,
    timing_facts_of,
)
from wayfare.segments.words import in_words

__all__ = [
    "Fact",
    "Moment",
    "Rule",
    "RuleInvalid",
    "RuleProblem",
    "dump_rule",
    "facts_of",
    "holds",
    "in_words",
    "is_timed",
    "next_change",
    "parse_rule",
    "paths_of",
    "segments_in",
    "timing_facts_of",
    "values_of_event",
    "who",
]
