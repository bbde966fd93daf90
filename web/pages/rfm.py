"""RFM: who buys lately, often and for much; the groups that come of it, and who moves between them."""

from collections import Counter
from datetime import timedelta
from functools import partial

from flask import Blueprint, Response, request, url_for

from engine.segments import save_segment
from store import audit, value
from store import value_rfm as rows
from store import value_runs as runs
from store.db import Connection
from store.segments import all_segments
from store.value_runs import CELLS, RFM, VALUE
from wayfare.value.rfm import CLASSES, GROUPS, Cell, group_of
from web import access, rfm_view
from web.bell import ring
from web.context import now, store
from web.listing import asked
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("rfm", __name__, url_prefix="/rfm")
SPANS = {"1": 30, "3": 91, "6": 182, "12": 365}
WAYS = {"customers": "Customers", "spent": "Revenue", "groups": "Groups"}
_KEYS = {group.key for group in GROUPS}


@bp.get("")
@access.needs("value.read")
def index() -> Response:
    """Show the cube, the groups and how customers moved between them."""
    by = asked("by", 20) if asked("by", 20) in WAYS else "customers"
    span = asked("months", 2) if asked("months", 2) in SPANS else "3"
    with store().read() as conn:
        cuts = rows.cut_points(conn)
        run, last = runs.open_run(conn), runs.last_run(conn, RFM, VALUE, CELLS)
        if cuts is None:
            return respond("rfm/empty.html", run=run, last=last)
        sums, mapping = value.cube(conn), rows.mapping(conn)
        since = now() - timedelta(days=SPANS[span])
        begin = value.first_move_at(conn)
        moves = value.moves_since(conn, max(since, begin) if begin else since)
        sizes = value.group_sizes(conn)
        made = _made(conn)
    counts = Counter[str]()
    for one in sums:
        counts[one.group] += one.customers
    peak = max((one.spent if by == "spent" else one.customers for one in sums), default=0)
    return respond(
        "rfm/index.html",
        by=by,
        ways=WAYS,
        span=span,
        spans=SPANS,
        cuts=cuts,
        run=run,
        last=last,
        sheets=rfm_view.sheets(sums, mapping, by),
        limits=rfm_view.limits(peak),
        groups=rfm_view.groups(sums, mapping, made),
        total=sum(counts.values()),
        spent=sum(one.spent for one in sums),
        moves=rfm_view.movement(moves, counts),
        columns=rfm_view.columns(sizes),
        mapped=len(mapping),
        made=made,
        names=rfm_view.NAMES,
    )


@bp.get("/progress")
@access.needs("value.read")
def progress() -> Response:
    """Show how far the computation is; when it has ended, the page is loaded anew."""
    with store().read() as conn:
        run = runs.open_run(conn)
    answer = respond("rfm/_progress.html", run=run)
    if run is None:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/compute")
@access.needs("value.edit")
def compute() -> Response:
    """Ask for a computation of cut points and classes."""
    _ask(RFM)
    return go(url_for("rfm.index"))


@bp.post("/segments")
@access.needs("segments.edit")
def make_segments() -> Response:
    """Make a segment of each group that has none."""
    with store().read() as conn:
        made, names = _made(conn), {one.name for one in all_segments(conn)}
    todo = [group for group in GROUPS if group.key not in made]
    for group in todo:
        name = group.name if group.name not in names else f"RFM: {group.name}"
        rule = {"type": "compare", "fact": "rfm.group", "op": "=", "value": group.key}
        saved = save_segment(store(), segment_key(group.key), name, rule, now(), description=group.advice)
        store().run(partial(_told_of, key=saved.key))
    ring()
    return go(url_for("rfm.index") + "#groups", f"{len(todo)} segments made; their members follow in a moment.")


@bp.get("/mapping")
@access.needs("value.read")
def mapping() -> Response:
    """Show all 125 cells by group, to give some to another one."""
    with store().read() as conn:
        sums, own = value.cube(conn), rows.mapping(conn)
        run = runs.open_run(conn)
    return respond(
        "rfm/mapping.html", sheets=rfm_view.sheets(sums, own, "groups"), groups=GROUPS, own=len(own), run=run
    )


@bp.get("/mapping/preview")
@access.needs("value.read")
def preview() -> Response:
    """Say how many customers would move if the ticked cells went to the chosen group."""
    cells, group = _cells(request.args.getlist("cell")), request.args.get("group", "")
    with store().read() as conn:
        would = _would_move(conn, dict.fromkeys(cells, group)) if group in _KEYS else None
    return respond("rfm/_preview.html", cells=cells, to=rfm_view.NAMES.get(group, ""), would=would)


@bp.post("/mapping")
@access.needs("value.edit")
def change_mapping() -> Response:
    """Give the ticked cells to the chosen group; whoever is in them moves with the next computation, at once."""
    cells, group = _cells(request.form.getlist("cell")), request.form.get("group", "")
    if not cells or group not in _KEYS:
        return go(url_for("rfm.mapping"), "Choose cells and a group first.", "bad")
    chosen = dict.fromkeys(cells, group)
    store().run(lambda conn: rows.change_mapping(conn, chosen))
    _ask(CELLS, {"cells": ["-".join(map(str, cell)) for cell in cells], "group": group})
    name = rfm_view.NAMES[group]
    return go(url_for("rfm.mapping"), f"{len(cells)} cells belong to “{name}” now; customers follow in a moment.")


@bp.post("/mapping/reset")
@access.needs("value.edit")
def reset_mapping() -> Response:
    """Give every cell back to its default group."""
    store().run(rows.reset_mapping)
    _ask(CELLS, {"reset": True})
    return go(url_for("rfm.mapping"), "Every cell is back in its default group; customers follow in a moment.")


def _told_of(conn: Connection, *, key: str) -> None:
    audit.record(conn, principal().actor, "segment.made", f"segment:{key}", {}, now())


def segment_key(group: str) -> str:
    """Return the key of the segment that is made of a group."""
    return f"rfm-{group.replace('_', '-')}"


def _ask(kind: str, detail: dict[str, object] | None = None) -> None:
    actor, at = principal().actor, now()

    def work(conn: Connection) -> None:
        runs.ask(conn, kind, at, actor)
        audit.record(conn, actor, "rfm.mapped" if kind == CELLS else "rfm.asked", "rfm", detail or {}, at)

    store().run(work)


def _made(conn: Connection) -> dict[str, str]:
    """Return the segments that ask for exactly one group, by the group."""
    made = {}
    for one in all_segments(conn):
        if one.rule.get("fact") == "rfm.group" and one.rule.get("op") == "=" and one.rule.get("value") in _KEYS:
            made[str(one.rule["value"])] = one.key
    return made


def _cells(texts: list[str]) -> list[Cell]:
    found = set()
    for text in texts[:200]:
        parts = text.split("-")
        if len(parts) == 3 and all(part.isascii() and part.isdigit() and 1 <= int(part) <= CLASSES for part in parts):
            found.add((int(parts[0]), int(parts[1]), int(parts[2])))
    return sorted(found)


def _would_move(conn: Connection, chosen: dict[Cell, str]) -> list[tuple[str, int]]:
    """Return from which groups how many customers would move, the most first."""
    own = rows.mapping(conn)
    would = Counter[str]()
    for one in value.cube(conn):
        if one.cell in chosen and group_of(one.cell, own) != chosen[one.cell]:
            would[rfm_view.NAMES[group_of(one.cell, own)]] += one.customers
    return [(name, n) for name, n in would.most_common() if n]
