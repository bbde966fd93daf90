"""What if: what other rules would have made of receipts of the past, asked, waited for, and read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for

from offers.whatif import sample, table
from offers.whatif.ask import ask, rules
from offers.whatif.spec import Spec
from store import products, rulesets, what_if
from store.db import Connection
from store.what_if import Row
from wayfare.errors import Conflict, InputRefused, NotFound
from web import access, promotion_cart
from web.authors import author_of
from web.charts import Bars, bars
from web.context import now, store
from web.formats import money
from web.listing import asked
from web.pages.forms import default_zone
from web.pages.promotion_cart import link_to
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.spreadsheet import sheet

bp = Blueprint("promotions_whatif", __name__, url_prefix="/promotions/what-if")
SIZE = 20
RATE = "40"
STATES = {
    "queued": ("Waits", "info"),
    "running": ("Is being computed", "accent"),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Stopped", ""),
}
KINDS = {"sku": "Products", "brand": "Brands", "category": "Categories"}
FIELDS = ("old", "new", "without", "source", "days", "most", "margin", "scale", "currency", "begins")


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """Ask a new question, and list those that were asked."""
    return _index({name: asked(name, 100) for name in FIELDS})


@bp.post("")
@access.needs("promotions.whatif", max_bytes=table.MOST_BYTES + 200_000)
def begin() -> Response:
    """Ask a question; a worker answers it."""
    typed = {name: request.form.get(name, "").replace("\0", "").strip()[:100] for name in FIELDS}
    upload = request.files.get("file")
    file = upload.read() if upload and upload.filename and typed["source"] == "file" else None
    by, at = author_of(principal()).actor, now()

    def work(conn: Connection) -> int:
        old = rules(conn, typed["old"] or "live", typed["without"], at)
        return ask(conn, old, rules(conn, typed["new"] or "draft", "", at), _spec(typed), by=by, now=at, file=file)

    try:
        id = store().run(work)
    except (InputRefused, NotFound) as error:
        return _index(typed, _sentence(error), error.path if isinstance(error, InputRefused) else "", 422)
    return go(url_for("promotions_whatif.show", id=id))


def _spec(typed: dict[str, str]) -> Spec:
    source: Any = typed["source"] or "sample"
    is_sample = source == "sample"
    return Spec(
        source,
        days=_whole(typed["days"], 91 if is_sample else 30, "days"),
        most=_whole(typed["most"], 0, "most") or None,
        begins=typed["begins"] or None,
        scale=(typed["scale"] or "1").replace(",", ".") if is_sample else "1",
        currency=typed["currency"].upper()[:3] if is_sample else "",
        margin=typed["margin"].replace(",", ".") or None,
        zone=default_zone(),
        until=now().isoformat(),
    )


def _whole(text: str, otherwise: int, name: str) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InputRefused(name, f"“{text[:20]}” is not a whole number", path=name)
    return int(text)


def _index(typed: dict[str, str], error: str = "", path: str = "", status: int = 200) -> Response:
    before = asked("before", 12)
    today = now().astimezone(ZoneInfo(default_zone())).date()
    since = now() - timedelta(days=90)
    with store().read() as conn:
        numbers = [one.number for one in rulesets.versions(conn, limit=100)]
        live = rulesets.live_number(conn, now())
        draft = rulesets.draft_items(conn, "promotion")
        rows = what_if.listed(
            conn, "whatif", before=int(before) if before.isascii() and before.isdigit() else None, limit=SIZE + 1
        )
        own = what_if.count_orders(conn, since, now())
        currency = products.currency_in_use(conn)
        sections = tabs(conn, "whatif")
    typed["source"] = typed["source"] or ("own" if own >= 200 else "sample")
    typed["old"] = typed["old"] or ("live" if live else "0")
    typed["new"] = typed["new"] or "draft"
    if not error and not typed["begins"] and typed["source"] == "sample":
        typed["begins"] = (today - timedelta(days=90)).isoformat()
    which = [("live", "what is live"), ("draft", "the draft"), *((str(n), f"version {n}") for n in numbers)]
    return respond(
        "promotions/whatif.html",
        status=status,
        typed=typed,
        error=error,
        fault=path,
        which=[*which, ("0", "no promotions at all")],
        promotions=sorted(
            ((one.key, one.body.get("name") or one.key) for one in draft), key=lambda one: one[1].casefold()
        ),
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        is_first=not before,
        states=STATES,
        own=own,
        rate=RATE,
        currency=currency if currency not in ("", sample.CURRENCY) else "UAH",
        has_rules=bool(draft or numbers),
        today=today.isoformat(),
        tabs=sections,
    )


@bp.get("/<int:id>")
@access.needs("promotions.read")
def show(id: int) -> Response:
    """Show how far an answer is, or the answer."""
    with store().read() as conn:
        row = what_if.small(conn, id)
        if row.kind != "whatif":
            raise NotFound(f"there is no question {id} to the past")
        if row.status == "done":
            row = replace(row, result=what_if.get(conn, id).result)
        sections = tabs(conn, "whatif")
    spec = Spec.of(row.spec)
    values: dict[str, Any] = {"row": row, "spec": spec, "state": STATES[row.status], "is_late": _is_late(row)}
    if row.result is not None:
        values |= _answered(row, spec)
    return respond(
        "promotions/whatif_show.html",
        "promotions/_whatif.html",
        tabs=sections,
        source_words=source_words,
        kinds=KINDS,
        link_to=link_to,
        **values,
    )


def _answered(row: Row, spec: Spec) -> dict[str, Any]:
    found: dict[str, Any] = dict(row.result or {})
    found["promotions"] = [{**one, "is_same": one["old"] == one["new"]} for one in found["promotions"]]
    return {
        "found": found,
        "chart": chart(found["bars"]),
        "cart_of": cart_of,
        "is_part": found["receipts"]["priced"] + sum(found["receipts"]["refused"].values())
        < found["receipts"]["total"],
        "currency": spec.currency or (sample.CURRENCY if spec.source == "sample" else ""),
        "rates": _rates(found),
    }


def _rates(found: dict[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """Return percents before and after: discount of the list value, and margin of what is paid for goods."""

    def of(side: str, part: str, whole: str) -> float | None:
        sums = found[side]
        return None if sums[part] is None or not sums[whole] else 100 * sums[part] / sums[whole]

    sides = ("old", "new")
    discount, margin = ([of(side, *names) for side in sides] for names in (("discount", "goods"), ("margin", "net")))
    return {"discount": (discount[0], discount[1]), "margin": (margin[0], margin[1])}


def _is_late(row: Row) -> bool:
    """Return whether a question waits longer than a worker would let it."""
    return row.status == "queued" and now() - row.created_at > timedelta(seconds=20)


def chart(found: list[dict[str, Any]]) -> Bars | None:
    """Return how many receipts changed by how much, without those that did not change; None when none did."""
    changed = [one for one in found if one["least"]]
    return bars([one["n"] for one in changed], [bar_words(one) for one in changed]) if changed else None


def bar_words(one: dict[str, Any]) -> str:
    """Return what a bar stands for: receipts that became so much cheaper or dearer."""
    least, word = abs(one["least"]), "cheaper" if one["least"] < 0 else "dearer"
    if one["most"] is None:
        return f"{money(least)} or more {word}"
    return f"{money(least)} to {money(abs(one['most']))} {word}"


def source_words(spec: Spec) -> str:
    """Return which receipts they are."""
    days = f"{spec.days} days" if spec.days != 1 else "1 day"
    return {
        "sample": f"the sample of the Complete Journey data set, {days}",
        "own": f"our own confirmed orders of {days}",
        "file": f"a table of receipts, its last {days}",
    }[spec.source]


def cart_of(cart: dict[str, Any], version: str) -> str:
    """Return where a receipt is priced step by step; empty for one that is too long for an address."""
    if len(cart["lines"]) > promotion_cart.MOST_ROWS:
        return ""
    arguments: dict[str, Any] = {**promotion_cart.address_of(cart, default_zone()), "version": version}
    return f"{url_for('promotions_cart.index')}?{urlencode(arguments, doseq=True)}"


@bp.post("/<int:id>/cancel")
@access.needs("promotions.whatif")
def cancel(id: int) -> Response:
    """Stop a question."""
    return _act(id, lambda conn: what_if.cancel(conn, id, now()), "Stopped.")


@bp.post("/<int:id>/again")
@access.needs("promotions.whatif")
def again(id: int) -> Response:
    """Ask the same question once more: the same rules, the same receipts."""
    return _act(id, lambda conn: what_if.again(conn, id), "")


@bp.post("/<int:id>/delete")
@access.needs("promotions.whatif")
def delete(id: int) -> Response:
    """Forget a question, its answer, and the table that came with it."""

    def work(conn: Connection) -> None:
        what_if.get(conn, id, "whatif")
        what_if.remove(conn, id)

    store().run(work)
    return go(url_for("promotions_whatif.index"), "It is forgotten.")


def _act(id: int, work: Callable[[Connection], object], note: str) -> Response:
    place = url_for("promotions_whatif.show", id=id)

    def act(conn: Connection) -> None:
        what_if.get(conn, id, "whatif")
        work(conn)

    try:
        store().run(act)
    except Conflict as error:
        return go(place, _sentence(error), "bad")
    return go(place, note)


@bp.get("/<int:id>/<part>.csv")
@access.needs("promotions.read")
def export(id: int, part: str) -> Response:
    """Give the answer as a table: `lines`, `promotions` or `receipts`. Amounts in minor units."""
    with store().read() as conn:
        row = what_if.get(conn, id, "whatif")
    found = row.result
    if found is None or part not in ("lines", "promotions", "receipts"):
        raise NotFound("there is no such table")
    name = f"what-if-{id}-{part}"
    if part == "lines":
        columns = ("name", "units", "list", "old", "new", "change")
        rows = [(kind, *(one[name] for name in columns)) for kind in KINDS for one in found["lines"][kind]]
        return sheet(name, ("kind", *columns), rows)
    if part == "promotions":
        columns = ("key", "name", "old", "old_receipts", "new", "new_receipts")
        return sheet(name, columns, [[one[name] for name in columns] for one in found["promotions"]])
    header = ("receipt", "change", "at", "store", "lines")
    carts = [(one["key"], one["change"], one["cart"]) for one in found["most"]]
    return sheet(name, header, [(k, c, cart["at"], cart.get("store", ""), len(cart["lines"])) for k, c, cart in carts])


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
