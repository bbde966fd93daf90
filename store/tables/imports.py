"""How far each import of a file came, so that one that was killed goes on where it stopped."""

from sqlalchemy import UniqueConstraint

from store.tables._base import Field, SQLModel, big, datetime, instant, key, sealed


class ImportRun(SQLModel, table=True):
    """One file (by digest) read as one kind of thing. `rows` are done, counting bad ones."""

    __tablename__ = "import_run"
    __table_args__ = (UniqueConstraint("kind", "digest"),)
    id: int = key()
    kind: str = Field(max_length=100)  # customers, products, orders, events, and how they are read
    digest: bytes = sealed(nullable=False)
    rows: int = big(0)
    done: int = big(0)  # new things
    known: int = big(0)  # things that were there already
    refused: int = big(0)  # bad rows
    started_at: datetime = instant()
    updated_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
