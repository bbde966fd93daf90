"""Users who sign in, keys of programs, and the audit trail."""

from sqlalchemy import Index

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed


class User(SQLModel, table=True):
    """A person who signs in."""

    __tablename__ = "user_account"  # `user` is a word of SQL
    id: int = key()
    email: str = Field(max_length=320, unique=True)
    name: str = Field(default="", max_length=200)
    role: str = Field(max_length=16)  # admin, integrator, marketer, approver, analyst, support
    password_hash: str = Field(max_length=300)
    must_change: bool = False
    totp_secret: bytes | None = sealed()
    totp_last_step: int | None = big(None)  # a one-time password works once
    theme: str = Field(default="auto", max_length=8)
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(nullable=True)


class UserSession(SQLModel, table=True):
    """A signed-in browser; only the digest of its id is stored."""

    __tablename__ = "user_session"
    digest: bytes = Field(primary_key=True)
    user_id: int = ref("user_account.id", index=True)
    created_at: datetime = instant()
    seen_at: datetime = instant()
    expires_at: datetime = instant()
    second_factor_at: datetime | None = instant(nullable=True)
    user_agent: str = Field(default="", max_length=200)
    ip: str = Field(default="", max_length=64)


class LoginAttempt(SQLModel, table=True):
    """Failed sign-ins per account and address, for throttling."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index("ix_login_attempt_subject", "subject", "at"),)
    id: int = key()
    subject: str = Field(max_length=400)
    at: datetime = instant()


class ApiKey(SQLModel, table=True):
    """A key of a program: shown once, stored as a digest, with rights."""

    __tablename__ = "api_key"
    id: int = key()
    name: str = Field(max_length=200)
    prefix: str = Field(max_length=16, index=True)
    digest: bytes = sealed(nullable=False)
    kind: str = Field(max_length=16)  # ingest, till, integration
    rights: list[Any] = document()
    networks: list[Any] = document()  # where the key may be used from; empty means anywhere
    store: str | None = Field(default=None, max_length=100)  # the shop that a till key is bound to
    created_at: datetime = instant()
    created_by: str = Field(default="", max_length=320)
    expires_at: datetime | None = instant(nullable=True)
    last_used_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)


class Audit(SQLModel, table=True):
    """Append-only trail; each row carries the digest of the one before, so a change shows."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)
    id: int = key()
    at: datetime = instant()
    actor: str = Field(max_length=320)
    action: str = Field(max_length=100)
    subject: str = Field(default="", max_length=300)
    detail: dict[str, Any] = document()
    ip: str = Field(default="", max_length=64)
    previous: bytes = sealed(nullable=False)
    digest: bytes = sealed(nullable=False)


class Setting(SQLModel, table=True):
    """A setting of the workspace that admins change on a page: quiet hours, caps, default zone."""

    name: str = Field(max_length=100, primary_key=True)
    value: Any = document(nullable=True)
    updated_at: datetime = instant()


class RepairCount(SQLModel, table=True):
    """How often the sweep had to repair something; a repair in a healthy system is a bug."""

    __tablename__ = "repair_count"
    name: str = Field(max_length=100, primary_key=True)
    n: int = big(0)
    last_at: datetime = instant()
