"""Delivery of short messages outside journeys: one-time passwords. They go out again when the outcome is unknown.

A second password by the same text harms nobody; one that never comes does. So an attempt that may have arrived is
repeated until the message's time is over.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from engine.channels import Channel, Envelope, Outcome
from engine.outbox import Sender
from store import notices
from store.notices import Notice
from wayfare.errors import DeliveryFailed, VaultError, WayfareError
from wayfare.vault import Vault

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 6
_PAUSE = timedelta(seconds=10)
_CHUNK = 50


def deliver_notices(
    runtime: Sender, channel: str, now: datetime, *, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due on one channel; return how many were dealt with."""
    adapter = runtime.channels.get(channel)
    if adapter is None:
        raise WayfareError(f"there is no channel '{channel}'")
    token, lease = secrets.randbits(62), max(runtime.lease, adapter.timeout * 3)
    claimed = runtime.store.run(lambda conn: notices.claim(conn, channel, token, lease, now=now, limit=_CHUNK))
    if not claimed:
        return 0
    try:
        for notice in claimed:
            if stopping():
                values: dict[str, Any] = {"status": "pending"}
            else:
                values = _settled(notice, _sent(runtime.vault, adapter, channel, notice), now)
            runtime.store.run(partial(notices.settle, notice_id=notice.id, token=token, values=values))
    finally:
        adapter.close()
    return len(claimed)


def _sent(vault: Vault, adapter: Channel, channel: str, notice: Notice) -> Outcome:
    try:
        address, body = vault.open(bytes(notice.address)).decode(), vault.open(bytes(notice.body)).decode()
    except VaultError as error:
        return Outcome.failed(str(error))
    key = vault.digest("notice", str(notice.id))[:16].hex()
    envelope = Envelope(key, channel, address, "", body, notice.created_at, "transactional")
    try:
        return adapter.send(envelope)
    except DeliveryFailed as error:
        return Outcome.failed(str(error)) if error.permanent else Outcome("retry", str(error), retry_in=error.retry_in)
    except Exception as error:  # an adapter is foreign code, and where it broke nobody knows
        log.exception("a channel failed", channel=channel, notice=notice.id)
        return Outcome.down(f"the channel failed: {type(error).__name__}", in_doubt=True)


def _settled(notice: Notice, outcome: Outcome, now: datetime) -> dict[str, Any]:
    if outcome.status == "sent":
        return {"status": "sent", "reason": None}
    if outcome.status == "failed" or notice.attempts + 1 >= MOST_ATTEMPTS:
        return {"status": "failed", "reason": outcome.detail[:500]}
    pause = outcome.retry_in or _PAUSE * 2**notice.attempts
    return {"status": "pending", "reason": outcome.detail[:500], "due_at": now + pause}
