"""The plain pricer: what one fully specified choice costs, and whether the rules allow it. It optimises nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from wayfare.errors import WayfareError
from wayfare.promotions.contract import LAYERS
from wayfare.promotions.effects import Bundle, BuyGet, Sets
from wayfare.promotions.kinds import Kind
from wayfare.promotions.order_step import order_step, order_total
from wayfare.promotions.parcels import Parcel, Way, parcels, places_of, ship
from wayfare.promotions.runs import Pick, Run, fresh
from wayfare.promotions.steps import goods_step, is_out, on_unit
from wayfare.promotions.table import Offer, Table

Plans = dict[int, list[tuple[int, tuple[tuple[Pick, ...], ...]]]]


class QuoteDiffers(WayfareError):
    """The search and the plain pricer disagree, or the search broke a rule: no price may be shown. Report it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to price a cart: picks for each unit and goods group, order promotions, and promotions of parcels."""

    plans: Plans
    order: tuple[tuple[Offer, ...], ...] = ()
    ways: tuple[Way, ...] = ()


@dataclass(slots=True, eq=False)
class Priced:
    """What a choice costs: runs with their steps, parcels, and the value that the search minimises."""

    runs: list[Run]
    parcels: list[Parcel]
    goods: int
    delivery: int
    _applied: dict[Offer, int] | None = None

    @property
    def value(self) -> int:
        """Return goods and delivery net, without added tax."""
        return self.goods + self.delivery

    def applied(self) -> dict[Offer, int]:
        """Return what each promotion gave in this cart."""
        if self._applied is None:
            found: dict[Offer, int] = {}
            for run in self.runs:
                for step in run.steps:
                    found[step.offer] = found.get(step.offer, 0) + step.given * run.count
            for parcel in self.parcels:
                for offer, _, given in parcel.steps:
                    found[offer] = found.get(offer, 0) + given
            self._applied = found
        return self._applied


def nets(table: Table, runs: Sequence[Run]) -> list[int]:
    """Return the net value of each kind."""
    found = [0] * len(table.kinds)
    for run in runs:
        found[run.kind.index] += run.price * run.count
    return found


def worths_before(table: Table, priced: Priced, layer: str) -> list[int]:
    """Return the net value of each kind as a layer begins."""
    later = LAYERS[LAYERS.index(layer) :]
    found = [0] * len(table.kinds)
    for run in priced.runs:
        back = sum([step.given for step in run.steps if step.offer.rule.layer in later])
        found[run.kind.index] += run.count * (run.price + back)
    return found


def price(table: Table, choice: Choice, *, may_clash: bool = False) -> Priced:
    """Price a choice exactly. Raises QuoteDiffers when the rules do not allow it."""
    runs = after_order(table, after_goods(table, choice.plans), choice.order)
    worths = nets(table, runs)
    _check_ways(table, choice.ways)
    entries = ship(table, choice.ways or [()] * len(table.book.shipping_groups))
    for parcel in entries:
        for offer, _, _ in parcel.steps:
            _insist(offer in table.offers and meets_net(table, offer, worths), f"{offer.key} is not offered")
    priced = Priced(runs, entries, sum(worths), sum(parcel.price for parcel in entries))
    _insist(may_clash or clash_of(priced) is None, "promotions that are never together")
    return priced


def after_goods(
    table: Table, plans: Plans, *, assume_net: bool = False, kinds: Sequence[Kind] | None = None
) -> list[Run]:
    """Return the runs after all groups that work on units. Raises QuoteDiffers when a pick is not allowed.

    With `assume_net` net thresholds count as met: good for bounds, not for prices. `kinds` prices some of them only.
    """
    runs = fresh(table.kinds if kinds is None else kinds, plans)
    layer, worths = "", nets(table, runs)
    for at, index in enumerate(table.goods_groups()):
        group = table.groups[index]
        if group.layer != layer:
            layer, worths = group.layer, nets(table, runs)
        offers = [one for one in table.by_group[index] if assume_net or meets_net(table, one, worths)]
        check_group(table, index, offers, runs, at)
        runs = goods_step(group, index, offers, runs, at)
    return runs


def after_order(
    table: Table, runs: list[Run], order: Sequence[Sequence[Offer]], *, assume_net: bool = False
) -> list[Run]:
    """Return the runs after all order promotions. Raises QuoteDiffers when one of them is not offered.

    With `assume_net` the net thresholds of the chosen ones count as met: good for bounds, not for prices.
    """
    worths = nets(table, runs)
    for place, index in enumerate(table.book.order_groups):
        group = table.groups[index]
        offers = [one for one in table.by_group[index] if meets_net(table, one, worths)]
        chosen = order[place] if place < len(order) else ()
        chosen = first_order(table, index, offers, runs) if group.policy == "first" else chosen
        _insist(group.policy != "best" or len(chosen) <= 1, "one order promotion of a BEST group")
        for offer in sorted(chosen, key=lambda one: one.rank):
            _insist(assume_net or offer in offers, f"{offer.key} is not offered")
            runs = order_step(offer, group, runs, index)
    return runs


def meets_net(table: Table, offer: Offer, worths: Sequence[int]) -> bool:
    """Tell whether an offer's net conditions hold, given the net value of each kind after the earlier layers."""
    if not offer.net:
        return True
    facts = table.facts(worths)
    return not any(condition.failing(facts) for condition in offer.net)


def first_order(table: Table, index: int, offers: Sequence[Offer], runs: Sequence[Run]) -> tuple[Offer, ...]:
    """Return the compulsory promotion of a FIRST group in the order layer: the first that lowers the total."""
    for offer in sorted(offers, key=lambda one: one.rule.order):
        if order_total(offer, table.groups[index], runs, index)[0] > 0:
            return (offer,)
    return ()


def clash_of(priced: Priced) -> tuple[Offer, Offer] | None:
    """Return two promotions that stand together and must not; what is compulsory wins and is no clash."""
    shy = [offer for offer in priced.applied() if offer.rule.shy]
    for place, one in enumerate(shy):
        for other in shy[place + 1 :]:
            if other.key not in one.rule.shy or (one.rule.is_compulsory and other.rule.is_compulsory):
                continue
            if not on_unit(one, other) or any(
                {one, other} <= {step.offer for step in run.steps} for run in priced.runs
            ):
                return one, other
    return None


def check_group(table: Table, index: int, offers: Sequence[Offer], runs: Sequence[Run], at: int) -> None:
    """Check the picks for one goods group, at this position of the plans. Raises QuoteDiffers."""
    group = table.groups[index]
    if group.policy == "first":
        return
    used: dict[Offer, list[tuple[Run, Pick]]] = {}
    for run in runs:
        picks = run.picks(at)
        if not picks:
            continue
        if len(picks) > 1:
            _insist(group.policy == "all", "one promotion of a BEST group")
            _insist(sum(pick.role != "" for pick in picks) <= 1, "one multi-buy on a unit")
        for pick in picks:
            offer = pick[0]
            if not offer.is_whole or offer.rule.skips or not offer.kinds >> run.kind.index & 1:
                _insist(not is_out(offer, run, index), f"{offer.key} is not offered")
            if offer in used:
                used[offer].append((run, pick))
            else:
                used[offer] = [(run, pick)]
    for offer, picked in used.items():
        _insist(offer in offers, f"{offer.key} is not offered")
        if offer.rule.target == "line":
            _check_lines(offer, index, runs, picked)
        elif offer.retail is not None:
            _check_retail(offer, runs, at)
        elif isinstance(offer.effect, Sets | BuyGet | Bundle):
            _insist(all(pick.role for _, pick in picked), "a multi-buy has roles")
            _insist(composes(offer, [(run.kind.index, run.price, run.count, pick) for run, pick in picked]), offer.key)


def _check_ways(table: Table, ways: Sequence[Way]) -> None:
    """Check what is chosen for parcels. Raises QuoteDiffers."""
    entries = parcels(table)
    for index, way in zip(table.book.shipping_groups, ways, strict=False):
        policy, taken = table.groups[index].policy, [place for _, places in way for place in places]
        _insist(policy != "best" or len(set(taken)) == len(taken), "one promotion on a parcel")
        for offer, places in way:
            mine, is_whole = places_of(offer, entries), offer.rule.target == "shipping_total"
            _insist(set(places) <= set(mine), f"{offer.key} is not offered")
            _insist(not is_whole or len(places) == len(mine), f"{offer.key} works on all parcels or none")
            _insist(not is_whole or policy != "best" or len(way) == 1, f"{offer.key} excludes the others")


def composes(offer: Offer, units: Sequence[tuple[int, int, int, Pick]]) -> bool:
    """Tell whether units, given as (kind, price when the group begins, count, pick), form whole multi-buys."""
    effect, repeat = offer.effect, offer.rule.promotion.limits.repeat
    if isinstance(effect, Bundle):
        return _bundles_fit(effect, repeat, units, offer)
    dear_first = sorted(units, key=lambda one: (-one[1], -one[0], one[3].role == "get"))
    if isinstance(effect, Sets):
        k, pays = effect.reward.units, effect.size - effect.reward.units
        paid = got = 0
        for _, _, count, pick in dear_first:
            if pick.role == "pay":
                paid += count
            else:
                got += count
                if pays and got > k * (paid // pays):
                    return False
        return got % k == 0 and paid * k == got * pays and (repeat is None or got // k <= repeat)
    if isinstance(effect, BuyGet):
        b, g = effect.buy.quantity, effect.get.quantity
        free = sum(count for kind, _, count, pick in units if pick.role == "pay" and kind not in offer.gets)
        paid = got = 0
        for kind, _, count, pick in sorted(units, key=lambda one: (-one[1], one[3].role == "get")):
            if (pick.role == "pay" and kind not in offer.buys) or (pick.role == "get" and kind not in offer.gets):
                return False
            if pick.role == "pay":
                paid += count if kind in offer.gets else 0
            else:
                got += count
                if -(-got // g) * b > paid + free:
                    return False
        sets = got // g
        return got % g == 0 and paid + free == sets * b and (repeat is None or sets <= repeat)
    return False


def _bundles_fit(effect: Bundle, repeat: int | None, units: Sequence[tuple[int, int, int, Pick]], offer: Offer) -> bool:
    numbers = {pick.number for _, _, _, pick in units}
    if repeat is not None and len(numbers) > repeat:
        return False
    needs = [part.quantity for part in effect.parts]
    fits = offer.parts
    for number in numbers:
        mine = [(kind, count) for kind, _, count, pick in units if pick.number == number]
        if sum(count for _, count in mine) != sum(needs) or not _fill(mine, list(needs), fits):
            return False
    return True


def _fill(units: Sequence[tuple[int, int]], needs: list[int], fits: Sequence[frozenset[int]]) -> bool:
    """Tell whether units can be dealt to the parts of a bundle."""
    if not units:
        return not any(needs)
    (kind, count), rest = units[0], [*units[1:]]
    for part, need in enumerate(needs):
        if need and kind in fits[part]:
            needs[part] -= 1
            if _fill([(kind, count - 1), *rest] if count > 1 else rest, needs, fits):
                needs[part] += 1
                return True
            needs[part] += 1
    return False


def _check_lines(offer: Offer, index: int, runs: Sequence[Run], picked: Sequence[tuple[Run, Pick]]) -> None:
    kinds = {run.kind.index for run, _ in picked}
    able = sum(run.count for run in runs if run.kind.index in kinds and not is_out(offer, run, index))
    _insist(able == sum(run.count for run, _ in picked), f"{offer.key} takes all units of a line or none")


def _check_retail(offer: Offer, runs: Sequence[Run], at: int) -> None:
    retail = offer.retail
    for run in runs:
        pick = next((one for one in run.picks(at) if one.offer is offer), None)
        pays = retail is not None and _inside(run, retail.payers)
        wins = retail is not None and _inside(run, retail.winners)
        _insist(pick is None or (pays if pick.role == "pay" else wins), f"{offer.key} works on other units")
        _insist(not pays or pick is not None, f"{offer.key} uses its payers")


def _inside(run: Run, places: dict[int, range]) -> bool:
    place = places.get(run.kind.index, range(0))
    return place.start <= run.start and run.start + run.count <= place.stop


def _insist(holds: bool, rule: str) -> None:
    if not holds:
        raise QuoteDiffers(f"the search broke a rule: {rule}; please report this cart and rule set")
