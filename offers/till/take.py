"""Taking up receipts: each once, whole, in one transaction. The goods are gone, so nothing refuses a sale: what
disagrees with rules, limits or codes is counted as it happened and written down as a conflict for people.
"""

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from offers.codes import digests
from offers.codes.resolve import REASONS, Resolved, refusal
from offers.codes.text import compact
from offers.live import Left, Live, Rules, quote_under
from offers.redemption import own, settle
from offers.redemption.limits import Buyer, Limits, unlocks_of
from offers.redemption.reserve import Refused
from offers.till.conflicts import OF_REASON, Found
from offers.till.offline import LEEWAY, Opened
from offers.till.receipt import Receipt, Sale, read
from store import codes, counters, receipts, redemptions, rulesets
from store.codes import Found as Code
from store.counters import Over
from store.db import Connection
from store.personal_prices import Granted, granted
from store.receipts import ConflictRow, ReceiptRow, SnapshotRow
from wayfare.crashpoints import point
from wayfare.errors import InputRefused, NotFound
from wayfare.vault import Vault

_SAME = ("payable", "tax", "goods", "lines", "shipping", "applied", "cashback")


@dataclass(frozen=True, slots=True)
class Taken:
    """A receipt as it was taken up, now or before, and in what it disagrees."""

    row: ReceiptRow
    conflicts: Sequence[ConflictRow]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """Whose till hands receipts in. `zone` is the one by which days are counted."""

    store: str
    owner: str
    zone: str = "UTC"


def take(conn: Connection, live: Live, vault: Vault, receipt: Receipt, shop: Shop, now: datetime) -> Taken:
    """Take a receipt up, or return what became of it before. Raises Refused when another one has its number."""
    digest = receipt.digest(vault)
    values = {"store": shop.store, "till": receipt.till, "number": receipt.number, "digest": digest}
    blank = {"received_at": now, "owner": shop.owner, "payable": 0, "document": {}, "currency": ""}
    id = receipts.add_receipt(conn, {**values, **blank, "snapshot": receipt.snapshot})
    if id is None:
        return _known(conn, shop.store, receipt, digest)
    point("receipt.added")
    try:
        sale = read(receipt)
    except InputRefused as problem:
        words = f"{problem.path}: {problem}" if problem.path else str(problem)
        receipts.change_receipt(conn, id, {"sealed": vault.seal(receipt.text().encode())})
        found = [Found("unreadable", {"problem": words[:500]})]
    else:
        found = _Taking(conn, live, vault, shop, now, id, sale).run()
    receipts.add_conflicts(conn, [_row(id, one) for one in found])
    point("receipt.written")
    return Taken(receipts.get_receipt(conn, id), receipts.conflicts_of(conn, [id]).get(id, []), True)


def _known(conn: Connection, store: str, receipt: Receipt, digest: bytes) -> Taken:
    row = receipts.find_receipt(conn, store, receipt.till, receipt.number)
    if row is None:
        raise NotFound("the receipt went away while it was read")
    if not hmac.compare_digest(bytes(row.digest), digest):
        words = f"receipt {receipt.number} of till {receipt.till} was handed in before with other content"
        raise Refused("key_reused", f"{words}; it stays as it was, and this one needs a number of its own")
    return Taken(row, receipts.conflicts_of(conn, [row.id]).get(row.id, []), False)


@dataclass(slots=True)
class _Taking:
    """One sale on its way into the books."""

    conn: Connection
    live: Live
    vault: Vault
    shop: Shop
    now: datetime
    id: int
    sale: Sale

    def run(self) -> list[Found]:
        """Book the sale; return in what it disagrees."""
        sale, conn = self.sale, self.conn
        snapshot = receipts.find_snapshot(conn, sale.receipt.snapshot) if sale.receipt.snapshot else None
        if snapshot is not None and snapshot.store != self.shop.store:
            snapshot = None
        texts = sale.texts("applied", "no_effect")
        held = digests.find(conn, self.vault, {compact(text) for text in texts})
        rules = self._expected(snapshot)
        found = [*self._of_time(snapshot), *self._of_rules(snapshot), *self._of_shop()]
        expected = self._price(rules, held)
        paid_for = {"cashback": 0, **sale.receipt.quote}  # a till that gives no bonus need not say so
        if any(expected[name] != paid_for.get(name) for name in _SAME):
            paid = {"payable": sale.quote.payable, "expected": expected["payable"], "ruleset": rules.name}
            found.append(Found("price_differs", paid))
        named = self._named() or rules
        used = [held[code] for code in dict.fromkeys(map(compact, sale.texts("applied"))) if code in held]
        redemption, order = self._book(named, used)
        found += order
        found += self._count(redemption, named, used)
        found += self._use(named, held, used, sale.receipt.snapshot is not None)
        point("receipt.counted")
        settle.confirm(conn, redemption, self.now)
        changes = {"redemption_id": redemption, "expected": expected["payable"], "document": self._document()}
        receipts.change_receipt(conn, self.id, changes | self._columns())
        return found

    def _named(self) -> Rules | None:
        """Return the version that the receipt names, if there is such a one."""
        try:
            return None if self.sale.version is None else self.live.numbered(self.conn, self.sale.version)
        except NotFound:
            return None

    def _expected(self, snapshot: SnapshotRow | None) -> Rules:
        """Return the version that should have priced the sale: of its snapshot's the one that had begun, else live."""
        if snapshot is None:
            return self.live.at(self.conn, min(self.sale.at, self.now))
        number = snapshot.versions[0]
        for later in snapshot.versions[1:]:
            if rulesets.version(self.conn, later).live_from <= self.sale.at:
                number = later
        return self.live.numbered(self.conn, number)

    def _of_time(self, snapshot: SnapshotRow | None) -> Iterator[Found]:
        at = _told(self.sale.at)
        if self.sale.at > self.now + LEEWAY:
            yield Found("clock_skew", {"at": at, "why": "which is still to come"})
        if self.sale.receipt.snapshot and snapshot is None:
            yield Found("snapshot_unknown", {"snapshot": self.sale.receipt.snapshot})
        if snapshot is not None and self.sale.at >= snapshot.expires_at:
            yield Found("snapshot_expired", {"at": at, "expires": _told(snapshot.expires_at)})
        if snapshot is not None and self.sale.at < snapshot.issued_at - LEEWAY:
            yield Found("clock_skew", {"at": at, "why": "before its snapshot was made"})

    def _of_rules(self, snapshot: SnapshotRow | None) -> Iterator[Found]:
        number, name = self.sale.version, self.sale.quote.ruleset
        if self._named() is None or number is None:
            yield Found("version_unknown", {"ruleset": name, "why": "does not exist"})
            return
        if snapshot is not None and number not in snapshot.versions:
            yield Found("version_unknown", {"ruleset": name, "why": "is not in its snapshot"})
        status = rulesets.version(self.conn, number).status if number else "approved"
        if status != "approved":
            yield Found("version_withdrawn", {"ruleset": name, "status": status})
        for key, row in rulesets.stopped(self.conn, self.sale.applied, number, self.sale.at).items():
            detail = {"promotion": key, "at": _told(row.live_from), "version": row.number}
            yield Found("promotion_stopped", detail)

    def _of_shop(self) -> Iterator[Found]:
        said = self.sale.cart.store
        if said is not None and said != self.shop.store:
            yield Found("other_shop", {"said": said, "store": self.shop.store})

    def _price(self, rules: Rules, held: Mapping[str, Code]) -> dict[str, Any]:
        """Return what the rules make of the cart, with the codes that the till took and what it believed was left."""
        words = {word.strip().upper() for word in unlocks_of(rules.body["promotions"]).values() if word}
        taken = {compact(text) for text in self.sale.texts("applied", "no_effect")}

        def resolve(texts: Sequence[str]) -> list[Opened]:
            return [Opened(text, opens(text) if compact(text) in taken else "") for text in texts]

        def opens(text: str) -> str:
            row = held.get(compact(text))
            word = text.strip().upper()
            return row.batch.unlocks if row else word if word in words else ""

        left = {key: self.sale.left.get(key, Left()) for key in rules.usage}
        cart = {**self.sale.receipt.cart, "at": self.sale.receipt.quote["at"]}
        cart["store"] = cart.get("store") or self.shop.store
        mine = {one.counter: own.promotion_of(one) for one in self._granted()}
        said = [
            one  # as it was given; how many pieces were left is the till's word
            for one in own.promotions_in(self.sale.receipt.quote.get("granted", ()))
            if one.key in mine and one == mine[one.key].model_copy(update={"limits": one.limits})
        ]
        return quote_under(
            rules, cart, self.now, resolve=resolve, remaining=lambda _usage, _cart: left, grants=lambda _cart: said
        )

    def _book(self, rules: Rules, used: Sequence[Code]) -> tuple[int, list[Found]]:
        """Add the redemption, as if it had been reserved a moment ago."""
        sale = self.sale
        order = f"{sale.receipt.till}/{sale.receipt.number}"
        opened = [{"id": row.id, "promotions": self._opened_by(rules, row)} for row in used]
        kept = self._document()
        values = {
            "store": self.shop.store,
            "order_key": order,
            "owner": self.shop.owner,
            "request_hash": sale.receipt.digest(self.vault).hex(),
            "customer": sale.cart.customer.key if sale.cart.customer else None,
            "version": rules.number,
            "status": "reserved",
            "cart": {**kept["cart"], "codes": [row.batch.unlocks for row in used]},
            "quote": kept["quote"],
            "codes": opened,
            "returned": {},
            "currency": sale.quote.currency,
            "payable": sale.quote.payable,
            "refunded": 0,
            "created_at": min(sale.at, self.now),
            "expires_at": self.now,
        }
        id = redemptions.add(self.conn, values)
        if id is not None:
            return id, []
        other = f"{order}~{self.id}"
        id = redemptions.add(self.conn, {**values, "order_key": other})
        if id is None:
            raise Refused("busy", "the receipt is being taken up; send it again")
        return id, [Found("order_taken", {"order": order, "kept": other})]

    def _count(self, redemption: int, rules: Rules, used: Sequence[Code]) -> Iterator[Found]:
        """Count the uses, whatever the limits say."""
        sale = self.sale
        key, phone = self._who()
        day = sale.at.astimezone(ZoneInfo(self.shop.zone)).date()
        resolved = [_resolved(row) for row in used]
        by_word = {one.unlock: one for one in resolved}
        limits = Limits(Buyer.of(self.vault, key, phone), day, by_word)
        unlocks = unlocks_of(rules.body["promotions"])
        takings = limits.takings(rules.usage, unlocks, sale.applied, resolved)
        takings += own.takings(sale.receipt.quote, self._granted())
        for over in counters.take_anyway(self.conn, redemption, takings, self.now):
            yield _over(over)

    def _who(self) -> tuple[str | None, str | None]:
        """Return the buyer's key and phone, as far as they are known."""
        customer = self.sale.cart.customer
        key = customer.key if customer else None
        return key, self.sale.receipt.phone or (redemptions.phone_of(self.conn, key) if key else None)

    def _granted(self) -> list[Granted]:
        """Return the buyer's own prices. A till without a network knows none, so what it says of them is not asked."""
        key, phone = self._who()
        if self.sale.receipt.snapshot or not (key or phone):
            return []
        skus = {line.sku for line in self.sale.cart.lines}
        brands = {line.brand for line in self.sale.cart.lines if line.brand}
        goods: dict[str, Any] = {"currency": self.sale.cart.currency, "skus": skus, "brands": brands}
        return granted(self.conn, customer=key, phone=phone, now=min(self.sale.at, self.now), **goods)

    def _use(self, rules: Rules, held: Mapping[str, Code], used: Sequence[Code], is_offline: bool) -> Iterator[Found]:
        """Use the codes up, whatever their state is by now."""
        words = {word.strip().upper() for word in unlocks_of(rules.body["promotions"]).values() if word}
        for text in self.sale.texts("applied"):
            if compact(text) not in held and text.strip().upper() not in words:
                yield Found("code_unknown", {"code": f"…{text[-4:]}"})
        ids = [row.id for row in used]
        codes.lock(self.conn, ids)
        fresh = codes.find_codes(self.conn, [bytes(row.digest) for row in used])
        for row in fresh.values():
            reason = refusal(row, min(self.sale.at, self.now))
            why = REASONS.get(reason, "")
            if not reason and is_offline and not row.batch.offline:
                reason, why = "not_offline", "Codes of its batch need a network."
            most = row.batch.max_uses
            excess = int(most is not None and row.uses + row.held >= most)
            if reason or excess:
                kind = OF_REASON.get(reason, "code_refused")
                yield Found(kind, {"code": f"…{row.last4}", "batch": row.batch.key, "why": why}, row.id, excess)
        codes.hold_anyway(self.conn, ids)

    def _opened_by(self, rules: Rules, row: Code) -> list[str]:
        unlocks = unlocks_of(rules.body["promotions"])
        return sorted(key for key in self.sale.applied if (unlocks.get(key) or "").strip().upper() == row.batch.unlocks)

    def _document(self) -> dict[str, Any]:
        """Return cart and quote as the database keeps them: without the texts of codes."""
        receipt = self.sale.receipt
        cart = {**receipt.cart, "at": receipt.quote["at"], "codes": [_masked(text) for text in self.sale.cart.codes]}
        shown = [{**one, "code": _masked(str(one["code"]))} for one in receipt.quote["codes"]]
        return {"cart": cart, "quote": {**receipt.quote, "codes": shown}}

    def _columns(self) -> dict[str, Any]:
        sale = self.sale
        return {
            "version": sale.version,
            "sold_at": sale.at,
            "currency": sale.quote.currency,
            "payable": sale.quote.payable,
        }


def _row(receipt_id: int, one: Found) -> dict[str, Any]:
    return {
        "receipt_id": receipt_id,
        "kind": one.kind,
        "status": "open",
        "detail": json.loads(json.dumps(dict(one.detail))),
        "code_id": one.code_id,
        "excess": one.excess,
        "settled_by": "",
        "note": "",
    }


def _over(over: Over) -> Found:
    kind = "budget_overrun" if over.name.startswith("p:") and over.name.endswith(":spend") else "limit_overrun"
    of_code = over.name.startswith("c:")
    promotion = "" if of_code else over.name.split(":")[1]
    per = {"day": " a day", "buyer": " by one customer", "code": " with one code"}
    which = next((words for name, words in per.items() if f":{name}:" in over.name), "")
    what = f"The code{which}" if of_code else f"The promotion {promotion}{which}"
    if over.name.startswith(own.PREFIX):
        what = "The customer's own price"
    detail = {"counter": over.name, "promotion": promotion, "what": what, "limit": over.limit, "total": over.total}
    return Found(kind, detail)


def _resolved(row: Code) -> Resolved:
    batch = row.batch
    found = Resolved("", True, "", batch.unlocks, batch.key, row.id, row.last4)
    return replace(found, max_uses=batch.max_uses, max_uses_customer=batch.max_uses_customer)


def _masked(text: str) -> str:
    return f"…{text[-4:]}"


def _told(at: datetime) -> str:
    return at.isoformat(" ", "minutes")
