"""Seeing one customer in full: with a reason, kept in the audit trail; for a quarter of an hour, in this browser."""

import base64
import json
from datetime import UTC, datetime, timedelta

from store import audit
from store.db import Connection
from wayfare.errors import VaultError
from web import cookies
from web.context import now, store
from web.principal import principal

RIGHT = "customers.unmask"
LENGTH = timedelta(minutes=15)
_COOKIE = "reveal"
_MOST = 20


def until(customer_id: int) -> datetime | None:
    """Return until when this reader sees a customer in full, or None."""
    ends = _opened().get(str(customer_id))
    if ends is None or not principal().may(RIGHT):
        return None
    moment = datetime.fromtimestamp(ends, UTC)
    return moment if moment > now() else None


def is_open(customer_id: int) -> bool:
    """Say whether this reader sees a customer in full now."""
    return until(customer_id) is not None


def begin(customer_id: int, customer_key: str, reason: str) -> None:
    """Let this reader see a customer in full, and write down why. The caller checked the right."""
    detail = {"reason": reason[:300], "minutes": int(LENGTH.total_seconds() // 60)}
    who, subject = principal().actor, f"customer:{customer_key}"

    def work(conn: Connection) -> None:
        audit.record(conn, who, "customer.revealed", subject, detail, now())

    store().run(work)
    opened = {key: ends for key, ends in _opened().items() if ends > now().timestamp()}
    opened[str(customer_id)] = (now() + LENGTH).timestamp()
    _keep(dict(list(opened.items())[-_MOST:]))


def finish(customer_id: int) -> None:
    """Hide a customer again."""
    _keep({key: ends for key, ends in _opened().items() if key != str(customer_id)})


def _keep(opened: dict[str, float]) -> None:
    body = json.dumps({"who": principal().actor, "opened": opened}).encode()
    cookies.write(_COOKIE, base64.urlsafe_b64encode(store().vault.seal(body)).decode(), LENGTH)


def _opened() -> dict[str, float]:
    try:
        found = json.loads(store().vault.open(base64.urlsafe_b64decode(cookies.read(_COOKIE) or "AA==")))
    except (VaultError, ValueError):
        return {}
    return dict(found["opened"]) if found["who"] == principal().actor else {}
