"""What customers are worth: their classes and groups, how these move, and what is expected of them."""

from sqlalchemy import Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref

_OPEN = text("ended_at IS NULL")


def _class() -> Any:
    return Field(sa_type=SmallInteger)


class CustomerValue(SQLModel, table=True):
    """One customer with orders: RFM classes (1 to 5), the group, and what was reckoned. Amounts in minor units.

    Classes, group, orders and spent follow every purchase; the rest is as of `valued_at`, and empty before.
    """

    __tablename__ = "customer_value"
    __table_args__ = (
        Index("ix_customer_value_group", "rfm_group", "customer_id"),
        Index("ix_customer_value_profit", "profit"),
    )
    customer_id: int = ref("customer.id", primary_key=True)
    recency: int = _class()
    frequency: int = _class()
    monetary: int = _class()
    rfm_group: str = Field(max_length=32)
    rfm_since: datetime = instant()  # since when in this group
    orders: int
    spent: int = big()
    first_month: int  # of the first order: year * 100 + month
    source: str = Field(default="", max_length=100, sa_column_kwargs={"server_default": ""})  # what brought them
    alive: int | None = Field(default=None, sa_type=SmallInteger)  # per cent
    orders_expected: float | None = None  # in the next twelve months
    predicted: int | None = big(None)  # margin of the next twelve months
    lifetime: int | None = big(None)  # margin so far and to come within the horizon, discounted
    brought: int | None = big(None)  # margin of the last twelve months
    cost: int | None = big(None)  # of serving the customer in the last twelve months
    profit: int | None = big(None)  # what is left of them
    valued_at: datetime | None = instant(nullable=True)


class RfmCut(SQLModel, table=True):
    """The cut points of one computation: four numbers a figure, null where no value reaches the class."""

    __tablename__ = "rfm_cut"
    id: int = key()
    at: datetime = instant(index=True)
    customers: int = big()
    recency: list[Any] = document()  # days as numbers: 1 is 1 January of year 1
    frequency: list[Any] = document()
    monetary: list[Any] = document()


class RfmMove(SQLModel, table=True):
    """Append-only: a customer came into a group. Without `from_group` it is the first one."""

    __tablename__ = "rfm_move"
    __table_args__ = (Index("ix_rfm_move_at", "at"),)
    id: int = key()
    customer_id: int = ref("customer.id", index=True)
    at: datetime = instant()
    from_group: str | None = Field(default=None, max_length=32)
    to_group: str = Field(max_length=32)


class RfmCell(SQLModel, table=True):
    """A cell of the cube that somebody gave to another group than the default one."""

    __tablename__ = "rfm_cell"
    recency: int = Field(primary_key=True, sa_type=SmallInteger)
    frequency: int = Field(primary_key=True, sa_type=SmallInteger)
    monetary: int = Field(primary_key=True, sa_type=SmallInteger)
    rfm_group: str = Field(max_length=32)


class ValueRun(SQLModel, table=True):
    """One computation, from request to end: customers up to `after_id` are done in the phase under way."""

    __tablename__ = "value_run"
    __table_args__ = (Index("ix_value_run_open", "id", unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN),)
    id: int = key()
    kind: str = Field(max_length=16)  # rfm, value (which includes rfm), cells
    phase: str = Field(max_length=16)
    asked_at: datetime = instant()
    asked_by: str = Field(default="", max_length=200)
    after_id: int = big(0)
    done: int = big(0)
    total: int = big(0)
    changed: int = big(0)  # customers whose group changed
    lease_until: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    problem: str = Field(default="", max_length=500)


class ValueModel(SQLModel, table=True):
    """One fit: parameters and how well they foretold what was held back; or the reason why there is none."""

    __tablename__ = "value_model"
    id: int = key()
    at: datetime = instant()
    customers: int = big(0)  # that the fit looked at
    repeaters: int = big(0)  # of them came back
    is_sample: bool = False
    parameters: dict[str, Any] = document()
    holdout: dict[str, Any] = document()
    problem: str = Field(default="", max_length=500)


class ValueSummary(SQLModel, table=True):
    """Sums at one instant: of all, of a group, source, month of the first order, or segment. Amounts in minor units."""

    __tablename__ = "value_summary"
    __table_args__ = (UniqueConstraint("kind", "at", "name"),)
    id: int = key()
    at: datetime = instant()
    kind: str = Field(max_length=16)
    name: str = Field(max_length=100)
    customers: int = big()
    orders: int = big()
    spent: int = big()
    predicted: int | None = big(None)
    lifetime: int | None = big(None)
    brought: int | None = big(None)
    cost: int | None = big(None)
