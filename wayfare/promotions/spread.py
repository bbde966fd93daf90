"""One amount shared over lines, then over the units of each line; what has no room moves on (S10, S12)."""

from collections.abc import Sequence

from wayfare.money import share_out
from wayfare.promotions.offers import Offer
from wayfare.promotions.runs import Run, share_runs


def room_of(offer: Offer, run: Run, layer: str) -> int:
    most = offer.rule.most_unit
    room = run.kind.room(run.price, run.used, layer)[0]
    return room if most is None or room < most else most


def spread(
    offer: Offer,
    runs: list[Run],
    weights: Sequence[int],
    rooms: Sequence[int],
    total: int,
    *,
    amounts: Sequence[int] = (),
    cut: str = "",
) -> list[Run]:
    """Share a total over lines, then over the units of each line (S10); what has no room moves on (S12)."""
    lines: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        lines.setdefault(run.kind.index, []).append(index)
    if len(lines) == len(runs) and not amounts:
        return _one_run_a_line(offer, runs, weights, rooms, total, cut)
    parts = share_out(
        total,
        [sum([weights[index] * runs[index].count for index in line]) for line in lines.values()],
        [sum([rooms[index] * runs[index].count for index in line if weights[index]]) for line in lines.values()],
    )
    found: list[tuple[int, list[Run]]] = []
    for part, line in zip(parts, lines.values(), strict=True):
        if part == 0 and not amounts:
            found += [(index, [runs[index]]) for index in line]
            continue
        shares = share_runs(part, [(weights[index], runs[index].count, rooms[index]) for index in line])
        for index, dealt in zip(line, shares, strict=True):
            amount = amounts[index] if amounts else 0
            found.append((index, _dealt(offer, runs[index], dealt, rooms[index], amount, cut)))
    if len(lines) < len(runs):
        found.sort(key=lambda one: one[0])
    return [run for _, some in found for run in some]


def _one_run_a_line(
    offer: Offer, runs: list[Run], weights: Sequence[int], rooms: Sequence[int], total: int, cut: str
) -> list[Run]:
    """Share a total over lines of which all units are alike."""
    counts = [run.count for run in runs]
    parts = share_out(
        total,
        [weight * count for weight, count in zip(weights, counts, strict=True)],
        [room * count if weight else 0 for weight, room, count in zip(weights, rooms, counts, strict=True)],
    )
    found: list[Run] = []
    for run, part, weight, room in zip(runs, parts, weights, rooms, strict=True):
        if part:
            found += _dealt(offer, run, share_runs(part, [(weight, run.count, room)])[0], room, 0, cut)
        else:
            found.append(run)
    return found


def _dealt(offer: Offer, run: Run, dealt: Sequence[tuple[int, int]], room: int, amount: int, cut: str) -> list[Run]:
    """Return a run after its units have got their shares, given as (count, share)."""
    found, rest = [], run
    for count, given in dealt:
        head, rest = rest.cut(count) if count < rest.count else (rest, rest)
        wanted = given if given > amount else amount
        reason = cut if wanted > given else ""
        if not reason and given and given == room < run.price:
            reason = run.kind.room(run.price, run.used, offer.rule.layer)[1]
        found.append(head.lowered(offer, wanted, given, reason))
    return found
