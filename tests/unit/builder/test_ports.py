"""Ports of steps whose settings are half filled in."""

from typing import Any, ClassVar

import pytest

from builder.ports import ports_of, usual_ports
from nodes.contract import NodeType
from nodes.registry import Registry, builtin_types


class Fussy(NodeType):
    """Cannot say its ports before its settings are right."""

    key: ClassVar[str] = "acme.fussy"
    ways: list[str]

    def ports(self) -> tuple[str, ...]:
        return tuple(self.ways)


class Broken(Fussy):
    """Says something that is no port."""

    key: ClassVar[str] = "acme.broken"

    def ports(self) -> Any:
        return (self.ways, "next", "next", "")


REGISTRY = Registry([*builtin_types(), Fussy, Broken])
HALF = {"branches": [{"port": "vip", "when": {}}, {"port": "rest"}]}
CASES: list[tuple[str, str, dict[str, Any], list[str], tuple[str, ...]]] = [
    ("fine", "flow.wait", {"amount": 3}, [], ("next",)),
    ("a wrong number", "flow.wait", {"amount": "soon"}, [], ("next",)),
    ("an end", "flow.exit", {"reason": 5}, ["next"], ()),
    ("a split, half filled in", "flow.split_rule", HALF, [], ("vip", "rest", "else")),
    ("a split without branches", "flow.split_rule", {}, ["old"], ("old",)),
    ("a split of nonsense", "flow.split_rule", {"branches": [3]}, [], ("next",)),
    ("an unknown type", "acme.gone", {}, ["yes", "no"], ("yes", "no")),
    ("an unknown type alone", "acme.gone", {}, [], ("next",)),
    ("settings that are missing", "acme.fussy", {}, ["a"], ("a",)),
    ("settings that are there", "acme.fussy", {"ways": ["a", "b"]}, [], ("a", "b")),
    ("ports that are none", "acme.broken", {"ways": 3}, [], ("next",)),
]


@pytest.mark.parametrize(("name", "type", "settings", "used", "ports"), CASES, ids=[row[0] for row in CASES])
def test_a_step_has_the_ports_that_can_be_told(
    name: str, type: str, settings: dict[str, Any], used: list[str], ports: tuple[str, ...]
) -> None:
    node = {"id": "n1", "type": type, "settings": settings}
    edges = [{"from": "n1", "port": port, "to": "n2"} for port in used]
    assert ports_of(node, [*edges, {"from": "n2", "port": "other", "to": "n1"}], REGISTRY) == ports


def test_every_type_has_ports_before_anybody_fills_it_in() -> None:
    usual = {key: usual_ports(REGISTRY.type_of(key)) for key in REGISTRY}
    assert usual["flow.exit"] == ()
    assert usual["flow.wait_event"] == ("happened", "timeout")
    assert usual["acme.fussy"] == ("next",)
    assert all(len(set(ports)) == len(ports) for ports in usual.values())
