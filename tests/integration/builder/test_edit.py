"""Editing drafts: revisions, undo that survives, others' edits, and what replaces a draft as a whole."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from builder import edit
from builder.edit import Edited, Gone, Met, Person
from builder.op_shapes import read_ops
from builder.ops import Op
from builder.publish import publish
from builder.text import from_document
from nodes.registry import open_registry
from rig.people import open_store
from store import draft_log, drafts
from store.db import Store
from wayfare.errors import BadOperation, Conflict, NotFound

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REGISTRY = open_registry([])
ALICE, BOB = Person("alice@example.com", "window-a"), Person("bob@example.com", "window-b")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as store:
        nodes = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
        nodes += [{"id": f"n{n}", "type": "flow.wait", "settings": {"amount": n}} for n in (2, 3)]
        edges = [{"from": "n1", "to": "n2"}, {"from": "n2", "to": "n3"}]
        document = {"nodes": nodes, "edges": edges}
        store.run(lambda conn: drafts.save_draft(conn, "welcome", document, now=NOW, by="shell:alice"))
        yield store


def do(store: Store, base: int, *ops: Op, who: Person = ALICE, **more: Any) -> Edited:
    return edit.commit(store, REGISTRY, "welcome", base, read_ops(list(ops)), who, now=NOW, **more)


def back(store: Store, base: int, who: Person = ALICE, *, redo: bool = False) -> Edited | None:
    return edit.undo(store, REGISTRY, "welcome", base, who, now=NOW, redo=redo)


def wait(id: str, days: int) -> Op:
    return {"op": "set_settings", "id": id, "settings": {"amount": days}, "version": 1}


def days(store: Store, id: str) -> int:
    found = edit.look(store, "welcome").document["nodes"]
    return int(next(node["settings"]["amount"] for node in found if node["id"] == id))


def add(id: str) -> Op:
    return {"op": "add_node", "node": {"id": id, "type": "flow.wait", "settings": {}}}


def test_each_edit_is_one_revision(store: Store) -> None:
    first = do(store, 1, wait("n2", 7), label="Change Wait")
    second = do(store, first.rev, add("n4"), {"op": "add_edge", "edge": {"from": "n3", "to": "n4"}})
    assert (first.rev, second.rev, second.last_node) == (2, 3, 4)
    assert (second.since, [op["op"] for op in second.applied]) == ([], ["add_node", "add_edge"])
    assert edit.look(store, "welcome").document == second.document
    with store.read() as conn:
        log = draft_log.since(conn, drafts.find_journey(conn, "welcome").id, 1, 9)
    assert [(one.rev, one.by, one.label) for one in log] == [
        (2, ALICE.by, "Change Wait"),
        (3, ALICE.by, "Add a step"),
    ]


def test_a_stale_edit_of_something_else_is_carried_out_all_the_same(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    mine = do(store, 1, wait("n3", 9), who=BOB)
    assert (mine.rev, mine.since, mine.applied) == (3, [wait("n2", 7)], [wait("n3", 9)])
    assert (days(store, "n2"), days(store, "n3")) == (7, 9)
    assert mine.base["nodes"][1]["settings"] == {"amount": 2}


def test_a_stale_edit_of_the_same_step_is_refused_by_name_and_changes_nothing(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    with pytest.raises(Met, match=r"^alice changed “Wait 2 days” meanwhile$") as caught:
        do(store, 1, wait("n2", 8), wait("n3", 8), who=BOB)
    assert caught.value.nodes == ["n2"]
    assert (caught.value.now.rev, caught.value.now.since) == (2, [wait("n2", 7)])
    assert (days(store, "n2"), days(store, "n3")) == (7, 3)


def test_a_step_that_was_deleted_cannot_be_changed_any_more(store: Store) -> None:
    do(store, 1, {"op": "remove_node", "id": "n2"})
    for stale in (wait("n2", 8), {"op": "add_edge", "edge": {"from": "n3", "to": "n2"}}):
        with pytest.raises(Met, match=r"^alice deleted “Wait 2 days” meanwhile$"):
            do(store, 1, stale, who=BOB)
    assert do(store, 1, {"op": "move", "positions": {"n2": [5, 5], "n3": [6, 6]}}, who=BOB).applied == [
        {"op": "move", "positions": {"n3": [6, 6]}}
    ]


def test_an_id_is_given_once(store: Store) -> None:
    edge = {"op": "add_edge", "edge": {"from": "n3", "port": "next", "to": "n4"}}
    do(store, 1, add("n4"))
    with pytest.raises(Met) as caught:
        do(store, 1, add("n4"), edge, who=BOB)
    assert (caught.value.nodes, caught.value.now.last_node) == (["n4"], 4)
    found = do(store, 2, {"op": "remove_node", "id": "n4"})
    assert found.last_node == 4, "an id that was used is never given again"


def test_the_id_of_a_step_that_was_is_not_given_to_another_one(store: Store) -> None:
    added = do(store, 1, add("n4"))
    gone = do(store, added.rev, {"op": "remove_node", "id": "n4"})
    for id, said in (("n4", "take n5"), ("n3", "there is a step 'n3' already"), ("n99999999", "ids go up to")):
        with pytest.raises(BadOperation, match=said):
            do(store, gone.rev, add(id))
    there = do(store, gone.rev, {"op": "remove_node", "id": "n3"}, add("n3"))
    undone = back(store, there.rev)
    assert undone is not None
    assert back(store, undone.rev) is not None, "undo brings back what was there"


def test_the_id_of_a_published_step_stays_its_own_whatever_it_is_called(store: Store) -> None:
    nodes = [{"id": "t", "type": "trigger.event", "settings": {"event": "purchase"}}, {"id": "w", "type": "flow.wait"}]
    graph = {"nodes": nodes, "edges": [{"from": "t", "to": "w"}]}
    publish(store, open_registry(), "welcome", from_document(graph), NOW, "alice")
    rev = edit.look(store, "welcome").rev
    gone = do(store, rev, {"op": "remove_node", "id": "w"})
    with pytest.raises(BadOperation, match="another step's id"):
        do(store, gone.rev, {"op": "add_node", "node": {"id": "w", "type": "flow.exit"}})
    assert do(store, gone.rev, add("w")).rev == gone.rev + 1, "the same step may come back"


def test_an_edit_that_is_sent_again_is_carried_out_once(store: Store) -> None:
    do(store, 1, wait("n2", 7), who=BOB)
    first = do(store, 1, add("n4"))
    do(store, first.rev, wait("n3", 9), who=BOB)
    again = do(store, 1, add("n4"))
    assert again.rev == 4
    assert again.since == [wait("n2", 7)]
    assert again.applied == read_ops([add("n4"), wait("n3", 9)])


def test_ones_own_other_window_is_told_from_others(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    with pytest.raises(Met, match=r"^You changed “Wait 2 days” in another window$"):
        do(store, 1, wait("n2", 8), who=Person(ALICE.by, "window-c"))


def test_a_journey_does_not_grow_without_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "MAX_NODES", 4)
    do(store, 1, add("n4"))
    with pytest.raises(BadOperation, match="at most 4 steps"):
        do(store, 2, add("n5"))
    assert do(store, 2, wait("n2", 8)).rev == 3


def test_a_bad_operation_changes_nothing(store: Store) -> None:
    with pytest.raises(BadOperation, match="there is no step 'n9'"):
        do(store, 1, wait("n2", 7), wait("n9", 7))
    assert edit.look(store, "welcome").rev == 1
    with pytest.raises(NotFound):
        edit.commit(store, REGISTRY, "nobody", 1, [wait("n2", 7)], ALICE, now=NOW)


def test_undo_and_redo_walk_through_ones_own_edits(store: Store) -> None:
    start = edit.look(store, "welcome").document
    do(store, 1, wait("n2", 7), label="first")
    after = do(store, 2, {"op": "remove_node", "id": "n2"}, label="second")
    undone = back(store, 3)
    assert undone is not None
    assert days(store, "n2") == 7
    assert back(store, 4) is not None
    assert edit.look(store, "welcome").document == start
    assert back(store, 5) is None
    for _ in range(2):
        assert back(store, 5, redo=True) is not None
    assert edit.look(store, "welcome").document == after.document
    assert back(store, 7, redo=True) is None
    assert back(store, 7) is not None
    assert back(store, 8) is not None
    assert edit.look(store, "welcome").document == start
    do(store, 9, wait("n3", 1))
    assert back(store, 10, redo=True) is None


def test_undo_leaves_alone_what_others_did(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    do(store, 2, wait("n3", 9), who=BOB)
    found = back(store, 2)
    assert found is not None
    assert found.since == [wait("n3", 9)]
    assert (days(store, "n2"), days(store, "n3")) == (2, 9)
    assert back(store, 4) is None, "the other's edit is not hers to undo"


def test_what_others_built_on_is_not_undone_until_they_take_it_back(store: Store) -> None:
    do(store, 1, add("n4"))
    do(store, 2, {"op": "add_edge", "edge": {"from": "n3", "to": "n4"}}, who=BOB)
    with pytest.raises(Met, match="bob changed “Wait 1 day” meanwhile"):
        back(store, 3)
    assert back(store, 3, BOB) is not None
    assert back(store, 4) is not None
    assert [node["id"] for node in edit.look(store, "welcome").document["nodes"]] == ["n1", "n2", "n3"]


def test_an_edit_undone_by_its_author_can_be_rebased_over(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    do(store, 2, wait("n2", 8), who=BOB)
    assert back(store, 3, BOB) is not None
    assert back(store, 4) is not None, "what was taken back stands in nobody's way"
    assert days(store, "n2") == 2


def test_a_draft_that_is_replaced_cuts_the_history(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    other = {"nodes": [{"id": "n7", "type": "flow.wait"}]}
    store.run(lambda conn: drafts.save_draft(conn, "welcome", other, now=NOW, by=BOB.by))
    assert back(store, 3) is None
    with pytest.raises(Gone, match="bob has replaced the draft meanwhile") as caught:
        do(store, 2, wait("n2", 7))
    assert caught.value.rev == 3
    for base in (2, 99):
        with pytest.raises(Gone):
            edit.look(store, "welcome", base)
    assert edit.look(store, "welcome").last_node == 7
    assert do(store, 3, add("n8")).rev == 4


def test_publishing_the_draft_leaves_its_edits_undoable(store: Store) -> None:
    do(store, 1, wait("n2", 7))
    graph = from_document(edit.look(store, "welcome").document)
    publish(store, REGISTRY, "welcome", graph, NOW, ALICE.by)
    assert edit.look(store, "welcome").rev == 2
    assert back(store, 2) is not None


def test_only_the_last_edits_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_log, "KEPT", 20)
    rev = 1
    for number in range(60):
        rev = do(store, rev, wait("n2", number + 1)).rev
    with store.read() as conn:
        kept = draft_log.marks(conn, 1)
    assert 20 <= len(kept) < 70
    with pytest.raises(Gone):
        edit.look(store, "welcome", 2)
    undone = 0
    while (found := back(store, rev)) is not None:
        rev, undone = found.rev, undone + 1
        if undone > 100:
            break
    assert 5 < undone < 60


def test_an_archived_journey_is_not_edited(store: Store) -> None:
    store.run(lambda conn: drafts.move_journey(conn, "welcome", "archive", now=NOW))
    with pytest.raises(Conflict, match="archived"):
        do(store, 1, wait("n2", 7))


def test_tidying_is_part_of_the_edit(store: Store) -> None:
    found = do(store, 1, add("n4"), {"op": "add_edge", "edge": {"from": "n3", "to": "n4"}}, tidy=True)
    assert found.applied[-1]["op"] == "move"
    heights = [node["position"][1] for node in found.document["nodes"]]
    assert heights == sorted(set(heights))
    assert found.document["nodes"][0]["position"] == [0, 0]
    again = do(store, 2, wait("n2", 4), tidy=True)
    assert [op["op"] for op in again.applied] == ["set_settings"]
    assert back(store, 3) is not None
    undone = back(store, 4)
    assert undone is not None
    assert all(node["position"] == [0, 0] for node in undone.document["nodes"])


def test_two_who_edit_other_steps_at_once_lose_nothing(store: Store) -> None:
    def work(who: Person, id: str) -> list[int]:
        base, revs = 1, []
        for number in range(100):
            base = do(store, base, wait(id, number + 1), who=who).rev
            revs.append(base)
        return revs

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work, ALICE, "n2"), pool.submit(work, BOB, "n3")]
        revs = [rev for job in jobs for rev in job.result()]
    assert sorted(revs) == list(range(2, 202))
    assert (days(store, "n2"), days(store, "n3")) == (100, 100)
    with store.read() as conn:
        log = draft_log.since(conn, 1, 1, 999)
    assert [one.rev for one in log] == list(range(2, 202))


def test_two_who_edit_the_same_step_at_once_hear_of_each_other(store: Store) -> None:
    def work(who: Person) -> tuple[int, int]:
        base, won, refused = 1, 0, 0
        for number in range(100):
            try:
                base, won = do(store, base, wait("n2", number + 1), who=who).rev, won + 1
            except Met as error:
                base, refused = error.now.rev, refused + 1
        return won, refused

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(work, (ALICE, BOB)))
    assert [won + refused for won, refused in both] == [100, 100]
    assert edit.look(store, "welcome").rev == 1 + sum(won for won, _ in both)
