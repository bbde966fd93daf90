"""Checks: each planted defect is found by name, and sound graphs raise no alarm."""

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.check import ANYWHERE, MAX_NODES, Context, check
from builder.order import cycles, digraph, topological
from builder.problems import Problem, has_errors
from builder.text import from_document
from nodes.graph import Graph
from nodes.registry import open_registry

REGISTRY = open_registry([])
KNOWN: dict[str, frozenset[str]] = {"segment": frozenset({"vip"}), "list": frozenset(), "code_batch": frozenset({"bd"})}
CONTEXT = Context({**KNOWN, **ANYWHERE.known})
VIP = {"type": "segment", "key": "vip"}


def node(id: str, type: str, **settings: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "settings": settings}


def edge(source: str, target: str, port: str = "next") -> dict[str, Any]:
    return {"from": source, "port": port, "to": target}


def graph(nodes: list[dict[str, Any]], edges: list[dict[str, Any]], **rest: Any) -> Graph:
    return from_document({"nodes": nodes, "edges": edges} | rest)


START = node("t", "trigger.event", event="purchase")
WAIT = node("w", "flow.wait")
END = node("x", "flow.exit")
SEND = node("s", "action.send", subject="Hi {{ first_name }}", body="x")
CODE = node("c", "action.promo_code", batch="bd")
SHOW = node("s", "action.send", subject="Hi", body="{{ code }}")
SPLIT = node("r", "flow.split_rule", branches=[{"port": "vip", "when": VIP}])
UNTIL = node("u", "flow.wait_until", until="profile", fact="orders.last_at", months=9)

SOUND: dict[str, Graph] = {
    "smallest": graph([START, END], [edge("t", "x")]),
    "message": graph([START, WAIT, SEND, END], [edge("t", "w"), edge("w", "s"), edge("s", "x")]),
    "code": graph([START, CODE, SHOW, END], [edge("t", "c"), edge("c", "s"), edge("s", "x")]),
    "split and merge": graph(
        [START, SPLIT, SEND, END], [edge("t", "r"), edge("r", "s", "vip"), edge("r", "x", "else"), edge("s", "x")]
    ),
    "late": graph([START, UNTIL, END], [edge("t", "u"), edge("u", "x"), edge("u", "x", "late")]),
    "birthday": graph(
        [node("t", "trigger.date", offset_days=-7), END],
        [edge("t", "x")],
        entry={"reentry": "after", "after_days": 300, "exclude_segment": "vip", "holdout_percent": "5"},
        window={"from": "2027-01-01T00:00:00+02:00", "until": "2028-01-01T00:00:00Z", "time_zone": "Europe/Kyiv"},
        exit_rules=[{"event": "purchase", "where": {"type": "compare", "fact": "data.total", "op": ">", "value": 0}}],
        goals=[{"event": "purchase"}],
        quiet_hours="none",
    ),
    "per key": graph([START, END], [edge("t", "x")], entry={"reentry": "per_key", "key": "data.order"}),
}

BAD_RULE = {"type": "compare", "fact": "city", "op": "=", "value": "x"}
DEFECTS: dict[str, tuple[Graph, set[tuple[str, str]]]] = {
    "cycle": (
        graph([START, WAIT, SEND], [edge("t", "w"), edge("w", "s"), edge("s", "w")]),
        {("w", "cycle")},
    ),
    "leads to itself": (graph([START, WAIT], [edge("t", "w"), edge("w", "w")]), {("w", "cycle")}),
    "two circles": (
        graph(
            [START, SPLIT, WAIT, SEND],
            [edge("t", "r"), edge("r", "w", "vip"), edge("w", "w"), edge("r", "s", "else"), edge("s", "s")],
        ),
        {("w", "cycle"), ("s", "cycle")},
    ),
    "unreachable": (graph([START, END, WAIT], [edge("t", "x"), edge("w", "x")]), {("w", "unreachable")}),
    "missing port": (graph([START, SPLIT, END], [edge("t", "r"), edge("r", "x", "vip")]), {("r", "missing_port")}),
    "two edges": (
        graph([START, WAIT, END], [edge("t", "w"), edge("t", "x"), edge("w", "x")]),
        {("t", "two_edges")},
    ),
    "unknown port": (
        graph([START, WAIT, END], [edge("t", "w"), edge("w", "x"), edge("w", "x", "maybe")]),
        {("w", "unknown_port")},
    ),
    "after the exit": (
        graph([START, END, WAIT], [edge("t", "x"), edge("x", "w"), edge("w", "w")]),
        {("x", "unknown_port"), ("w", "cycle")},
    ),
    "no such target": (graph([START, WAIT], [edge("t", "w"), edge("w", "ghost")]), {("w", "no_such_node")}),
    "no such source": (graph([START, END], [edge("t", "x"), edge("ghost", "x")]), {("x", "no_such_node")}),
    "duplicate id": (graph([START, END, END], [edge("t", "x")]), {("x", "duplicate_id")}),
    "no trigger": (graph([WAIT, END], [edge("w", "x")]), {("", "no_trigger")}),
    "nothing": (graph([], []), {("", "no_trigger")}),
    "several triggers": (
        graph([START, node("t2", "trigger.api", journey="x"), END], [edge("t", "x"), edge("t2", "x")]),
        {("t2", "several_triggers")},
    ),
    "into the trigger": (
        graph([START, node("t2", "trigger.date"), END], [edge("t", "t2"), edge("t2", "x")]),
        {("t2", "several_triggers"), ("t2", "edge_into_trigger")},
    ),
    "unknown type": (
        graph([START, node("w", "acme.gone"), END], [edge("t", "w"), edge("w", "x")]),
        {("w", "unknown_type")},
    ),
    "invalid settings": (
        graph([START, node("w", "flow.wait", amount=0, unit="eons"), END], [edge("t", "w"), edge("w", "x")]),
        {("w", "invalid_settings")},
    ),
    "shares": (
        graph(
            [START, node("w", "flow.split_share", shares=[{"port": "a", "percent": 99}]), END],
            [edge("t", "w"), edge("w", "x", "a")],
        ),
        {("w", "invalid_settings")},
    ),
    "unknown variable": (
        graph([START, node("s", "action.send", subject="{{ name }}", body="x"), END], [edge("t", "s"), edge("s", "x")]),
        {("s", "unknown_variable")},
    ),
    "broken template": (
        graph([START, node("s", "action.send", subject="{{ name", body="x"), END], [edge("t", "s"), edge("s", "x")]),
        {("s", "invalid_template")},
    ),
    "segment gone": (
        graph([node("t", "trigger.segment", segment="ghosts"), END], [edge("t", "x")]),
        {("t", "segment_gone")},
    ),
    "list gone": (
        graph(
            [START, node("r", "flow.split_rule", branches=[{"port": "a", "when": {"type": "list", "key": "l"}}]), END],
            [edge("t", "r"), edge("r", "x", "a"), edge("r", "x", "else")],
        ),
        {("r", "list_gone")},
    ),
    "code batch gone": (
        graph([START, node("c", "action.promo_code", batch="none"), END], [edge("t", "c"), edge("c", "x")]),
        {("c", "code_batch_gone")},
    ),
    "channel gone": (
        graph([START, node("s", "action.send", channel="emial", body="x"), END], [edge("t", "s"), edge("s", "x")]),
        {("s", "channel_gone")},
    ),
    "no code": (graph([START, SHOW, CODE, END], [edge("t", "s"), edge("s", "c"), edge("c", "x")]), {("s", "no_code")}),
    "excluded segment gone": (
        graph([START, END], [edge("t", "x")], entry={"exclude_segment": "ghosts"}),
        {("", "segment_gone")},
    ),
    "after without days": (graph([START, END], [edge("t", "x")], entry={"reentry": "after"}), {("", "entry")}),
    "key without key": (graph([START, END], [edge("t", "x")], entry={"reentry": "per_key"}), {("", "entry")}),
    "closed": (
        graph([START, END], [edge("t", "x")], window={"from": "2027-02-01T00:00Z", "until": "2027-01-01T00:00Z"}),
        {("", "window")},
    ),
    "no zone": (graph([START, END], [edge("t", "x")], window={"from": "2027-02-01T00:00"}), {("", "window")}),
    "unknown zone": (graph([START, END], [edge("t", "x")], window={"time_zone": "Mars"}), {("", "time_zone")}),
    "quiet hours": (graph([START, END], [edge("t", "x")], quiet_hours="loud"), {("", "quiet_hours")}),
    "exit rule": (
        graph([START, END], [edge("t", "x")], exit_rules=[{"event": "purchase", "where": BAD_RULE}]),
        {("", "invalid_rule")},
    ),
    "goal": (
        graph([START, END], [edge("t", "x")], goals=[{"event": "purchase", "where": {"type": "?"}}]),
        {("", "invalid_rule")},
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_graph_raises_no_alarm(name: str) -> None:
    assert check(SOUND[name], REGISTRY, CONTEXT) == []


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_with_its_place_and_a_remedy(name: str) -> None:
    broken, expected = DEFECTS[name]
    errors = [problem for problem in check(broken, REGISTRY, CONTEXT) if problem.severity == "error"]
    assert {(problem.node, problem.code) for problem in errors} == expected
    for problem in errors:
        assert problem.message
        assert problem.remedy or problem.code == "unknown_type"
        assert "Input should" not in str(problem)


def test_all_problems_come_at_once_errors_first() -> None:
    nodes = [START, WAIT, node("s", "action.send", subject="{{ who }}", body=""), node("w", "flow.wait", amount=0)]
    found = check(graph(nodes, [edge("t", "w"), edge("w", "w"), edge("t", "x")]), REGISTRY, CONTEXT)
    assert {"duplicate_id", "cycle", "two_edges", "no_such_node", "unreachable", "unknown_variable"} <= {
        problem.code for problem in found
    }
    assert [one.severity for one in found] == sorted(one.severity for one in found)


def test_where_the_journey_ends_without_an_exit_is_a_warning() -> None:
    (found,) = check(graph([START, WAIT], [edge("t", "w")]), REGISTRY, CONTEXT)
    assert (found.node, found.severity, found.code) == ("w", "warning", "dead_end")
    assert not has_errors([found])


def test_a_yearly_date_that_lets_customers_in_once_is_a_warning() -> None:
    (found,) = check(graph([node("t", "trigger.date"), END], [edge("t", "x")]), REGISTRY, CONTEXT)
    assert (found.severity, found.code) == ("warning", "once_only")


def test_without_a_context_nothing_is_said_of_what_may_exist() -> None:
    ghosts = graph([node("t", "trigger.segment", segment="ghosts"), END], [edge("t", "x")])
    assert check(ghosts, REGISTRY) == []


def test_a_journey_of_ten_thousand_steps_is_checked_and_a_longer_one_refused() -> None:
    nodes = [START, *(node(f"n{number}", "flow.wait") for number in range(MAX_NODES - 2)), END]
    ids = [one["id"] for one in nodes]
    edges = [edge(source, target) for source, target in pairwise(ids)]
    started = time.process_time()
    assert check(graph(nodes, edges), REGISTRY) == []
    assert time.process_time() - started < 20
    (found,) = check(graph([*nodes, node("one_more", "flow.exit")], edges), REGISTRY)
    assert found.code == "too_big"


@st.composite
def wired(draw: st.DrawFn) -> Graph:
    """A graph of waits with arrows at random."""
    size = draw(st.integers(1, 8))
    ids = [f"n{number}" for number in range(size)]
    pairs = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=12))
    return graph([node(id, "flow.wait") for id in ids], [edge(source, target) for source, target in pairs])


@settings(max_examples=200)
@given(wired())
def test_a_graph_has_an_order_exactly_when_it_has_no_circle(drawn: Graph) -> None:
    circles = cycles(digraph(drawn))
    for circle in circles:
        steps = {(one.source, one.target) for one in drawn.edges}
        assert {*zip(circle, [*circle[1:], circle[0]], strict=True)} <= steps
    if not circles:
        order = topological(drawn)
        assert sorted(order) == sorted(one.id for one in drawn.nodes)
        assert all(order.index(one.source) < order.index(one.target) for one in drawn.edges)
    assert ("cycle" in {problem.code for problem in check(drawn, REGISTRY)}) == bool(circles)


@settings(max_examples=100)
@given(wired())
def test_no_graph_makes_the_check_raise(drawn: Graph) -> None:
    assert all(isinstance(problem, Problem) for problem in check(drawn, REGISTRY, CONTEXT))


def codes(*nodes: dict[str, Any], edges: Any = None, context: Context = CONTEXT, **rest: Any) -> set[str]:
    arrows = [edge(a["id"], b["id"]) for a, b in pairwise(nodes)] if edges is None else edges
    return {problem.code for problem in check(graph(list(nodes), arrows, **rest), REGISTRY, context)}


def test_a_schedule_that_never_comes_round_is_found() -> None:
    never = node("t", "trigger.schedule", every="cron", cron="0 10 31 2 *")
    always = {"reentry": "always"}
    assert "schedule_never" in codes(never, END, entry=always)
    leap = node("t", "trigger.schedule", every="cron", cron="0 10 29 2 *")
    assert codes(leap, END, entry=always) == set()
    assert "once_only" in codes(leap, END)


def test_an_experiment_that_nobody_can_win_is_found() -> None:
    trial = node("x", "flow.experiment")
    goal = node("g", "flow.goal")
    ways = [edge("t", "x"), edge("x", "g", "a"), edge("x", "e", "b")]
    assert "never_won" not in codes(START, trial, goal, node("e", "flow.exit"), edges=[*ways, edge("g", "e")])
    both = [edge("t", "x"), edge("x", "e", "a"), edge("x", "e", "b")]
    assert "never_won" in codes(START, trial, node("e", "flow.exit"), edges=both)
    assert "never_won" not in codes(START, trial, node("e", "flow.exit"), edges=both, goals=[{"event": "purchase"}])
    by_event = node("x", "flow.experiment", success="event")
    assert "never_won" not in codes(START, by_event, node("e", "flow.exit"), edges=both)


def test_gates_windows_and_circles_that_make_no_sense_are_found() -> None:
    assert "gate_never" in codes(START, node("g", "flow.gate", opens="date", date="2999-01-01"), END)
    assert "segment_gone" in codes(START, node("g", "flow.gate", opens="segment", segment="nobody"), END)
    kept_out = {"exclude_segment": "vip"}
    assert "gate_never" in codes(START, node("g", "flow.gate", opens="segment", segment="vip"), END, entry=kept_out)
    assert "always_open" in codes(START, node("w", "flow.window", opens="00:00", closes="00:00"), END)
    around = Context({**CONTEXT.known, "journey": frozenset({"mine"})}, "mine")
    assert "journey_gone" in codes(START, node("j", "flow.journey", journey="gone"), END, context=around)


def test_a_watched_journey_has_to_be_there_with_its_step() -> None:
    steps = {"welcome": frozenset({"n1", "n2"}), "draft": None}
    around = Context({**CONTEXT.known, "journey": frozenset({"welcome", "draft"})}, "mine", steps)

    def found(**settings: Any) -> set[str]:
        return codes(node("t", "trigger.journey", **settings), END, context=around)

    assert found(journey="welcome") == found(journey="welcome", when="step", step_id="n2") == set()
    assert found(journey="welcome", when="step", step_id="n9") == {"step_gone"}
    assert found(journey="gone", when="step", step_id="n9") == {"journey_gone"}
    assert found(journey="draft", when="step", step_id="n9") == {"watches_nothing"}


def test_a_list_that_the_journey_makes_may_be_asked_about() -> None:
    asks = node("s", "flow.split_rule", branches=[{"port": "on", "when": {"type": "list", "key": "mine"}}])
    puts = node("l", "action.list", list="mine")
    ways = [edge("t", "l"), edge("l", "s"), edge("s", "x", "on"), edge("s", "x", "else")]
    assert "list_gone" not in codes(START, puts, asks, END, edges=ways)
    assert "list_gone" in codes(START, asks, END, edges=ways[1:])
