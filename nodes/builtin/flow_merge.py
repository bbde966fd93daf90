"""Bring ways together."""

from typing import ClassVar

from pydantic import Field

from nodes.contract import NodeType


class Merge(NodeType):
    """Ways come together here and go on as one. It does nothing else, and makes a wide journey easier to read."""

    key: ClassVar[str] = "flow.merge"
    label: ClassVar[str] = "Merge"
    icon: ClassVar[str] = "git-merge"
    keywords: ClassVar[tuple[str, ...]] = ("join", "together", "meet")
    rank: ClassVar[int] = 60

    name: str = Field("", max_length=200, title="Name", description="Shown on the card.")

    def summary(self) -> str:
        return self.name or "Ways come together"
