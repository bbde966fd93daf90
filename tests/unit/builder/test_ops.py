"""Operations: each has its exact inverse, keeps the text canonical, and says what is wrong when it does not fit."""

from collections import Counter
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.meeting import meeting, nodes_of, touched
from builder.op_shapes import read_ops
from builder.ops import Document, Op, apply, normal
from builder.text import from_document, read, to_document, write
from wayfare.errors import BadOperation

IDS = st.sampled_from(["n1", "n2", "n3", "n4"])
NOTES = st.sampled_from(["x1", "x2", "n1"])
PORTS = st.sampled_from(["next", "else"])
PLACE = st.tuples(st.integers(-50, 50), st.integers(-50, 50)).map(list)
SETTINGS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2)
NODE = st.fixed_dictionaries(
    {"id": IDS, "type": st.just("flow.wait"), "settings": SETTINGS, "position": PLACE},
    optional={"note": st.sampled_from(["", "why"]), "version": st.integers(1, 2)},
)
EDGE = st.fixed_dictionaries({"from": IDS, "port": PORTS, "to": IDS})
NOTE = st.fixed_dictionaries({"id": NOTES, "text": st.sampled_from(["", "a"])}, optional={"position": PLACE})
INDEX = {"index": st.integers(0, 5)}


def op(name: str, some: dict[str, Any] | None = None, /, **parts: Any) -> Any:
    return st.fixed_dictionaries({"op": st.just(name), **parts}, optional=some or {})


OP = st.one_of(
    op("add_node", INDEX, node=NODE),
    op("remove_node", id=IDS),
    op("move", positions=st.dictionaries(IDS | NOTES, PLACE, max_size=3)),
    op("add_edge", edge=EDGE),
    st.fixed_dictionaries({"op": st.just("remove_edge"), "from": IDS, "port": PORTS}),
    op("set_settings", {"version": st.integers(1, 2)}, id=IDS, settings=SETTINGS),
    op("set_note", id=IDS, note=st.sampled_from(["", "because"])),
    op("add_note", INDEX, note=NOTE),
    op("remove_note", id=NOTES),
    op("edit_note", {"text": st.sampled_from(["", "b"]), "size": st.just([200, 100])}, id=NOTES),
    op(
        "set_journey",
        values=st.fixed_dictionaries(
            {},
            optional={
                "entry": st.fixed_dictionaries({"reentry": st.sampled_from(["never", "always"])}),
                "quiet_hours": st.sampled_from(["default", "none"]),
                "goals": st.lists(st.just({"event": "purchase"}), max_size=1),
            },
        ),
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {"nodes": st.lists(NODE, max_size=4), "edges": st.lists(EDGE, max_size=4), "notes": st.lists(NOTE, max_size=2)}
).map(normal)


def numbered(nodes: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Call nodes n1, n2 and so on."""
    return [{**node, "id": f"n{number}"} for number, node in enumerate(nodes, 1)]


FULL = st.fixed_dictionaries(
    {
        "nodes": st.tuples(NODE, NODE, NODE).map(numbered),
        "edges": st.lists(EDGE, min_size=1, max_size=4),
        "notes": st.just([{"id": "x1", "text": "a"}]),
    }
).map(normal)
"""Drafts in which most operations find what they are about."""


def fitting(document: Document, ops: list[Op]) -> list[Op]:
    """Return those operations that can be carried out one after the other."""
    kept = []
    for one in read_ops(ops) if ops else []:
        with suppress(BadOperation):
            document, _ = apply(document, [one])
            kept.append(one)
    return kept


@given(DOCUMENTS, st.lists(OP, max_size=8))
def test_the_inverse_brings_back_exactly_what_was(document: Document, ops: list[Op]) -> None:
    before = write(from_document(document))
    ops = fitting(document, ops)
    after, inverse = apply(document, ops)
    assert write(from_document(document)) == before, "the old document is left as it was"
    again, forth = apply(after, inverse)
    assert again == document
    assert list(again) == list(document)
    assert write(from_document(again)) == before
    assert apply(again, forth)[0] == after


@given(DOCUMENTS, st.lists(OP, max_size=8))
def test_what_comes_out_is_canonical_text(document: Document, ops: list[Op]) -> None:
    after, _ = apply(document, fitting(document, ops))
    assert to_document(from_document(after)) == after
    assert normal(after) == after
    text = write(from_document(after))
    assert write(read(text)) == text


@given(DOCUMENTS, st.lists(OP, max_size=8))
def test_an_edit_is_carried_out_whole_or_not_at_all(document: Document, ops: list[Op]) -> None:
    ops = read_ops(ops) if ops else []
    before = write(from_document(document))
    fit = fitting(document, ops)
    if fit == ops:
        apply(document, ops)
    else:
        with pytest.raises(BadOperation) as caught:
            apply(document, ops)
        assert 0 <= caught.value.index < len(ops)
    assert write(from_document(document)) == before


def test_edits_that_do_not_meet_commute() -> None:
    compared: Counter[frozenset[str]] = Counter()

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(FULL, st.lists(OP, min_size=1, max_size=6), st.lists(OP, min_size=1, max_size=6))
    def commute(document: Document, mine: list[Op], theirs: list[Op]) -> None:
        mine = [one for one in fitting(document, mine) if one["op"] != "move"]
        theirs = [one for one in read_ops(theirs) if one["op"] != "move" and not meeting(mine, [one])]
        theirs = fitting(document, theirs)
        assert not meeting(mine, theirs)
        first, second = apply(document, mine)[0], apply(document, theirs)[0]
        try:
            one, other = apply(first, theirs)[0], apply(second, mine)[0]
        except BadOperation:  # an arrow that left with its step: a conflict that shows when it is carried out
            return
        assert loose(one) == loose(other)
        for a, b in product(mine, theirs):
            compared[frozenset((a["op"], b["op"]))] += 1

    commute()
    assert sum(compared.values()) > 150, "many pairs of edits were carried out in both orders"
    assert len(compared) > 25, f"of many kinds: {compared}"


def loose(document: Document) -> Any:
    """A document without the order of its nodes and notes, and of the edges that follows from it."""
    return {
        key: sorted(map(str, value)) if key in ("nodes", "edges", "notes") else value for key, value in document.items()
    }


@given(st.lists(OP, max_size=4), st.lists(OP, max_size=4))
def test_meeting_is_mutual_and_an_edit_meets_itself(mine: list[Op], theirs: list[Op]) -> None:
    mine, theirs = (read_ops(ops) if ops else [] for ops in (mine, theirs))
    assert meeting(mine, theirs) == meeting(theirs, mine)
    ours = {one for op in mine for one in touched(op) if not one.startswith("position:")}
    assert ours <= meeting(mine, mine)


def a_draft() -> Document:
    """n1 → n2 → n3."""
    nodes = [{"id": id, "type": "flow.wait"} for id in ("n1", "n2", "n3")]
    return normal({"nodes": nodes, "edges": [{"from": "n1", "to": "n2"}, {"from": "n2", "to": "n3"}]})


def test_a_removed_step_takes_its_arrows_along_and_brings_them_back() -> None:
    after, inverse = apply(a_draft(), read_ops([{"op": "remove_node", "id": "n2"}]))
    assert ([node["id"] for node in after["nodes"]], after["edges"]) == (["n1", "n3"], [])
    assert apply(after, inverse)[0] == a_draft()


def test_one_port_has_one_arrow() -> None:
    ops = read_ops([{"op": "add_edge", "edge": {"from": "n1", "port": "next", "to": "n3"}}])
    after, inverse = apply(a_draft(), ops)
    assert [edge["to"] for edge in after["edges"] if edge["from"] == "n1"] == ["n3"]
    assert inverse == [{"op": "add_edge", "edge": {"from": "n1", "port": "next", "to": "n2"}}]


ADD = {"op": "add_node", "node": {"id": "n1", "type": "flow.wait"}}
LEAD = {"op": "add_edge", "edge": {"from": "n1", "to": "n3"}}
SIDE_BY_SIDE: list[tuple[str, Op, Op, list[str]]] = [
    ("two settings of one step", set_ := {"op": "set_settings", "id": "n1", "settings": {}}, set_, ["node:n1"]),
    ("other steps", set_, set_ | {"id": "n2"}, []),
    ("settings and removal", set_, {"op": "remove_node", "id": "n1"}, ["node:n1"]),
    ("an arrow to a step that goes", LEAD, {"op": "remove_node", "id": "n3"}, ["node:n3"]),
    ("an arrow from a step that goes", LEAD, {"op": "remove_node", "id": "n1"}, ["node:n1"]),
    ("one port, two arrows", LEAD, {"op": "add_edge", "edge": {"from": "n1", "to": "n2"}}, ["edge:n1:next"]),
    ("two ports", LEAD, {"op": "add_edge", "edge": {"from": "n1", "port": "no", "to": "n2"}}, []),
    ("two steps with one id", ADD, ADD, ["node:n1"]),
    ("two moves", {"op": "move", "positions": {"n1": [0, 0]}}, {"op": "move", "positions": {"n1": [5, 5]}}, []),
    ("a move and a removal", {"op": "move", "positions": {"n1": [0, 0]}}, {"op": "remove_node", "id": "n1"}, []),
    (
        "entry and goals",
        {"op": "set_journey", "values": {"entry": {}}},
        {"op": "set_journey", "values": {"goals": []}},
        [],
    ),
]


@pytest.mark.parametrize(("name", "mine", "theirs", "met"), SIDE_BY_SIDE, ids=[row[0] for row in SIDE_BY_SIDE])
def test_edits_meet_where_they_disagree(name: str, mine: Op, theirs: Op, met: list[str]) -> None:
    found = meeting(read_ops([mine]), read_ops([theirs]))
    assert sorted(found) == met
    assert nodes_of(found) == [one.split(":")[1] for one in met]


BAD: list[tuple[Any, int, str]] = [
    (None, 0, "a list of operations"),
    ([], 0, "a list of operations"),
    ([{"op": "explode"}], 0, "no operation 'explode'"),
    (["move"], 0, "no operation None"),
    ([ADD | {"node": {"id": "a b", "type": "x"}}], 0, "add_node: node.id: it must look like"),
    ([LEAD, {"op": "set_settings", "id": "n1"}], 1, "set_settings: settings: fill this in"),
    ([LEAD, {"op": "move", "positions": {"n1": [1]}}], 1, "move: positions.n1.1: fill this in"),
    ([{"op": "move", "positions": {"n1": [0, 10**9]}}], 0, "at most 1000000"),
    ([{"op": "set_note", "id": "n1", "note": "\0"}], 0, "NUL"),
    ([{"op": "set_journey", "values": {"entry": {"reentry": "sometimes"}}}], 0, "choose one of"),
    ([{"op": "set_journey", "values": {"nodes": []}}], 0, "no such setting"),
    ([{"op": "remove_node", "id": "n1", "colour": 1}], 0, "no such setting"),
]
MISFITS: list[tuple[list[Op], int, str]] = [
    ([ADD], 0, "there is a step 'n1' already"),
    ([{"op": "remove_node", "id": "n9"}], 0, "there is no step 'n9'"),
    ([{"op": "remove_node", "id": "n1"}, set_], 1, "there is no step 'n1'"),
    ([{"op": "add_edge", "edge": {"from": "n1", "to": "n9"}}], 0, "there is no step 'n9'"),
    ([{"op": "remove_edge", "from": "n1", "port": "no"}], 0, "no arrow leaves 'n1' by 'no'"),
    ([{"op": "move", "positions": {"n9": [0, 0]}}], 0, "there is no step and no note 'n9'"),
    ([{"op": "add_note", "note": {"id": "n1", "text": ""}}], 0, "there is a step 'n1' already"),
    ([{"op": "edit_note", "id": "x1", "text": ""}], 0, "there is no note 'x1'"),
]


@pytest.mark.parametrize(("value", "index", "message"), BAD, ids=[row[2] for row in BAD])
def test_what_is_no_operation_is_refused_by_name(value: Any, index: int, message: str) -> None:
    with pytest.raises(BadOperation) as caught:
        read_ops(value)
    assert message in str(caught.value)
    assert caught.value.index == index


@pytest.mark.parametrize(("ops", "index", "message"), MISFITS, ids=[row[2] for row in MISFITS])
def test_what_does_not_fit_the_draft_is_refused_by_name(ops: list[Op], index: int, message: str) -> None:
    with pytest.raises(BadOperation) as caught:
        apply(a_draft(), read_ops(ops))
    assert message in str(caught.value)
    assert caught.value.index == index


def test_a_draft_that_a_program_saved_is_mended() -> None:
    nodes = [{"id": "n1", "type": "a"}, {"id": "n1", "type": "b"}, {"id": "n1-2", "type": "c"}]
    edges = [{"from": "n1", "to": "n1-2"}, {"from": "n1", "to": "gone"}, {"from": "n1", "to": "n1"}]
    found = normal({"nodes": nodes, "edges": edges})
    assert len({node["id"] for node in found["nodes"]}) == 3
    assert [node["type"] for node in found["nodes"]] == ["a", "b", "c"]
    assert len(found["edges"]) == 1
    assert normal({}) == to_document(from_document({}))
