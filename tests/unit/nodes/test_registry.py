"""The registry: nobody has a privilege, nobody can break it."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nodes.contract import NodeType
from nodes.graph import Node
from nodes.registry import Registry, builtin_types, open_registry
from wayfare.errors import DuplicateNodeType, InvalidSettings, NodeTypeError, UnknownNodeType

EXAMPLE = Path(__file__).parents[3] / "examples" / "plugins" / "acme_journeys"


class Lane(NodeType):
    """Keeps customers in a lane."""

    key: ClassVar[str] = "acme.lane"
    version: ClassVar[int] = 3
    width: int = 1

    @classmethod
    def upgrade(cls, settings: dict[str, Any], from_version: int) -> dict[str, Any]:
        return {"width": settings.pop("breadth"), **settings} if from_version < 3 else settings


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("plugin_") or name == "acme_journeys":
            del sys.modules[name]


def point(value: str) -> EntryPoint:
    return EntryPoint(value.split(":")[0], value, "wayfare.nodes")


def test_an_installed_package_adds_its_node_type(plugins: Path) -> None:
    registry = open_registry([point("acme_journeys:PointsSplit")])
    assert registry.failures == []
    node = registry.load(Node(id="n1", type="acme.points_split", settings={"minimum": 7}))
    assert node.ports() == ("enough", "too_few")
    assert registry.describe("acme.points_split")["schema"]["properties"]["minimum"]["title"] == "Minimum points"


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("plugin_raises", "raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("plugin_exits", "import sys; sys.exit(3)", "SystemExit"),
        ("plugin_syntax", "def (", "SyntaxError"),
        ("plugin_imports", "import does_not_exist_anywhere", "ModuleNotFoundError"),
        ("plugin_wrong", "Thing = 5", "is not a node type"),
        ("plugin_empty", "", "AttributeError"),
        (
            "plugin_key",
            "from wayfare.sdk import NodeType\nclass Thing(NodeType):\n    'Help.'\n    key = 'Bad Key'",
            "must look like",
        ),
        (
            "plugin_mute",
            "from wayfare.sdk import NodeType\nclass Thing(NodeType):\n    key = 'acme.mute'",
            "docstring",
        ),
        (
            "plugin_twin",
            "from wayfare.sdk import NodeType\nclass Thing(NodeType):\n    'Help.'\n    key = 'flow.wait'",
            "call themselves 'flow.wait'",
        ),
    ],
)
def test_a_broken_package_is_reported_and_costs_nobody_else(plugins: Path, name: str, code: str, reason: str) -> None:
    (plugins / f"{name}.py").write_text(code)
    registry = open_registry([point(f"{name}:Thing"), point("acme_journeys:PointsSplit")])
    (failure,) = registry.failures
    assert failure.name == name
    assert reason in failure.reason
    assert "acme.points_split" in registry
    assert registry.type_of("flow.wait").__module__ == "nodes.builtin.flow_wait"


def test_two_types_of_one_key_are_refused() -> None:
    class Other(NodeType):
        """Another lane."""

        key: ClassVar[str] = "acme.lane"

    registry = Registry([Lane, Lane])
    with pytest.raises(DuplicateNodeType, match=r"acme\.lane"):
        registry.add(Other)


def test_built_in_types_have_no_privilege() -> None:
    assert list(Registry(builtin_types())) == list(open_registry([]))
    with pytest.raises(UnknownNodeType, match=r"flow\.wait"):
        Registry([Lane]).load(Node(id="n1", type="flow.wait"))


def test_settings_that_an_older_version_saved_are_brought_up_to_date() -> None:
    registry = Registry([Lane])
    assert registry.load(Node(id="a", type="acme.lane", version=1, settings={"breadth": 9})) == Lane(width=9)
    assert registry.load(Node(id="a", type="acme.lane", version=3, settings={"width": 2})) == Lane(width=2)
    with pytest.raises(InvalidSettings):
        registry.load(Node(id="a", type="acme.lane", version=3, settings={"breadth": 9}))


def test_a_node_that_a_newer_version_saved_is_unknown_here() -> None:
    with pytest.raises(UnknownNodeType, match="update the package"):
        Registry([Lane]).load(Node(id="a", type="acme.lane", version=4))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"upgrade": classmethod(lambda cls, settings, version: settings["gone"])}, "KeyError: 'gone'"),
        ({"ports": lambda self: 1 / 0}, "ZeroDivisionError"),
        ({"ports": lambda self: ("a", "a")}, "a name of its own"),
        ({"ports": lambda self: ("a", "")}, "a name of its own"),
        ({"facts": lambda self: (1,)}, "name facts as text"),
    ],
)
def test_a_type_that_breaks_when_it_is_loaded_breaks_nobody_else(fault: dict[str, Any], message: str) -> None:
    broken = type("Broken", (Lane,), {"__doc__": "Help.", "__module__": __name__, "key": "acme.broken"} | fault)
    with pytest.raises(NodeTypeError, match=message):
        Registry([broken]).load(Node(id="a", type="acme.broken", version=1, settings={"breadth": 1}))


def test_a_node_is_loaded_once() -> None:
    registry = Registry([Lane])
    first = registry.load(Node(id="a", type="acme.lane", version=3, settings={"width": 2}))
    settings = {"width": 2}
    assert registry.load(Node(id="b", type="acme.lane", version=3, settings=settings)) is first
    settings["width"] = 5
    assert first == Lane(width=2)


def test_every_problem_of_the_settings_is_named() -> None:
    registry = open_registry([])
    with pytest.raises(InvalidSettings) as caught:
        registry.load(Node(id="a", type="flow.wait", settings={"amount": "soon", "unit": "years", "x": 1}))
    assert [(field, code) for field, code, _ in caught.value.problems] == [
        ("amount", "int_parsing"),
        ("unit", "literal_error"),
        ("x", "extra_forbidden"),
    ]


def test_only_classes_of_node_types_are_added() -> None:
    with pytest.raises(NodeTypeError, match="inherits from NodeType"):
        Registry().add(dict)  # type: ignore[arg-type]  # what a careless package offers
