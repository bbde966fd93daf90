"""Which edit can be undone: the log of many people answers as each one's own pair of stacks would."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from builder.history import standing, to_redo, to_undo
from store.draft_log import Mark

AT = datetime(2026, 11, 24, tzinfo=UTC)
ACTIONS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["edit", "undo", "redo", "cut"])), max_size=30)


@dataclass
class Stacks:
    """What one person can undo and redo, by the revision of the edit."""

    undo: list[int] = field(default_factory=list)
    redo: list[int] = field(default_factory=list)


@given(ACTIONS)
def test_the_log_answers_as_stacks_would(actions: list[tuple[str, str]]) -> None:
    marks: list[Mark] = []
    people = {"a": Stacks(), "b": Stacks()}
    effects: set[int] = set()
    for by, action in actions:
        own, rev = people[by], len(marks) + 1
        undo, redo = to_undo(marks, by), to_redo(marks, by)
        assert (undo.rev if undo else None) == (own.undo[-1] if own.undo else None)
        assert (redo is not None) == bool(own.redo)
        target = None
        if action == "edit":
            own.undo.append(rev)
            own.redo.clear()
            effects.add(rev)
        elif action == "undo" and undo is not None:
            target = undo.rev
            own.redo.append(own.undo.pop())
            effects.discard(target)
        elif action == "redo" and redo is not None:
            target = redo.rev
            own.undo.append(own.redo.pop())
            effects.add(own.undo[-1])
        elif action == "cut":
            people = {"a": Stacks(), "b": Stacks()}
        else:
            continue
        marks.insert(0, Mark(rev, by, "", f"edit {rev}", target, AT, action == "cut"))
    if not any(mark.is_cut for mark in marks):
        assert {mark.rev for mark in standing(marks)} == effects


def test_an_undo_of_something_before_the_part_that_is_looked_at_stands() -> None:
    edit, undo = Mark(1, "a", "", "", None, AT, False), Mark(2, "a", "", "", 1, AT, False)
    assert standing([edit, undo]) == []
    assert standing([undo]) == [undo]


def test_a_log_that_was_pruned_or_has_a_gap_goes_back_to_it_only() -> None:
    marks = [Mark(rev, "a", "", "", None, AT, False) for rev in (9, 8, 5, 4)]
    assert to_undo(marks, "a") == marks[0]
    undone = [Mark(11, "a", "", "", 8, AT, False), Mark(10, "a", "", "", 9, AT, False), *marks]
    assert to_undo(undone, "a") is None
    assert to_redo(undone, "a") == undone[0]
