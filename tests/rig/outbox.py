"""A small world with messages in its outbox, as the walk leaves them there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlmodel import SQLModel

import store.bulk
import store.outbox
import store.outbox_checks
from engine.channels import Channel
from engine.outbox import deliver
from engine.runtime import Runtime
from nodes.contract import Category, NodeType, Rendered
from nodes.registry import Registry, builtin_types
from store.db import Store
from store.tables import (
    Attempt,
    CapCounter,
    ChannelState,
    Consent,
    Customer,
    Enrollment,
    Journey,
    Message,
    Setting,
    Suppression,
    Version,
)
from wayfare.errors import WayfareError
from wayfare.vault import Vault

SECRET = b"0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Letter(NodeType):
    """Sends one letter; the test chooses its words."""

    key: ClassVar[str] = "test.letter"
    category: ClassVar[Category] = Category.ACTION

    words: str = "Your code is {code}."

    def render(self, channel: str, variables: Mapping[str, Any]) -> Rendered:
        if variables["first_name"] == "Poison":
            raise WayfareError("line 1, column 3: there is no filter 'upcas'")
        if variables["first_name"] == "Bomb":
            raise SystemError("broken beyond words")
        return Rendered(self.words.format(**variables), f"Hello {variables['first_name']}")


class World:
    """One store with one live journey; its node n1 sends a letter."""

    def __init__(self, url: str, channels: Mapping[str, Channel] | None = None) -> None:
        self.vault = Vault(SECRET)
        self.store = Store(url, self.vault, pool_size=8)
        self.runtime = Runtime(self.store, Registry([Letter, *builtin_types()]), self.vault, dict(channels or {}))
        self.now = NOON
        self._people = 0

    def make_journey(self, key: str = "welcome", *, status: str = "live", **graph: Any) -> int:
        """Return the id of a published version."""
        nodes = [
            {"id": "n1", "type": "test.letter"},
            {"id": "n2", "type": "test.letter", "settings": {"words": "Nothing to see."}},
            {"id": "odd", "type": "acme.unknown"},
        ]
        with self.store.write() as conn:
            dates = {"created_at": self.now, "updated_at": self.now}
            journey = _insert(conn, Journey, key=key, name=key, status=status, description="", draft={}, **dates)
            return _insert(
                conn,
                Version,
                journey_id=journey,
                number=1,
                graph={"schema": 1, "nodes": nodes, "edges": [], **graph},
                node_order=["n1", "n2", "odd"],
                published_at=self.now,
                note="",
            )

    def make_customer(self, name: str = "Alice", *, consents: Mapping[str, bool] | None = None, **columns: Any) -> int:
        """Return the id of a customer who agreed to everything unless told otherwise."""
        with self.store.write() as conn:
            return self._make_customer(conn, name, consents, columns)

    def make_customers(self, count: int) -> list[int]:
        """Return the ids of customers who agreed to everything."""
        with self.store.write() as conn:
            return [self._make_customer(conn, "Alice", None, {}) for _ in range(count)]

    def _make_customer(
        self, conn: Any, name: str, consents: Mapping[str, bool] | None, columns: Mapping[str, Any]
    ) -> int:
        self._people += 1
        values = {
            "key": f"c{self._people}",
            "email": f"{name.lower()}{self._people}@example.com",
            "phone": f"+38067{self._people:07d}",
            "first_name": name,
            "attributes": {},
            "folded": {},
            "created_at": self.now,
            "updated_at": self.now,
            **columns,
        }
        id = _insert(conn, Customer, **values)
        for channel, granted in ({"email": True, "sms": True} if consents is None else consents).items():
            consent = {"customer_id": id, "channel": channel, "purpose": "marketing", "granted": granted}
            conn.execute(insert(Consent).values(**consent, source="", at=self.now))
        return id

    def make_message(self, customer: int, version: int, channel: str = "email", **columns: Any) -> int:
        """Put a message into the outbox and return its id; every message has an enrollment of its own."""
        return self.make_messages([customer], version, channel, **columns)[0]

    def make_messages(self, customers: list[int], version: int, channel: str = "email", **columns: Any) -> list[int]:
        """Put one message a customer into the outbox."""
        with self.store.write() as conn:
            names = {id: name for id, name in conn.execute(text("SELECT id, first_name FROM customer"))}  # noqa: C416
            journey = conn.execute(
                text("SELECT journey_id FROM journey_version WHERE id = :id"), {"id": version}
            ).scalar_one()
            ids: list[int] = []
            for customer in customers:
                entry = _insert(
                    conn,
                    Enrollment,
                    journey_id=journey,
                    version_id=version,
                    customer_id=customer,
                    entry_key=f"e{customer}-{len(ids)}-{columns.get('entry', '')}",
                    status="waiting",
                    node="n1",
                    since=self.now,
                    entered_at=self.now,
                )
                values = {"first_name": names[customer], "code": f"CODE-{entry}"}
                row = {
                    "enrollment_id": entry,
                    "node": "n1",
                    "channel": channel,
                    "customer_id": customer,
                    "version_id": version,
                    "created_at": self.now,
                    "due_at": self.now,
                    "variables": self.vault.seal(json.dumps(values).encode()),
                    **{name: value for name, value in columns.items() if name != "entry"},
                }
                ids.append(_insert(conn, Message, **row))
        return ids

    def set(self, name: str, value: Any) -> None:
        """Change a setting of the workspace."""
        with self.store.write() as conn:
            conn.execute(insert(Setting).values(name=name, value=value, updated_at=self.now))

    def change(self, table: type[SQLModel], where: Mapping[str, Any], **columns: Any) -> None:
        """Update rows, as another process would."""
        statement = update(table).values(**columns)
        for name, value in where.items():
            statement = statement.where(getattr(table, name) == value)
        with self.store.write() as conn:
            conn.execute(statement)

    def suppress(self, channel: str, address: str) -> None:
        """Let nobody write to an address any more."""
        digest = self.vault.digest(f"address:{channel}", address)
        with self.store.write() as conn:
            conn.execute(
                insert(Suppression).values(address_digest=digest, channel=channel, reason="bounced", at=self.now)
            )

    def deliver(self, channel: str = "email", **options: Any) -> int:
        """Deliver until nothing is due; return how many messages were dealt with."""
        total = 0
        while n := deliver(self.runtime, channel, self.now, **options):
            total += n
        return total

    def deliver_once(self, channel: str = "email", **options: Any) -> int:
        """Deliver one batch."""
        return deliver(self.runtime, channel, self.now, **options)

    def rows(self, table: type[SQLModel] = Message) -> list[dict[str, Any]]:
        """Return all rows of a table, by id where it has one."""
        order = getattr(table, "id", None)
        query = select(*table.__table__.columns)  # type: ignore[attr-defined]  # SQLModel sets it
        with self.store.read() as conn:
            return [dict(row) for row in conn.execute(query if order is None else query.order_by(order)).mappings()]

    def message(self, id: int) -> dict[str, Any]:
        """Return one message's row."""
        return next(row for row in self.rows() if row["id"] == id)

    def statuses(self) -> list[str]:
        """Return the states of all messages in the order of their ids."""
        return [row["status"] for row in self.rows()]

    def attempts(self) -> list[dict[str, Any]]:
        """Return all attempts."""
        return self.rows(Attempt)

    def caps(self) -> dict[tuple[int, str, str], int]:
        """Return the counters under caps."""
        return {(row["customer_id"], row["channel"], row["local_date"]): row["n"] for row in self.rows(CapCounter)}

    def channel_state(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each channel."""
        return {row["channel"]: row for row in self.rows(ChannelState)}

    def let_leases_end(self) -> None:
        """Make all leases end in the past, as if their time were up."""
        with self.store.write() as conn:
            conn.execute(text("UPDATE message SET lease_until = '2020-01-01' WHERE lease_until IS NOT NULL"))

    def wake_all(self) -> None:
        """Make everything pending due now, and end every pause."""
        with self.store.write() as conn:
            conn.execute(update(Message).values(due_at=self.now))
            conn.execute(update(ChannelState).values(open_until=None))

    def close(self) -> None:
        """Close the connections."""
        self.store.dispose()


@contextmanager
def a_world(url: str, channels: Mapping[str, Channel] | None = None) -> Iterator[World]:
    """Open a world and close it at the end."""
    world = World(url, channels)
    try:
        yield world
    finally:
        world.close()


def _insert(conn: Any, table: type[SQLModel], **values: Any) -> int:
    id: int = conn.execute(insert(table).values(**values)).inserted_primary_key[0]
    return id


@contextmanager
def counting(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database, through SQLAlchemy or the driver's own cursors."""
    seen: list[str] = []

    class Cursor:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            if name in ("execute", "executemany", "copy"):
                return lambda statement, *rest: self._noted(name, statement, *rest)
            return getattr(self.inner, name)

        def _noted(self, name: str, statement: str, *rest: Any) -> Any:
            seen.append(statement)
            return getattr(self.inner, name)(statement, *rest)

    before = store.bulk.raw_cursor
    for module in (store.bulk, store.outbox, store.outbox_checks):
        monkeypatch.setattr(module, "raw_cursor", lambda conn: Cursor(before(conn)))

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(world.store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(world.store.engine, "before_cursor_execute", note)
    monkeypatch.undo()
