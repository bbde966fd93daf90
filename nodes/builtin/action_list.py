"""Put customers on a list, or take them off."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from nodes.contract import Batch, Category, ListChange, NodeType, Result


class ChangeList(NodeType):
    """Puts customers on a list or takes them off it; the history of membership is kept. A list that does not exist is
    made when the journey is published.
    """

    key: ClassVar[str] = "action.list"
    label: ClassVar[str] = "List"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "list"
    keywords: ClassVar[tuple[str, ...]] = ("add to list", "remove from list", "tag", "subscribe")

    list: str = Field(
        title="List", min_length=1, max_length=100, pattern=r"^[\w.-]+$", json_schema_extra={"widget": "own_list"}
    )
    do: Literal["add", "remove"] = Field(
        "add", title="What to do", json_schema_extra={"labels": {"add": "Add", "remove": "Remove"}}
    )

    def step(self, batch: Batch) -> Result:
        change = ListChange(batch.ids, self.list, self.do == "add")
        return Result(moves={"next": batch.ids}, effects=(change,))

    def summary(self) -> str:
        return f"Add to {self.list}" if self.do == "add" else f"Remove from {self.list}"

    def references(self) -> Collection[tuple[str, str]]:
        return (("own_list", self.list),)
