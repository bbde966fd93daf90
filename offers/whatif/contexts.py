"""The customers, places and moments that matter to some promotions: of those that open the same, one is enough."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from wayfare.promotions import Ruleset
from wayfare.promotions.conditions import (
    BirthdayCondition,
    GoodsCondition,
    Leaf,
    Not,
    OrderNumberCondition,
    PeriodCondition,
    ValuesCondition,
    WeeklyCondition,
    leaves,
)
from wayfare.promotions.contract import Promotion

MOST = 64
"""Contexts that are tried for one product. Where more matter, those are taken in which most conditions hold."""

PLACES = ("channel", "store", "region", "payment")


@dataclass(frozen=True, slots=True)
class Contexts:
    """Carts without goods. `left_out` says how many more there would be."""

    carts: list[dict[str, Any]]
    left_out: int


def contexts(ruleset: Ruleset, promotions: Sequence[Promotion], now: datetime) -> Contexts:
    """Return the contexts in which something about these promotions is different, from `now` on.

    A value that opens no more than another one is left out: a promotion more never raises a price, except where a FIRST
    group decides or a condition forbids; then every value stays that opens something else.
    """
    all_leaves = [leaf for one in promotions for condition in one.conditions for leaf in leaves(condition)]
    groups = {group.key: group.policy for group in ruleset.groups}
    is_monotone = not any(
        groups.get(one.group or "") == "first" or any(_forbids(condition) for condition in one.conditions)
        for one in promotions
    )
    choices: list[list[tuple[int, dict[str, Any]]]] = [
        [(_worth(opened), {"at": at.isoformat()}) for at, opened in _kept(_instants(all_leaves, now), is_monotone)]
    ]
    for name in (*PLACES, "level"):
        values = _kept(_values(all_leaves, name), is_monotone)
        choices.append([(_worth(opened), _placed(name, value)) for value, opened in values])
    numbers = _kept(_numbers(all_leaves), is_monotone)
    choices.append([(_worth(opened), {"order_number": value} if value else {}) for value, opened in numbers])
    fixed: dict[str, Any] = {"codes": sorted({one.requires_code for one in promotions if one.requires_code})[:100]}
    segments = sorted({v for leaf in all_leaves if _asks(leaf, "segment") for v in cast(ValuesCondition, leaf).values})
    has_birthday = any(isinstance(leaf, BirthdayCondition) for leaf in all_leaves)
    found = sorted(product(*choices), key=lambda one: -sum(worth for worth, _ in one))
    return Contexts([_cart(one, fixed, segments, has_birthday) for one in found[:MOST]], max(0, len(found) - MOST))


def _cart(
    choice: Iterable[tuple[int, dict[str, Any]]], fixed: dict[str, Any], segments: list[str], has_birthday: bool
) -> dict[str, Any]:
    cart = dict(fixed)
    for _, part in choice:
        cart |= part
    customer: dict[str, Any] = {name: cart.pop(name) for name in ("level", "order_number") if name in cart}
    if segments:
        customer["segments"] = segments
    if has_birthday:  # today, in the offset of the cart's moment
        customer["birthday"] = f"2000-{cart['at'][5:10]}"
    return {**cart, "customer": customer} if customer else cart


def _instants(all_leaves: Sequence[Leaf], now: datetime) -> list[tuple[datetime, frozenset[int]]]:
    """Return now, the beginnings of periods to come, and of windows in the week after each of them."""
    timed = [(at, leaf) for at, leaf in enumerate(all_leaves) if isinstance(leaf, PeriodCondition | WeeklyCondition)]
    begins = {now, *(one.from_ for _, one in timed if isinstance(one, PeriodCondition) and one.from_)}
    bases = sorted(at for at in begins if at >= now)[:100]
    windows = {(one.zone, one.from_) for _, one in timed if isinstance(one, WeeklyCondition)}
    found = list(bases)
    for base in bases:
        for zone, time in windows:
            local = base.astimezone(ZoneInfo(zone))
            for days in range(8):
                day = local + timedelta(days=days)
                begin = day.replace(hour=time.hour, minute=time.minute) if time else day.replace(hour=0, minute=0)
                begin = begin.replace(second=0, microsecond=0)
                if begin >= base:
                    found.append(begin)
    return [
        (at, frozenset(number for number, leaf in timed if not leaf.failing(cast(Any, SimpleNamespace(at=at)))))
        for at in found
    ]


def _values(all_leaves: Sequence[Leaf], name: str) -> list[tuple[str, frozenset[int]]]:
    mine = [(at, cast(ValuesCondition, leaf).values) for at, leaf in enumerate(all_leaves) if _asks(leaf, name)]
    values = ["", *sorted({value for _, wanted in mine for value in wanted})]
    return [(value, frozenset(at for at, wanted in mine if value in wanted)) for value in values]


def _numbers(all_leaves: Sequence[Leaf]) -> list[tuple[int, frozenset[int]]]:
    mine = [(at, leaf) for at, leaf in enumerate(all_leaves) if isinstance(leaf, OrderNumberCondition)]
    values = [0, *sorted({leaf.equals or leaf.multiple_of or 1 for _, leaf in mine})]
    return [
        (
            value,
            frozenset(
                at
                for at, leaf in mine
                if value and (value == leaf.equals if leaf.equals else value % (leaf.multiple_of or 1) == 0)
            ),
        )
        for value in values
    ]


def _kept(values: Sequence[tuple[Any, frozenset[int]]], is_monotone: bool) -> list[tuple[Any, frozenset[int]]]:
    """Return the first value of those that open the same; and none that opens a part of what another one opens."""
    by_opened: dict[frozenset[int], Any] = {}
    for value, opened in values:
        by_opened.setdefault(opened, value)
    sets = list(by_opened)
    better: Callable[[frozenset[int]], bool] = lambda one: is_monotone and any(one < other for other in sets)  # noqa: E731
    return [(by_opened[opened], opened) for opened in sets if not better(opened)]


def _placed(name: str, value: str) -> dict[str, Any]:
    return {name: value} if value else {}


def _worth(opened: frozenset[int]) -> int:
    return len(opened)


def _asks(leaf: Leaf, name: str) -> bool:
    return isinstance(leaf, ValuesCondition) and leaf.kind == name


def _forbids(condition: Any) -> bool:
    if isinstance(condition, Not):
        return True
    if isinstance(condition, GoodsCondition):
        return condition.kind == "goods_to"
    return any(_forbids(one) for one in getattr(condition, "of", ()))
