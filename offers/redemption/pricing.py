"""The price of a cart as the live rules and today's counters have it, with the codes that customers really hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from offers.codes.resolve import Resolved, resolve
from offers.codes.text import compact
from offers.live import Left, Live, Rules, quote_under
from offers.redemption import own
from offers.redemption.limits import Buyer, Limits, spared, unlocks_of
from offers.rules.shapes import Usage
from store import redemptions
from store.counters import Taking
from store.db import Connection
from store.personal_prices import Granted, granted
from wayfare.promotions import Cart
from wayfare.promotions.contract import Promotion
from wayfare.vault import Vault


@dataclass(frozen=True, slots=True)
class Asking:
    """One question for a price. `store` is the shop that the caller is bound to, `phone` the buyer's in E.164.

    `proven` are codes whose PINs were looked at in a transaction of their own.
    """

    cart: Mapping[str, Any]
    store: str | None = None
    phone: str | None = None
    zone: str = "UTC"
    ref: str | None = None
    proven: tuple[Resolved, ...] | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A quote, the version it was made under, and what it takes if it becomes an order."""

    quote: dict[str, Any]
    rules: Rules
    limits: Limits
    codes: tuple[Resolved, ...]
    unlocks: Mapping[str, str | None]
    granted: tuple[Granted, ...] = ()

    def applied(self) -> dict[str, int]:
        """Return the discount by promotion that was applied."""
        return {str(one["promotion"]): int(one["amount"]) for one in self.quote["applied"]}

    def used_codes(self) -> list[Resolved]:
        """Return the codes of batches that lowered the price, in the order of their ids."""
        used = {one["code"] for one in self.quote["codes"] if one["status"] == "applied"}
        found = {code.code_id: code for code in self.codes if code.code_id is not None and code.text in used}
        return [found[id] for id in sorted(found)]

    def takings(self) -> list[Taking]:
        """Return what the order takes of counters."""
        limited = self.limits.takings(self.rules.usage, self.unlocks, self.applied(), self.used_codes())
        return [*limited, *own.takings(self.quote, self.granted)]

    def opened_by(self, code: Resolved) -> list[str]:
        """Return the promotions that were applied because of a code."""
        return sorted(key for key in self.applied() if _word(self.unlocks.get(key)) == _word(code.unlock))


def price(conn: Connection, live: Live, vault: Vault, asking: Asking, now: datetime) -> Priced:
    """Return what a cart costs now, for this buyer, with these codes. Changes nothing. Raises InputRefused."""
    return price_under(conn, live.at(conn, now), vault, asking, now)


def price_under(
    conn: Connection,
    rules: Rules,
    vault: Vault,
    asking: Asking,
    now: datetime,
    *,
    buyer: Buyer | None = None,
    asks_pin: bool = True,
) -> Priced:
    """Return what a cart costs under a version with the codes, limits and budgets of `now`; see `price`.

    `buyer` counts instead of the one in the cart. Without `asks_pin` codes count as if their PINs were given.
    """
    customer = _customer(asking.cart)
    phone = asking.phone or (redemptions.phone_of(conn, customer) if customer else None)
    buyer = buyer or Buyer.of(vault, customer, phone)
    day = now.astimezone(ZoneInfo(asking.zone)).date()
    limits = Limits(buyer, day, {})
    codes: list[Resolved] = []

    unlocks = unlocks_of(rules.body["promotions"])

    def opened(texts: Sequence[str]) -> list[Resolved]:
        proven = {compact(code.text): code for code in asking.proven or ()}
        others = [text for text in texts if compact(text) not in proven]
        found = iter(resolve(conn, vault, others, now=now, phone=phone, asks_pin=asks_pin)) if others else iter(())
        given = [
            replace(proven[compact(text)], text=text) if compact(text) in proven else next(found) for text in texts
        ]
        codes.extend(spared(conn, _with_words(conn, given, unlocks), buyer))
        for code in codes:
            if code.is_usable:
                limits.codes.setdefault(code.unlock.strip().upper(), code)
        return codes

    def left(usage: Mapping[str, Usage], _cart: Cart) -> dict[str, Left]:
        return limits.left(conn, usage, unlocks)

    mine: list[Granted] = []

    def grants(cart: Cart) -> list[Promotion]:
        if not customer and not phone:
            return []
        skus = {line.sku for line in cart.lines}
        brands = {line.brand for line in cart.lines if line.brand}
        goods: dict[str, Any] = {"currency": cart.currency, "skus": skus, "brands": brands}
        mine[:] = granted(conn, customer=customer, phone=phone, now=now, **goods)
        return [own.promotion_of(one) for one in mine]

    quote = quote_under(
        rules,
        asking.cart,
        now,
        store=asking.store,
        zone=asking.zone,
        ref=asking.ref,
        resolve=opened,
        remaining=left,
        grants=grants,
    )
    return Priced(quote, rules, limits, tuple(codes), unlocks, tuple(mine))


def _with_words(conn: Connection, codes: Sequence[Resolved], unlocks: Mapping[str, str | None]) -> list[Resolved]:
    """Return codes with those usable that are a promotion's own word: no batch of codes stands before it."""
    words = {word.strip().upper() for word in unlocks.values() if word}
    plain = {text for code in codes if code.reason == "not_found" and (text := code.text.strip().upper()) in words}
    free = plain - redemptions.guarded(conn, plain) if plain else plain
    return [
        replace(code, is_usable=True, reason="", unlock=code.text.strip().upper())
        if code.reason == "not_found" and code.text.strip().upper() in free
        else code
        for code in codes
    ]


def _word(unlock: str | None) -> str:
    return (unlock or "").strip().upper()


def _customer(cart: Mapping[str, Any]) -> str | None:
    """Return the customer's key where the cart names one properly; the contract refuses what is not proper."""
    customer = cart.get("customer")
    key = customer.get("key") if isinstance(customer, Mapping) else None
    return key if isinstance(key, str) and len(key) <= 200 and "\0" not in key else None
