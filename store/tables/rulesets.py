"""Rule sets of promotions: the draft that people edit, and the immutable versions that price carts."""

from sqlalchemy import Index, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key

_APPROVED = text("status = 'approved'")


class DraftPromotion(SQLModel, table=True):
    """One promotion, group or cap of the draft. Its key is its own among all three."""

    __tablename__ = "draft_promotion"
    key: str = Field(max_length=100, primary_key=True)
    kind: str = Field(max_length=12)  # promotion, group, cap
    body: dict[str, Any] = document()
    rev: int = 1
    enabled: bool = True  # what is off stays in the draft and out of the versions
    updated_at: datetime = instant()
    updated_by: str = Field(max_length=320)


class RulesetVersion(SQLModel, table=True):
    """A rule set as it was published. Only `status`, `live_from` and the decision change afterwards.

    Live at an instant is the approved version with the largest `live_from` that is not later; of equal ones the
    largest id.
    """

    __tablename__ = "ruleset_version"
    __table_args__ = (
        Index("ix_ruleset_version_live", "live_from", "id", sqlite_where=_APPROVED, postgresql_where=_APPROVED),
    )
    id: int = key()
    number: int = Field(unique=True)
    digest: str = Field(max_length=64)  # of the body; an approval is bound to it
    body: str  # canonical JSON: to the byte what was approved
    parent: int | None = big(None)  # number of the version that was live there when this one was made
    kind: str = Field(max_length=12)  # publish, revert, kill
    status: str = Field(max_length=12)  # waiting, approved, refused, withdrawn
    live_from: datetime = instant()
    created_at: datetime = instant()
    created_by: str = Field(max_length=320)
    author: str = Field(max_length=320)  # the person behind: of a key, whoever made it
    decided_at: datetime | None = instant(nullable=True)
    decided_by: str = Field(default="", max_length=320)
    note: str = ""
    decision: str = ""  # the words of whoever refused or withdrew
    reasons: list[Any] = document()  # why a second person had to approve; of a kill, the keys that it took out
