"""Delivery: from pending messages to outcomes.

One call claims a batch of one channel, and for each part of it: render, store what goes out, call the provider outside
any transaction, record. What is stored before the call decides what a crash leaves: the same key and the same bytes
for providers that drop repeats or can be asked, exactly one `uncertain` message for the others.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from engine.channels import Channel, Envelope, Outcome, RetryClass
from engine.circuit import HORIZON, Circuit, Pace, back_off
from engine.guards import PAUSED, Guard, Verdict, rules
from engine.render import Compiled, Text, Texts, render
from store import channel_state, outbox, outbox_checks
from store.db import Connection, Store
from store.outbox import MOST_FAILURES, Queued, Settled, Tried
from store.outbox_checks import JourneyState, Recipient
from wayfare import clock
from wayfare.crashpoints import point
from wayfare.errors import DeliveryFailed, WayfareError
from wayfare.vault import Vault

log = structlog.get_logger(__name__)

_PUT_OFF = timedelta(minutes=5)
"""When to look again at a message whose node type is not installed here."""


class _Versions(Protocol):
    def get(self, conn: Connection, version_id: int, /) -> Compiled: ...


class Sender(Protocol):
    """What delivery needs of the running engine."""

    @property
    def store(self) -> Store: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def channels(self) -> Mapping[str, Channel]: ...
    @property
    def versions(self) -> _Versions: ...
    @property
    def lease(self) -> timedelta: ...
    @property
    def default_zone(self) -> str: ...


def deliver(
    runtime: Sender,
    channel: str,
    now: datetime,
    *,
    stopping: Callable[[], bool] = lambda: False,
    limit: int | None = None,
) -> int:
    """Claim and send one batch of a channel's due messages; return how many were dealt with, 0 when none is due.

    `stopping` is asked before each message: when it says yes, the rest is given back at once. WayfareError for a
    channel that this engine does not have. What the checks before a message raise keeps it from being sent.
    """
    adapter = runtime.channels.get(channel)
    if adapter is None:
        raise WayfareError(f"there is no channel '{channel}'; there are {', '.join(runtime.channels)}")
    try:
        return _Delivery(runtime, channel, adapter, now, stopping).run(limit or adapter.chunk)
    finally:
        adapter.close()


def effect_key(vault: Vault, message: Queued) -> str:
    """Return the idempotency key: the same for every attempt of one effect, and nobody can guess another's."""
    effect = f"{message.enrollment_id}\x1f{message.node}\x1f{message.visit}\x1f{message.channel}"
    return vault.digest("effect", effect)[:16].hex()


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one claim got. `seen` counts what it dealt with, refusals included."""

    messages: Sequence[Queued]
    seen: int
    circuit: Circuit
    first_in: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message that may go out now."""

    message: Queued
    text: Text
    address: str
    since: datetime  # since when the provider may have it


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    recipient: Recipient | None
    journey: JourneyState | None


class _Delivery:
    def __init__(
        self, runtime: Sender, name: str, adapter: Channel, now: datetime, stopping: Callable[[], bool]
    ) -> None:
        self.runtime = runtime
        self.store = runtime.store
        self.name = name
        self.adapter = adapter
        self.now = now
        self.stopping = stopping
        self.token = secrets.randbits(62)
        self.lease = max(runtime.lease, adapter.timeout * 3)
        self.started = clock.monotonic()
        self.circuit = Circuit(name, channel_state.ChannelHealth(now))

    def run(self, limit: int) -> int:
        claim = self.store.run(lambda conn: self._claim(conn, limit))
        self.circuit = claim.circuit
        if not claim.messages:
            return claim.seen
        point("send.claimed")
        pace = Pace(self.adapter.rate, claim.first_in)
        size = 1 if self.adapter.retry_class is RetryClass.C else len(claim.messages)
        texts = self._render(claim.messages)
        left, done = list(claim.messages), list[Settled]()
        while left and self._may_go_on():
            group, left = left[:size], left[size:]
            parcels = self._prepare(group, texts, done)
            done = self._send(parcels, pace)
        self._finish(done + [_given_back(message) for message in left])
        return claim.seen

    # Claiming: one transaction that decides about every message it locked.

    def _claim(self, conn: Connection, limit: int) -> _Claim:
        state = channel_state.health(conn, self.name)
        circuit = Circuit(self.name, state)
        if self.adapter.rate or circuit.is_probing:
            state = channel_state.health(conn, self.name, lock=True)
            circuit = Circuit(self.name, state)
        if state.is_paused:
            return _Claim((), 0, circuit)
        if circuit.is_probing:
            limit = 1
        first_in = timedelta()
        if self.adapter.rate:
            first_in = channel_state.first_place(state) - state.clock
            if first_in >= HORIZON:
                return _Claim((), 0, circuit)
            limit = min(limit, max(1, int((HORIZON - first_in).total_seconds() * self.adapter.rate)))
        locked = outbox.due(conn, self.name, now=self.now, limit=limit)
        if not locked:
            return _Claim((), 0, circuit)
        going, settled, days = self._choose(conn, locked, state.clock)
        outbox.settle(conn, settled)
        outbox.lease(conn, going, days, token=self.token, length=self.lease)
        if going and circuit.is_probing:
            channel_state.change(conn, self.name, open_until=state.clock + self.lease)
        if going and self.adapter.rate:
            channel_state.take_places(conn, self.name, state, rate=self.adapter.rate, used=len(going))
        return _Claim(going, len(going) + len(settled), circuit, first_in)

    def _choose(
        self, conn: Connection, locked: Sequence[Queued], db_clock: datetime
    ) -> tuple[list[Queued], list[Settled], dict[int, str]]:
        """Return who may go, what becomes of the others, and the local dates on which places are reserved."""
        guard = self._guard(conn)
        judged = self._judge(conn, guard, locked)
        going, settled = list[Queued](), list[Settled]()
        for message in locked:
            verdict = judged[message.id].verdict
            if verdict.status == "go" and self._is_forgotten(message, db_clock):
                why = "the provider may have it, and would not recognise a repeat any more; look there, then decide"
                settled.append(Settled(message, "uncertain", why, first_sent_at=message.first_sent_at))
            elif verdict.status == "go":
                going.append(message)
            elif verdict is not PAUSED:
                settled.append(self._refused(message, verdict))
        cap = guard.rules.cap(self.name)
        if cap is None:
            return going, settled, {}
        days = {
            message.id: guard.day(one.recipient, one.journey)
            for message in going
            if not message.is_transactional and (one := judged[message.id]).recipient and one.journey
        }
        outbox.give_back(conn, [message for message in going if message.cap_date != days.get(message.id)])
        wants = [(m.id, m.customer_id, days[m.id]) for m in going if m.id in days and m.cap_date != days[m.id]]
        granted = outbox.reserve(conn, self.name, wants, cap)
        capped = {id for id, *_ in wants} - granted
        why = f"the customer already gets {cap} on {self.name} that day"
        settled += [
            Settled(replace(message, cap_date=None), "capped", why) for message in going if message.id in capped
        ]
        return [message for message in going if message.id not in capped], settled, days

    def _guard(self, conn: Connection) -> Guard:
        return Guard(
            self.name,
            rules(outbox_checks.workspace(conn)),
            self.now,
            reaches_people=self.adapter.reaches_people,
            default_zone=self.runtime.default_zone,
        )

    def _judge(self, conn: Connection, guard: Guard, messages: Sequence[Queued]) -> dict[int, _Judged]:
        """Return the verdict on each message by what is committed now; a check that raises is no permission."""
        journeys = outbox_checks.journeys(conn, {message.version_id for message in messages})
        people = outbox_checks.recipients(conn, self.name, [message.id for message in messages])
        vault, purpose = self.runtime.vault, f"address:{self.name}"
        digests = {id: vault.digest(purpose, one.address) for id, one in people.items() if one.address}
        blocked = outbox_checks.suppressed(conn, self.name, set(digests.values()))
        judged = {}
        for message in messages:
            recipient, journey = people.get(message.id), journeys.get(message.version_id)
            try:
                verdict = guard.judge(message, recipient, journey, is_suppressed=digests.get(message.id) in blocked)
            except Exception as error:  # one customer's odd data must hold up this message only
                log.exception("a check before sending failed", message=message.id)
                verdict = Verdict("wait", f"a check failed: {type(error).__name__}", self.now + _PUT_OFF)
            judged[message.id] = _Judged(verdict, recipient, journey)
        return judged

    def _is_forgotten(self, message: Queued, db_clock: datetime) -> bool:
        """Say whether a class A provider may have the message and no longer knows its key."""
        window, since = self.adapter.window, message.first_sent_at
        if self.adapter.retry_class is not RetryClass.A or window is None or since is None:
            return False
        margin = self.adapter.timeout + timedelta(seconds=30)
        return db_clock - since >= max(window - margin, window / 2)

    def _refused(self, message: Queued, verdict: Verdict) -> Settled:
        status = "pending" if verdict.status == "wait" else verdict.status
        return Settled(message, status, verdict.reason, due_at=verdict.until, first_sent_at=message.first_sent_at)

    # Preparing: what goes out is stored, with a last look at consent, before the provider is called.

    def _render(self, messages: Sequence[Queued]) -> Texts:
        """Render the whole claim first: a template that kills the process must not leave a message half sent."""
        wanted = {message.version_id for message in messages if message.body is None}
        loaded: dict[int, Compiled] = {}
        if wanted:
            with self.store.read() as conn:
                loaded = {id: self.runtime.versions.get(conn, id) for id in wanted}
        texts = render(messages, loaded.__getitem__, self.runtime.vault)
        point("send.rendered")
        return texts

    def _prepare(self, group: Sequence[Queued], texts: Texts, done: Sequence[Settled]) -> list[_Parcel]:
        parcels = self.store.run(lambda conn: self._begin(conn, group, texts, done))
        if done:
            point("send.recorded")
        point("send.begun")
        return parcels

    def _begin(self, conn: Connection, group: Sequence[Queued], texts: Texts, done: Sequence[Settled]) -> list[_Parcel]:
        self._record(conn, done)
        mine = outbox.owned(conn, [m.id for m in group], self.token, remaining=self.adapter.timeout)
        judged = self._judge(conn, self._guard(conn), [m for m in group if m.id in mine])
        settled, going = list[Settled](), list[tuple[Queued, str]]()
        for message in group:
            one = judged.get(message.id)
            if one is None:
                settled.append(_given_back(message))  # too little of the lease is left, or it is not ours any more
            elif one.verdict.status != "go":
                settled.append(self._refused(message, one.verdict))
            elif why := texts.failed.get(message.id):
                settled.append(Settled(message, "failed", why))
            elif why := texts.waiting.get(message.id):
                settled.append(Settled(message, "pending", why, due_at=self.now + _PUT_OFF))
            elif one.recipient and one.recipient.address:
                going.append((message, one.recipient.address))
        outbox.record(conn, settled, token=self.token, provider=self.adapter.provider)
        ready = [(message, texts.ready[message.id]) for message, _ in going]
        since = outbox.begin(
            conn,
            [(message, text.sealed_subject, text.sealed_body, text.digest) for message, text in ready],
            provider=self.adapter.provider,
            retry_class=self.adapter.retry_class,
        )
        return [_Parcel(message, texts.ready[message.id], address, since[message.id]) for message, address in going]

    # Sending: outside any transaction.

    def _send(self, parcels: Sequence[_Parcel], pace: Pace) -> list[Settled]:
        settled = []
        for parcel in parcels:
            if not self._may_go_on():
                settled.append(_given_back(parcel.message))
                continue
            pace.wait()
            settled.append(self._hand_over(parcel))
        return settled

    def _may_go_on(self) -> bool:
        left = self.started + self.lease.total_seconds() - clock.monotonic()
        return left > self.adapter.timeout.total_seconds() and not self.circuit.is_closed_by and not self.stopping()

    def _hand_over(self, parcel: _Parcel) -> Settled:
        message, text = parcel.message, parcel.text
        envelope = Envelope(
            effect_key(self.runtime.vault, message),
            self.name,
            parcel.address,
            text.subject,
            text.body,
            message.created_at,
            message.purpose,
        )
        began = self._instant()
        outcome = self._ask(envelope, message)
        point("send.accepted")
        self.circuit.note(outcome)
        settled = self._settled(parcel, outcome, envelope.key)
        word = {"pending": "retry"}.get(settled.status, settled.status)
        settled.tried = Tried(began, self._instant(), word, envelope.key, text.digest, outcome.detail or None)
        return settled

    def _ask(self, envelope: Envelope, message: Queued) -> Outcome:
        """Call the provider; whatever the adapter raises is an outcome too."""
        try:
            if self.adapter.retry_class is RetryClass.B and message.first_sent_at is not None:
                found = self.adapter.look_up(envelope)
                if found is not None:
                    return found
            return self.adapter.send(envelope)
        except DeliveryFailed as error:
            if error.permanent:
                return Outcome.failed(str(error))
            return Outcome("retry", str(error), retry_in=error.retry_in)
        except Exception as error:  # an adapter is foreign code, and where it broke nobody knows
            log.exception("a channel failed", channel=self.name, message=message.id)
            return Outcome.down(f"the channel failed: {type(error).__name__}", in_doubt=True)

    def _settled(self, parcel: _Parcel, outcome: Outcome, key: str) -> Settled:
        """Return what an outcome means for its message."""
        message = parcel.message
        before = message.first_sent_at
        is_blind = self.adapter.retry_class is RetryClass.C
        if outcome.status == "sent":
            at = self._instant()
            return Settled(message, "sent", first_sent_at=parcel.since, sent_at=at, provider_id=outcome.provider_id)
        if outcome.status == "failed":
            status = "uncertain" if is_blind and before else "failed"  # an earlier attempt may have arrived
            return Settled(message, status, outcome.detail, first_sent_at=before)
        since = parcel.since if outcome.in_doubt else before
        if outcome.in_doubt and is_blind and not message.is_transactional:
            return Settled(message, "uncertain", outcome.detail, first_sent_at=since)
        if outcome.provider != "up" and not outcome.in_doubt:
            return Settled(message, "pending", outcome.detail, first_sent_at=since)  # its turn comes with the others'
        failures = message.failures + 1
        if failures >= MOST_FAILURES:
            status = "uncertain" if since else "failed"
            return Settled(message, status, f"given up: {outcome.detail}", None, failures, since)
        due_at = self._instant() + back_off(key, failures, outcome.retry_in)
        return Settled(message, "pending", outcome.detail, due_at, failures, since)

    # Recording.

    def _record(self, conn: Connection, done: Sequence[Settled]) -> None:
        if not done:
            return
        fenced = outbox.record(conn, done, token=self.token, provider=self.adapter.provider)
        if fenced:
            log.warning("outcomes came too late and were dropped", channel=self.name, messages=len(fenced))
        point("send.recording")

    def _finish(self, done: Sequence[Settled]) -> None:
        def write(conn: Connection) -> None:
            self._record(conn, done)
            self.circuit.write(conn)

        self.store.run(write)
        point("send.recorded")
        if self.circuit.is_closed_by:
            log.warning("a channel pauses", channel=self.name, reason=self.circuit.is_closed_by)

    def _instant(self) -> datetime:
        """Return the present instant by the engine's own clock, which a simulation may have set."""
        return self.now + timedelta(seconds=clock.monotonic() - self.started)


def _given_back(message: Queued) -> Settled:
    """Nothing was asked of the provider: the message is as it was before the claim."""
    return Settled(message, "pending", None, first_sent_at=message.first_sent_at)
