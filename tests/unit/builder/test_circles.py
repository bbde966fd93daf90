"""Journeys that start each other: found from every side, an error only where nothing holds customers up."""

from itertools import pairwise
from typing import Any

import pytest

from builder.circles import Links, circle_problems, links_of

ALWAYS = {"reentry": "always"}
WAIT = ("flow.wait", {"amount": 1})


def links(key: str, *steps: tuple[str, dict[str, Any]], entry: dict[str, Any] | None = None) -> Links:
    """A journey called by its key in capitals: steps s0, s1, ... one after the other."""
    nodes = [{"id": f"s{n}", "type": type, "settings": settings} for n, (type, settings) in enumerate(steps)]
    edges = [{"from": a["id"], "to": b["id"]} for a, b in pairwise(nodes)]
    return links_of(key, key.title(), {"nodes": nodes, "edges": edges, "entry": entry or {}})


def on(event: str = "go") -> tuple[str, dict[str, Any]]:
    return ("trigger.event", {"event": event})


def start(journey: str) -> tuple[str, dict[str, Any]]:
    return ("flow.journey", {"journey": journey})


def after(journey: str, step: str = "") -> tuple[str, dict[str, Any]]:
    more = {"when": "step", "step_id": step} if step else {}
    return ("trigger.journey", {"journey": journey, **more})


def found(own: Links, *others: Links) -> list[tuple[str, str, str]]:
    return [(one.severity, one.code, one.node) for one in circle_problems(own, others)]


END = ("flow.exit", {"reason": ""})
ERROR, WARNING = "error", "warning"


def test_journeys_that_start_each_other_at_once_cannot_be_published() -> None:
    a = links("a", on(), start("b"), END, entry=ALWAYS)
    b = links("b", on("other"), start("a"), END, entry=ALWAYS)
    assert found(a, b) == [(ERROR, "start_each_other", "s1")]
    assert found(b, a) == [(ERROR, "start_each_other", "s1")]
    (problem,) = circle_problems(a, [b])
    assert problem.message.startswith("this journey and “B” start each other")
    assert "16 journeys" in problem.remedy
    assert found(a) == found(a, links("b", on("other"), END, entry=ALWAYS)) == []


def test_a_journey_that_starts_itself_is_found() -> None:
    assert found(links("a", on(), start("a"), END, entry=ALWAYS)) == [(ERROR, "starts_itself", "s1")]
    assert found(links("a", after("a"), END, entry=ALWAYS)) == [(ERROR, "starts_itself", "s0")]
    assert found(links("a", after("a", "s1"), END, entry=ALWAYS)) == [(ERROR, "starts_itself", "s0")]
    assert found(links("", on(), start("a"), END, entry=ALWAYS)) == [], "a file has no key that others could name"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((on(), WAIT, start("b"), END), (on("other"), start("a"), END)),
        ((on(), start("b"), END), (on("other"), WAIT, start("a"), END)),
        ((on(), ("acme.night", {}), start("b"), END), (on("other"), start("a"), END)),
        ((after("b"), END), (after("a"), WAIT, END)),
        ((after("b", "s2"), END), (after("a"), WAIT, END)),
    ],
    ids=["wait here", "wait there", "a step that nobody knows", "wait before the end", "wait before the step"],
)
def test_a_wait_makes_it_a_warning(a: Any, b: Any) -> None:
    one, other = links("a", *a, entry=ALWAYS), links("b", *b, entry=ALWAYS)
    for own, around in ((one, other), (other, one)):
        ((severity, code, _),) = found(own, around)
        assert (severity, code) == (WARNING, "start_each_other")


def test_a_wait_behind_the_place_holds_nobody_up() -> None:
    a = links("a", on(), start("b"), WAIT, END, entry=ALWAYS)
    assert found(a, links("b", after("a", "s1"), start("a"), END, entry=ALWAYS))[0][0] == ERROR


@pytest.mark.parametrize("entry", [{}, {"reentry": "never"}, {"reentry": "after"}, {**ALWAYS, "limit_per_day": 9}])
def test_a_limit_on_entries_makes_it_a_warning(entry: dict[str, Any]) -> None:
    a = links("a", on(), start("b"), END, entry=ALWAYS)
    b = links("b", on("other"), start("a"), END, entry=entry)
    assert found(a, b) == [(WARNING, "start_each_other", "s1")]
    (problem,) = circle_problems(a, [b])
    assert "not everybody may enter “B” again and again" in problem.message
    (problem,) = circle_problems(b, [a])
    assert "not everybody may enter here again and again" in problem.message


def test_watching_and_being_watched_is_found_from_both_sides() -> None:
    a = links("a", on(), start("b"), END, entry=ALWAYS)
    b = links("b", after("a"), END, entry=ALWAYS)
    back = links("a", after("b"), END, entry=ALWAYS)
    assert found(a, b) == found(b, a) == [], "a starts b in two ways, and nobody starts a"
    assert found(back, b) == [(ERROR, "start_each_other", "s0")]
    assert found(b, back) == [(ERROR, "start_each_other", "s0")]


def test_longer_circles_are_told_by_name() -> None:
    a = links("a", on(), start("b"), END, entry=ALWAYS)
    b = links("b", on("other"), start("c"), END, entry=ALWAYS)
    c = links("c", on("other"), start("a"), END, entry=ALWAYS)
    (problem,) = circle_problems(a, [b, c])
    assert "this journey starts “B”, which starts “C”, which starts this one" in problem.message


def test_events_that_come_back_are_a_warning_as_their_conditions_may_end_it() -> None:
    a = links("a", on("ping"), ("action.emit", {"event": "pong"}), END, entry=ALWAYS)
    b = links("b", on("pong"), ("action.emit", {"event": "ping"}), END, entry=ALWAYS)
    assert found(a, b) == [(WARNING, "start_each_other", "s0")]
    assert found(a, links("b", on("pong"), END, entry=ALWAYS)) == []


def test_settings_that_make_no_sense_are_no_links() -> None:
    odd = links("a", ("trigger.event", {"event": 5}), ("flow.journey", {}), ("trigger.journey", {"journey": None}))
    assert (odd.starts, odd.watches, odd.listens) == ((), (), ())
    assert found(odd, odd) == []
