"""Choose the channel on which a customer can be reached best."""

from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Batch, Need, NodeType, Result
from nodes.fields import channel_name
from wayfare.segments.facts import Fact

Channel = Literal["email", "sms", "viber", "telegram", "whatsapp", "push", "in_app"]
NONE = "none"
_LAST = Fact("last_channel")


_LABELS: dict[str, Any] = {key: channel_name(key) for key in get_args(Channel)}


class Choice(BaseModel):
    """One channel, in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel = Field(title="Channel", json_schema_extra={"labels": _LABELS})


class BestChannel(NodeType):
    """Each customer takes the way of the channel on which they reacted last, if they agreed to it and have an address
    there; else that of the first channel in the list for which both hold. Who can be reached on none goes the way
    “None”.
    """

    key: ClassVar[str] = "flow.best_channel"
    label: ClassVar[str] = "Best channel"
    icon: ClassVar[str] = "switch-horizontal"
    keywords: ClassVar[tuple[str, ...]] = ("preferred", "route", "fallback")

    channels: tuple[Choice, ...] = Field(
        (Choice(channel="viber"), Choice(channel="email"), Choice(channel="sms")),
        min_length=1,
        max_length=7,
        title="Channels",
        description="In the order in which they are tried.",
        json_schema_extra={"row_name": "channel"},
    )
    purpose: Literal["marketing", "transactional"] = Field("marketing", title="Purpose")

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len(set(self.names)) < len(self.channels):
            raise PydanticCustomError("duplicate_port", "a channel is there twice")
        return self

    @property
    def names(self) -> tuple[Channel, ...]:
        """The channels in their order."""
        return tuple(one.channel for one in self.channels)

    def facts(self) -> Collection[Need]:
        addresses = [Fact("address", key=channel) for channel in self.names]
        return (_LAST, *addresses, *self._consents())

    def _consents(self) -> list[Fact]:
        if self.purpose == "transactional":
            return []
        return [Fact("consent", key=channel, purpose=self.purpose) for channel in self.names]

    def ports(self) -> tuple[str, ...]:
        return (*self.names, NONE)

    def step(self, batch: Batch) -> Result:
        open_to: dict[str, set[int]] = {}
        for channel in self.names:
            has_address = batch.column(Fact("address", key=channel))
            open_to[channel] = {id for id in batch.ids if has_address.get(id)}
        for fact in self._consents():
            agreed = batch.column(fact)
            open_to[fact.key] = {id for id in open_to[fact.key] if agreed.get(id)}
        last = batch.column(_LAST)
        moves: dict[str, list[int]] = {port: [] for port in self.ports()}
        for id in batch.ids:
            reacted = last.get(id)
            if reacted in open_to and id in open_to[reacted]:
                moves[reacted].append(id)
            else:
                moves[next((one for one in self.names if id in open_to[one]), NONE)].append(id)
        return Result(moves=moves)

    def summary(self) -> str:
        return "Best of " + ", ".join(map(channel_name, self.names))

    def explain(self, port: str) -> str:
        if port == NONE:
            return "no channel with consent and address"
        return f"{channel_name(port)} is open, and was reacted to last or comes first"
