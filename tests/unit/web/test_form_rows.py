"""Distances from a date as people say them, and which of several long rows is open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.builtin.flow_split_rule import SplitByRule
from nodes.builtin.trigger_date import DateTrigger
from web.builder_forms import errors
from web.builder_forms.around import WAYS, around_meant, around_shown
from web.builder_forms.fields import fields_of
from web.builder_forms.folds import NONE, open_rows
from web.builder_forms.read import settings_from

VIP = {"port": "VIP", "when": {"type": "segment", "key": "vip"}}
NEW = {"port": "New", "when": {"type": "segment", "key": "new"}}
WRONG = {"port": "", "when": {"type": "segment", "key": "new"}}


@given(st.integers(-(10**15), 10**15))
def test_a_distance_comes_back_as_it_was(days: int) -> None:
    amount, way = around_shown(days)
    assert not amount.startswith("-")
    assert around_meant(amount, way, way) == days


@pytest.mark.parametrize(
    ("amount", "way", "was", "stored"),
    [
        ("7", "before", "after", -7),
        ("7", "on", "before", 0),
        ("", "before", "on", -1),
        ("", "after", "on", 1),
        ("-3", "after", "after", -3),
        ("−3", "before", "before", -3),
        ("soon", "before", "before", "-soon"),
        ("", "after", "before", ""),
        ("1 000", "after", "after", 1000),
    ],
)
def test_what_is_said_of_a_date_is_stored_with_a_sign(amount: str, way: str, was: str, stored: Any) -> None:
    assert around_meant(amount, way, was) == stored


@given(st.text(max_size=5) | st.integers() | st.none() | st.booleans() | st.floats(allow_nan=False))
def test_a_distance_that_nobody_touches_stays(value: Any) -> None:
    (days,) = [one for one in fields_of(DateTrigger, {"offset_days": value}) if one.path == "offset_days"]
    sent = {"offset_days": [days.text], "offset_days.way": [days.parts.get("way", "after")]}
    assert settings_from(DateTrigger, {"offset_days": value}, sent) == {"offset_days": value}
    assert days.kind != "around" or days.parts["way"] in WAYS


def _open(branches: list[dict[str, Any]], do: str = "", before: str | None = None) -> int | None:
    fields = fields_of(SplitByRule, {"branches": branches})
    errors.check(SplitByRule, {"branches": branches}, fields)
    return open_rows(fields, {} if before is None else {"_open.branches": before}, do).get("branches")


@pytest.mark.parametrize(
    ("branches", "do", "before", "after"),
    [
        ([VIP], "", "0", None),  # one branch alone is not folded
        ([VIP, NEW], "", "1", 1),
        ([VIP, NEW], "", "-1", NONE),
        ([VIP, NEW], "", "7", NONE),
        ([VIP, NEW, WRONG], "add:branches", "0", 2),
        ([VIP, NEW], "remove:branches:0", "1", 0),
        ([VIP, NEW], "remove:branches:1", "1", NONE),
        ([VIP, NEW], "remove:branches:2", "1", 1),
        ([VIP, NEW], "up:branches:1", "1", 0),
        ([VIP, NEW], "up:branches:1", "0", 1),
        ([VIP, NEW, NEW], "down:branches:0", "2", 2),
        ([VIP, NEW], "rule-add:branches.1.when:", "1", 1),
        ([VIP, NEW], "up:branches:\u0663", "1", 1),
    ],
)
def test_the_open_branch_stays_open_whatever_is_done_to_the_others(
    branches: list[dict[str, Any]], do: str, before: str, after: int | None
) -> None:
    assert _open(branches, do, before) == after


def test_a_form_that_is_opened_shows_the_first_branch_that_is_wrong() -> None:
    assert _open([VIP, NEW]) == NONE
    assert _open([VIP, WRONG, WRONG]) == 1
