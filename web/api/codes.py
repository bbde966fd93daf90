"""Promo codes: batches of them, making them, and what one is worth at a till."""

import json
from datetime import datetime
from typing import Any, Literal

from flask import Response, request
from pydantic import AwareDatetime, Field

from engine.pools import tend_pools
from offers.codes import batches, desk, make, states
from offers.codes.batches import BatchSpec
from offers.codes.resolve import REASONS, Resolved, resolve
from offers.codes.text import qr_svg
from store import codes
from store.codes import BatchRow
from store.db import Connection
from web import access, code_files, guesses, once
from web.api.base import OPERATION, Answer, Api, Call, In, Operation, problem
from web.api.body import read_object
from web.api.phones import normal
from web.api.refusal import Refusal
from web.bell import ring
from web.context import now, runtime, store
from web.principal import principal

api = Api("codes", "Promo codes")
bp = api.bp
_PHONE = "Of the customer, as +380671234567."


class BatchIn(In):
    """A batch of codes. What is fixed here is promised to everybody who gets a code."""

    key: str = Field(max_length=100, pattern=r"^[\w.-]+$")
    name: str = Field("", max_length=200)
    kind: Literal["unique", "shared"] = "unique"
    prefix: str = Field("", max_length=12, pattern=r"^[A-Z0-9-]*$")
    unlock: str | None = Field(None, max_length=100, description="What promotions name in `requires_code`; the key.")
    length: int = Field(10, ge=8, le=32, description="Characters after the prefix.")
    bind_phone: bool = Field(False, description="A code works for the phone that it was issued or activated for.")
    with_pin: bool = False
    activation: Literal["at_once", "by_event", "by_staff"] = "at_once"
    activation_event: str | None = Field(
        None, max_length=64, description="With `by_event`: codes of journeys work once this happens to their customer."
    )
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    valid_days: int | None = Field(None, ge=1, le=3660, description="From issue, or from activation.")
    max_uses: int | None = Field(1, ge=1, description="Of each code; null is no limit.")
    max_uses_customer: int | None = Field(None, ge=1)
    partner: str | None = Field(None, max_length=100, description="Whose customers these are.")
    uses_pool: bool = Field(False, description="Journeys draw from codes that were made before.")
    pool_warn: int | None = Field(None, ge=1, description="Warn when fewer free codes are left.")
    on_failed_send: Literal["void", "return"] = "void"
    is_test: bool = False
    offline: bool = Field(False, description="The codes may be in snapshots for tills without a network.")
    shared_text: str | None = Field(None, max_length=64, description="The one code of a shared batch.")


class BatchChange(In):
    """What may change while codes are out; what is left out stays."""

    name: str | None = Field(None, max_length=200)
    unlock: str | None = Field(None, max_length=100)
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    max_uses: int | None = Field(None, ge=1)
    max_uses_customer: int | None = Field(None, ge=1)
    partner: str | None = Field(None, max_length=100)
    uses_pool: bool | None = None
    pool_warn: int | None = Field(None, ge=1)
    on_failed_send: Literal["void", "return"] | None = None
    offline: bool | None = None


class BatchOut(Answer):
    """A batch, and how many of its codes are in each state; `uses` counts redemptions."""

    key: str
    name: str
    kind: str
    prefix: str
    unlock: str
    length: int
    bind_phone: bool
    with_pin: bool
    activation: str
    activation_event: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    valid_days: int | None
    max_uses: int | None
    max_uses_customer: int | None
    partner: str | None
    uses_pool: bool
    pool_warn: int | None
    on_failed_send: str
    is_test: bool
    offline: bool
    shared_text: str | None
    created_at: datetime
    voided_at: datetime | None
    codes: dict[str, int]
    is_low: bool = Field(description="Fewer free codes than `pool_warn` are left.")


class Asked(In):
    """Which batches."""

    search: str = Field("", max_length=100)
    skip: int = Field(0, ge=0)
    limit: int = Field(50, ge=1, le=500)


class Page(Answer):
    """Batches, the latest first."""

    batches: list[BatchOut]


class Reason(In):
    """Why; it goes to the audit trail."""

    reason: str = Field(min_length=3, max_length=500)


class MakeIn(In):
    """How many, and where to: a file that is shown once, or the batch's pool."""

    count: int = Field(ge=1, le=make.MOST)
    to: Literal["file", "pool"] = "file"


class CheckIn(In):
    """Codes as somebody typed them."""

    codes: list[str] = Field(min_length=1, max_length=50)
    phone: str | None = Field(None, max_length=40, description=_PHONE)
    pins: dict[str, str] = Field(default_factory=dict, description="By code, where a code has one.")


class Checked(Answer):
    """Whether one code works now. `reason` and `words` are empty for programs: a customer is told no reason."""

    code: str
    usable: bool
    unlock: str
    reason: str
    words: str


class ChecksOut(Answer):
    """One answer a code, in their order."""

    codes: list[Checked]


class ActivateIn(In):
    """Codes to activate."""

    codes: list[str] = Field(min_length=1, max_length=500)
    phone: str | None = Field(None, max_length=40, description=_PHONE)


class VoidIn(Reason):
    """Codes to take out of use."""

    codes: list[str] = Field(min_length=1, max_length=500)


class DoneOut(Answer):
    """How many codes were changed; the others are unknown, or not in a state that allows it."""

    changed: int
    refused: int


class QrIn(In):
    """A code to draw."""

    text: str = Field(min_length=1, max_length=200)


class QrOut(Answer):
    """A picture."""

    svg: str


@api.post("/code-batches", needs="codes.make", body=BatchIn, answer=BatchOut, status=201)
def add_code_batch(call: Call) -> BatchOut:
    """Make a batch of codes."""
    given: BatchIn = call.body
    values = given.model_dump()
    if given.kind == "shared" and "max_uses" not in given.model_fields_set:
        values["max_uses"] = None
    spec = BatchSpec(**values)
    return store().run(
        lambda conn: _shown(conn, [batches.add_batch(conn, store().vault, spec, now=now(), by=call.who.actor)])[0]
    )


@api.get("/code-batches", needs="promotions.read", query=Asked, answer=Page)
def get_code_batches(call: Call) -> Page:
    """Return batches with how many codes are in each state."""
    asked: Asked = call.query
    with store().read() as conn:
        return Page(batches=_shown(conn, codes.list_batches(conn, asked.search, skip=asked.skip, limit=asked.limit)))


@api.get("/code-batches/<key>", needs="promotions.read", answer=BatchOut)
def get_code_batch(call: Call, key: str) -> BatchOut:
    """Return one batch."""
    with store().read() as conn:
        return _shown(conn, [codes.find_batch(conn, key)])[0]


@api.call("PATCH", "/code-batches/<key>", needs="codes.make", body=BatchChange, answer=BatchOut)
def change_code_batch(call: Call, key: str) -> BatchOut:
    """Change what may change while codes are out."""
    given: BatchChange = call.body
    fixed = {"name", "uses_pool", "on_failed_send", "offline"}  # these cannot be empty
    asked = given.model_dump(include=given.model_fields_set)
    values = {name: value for name, value in asked.items() if value is not None or name not in fixed}
    return store().run(
        lambda conn: _shown(conn, [batches.change_batch(conn, key, values, now=now(), by=call.who.actor)])[0]
    )


@api.post("/code-batches/<key>/void", needs="codes.void", body=Reason, answer=BatchOut)
def void_code_batch(call: Call, key: str) -> BatchOut:
    """Take all codes of a batch out of use, for good."""
    reason = call.body.reason
    return store().run(
        lambda conn: _shown(conn, [batches.void_batch(conn, key, reason, now=now(), by=call.who.actor)])[0]
    )


@bp.post("/code-batches/<key>/codes")
@access.needs("codes.make")
def make_batch_codes(key: str) -> Response:
    """Make codes.

    `to: file` answers with a CSV file as the codes are made. It is shown once: nothing keeps the texts, and the same
    request again, under the same Idempotency-Key, is answered with 410. `to: pool` answers how many wait in the pool.
    """
    given = read_object(MakeIn)
    _once(key)
    by, at = principal().actor, now()
    if given.to == "pool":
        made = make.fill_pool(store(), store().vault, key, given.count, now=at, by=by)
        if (engine := runtime()) is not None and tend_pools(engine, now=at):
            ring()
        return Response(json.dumps({"made": made}), 201, mimetype="application/json")
    chunks = make.make_codes(store(), store().vault, key, given.count, now=at, by=by)
    with store().read() as conn:
        row = codes.find_batch(conn, key)
    return code_files.answer(chunks, row, 201)


_WORDS = (make_batch_codes.__doc__ or "").strip().partition("\n")
setattr(
    make_batch_codes,
    OPERATION,
    Operation(api.tag, _WORDS[0], " ".join(_WORDS[2].split()), "codes.make", MakeIn, None, None, None, 201),
)


@api.post("/codes/check", needs="codes.check", body=CheckIn, answer=ChecksOut)
def check_codes(call: Call) -> ChecksOut:
    """Say whether codes work for this customer now; nothing is used up.

    Programs get one generic refusal, whatever is wrong. People who are signed in see why.
    """
    given: CheckIn = call.body
    number = normal(given.phone)
    subjects = guesses.limits(given.codes, number)
    guesses.check(subjects)

    def look(conn: Connection) -> list[Resolved]:
        return resolve(conn, store().vault, given.codes, now=now(), phone=number, pins=given.pins)

    if given.pins:
        found = store().run(look)
    else:
        with store().read() as conn:
            found = look(conn)
    guesses.note(subjects, found)
    is_staff = call.who.account is not None
    return ChecksOut(codes=[_checked(one, is_staff) for one in found])


@api.post("/codes/activate", needs="codes.activate", body=ActivateIn, answer=DoneOut)
def activate_codes(call: Call) -> DoneOut:
    """Activate codes that wait for it, and bind them to a phone where the batch asks for it."""
    given: ActivateIn = call.body
    number = normal(given.phone)
    subjects = guesses.limits(given.codes, number)
    guesses.check(subjects)
    vault = store().vault

    def work(conn: Connection) -> set[int]:
        found = desk.ids_of(conn, vault, given.codes)
        bound = vault.digest("phone", number) if number else None
        return states.activate(conn, found, now=now(), phone_digest=bound)

    done = store().run(work)
    if len(done) < len(given.codes):
        guesses.note_wrong(subjects, len(given.codes) - len(done))
    return DoneOut(changed=len(done), refused=len(given.codes) - len(done))


@api.post("/codes/void", needs="codes.void", body=VoidIn, answer=DoneOut)
def void_codes(call: Call) -> DoneOut:
    """Take codes out of use, for good and with a reason; who reserved one may still finish."""
    given: VoidIn = call.body
    subjects = guesses.limits(given.codes)
    guesses.check(subjects)
    vault = store().vault
    done = store().run(
        lambda conn: states.void(
            conn, desk.ids_of(conn, vault, given.codes), reason=given.reason, now=now(), by=call.who.actor
        )
    )
    if len(done) < len(given.codes):
        guesses.note_wrong(subjects, len(given.codes) - len(done))
    return DoneOut(changed=len(done), refused=len(given.codes) - len(done))


@api.post("/codes/qr", needs="promotions.read", body=QrIn, answer=QrOut)
def draw_code(call: Call) -> QrOut:
    """Draw a code as a QR picture (SVG)."""
    return QrOut(svg=qr_svg(call.body.text))


def _checked(one: Resolved, is_staff: bool) -> Checked:
    reason = one.reason if is_staff else ""
    return Checked(code=one.text, usable=one.is_usable, unlock=one.unlock, reason=reason, words=REASONS.get(reason, ""))


def _once(key: str) -> None:
    """Take the request's Idempotency-Key, if it has one: what it makes can be shown once, so a repetition gets 410."""
    given = request.headers.get("Idempotency-Key")
    if given is not None and not once.is_first(f"codes {key}", given[:255], request.get_data(cache=True)):
        words = "Codes were made under this Idempotency-Key; nobody can see them again. Take a new key to make others."
        raise Refusal(410, [problem("made_already", words)])


def _shown(conn: Connection, rows: list[BatchRow]) -> list[BatchOut]:
    found = batches.levels(conn, rows, now())
    shown = []
    for row in rows:
        values: dict[str, Any] = {name: getattr(row, name) for name in BatchOut.model_fields if hasattr(row, name)}
        is_low = batches.is_low(row, found[row.key])
        shown.append(BatchOut(**{**values, "unlock": row.unlocks}, codes=found[row.key], is_low=is_low))
    return shown
