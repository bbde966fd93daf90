"""Pricing carts under the version that is live: compiled once a process, found by one small query a quote."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from offers.rules.shapes import NOTHING, Body, Usage, loaded, ruleset_of
from store import rulesets
from store.db import Connection
from wayfare.errors import InputRefused
from wayfare.promotions import Cart, Compiled, compile, parse_request
from wayfare.promotions import quote as quote_of
from wayfare.promotions.contract import Limits, Promotion

_KEPT = 16  # versions in memory: the live one, and those that people look at


@dataclass(frozen=True, slots=True)
class Rules:
    """A stored rule set ready to price carts. `usage` holds the limits of those promotions that have any."""

    number: int
    name: str
    body: Body
    compiled: Compiled
    usage: Mapping[str, Usage]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a promotion: uses and minor units; None where nothing limits it."""

    uses: int | None = None
    spend: int | None = None


class Unlocked(Protocol):
    """What became of the text of a code. `unlock` is what promotions name in `requires_code`; empty when refused."""

    @property
    def text(self) -> str:
        """The text as it was given."""

    @property
    def unlock(self) -> str:
        """What it opens."""


Resolve = Callable[[Sequence[str]], Sequence[Unlocked]]
Grants = Callable[[Cart], Sequence[Promotion]]
Remaining = Callable[[Mapping[str, Usage], Cart], Mapping[str, Left]]


@dataclass(slots=True)
class Live:
    """Versions that were compiled in this process. Threads share one."""

    _kept: OrderedDict[int, Rules] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, conn: Connection, now: datetime) -> Rules:
        """Return the version that is live; before the first one an empty rule set called v0."""
        return self.numbered(conn, rulesets.live_number(conn, now) or 0)

    def numbered(self, conn: Connection, number: int) -> Rules:
        """Return a version, whether it is or ever was live. Raises NotFound."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        body = loaded(rulesets.version(conn, number).body) if number else NOTHING
        made = rules_of(body, f"v{number}", number)
        with self._lock:
            self._kept[number] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def rules_of(body: Body, name: str = "draft", number: int = 0) -> Rules:
    """Compile a rule set in canonical form. Raises InputRefused."""
    usage = {one["key"]: Usage(**one["usage"]) for one in body["promotions"] if "usage" in one}
    limited = {key: one for key, one in usage.items() if one.is_limited}
    return Rules(number, name, body, compile(ruleset_of(body, name)), limited)


def quote_cart(
    conn: Connection,
    live: Live,
    cart: Mapping[str, Any],
    now: datetime,
    *,
    store: str | None = None,
    zone: str = "UTC",
    ref: str | None = None,
    resolve: Resolve | None = None,
    remaining: Remaining | None = None,
    grants: Grants | None = None,
) -> dict[str, Any]:
    """Return what a cart costs under the live version: see `quote_under`. Raises InputRefused."""
    more: dict[str, Any] = {"resolve": resolve, "remaining": remaining, "grants": grants}
    return quote_under(live.at(conn, now), cart, now, store=store, zone=zone, ref=ref, **more)


def quote_under(
    version: Rules,
    cart: Mapping[str, Any],
    now: datetime,
    *,
    store: str | None = None,
    zone: str = "UTC",
    ref: str | None = None,
    resolve: Resolve | None = None,
    remaining: Remaining | None = None,
    grants: Grants | None = None,
) -> dict[str, Any]:
    """Return what a cart costs under a version: the contract's quote with `at`, `left` and `granted`, to replay it.

    `store` is the shop that the caller is bound to: another one in the cart is refused, none is filled in. Without
    `at` the cart is priced now, in the offset of `zone`. Without `resolve` the text of a code is what it unlocks.
    Raises InputRefused.
    """
    given = dict(cart)
    if given.get("at") is None:
        given["at"] = now.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
    if store is not None:
        if given.get("store") not in (None, store):
            words = f"this key is bound to the store '{store}'; leave cart.store out, or use the key of the other store"
            raise InputRefused("other_store", words, path="cart.store")
        given["store"] = store
    request = parse_request({"cart": given, "ref": ref})
    priced, unlocked = request.cart, {}
    if resolve is not None and priced.codes:
        unlocked = {one.text: one.unlock for one in resolve(priced.codes)}
        opened = list(dict.fromkeys(unlock for unlock in unlocked.values() if unlock))
        priced = priced.model_copy(update={"codes": opened})
    left = remaining(version.usage, priced) if remaining is not None and version.usage else {}
    own = grants(priced) if grants is not None and priced.lines else ()
    quote = quote_with(version, priced, ref=ref, left=left, granted=own)
    if unlocked:
        quote["codes"] = _by_text(request.cart.codes, unlocked, quote["codes"])
    quote["at"] = given["at"]
    if left:
        quote["left"] = {key: {"uses": one.uses, "spend": one.spend} for key, one in sorted(left.items())}
    if own:
        quote["granted"] = [shown(one) for one in own]
    return quote


def quote_with(
    version: Rules,
    cart: Cart,
    *,
    ref: str | None = None,
    left: Mapping[str, Left] | None = None,
    granted: Sequence[Promotion] = (),
) -> dict[str, Any]:
    """Return the quote for a cart under one rule set, with what is left of promotions whose use is limited, and with
    what only this customer was granted.
    """
    return quote_of(cart, compiled_for(version, cart, left, granted), ref=ref)


def compiled_for(
    version: Rules, cart: Cart, left: Mapping[str, Left] | None = None, granted: Sequence[Promotion] = ()
) -> Compiled:
    """Return the rule set as it is for one cart: it knows what is left, and what its customer was granted."""
    compiled = _with_left(version, left, _worth(cart)) if left else version.compiled
    return with_granted(compiled, granted, cart) if granted else compiled


def _with_left(version: Rules, left: Mapping[str, Left], worth: int) -> Compiled:
    """Return the rule set that knows what is left, or the one in memory where no limit can bind this cart."""
    budgets: dict[str, dict[str, Any]] = {}
    for key, one in left.items():
        if one.uses is not None and one.uses <= 0:
            budgets[key] = {"kind": "usage", "remaining": 0}
        elif one.spend is not None and one.spend < worth:
            partial = version.usage[key].partial
            budgets[key] = {"kind": "spend", "remaining": max(0, one.spend), "partial": partial}
    if not budgets:
        return version.compiled
    promotions = [
        {**one, "limits": {**one.get("limits", {}), "budget": budgets[one["key"]]}} if one["key"] in budgets else one
        for one in version.body["promotions"]
    ]
    return compile(ruleset_of({**version.body, "promotions": promotions}, version.name))


def with_granted(compiled: Compiled, granted: Sequence[Promotion], cart: Cart) -> Compiled:
    """Return the rule set with what was granted to one customer beside it; nothing is parsed once more.

    A limit of pieces that this cart cannot reach is left out: then no units have to be chosen.
    """
    pieces = sum(line.quantity for line in cart.lines)
    own = [
        one.model_copy(update={"limits": Limits()}) if (one.limits.max_units or 0) >= pieces else one for one in granted
    ]
    ruleset = compiled.ruleset
    return Compiled(ruleset.model_copy(update={"promotions": [*ruleset.promotions, *own]}))


def shown(granted: Promotion) -> dict[str, Any]:
    """Return what was granted as it stands in a quote: the contract's promotion, without what is at its default."""
    return granted.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _worth(cart: Cart) -> int:
    """Return more than which no promotion can give: all goods and deliveries at list prices."""
    return sum(line.price * line.quantity for line in cart.lines) + sum(one.price for one in cart.shipping)


def _by_text(
    texts: Sequence[str], unlocked: Mapping[str, str], found: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the quote's codes by the texts that were given. What opens nothing is refused, for whatever reason.

    Of two codes that open the same, the first one is used.
    """
    by_unlock = {str(one["code"]).strip().upper(): one for one in found}
    answers: list[dict[str, Any]] = []
    seen: set[str] = set()
    for text in texts:
        unlock = unlocked.get(text, "").strip().upper()
        if not unlock:
            answers.append({"code": text, "status": "refused"})
        elif unlock in seen:
            answers.append({"code": text, "status": "no_effect"})
        else:
            answers.append({**by_unlock.get(unlock, {"status": "unknown"}), "code": text})
        seen.add(unlock)
    return answers
