"""How one group of promotions changes prices, when all choices are made. Nothing here chooses, except FIRST groups."""

from collections.abc import Sequence

from wayfare.money import share_out
from wayfare.promotions.contract import Group
from wayfare.promotions.effects import AmountOff, Bundle, BuyGet, Nth, PercentOff, PersonalPrice, SetPrice, Sets
from wayfare.promotions.offers import Offer
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.spread import room_of, spread

Plain = PercentOff | AmountOff | SetPrice | PersonalPrice


def plain_effect(offer: Offer, run: Run, *, role: str = "", is_first: bool = False) -> Plain | None:
    """Return what an offer does to a single unit in its role; None is nothing."""
    effect = offer.on(run.kind.index)
    if isinstance(effect, PercentOff | AmountOff | SetPrice | PersonalPrice):
        return effect
    if isinstance(effect, Nth):
        return effect.first if is_first else effect.additional
    if role == "get" and isinstance(effect, Sets):
        return effect.reward.effect
    if role == "get" and isinstance(effect, BuyGet):
        return effect.get.effect
    return None


def is_out(offer: Offer, run: Run, before: int) -> bool:
    """Tell whether a unit is left out: beyond the offer's reach, or reduced already and `skip_discounted` says so."""
    if run.start + run.count > offer.reach.get(run.kind.index, 0):
        return True
    return offer.rule.skips and any(step.offer.rule.group < before for step in run.steps)


def unit_off(offer: Offer, effect: Plain, run: Run, group: Group) -> tuple[int, int, str]:
    """Return what an effect would give on one unit, what it gives, and what cuts it."""
    amount = effect.off(run.price, run.kind.price if group.percent_base == "list" else run.price)
    room, key = run.kind.room(run.price, run.used, group.layer)
    most = offer.rule.most_unit
    if most is not None and most < min(amount, room):
        return amount, most, "max_discount_unit"
    return (amount, room, key) if room < amount else (amount, amount, "")


def goods_step(group: Group, index: int, offers: Sequence[Offer], runs: list[Run], at: int) -> list[Run]:
    """Return the runs after one goods group; position `at` of each run's plan holds the picks for it.

    A FIRST group chooses by itself: its promotions are compulsory.
    """
    if group.policy == "first":
        return _first_step(group, index, offers, runs, first_units(runs))
    plans = [run.picks(at) for run in runs]
    picked = {pick[0] for picks in plans for pick in picks}
    if not any(one.rule.ties or one.rule.most_cart is not None for one in picked):
        return [_plain(run, picks, group) if picks else run for run, picks in zip(runs, plans, strict=True)]
    firsts = first_units(runs)
    for offer in sorted(picked, key=lambda one: one.rank):
        runs = _apply(offer, group, runs, [_pick_of(run, offer, at) for run in runs], firsts, at)
    return runs


def _plain(run: Run, picks: Sequence[Pick], group: Group) -> Run:
    """Return a run after its own picks, none of which ties it to others."""
    for offer, _, _ in picks if len(picks) == 1 else sorted(picks, key=lambda one: one.offer.rank):
        effect = plain_effect(offer, run)
        if effect is not None:
            amount, given, cut_by = unit_off(offer, effect, run, group)
            run = run.lowered(offer, amount, given, cut_by)
    return run


def first_units(runs: Sequence[Run]) -> dict[int, tuple[int, int]]:
    """Return the position of the dearest unit of each kind when a group begins, ties to the earlier unit."""
    found: dict[int, tuple[int, int]] = {}
    for run in runs:
        best = found.get(run.kind.index)
        if best is None or run.price > best[1]:
            found[run.kind.index] = (run.start, run.price)
    return found


def _pick_of(run: Run, offer: Offer, at: int) -> Pick | None:
    return next((pick for pick in run.picks(at) if pick.offer is offer), None)


def _first_step(
    group: Group, index: int, offers: Sequence[Offer], runs: list[Run], firsts: dict[int, tuple[int, int]]
) -> list[Run]:
    """The first promotion that lowers a unit's price, by priority, takes the unit."""

    def is_free(run: Run) -> bool:
        return not run.steps or run.steps[-1].offer.rule.group != index

    for offer in sorted(offers, key=lambda one: one.rule.order):
        runs = cut_at(runs, offer)
        may = [not is_out(offer, run, index) and not _meets_shy(run, offer) for run in runs]
        open_ = [could and is_free(run) for could, run in zip(may, runs, strict=True)]
        if offer.rule.target == "line":
            blocked = {run.kind.index for run, could in zip(runs, may, strict=True) if could and not is_free(run)}
            open_ = [is_open and run.kind.index not in blocked for is_open, run in zip(open_, runs, strict=True)]
        picks = [Pick(offer) if is_open else None for is_open in open_]
        runs = _apply(offer, group, runs, picks, firsts, 0)
    return runs


def _meets_shy(run: Run, offer: Offer) -> bool:
    """Tell whether an earlier compulsory step forbids this offer on the unit; what is not compulsory gives way."""
    return bool(offer.rule.shy) and any(
        step.offer.rule.is_compulsory and step.offer.key in offer.rule.shy and on_unit(step.offer, offer)
        for step in run.steps
    )


def on_unit(one: Offer, other: Offer) -> bool:
    """Tell whether two promotions that are never together may still meet in one cart."""
    return "unit" in (one.rule.promotion.never_on, other.rule.promotion.never_on)


def cut_at(runs: list[Run], offer: Offer) -> list[Run]:
    """Divide runs where the offer's reach ends."""
    if offer.is_whole:
        return runs
    found = []
    for run in runs:
        left = offer.reach.get(run.kind.index, 0) - run.start
        found += list(run.cut(left)) if 0 < left < run.count else [run]
    return found


def _apply(
    offer: Offer,
    group: Group,
    runs: list[Run],
    picks: list[Pick | None],
    firsts: dict[int, tuple[int, int]],
    at: int,
) -> list[Run]:
    """Return the runs after one offer of a goods group."""
    if isinstance(offer.effect, Bundle):
        return _bundles(offer, group, runs, picks, at)
    if offer.rule.target == "line":
        return _by_line(offer, group, runs, picks)
    if isinstance(offer.effect, Nth):
        runs, picks = _part_first(runs, picks, firsts)
    steps: list[tuple[int, int, str]] = []
    for run, one in zip(runs, picks, strict=True):
        is_first = firsts.get(run.kind.index, (-1, 0))[0] == run.start and run.count == 1
        effect = plain_effect(offer, run, role=one.role, is_first=is_first) if one is not None else None
        steps.append(unit_off(offer, effect, run, group) if effect is not None else (0, 0, ""))
    most = offer.rule.most_cart
    total = sum(given * run.count for run, (_, given, _) in zip(runs, steps, strict=True))
    if most is None or total <= most:
        return [run.lowered(offer, *step) for run, step in zip(runs, steps, strict=True)]
    weights = [given for _, given, _ in steps]
    amounts = [amount for amount, _, _ in steps]
    return spread(offer, runs, weights, weights, most, amounts=amounts, cut="max_discount_cart")


def _part_first(
    runs: list[Run], picks: list[Pick | None], firsts: dict[int, tuple[int, int]]
) -> tuple[list[Run], list[Pick | None]]:
    """Cut the first unit of each kind off its run."""
    found: list[tuple[Run, Pick | None]] = []
    for run, pick in zip(runs, picks, strict=True):
        if firsts[run.kind.index][0] == run.start and run.count > 1 and pick is not None:
            found += [(part, pick) for part in run.cut(1)]
        else:
            found.append((run, pick))
    return [run for run, _ in found], [pick for _, pick in found]


def _by_line(offer: Offer, group: Group, runs: list[Run], picks: list[Pick | None]) -> list[Run]:
    """An amount or a price once for the units of each merged line."""
    parts: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        parts.setdefault(run.kind.index, []).append(index)
    totals: list[int] = []
    rooms = [0 if pick is None else room_of(offer, run, group.layer) for run, pick in zip(runs, picks, strict=True)]
    for number, part in parts.items():
        taking = [runs[index] for index in part if picks[index] is not None]
        effect = offer.on(number)
        worth = sum(run.price * run.count for run in taking)
        total = min(worth, effect.value) if isinstance(effect, AmountOff) else 0
        total = max(0, worth - effect.value) if isinstance(effect, SetPrice) else total
        totals.append(min(total, sum(rooms[index] * runs[index].count for index in part)))
    most = offer.rule.most_cart
    cut = "max_discount_cart" if most is not None and sum(totals) > most else ""
    totals = share_out(most, totals, totals) if most is not None and cut else totals
    found: list[Run] = []
    for part, total in zip(parts.values(), totals, strict=True):
        mine = [runs[index] for index in part]
        weights = [0 if picks[index] is None else runs[index].price for index in part]
        found += spread(offer, mine, weights, [rooms[index] for index in part], total, cut=cut)
    return found


def _bundles(offer: Offer, group: Group, runs: list[Run], picks: list[Pick | None], at: int) -> list[Run]:
    """One price for the units of each bundle; what a cart may have at most is shared by what each of them saves."""
    effect, most = offer.effect, offer.rule.most_cart
    assert isinstance(effect, Bundle)  # noqa: S101  # the caller asked
    numbers = sorted({pick.number for pick in picks if pick is not None})
    totals = []
    for number in numbers:
        mine = [run for run, pick in zip(runs, picks, strict=True) if pick is not None and pick.number == number]
        room = sum(room_of(offer, run, group.layer) * run.count for run in mine)
        totals.append(min(max(0, sum(run.price * run.count for run in mine) - effect.price), room))
    if most is not None and sum(totals) > most:
        totals = share_out(most, totals, totals)
    for number, total in zip(numbers, totals, strict=True):
        picks = [_pick_of(run, offer, at) for run in runs]
        weights = [
            run.price if pick is not None and pick.number == number else 0
            for run, pick in zip(runs, picks, strict=True)
        ]
        runs = spread(offer, runs, weights, [room_of(offer, run, group.layer) for run in runs], total)
    return runs
