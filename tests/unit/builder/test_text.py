"""The text of a journey: one canonical form, and no text that does harm."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.problems import Problem
from builder.text import MAX_BYTES, from_document, read, to_document, write
from builder.tidy import tidied
from nodes.graph import Graph
from nodes.registry import open_registry
from wayfare.errors import GraphInvalid

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "journeys").glob("*.json"))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["n1", "n2", "n10", "send_it", "x-1"])
DOCUMENTS = st.fixed_dictionaries(
    {
        "nodes": st.lists(
            st.fixed_dictionaries(
                {"id": IDS, "type": st.sampled_from(["flow.wait", "acme.x"]), "settings": st.dictionaries(TEXT, JSON)},
                optional={
                    "position": st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=2),
                    "note": TEXT,
                    "version": st.integers(1, 9),
                },
            ),
            max_size=4,
        ),
        "edges": st.lists(st.fixed_dictionaries({"from": IDS, "to": IDS}, optional={"port": IDS}), max_size=5),
    },
    optional={
        "entry": st.fixed_dictionaries(
            {"holdout_percent": st.sampled_from(["5", "0", 5, "33.30", 12.5])},
            optional={"reentry": st.sampled_from(["never", "always"]), "limit_per_day": st.integers(1, 9)},
        ),
        "exit_rules": st.lists(st.fixed_dictionaries({"event": st.just("purchase"), "where": st.none()}), max_size=2),
        "window": st.fixed_dictionaries({"from": st.sampled_from([None, "2027-03-08T10:00:00+02:00"])}),
    },
)


@given(DOCUMENTS)
def test_reading_what_was_written_gives_the_same_journey_and_the_same_text(document: dict[str, Any]) -> None:
    graph = from_document(document)
    text = write(graph)
    again = read(text)
    assert write(again) == text
    assert again.nodes == graph.nodes
    assert sorted(map(str, again.edges)) == sorted(map(str, graph.edges))
    assert (again.entry, again.goals, again.exit_rules, again.window) == (
        *(graph.entry, graph.goals, graph.exit_rules, graph.window),
    )
    assert to_document(again) == json.loads(text)


@given(DOCUMENTS, st.randoms())
def test_the_order_of_keys_and_arrows_does_not_show(document: dict[str, Any], random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(part) for part in value] if isinstance(value, list) else value

    other = shuffled(document)
    random.shuffle(other["edges"])
    assert write(from_document(other)) == write(from_document(document))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_examples_are_in_canonical_form(file: Path) -> None:
    assert write(read(file.read_bytes())) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_cards_of_the_examples_stand_where_tidying_up_puts_them(file: Path) -> None:
    assert tidied(to_document(read(file.read_bytes())), open_registry([])) == {}


def test_a_byte_order_mark_is_no_trouble() -> None:
    assert read("\ufeff{}".encode()) == Graph()
    assert read("\ufeff{}") == Graph()


HUGE = "9" * 5000
HOSTILE: list[tuple[str, str | bytes, str, str]] = [
    ("empty", "", "not_json", "line 1, column 1"),
    ("no JSON", '{"nodes": [}', "not_json", "line 1, column 12"),
    ("a list", "[]", "not_an_object", "an object"),
    ("NaN", '{"schema": NaN}', "not_a_number", "NaN"),
    ("Infinity", '{"schema": -Infinity}', "not_a_number", "-Infinity"),
    ("1e400", '{"schema": 1e400}', "number_too_large", "1e400"),
    ("5,000 digits", f'{{"schema": {HUGE}}}', "number_too_large", "99999"),
    ("5,000 digits behind the point", f'{{"schema": 0.{HUGE}}}', "number_too_large", "0.9"),
    ("beyond 64 bits", '{"schema": 9223372036854775808}', "number_too_large", "9223372036854775808"),
    ("a key twice", '{"nodes": [], "nodes": []}', "duplicate_key", "'nodes' is written twice"),
    ("deep", "[" * 200_000, "too_deep", "deep"),
    ("deep objects", '{"a":' * 100_000 + "1" + "}" * 100_000, "too_deep", "deep"),
    ("deep settings", '{"nodes":[{"settings":{"x":' + "[" * 90 + "]" * 90 + "}}]}", "too_deep", "deep"),
    ("long", " " * (MAX_BYTES + 1), "too_big", "5000001"),
    ("NUL", '{"nodes": [{"id": "a", "type": "b", "note": "\\u0000"}]}', "bad_text", "nodes.0.note"),
    ("lone surrogate", '{"nodes": [{"id": "a", "type": "b", "settings": {"x": "\\ud800"}}]}', "bad_text", "settings.x"),
    ("NUL in a name", '{"nodes": [{"id": "a", "type": "b", "settings": {"\\u0000": 1}}]}', "bad_text", "settings"),
    ("cp1251", "{\"note\": \"Олена\"}".encode("cp1251"), "not_utf8", "byte 10"),
    ("UTF-16", '{"schema": 1}'.encode("utf-16"), "not_utf8", "UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "code", "message"), HOSTILE, ids=lambda value: str(value)[:30])
def test_text_that_no_journey_is_is_refused_with_its_place(
    name: str, text: str | bytes, code: str, message: str
) -> None:
    with pytest.raises(GraphInvalid) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert message in problem.message


@pytest.mark.parametrize(
    ("document", "node", "message"),
    [
        ({"nodes": [{"id": "w", "type": "flow.wait", "colour": 1}]}, "w", "nodes.0.colour: there is no such setting"),
        ({"nodes": [{"type": "flow.wait"}]}, "", "nodes.0.id: fill this in"),
        ({"nodes": [{"id": "a b", "type": "x"}]}, "a b", "nodes.0.id: it must look like"),
        ({"nodes": [{"id": "a", "type": "x", "position": [1]}]}, "a", "nodes.0.position"),
        ({"nodes": "many"}, "", "nodes: write a list"),
        ({"edges": [{"from": "a"}]}, "", "edges.0.to: fill this in"),
        ({"schema": 2}, "", "schema: choose one of 1"),
        ({"entry": {"reentry": "sometimes"}}, "", "entry.reentry: choose one of"),
        ({"entry": {"holdout_percent": "101"}}, "", "entry.holdout_percent: it must be at most 100"),
        ({"window": {"from": "soon"}}, "", "window.from: write a date and time"),
        ({"nodes": [{"id": "a", "type": "x", "settings": {"x": 1e308}}], "extra": 1}, "", "extra"),
    ],
)
def test_a_wrong_shape_is_named_with_its_path_and_node(document: dict[str, Any], node: str, message: str) -> None:
    with pytest.raises(GraphInvalid) as caught:
        from_document(document)
    (problem,) = caught.value.problems
    assert isinstance(problem, Problem)
    assert (problem.node, problem.severity) == (node, "error")
    assert message in problem.message


@given(st.text() | st.binary())
def test_no_text_makes_the_reader_raise_anything_else(text: str | bytes) -> None:
    with suppress(GraphInvalid):
        read(text)
