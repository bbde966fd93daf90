"""Node types of Acme for Wayfare."""

from wayfare.sdk import Batch, Field, NodeType, Result


class PointsSplit(NodeType):
    """Members with enough points go one way, everyone else the other."""

    key = "acme.points_split"
    label = "Points split"
    needs = ("attrs.points",)

    minimum: int = Field(100, ge=0, title="Minimum points")

    def ports(self) -> tuple[str, ...]:
        return ("enough", "too_few")

    def step(self, batch: Batch) -> Result:
        enough = {id for id, points in batch.rows("attrs.points") if (points or 0) >= self.minimum}
        return Result(moves={"enough": enough, "too_few": batch.ids - enough})

    def summary(self) -> str:
        return f"At least {self.minimum} points?"
