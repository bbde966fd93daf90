"""Every allowed way to pick promotions of one goods group, unit by unit. Units that look the same choose in order."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from wayfare.promotions.direct import Effort
from wayfare.promotions.effects import Bundle, BuyGet, Nth, Sets
from wayfare.promotions.offers import Offer
from wayfare.promotions.pricer import composes
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.steps import is_out
from wayfare.promotions.table import Table

Picks = tuple[Pick, ...]


def actions(
    table: Table, index: int, offers: Sequence[Offer], runs: Sequence[Run], effort: Effort
) -> Iterator[list[Picks]]:
    """Yield every allowed way to pick promotions of one goods group for these units."""
    group = table.groups[index]
    if group.policy == "first" or not offers:
        yield [()] * len(runs)
        return
    by_kind: dict[int, list[Run]] = {}
    for run in runs:
        by_kind.setdefault(run.kind.index, []).append(run)
    ways: list[list[list[Picks]]] = []
    for mine in by_kind.values():
        ways.append([])
        for way in _kind_ways(group.policy, index, offers, mine):
            effort.spend()
            ways[-1].append(way)
    multi = [offer for offer in offers if isinstance(offer.effect, Sets | BuyGet | Bundle)]
    for combo in product(*ways):
        effort.spend()
        picks = [one for part in combo for one in part]
        if not multi or all(_is_whole(offer, runs, picks) for offer in multi):
            yield picks


def _is_whole(offer: Offer, runs: Sequence[Run], picks: Sequence[Picks]) -> bool:
    if offer.retail is not None:
        return True  # the check of the group tells
    mine = [
        (run.kind.index, run.price, 1, pick)
        for run, one in zip(runs, picks, strict=True)
        for pick in one
        if pick.offer is offer
    ]
    return not mine or composes(offer, mine)


def _kind_ways(policy: str, index: int, offers: Sequence[Offer], runs: Sequence[Run]) -> Iterator[list[Picks]]:
    """Yield the ways to pick for the units of one kind; line promotions take all of them or none."""
    lines = [one for one in offers if one.rule.target == "line"]
    singles = [one for one in offers if one.rule.target != "line"]
    has_nth = any(isinstance(one.effect, Nth) for one in offers)
    most = len(lines) if policy == "all" else min(1, len(lines))
    options = [list(_unit_ways(policy, index, singles, run)) for run in runs]
    for count in range(most + 1):
        for chosen in combinations(lines, count):
            able = [[offer for offer in chosen if not is_out(offer, run, index)] for run in runs]
            if any(not any(offer in one for one in able) for offer in chosen):
                continue
            choices = [
                [((*one, *(Pick(offer) for offer in mine))) for one in option if policy == "all" or not (one and mine)]
                for option, mine in zip(options, able, strict=True)
            ]
            first = max(range(len(runs)), key=lambda place: (runs[place].price, -place)) if has_nth else -1
            yield from _ordered(runs, choices, first)


def _ordered(runs: Sequence[Run], choices: Sequence[Sequence[Picks]], first: int) -> Iterator[list[Picks]]:
    """Yield products in which units that look the same choose in order: other orders are the same quote.

    `first` is the unit that the n-th counts from; it is like no other.
    """

    def deal(place: int, last: int, so_far: list[Picks]) -> Iterator[list[Picks]]:
        if place == len(runs):
            yield list(so_far)
            return
        same = (
            place > 0
            and first not in (place - 1, place)
            and runs[place].price == runs[place - 1].price
            and runs[place].used == runs[place - 1].used
            and runs[place].steps == runs[place - 1].steps
            and choices[place] == choices[place - 1]
        )
        for number in range(last if same else 0, len(choices[place])):
            so_far.append(choices[place][number])
            yield from deal(place + 1, number, so_far)
            so_far.pop()

    yield from deal(0, 0, [])


def _unit_ways(policy: str, index: int, offers: Sequence[Offer], run: Run) -> Iterator[Picks]:
    able = [offer for offer in offers if not is_out(offer, run, index)]
    singles = [offer for offer in able if not isinstance(offer.effect, Sets | BuyGet | Bundle | Nth)]
    roles: list[Pick] = []
    for offer in able:
        effect = offer.effect
        if isinstance(effect, Nth):
            roles.append(Pick(offer, "nth"))
        elif isinstance(effect, Sets | BuyGet) and offer.retail is None:
            if not isinstance(effect, BuyGet) or run.kind.index in offer.buys:
                roles.append(Pick(offer, "pay"))
            if not isinstance(effect, BuyGet) or run.kind.index in offer.gets:
                roles.append(Pick(offer, "get"))
        elif offer.retail is not None:
            if run.start in offer.retail.payers.get(run.kind.index, ()):
                roles.append(Pick(offer, "pay"))
            if run.start in offer.retail.winners.get(run.kind.index, ()):
                roles.append(Pick(offer, "get"))
        elif isinstance(effect, Bundle) and any(run.kind.index in part for part in offer.parts):
            size = sum(part.quantity for part in effect.parts)
            count = sum(offer.reach.values()) // size
            repeat = offer.rule.promotion.limits.repeat
            count = count if repeat is None else min(count, repeat)
            roles += [Pick(offer, "part", number) for number in range(count)]
    if policy == "best":
        yield ()
        yield from ((pick,) for pick in roles)
        yield from ((Pick(offer),) for offer in singles)
        return
    for count in range(len(singles) + 1):
        for chosen in combinations(singles, count):
            base = tuple(Pick(offer) for offer in chosen)
            yield base
            for role in roles:
                yield (*base, role)
