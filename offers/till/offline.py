"""A price without a network: the rules, codes and limits that a signed snapshot holds. No database, no clock, no key.

    snapshot = opened(file_text, public_keys(pem_text), store="kyiv-01", now=now)
    quote = snapshot.quote(cart, now, since=my_receipts)

The snapshot is checked at each price: nothing is priced before it was made, after it ended, or when the clock was set
back behind the last receipt.
"""

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from offers.codes.text import compact
from offers.live import Left, Rules, quote_under, rules_of
from offers.redemption.limits import Buyer, Limits, unlocks_of
from offers.rules.shapes import Usage
from offers.till import signed
from offers.till.signed import SnapshotRefused
from wayfare.errors import InputRefused
from wayfare.promotions import Cart

FORMAT = 1
LEEWAY = timedelta(minutes=5)
"""How far the clocks of tills and servers may be apart."""
WIDTH = 12
"""Bytes of what stands for a code in a snapshot."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of the text of a code."""

    text: str
    unlock: str


@dataclass(frozen=True, slots=True)
class Known:
    """Codes that open the same from one instant to another. `most`: uses of one buyer, None where nobody counts."""

    unlock: str
    begins: datetime | None
    ends: datetime | None
    most: int | None
    is_shared: bool
    texts: frozenset[bytes]  # verifiers; of shared codes the text itself

    def is_valid(self, now: datetime) -> bool:
        """Say whether these codes work now."""
        return (self.begins is None or self.begins <= now) and (self.ends is None or now <= self.ends)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a shop may price with until it ends. `versions` are in the order in which they begin."""

    id: str
    store: str
    zone: str
    issued: datetime
    expires: datetime
    keys: str
    versions: Sequence[tuple[datetime, Rules]]
    taken: Mapping[str, int]
    words: frozenset[str]
    known: Sequence[Known]
    salt: bytes
    code_key: bytes

    def check(self, now: datetime, last: datetime | None = None) -> None:
        """Raise SnapshotRefused when nothing may be priced now. `last` is when the till sold the last time."""
        before = max(self.issued, last or self.issued)
        if now < before - LEEWAY:
            words = f"the clock says {_told(now)}, but it was {_told(before)} already: set the clock of this till"
            raise SnapshotRefused("clock_set_back", words)
        if now >= self.expires:
            words = f"the snapshot ended at {_told(self.expires)} and it is {_told(now)}: fetch a new one"
            raise SnapshotRefused("expired", words)

    def rules_at(self, now: datetime) -> Rules:
        """Return the version that is live: one that was planned begins at its instant here, too."""
        return [rules for begins, rules in self.versions if begins <= now or begins <= self.issued][-1]

    def quote(
        self,
        cart: Mapping[str, Any],
        now: datetime,
        *,
        phone: str | None = None,
        ref: str | None = None,
        since: Iterable[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Return what a cart costs now.

        `since` are this till's receipts: those from this snapshot's time count against limits, and their codes are
        used. Raises SnapshotRefused and InputRefused.
        """
        if cart.get("store") not in (None, self.store):
            words = f"the snapshot is for the shop '{self.store}'; leave cart.store out, or take the one of that shop"
            raise InputRefused("other_store", words, path="cart.store")
        receipts = list(since)
        self.check(now, max((_sold_at(one) for one in receipts), default=None))
        mine = [one for one in receipts if _sold_at(one) >= self.issued - LEEWAY]
        rules, buyer = self.rules_at(now), _buyer(cart, phone)
        unlocks = unlocks_of(rules.body["promotions"])
        limits = Limits(buyer, now.astimezone(ZoneInfo(self.zone)).date(), {})
        used = Counter(
            (compact(one["code"]), name)
            for receipt in mine
            for one in receipt["quote"]["codes"]
            if one["status"] == "applied"
            for name in ("", *_buyer(receipt["cart"], receipt.get("phone")).names)
        )

        def left(usage: Mapping[str, Usage], _cart: Cart) -> dict[str, Left]:
            taken = Counter(self.taken)
            for receipt in mine:
                taken.update(self._takings(receipt, rules, unlocks))
            return limits.left_of(taken, usage, unlocks)

        def resolve(texts: Sequence[str]) -> list[Opened]:
            return [Opened(text, self._unlock(text, now, buyer, used)) for text in texts]

        return quote_under(rules, cart, now, store=self.store, zone=self.zone, ref=ref, resolve=resolve, remaining=left)

    def _unlock(self, text: str, now: datetime, buyer: Buyer, used: Mapping[tuple[str, str], int]) -> str:
        """Return what a code opens, or nothing. A code of its own is used once; nobody is told why it is refused."""
        code = compact(text)
        mark = self._mark(code) if self.code_key else b""
        for one in self.known:
            if (code.encode() if one.is_shared else mark) not in one.texts or not one.is_valid(now):
                continue
            if not one.is_shared and used.get((code, "")):
                return ""
            if one.most is not None:
                times = [used.get((code, name), 0) for name in buyer.names]
                if not times or max(times) >= one.most:
                    return ""
            return one.unlock
        word = text.strip().upper()
        return word if word in self.words else ""

    def _mark(self, code: str) -> bytes:
        return mark_of(self.salt, hmac.digest(self.code_key, code.encode(), "sha256"))

    def _takings(self, receipt: Mapping[str, Any], rules: Rules, unlocks: Mapping[str, str | None]) -> dict[str, int]:
        day = _sold_at(receipt).astimezone(ZoneInfo(self.zone)).date()
        limits = Limits(_buyer(receipt["cart"], receipt.get("phone")), day, {})
        applied = {str(one["promotion"]): int(one["amount"]) for one in receipt["quote"]["applied"]}
        return {one.name: one.amount for one in limits.takings(rules.usage, unlocks, applied, [])}


def opened(file: str, trusted: Sequence[Ed25519PublicKey], *, store: str | None, now: datetime) -> Snapshot:
    """Return a snapshot of this shop (None: of any) whose signature and time are good. Raises SnapshotRefused."""
    document = signed.opened(file, trusted)
    if document.get("format") != FORMAT:
        raise SnapshotRefused("other_format", "the snapshot has another format; bring this till up to date")
    if store is not None and document["store"] != store:
        words = f"the snapshot is for the shop {document['store']!r}, not for {store!r}; fetch the one of this shop"
        raise SnapshotRefused("other_shop", words)
    snapshot = _read(document)
    snapshot.check(now)
    return snapshot


def mark_of(salt: bytes, digest: bytes) -> bytes:
    """Return what stands for a code in one snapshot: another one in each, and nobody can turn it round."""
    return hashlib.sha256(salt + digest).digest()[:WIDTH]


def _read(document: Mapping[str, Any]) -> Snapshot:
    versions = []
    for one in document["versions"]:
        text = signed.canonical(one["body"])
        if hashlib.sha256(text.encode()).hexdigest() != one["digest"]:
            raise SnapshotRefused("bad_digest", "a version in the snapshot is not what its digest says; fetch it again")
        number = int(one["number"])
        versions.append((_instant(one["live_from"]), rules_of(one["body"], f"v{number}", number)))
    codes = document["codes"]
    return Snapshot(
        id=document["id"],
        store=document["store"],
        zone=document["zone"],
        issued=_instant(document["issued"]),
        expires=_instant(document["expires"]),
        keys="".join(document["keys"]),
        versions=versions,
        taken=document["taken"],
        words=frozenset(document["words"]),
        known=[_known(one) for one in (*codes["shared"], *codes["unique"])],
        salt=base64.b64decode(codes["salt"]),
        code_key=base64.b64decode(codes["key"]),
    )


def _known(one: Mapping[str, Any]) -> Known:
    if "text" in one:
        texts = frozenset([str(one["text"]).encode()])
    else:
        raw = base64.b64decode(one["marks"])
        texts = frozenset(raw[at : at + WIDTH] for at in range(0, len(raw), WIDTH))
    begins, ends = (None if one[name] is None else _instant(one[name]) for name in ("from", "until"))
    return Known(one["unlock"], begins, ends, one["most"], "text" in one, texts)


def _buyer(cart: Mapping[str, Any], phone: str | None) -> Buyer:
    customer = cart.get("customer")
    key = customer.get("key") if isinstance(customer, Mapping) else None
    names = [f"phone:{phone}"] if phone else []
    return Buyer((*names, f"key:{key}") if key else tuple(names))


def _sold_at(receipt: Mapping[str, Any]) -> datetime:
    try:
        return _instant(receipt["quote"]["at"])
    except (KeyError, TypeError, ValueError):
        raise InputRefused("bad_receipt", "a receipt of this till has no quote with an instant", path="since") from None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _told(at: datetime) -> str:
    return at.isoformat(" ", "minutes")
