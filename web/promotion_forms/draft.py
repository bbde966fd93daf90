"""A promotion in the form: its document as texts and back, where it may stand, and what is wrong with it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from offers.rules.shapes import StoredPromotion
from wayfare.promotions.contract import GOODS_LAYERS, LAYERS
from web.promotion_forms import labels
from web.promotion_forms.convert import meant, shown, union_meant, union_shown
from web.promotion_forms.draw import Node, Pen
from web.promotion_forms.faults import faults_of
from web.promotion_forms.specs import CONDITIONS, specs_of
from web.promotion_forms.tree import Tree

_SPECS = {spec.name: spec for spec in specs_of(StoredPromotion)}
_PLAIN = [spec for name, spec in _SPECS.items() if name not in ("key", "group", "layer", "conditions")]
_PERIOD = specs_of(CONDITIONS["period"])
_MULTIBUYS = frozenset({"sets", "bundle", "buy_get", "nth"})
_PLACES = {"order": ("order",), "shipping": ("shipping",), "shipping_total": ("shipping",), "gift": ("gift",)}


@dataclass
class Draft:
    """What stands in the form. `rev` is 0 for a promotion that is not saved yet."""

    tree: Tree
    zone: str
    key: str = ""
    rev: int = 0
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The document that the texts stand for."""
        return document_of(self.tree, self.zone)

    def check(self, key: str) -> bool:
        """Find what is wrong, by the paths of the fields; return whether nothing is."""
        at = _period_at(self.tree, self.zone)
        self.faults = {_field_of(path, at): words for path, words in faults_of("promotion", key, self.document).items()}
        return not self.faults


def tree_of(document: Mapping[str, Any], zone: str) -> Tree:
    """Return a promotion as texts. Its first period stands apart, as the form's own question."""
    tree = shown(_PLAIN, document, zone)
    conditions = list(document.get("conditions") or [])
    at = next((place for place, one in enumerate(conditions) if one.get("kind") == "period"), None)
    period = conditions.pop(at) if at is not None else {}
    tree["when"] = {**shown(_PERIOD, period, zone), "at": str(at or 0)}
    tree["conditions"] = [union_shown("condition", one, zone) for one in conditions]
    group = document.get("group")
    tree["place"] = f"group:{group}" if group else f"layer:{document.get('layer', 'item')}"
    return tree


def document_of(tree: Tree, zone: str) -> dict[str, Any]:
    """Return the promotion that texts stand for, without its key."""
    document = meant(_PLAIN, tree, zone)
    rows = tree.get("conditions")
    found = [union_meant("condition", one, zone) for one in rows] if isinstance(rows, list) else []
    conditions = [one for one in found if one is not None]
    at = _period_at(tree, zone)
    if at is not None:
        conditions.insert(at, {"kind": "period", **meant(_PERIOD, tree.get("when"), zone)})
    if conditions:
        document["conditions"] = conditions
    what, _, key = str(tree.get("place", "")).partition(":")
    document["group" if what == "group" else "layer"] = key
    return document


def _period_at(tree: Tree, zone: str) -> int | None:
    """Return where among the conditions the form's own period stands; None without one."""
    when = tree.get("when")
    if not isinstance(when, dict) or not meant(_PERIOD, when, zone):
        return None
    at, rows = str(when.get("at", "")), tree.get("conditions")
    count = len(rows) if isinstance(rows, list) else 0
    return min(int(at), count) if at.isascii() and at.isdigit() and len(at) < 6 else 0


def _field_of(path: str, period_at: int | None) -> str:
    """Return the form's path of a fault in the document."""
    if path in ("group", "layer"):
        return "place"
    found = re.match(r"conditions\.(\d+)(.*)", path)
    if not found or period_at is None or int(found[1]) < period_at:
        return path
    place = int(found[1])
    return f"when{found[2]}" if place == period_at else f"conditions.{place - 1}{found[2]}"


def layers_for(tree: Tree) -> tuple[str, ...]:
    """Return the layers in which the effect may stand."""
    effect = tree.get("effect")
    node: Mapping[str, Any] = effect if isinstance(effect, dict) else {}
    kind = node.get("kind")
    if kind == "personal_price":
        return ("price",)
    if kind == "cashback":
        return ("order", *(layer for layer in LAYERS if layer != "order"))
    target = node.get("target") or "unit"
    if kind == "tiers" and (steps := node.get("steps")) and isinstance(steps, list):
        first = steps[0][1] if isinstance(steps[0], list) and len(steps[0]) == 2 else {}
        target = first.get("target", "unit") if isinstance(first, dict) else "unit"
    goods = ("item", *(layer for layer in GOODS_LAYERS if layer != "item"))
    return _PLACES.get("gift" if kind == "gift" else str(target), goods)


def places(tree: Tree, groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return where the promotion may stand: by the name of the layer, pairs of a value and its words."""
    effect = tree.get("effect")
    is_multibuy = isinstance(effect, dict) and str(effect.get("kind")) in _MULTIBUYS
    found = []
    for layer in layers_for(tree):
        inside = [one for one in groups if one["layer"] == layer]
        inside = [one for one in inside if not (is_multibuy and one.get("policy") == "first")]
        inside.sort(key=lambda one: (one.get("position", 0), one["key"]))
        options = [(f"group:{one['key']}", _group_words(one)) for one in inside]
        options.append((f"layer:{layer}", "No group: the best one, before the groups"))
        found.append((labels.LAYERS[layer].label, options))
    return found


def settle(draft: Draft, groups: Sequence[Mapping[str, Any]]) -> None:
    """Move the promotion to where its effect may stand: it keeps its place as long as it can."""
    allowed = [value for _, options in places(draft.tree, groups) for value, _ in options]
    if draft.tree.get("place") not in allowed:
        draft.tree["place"] = allowed[0]


def _group_words(group: Mapping[str, Any]) -> str:
    return f"{group.get('name') or group['key']}: {labels.POLICIES[group.get('policy', 'best')].label.lower()}"


def nodes(draft: Draft, pen: Pen) -> dict[str, Node]:
    """Return the form's fields by name."""
    tree = draft.tree
    found = {spec.name: pen.field(spec.name, spec, tree.get(spec.name), spec.name) for spec in _PLAIN}
    found["limits"].nodes = [one for one in found["limits"].nodes if one.path != "limits.budget"]
    found["conditions"] = pen.field("", _SPECS["conditions"], tree.get("conditions"), "conditions")
    when = tree.get("when")
    found["when"] = Node("when", "model", labels.Words("When"), nodes=pen.fields("period", _PERIOD, when, "when."))
    found["when"].error = pen.faults.get("when", "")
    found["when"].parts = {"at": str(when.get("at", "0")) if isinstance(when, dict) else "0"}
    found["place"] = Node("place", "place", labels.Words("Stands in"), text=str(tree.get("place", "")))
    found["place"].error = pen.faults.get("place", "")
    return found


def unseen(faults: Mapping[str, str], used: Iterable[str]) -> list[str]:
    """Return what is wrong and stands beside no field, in words."""
    seen = {"place", "when", *used}
    around = {path.rpartition(".")[0] for path in seen}
    return [
        words for path, words in faults.items() if path not in seen and path.rpartition(".")[0] not in around - {""}
    ]
