"""What integrators import to write node types of their own, and nothing else.

A node type is a class that inherits from `NodeType`: its fields are the form, its docstring the help text, `needs`
what is loaded for a whole batch at once, `step` what it decides. It is found by an entry point in the group
`wayfare.nodes`. `wayfare.testing` tries it without a database; `examples/plugins` holds a complete package.
"""

from pydantic import Field

from nodes.contract import (
    META,
    Batch,
    Category,
    Change,
    Emit,
    Goal,
    GrantPrice,
    IssueCertificate,
    IssueCode,
    ListChange,
    MovePoints,
    Need,
    NodeType,
    Rendered,
    Result,
    Send,
    Wait,
    Woken,
    check_result,
)
from nodes.localtime import at_wall_time, to_instant, to_local, zone_of
from wayfare.chance import share
from wayfare.errors import BadResult, NodeTypeError, WayfareError
from wayfare.segments.facts import Fact

__all__ = [
    "META",
    "BadResult",
    "Batch",
    "Category",
    "Change",
    "Emit",
    "Fact",
    "Field",
    "Goal",
    "GrantPrice",
    "IssueCertificate",
    "IssueCode",
    "ListChange",
    "MovePoints",
    "Need",
    "NodeType",
    "NodeTypeError",
    "Rendered",
    "Result",
    "Send",
    "Wait",
    "WayfareError",
    "Woken",
    "at_wall_time",
    "check_result",
    "share",
    "to_instant",
    "to_local",
    "zone_of",
]
