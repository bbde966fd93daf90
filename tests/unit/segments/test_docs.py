"""The reference of rules is true: every example is a rule, and every part and fact is there."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from wayfare.segments import parse_rule
from wayfare.segments.facts import PROFILE
from wayfare.segments.rule import Rule

DOC = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]
EXAMPLES = [rule for block in BLOCKS for rule in (block if isinstance(block, list) else [block])]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda rule: str(rule["type"]))
def test_every_example_is_a_rule(example: object) -> None:
    parse_rule(example)


def test_every_part_and_fact_is_there() -> None:
    union = get_args(Rule)[0]
    types = {name for part in get_args(union) for name in get_args(part.model_fields["type"].annotation)}
    assert len(types) > 10
    assert {name for name in types if f'"type": "{name}"' not in DOC} == set()
    assert {name for name in PROFILE if f"`{name}`" not in DOC} == set()
