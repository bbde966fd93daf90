"""What customers are worth: sums against what they cost, the forecast, the cost to serve, a calculator, the terms."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from pydantic import ValidationError

from engine.value_terms import keep_terms, terms_of
from store import audit, value, value_models
from store import value_past as past
from store import value_runs as runs
from store.db import Connection
from store.segments import all_segments
from store.value_runs import VALUE
from wayfare.value.forecast import MIN_REPEATERS
from wayfare.value.formulas import BANDS, NORMS
from web import access, rfm_view, value_calculator, value_terms, value_view
from web.context import now, store
from web.listing import Listing, asked, asked_page
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("value", __name__, url_prefix="/value")
SIZE = 20
CUTS = {"source": "Source", "cohort": "Month of the first order", "group": "RFM group", "segment": "Segment"}


def tabs(current: str) -> list[tuple[str, str, bool]]:
    """Return the tabs of the pages of value."""
    pages = (
        ("index", "Overview"),
        ("forecast", "Forecast"),
        ("serve", "Cost to serve"),
        ("calculator", "Calculator"),
        ("terms", "Terms"),
    )
    return [(words, url_for(f"value.{page}"), page == current) for page, words in pages]


@bp.get("")
@access.needs("value.read")
def index() -> Response:
    """Show what customers are worth against what winning them cost."""
    by = asked("by", 20) if asked("by", 20) in CUTS else "source"
    with store().read() as conn:
        terms, run = terms_of(conn), runs.open_run(conn)
        at, totals = value.sums(conn, past.TOTAL)
        _, sums = value.sums(conn, by)
        _, sources = value.sums(conn, past.SOURCE)
        fitted = next(iter(value_models.last_models(conn)), None)
        last = runs.last_run(conn, VALUE)
        names = {one.key: one.name for one in all_segments(conn)} if by == "segment" else {}
    blended = value_view.blended_cost(sources, terms)
    if by == "source":
        found = value_view.rows(sums, terms, lambda name: name or "Unknown", lambda one: terms.acquisition_of(one.name))
    elif by == "cohort":
        sums = sorted(sums, key=lambda one: one.name, reverse=True)[:24]
        found = value_view.rows(sums, terms, value_view.month_words, lambda one: blended)
    else:
        words = rfm_view.NAMES if by == "group" else names
        found = value_view.rows(sums, terms, lambda name: words.get(name, name), lambda one: blended)
    whole = value_view.rows(totals, terms, lambda name: "All", lambda one: blended)
    return respond(
        "value/index.html",
        tabs=tabs("index"),
        by=by,
        cuts=CUTS,
        rows=found,
        whole=whole[0] if whole else None,
        total=totals[0] if totals else None,
        at=at,
        terms=terms,
        run=run,
        last=last,
        fitted=fitted,
        bands=BANDS,
        norm=terms.norm,
        blended=blended,
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
    """Ask for a computation of classes, forecast and values."""
    actor, at = principal().actor, now()

    def work(conn: Connection) -> None:
        runs.ask(conn, VALUE, at, actor)
        audit.record(conn, actor, "value.asked", "value", {}, at)

    store().run(work)
    return go(url_for("value.index"))


@bp.get("/forecast")
@access.needs("value.read")
def forecast() -> Response:
    """Show the fitted models and how well they foretold what was held back."""
    with store().read() as conn:
        models = value_models.last_models(conn, 12)
        terms = terms_of(conn)
    fitted = models[0] if models else None
    return respond(
        "value/forecast.html",
        tabs=tabs("forecast"),
        fitted=fitted,
        models=models,
        check=value_view.holdout(fitted.holdout) if fitted else None,
        least=MIN_REPEATERS,
        terms=terms,
    )


@bp.get("/serve")
@access.needs("value.read")
def serve() -> Response:
    """Show whose service costs more than they bring."""
    page = asked_page(200)
    with store().read() as conn:
        terms = terms_of(conn)
        _, totals = value.sums(conn, past.TOTAL)
        count, lost = value.losing_sum(conn)
        may_see = principal().may("customers.list")
        rows = value.losing(conn, SIZE, (page - 1) * SIZE) if may_see else []
    return respond(
        "value/serve.html",
        tabs=tabs("serve"),
        terms=terms,
        total=totals[0] if totals else None,
        count=count,
        lost=lost,
        listing=Listing(rows, page, SIZE, count),
        may_see=may_see,
        example=value_calculator.reckoned({})[-1],
    )


@bp.get("/calculator")
@access.needs("value.read")
def calculator() -> Response:
    """Reckon by the five formulas, with the examples that everybody knows at first."""
    return respond(
        "value/calculator.html",
        "value/_calculator.html",
        tabs=tabs("calculator"),
        formulas=value_calculator.reckoned(request.args),
    )


@bp.get("/terms")
@access.needs("value.read")
def terms() -> Response:
    """Show what the business says of itself."""
    with store().read() as conn:
        known = terms_of(conn)
        return _terms_page(conn, value_terms.shown(known), {})


@bp.post("/terms")
@access.needs("value.edit")
def change_terms() -> Response:
    """Keep what the business says of itself."""
    try:
        given = value_terms.meant(request.form)
    except ValidationError as problem:
        with store().read() as conn:
            return _terms_page(conn, value_terms.posted(request.form), value_terms.wrong(problem), 422)
    actor, at = principal().actor, now()

    def work(conn: Connection) -> None:
        keep_terms(conn, given, at)
        audit.record(conn, actor, "value.terms", "value", given.model_dump(mode="json"), at)

    store().run(work)
    return go(url_for("value.terms"), "Kept. Values follow with the next computation.")


def _terms_page(conn: Connection, values: dict[str, Any], wrong: dict[str, str], status: int = 200) -> Response:
    channels = sorted({*value.channels_used(conn), *(name for name, _ in values["message_costs"])})
    _, sources = value.sums(conn, past.SOURCE)
    known = {name for name, _ in values["acquisition"]}
    more = [one.name for one in sources if one.name and one.name not in known][:50]
    return respond(
        "value/terms.html",
        tabs=tabs("terms"),
        values=values,
        wrong=wrong,
        channels=channels or ["email", "sms", "viber"],
        sources=[*known, *more],
        trades=[("", "not said"), *((key, title) for key, (title, _, _) in NORMS.items())],
        may_edit=principal().may("value.edit"),
        status=status,
    )
