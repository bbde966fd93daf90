"""Limits of promotions over all carts: which counters one promotion has for one cart, and what they still hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from offers.codes.resolve import Resolved
from offers.live import Left
from offers.rules.shapes import Usage
from store import counters
from store.counters import Taking
from store.db import Connection
from wayfare.vault import Vault

_NOBODY = Left(uses=0)
_KINDS = {"total": "total", "day": "per_day", "buyer": "per_customer", "code": "per_code", "spend": "spend"}
"""By what a counter's name says after its promotion: the limit that it counts for."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose use is counted: under a phone and under the customer's key, whichever is known; neither is nobody."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, vault: Vault, customer: str | None, phone: str | None) -> "Buyer":
        """Return the buyer. The same phone under another key, or the same key with another phone, is the same buyer.

        The number itself is not kept.
        """
        names = [f"phone:{vault.digest('buyer', phone).hex()[:32]}"] if phone else []
        return cls((*names, f"key:{customer}") if customer else tuple(names))


@dataclass(frozen=True, slots=True)
class Counted:
    """One counter of one promotion for one cart. `is_money`: it counts minor units of discount, not times."""

    name: str
    limit: int
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of one limit of a promotion. `kind` is the name of the limit: total, per_day, spend …"""

    kind: str
    left: int
    limit: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The counters that a cart meets. `codes` holds the usable codes by what they unlock."""

    buyer: Buyer
    day: date
    codes: dict[str, Resolved]

    def counted(self, key: str, usage: Usage, unlock: str | None) -> Iterator[Counted]:
        """Yield the counters of one promotion. Where it counts per customer, the caller made sure that one is known."""
        code = self.codes.get((unlock or "").strip().upper())
        if usage.total is not None:
            yield Counted(f"p:{key}:total", usage.total)
        if usage.per_day is not None:
            yield Counted(f"p:{key}:day:{self.day.isoformat()}", usage.per_day)
        if usage.per_customer is not None:
            for name in self.buyer.names:
                yield Counted(f"p:{key}:buyer:{name}", usage.per_customer)
        if usage.per_code is not None and code is not None:
            yield Counted(f"p:{key}:code:{code.code_id}", usage.per_code)
        if usage.spend is not None:
            yield Counted(f"p:{key}:spend", usage.spend, is_money=True)

    def left(self, conn: Connection, usage: Mapping[str, Usage], unlocks: Mapping[str, str | None]) -> dict[str, Left]:
        """Return what is left of each limited promotion for this cart: one query."""
        names = [one.name for key, found in usage.items() for one in self.counted(key, found, unlocks.get(key))]
        return self.left_of(counters.taken(conn, names), usage, unlocks)

    def rooms(
        self, conn: Connection, usage: Mapping[str, Usage], unlocks: Mapping[str, str | None]
    ) -> dict[str, list[Room]]:
        """Return every limit of each limited promotion with what is left of it for this cart: one query, for people."""
        by_key = {key: list(self.counted(key, one, unlocks.get(key))) for key, one in usage.items()}
        taken = counters.taken(conn, [one.name for found in by_key.values() for one in found])
        rooms: dict[str, list[Room]] = {}
        for key, found in by_key.items():
            least: dict[str, Room] = {}
            for one in found:
                kind = _KINDS[one.name.removeprefix(f"p:{key}:").partition(":")[0]]
                room = Room(kind, max(0, one.limit - taken.get(one.name, 0)), one.limit)
                if kind not in least or room.left < least[kind].left:
                    least[kind] = room
            rooms[key] = list(least.values())
        return rooms

    def left_of(
        self, taken: Mapping[str, int], usage: Mapping[str, Usage], unlocks: Mapping[str, str | None]
    ) -> dict[str, Left]:
        """Return what is left of each limited promotion for this cart, when so much is taken of each counter."""
        by_key = {key: list(self.counted(key, one, unlocks.get(key))) for key, one in usage.items()}
        answers: dict[str, Left] = {}
        for key, found in by_key.items():
            if usage[key].per_customer is not None and not self.buyer.names:
                answers[key] = _NOBODY
                continue
            times = [one.limit - taken.get(one.name, 0) for one in found if not one.is_money]
            money = [one.limit - taken.get(one.name, 0) for one in found if one.is_money]
            answers[key] = Left(max(0, min(times)) if times else None, max(0, min(money)) if money else None)
        return answers

    def takings(
        self,
        usage: Mapping[str, Usage],
        unlocks: Mapping[str, str | None],
        applied: Mapping[str, int],
        used_codes: Sequence[Resolved],
    ) -> list[Taking]:
        """Return what an order takes: one use of each promotion that was applied, its discount of its budget, and
        the buyer's use of each code.
        """
        found: dict[str, Taking] = {}
        for key in sorted(applied.keys() & usage.keys()):
            for one in self.counted(key, usage[key], unlocks.get(key)):
                found[one.name] = Taking(one.name, applied[key] if one.is_money else 1, one.limit)
        for code in used_codes:
            if code.max_uses_customer is not None:
                for name in _of_buyer(code, self.buyer):
                    found[name] = Taking(name, 1, code.max_uses_customer)
        return list(found.values())


def spared(conn: Connection, codes: Sequence[Resolved], buyer: Buyer) -> list[Resolved]:
    """Return codes with those refused that this buyer has used as often as one may; one query at most."""
    counted = [code for code in codes if code.is_usable and code.max_uses_customer is not None]
    taken = counters.taken(conn, [name for code in counted for name in _of_buyer(code, buyer)])

    def is_spent(code: Resolved) -> bool:
        names = _of_buyer(code, buyer)
        return not names or max(taken.get(name, 0) for name in names) >= (code.max_uses_customer or 0)

    return [
        replace(code, is_usable=False, reason="limit", unlock="") if code in counted and is_spent(code) else code
        for code in codes
    ]


def _of_buyer(code: Resolved, buyer: Buyer) -> list[str]:
    return [f"c:{code.code_id}:buyer:{name}" for name in buyer.names]


def unlocks_of(promotions: Sequence[Mapping[str, object]]) -> dict[str, str | None]:
    """Return, by promotion, what opens it."""
    return {str(one["key"]): None if (code := one.get("requires_code")) is None else str(code) for one in promotions}
