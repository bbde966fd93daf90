"""Pools of codes: who waits for a refill goes on, and what was given and never seen is voided or goes back."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

import structlog

from engine.runtime import Runtime
from engine.versions import Compiled
from nodes.contract import FOR_EVER, OFFERS
from offers.certificates import spend
from store import code_doubts
from store.codes import pool_levels
from store.db import Connection
from store.effects import code_batches
from store.gifts import unspent
from store.memory import let_go, versions_waiting
from store.outbox import UNSENT

log = structlog.get_logger(__name__)


def tend_pools(runtime: Runtime, *, now: datetime) -> int:
    """Let go who waits for a code where there are some again; return how many went on.

    Looks only at versions in which somebody waits for good: one probe of an index a version.
    """
    with runtime.store.read() as conn:
        versions = [runtime.versions.get(conn, id) for id in versions_waiting(conn, FOR_EVER)]
        wanted = [(version.id, id, key) for version in versions for id, key in _drawing(version).items()]
        if not wanted:
            return 0
        batches = code_batches(conn, [key for _, _, key in wanted])
        free = {key: n for key, _, n in pool_levels(conn)}
    gone = 0
    for version_id, node, key in wanted:
        batch = batches.get(key)
        if batch is not None and not batch.is_void and (free.get(key) or not batch.uses_pool):
            gone += runtime.store.run(partial(let_go, version_ids=[version_id], node=node, now=now))
    return gone


def settle_doubts(runtime: Runtime, conn: Connection, now: datetime) -> int:
    """Decide about codes and certificates of passages that ended and whose customer saw none; return how many were
    voided or went back.

    A message that was sent, or may have been, keeps what it shows good. A certificate's money goes back where it came
    from.
    """
    voided = returned = last = 0
    while doubts := code_doubts.ended(conn, last):
        last = doubts[-1].enrollment_id
        gifts = unspent(conn, [doubt.enrollment_id for doubt in doubts])
        decided, void, back = [], [], []
        for doubt in doubts:
            version = runtime.versions.get(conn, doubt.version_id)
            codes, seen = _verdict(version, doubt, "code"), _verdict(version, doubt, "certificate")
            if codes == "unseen":
                void += [code for code, returns in doubt.codes if not returns]
                back += [code for code, returns in doubt.codes if returns]
            if seen == "unseen":
                for certificate in gifts.get(doubt.enrollment_id, ()):
                    spend.void(conn, certificate, "its customer never saw it", now=now, by="wayfare")
                    voided += 1
            if codes != "open" and (seen != "open" or doubt.enrollment_id not in gifts):
                decided.append(doubt.enrollment_id)
        changed = code_doubts.settle(conn, decided, void=void, back=back)
        voided, returned = voided + changed[0], returned + changed[1]
    if voided or returned:
        log.info("codes and certificates that nobody saw", voided=voided, returned=returned)
    return voided + returned


def _verdict(version: Compiled, doubt: code_doubts.Doubt, kind: str) -> str:
    """Say whether a passage's customer has `seen` what they were given, cannot have (`unseen`), or it is `open`."""
    telling = _telling(version, kind)
    states = {status for node, status in doubt.messages if telling is None or node in telling}
    if states <= {*UNSENT}:
        return "unseen"
    return "seen" if "sent" in states else "open"


def _drawing(version: Compiled) -> dict[str, str]:
    """Return the nodes that issue codes, with the key of their batch."""
    return {id: key for id, node in version.nodes.items() for kind, key in node.references() if kind == "code_batch"}


def _telling(version: Compiled, kind: str) -> Collection[str] | None:
    """Return the nodes whose messages show what is in hand; None, for all of them, when a type is not here."""
    if version.unknown:
        return None
    found = set()
    for id, node in version.nodes.items():
        names = {need if isinstance(need, str) else need.name for need in node.facts()}
        if not names.isdisjoint(OFFERS[kind]):
            found.add(id)
    return found
