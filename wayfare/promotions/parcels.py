"""Delivery: the lowest price of all parcels. Goods and parcels meet only in thresholds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from wayfare.money import half_up, share_out
from wayfare.promotions.contract import Group
from wayfare.promotions.effects import AmountOff, PercentOff, SetPrice
from wayfare.promotions.table import Offer, Table
from wayfare.promotions.values import fraction


@dataclass(slots=True)
class Parcel:
    """One shipping entry with its running price and steps (offer, amount, given)."""

    id: str
    method: str | None
    tag: int
    price: int
    steps: list[tuple[Offer, int, int]] = field(default_factory=list)


Way = tuple[tuple[Offer, tuple[int, ...]], ...]  # in one group: offers with the parcels they work on
MOST_WAYS = 4096


def parcels(table: Table) -> list[Parcel]:
    """Return the parcels of a cart at list price."""
    return [Parcel(one.id, one.method, one.price, one.price) for one in table.cart.shipping]


def ship(table: Table, ways: Sequence[Way]) -> list[Parcel]:
    """Return the parcels after these choices, one for each group of layer shipping."""
    state = parcels(table)
    groups = table.book.shipping_groups
    for index, way in zip(groups, ways, strict=True):
        for offer, places in way:
            _step(table.groups[index], offer, places, state)
    return state


def best_ways(table: Table, offers: Sequence[Offer]) -> tuple[list[Way], int, bool]:
    """Return the cheapest choices for parcels, their total, and whether all were looked at.

    Effects never lower a price less where it is lower already, so the best promotion of each parcel, group by group,
    is exact; only promotions that tie parcels together are tried out, each of them wherever it can work.
    """
    groups = table.book.shipping_groups
    if not table.cart.shipping:
        return [() for _ in groups], 0, True
    mine = [[offer for offer in offers if offer.rule.group == index] for index in groups]
    options: list[list[Way]] = []
    combos = 1
    for index, one in zip(groups, mine, strict=True):
        found: list[Way] = [()]
        found += _tied_ways(table, one) if table.groups[index].policy == "best" else ()
        combos *= len(found)
        options.append(found[:MOST_WAYS])
    best: tuple[int, list[Way]] | None = None
    for tried, choice in enumerate(product(*options)):
        if tried >= MOST_WAYS:
            break
        state, ways = parcels(table), []
        for index, one, chosen in zip(groups, mine, choice, strict=True):
            way = _way(table.groups[index], one, chosen, state)
            for offer, places in way:
                _step(table.groups[index], offer, places, state)
            ways.append(way)
        total = sum(parcel.price for parcel in state)
        if best is None or total < best[0]:
            best = total, ways
    assert best is not None  # noqa: S101  # there is at least the choice of nothing
    return best[1], best[0], combos <= MOST_WAYS


def _is_limited(offer: Offer) -> bool:
    return offer.rule.most_cart is not None or offer.spend is not None


def _tied_ways(table: Table, offers: Sequence[Offer]) -> Iterator[Way]:
    """Yield what promotions of a BEST group that tie parcels together can do, the simple ways first.

    One on all parcels excludes all others; one that may give so much a cart works on any of its parcels.
    """
    entries = parcels(table)
    places = {offer: places_of(offer, entries) for offer in offers}
    limited = [one for one in offers if one.rule.target == "shipping" and _is_limited(one)]
    simple = [
        ((one, places[one]),)
        for one in offers
        if places[one] and (one.rule.target == "shipping_total" or one in limited)
    ]
    yield from simple
    able = [[None, *(one for one in limited if place in places[one])] for place in range(len(entries))]
    for dealt in islice(product(*able), MOST_WAYS + 1):
        taken = [(one, tuple(place for place, other in enumerate(dealt) if other is one)) for one in limited]
        way = tuple((one, some) for one, some in taken if some)
        if way and way not in simple:
            yield way


def places_of(offer: Offer, entries: Sequence[Parcel]) -> tuple[int, ...]:
    """Return the parcels that an offer may work on."""
    scope = offer.rule.promotion.scope
    return tuple(place for place, parcel in enumerate(entries) if scope.ships(parcel.method))


def _way(group: Group, offers: Sequence[Offer], fixed: Way, state: Sequence[Parcel]) -> Way:
    """Return what the promotions of one group do; `fixed` is what those do that tie parcels together."""
    places = {offer: places_of(offer, state) for offer in offers}
    if group.policy == "all":
        return tuple((offer, places[offer]) for offer in sorted(offers, key=lambda one: one.rank))
    if group.policy == "first":
        return _first_way(group, offers, places, state)
    if any(offer.rule.target == "shipping_total" for offer, _ in fixed):
        return fixed
    picked = {offer: list(some) for offer, some in fixed}
    taken = {place for some in picked.values() for place in some}
    for place, parcel in enumerate(state):
        if place in taken:
            continue
        able = [
            offer
            for offer in offers
            if offer.rule.target == "shipping" and place in places[offer] and not _is_limited(offer)
        ]
        found = [(-_off(group, offer, parcel), offer.rule.order, offer) for offer in able]
        best = min(found, key=lambda one: one[:2], default=None)
        if best is not None and best[0] < 0:
            picked.setdefault(best[2], []).append(place)
    return tuple((offer, tuple(one)) for offer, one in sorted(picked.items(), key=lambda one: one[0].rule.order))


def _first_way(
    group: Group, offers: Sequence[Offer], places: dict[Offer, tuple[int, ...]], state: Sequence[Parcel]
) -> Way:
    free, found = set(range(len(state))), []
    for offer in sorted(offers, key=lambda one: one.rule.order):
        is_whole = offer.rule.target == "shipping_total"
        if is_whole and not set(places[offer]) <= free:
            continue
        mine = tuple(place for place in places[offer] if place in free)
        lowered = {place for place, _, given in _given(group, offer, mine, state) if given}
        if lowered:
            found.append((offer, mine))
            free -= set(mine) if is_whole else lowered
    return tuple(found)


def _off(group: Group, offer: Offer, parcel: Parcel) -> int:
    effect = _effect(offer)
    amount = effect.off(parcel.price, parcel.tag if group.percent_base == "list" else parcel.price)
    most = offer.rule.most_unit
    return amount if most is None else min(amount, most)


def _effect(offer: Offer) -> PercentOff | AmountOff | SetPrice:
    effect = offer.effect
    assert isinstance(effect, PercentOff | AmountOff | SetPrice)  # noqa: S101  # the contract allows no other
    return effect


def _totals(group: Group, offer: Offer, places: Sequence[int], state: Sequence[Parcel]) -> list[int]:
    effect, prices = _effect(offer), [state[place].price for place in places]
    weights = prices
    if isinstance(effect, PercentOff):
        part, whole = fraction(effect.value)
        bases = [state[place].tag if group.percent_base == "list" else state[place].price for place in places]
        weights = [min(part * base, whole * price) for base, price in zip(bases, prices, strict=True)]
        total = half_up(sum(weights), whole)
    elif isinstance(effect, AmountOff):
        total = min(sum(prices), effect.value)
    else:
        total = max(0, sum(prices) - effect.value)
    return share_out(total, weights, prices)


def _given(group: Group, offer: Offer, places: Sequence[int], state: Sequence[Parcel]) -> list[tuple[int, int, int]]:
    """Return (parcel, amount, what is given of it) for each parcel."""
    if offer.rule.target == "shipping_total":
        amounts = _totals(group, offer, places, state)
    else:
        amounts = [_off(group, offer, state[place]) for place in places]
    limits = (offer.rule.most_cart, offer.spend)
    most = min((limit for limit in limits if limit is not None), default=None)
    given = amounts if most is None or sum(amounts) <= most else share_out(most, amounts, amounts)
    return list(zip(places, amounts, given, strict=True))


def _step(group: Group, offer: Offer, places: Sequence[int], state: Sequence[Parcel]) -> None:
    for place, amount, one in _given(group, offer, places, state):
        if one:
            state[place].price -= one
            state[place].steps.append((offer, amount, one))
