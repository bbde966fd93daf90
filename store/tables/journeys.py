"""Journeys, their versions, and the enrollments that pass through them."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed
from store.types import id_array

_LIVE = text("status IN ('active', 'waiting')")


class Journey(SQLModel, table=True):
    """What a marketer names and owns. `pause_epoch` grows with each pause, resume and stop.

    `last_node` is the highest number that a node was ever called by ("n12"), so that no id is given twice.
    """

    id: int = key()
    key: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200, unique=True)
    description: str = ""
    status: str = Field(default="draft", max_length=16)  # draft, live, paused, stopped, archived
    live_version_id: int | None = big(None)
    pause_epoch: int = 0
    draft: dict[str, Any] = document()
    rev: int = 0
    last_node: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    created_at: datetime = instant()
    updated_at: datetime = instant()


class DraftEdit(SQLModel, table=True):
    """Append-only log of edits of a draft: the edit that made revision `rev`, and what takes it back.

    Without `ops` the draft was replaced as a whole, and what came before can no longer be undone. `undo_of` is the
    revision whose edit this one takes back. The operations are text, because jsonb would forget the order of names.
    """

    __tablename__ = "draft_edit"
    journey_id: int = ref("journey.id", primary_key=True)
    rev: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    by: str = Field(max_length=320)
    client: str = Field(default="", max_length=64)  # which window, so that a lost answer can be told from a new edit
    label: str = Field(default="", max_length=200)
    ops: str | None = None
    inverse: str | None = None
    undo_of: int | None = None
    at: datetime = instant()


class DraftPresence(SQLModel, table=True):
    """Who has a journey open in the builder, in which window, and at which node; old rows mean nothing."""

    __tablename__ = "draft_presence"
    journey_id: int = ref("journey.id", primary_key=True)
    client: str = Field(primary_key=True, max_length=64)
    by: str = Field(max_length=320)
    node: str = Field(default="", max_length=64)
    seen_at: datetime = instant()


class Version(SQLModel, table=True):
    """A published graph; never changed afterwards. `node_order` is topological."""

    __tablename__ = "journey_version"
    __table_args__ = (UniqueConstraint("journey_id", "number"),)
    id: int = key()
    journey_id: int = ref("journey.id")
    number: int
    graph: dict[str, Any] = document()
    node_order: list[Any] = document()
    published_at: datetime = instant()
    published_by: str = Field(default="", max_length=200)
    note: str = ""


class FanOut(SQLModel, table=True):
    """Enrolling everyone who already belongs: a resumable walk over customers in chunks."""

    __tablename__ = "fan_out"
    id: int = key()
    version_id: int = ref("journey_version.id", index=True)
    segment_id: int | None = big(None)
    entry_key: str = Field(max_length=200)
    at: datetime = instant()
    last_customer_id: int = big(0)
    enrolled: int = big(0)
    done_at: datetime | None = instant(nullable=True)


class Moving(SQLModel, table=True):
    """What a publication decided about those who stand at a step that it took away: resumable work for the engine.

    While it is not done nobody in an older version of the journey takes a step, so that exactly those who stood there
    at the publication are concerned. `behind` are the steps that can be reached from the target.
    """

    __table_args__ = (
        UniqueConstraint("version_id", "node"),
        Index(
            "ix_moving_open",
            *("journey_id", "version_id"),
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_moving_done", "journey_id", "done_at"),
    )
    id: int = key()
    journey_id: int = ref("journey.id")
    version_id: int = ref("journey_version.id")  # the version that no longer has the step
    node: str = Field(max_length=64)
    title: str = Field(max_length=500)
    action: str = Field(max_length=8)  # move, exit
    target: str = Field(default="", max_length=64)
    target_title: str = Field(default="", max_length=500)
    behind: list[Any] = document()
    by: str = Field(max_length=320)
    at: datetime = instant()
    total: int | None = big(None)  # counted by the first batch
    last_enrollment_id: int = big(0)
    seen: int = big(0)
    changed: int = big(0)
    done_at: datetime | None = instant(nullable=True)


class Enrollment(SQLModel, table=True):
    """One customer's passage through one version.

    `since` is when the customer arrived at `node` in journey time (the event's time or the wake time);
    `wake_at` is when it is due and is never a lease. One entry has one `entry_key`: the re-entry rule
    is a unique key, not a look-up. Each index is paid for at every step, so there are four. A claim is a row of
    its own, so that an enrollment is written once a batch.
    """

    __table_args__ = (
        UniqueConstraint("customer_id", "journey_id", "entry_key"),
        Index("ix_enrollment_journey", "journey_id", "id"),
        Index("ix_enrollment_due", "version_id", "wake_at", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"postgresql_with": {"fillfactor": 70}},
    )
    id: int = key()
    journey_id: int = ref("journey.id")
    version_id: int = ref("journey_version.id")
    customer_id: int = ref("customer.id")
    entry_key: str = Field(max_length=200)
    status: str = Field(max_length=12)
    node: str = Field(max_length=64)
    visit: int = Field(default=0, sa_type=SmallInteger)
    seq: int = Field(default=0, sa_type=SmallInteger)  # steps taken so far
    depth: int = Field(default=0, sa_type=SmallInteger)
    since: datetime = instant()
    wake_at: datetime | None = instant(nullable=True)
    wake_local: str | None = Field(default=None, max_length=32)  # intended wall time, when the zone matters
    woken_by: str | None = Field(default=None, max_length=8)  # None on arrival; timer, event, answer
    wait_type: str | None = Field(default=None, max_length=100)  # the event type it waits for
    event_id: int | None = big(None)  # the event that enrolled it
    woken_event_id: int | None = big(None)  # the event that woke it last
    state: dict[str, Any] | None = document(nullable=True)
    secrets: bytes | None = sealed()  # codes in hand, sealed, gone when the enrollment ends
    attempts: int = Field(default=0, sa_type=SmallInteger)  # claims that ran out since the last success
    reason: str | None = Field(default=None, max_length=500)
    goal_at: datetime | None = instant(nullable=True)
    entered_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class Claim(SQLModel, table=True):
    """Enrollments of one version that a worker has in hand. Whoever holds the row's lock works on them.

    The worker takes out what is done, in the transaction that does it, and deletes the row with the last of them. A
    claim whose lease ran out counts an attempt for all that is still in it.
    """

    token: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version_id: int = ref("journey_version.id", index=True)
    ids: list[int] = Field(sa_type=id_array(), nullable=False)
    lease_until: datetime = instant()  # by the database's clock


class Holdout(SQLModel, table=True):
    """Customers kept out of a journey on purpose, to measure against."""

    journey_id: int = ref("journey.id", primary_key=True)
    customer_id: int = ref("customer.id", primary_key=True)
    at: datetime = instant()


class Step(SQLModel, table=True):
    """Append-only step log: enrollment left `node` by `port`. `seq` orders the steps of an enrollment."""

    __tablename__ = "step_log"
    enrollment_id: int = Field(sa_type=BigInteger, primary_key=True)
    node: str = Field(max_length=64, primary_key=True)
    visit: int = Field(default=0, sa_type=SmallInteger, primary_key=True)
    seq: int = Field(sa_type=SmallInteger)
    version_id: int = Field(sa_type=BigInteger)
    port: str = Field(max_length=64)
    at: datetime = instant()
    reason: str | None = None


class StepCount(SQLModel, table=True):
    """Counts per node, port and day as deltas; readers add them up, the sweep folds them together."""

    __tablename__ = "step_count"
    __table_args__ = (Index("ix_step_count_version", "version_id", "node"),)
    id: int = key()
    version_id: int = Field(sa_type=BigInteger)
    node: str = Field(max_length=64)
    port: str = Field(max_length=64)
    day: str = Field(max_length=10)  # of the installation's zone
    n: int = big(0)


class Occurrence(SQLModel, table=True):
    """One firing of a recurring rule for one customer on one local date; unique, so it fires once."""

    rule: str = Field(max_length=200, primary_key=True)  # journey key and node id
    customer_id: int = ref("customer.id", primary_key=True)
    local_date: str = Field(max_length=10, primary_key=True)
    at: datetime = instant()


class NodeMemory(SQLModel, table=True):
    """What a node remembers for all its customers, over all versions of the journey; locked before it steps.

    `kind` is what the node was when it remembered: an id that another type of node has taken over remembers nothing.
    """

    __tablename__ = "node_memory"
    journey_id: int = ref("journey.id", primary_key=True)
    node: str = Field(max_length=64, primary_key=True)
    kind: str = Field(max_length=200, primary_key=True)
    data: dict[str, Any] = document()


class JourneyTag(SQLModel, table=True):
    """A word under which journeys are found together."""

    __tablename__ = "journey_tag"
    journey_id: int = ref("journey.id", primary_key=True)
    tag: str = Field(max_length=40, primary_key=True)


class Quota(SQLModel, table=True):
    """A counter that is locked before it is spent: first N, limit per day, budgets."""

    scope: str = Field(max_length=200, primary_key=True)
    period: str = Field(max_length=32, primary_key=True)
    used: int = big(0)
