"""A small world for tests of the engine: a store, a clock that the test turns, journeys in a few lines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from engine.dates import fire_dates
from engine.fanout import fan_out
from engine.gates import tend_gates
from engine.match import match
from engine.moving import move
from engine.pools import tend_pools
from engine.runtime import Runtime
from engine.schedules import fire_schedules
from engine.sweep import sweep
from engine.walk import Walked, advance
from nodes.contract import NodeType
from nodes.registry import Registry, builtin_types
from rig.statements import counted
from store import bulk
from store.db import Store
from store.events import body_hash
from store.types import sqlite_text
from store.versions import due_versions
from wayfare.vault import Vault

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
SECRET = b"a secret that only tests know, 32+"


class World:
    """One database and one engine in this process. `now` moves only when the test moves it."""

    def __init__(
        self, url: str, *types: type[NodeType], now: datetime = START, batch_size: int = 5000, zone: str = "UTC"
    ) -> None:
        self.now = now
        self.store = Store(url, Vault(SECRET), zone=zone)
        registry = Registry([*builtin_types(), *types])
        self.runtime = Runtime(self.store, registry, self.store.vault, now=lambda: self.now, batch_size=batch_size)
        self._events = 0

    def close(self) -> None:
        """Let go of the database."""
        self.store.dispose()

    def customers(self, people: int | Iterable[Mapping[str, Any]]) -> list[int]:
        """Add customers, by number or with fields; return their ids."""
        fields = [{} for _ in range(people)] if isinstance(people, int) else list(people)
        columns = (
            *("key", "first_name", "phone", "email", "city", "country", "time_zone", "birthday", "birthday_md"),
            *("attributes", "folded", "created_at", "updated_at", "is_synthetic"),
        )
        first = self.scalar("SELECT coalesce(max(id), 0) FROM customer") + 1
        rows: list[tuple[Any, ...]] = []
        for number, person in enumerate(fields, start=first):
            born = person.get("birthday")
            rows.append(
                (
                    *(person.get("key", f"c{number}"), person.get("first_name", f"Ann{number}")),
                    *(person.get("phone", f"+38067{number:07}"), person.get("email", f"c{number}@example.com")),
                    *(person.get("city"), person.get("country", "UA"), person.get("time_zone", "Europe/Kyiv")),
                    *(born, born and born.month * 100 + born.day, person.get("attributes", {}), {}),
                    *(person.get("created_at", self.now), self.now, True),
                )
            )
        self.store.run(lambda conn: bulk.insert_rows(conn, "customer", columns, rows))
        with self.store.read() as conn:
            found = conn.execute(text("SELECT id FROM customer WHERE id >= :first ORDER BY id"), {"first": first})
            return [row[0] for row in found]

    def journey(
        self,
        key: str,
        nodes: Mapping[str, Mapping[str, Any]],
        edges: Iterable[tuple[str, str, str]] | None = None,
        **graph: Any,
    ) -> int:
        """Publish a journey of {id: {"type": ..., settings}}; without edges the nodes follow each other. Return the
        version's id."""
        arrows = [(a, "next", b) for a, b in pairwise(nodes)] if edges is None else list(edges)
        text_of_graph = {
            "schema": 1,
            "nodes": [
                {"id": id, "type": node["type"], "settings": {k: v for k, v in node.items() if k != "type"}}
                for id, node in nodes.items()
            ],
            "edges": [{"from": a, "port": port, "to": b} for a, port, b in arrows],
            **graph,
        }
        before: dict[str, set[str]] = {id: set() for id in nodes}
        for a, _, b in arrows:
            before[b].add(a)
        order = list(TopologicalSorter(before).static_order())
        return self.store.run(lambda conn: self._publish(conn, key, text_of_graph, order))

    def _publish(self, conn: Any, key: str, graph: dict[str, Any], order: Sequence[str]) -> int:
        journey = conn.execute(text("SELECT id FROM journey WHERE key = :key"), {"key": key}).scalar_one_or_none()
        if journey is None:
            columns = (
                "key",
                "name",
                "description",
                "status",
                "pause_epoch",
                "draft",
                "rev",
                "created_at",
                "updated_at",
            )
            bulk.insert_rows(conn, "journey", columns, [(key, key.title(), "", "live", 0, {}, 0, self.now, self.now)])
            journey = conn.execute(text("SELECT id FROM journey WHERE key = :key"), {"key": key}).scalar_one()
        number = conn.execute(
            text("SELECT coalesce(max(number), 0) + 1 FROM journey_version WHERE journey_id = :id"), {"id": journey}
        ).scalar_one()
        published = ("journey_id", "number", "graph", "node_order", "published_at", "published_by", "note")
        row = (journey, number, graph, list(order), self.now, "test", "")
        bulk.insert_rows(conn, "journey_version", published, [row])
        version = conn.execute(text("SELECT max(id) FROM journey_version")).scalar_one()
        conn.execute(
            text("UPDATE journey SET live_version_id = :version WHERE id = :id"), {"version": version, "id": journey}
        )
        return int(version)

    def code_batch(self, key: str) -> None:
        """Add a batch of codes."""
        row = (key, key.title(), "", self.now)
        self.store.run(lambda c: bulk.insert_rows(c, "code_batch", ("key", "name", "prefix", "created_at"), [row]))

    def happens(
        self,
        customers: int | Iterable[int],
        type: str,
        data: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
        key: str | None = None,
    ) -> None:
        """Let an event come in for customers, now unless `at` says when it happened."""
        ids = [customers] if isinstance(customers, int) else list(customers)
        rows = []
        for id in ids:
            self._events += 1
            name = key or f"e{self._events}"
            body = dict(data or {})
            rows.append((id, "test", name, type, 0, body, body_hash(body), at or self.now, self.now))
        columns = ("customer_id", "source", "key", "type", "depth", "data", "body_hash", "at", "received_at")
        self.store.run(lambda conn: bulk.insert_rows(conn, "event", columns, rows))

    def settle(self) -> Walked:
        """Match, enroll and walk until nothing is due now."""
        total = Walked()
        while True:
            done = self.moving() + match(self.runtime, now=self.now) + fan_out(self.runtime, now=self.now)
            with self.store.read() as conn:
                due = due_versions(conn, self.now)
            for version in due:
                walked = advance(self.runtime, version, now=self.now, limit=self.runtime.batch_size)
                total += walked
                done += walked.enrollments
            if not done:
                return total

    def settle_matching(self) -> int:
        """Match and enroll only; return how many statements that took."""
        with counted(self.store) as statements:
            while match(self.runtime, now=self.now):
                pass
        return len(statements)

    def pass_time(self, **duration: float) -> Walked:
        """Let time go by (as for `timedelta`), then settle."""
        self.now += timedelta(**duration)
        return self.settle()

    def dates(self) -> int:
        """Let the date triggers look at the calendar."""
        return fire_dates(self.runtime, now=self.now)

    def schedules(self) -> int:
        """Let the schedules look at the calendar."""
        return fire_schedules(self.runtime, now=self.now)

    def moving(self) -> int:
        """Move customers out of steps that publications took away; return how much was done."""
        done = 0
        while n := move(self.runtime, now=self.now):
            done += n
        return done

    def gates(self) -> int:
        """Let the gates look whether they open."""
        return tend_gates(self.runtime, now=self.now)

    def pools(self) -> int:
        """Let the pools of codes look who waits for a refill."""
        return tend_pools(self.runtime, now=self.now)

    def sweep(self) -> None:
        """Sweep once."""
        sweep(self.runtime, now=self.now)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query as plain tuples."""
        with self.store.read() as conn:
            return [tuple(row) for row in conn.execute(text(query), values)]

    def scalar(self, query: str, **values: Any) -> Any:
        """Return the one value of a query."""
        return self.rows(query, **values)[0][0]

    def statuses(self) -> dict[str, int]:
        """Return how many enrollments have each status."""
        return {row[0]: row[1] for row in self.rows("SELECT status, count(*) FROM enrollment GROUP BY status")}

    def moment(self, at: datetime) -> Any:
        """Return an instant as raw statements write it."""
        return sqlite_text(at) if self.store.dialect == "sqlite" else at

    def path(self, customer: int) -> list[tuple[str, str]]:
        """Return (node, port) of each step that a customer took, in order."""
        return [
            (row[0], row[1])
            for row in self.rows(
                """SELECT s.node, s.port FROM step_log s JOIN enrollment e ON e.id = s.enrollment_id
                WHERE e.customer_id = :customer ORDER BY e.id, s.seq""",
                customer=customer,
            )
        ]
