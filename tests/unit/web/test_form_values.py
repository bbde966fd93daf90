"""What people type and what it means: numbers, money, durations, conditions, and clicks in a rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.builder_forms import conditions, values
from web.builder_forms.read import click, settings_from
from web.builder_forms.rule_form import in_plain_words, read_rule
from web.builder_forms.rules import BLANK, Group, change, dump, mark, tree
from web.builder_forms.values import meant, money_meant, money_shown, number


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", 12),
        (" 1 234 ", 1234),
        ("1\u202f234,5", 1234.5),
        ("−7", -7),
        ("1e3", 1000.0),
        ("", ""),
        ("soon", "soon"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("9" * 30, float("9" * 30)),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, value: Any) -> None:
    found = number(typed)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("minor", "shown"), [(0, "0.00"), (5, "0.05"), (-1250, "-12.50"), (123456789, "1234567.89"), (12.5, "0.125")]
)
def test_money_is_shown_in_major_units(minor: float, shown: str) -> None:
    assert money_shown(minor) == shown


@given(st.integers(-(10**15), 10**15))
def test_money_comes_back_as_it_was(minor: int) -> None:
    assert money_meant(money_shown(minor)) == minor


@pytest.mark.parametrize("typed", ["", "much", "1.005", "1,2,3"])
def test_what_is_no_money_stays_as_it_was_typed(typed: str) -> None:
    assert money_meant(typed) == typed


def test_a_blank_is_nothing_where_nothing_is_allowed() -> None:
    assert meant("integer", " ", {"nullable": True}) is None
    assert meant("integer", "", {}) == ""
    assert meant("text", "", {"nullable": True}) is None
    assert meant("text", " ", {"nullable": True}) == " "


@pytest.mark.parametrize(
    ("text", "parts"), [("P3D", ("3", "days")), ("PT5H", ("5", "hours")), ("PT90M", ("90", "minutes"))]
)
def test_durations_are_an_amount_and_a_unit(text: str, parts: tuple[str, str]) -> None:
    assert values.duration_shown(text) == parts
    assert values.duration_meant(*parts) == text


@pytest.mark.parametrize("text", ["P1DT2H", "P1Y", "", None, 5])
def test_other_durations_stay_text(text: Any) -> None:
    assert values.duration_shown(text) is None


def _meant(**fields: str) -> Any:
    return conditions.meant(fields.get)


def test_a_new_subject_starts_with_what_people_ask_most() -> None:
    changed = {"from": "fact:city", "op": "contains", "value": "Київ"}
    assert _meant(**changed, about="fact:birthday") == {"type": "birthday", "within_days": 7}
    assert _meant(**changed, about="segment") == {"type": "segment", "key": ""}
    assert _meant(**changed, about="fact:orders.count")["value"] is None


def test_values_follow_the_operator() -> None:
    base = {"about": "fact:city", "from": "fact:city", "kind": "text"}
    assert _meant(**base, op="in", value="Київ")["value"] == ["Київ"]
    assert _meant(**base, op="=", values="Київ\r\nЛьвів")["value"] == "Київ"
    assert _meant(**base, op="in", values="Київ\r\n\r\nЛьвів\r\n")["value"] == ["Київ", "Львів"]
    assert _meant(**base, op="between", value="А")["value"] == ["А", ""]


def test_the_type_of_an_attribute_is_kept_also_when_it_is_blank() -> None:
    base = {"about": "fact:attrs.points", "from": "fact:attrs.points", "op": ">="}
    blank = _meant(**base, kind="number", value="")
    assert blank["value"] is None
    fields = conditions.shown(blank)
    assert fields
    assert fields["kind"] == "number"
    assert _meant(**base, kind="yes_no", value="false") == {
        "type": "compare",
        "fact": "attrs.points",
        "op": "=",
        "value": False,
    }


def test_moments_get_the_zone_of_the_form() -> None:
    base = {"about": "fact:created_at", "from": "fact:created_at", "op": "<", "kind": "instant", "zone": "+02:00"}
    assert _meant(**base, value="2027-01-01T10:00")["value"] == "2027-01-01T10:00+02:00"


RULE = {
    "type": "all",
    "rules": [
        {"type": "set", "fact": "city"},
        {"type": "not", "rule": {"type": "any", "rules": [{"type": "set", "fact": "level"}]}},
    ],
}


def _after(verb: str, place: str) -> Any:
    item = change(tree(RULE), verb, place, BLANK)
    return None if item is None else dump(item)


def test_clicks_change_the_rule_where_they_point() -> None:
    assert _after("add", "")["rules"][2] == BLANK
    assert _after("add", "1")["rules"][1]["rule"]["rules"][1] == BLANK
    assert _after("group", "")["rules"][2] == {"type": "any", "rules": [BLANK]}
    assert _after("add", "0")["rules"][0] == {"type": "all", "rules": [RULE["rules"][0], BLANK]}
    assert _after("remove", "0")["rules"] == RULE["rules"][1:]
    assert _after("up", "1")["rules"] == RULE["rules"][::-1]
    assert _after("copy", "1")["rules"][2] == RULE["rules"][1]
    assert _after("remove", "") is None
    assert _after("down", "1") == _after("up", "0") == _after("remove", "7.9") == _after("nonsense", "0") == RULE


@given(st.text("0123456789.:", max_size=8), st.sampled_from(["add", "group", "remove", "up", "down", "copy", "x"]))
def test_no_click_breaks_a_rule(place: str, verb: str) -> None:
    change(tree(RULE), verb, place, BLANK)


def test_problems_stand_at_their_condition() -> None:
    from wayfare.segments import RuleInvalid, parse_rule

    rule = {"type": "all", "rules": [{"type": "not", "rule": dict(BLANK)}, {"type": "segment", "key": ""}]}
    with pytest.raises(RuleInvalid) as refused:
        parse_rule(rule)
    root = tree(rule)
    assert isinstance(root, Group)
    assert mark(root, in_plain_words(refused.value, rule)) == []
    assert [one.error for one in root.items] == ["Choose what to ask about", "Choose one"]


def test_json_that_is_no_rule_is_kept() -> None:
    assert read_rule({"r.is": "raw", "r.json": '{"type": "new"}'}, "r") == {"type": "new"}
    assert read_rule({"r.is": "raw", "r.json": "{"}, "r") == {"type": "unreadable", "text": "{"}


def test_clicks_that_lead_nowhere_change_no_settings() -> None:
    from nodes.builtin.flow_split_share import SplitByShare

    for do in (
        "remove:shares:99",
        "up:shares:0",
        "add:nothing",
        "set:shares",
        "rule-add:shares:",
        "x",
        "remove:shares:-1",
    ):
        assert len(click(SplitByShare, {}, do).get("shares", [1, 2])) == 2, do
    assert [one["port"] for one in click(SplitByShare, {}, "down:shares:0")["shares"]] == ["b", "a"]
    assert settings_from(SplitByShare, {"shares": "x", "y": 1}, {}) == {"shares": "x", "y": 1}
