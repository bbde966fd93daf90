"""Publishing and what follows: versions, fan-outs, code batches, pauses, stops."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlmodel import col

from builder import lifecycle
from builder.problems import Problem
from builder.publish import Published, publish
from builder.text import from_document, to_document
from nodes.graph import Graph
from nodes.registry import open_registry
from rig.people import a_customer, open_store
from store import drafts
from store.db import Store
from store.tables import CodeBatch, Enrollment, FanOut, Segment, Version
from wayfare.errors import Conflict, GraphInvalid, NotFound

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REGISTRY = open_registry([])


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as store:
        yield store


def a_graph(*middle: dict[str, Any], trigger: dict[str, Any] | None = None, **rest: Any) -> Graph:
    """Return trigger → middle → exit."""
    first = {"id": "t", "type": "trigger.event", "settings": {"event": "purchase"}} if trigger is None else trigger
    nodes = [first, *middle, {"id": "x", "type": "flow.exit", "settings": {"reason": "done"}}]
    ids = [node["id"] for node in nodes]
    edges = [{"from": source, "to": target} for source, target in pairwise(ids)]
    return from_document({"nodes": nodes, "edges": edges} | rest)


WAIT = {"id": "w", "type": "flow.wait", "settings": {"amount": 2}}
CODE = {"id": "c", "type": "action.promo_code", "settings": {"batch": "welcome", "prefix": "WB-"}}
MEMBERS = {"id": "t", "type": "trigger.segment", "settings": {"segment": "vip", "include_present": True}}


def go(store: Store, graph: Graph, key: str = "welcome", **options: Any) -> Published:
    return publish(store, REGISTRY, key, graph, NOW, "alice@example.com", **options)


def journey(store: Store, key: str = "welcome") -> drafts.JourneyRow:
    with store.read() as conn:
        return drafts.find_journey(conn, key)


def count(store: Store, table: str) -> int:
    with store.read() as conn:
        return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def a_segment(store: Store, key: str = "vip") -> int:
    with store.write() as conn:
        row = insert(Segment).values(
            key=key, name=key, description="", rule={"type": "all"}, rev=1, built_rev=1, build_after_id=0, size=0,
            created_at=NOW, updated_at=NOW,
        )  # fmt: skip
        return int(conn.execute(row.returning(col(Segment.id))).scalar_one())


def test_a_published_version_is_live_in_walking_order(store: Store) -> None:
    done = go(store, a_graph(WAIT, CODE), name="Welcome", note="first")
    assert (done.number, done.is_new, done.warnings) == (1, True, ())
    found = journey(store)
    assert (found.status, found.live_version_id, found.name, found.pause_epoch) == (
        "live",
        done.version_id,
        "Welcome",
        0,
    )
    with store.read() as conn:
        version = conn.execute(text("SELECT * FROM journey_version")).mappings().one()
        order = conn.execute(select(col(Version.node_order))).scalar_one()
        assert drafts.version_graph(conn, done.version_id).graph == to_document(a_graph(WAIT, CODE))
        assert drafts.draft_of(conn, "welcome") == to_document(a_graph(WAIT, CODE))
        audited = conn.execute(text("SELECT actor, action, subject FROM audit")).all()
    assert order == ["t", "w", "c", "x"]
    assert (version["published_by"], version["note"]) == ("alice@example.com", "first")
    assert [tuple(row) for row in audited] == [("alice@example.com", "journey.published", "journey:welcome")]


def test_the_graph_that_is_live_is_not_published_again(store: Store) -> None:
    first = go(store, a_graph(WAIT))
    second = go(store, from_document(to_document(a_graph(WAIT))))
    assert (second.version_id, second.number, second.is_new) == (first.version_id, 1, False)
    assert count(store, "journey_version") == 1
    assert journey(store).rev == 1
    third = go(store, a_graph())
    back = go(store, a_graph(WAIT))
    assert (third.number, back.number, back.is_new) == (2, 3, True)


def test_a_graph_with_problems_changes_nothing_and_names_them_all(store: Store) -> None:
    go(store, a_graph(WAIT))
    broken = a_graph({"id": "a", "type": "flow.wait", "settings": {"amount": 0}}, {"id": "b", "type": "acme.gone"})
    with pytest.raises(GraphInvalid) as caught:
        go(store, broken)
    problems = [problem for problem in caught.value.problems if isinstance(problem, Problem)]
    assert {(problem.node, problem.code) for problem in problems} == {("a", "invalid_settings"), ("b", "unknown_type")}
    assert (count(store, "journey_version"), journey(store).rev) == (1, 1)
    with pytest.raises(GraphInvalid):
        go(store, broken, key="other")
    with pytest.raises(NotFound):
        journey(store, "other")


def test_a_segment_that_does_not_exist_keeps_a_graph_from_being_published(store: Store) -> None:
    with pytest.raises(GraphInvalid, match="there is no segment 'vip'"):
        go(store, a_graph(trigger=MEMBERS))
    a_segment(store)
    assert go(store, a_graph(trigger=MEMBERS)).is_new


def test_batches_of_codes_are_made_once(store: Store) -> None:
    go(store, a_graph(CODE))
    go(store, a_graph(CODE, WAIT))
    with store.read() as conn:
        assert conn.execute(select(col(CodeBatch.key), col(CodeBatch.prefix))).all() == [("welcome", "WB-")]


def test_present_members_are_let_in_once_and_a_new_version_goes_on_where_the_old_one_was(store: Store) -> None:
    segment = a_segment(store)

    def fan_outs() -> list[tuple[Any, ...]]:
        columns = (col(FanOut.version_id), col(FanOut.segment_id), col(FanOut.last_customer_id), col(FanOut.done_at))
        with store.read() as conn:
            return [tuple(row) for row in conn.execute(select(*columns).order_by(col(FanOut.id)))]

    first = go(store, a_graph(trigger=MEMBERS))
    assert fan_outs() == [(first.version_id, segment, 0, None)]
    with store.write() as conn:
        conn.execute(text("UPDATE fan_out SET last_customer_id = 42"))
    second = go(store, a_graph(WAIT, trigger=MEMBERS))
    assert fan_outs() == [(first.version_id, segment, 42, NOW), (second.version_id, segment, 42, None)]
    with store.write() as conn:
        conn.execute(text("UPDATE fan_out SET done_at = at"))
    go(store, a_graph(CODE, trigger=MEMBERS))
    assert len(fan_outs()) == 2


def test_two_people_who_publish_at_once_get_two_versions(store: Store) -> None:
    graphs = [a_graph({**WAIT, "settings": {"amount": number}}, CODE) for number in range(1, 7)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda graph: go(store, graph), graphs))
    assert sorted(one.number for one in done) == [1, 2, 3, 4, 5, 6]
    assert journey(store).live_version_id == max(done, key=lambda one: one.number).version_id
    assert count(store, "code_batch") == 1


def test_a_draft_is_saved_under_the_revision_that_was_edited(store: Store) -> None:
    with store.write() as conn:
        assert drafts.save_draft(conn, "a", {"nodes": []}, now=NOW, name="A", rev=0) == 1
        assert drafts.save_draft(conn, "a", {"nodes": [1]}, now=NOW, rev=1) == 2
        with pytest.raises(Conflict, match="has changed since"):
            drafts.save_draft(conn, "a", {}, now=NOW, rev=1)
        with pytest.raises(Conflict, match="already called 'A'"):
            drafts.save_draft(conn, "b", {}, now=NOW, name="A")
        assert drafts.draft_of(conn, "a") == {"nodes": [1]}
        assert [(one.key, one.name, one.status) for one in drafts.list_journeys(conn)] == [("a", "A", "draft")]
        with pytest.raises(NotFound):
            drafts.draft_of(conn, "b")


def test_pause_resume_close_stop_archive(store: Store) -> None:
    go(store, a_graph(WAIT))
    steps = [
        (lifecycle.pause, "paused", 1),
        (lifecycle.pause, "paused", 1),
        (lifecycle.resume, "live", 2),
        (lifecycle.close, "closing", 3),
        (lifecycle.stop, "stopped", 4),
        (lifecycle.archive, "archived", 5),
    ]
    for step, status, epoch in steps:
        found = step(store, "welcome", NOW, "alice")
        assert (found.status, found.pause_epoch) == (status, epoch)
    for refused in (lifecycle.pause, lifecycle.resume, lifecycle.stop):
        with pytest.raises(Conflict, match="archived"):
            refused(store, "welcome", NOW, "alice")
    with pytest.raises(Conflict, match="archived"):
        go(store, a_graph())
    with pytest.raises(NotFound):
        lifecycle.pause(store, "nobody", NOW, "alice")


def test_publishing_into_a_paused_journey_leaves_it_paused_and_a_stopped_one_goes_live(store: Store) -> None:
    go(store, a_graph(WAIT))
    lifecycle.pause(store, "welcome", NOW, "alice")
    assert go(store, a_graph()).number == 2
    assert journey(store).status == "paused"
    lifecycle.stop(store, "welcome", NOW, "alice")
    assert go(store, a_graph()).number == 3
    assert (journey(store).status, journey(store).pause_epoch) == ("live", 3)


def test_stopping_ends_everyone_who_is_inside_with_a_reason_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, other = go(store, a_graph(WAIT)), go(store, a_graph(WAIT), key="other")
    with store.write() as conn:
        for number, status in enumerate(["active", "waiting", "parked", "completed", "exited", "waiting", "active"]):
            customer = a_customer(conn, f"c{number}")
            for version, key in ((inside, "welcome"), (other, "other")):
                row = insert(Enrollment).values(
                    journey_id=drafts.find_journey(conn, key).id, version_id=version.version_id, customer_id=customer,
                    entry_key="once", status=status, node="w", visit=0, seq=0, depth=0, since=NOW, wake_at=NOW,
                    attempts=0, entered_at=NOW, secrets=b"x",
                )  # fmt: skip
                conn.execute(row)
    monkeypatch.setattr("builder.lifecycle.CHUNK", 2)
    lifecycle.stop(store, "welcome", NOW, "alice")
    with store.read() as conn:
        rows = conn.execute(
            text("SELECT status, reason, secrets, wake_at FROM enrollment WHERE version_id = :v ORDER BY id"),
            {"v": inside.version_id},
        ).all()
        others = conn.execute(
            text("SELECT count(*) FROM enrollment WHERE version_id = :v AND reason IS NULL"), {"v": other.version_id}
        ).scalar_one()
    stopped = [row for row in rows if row.reason == lifecycle.STOPPED]
    assert [row.status for row in rows] == ["exited"] * 3 + ["completed"] + ["exited"] * 3
    assert len(stopped) == 5
    assert all((row.secrets, row.wake_at) == (None, None) for row in stopped)
    assert others == 7
    lifecycle.stop(store, "welcome", NOW, "alice")  # as after a crash: nothing is left to do
