"""What only one customer was granted, as promotions beside the rule set: their own prices, each for so many pieces."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from store.counters import Taking
from store.personal_prices import Granted, counter_of
from wayfare.errors import InputRefused
from wayfare.promotions.contract import Promotion, parse_promotion

PREFIX = "personal:"
"""How the keys of what was granted begin: no promotion of a rule set can have one like it."""


def promotion_of(one: Granted) -> Promotion:
    """Return a personal price as a promotion in layer price. Of a brand the dearest pieces are chosen."""
    if one.percent is not None:
        effect: dict[str, Any] = {"kind": "percent", "value": one.percent}
    else:
        effect = {"kind": "personal_price", "value": one.price}
    return Promotion.model_validate(
        {
            "key": counter_of(one.id),
            "name": "Personal price",
            "layer": "price",
            "effect": effect,
            "scope": {"include": {"skus" if one.kind == "sku" else "brands": [one.what]}},
            "limits": {"max_units": one.left, "pick": "dearest"},
        }
    )


def promotions_in(documents: object, path: str = "granted") -> list[Promotion]:
    """Return what a quote says was granted, to price its cart once more. Raises InputRefused."""
    if not isinstance(documents, Sequence) or isinstance(documents, str):
        raise InputRefused("bad_granted", "granted is the list that the quote had", path=path)
    found = []
    for index, document in enumerate(documents):
        one = parse_promotion(document, f"{path}.{index}.")
        if not one.key.startswith(PREFIX):
            raise InputRefused("bad_granted", f"such keys begin with {PREFIX}", path=f"{path}.{index}.key")
        found.append(one)
    return found


def takings(quote: Mapping[str, Any], granted: Iterable[Granted]) -> list[Taking]:
    """Return the pieces that an order takes of each price."""
    used = pieces_by(quote["lines"])
    return [Taking(one.counter, used[one.counter], one.pieces) for one in granted if used.get(one.counter)]


def pieces_by(lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many pieces of a quote's lines each granted price made cheaper."""
    found: dict[str, int] = defaultdict(int)
    for line in lines:
        for group in line["units"]:
            for key in keys_of(group):
                found[key] += int(group["count"])
    return dict(found)


def keys_of(units: Mapping[str, Any]) -> set[str]:
    """Return the granted prices among the steps of some units of a line."""
    return {step["promotion"] for step in units["steps"] if step["promotion"].startswith(PREFIX)}
