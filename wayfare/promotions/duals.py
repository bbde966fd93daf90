"""Prices for what multi-buys owe: they turn the rule that rewards are paid for into a lower bound.

A payer earns so much, a reward costs so much, and every unit takes what is best for it alone: whatever the prices, no
allowed way is cheaper than that. For sets the prices fall as units get cheaper, for rewards come after their payers;
for buy_get there is one price. Better prices are looked for by steps towards the known upper bound, as long as the
roles taken do not balance (Polyak's subgradient method, in whole numbers).
"""

from collections.abc import Sequence

from wayfare.promotions.automata import Automaton
from wayfare.promotions.walk import Stop

COARSE, FINE = 16, 28  # steps
SCALE = 1 << 16
Prices = list[list[int]]


def coarse_prices(stops: Sequence[Stop], autos: Sequence[Automaton], upper: int) -> Prices:
    """Return prices that are one share of the unit's price for each multi-buy."""
    middle = max(1, sum(stop.price for stop in stops) // len(stops))
    weights = [[middle if auto.is_pair else stop.price for stop in stops] for auto in autos]

    def spread(shares: Sequence[int]) -> Prices:
        return [[share * weight // SCALE for weight in mine] for share, mine in zip(shares, weights, strict=True)]

    shares = [SCALE // 8] * len(autos)
    best, kept = None, shares
    halves = fails = 0
    for _ in range(COARSE):
        bound, slopes = _bound(stops, autos, spread(shares))
        if best is None or bound > best:
            best, kept, fails = bound, shares, 0
        else:
            fails += 1
            if fails == 2:
                halves, fails, shares = halves + 1, 0, kept
                bound, slopes = _bound(stops, autos, spread(shares))
        steep = [
            sum([slope * weight for slope, weight in zip(mine, each, strict=True)])
            for mine, each in zip(slopes, weights, strict=True)
        ]
        length = sum([one * one for one in steep]) << halves
        if not length:
            break
        moved = [share + SCALE * (upper - bound) * one // length for share, one in zip(shares, steep, strict=True)]
        shares = [share if auto.is_pair else max(0, share) for share, auto in zip(moved, autos, strict=True)]
    return spread(kept)


def fine_prices(
    stops: Sequence[Stop], autos: Sequence[Automaton], prices: Prices, upper: int, *, rounds: int = FINE
) -> Prices:
    """Return better prices, unit by unit, than those given."""
    best, kept = None, prices
    halves = fails = 0
    for _ in range(rounds):
        bound, slopes = _bound(stops, autos, prices)
        if best is None or bound > best:
            best, kept, fails = bound, prices, 0
            if bound >= upper:
                break
        else:
            fails += 1
            if fails == 2:
                halves, fails, prices = halves + 1, 0, kept
                bound, slopes = _bound(stops, autos, prices)
        length = sum([one * one for mine in slopes for one in mine]) << halves
        if not length:
            break
        step = upper - bound
        prices = [
            _allowed(auto, [price + step * slope // length for price, slope in zip(mine, each, strict=True)])
            for auto, mine, each in zip(autos, prices, slopes, strict=True)
        ]
    return kept


def bound_at(stops: Sequence[Stop], autos: Sequence[Automaton], prices: Prices) -> int:
    """Return what no way goes below, at these prices."""
    return _bound(stops, autos, prices)[0]


def _bound(stops: Sequence[Stop], autos: Sequence[Automaton], prices: Prices) -> tuple[int, list[list[int]]]:
    """Return the bound at these prices, and by how much it grows with each of them."""
    total, slopes = 0, [[0] * len(stops) for _ in autos]
    tolls = [(auto.pays, -auto.wins, -auto.wins) for auto in autos]
    for place, stop in enumerate(stops):
        least, number, role = stop.options[0]
        for cost, mine, what in stop.options:
            if mine >= 0:
                cost += prices[mine][place] * tolls[mine][what]
                if cost < least:
                    least, number, role = cost, mine, what
        total += least * stop.count
        if number >= 0:
            slopes[number][place] = tolls[number][role] * stop.count
    return total, slopes


def _allowed(auto: Automaton, prices: list[int]) -> list[int]:
    """Return the nearest prices that give a true bound: falling for sets, one for buy_get."""
    if auto.is_pair:
        return [sum(prices) // len(prices)] * len(prices)
    blocks: list[tuple[int, int]] = []  # sum and length
    for price in prices:
        total, length = price, 1
        while blocks and blocks[-1][0] * length < total * blocks[-1][1]:
            before, count = blocks.pop()
            total, length = total + before, length + count
        blocks.append((total, length))
    return [max(0, total // length) for total, length in blocks for _ in range(length)]
