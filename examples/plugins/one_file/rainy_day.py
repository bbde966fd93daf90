"""A node type in one file: copy it into the folder of WAYFARE_NODES_DIR and start Wayfare again."""

from typing import ClassVar, Literal

from wayfare.sdk import Batch, Category, Field, NodeType, Result


class Weather(NodeType):
    """Divides customers by the weather that their profile tells of, so that an umbrella is offered where it rains.
    Whoever has no weather in their profile goes the way 'unknown'.
    """

    key: ClassVar[str] = "acme.weather"
    label: ClassVar[str] = "Weather"
    category: ClassVar[Category] = Category.FLOW
    icon: ClassVar[str] = "cloud"
    needs = ("attrs.weather",)

    rain: Literal["drizzle", "shower", "storm"] = Field(
        "shower",
        title="It rains from",
        description="What is weaker counts as dry.",
        json_schema_extra={"labels": {"drizzle": "Drizzle", "shower": "Shower", "storm": "Storm"}},
    )

    def ports(self) -> tuple[str, ...]:
        return ("rain", "dry", "unknown")

    def step(self, batch: Batch) -> Result:
        order = ("dry", "drizzle", "shower", "storm")
        moves: dict[str, list[int]] = {port: [] for port in self.ports()}
        for id, weather in batch.rows("attrs.weather"):
            if weather not in order:
                moves["unknown"].append(id)
            else:
                moves["rain" if order.index(weather) >= order.index(self.rain) else "dry"].append(id)
        return Result(moves=moves)

    def summary(self) -> str:
        return f"Rain from {self.rain} on"

    def explain(self, port: str) -> str:
        return {"rain": "it rains there", "dry": "it is dry there"}.get(port, "the weather is not known")
