"""Templates of journeys: each can be published as it is, and the scenarios that people expect are there."""

import pytest

from builder.check import ANYWHERE, Context, check
from builder.starters import FOLDER, Starter, starter, starters
from builder.text import to_document
from builder.tidy import tidied
from nodes.registry import open_registry
from wayfare.errors import NotFound
from wayfare.segments import parse_rule

REGISTRY = open_registry([])
EXPECTED = {
    *("birthday", "sleeping", "lost", "win-back", "welcome", "second-order", "abandoned-cart", "survey", "level-up"),
    *("promo-first", "experiment", "order-confirmation", "repeat-order", "subscription-code", "post-purchase-advice"),
    *("level-discount", "service-survey", "wish-list", "newsletter", "approved-launch", "stages"),
}


def test_the_scenarios_that_people_expect_are_there() -> None:
    assert {one.key for one in starters()} >= EXPECTED
    assert len(starters()) == len(list(FOLDER.glob("*.json")))
    assert len({one.title for one in starters()}) == len(starters())


@pytest.mark.parametrize("one", starters(), ids=lambda one: one.key)
def test_a_template_can_be_published_as_it_is(one: Starter) -> None:
    segments = frozenset(segment.key for segment in one.segments)
    known = {"segment": segments, "list": frozenset[str](), "journey": frozenset[str](), **ANYWHERE.known}
    problems = check(one.graph, REGISTRY, Context(known))
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    assert not [problem.code for problem in problems if problem.code in ("once_only", "dead_end")]
    assert one.title
    assert one.description.endswith(".")
    assert one.category
    assert all(node.id == f"n{number}" for number, node in enumerate(one.graph.nodes, 1))
    assert len({node.position for node in one.graph.nodes}) == len(one.graph.nodes)
    assert tidied(to_document(one.graph), REGISTRY) == {}, "its cards stand where tidying up puts them"
    for segment in one.segments:
        parse_rule(segment.rule)


def test_a_template_that_is_not_there_is_said_so() -> None:
    with pytest.raises(NotFound, match="no template 'nobody'"):
        starter("nobody")
