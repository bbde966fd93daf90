"""Segments that are ticked become branches, in the order of the ticks."""

from typing import Any

import pytest

from web.builder_forms.ticks import segment_of, with_ticks
from web.builder_forms.values import clock_time

NAMES = {"loyal": "Loyal", "sleeping": "Sleeping", "vip": "VIP", "odd": "!!!", "else": "else"}


def branch(key: str, port: str = "") -> dict[str, Any]:
    return {"port": port or NAMES[key], "when": {"type": "all", "rules": [{"type": "segment", "key": key}]}}


OWN = {"port": "Kyiv", "when": {"type": "compare", "fact": "city", "op": "=", "value": "Kyiv"}}
BLANK = {"port": "", "when": None}


@pytest.mark.parametrize(
    ("rows", "ticked", "ports"),
    [
        ([], ["vip", "loyal"], ["VIP", "Loyal"]),
        ([BLANK], ["vip"], ["VIP"]),
        ([branch("vip")], ["vip", "nobody"], ["VIP"]),
        ([OWN, branch("vip")], ["sleeping"], ["Kyiv", "Sleeping"]),
        ([OWN], [], ["Kyiv"]),
        ([OWN, BLANK], [], ["Kyiv", ""]),
        ([branch("vip", "Best")], ["vip"], ["Best"]),
        ([branch("vip", "Loyal")], ["vip", "loyal"], ["Loyal", "Loyal 2"]),
        ([], ["odd", "else"], ["Segment", "else 2"]),
        ([], ["vip", "vip"], ["VIP"]),
    ],
)
def test_each_tick_is_a_branch(rows: list[dict[str, Any]], ticked: list[str], ports: list[str]) -> None:
    settings = {"branches": rows, "kept": 1}
    found = with_ticks(settings, settings, ticked, NAMES)
    assert [row["port"] for row in found["branches"]] == ports
    assert found["kept"] == 1
    assert settings["branches"] == rows


def test_a_branch_that_was_removed_by_its_button_does_not_come_back() -> None:
    before = {"branches": [branch("vip"), branch("loyal")]}
    found = with_ticks({"branches": [branch("loyal")]}, before, ["vip", "loyal"], NAMES)
    assert [row["port"] for row in found["branches"]] == ["Loyal"]


def test_only_a_branch_that_asks_about_nothing_else_stands_for_a_segment() -> None:
    more = {"type": "all", "rules": [{"type": "segment", "key": "vip"}, OWN["when"]]}
    assert [segment_of(one) for one in (branch("vip"), {"when": {"type": "segment", "key": "vip"}})] == ["vip", "vip"]
    assert [segment_of(one) for one in (OWN, BLANK, {"when": more}, {"when": {"type": "segment"}}, "odd")] == [None] * 5


@pytest.mark.parametrize(
    ("typed", "time"),
    [
        ("9:30", "09:30"),
        ("09:30", "09:30"),
        ("9.30", "09:30"),
        ("930", "09:30"),
        ("9", "09:00"),
        ("21", "21:00"),
        ("9 am", "09:00"),
        ("9:30 PM", "21:30"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("24:00", "24:00"),
        ("9:60", "9:60"),
        ("13 pm", "13:00"),
        ("noon", "noon"),
        ("09:30:15", "09:30:15"),
        ("", ""),
    ],
)
def test_a_time_of_day_is_understood_as_people_write_it(typed: str, time: str) -> None:
    assert clock_time(typed) == time
