"""Health and metrics, for load balancers and for Prometheus."""

import json

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from store.health import oldest_due
from web import access
from web.api.base import as_json
from web.context import now, store

bp = Blueprint("api_health", __name__)


@bp.get("/health/live")
@bp.get("/api/v1/health/live", endpoint="live_v1")
@access.public("load balancers ask it; it says nothing but that the process runs")
def live() -> Response:
    """Say that the process runs."""
    return as_json('{"status":"ok"}')


@bp.get("/health/ready")
@bp.get("/api/v1/health/ready", endpoint="ready_v1")
@access.public("load balancers ask it; ages of work name nobody")
def ready() -> Response:
    """Say whether the database answers, and for how long the oldest due work has been waiting."""
    with store().read() as conn:
        ages = oldest_due(conn, now())
    seconds = {kind: round(age, 1) for kind, age in ages.items()}
    return as_json(json.dumps({"status": "ok", "oldest_due_seconds": seconds}))


@bp.get("/metrics")
@bp.get("/api/v1/metrics", endpoint="metrics_v1")
@access.needs("metrics.read", or_loopback=True)
def metrics() -> Response:
    """Give the same ages to Prometheus. They come from the database, so every process tells the same."""
    registry = CollectorRegistry()
    age = Gauge("wayfare_oldest_due_seconds", "How long the oldest due work waits", ["kind"], registry=registry)
    with store().read() as conn:
        for kind, seconds in oldest_due(conn, now()).items():
            age.labels(kind).set(seconds)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
