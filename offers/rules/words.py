"""Promotions, groups and caps in plain words: '20 % off perfume, from 1 Nov 2026, in the web shop'."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from store.rulesets import Kind
from wayfare.promotions.words import money

Part = Mapping[str, Any]
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PLACES = {
    "unit": "",
    "line": " each line",
    "order": " the order",
    "shipping": " each delivery",
    "shipping_total": " delivery",
}
_TAKES = {"unit": " each piece", "line": " a line, once", **{key: _PLACES[key] for key in ("order", "shipping")}}
_TAKES["shipping_total"] = " delivery"
_NAMES = {
    "brands": "",
    "categories": "",
    "skus": "product ",
    "lists": "list ",
    "lines": "line ",
    "shipping_methods": "delivery by ",
}
_ONLY = {
    "channel": "in channel {}",
    "store": "in store {}",
    "region": "in region {}",
    "currency": "in {}",
    "segment": "for segment {}",
    "level": "for level {}",
    "payment": "paid by {}",
    "shipping_method": "delivered by {}",
}
POLICIES = {"best": "the best one for the customer", "first": "the first by priority", "all": "all of them, stacked"}


def in_words(kind: Kind, item: Part, zone: tzinfo | None = None) -> str:
    """Return an item as one sentence without a full stop; moments in `zone`, or else as they were written down."""
    if kind == "group":
        base = ", percents of the list price" if item.get("percent_base") == "list" else ""
        policy = POLICIES[item.get("policy", "best")]
        return f"{policy}; layer {item['layer']}, position {item.get('position', 0)}{base}"
    if kind == "cap":
        return cap_words(item)
    parts = [_offer(item["effect"], scope_words(item.get("scope") or {}))]
    parts += [condition_words(one, zone) for one in item.get("conditions") or ()]
    if item.get("requires_code"):
        parts.append(f"with code {item['requires_code']}")
    if item.get("standalone"):
        parts.append("alone, with nothing else")
    return ", ".join(parts)


def _offer(effect: Part, products: str) -> str:
    words, target = effect_words(effect), effect.get("target", "unit")
    if not products:
        return words
    if effect["kind"] == "percent" and target in ("unit", "line"):
        return f"{words} {products}" if words.endswith("off") else f"{products} {words}"
    if effect["kind"] in ("amount", "set_price") and target in ("unit", "line"):
        return f"{words} of {products}"
    if target == "order":
        return f"{words}, counting {products}"
    return f"{words} on {products}"


def effect_words(effect: Part) -> str:
    """Return what an effect gives."""
    return _EFFECTS[effect["kind"]](effect)


def scope_words(scope: Part) -> str:
    """Return which products a scope is about; empty for all."""
    inside = _filter_words(scope.get("include") or {})
    outside = _filter_words(scope.get("exclude") or {})
    is_fresh = bool(scope.get("skip_discounted"))
    parts = [inside or ("everything" if outside or is_fresh else "")]
    parts += [f"without {outside}"] if outside else []
    parts += ["that is not reduced yet"] if is_fresh else []
    return " ".join(part for part in parts if part)


def condition_words(condition: Part, zone: tzinfo | None = None) -> str:
    """Return when a condition holds."""
    kind = condition["kind"]
    if kind == "period":
        return _period(condition, zone)
    if kind == "not":
        return f"not {condition_words(condition['of'], zone)}"
    if kind in ("any", "all"):
        word = " or " if kind == "any" else " and "
        return f"({word.join(condition_words(one, zone) for one in condition['of'])})"
    if kind in _ONLY:
        return _ONLY[kind].format(_any_of(condition["values"]))
    return _CONDITIONS[kind](condition)


def cap_words(cap: Part) -> str:
    """Return what a cap allows."""
    limits = [f"{cap['max_percent']} %"] if cap.get("max_percent") else []
    limits += [f"{money(cap['max_amount'])} a piece"] if cap.get("max_amount") is not None else []
    layers = f", counting {_all_of(cap['layers'])}" if cap.get("layers") else ""
    return f"at most {' and '.join(limits)} off {scope_words(cap.get('scope') or {}) or 'everything'}{layers}"


def usage_words(usage: Part) -> str:
    """Return how often and for how much a promotion may be used."""
    names = {"total": "{} times", "per_customer": "{} a customer", "per_code": "{} a code", "per_day": "{} a day"}
    parts = [words.format(usage[key]) for key, words in names.items() if usage.get(key)]
    if usage.get("spend"):
        parts.append(f"{money(usage['spend'])} in all{', the rest in part' if usage.get('partial') else ''}")
    return ", ".join(parts)


def limits_words(limits: Part) -> str:
    """Return how much of a promotion one cart may have."""
    which = "dearest" if limits.get("pick") == "dearest" else "cheapest"
    names: Mapping[str, Callable[[int], str]] = {
        "max_units": lambda n: f"at most {n} pieces, the {which}",
        "max_units_line": lambda n: f"at most {n} pieces a line",
        "repeat": lambda n: f"at most {n} times a cart",
        "max_discount_unit": lambda n: f"at most {money(n)} off a piece",
        "max_discount_cart": lambda n: f"at most {money(n)} off a cart",
    }
    return ", ".join(words(limits[key]) for key, words in names.items() if limits.get(key) is not None)


def period_of(item: Part) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when the periods among an item's conditions let it apply."""
    periods = [one for one in item.get("conditions") or () if one["kind"] == "period"]
    starts = [datetime.fromisoformat(one["from"]) for one in periods if one.get("from")]
    ends = [datetime.fromisoformat(one["until"]) for one in periods if one.get("until")]
    return max(starts, default=None), min(ends, default=None)


def moment_words(text: str, *, is_end: bool = False, zone: tzinfo | None = None) -> str:
    """Return a moment as people write it; the end of a day in place of the midnight after it."""
    at = datetime.fromisoformat(text)
    at = at.astimezone(zone) if zone else at
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        day = at - timedelta(days=1) if is_end else at
        return f"{day.day} {day:%b} {day.year}"
    return f"{at.day} {at:%b} {at.year} {at:%H:%M}"


def _percent(effect: Part) -> str:
    target = effect.get("target", "unit")
    if effect["value"] == "100":
        free = {"shipping": "free delivery", "shipping_total": "free delivery", "order": "the order for nothing"}
        return free.get(target, "free")
    return f"{effect['value']} % off{_PLACES[target] if target != 'line' else ''}"


def _amount(effect: Part) -> str:
    return f"{money(effect['value'])} off{_TAKES[effect.get('target', 'unit')]}"


def _set_price(effect: Part) -> str:
    places = {"unit": "a piece", "line": "a line", "order": "for the order"}
    return f"{money(effect['value'])} {places.get(effect.get('target', 'unit'), 'for delivery')}"


def _tiers(effect: Part) -> str:
    units = {"quantity": "{} pieces", "line": "{} pieces of one product"}
    name = units.get(effect["base"], "{}")
    shown = [name.format(step[0] if effect["base"] in units else money(step[0])) for step in effect["steps"]]
    return "; ".join(
        f"from {start} {effect_words(step[1])}" for start, step in zip(shown, effect["steps"], strict=True)
    )


def _nth(effect: Part) -> str:
    parts = [f"the first piece of a line {effect_words(effect['first'])}"] if effect.get("first") else []
    parts += [f"each further one {effect_words(effect['additional'])}"] if effect.get("additional") else []
    return ", ".join(parts)


def _sets(effect: Part) -> str:
    reward = effect["reward"]
    which = f"the {reward['units']} cheapest" if reward["units"] > 1 else "the cheapest"
    rest = "" if effect.get("favor", "customer") == "customer" else " (the cheapest of all)"
    return f"of each {effect['size']} pieces {which}{rest} {effect_words(reward['effect'])}"


def _bundle(effect: Part) -> str:
    return f"{_all_of([_portion(part) for part in effect['parts']])} together for {money(effect['price'])}"


def _buy_get(effect: Part) -> str:
    favor = " (the cheapest of all)" if effect.get("favor") == "retailer" else ""
    got = effect["get"]
    return f"buy {_portion(effect.get('buy') or {})}, get {_portion(got)}{favor} {effect_words(got['effect'])}"


def _gift(effect: Part) -> str:
    per = {"cart": "", "set": " a set", "unit": " a piece"}[effect.get("per", "cart")]
    count = f"{effect['quantity']} × " if effect.get("quantity", 1) > 1 else ""
    return f"a gift{per}: {count}{_any_of(effect['choices'])}"


def _cashback(effect: Part) -> str:
    back = f"{effect['percent']} %" if effect.get("percent") else money(effect["amount"])
    return f"{back} back as bonus"


_EFFECTS: Mapping[str, Callable[[Part], str]] = {
    "percent": _percent,
    "amount": _amount,
    "set_price": _set_price,
    "personal_price": lambda effect: f"a personal price of {money(effect['value'])}",
    "tiers": _tiers,
    "nth": _nth,
    "sets": _sets,
    "bundle": _bundle,
    "buy_get": _buy_get,
    "gift": _gift,
    "cashback": _cashback,
}


def _period(condition: Part, zone: tzinfo | None) -> str:
    start = f"from {moment_words(condition['from'], zone=zone)}" if condition.get("from") else ""
    end = f"until {moment_words(condition['until'], is_end=True, zone=zone)}" if condition.get("until") else ""
    return " ".join(part for part in (start, end) if part) or "at any time"


def _weekly(condition: Part) -> str:
    days = sorted(set(condition.get("days") or range(1, 8)))
    parts = ["every day"] if len(days) == 7 else [f"on {_all_of([_DAYS[day - 1] for day in days])}"]
    parts += [f"from {condition['from']}"] if condition.get("from") else []
    parts += [f"until {condition['until']}"] if condition.get("until") else []
    return " ".join(parts) + f" ({condition.get('zone', 'UTC')})"


def _birthday(condition: Part) -> str:
    before, after = condition.get("before", 0), condition.get("after", 0)
    return f"from {before} days before the birthday to {after} days after" if before or after else "on the birthday"


def _order_number(condition: Part) -> str:
    if condition.get("equals"):
        return "on the first order" if condition["equals"] == 1 else f"on order number {condition['equals']}"
    return f"on each {condition['multiple_of']}. order"


def _goods(condition: Part) -> str:
    products = scope_words(condition.get("scope") or {}) or "goods"
    base = " after earlier discounts" if condition.get("base") == "net" else ""
    side = "from" if condition["kind"] == "goods_from" else "up to"
    return f"with {products} {side} {money(condition['value'])}{base}"


def _quantity(condition: Part) -> str:
    products = scope_words(condition.get("scope") or {})
    one = " of one product" if condition["kind"] == "line_quantity_from" else ""
    return f"from {condition['value']} pieces{one}{f' of {products}' if products else ''}"


_CONDITIONS: Mapping[str, Callable[[Part], str]] = {
    "weekly": _weekly,
    "birthday": _birthday,
    "order_number": _order_number,
    "goods_from": _goods,
    "goods_to": _goods,
    "quantity_from": _quantity,
    "line_quantity_from": _quantity,
}


def _filter_words(filter: Part) -> str:
    parts = [f"{name}{_any_of(filter[key])}" for key, name in _NAMES.items() if key in filter]
    parts += [f"{name} {_any_of(_listed(value))}" for name, value in (filter.get("attributes") or {}).items()]
    parts += [f"from {money(filter['price_from'])}"] if "price_from" in filter else []
    parts += [f"up to {money(filter['price_to'])}"] if "price_to" in filter else []
    return ", ".join(parts)


def _portion(part: Part) -> str:
    return f"{part.get('quantity', 1)} of {scope_words(part.get('scope') or {}) or 'anything'}"


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _any_of(values: Sequence[str]) -> str:
    return _joined(values, "or")


def _all_of(values: Sequence[str]) -> str:
    return _joined(values, "and")


def _joined(values: Sequence[str], word: str) -> str:
    few = [*values[:5], f"{len(values) - 5} more"] if len(values) > 6 else list(values)
    return f"{', '.join(few[:-1])} {word} {few[-1]}" if len(few) > 1 else "".join(few) or "nothing"
