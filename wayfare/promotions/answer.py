"""The quote as a document: what each unit costs and why, and why other promotions are not applied."""

from typing import Any

from wayfare.money import half_up
from wayfare.promotions.extras import extras
from wayfare.promotions.kinds import Kind
from wayfare.promotions.pricer import Priced
from wayfare.promotions.reasons import explain
from wayfare.promotions.runs import Run, Step
from wayfare.promotions.search import Found
from wayfare.promotions.table import Table
from wayfare.promotions.values import fraction

_TRIED = ("better_price", "no_effect", "passed_over", "never_with", "standalone")


def write(table: Table, found: Found, ref: str | None = None) -> dict[str, Any]:
    """Return the quote. `table` holds all offers, `found` the best choice among them."""
    priced, cart = found.priced, table.cart
    reasons = {**table.reasons, **explain(table, found)}
    lines = _lines(table, priced)
    shipping = [_parcel(table, priced, place) for place in range(len(cart.shipping))]
    applied = {offer.rule.key: amount for offer, amount in priced.applied().items()}
    beside = extras(table, priced)
    reasons |= beside.reasons
    applied |= {offer.key: 0 for offer in beside.given}
    tax = sum(one["tax"] for one in (*lines, *shipping))
    net = sum(one["net"] for one in lines)
    payable = net + sum(one["net"] for one in shipping)
    bound = found.bound
    document: dict[str, Any] = {
        "currency": cart.currency,
        "ruleset": table.book.version,
        "goods": {
            "list": sum(one["list"] for one in lines),
            "discount": sum(one["discount"] for one in lines),
            "net": net,
        },
        "shipping": shipping,
        "payable": payable + (tax if cart.tax_mode == "exclusive" else 0),
        "tax": tax,
        "lines": lines,
        "applied": [{"promotion": key, "amount": applied[key]} for key in sorted(applied)],
        "not_applied": [{"promotion": key, **reasons[key]} for key in sorted(reasons) if key not in applied],
        "gifts": beside.gifts,
        "cashback": beside.bonus,
        "codes": _codes(table, applied, reasons),
        "proof": {
            "status": "optimal" if bound >= priced.value else "bounded",
            "bound": bound + (tax if cart.tax_mode == "exclusive" else 0),
        },
    }
    return document if ref is None else {"ref": ref, **document}


def _lines(table: Table, priced: Priced) -> list[dict[str, Any]]:
    """Deal the units of each kind to its lines, in input order."""
    by_kind: dict[int, list[Run]] = {}
    for run in priced.runs:
        by_kind.setdefault(run.kind.index, []).append(run)
    found: dict[str, dict[str, Any]] = {}
    for kind in table.kinds:
        runs = by_kind[kind.index]
        if len(kind.members) == 1:
            found[kind.line.id] = _line(table, kind, kind.line.id, runs)
            continue
        for id, count in kind.members:
            mine: list[Run] = []
            while count:
                head, rest = runs[0].cut(min(count, runs[0].count))
                runs = [rest, *runs[1:]] if rest.count else runs[1:]
                count -= head.count
                mine.append(head)
            found[id] = _line(table, kind, id, mine)
    return [found[line.id] for line in table.cart.lines]


def _line(table: Table, kind: Kind, id: str, runs: list[Run]) -> dict[str, Any]:
    units: list[tuple[int, Run]] = []
    for run in runs:
        if units and units[-1][1].price == run.price and units[-1][1].steps == run.steps:
            units[-1] = units[-1][0] + run.count, run
        else:
            units.append((run.count, run))
    count = sum([run.count for run in runs])
    listed = kind.price * count
    net = sum([run.price * run.count for run in runs])
    return {
        "id": id,
        "list": listed,
        "discount": listed - net,
        "net": net,
        "tax": tax_of(table, kind.line.tax, net),
        "units": [
            {"count": count, "list": kind.price, "net": run.price, "steps": [_step(one) for one in run.steps]}
            for count, run in units
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    """Return one step of one unit."""
    found = {"promotion": step.offer.rule.key, "amount": step.amount, "given": step.given}
    if step.cut_by:
        found["cut_by"] = step.cut_by
    return found


def _parcel(table: Table, priced: Priced, place: int) -> dict[str, Any]:
    entry, parcel = table.cart.shipping[place], priced.parcels[place]
    return {
        "id": parcel.id,
        "list": parcel.tag,
        "discount": parcel.tag - parcel.price,
        "net": parcel.price,
        "tax": tax_of(table, entry.tax, parcel.price),
        "steps": [{"promotion": offer.key, "amount": amount, "given": given} for offer, amount, given in parcel.steps],
    }


def tax_of(table: Table, rate: str | None, net: int) -> int:
    """Return the tax in a net value (inclusive) or on it (exclusive), rounded once."""
    mode = table.cart.tax_mode
    if rate is None or mode == "none":
        return 0
    part, whole = fraction(rate)
    return half_up(net * part, whole + part if mode == "inclusive" else whole)


def _codes(table: Table, applied: dict[str, int], reasons: dict[str, dict[str, object]]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for code in table.cart.codes:
        plain = code.strip().upper()
        mine = sorted(table.book.coded.get(plain, ()))
        whys = [str(reasons[key]["reason"]) for key in mine if key in reasons]
        if not mine:
            found.append({"code": code, "status": "unknown"})
        elif any(key in applied for key in mine):
            found.append({"code": code, "status": "applied"})
        elif any(why in _TRIED for why in whys):
            found.append({"code": code, "status": "no_effect"})
        else:
            found.append({"code": code, "status": "refused", "reason": whys[0] if whys else "no_effect"})
    return found
