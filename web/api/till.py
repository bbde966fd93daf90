"""Tills without a network: the shop's signed snapshot, the public keys, and the receipts that are handed in later."""

from typing import Any, Literal

from flask import Response, request
from pydantic import Field
from pydantic_core import PydanticCustomError

from engine import contacts
from offers.redemption.reserve import Refused
from offers.till import keys, snapshot
from offers.till.conflicts import told
from offers.till.receipt import Receipt
from offers.till.snapshot import Content
from offers.till.take import Shop, Taken, take
from store import receipts
from store.db import Connection
from web import access
from web.api.base import BATCH, OPERATION, Answer, Api, Call, In, Operation, Problem, owner, problem
from web.api.refusal import Refusal
from web.bell import ring
from web.context import context, now, runtime, store
from web.formats import money
from web.principal import principal

api = Api("till", "Tills")
bp = api.bp
MOST = 200
"""Receipts in one call."""


class KeyOut(Answer):
    """One public key. `begins_at`: when it begins to sign snapshots."""

    name: str
    pem: str
    begins_at: str
    signs: bool


class KeysOut(Answer):
    """The keys whose signatures a till should trust."""

    keys: list[KeyOut]


class ReceiptIn(In):
    """One receipt, as the till wrote it before it was printed."""

    till: str = Field(min_length=1, max_length=40, pattern=r"^[!-~]+$", description="Which till of the shop.")
    number: int = Field(ge=1, lt=2**53, description="With the till, the receipt's key: the same one counts once.")
    snapshot: str | None = Field(
        None, max_length=32, description="`id` of the snapshot it was priced with; none: the price came from here."
    )
    phone: str | None = Field(None, max_length=40, description="Of the customer, as +380671234567.")
    cart: dict[str, Any]
    quote: dict[str, Any] = Field(description="The quote that was charged, as `wayfare quote` or POST /quotes gave it.")


class Disagreement(Answer):
    """One thing in which a receipt disagrees; people see to it, and the till has nothing to do."""

    kind: str
    words: str


class ReceiptOut(Answer):
    """What became of one receipt. `refused`: its number was used for another one; everything else is in the books."""

    index: int
    till: str
    number: int
    status: Literal["taken", "known", "refused"]
    redemption: int | None = None
    conflicts: list[Disagreement] = Field(default_factory=list)
    message: str = ""


class ReceiptsOut(Answer):
    """What became of receipts, each by itself. What stands in `errors` could not even be named, and is in no book."""

    receipts: list[ReceiptOut]
    errors: list[Problem]


@bp.get("/till/snapshot")
@access.needs("tills.sync")
def get_snapshot() -> Response:
    """Return the snapshot of the shop that the key is bound to: a signed file.

    It holds the rules that are live and those that are planned for its life, what limits have left, and the codes that
    a till may know. Ask as often as you like: with `If-None-Match`, nothing new is answered with 304.
    """
    shop, at = _shop(), now()
    pairs = keys.ensured(store(), at)

    def work(conn: Connection) -> Content:
        return snapshot.gather(conn, context().live, store().vault, shop.store, shop.zone, pairs, at)

    with store().read() as conn:
        content = work(conn)
        is_noted = receipts.find_snapshot(conn, content.id) is not None
    answer = Response(mimetype="application/json", headers={"Cache-Control": "private, no-cache"})
    answer.set_etag(content.id)
    if request.if_none_match.contains(content.id):
        answer.status_code = 304
        return answer
    if not is_noted:
        store().run(lambda conn: receipts.note_snapshot(conn, content.row))
    answer.set_data(content.signed(keys.current(pairs, at)))
    return answer


_WORDS = (get_snapshot.__doc__ or "").strip().partition("\n")
setattr(
    get_snapshot,
    OPERATION,
    Operation(api.tag, _WORDS[0], " ".join(_WORDS[2].split()), "tills.sync", None, None, None, None, 200),
)


@api.get("/till/keys", needs="quotes.make", answer=KeysOut)
def get_keys(call: Call) -> KeysOut:
    """Return the public keys of snapshots. A till takes them once, over a way that it trusts."""
    pairs = keys.ensured(store(), now())
    signs = keys.current(pairs, now())
    shown = keys.published(pairs, now())
    return KeysOut(
        keys=[
            KeyOut(name=one.name, pem=one.pem, begins_at=one.begins_at.isoformat(), signs=one is signs) for one in shown
        ]
    )


@api.post("/till/receipts", needs="tills.sync", items=ReceiptIn, answer=ReceiptsOut, max_bytes=BATCH)
def take_receipts(call: Call) -> ReceiptsOut:
    """Take up receipts of sales that were made without a network; up to 200, each in a transaction of its own.

    A receipt counts once, however often it is sent: `till` and `number` are its key. Nothing refuses a sale, for the
    goods are gone. Where it disagrees with rules, limits or codes, `conflicts` say so and people settle it.
    """
    if len(call.items.values) + len(call.items.problems) > MOST:
        raise Refusal(413, [problem("too_many_items", f"Send at most {MOST} receipts at once.")])
    shop = _shop()
    done = [_taken(index, given, shop) for index, given in call.items.valid(ReceiptIn)]
    if any(one.status == "taken" for one in done):
        ring()
    return ReceiptsOut(receipts=done, errors=[Problem(**one) for one in call.items.problems])


def _taken(index: int, given: ReceiptIn, shop: Shop) -> ReceiptOut:
    receipt = Receipt(given.till, given.number, given.cart, given.quote, given.snapshot, _phone(given.phone))

    def work(conn: Connection) -> Taken:
        return take(conn, context().live, store().vault, receipt, shop, now())

    try:
        done = store().run(work)
    except Refused as refused:
        return ReceiptOut(index=index, till=given.till, number=given.number, status="refused", message=str(refused))
    conflicts = [Disagreement(kind=one.kind, words=told(one.kind, one.detail, money)) for one in done.conflicts]
    status: Literal["taken", "known"] = "taken" if done.is_new else "known"
    row = done.row
    return ReceiptOut(
        index=index,
        till=row.till,
        number=row.number,
        status=status,
        redemption=row.redemption_id,
        conflicts=conflicts,
    )


def _phone(text: str | None) -> str | None:
    """Return a number as E.164; none for one that cannot be: a sale is not refused for it."""
    try:
        return contacts.phone(text or "", None)
    except PydanticCustomError:
        return None


def _shop() -> Shop:
    key = principal().key
    if key is None or key.store is None:
        raise Refusal(403, [problem("no_shop", "Use the key of a till: it is bound to its shop.")])
    zone = runtime().default_zone if runtime() is not None else "UTC"
    return Shop(key.store, owner(), zone)
