"""Which edit of the log a person can undo or redo, and which edits still have an effect. Pure."""

from collections.abc import Sequence
from typing import TypeVar

from store.draft_log import Mark

M = TypeVar("M", bound=Mark)


def standing(marks: Sequence[M]) -> list[M]:
    """Return the edits that still have an effect, in the given order: an edit and what took it back cancel out.

    `marks` are all edits from some revision on, in any order. An undo of an edit before that stands.
    """
    present = {mark.rev for mark in marks}
    cancelled: set[int] = set()
    for mark in sorted(marks, key=lambda mark: -mark.rev):
        if mark.undo_of is not None and mark.rev not in cancelled:
            cancelled.add(mark.undo_of)
            if mark.undo_of in present:
                cancelled.add(mark.rev)
    return [mark for mark in marks if mark.rev not in cancelled]


def to_undo(marks: Sequence[M], by: str) -> M | None:
    """Return the last edit of a person that is not undone, or None. `marks` are the whole log, the newest first."""
    own = _since_cut(marks)
    undone = _undone(own)
    return next((one for one in own if one.by == by and one.undo_of is None and one.rev not in undone), None)


def to_redo(marks: Sequence[M], by: str) -> M | None:
    """Return the last undo of a person that was not taken back, or None when something new was done since."""
    own = _since_cut(marks)
    undone, by_rev = _undone(own), {one.rev: one for one in own}
    for one in own:
        if one.by != by or one.rev in undone:
            continue
        if one.undo_of is None:
            return None
        target = by_rev.get(one.undo_of)
        if target is not None and target.undo_of is None:
            return one
    return None


def _since_cut(marks: Sequence[M]) -> list[M]:
    """Return the edits after the draft was last replaced as a whole, the newest first."""
    kept: list[M] = []
    for mark in sorted(marks, key=lambda mark: -mark.rev):
        if mark.is_cut or (kept and kept[-1].rev != mark.rev + 1):
            break
        kept.append(mark)
    return kept


def _undone(marks: Sequence[M]) -> set[int]:
    """Return the revisions whose edit was taken back and stays so; `marks` the newest first."""
    undone: set[int] = set()
    for mark in marks:
        if mark.undo_of is not None and mark.rev not in undone:
            undone.add(mark.undo_of)
    return undone
