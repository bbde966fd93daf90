"""Every allowed choice for a small cart, tried out one by one. Written from the rules of pricing, not from the engine.

It reads the plain documents, knows no bounds and no shortcuts, and is slow: up to five units and a handful of
promotions. Who may have a promotion at all is asked in `rig.conditions`; gifts, bonuses and tax in `rig.rewards`.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations, groupby, product
from math import floor
from typing import Any

from rig.conditions import allows, is_net, matches, merged, ships

LAYERS = ["price", "item", "personal", "order", "shipping", "gift"]
MULTI = ("sets", "buy_get", "bundle", "nth")
Doc = dict[str, Any]
Use = tuple[Doc, str, tuple[int, ...], tuple[int, ...]]  # promotion, role, payers or all, rewarded
State = tuple[list["_Unit"], frozenset[str], tuple[int, ...]]  # units, promotions that gave, prices as the layer began


def lowest(document: Doc) -> int:
    """Return the lowest total of goods and delivery that the rules allow, without tax that is added."""
    promotions = [one for one in document["ruleset"]["promotions"] if one["effect"]["kind"] not in ("gift", "cashback")]
    known = [fitted for one in promotions if (fitted := _within_budget(document, one)) is not None]
    alone = [one for one in known if one.get("standalone")]
    rest = [one for one in known if not one.get("standalone")]
    return min(_World(document, some).lowest() for some in [rest, *([one] for one in alone)])


def _within_budget(document: Doc, one: Doc) -> Doc | None:
    """Return a promotion as its budget leaves it: what it would give alone must fit, or is cut where a part may do."""
    budget = one.get("limits", {}).get("budget")
    if budget is None:
        return one
    if budget["kind"] == "usage":
        return one if budget["remaining"] else None
    if not budget["remaining"]:
        return None
    free = {**one, "conditions": [each for each in one.get("conditions", []) if not is_net(each)], "never_with": []}
    world = _World(document, [free])
    listed = sum(unit.doc["price"] for unit in world.units)
    listed += sum(entry["price"] for entry in document["cart"].get("shipping", []))
    if listed - world.lowest() <= budget["remaining"]:
        return one
    return {**one, "spend": budget["remaining"]} if budget.get("partial") else None


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, a half upwards."""
    return floor(value + Fraction(1, 2))


def subsets(things: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield all subsets."""
    return chain.from_iterable(combinations(things, count) for count in range(len(things) + 1))


def shares(total: int, weights: list[Fraction], rooms: list[int]) -> list[int]:
    """Largest remainder, ties to the earlier; what has no room moves to the others."""
    given, left = [0] * len(weights), total
    while left > 0:
        able = [place for place, weight in enumerate(weights) if weight > 0 and given[place] < rooms[place]]
        whole = sum((weights[place] for place in able), Fraction(0))
        if not able:
            break
        exact = {place: left * weights[place] / whole for place in able}
        part = {place: floor(exact[place]) for place in able}
        extra = left - sum(part.values())
        for place in sorted(able, key=lambda place: part[place] - exact[place])[:extra]:
            part[place] += 1
        for place in able:
            fits = min(part[place], rooms[place] - given[place])
            given[place] += fits
            left -= fits
    return given


class _Unit:
    """One piece: its line, its price now, what each layer took, and who took it."""

    def __init__(self, line: int, doc: Doc) -> None:
        self.line, self.doc, self.price = line, doc, doc["price"]
        self.taken: dict[str, int] = {}
        self.by: list[tuple[str, int]] = []

    def copy(self) -> "_Unit":
        other = _Unit(self.line, self.doc)
        other.price, other.taken, other.by = self.price, dict(self.taken), list(self.by)
        return other

    def looks(self) -> tuple[Any, ...]:
        return (self.price, tuple(sorted(self.taken.items())), tuple(self.by))


class _World:
    def __init__(self, document: Doc, promotions: list[Doc]) -> None:
        self.cart, self.rules, self.promotions = document["cart"], document["ruleset"], promotions
        self.lines = merged(self.cart["lines"], self.rules)
        groups = {one["key"]: one for one in self.rules.get("groups", [])}
        places = {}
        for one in promotions:
            if "group" in one:
                group = groups[one["group"]]
                places[one["key"]] = (LAYERS.index(group["layer"]), 1, group.get("position", 0), group["key"])
            else:
                places[one["key"]] = (LAYERS.index(one["layer"]), 0, 0, "")
        self.order = sorted(set(places.values()))
        self.members = [[one for one in promotions if places[one["key"]] == place] for place in self.order]
        self.groups = [groups.get(place[3], {"layer": LAYERS[place[0]]}) for place in self.order]
        self.units = [_Unit(number, doc) for number, doc in enumerate(self.lines) for _ in range(doc["quantity"])]

    # --- what the rules say about one unit

    def holds(self, scope: Doc | None, unit: _Unit, group: int) -> bool:
        reduced = (scope or {}).get("skip_discounted") and any(place < group for _, place in unit.by)
        return matches(scope, unit.doc) and not reduced

    def eligible(self, one: Doc, units: list[_Unit], group: int) -> list[int]:
        """Return the units that a promotion may work on: `max_units` picks by list price, ties to the earlier line."""
        limits = one.get("limits", {})
        found = [
            place
            for place, unit in enumerate(units)
            if matches(one.get("scope"), unit.doc)
            and unit.doc.get("discountable", True)
            and self.effect(one, unit.line).get("value") != 0  # no step is reached
        ]
        found.sort(key=lambda place: units[place].doc["price"] * (-1 if limits.get("pick") == "dearest" else 1))
        if limits.get("max_units_line") is not None:
            per: dict[int, int] = {}
            kept = []
            for place in found:
                per[units[place].line] = per.get(units[place].line, 0) + 1
                if per[units[place].line] <= limits["max_units_line"]:
                    kept.append(place)
            found = kept
        if limits.get("max_units") is not None:
            found = found[: limits["max_units"]]
        return sorted(place for place in found if self.holds(one.get("scope"), units[place], group))

    def room(self, unit: _Unit, layer: str) -> int:
        price = unit.doc["price"]
        lowest = max(self.rules.get("smallest_price", 0), unit.doc.get("min_price") or 0)
        room = max(0, unit.price - lowest)
        for cap in self.rules.get("caps", []):
            layers = cap.get("layers") or LAYERS
            if layer not in layers or not self.holds(cap.get("scope"), unit, 0):
                continue
            most = price
            if cap.get("max_percent") is not None:
                most = min(most, floor(price * Fraction(cap["max_percent"]) / 100))
            if cap.get("max_amount") is not None:
                most = min(most, cap["max_amount"])
            room = min(room, max(0, most - sum(unit.taken.get(name, 0) for name in layers)))
        return int(room)

    def effect(self, one: Doc, line: int | None = None) -> Doc:
        """Return the effect, of tiers the highest step that is reached: by its scope's pieces, its worth, or a line."""
        effect = dict(one["effect"])
        if effect["kind"] != "tiers":
            return effect
        scoped = [doc for doc in self.lines if matches(one.get("scope"), doc)]
        if effect["base"] == "line":
            scoped = [] if line is None else [self.lines[line]]
        worth = sum(doc["quantity"] * (1 if effect["base"] == "quantity" else doc["price"]) for doc in scoped)
        reached = [dict(inner) for start, inner in effect["steps"] if start <= worth]
        nothing = {**effect["steps"][0][1], "kind": "amount", "value": 0}
        return reached[-1] if reached else nothing

    def target(self, one: Doc) -> str:
        """Return what a promotion works on; a percent of a line is one of its units."""
        effect = one["effect"]["steps"][0][1] if one["effect"]["kind"] == "tiers" else one["effect"]
        target = str(effect.get("target", "unit"))
        return "unit" if target == "line" and effect["kind"] == "percent" else target

    def off(self, effect: Doc, price: int, base: int) -> int:
        if effect["kind"] == "percent":
            return min(price, half_up(base * Fraction(effect["value"]) / 100))
        if effect["kind"] == "amount":
            return int(min(price, effect["value"]))
        return int(max(0, price - effect["value"]))

    # --- the walk over groups

    def lowest(self) -> int:
        states: list[State] = [([unit.copy() for unit in self.units], frozenset(), ())]
        for number, group in enumerate(self.groups):
            layer = group["layer"]
            if layer in ("shipping", "gift"):
                break
            begins = number == 0 or self.groups[number - 1]["layer"] != layer
            following: dict[Any, State] = {}
            for units, used, entry in states:
                nets = self._nets(units) if begins else entry
                offers = [one for one in self.members[number] if self.applies(one, nets)]
                step = self.order_group if layer == "order" else self.goods_group
                for after, more in step(number, offers, units):
                    key = (tuple(unit.looks() for unit in after), used | more, nets)
                    following.setdefault(key, (after, used | more, nets))
            states = list(following.values())
        best: list[int] = []
        for units, used, _ in states:
            goods = sum(unit.price for unit in units)
            best += [
                goods + delivery
                for delivery, more in self.ways_to_ship(self._nets(units))
                if self.may_stand(units, used | more)
            ]
        return min(best)

    def _nets(self, units: list[_Unit]) -> tuple[int, ...]:
        found = [0] * len(self.lines)
        for unit in units:
            found[unit.line] += unit.price
        return tuple(found)

    def applies(self, one: Doc, nets: tuple[int, ...]) -> bool:
        return allows(self.cart, self.lines, nets, one)

    def may_stand(self, units: list[_Unit], used: frozenset[str]) -> bool:
        firsts = {
            one["key"]
            for number, group in enumerate(self.groups)
            if group.get("policy") == "first"
            for one in self.members[number]
        }
        by_key = {one["key"]: one for one in self.promotions}
        for one, other in combinations(sorted(used), 2):
            a, b = by_key[one], by_key[other]
            shy = self._names(a, b) or self._names(b, a)
            if not shy or {one, other} <= firsts:
                continue
            if "unit" not in (a.get("never_on"), b.get("never_on")):
                return False
            if any({one, other} <= {key for key, _ in unit.by} for unit in units):
                return False
        return True

    def _names(self, one: Doc, other: Doc) -> bool:
        return bool({other["key"], other.get("group") or other.get("layer")} & set(one.get("never_with", [])))

    # --- groups of goods

    def goods_group(
        self, number: int, offers: list[Doc], units: list[_Unit]
    ) -> Iterator[tuple[list[_Unit], frozenset[str]]]:
        policy = self.groups[number].get("policy", "best")
        if policy == "first":
            yield self.first_group(number, offers, units)
            return
        for uses in self.claims(number, offers, units, policy):
            after = [unit.copy() for unit in units]
            for _, mine in groupby(
                sorted(uses, key=lambda use: self._rank(use[0])), key=lambda use: str(use[0]["key"])
            ):
                self.use(number, list(mine), after, units)
            yield after, self._gave(units, after, number)

    def _gave(self, before: list[_Unit], after: list[_Unit], number: int) -> frozenset[str]:
        return frozenset(key for unit in after for key, place in unit.by if place == number)

    def _rank(self, one: Doc) -> tuple[int, int, str]:
        kinds = {"set_price": 0, "personal_price": 0, "bundle": 1, "percent": 3, "amount": 4}
        return (kinds.get(self._stacks_as(one), 2), -one.get("priority", 0), one["key"])

    def _stacks_as(self, one: Doc) -> str:
        """Return the kind that decides the place in an ALL group; of tiers by lines, that of the first line."""
        places = range(len(self.lines)) if one["effect"]["kind"] == "tiers" else range(1)
        found = [self.effect(one, line) for line in places if matches(one.get("scope"), self.lines[line])]
        return next((str(effect["kind"]) for effect in found if effect.get("value") != 0), str(one["effect"]["kind"]))

    def claims(self, number: int, offers: list[Doc], units: list[_Unit], policy: str) -> Iterator[list[Use]]:
        """Yield every way to deal units to promotions; in a BEST group a unit goes to one of them."""

        def deal(place: int, busy: frozenset[int], multi: frozenset[int]) -> Iterator[list[Use]]:
            if place == len(offers):
                yield []
                return
            one = offers[place]
            kind = one["effect"]["kind"]
            free = [
                index
                for index in self.eligible(one, units, number)
                if not (index in busy if policy == "best" else kind in MULTI and index in multi)
            ]
            for uses in self.uses(one, free, units, number):
                taken = frozenset(index for use in uses for index in (*use[2], *use[3]))
                more = multi | taken if kind in MULTI else multi
                for rest in deal(place + 1, busy | taken, more):
                    yield [*uses, *rest]

        return deal(0, frozenset(), frozenset())

    def uses(self, one: Doc, free: list[int], units: list[_Unit], number: int) -> Iterator[list[Use]]:
        """Yield the ways in which one promotion may use free units."""
        effect = one["effect"]
        repeat = one.get("limits", {}).get("repeat")
        most = 99 if repeat is None else repeat
        if effect.get("favor") == "retailer":
            yield from self.retailer(one, effect, free, units, most)
        elif effect["kind"] == "sets":
            yield from self.sets(one, effect, free, units, most)
        elif effect["kind"] == "buy_get":
            yield from self.pairs(one, effect, free, units, most)
        elif effect["kind"] == "bundle":
            yield from self.bundles(one, effect, free, units, most)
        elif self.target(one) == "line":
            lines = sorted({units[index].line for index in self.eligible(one, units, number)})
            whole = [
                [index for index in self.eligible(one, units, number) if units[index].line == line] for line in lines
            ]
            for some in subsets([part for part in whole if set(part) <= set(free)]):
                yield [(one, "line", tuple(chain.from_iterable(some)), ())] if some else []
        else:
            for some in subsets(free):
                yield [(one, "unit", some, ())] if some else []

    def retailer(self, one: Doc, effect: Doc, free: list[int], units: list[_Unit], most: int) -> Iterator[list[Use]]:
        """The cheapest of all are rewarded and the dearest pay, by list price; a rewarded one may decline."""
        every = [
            place
            for place, unit in enumerate(units)
            if matches(one.get("scope"), unit.doc) and unit.doc.get("discountable", True)
        ]
        cheap = sorted(every, key=lambda place: (units[place].doc["price"], place))
        dear = sorted(every, key=lambda place: (-units[place].doc["price"], place))
        if effect["kind"] == "sets":
            wins, size = effect["reward"]["units"], effect["size"]
            count = min(most, len(every) // size)
            won, paid = cheap[: count * wins], count * (size - wins)
        else:  # the two scopes are the same, or have nothing in common
            buy, get = effect["buy"], effect["get"]
            buys = {place for place in every if matches(buy.get("scope"), units[place].doc)}
            gets = {place for place in every if matches(get.get("scope"), units[place].doc)}
            b, g = buy.get("quantity", 1), get.get("quantity", 1)
            count = min(most, len(buys) // b, len(gets) // g, len(buys | gets) // (b + g))
            won, paid = [place for place in cheap if place in gets][: count * g], count * b
            dear = [place for place in dear if place in buys]
        payers = tuple([place for place in dear if place not in won][:paid])
        yield []
        if count and set(payers) <= set(free):
            for some in subsets([place for place in won if place in free]):
                if some:
                    yield [(one, effect["kind"], payers, some)]

    def sets(self, one: Doc, effect: Doc, free: list[int], units: list[_Unit], most: int) -> Iterator[list[Use]]:
        size, wins = effect["size"], effect["reward"]["units"]

        def form(left: list[int], made: int) -> Iterator[list[Use]]:
            yield []
            if made == most:
                return
            for chosen in combinations(left, size):
                others = [index for index in left if index not in chosen and index > chosen[0]]
                places = {index: (units[index].price, units[index].line) for index in chosen}
                for won in combinations(chosen, wins):
                    paid = tuple(index for index in chosen if index not in won)
                    if any(places[one] > places[other] for one in won for other in paid):
                        continue
                    for rest in form(others, made + 1):
                        yield [(one, "sets", paid, won), *rest]

        return form(free, 0)

    def pairs(self, one: Doc, effect: Doc, free: list[int], units: list[_Unit], most: int) -> Iterator[list[Use]]:
        buy, get = effect["buy"], effect["get"]

        def form(left: list[int], made: int) -> Iterator[list[Use]]:
            yield []
            if made == most:
                return
            buys = [index for index in left if self.holds(buy.get("scope"), units[index], 0)]
            for bought in combinations(buys, buy.get("quantity", 1)):
                gets = [
                    index for index in left if index not in bought and self.holds(get.get("scope"), units[index], 0)
                ]
                both = [units[index].price for index in bought if self.holds(get.get("scope"), units[index], 0)]
                for got in combinations(gets, get.get("quantity", 1)):
                    if any(units[index].price > price for index in got for price in both):
                        continue
                    rest_units = [index for index in left if index not in (*bought, *got)]
                    for rest in form(rest_units, made + 1):
                        yield [(one, "buy_get", bought, got), *rest]

        return form(free, 0)

    def bundles(self, one: Doc, effect: Doc, free: list[int], units: list[_Unit], most: int) -> Iterator[list[Use]]:
        parts = [part for part in effect["parts"] for _ in range(part.get("quantity", 1))]

        def form(left: list[int], made: int) -> Iterator[list[Use]]:
            yield []
            if made == most:
                return
            fits = [[index for index in left if self.holds(part.get("scope"), units[index], 0)] for part in parts]
            for chosen in {tuple(sorted(some)) for some in product(*fits) if len(set(some)) == len(some)}:
                for rest in form([index for index in left if index not in chosen], made + 1):
                    yield [(one, "bundle", chosen, ()), *rest]

        return form(free, 0)

    def use(self, number: int, uses: list[Use], units: list[_Unit], before: list[_Unit]) -> None:
        """Apply all uses of one promotion."""
        one, role = uses[0][:2]
        if role in ("line", "bundle"):
            self._by_part(number, one, [use[2] for use in uses], units)
            return
        group = self.groups[number]
        offs: dict[int, int] = {}
        firsts = self._firsts(before)
        for _, _, taking, won in uses:
            for index in won if role in ("sets", "buy_get") else taking:
                inner: Any = self.effect(one, units[index].line)
                if role == "sets":
                    inner = inner["reward"]["effect"]
                elif role == "buy_get":
                    inner = inner["get"]["effect"]
                elif inner["kind"] == "nth":
                    inner = inner.get("first" if index in firsts else "additional")
                if inner:
                    offs[index] = self._given(one, units[index], self._unit_off(inner, units[index], group), group)
        most = one.get("limits", {}).get("max_discount_cart")
        if most is not None and sum(offs.values()) > most:
            cells = [(units[index].line, Fraction(off), off) for index, off in sorted(offs.items())]
            offs = dict(zip(sorted(offs), self.deal_out(most, cells), strict=True))
        for index, off in offs.items():
            self.lower(number, one, units[index], off)

    def _firsts(self, units: list[_Unit]) -> set[int]:
        """Return the dearest unit of each line, the first of those that cost the same."""
        dear_first = sorted(range(len(units)), key=lambda index: (-units[index].price, index))
        return {next(index for index in dear_first if units[index].line == line) for line in range(len(self.lines))}

    def _by_part(self, number: int, one: Doc, taking: list[tuple[int, ...]], units: list[_Unit]) -> None:
        """Apply a bundle, or what is given once a line: each part has a total, shared by price."""
        group, is_bundle = self.groups[number], one["effect"]["kind"] == "bundle"
        parts = taking if is_bundle else [part for places in taking for part in self._by_line(places, units)]
        rooms = {index: self._given(one, units[index], 10**9, group) for part in parts for index in part}
        totals = []
        for part in parts:
            worth = sum(units[index].price for index in part)
            effect = self.effect(one, units[part[0]].line)
            value = effect["price"] if is_bundle else effect["value"]
            total = min(worth, value) if effect["kind"] == "amount" else max(0, worth - value)
            totals.append(min(total, sum(rooms[index] for index in part)))
        most = one.get("limits", {}).get("max_discount_cart")
        if most is not None and sum(totals) > most:
            totals = shares(most, [Fraction(total) for total in totals], totals)
        for part, total in zip(parts, totals, strict=True):
            cells = [(units[index].line, Fraction(units[index].price), rooms[index]) for index in part]
            for index, off in zip(part, self.deal_out(total, cells), strict=True):
                self.lower(number, one, units[index], off)

    def _by_line(self, places: tuple[int, ...], units: list[_Unit]) -> list[tuple[int, ...]]:
        lines = sorted({units[index].line for index in places})
        return [tuple(index for index in places if units[index].line == line) for line in lines]

    def _unit_off(self, effect: Doc, unit: _Unit, group: Doc) -> int:
        return self.off(effect, unit.price, unit.doc["price"] if group.get("percent_base") == "list" else unit.price)

    def _given(self, one: Doc, unit: _Unit, off: int, group: Doc) -> int:
        most = one.get("limits", {}).get("max_discount_unit")
        return min(off, self.room(unit, group["layer"]), off if most is None else most)

    def lower(self, number: int, one: Doc, unit: _Unit, off: int) -> None:
        off = self._given(one, unit, off, self.groups[number])
        if off > 0:
            layer = self.groups[number]["layer"]
            unit.price -= off
            unit.taken[layer] = unit.taken.get(layer, 0) + off
            unit.by.append((one["key"], number))

    def deal_out(self, total: int, cells: list[tuple[int, Fraction, int]]) -> list[int]:
        """Share over lines, then over the units of each line."""
        lines = list(dict.fromkeys(line for line, _, _ in cells))
        mine = {line: [place for place, cell in enumerate(cells) if cell[0] == line] for line in lines}
        parts = shares(
            total,
            [sum((cells[place][1] for place in mine[line]), Fraction(0)) for line in lines],
            [sum(cells[place][2] for place in mine[line] if cells[place][1]) for line in lines],
        )
        found = [0] * len(cells)
        for line, part in zip(lines, parts, strict=True):
            weights = [cells[place][1] for place in mine[line]]
            rooms = [cells[place][2] for place in mine[line]]
            for place, share in zip(mine[line], shares(part, weights, rooms), strict=True):
                found[place] = share
        return found

    def first_group(self, number: int, offers: list[Doc], units: list[_Unit]) -> tuple[list[_Unit], frozenset[str]]:
        after = [unit.copy() for unit in units]
        done: set[int] = set()
        for one in sorted(offers, key=lambda one: (-one.get("priority", 0), one["key"])):
            mine = self.eligible(one, units, number)
            parts = self._by_line(tuple(mine), units) if self.target(one) == "line" else [(index,) for index in mine]
            for part in parts:
                if done & set(part):
                    continue
                before = [after[index].price for index in part]
                role = self.target(one)
                self.use(number, [(one, role, part, ())], after, units)
                if role == "line" and sum(before) > sum(after[index].price for index in part):
                    done |= set(part)
                done |= {index for index, price in zip(part, before, strict=True) if after[index].price < price}
        return after, self._gave(units, after, number)

    # --- order and delivery

    def order_group(
        self, number: int, offers: list[Doc], units: list[_Unit]
    ) -> Iterator[tuple[list[_Unit], frozenset[str]]]:
        policy = self.groups[number].get("policy", "best")
        choices = list(subsets(offers)) if policy == "all" else [(), *((one,) for one in offers)]
        if policy == "first":
            ranked = sorted(offers, key=lambda one: (-one.get("priority", 0), one["key"]))
            hit = next((one for one in ranked if self._order_use(number, one, units)[1]), None)
            choices = [(hit,)] if hit is not None else [()]
        for chosen in choices:
            after, used = units, frozenset[str]()
            for one in sorted(chosen, key=self._rank):
                after, gave = self._order_use(number, one, after)
                used |= {one["key"]} if gave else frozenset()
            yield after, used

    def _order_use(self, number: int, one: Doc, units: list[_Unit]) -> tuple[list[_Unit], int]:
        after, effect, group = [unit.copy() for unit in units], self.effect(one), self.groups[number]
        mine = self.eligible(one, units, number)
        rooms = [self._given(one, after[index], 10**9, group) for index in mine]
        worth = sum(after[index].price for index in mine)
        if effect["kind"] == "percent":
            part = Fraction(effect["value"]) / 100
            listed = group.get("percent_base") == "list"
            bases = [after[index].doc["price"] if listed else after[index].price for index in mine]
            weights = [min(part * base, Fraction(room)) for base, room in zip(bases, rooms, strict=True)]
            total = half_up(sum(weights, Fraction(0)))
        else:
            weights = [Fraction(after[index].price) for index in mine]
            total = min(worth, effect["value"]) if effect["kind"] == "amount" else max(0, worth - effect["value"])
        total = min([total, *self._cart_limits(one)])
        cells = [(after[index].line, weight, room) for index, weight, room in zip(mine, weights, rooms, strict=True)]
        given = self.deal_out(total, cells)
        for index, off in zip(mine, given, strict=True):
            self.lower(number, one, after[index], off)
        return after, sum(given)

    def _cart_limits(self, one: Doc) -> list[int]:
        most = one.get("limits", {}).get("max_discount_cart")
        return [limit for limit in (most, one.get("spend")) if limit is not None]

    def ways_to_ship(self, nets: tuple[int, ...]) -> Iterator[tuple[int, frozenset[str]]]:
        start = tuple(one["price"] for one in self.cart.get("shipping", []))
        states: set[tuple[tuple[int, ...], frozenset[str]]] = {(start, frozenset())}
        for number, group in enumerate(self.groups):
            if group["layer"] != "shipping":
                continue
            offers = [one for one in self.members[number] if self.applies(one, nets) and self._has_goods(one)]
            following = set()
            for prices, used in states:
                for after, more in self._ship_group(group, offers, prices):
                    following.add((after, used | more))
            states = following
        for prices, used in states:
            yield sum(prices), used

    def _has_goods(self, one: Doc) -> bool:
        return not self.lines or any(matches(one.get("scope"), doc) for doc in self.lines)

    def _ship_group(
        self, group: Doc, offers: list[Doc], prices: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], frozenset[str]]]:
        places = {
            one["key"]: [place for place, entry in enumerate(self.cart["shipping"]) if ships(one, entry.get("method"))]
            for one in offers
        }
        ranked = sorted(offers, key=lambda one: (-one.get("priority", 0), one["key"]))
        if group.get("policy") == "first":
            after, used, free = prices, set[str](), set(range(len(prices)))
            for one in ranked:
                mine = places[one["key"]]
                if self.target(one) == "shipping_total":
                    mine = mine if set(mine) <= free else []
                lower = self._ship(group, one, [place for place in mine if place in free], after)
                took = {place for place in range(len(prices)) if lower[place] < after[place]}
                took = set(mine) if took and self.target(one) == "shipping_total" else took
                used |= {one["key"]} if took else set()
                after, free = lower, free - took
            yield after, frozenset(used)
        elif group.get("policy") == "all":
            for chosen in subsets(offers):
                after, used = prices, set()
                for one in sorted(chosen, key=self._rank):
                    lower = self._ship(group, one, places[one["key"]], after)
                    used |= {one["key"]} if lower != after else set()
                    after = lower
                yield after, frozenset(used)
        else:
            each = [one for one in offers if self.target(one) == "shipping"]
            for dealt in product([None, *each], repeat=len(prices)):
                after, used = prices, set()
                for one in each:
                    mine = [place for place, other in enumerate(dealt) if other is one]
                    lower = self._ship(group, one, [place for place in mine if place in places[one["key"]]], after)
                    used |= {one["key"]} if lower != after else set()
                    after = lower
                yield after, frozenset(used)
            for one in offers:
                if self.target(one) == "shipping_total":
                    lower = self._ship(group, one, places[one["key"]], prices)
                    yield lower, frozenset({one["key"]} if lower != prices else ())

    def _ship(self, group: Doc, one: Doc, places: list[int], prices: tuple[int, ...]) -> tuple[int, ...]:
        """Return the prices of all parcels after one promotion on some of them."""
        effect, listed = self.effect(one), group.get("percent_base") == "list"
        tags = [entry["price"] for entry in self.cart["shipping"]]
        mine = [prices[place] for place in places]
        bases = [tags[place] if listed else prices[place] for place in places]
        if self.target(one) == "shipping_total":
            weights, total = [Fraction(price) for price in mine], self.off(effect, sum(mine), sum(mine))
            if effect["kind"] == "percent":
                part = Fraction(effect["value"]) / 100
                weights = [min(part * base, Fraction(price)) for base, price in zip(bases, mine, strict=True)]
                total = half_up(sum(weights, Fraction(0)))
            offs = shares(total, weights, mine)
        else:
            most_each = one.get("limits", {}).get("max_discount_unit")
            offs = [self.off(effect, price, base) for price, base in zip(mine, bases, strict=True)]
            offs = offs if most_each is None else [min(off, most_each) for off in offs]
        most = min([sum(offs), *self._cart_limits(one)])
        if most < sum(offs):
            offs = shares(most, [Fraction(off) for off in offs], offs)
        after = list(prices)
        for place, off in zip(places, offs, strict=True):
            after[place] -= off
        return tuple(after)
