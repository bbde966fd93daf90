"""What a drawn graph promises: nobody on top of anybody, edges that point down, Yes left of No."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from builder.layout import Layout, Measures, lay_out, spread

SIZE = Measures()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Any graph of up to 40 nodes, with cycles and self-loops as drafts may have them."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 40)))]
    ends = st.sampled_from(names)
    edges = draw(st.lists(st.tuples(ends, st.sampled_from(["yes", "no", "else"]), ends), max_size=60))
    return names, edges


@given(graphs())
def test_cards_never_overlap_and_stay_inside(
    graph: tuple[list[str], list[tuple[str, str, str]]],
) -> None:
    nodes, edges = graph
    drawn = lay_out(nodes, edges)
    assert set(drawn.boxes) == set(nodes)
    assert {(path.source, path.port, path.target) for path in drawn.paths} == set(edges)
    for one, other in combinations(drawn.boxes.values(), 2):
        apart_x = abs(one.x - other.x) >= SIZE.width - 0.2
        assert apart_x or abs(one.y - other.y) >= SIZE.height
    for box in drawn.boxes.values():
        assert 0 <= box.x <= drawn.width - SIZE.width
        assert 0 <= box.y <= drawn.height - SIZE.height


@given(graphs())
def test_chips_never_hide_each_other(graph: tuple[list[str], list[tuple[str, str, str]]]) -> None:
    chips = [path.chip for path in lay_out(*graph).paths]
    for (x, y), (other_x, other_y) in combinations(chips, 2):
        assert abs(x - other_x) >= SIZE.chip_width - 0.2 or abs(y - other_y) >= SIZE.chip_height


@given(graphs())
def test_the_same_graph_is_drawn_the_same(graph: tuple[list[str], list[tuple[str, str, str]]]) -> None:
    assert lay_out(*graph) == lay_out(*graph)


def test_every_edge_of_an_acyclic_graph_points_down() -> None:
    drawn = _split()
    for path in drawn.paths:
        assert drawn.boxes[path.source].layer < drawn.boxes[path.target].layer


def test_yes_stays_left_of_no_whatever_order_they_were_drawn_in() -> None:
    drawn = _split()
    assert drawn.boxes["yes"].x < drawn.boxes["no"].x
    assert not drawn.crossings


def test_a_chain_is_a_straight_line() -> None:
    drawn = lay_out("abc", [("a", "next", "b"), ("b", "next", "c")])
    assert len({box.x for box in drawn.boxes.values()}) == 1
    assert all(len({x for x, _ in path.points}) == 1 for path in drawn.paths)


def test_chains_stay_straight_between_a_split_and_where_its_branches_meet() -> None:
    edges = [("split", port, f"{port}1") for port in "abc"]
    edges += [(f"{port}1", "next", f"{port}2") for port in "abc"] + [(f"{port}2", "next", "end") for port in "abc"]
    edges += [("a1x", port, f"x{port}") for port in "abcde"] + [("in", "next", "split")]
    boxes = lay_out(sorted({end for one, _, other in edges for end in (one, other)}), edges).boxes
    for port in "abc":
        assert boxes[f"{port}1"].x == boxes[f"{port}2"].x
    assert boxes["in"].x == boxes["split"].x
    assert abs(boxes["end"].x - boxes["b2"].x) < 1


def test_edges_to_nowhere_are_left_out() -> None:
    assert lay_out(["a"], [("a", "next", "gone")]).paths == []
    assert lay_out([], []).width == 0


def test_spread_keeps_order_and_gaps_and_moves_as_little_as_possible() -> None:
    assert spread([10, 10], [4]) == [8, 12]
    assert spread([0, 100], [4]) == [0, 100]


def _split() -> Layout:
    edges = [
        ("start", "next", "split"),
        ("split", "no", "no"),
        ("split", "yes", "yes"),
        ("no", "next", "end"),
        ("yes", "next", "wait"),
        ("wait", "next", "end"),
    ]
    return lay_out(["start", "split", "no", "yes", "wait", "end"], edges, {"split": ["yes", "no"]})
