"""Fitting the forecast to our own orders, and trying it on what was held back."""

from datetime import datetime
from typing import Any, Final

import structlog

from store import value_models as models
from store import value_runs as runs
from store.days import day_of
from store.db import Connection, Store
from store.value_orders import sampled_orders
from store.value_runs import CUSTOMERS, Run
from wayfare.value import forecast, history

log = structlog.get_logger(__name__)

SAMPLE: Final = 50_000
"""Customers a fit looks at, at most: more change its parameters in the third digit only."""


def fit_model(store: Store, run: Run, now: datetime) -> None:
    """Fit both models to the orders of all customers, or of a sample, and keep them with how well they foretell."""
    share = min(1.0, SAMPLE / max(run.total, 1))
    with store.read() as conn:
        today = day_of(conn, now).toordinal()
        owner, day, total = sampled_orders(conn, share, now)
    _, bought = history.merged(owner, day, total)
    known = history.seen(bought, today)
    parameters: dict[str, float] = {}
    check: dict[str, Any] = {}
    problem = ""
    try:
        parameters = forecast.fit(known).parameters()
        check = forecast.holdout(bought, today)
    except ValueError as reason:
        problem = str(reason)
    fitted = models.Fitted(
        0, now, len(known.customer), int((known.repeats > 0).sum()), share < 1, parameters, check, problem
    )

    def work(conn: Connection) -> None:
        if runs.is_at(conn, run):
            models.add_model(conn, fitted)
            runs.note(conn, run, phase=CUSTOMERS)

    store.run(work)
