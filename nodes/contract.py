"""The contract of node types: values in, decisions out; no clock, no chance, no I/O.

A node type is a small frozen pydantic model. Its fields are the form a marketer fills in, its docstring
is the help text, `needs` is what the engine loads for the whole batch at once. Because `step` is pure, a
retry decides the same, and the same code serves live work, tests, simulation and replay.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from wayfare.errors import BadResult
from wayfare.segments.facts import Fact

Need = str | Fact


class Category(StrEnum):
    """Where a node type stands in the palette."""

    TRIGGER = "trigger"  # why a customer enters
    FLOW = "flow"  # waits, splits, ends
    ACTION = "action"  # does something for or with the customer


class Woken(StrEnum):
    """Why an enrollment stands at a wait again."""

    TIMER = "timer"
    EVENT = "event"
    ANSWER = "answer"


OFFERS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "code_valid_until"),
    "certificate": (
        *("certificate.number", "certificate.secret", "certificate.code"),
        *("certificate.amount", "certificate.currency", "certificate.valid_until"),
    ),
    "price": (
        *("price", "price_before", "price_percent", "price_currency"),
        *("price_product", "price_sku", "price_pieces", "price_valid_until"),
    ),
    "points": ("points", "points_balance", "points_valid_until"),
}
"""What a customer can have in hand, by kind, with the columns that show it to later steps and their texts."""

IN_HAND = tuple(name for names in OFFERS.values() for name in names)

META = ("since", "woken_by", "event", "state", "customer", *IN_HAND)
"""Columns that every batch has: arrival in journey time, why it woke, data of the event that woke or enrolled it,
kept state, customer id, and what was given last: the promo code in hand and until when that is valid, ..."""


FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Until when those wait whom only a gate lets go."""

ENTER = "journey.enter"
"""The event by which one journey sends customers into another, named in `data.journey`."""

_NOTHING: Mapping[str, Any] = {}


class Batch:
    """The enrollments that stand together at one node, as columns: one mapping from enrollment id to value a fact.

    `zone` is the journey's time zone, for customers who have none of their own or one that nobody knows. `memory` is
    what the node kept the last time, for types that remember; `tally` is what it asked for by `tallies`.
    """

    __slots__ = ("_columns", "ids", "journey", "memory", "node", "now", "tally", "zone")

    def __init__(
        self,
        ids: set[int],
        columns: Mapping[Need, Mapping[int, Any]],
        *,
        now: datetime,
        node: str = "n1",
        journey: str = "",
        zone: str = "UTC",
        memory: Mapping[str, Any] = _NOTHING,
        tally: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.ids = ids
        self.memory = memory
        self.tally = tally
        self.now = now
        self.node = node
        self.journey = journey
        self.zone = zone
        self._columns = columns

    def column(self, need: Need) -> Mapping[int, Any]:
        """Return the values of one fact by enrollment id; ids that are not in this batch may be in it too.

        BadResult when the node type did not declare the fact in `needs`.
        """
        try:
            return self._columns[need]
        except KeyError:
            name = need if isinstance(need, str) else need.name
            raise BadResult(f"'{name}' was not loaded; declare it in needs") from None

    def rows(self, *needs: Need) -> Iterator[tuple[Any, ...]]:
        """Yield (id, value, ...) for every enrollment of the batch, in the order of the ids."""
        columns = [self.column(need) for need in needs]
        for id in sorted(self.ids):
            yield (id, *(column.get(id) for column in columns))


@dataclass(frozen=True, slots=True)
class Wait:
    """Stay at the node until `until` (UTC), or until an event of type `event` that the node type accepts.

    `local` keeps the intended wall time (ISO, without a zone) when the instant was computed from one, so that
    it moves with the customer's time zone.
    """

    until: datetime
    event: str | None = None
    local: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Put one message a customer into the outbox. `variables` names the columns whose values are kept with it."""

    ids: Collection[int]
    channel: str
    variables: Sequence[str] = ()
    purpose: str = "marketing"
    expires_at: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssueCode:
    """Issue one unique promo code a customer from the batch of codes called `batch`; later nodes see it as `code`."""

    ids: Collection[int]
    batch: str
    prefix: str = ""
    length: int = 10
    bind_phone: bool = True
    valid_from: Mapping[int, datetime] = field(default_factory=dict)
    valid_until: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssueCertificate:
    """Give each customer a gift certificate of the shop, bound to their phone; later nodes see its number.

    `amount` is in minor units. Whoever has no phone number must be left out: such a certificate is anybody's.
    """

    ids: Collection[int]
    amount: int
    currency: str
    valid_until: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GrantPrice:
    """Give each customer prices of their own for products: `skus` by enrollment, or else for all of `brand`.

    Either `price`, in minor units of `currency`, or `percent` off the list price, as decimal text. For at most `pieces`
    of each product. Later nodes see the price of the first product.
    """

    ids: Collection[int]
    pieces: int
    valid_until: Mapping[int, datetime]
    skus: Mapping[int, Sequence[str]] = field(default_factory=dict)
    brand: str = ""
    price: int | None = None
    percent: str | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class MovePoints:
    """Give each customer `points`, or take them when negative. Whoever has too few of them must be left out."""

    ids: Collection[int]
    points: int
    expires_at: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """Set one profile attribute (`attrs.` is left out of `name`) to a value per customer; None removes it."""

    name: str
    values: Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class Emit:
    """Let an event happen to each customer, one level deeper than what led here."""

    ids: Collection[int]
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goal:
    """Note that these enrollments reached a goal of the journey (the first time counts)."""

    ids: Collection[int]


@dataclass(frozen=True, slots=True)
class ListChange:
    """Put customers on the list called `list`, or take them off it; who is there already stays."""

    ids: Collection[int]
    list: str
    add: bool = True


Effect = Send | IssueCode | IssueCertificate | GrantPrice | MovePoints | Change | Emit | Goal | ListChange


@dataclass(slots=True)
class Result:
    """What one step decided: every enrollment moves to a port, waits, ends or fails, exactly once.

    `ends` maps a reason to the enrollments that are completed here; `reasons` says why, where the port alone
    does not. Effects come in the order in which they take place. `memory` replaces what the node remembers for all its
    customers; None leaves it.
    """

    moves: Mapping[str, Collection[int]] = field(default_factory=dict)
    waits: Mapping[int, Wait] = field(default_factory=dict)
    ends: Mapping[str, Collection[int]] = field(default_factory=dict)
    failures: Mapping[int, str] = field(default_factory=dict)
    effects: Sequence[Effect] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
    state: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    memory: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as it goes to the provider."""

    body: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class DateRule:
    """When a date trigger fires: `offset_days` from the date in `fact`, at wall time `at` in the customer's zone."""

    fact: str
    offset_days: int = 0
    at: time = time(10, 0)
    every_year: bool = True
    leap_day: Literal["28 February", "1 March"] = "28 February"
    late_days: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a schedule fires: on each local date at the wall times that `times_on` returns, for a segment or everyone.

    A time that was missed, by a pause or a halt, is made up for within `late_hours`.
    """

    times_on: Callable[[date], Sequence[time]]
    segment: str | None = None
    late_hours: int = 12


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a gate by itself: a segment with so many members. Without a segment only a person does."""

    segment: str | None = None
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Tallies:
    """Ask how many left by each port, and how many of them reached the goal, or did `event`, afterwards."""

    event: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new step is put: the journey's key and what starts it, the steps before it, the nearest first, and all
    others of the journey; of these only what is set up. `branch` is the way out of the last step with several.
    """

    journey: str = ""
    trigger: "NodeType | None" = None
    before: Sequence["NodeType"] = ()
    others: Sequence["NodeType"] = ()
    branch: str = ""


class NodeType(BaseModel):
    """What every node type offers; see the guide for integrators for an example."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: ClassVar[str] = ""
    label: ClassVar[str] = ""
    category: ClassVar[Category] = Category.FLOW
    icon: ClassVar[str] = "box"  # a Tabler icon's name
    keywords: ClassVar[tuple[str, ...]] = ()  # more words by which people look for it
    rank: ClassVar[int] = 50  # where it stands in its category: the lowest first, equals by their labels
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[Need, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()  # what customers have in hand behind it: kinds of `OFFERS`
    remembers: ClassVar[bool] = False  # gets `batch.memory`, locked, so that counts are exact under many workers

    def facts(self) -> Collection[Need]:
        """Return what the engine must load for this node; what depends on settings comes here."""
        return self.needs

    def ports(self) -> tuple[str, ...]:
        """Return the names of the exits, in the order in which they are drawn; none means that it ends here."""
        return ("next",)

    def step(self, batch: Batch) -> Result:
        """Decide for every enrollment of the batch; by default everyone moves on by the first port."""
        return Result(moves={self.ports()[0]: batch.ids})

    def summary(self) -> str:
        """Return one line of plain words for the card on the canvas."""
        return ""

    def explain(self, port: str) -> str:
        """Return in plain words why an enrollment leaves by `port`; empty when there is nothing to add."""
        return ""

    def listens(self) -> tuple[str, ...]:
        """Return the event types by which this trigger enrolls customers."""
        return ()

    def accepts(self, data: Mapping[str, Any]) -> bool:
        """Say whether an event with this data counts, for triggers and for waits."""
        return True

    def date_rule(self) -> DateRule | None:
        """Return when a date trigger fires, or None for every other node type."""
        return None

    def schedule(self) -> Schedule | None:
        """Return when a schedule enrolls, or None for every other node type."""
        return None

    def watches(self) -> tuple[str, str] | None:
        """Return the (journey, node) at which this trigger looks; an empty node stands for its end."""
        return None

    def opening(self) -> Opening | None:
        """Return what opens this gate, or None for every other node type."""
        return None

    def memory_kind(self) -> str:
        """Return what its memory is kept under, at most 200 characters: under another one it begins empty."""
        return self.key

    def tallies(self, memory: Mapping[str, Any], now: datetime) -> Tallies | None:
        """Return what must be counted before the step, or None. It costs a read of the journey's passages: ask
        seldom.
        """
        return None

    def segment_key(self) -> str | None:
        """Return the segment whose present members enter at publication, or None."""
        return None

    def late_days(self) -> int:
        """Return how many days old an event may be and still enroll."""
        return 7

    def render(self, channel: str, variables: Mapping[str, Any]) -> Rendered:
        """Return the text that this node sends on a channel. Only nodes that answer with `Send` need it."""
        raise NotImplementedError(f"{self.key} sends nothing")

    def outlay(self) -> tuple[int, str] | None:
        """Return the most money that this step can give away in all, in minor units of a currency, or None. Above the
        workspace's limit nobody publishes alone what they have written.
        """
        return None

    def references(self) -> Collection[tuple[str, str]]:
        """Return what the settings point to, as (kind, key): ("segment", "vip"), ("code_batch", "birthday")."""
        return ()

    @classmethod
    def fresh(cls, place: Place) -> dict[str, Any]:
        """Return the settings that a new step begins with where it is put; what is left out is at its default."""
        return {}

    @classmethod
    def upgrade(cls, settings: dict[str, Any], from_version: int) -> dict[str, Any]:
        """Return settings that an older `version` of this type saved, in today's shape."""
        return settings


def check_result(batch: Batch, result: Result, ports: Sequence[str]) -> None:
    """Check that a step answered for every enrollment exactly once and by ports that exist.

    BadResult names what is wrong: an unknown port, someone left out, answered twice, or not in the batch; a reason
    with a NUL sign, which PostgreSQL cannot keep.
    """
    total = len(result.waits) + len(result.failures)
    for port, ids in result.moves.items():
        if port not in ports:
            known = ", ".join(ports) or "no ports"
            raise BadResult(f"unknown port '{port}'; there is {known}")
        total += len(ids)
    for ids in result.ends.values():
        total += len(ids)
    answered: set[int] = set(result.waits)
    answered.update(result.failures, *result.moves.values(), *result.ends.values())
    if answered != batch.ids:
        if left_out := batch.ids - answered:
            raise BadResult(f"no answer for {len(left_out)} of {len(batch.ids)} enrollments")
        raise BadResult(f"answers for {len(answered - batch.ids)} enrollments that are not in the batch")
    if total != len(answered):
        raise BadResult(f"{total - len(answered)} enrollments were answered for more than once")
    if any("\0" in reason for reason in (*result.reasons.values(), *result.failures.values(), *result.ends)):
        raise BadResult("a reason holds a NUL sign")
