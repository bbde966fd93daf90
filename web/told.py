"""A customer's timeline in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for

from nodes.contract import Category, NodeType
from nodes.graph import Graph
from store.views.journeys import GraphLine
from store.views.timeline import Entry
from web import formats, masks, ui, words
from web.graph_view import node_types, title_of

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "": ("Everything", ()),
    "journeys": ("Journeys", ("entered", "step", "ended")),
    "messages": ("Messages", ("message",)),
    "orders": ("Orders", ("order",)),
    "events": ("Events", ("event",)),
    "profile": ("Profile", ("change", "consent", "segment_entered", "segment_left")),
}
"""Filters of the timeline: name, label, kinds."""


_TONES = {Category.TRIGGER: "good", Category.FLOW: "violet", Category.ACTION: "info"}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as it is read. `facts` are pairs of name and value; `lines` are what was bought."""

    at: datetime
    icon: str
    tone: str
    title: str
    detail: str = ""
    badge: words.Said | None = None
    href: str = ""
    link: str = ""
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()
    source: str = ""


@dataclass(slots=True)
class Teller:
    """Tells entries. `graphs` by version, `lines` by order; `is_open`: the reader sees this customer in full."""

    graphs: Mapping[int, GraphLine]
    lines: Mapping[int, Sequence[tuple[str, str | None, int, int]]]
    is_open: bool = False
    _types: dict[int, dict[str, NodeType]] = field(default_factory=dict)

    def is_told(self, entry: Entry) -> bool:
        """Say whether an entry adds anything: the step that leaves a trigger is told by the entry into the journey."""
        if entry.kind != "step":
            return True
        node = self._node(entry.values["version_id"], entry.values["node"])
        return node is None or node.category != Category.TRIGGER

    def tell(self, entry: Entry) -> Told:
        """Return one entry in words."""
        told: Told = getattr(self, f"_{entry.kind}")(entry, entry.values)
        return told

    def _journey(self, version_id: int) -> tuple[str, str]:
        line = self.graphs.get(version_id)
        if line is None:
            return "a journey", ""
        return line.journey_name, url_for("journeys.show", key=line.journey_key, version=line.number)

    def _node(self, version_id: int, id: str) -> NodeType | None:
        if version_id not in self._types:
            line = self.graphs.get(version_id)
            self._types[version_id] = node_types(Graph.model_validate(line.graph)) if line else {}
        return self._types[version_id].get(id)

    def _event(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        facts = [
            (words.field(str(name)), masks.value(str(name), value, is_open=self.is_open))
            for name, value in list((values["data"] or {}).items())[:6]
        ]
        note = {"history": "Loaded as history: moved nobody", "late": "Came too late to move anybody"}
        detail = note.get(values["note"] or "", masks.text(values["note"] or "", is_open=self.is_open))
        kind, source = values["type"], values["source"]
        return Told(
            entry.at, words.event_icon(kind), "accent", words.event(kind), detail, facts=facts, source=f"from {source}"
        )

    def _order(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        lines = [
            f"{quantity} × {name or sku}" + (f", {formats.money(price)} each" if quantity > 1 else "")
            for sku, name, quantity, price in self.lines.get(entry.id, ())
        ]
        place = " · ".join(dict.fromkeys(part for part in (values["store"], values["channel"]) if part))
        title = f"Bought for {formats.money(values['total'], values['currency'])}"
        return Told(entry.at, "shopping-cart", "good", title, place, lines=lines, source=f"order {values['key']}")

    def _entered(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        name, href = self._journey(values["version_id"])
        return Told(entry.at, "route", "accent", "Entered", link=name, href=href)

    def _ended(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        name, href = self._journey(values["version_id"])
        said = words.enrollment(values["status"])
        icon = {"completed": "flag-check", "exited": "logout"}.get(values["status"], "alert-triangle")
        tone = {"completed": "good", "exited": ""}.get(values["status"], "bad")
        reason = values["reason"] or ("" if values["status"] == "completed" else said.more)
        detail = masks.text(reason, is_open=self.is_open)
        if values["goal_at"] is not None:
            detail = f"{detail}; the goal was reached" if detail else "The goal was reached"
        return Told(entry.at, icon, tone, said.label, detail, link=name, href=href)

    def _step(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        name, href = self._journey(values["version_id"])
        node = self._node(values["version_id"], values["node"])
        port = words.port(values["port"])
        why = values["reason"] or (node.explain(values["port"]) if node and values["port"] else "")
        what = node.summary() if node else ""
        title = title_of(node, values["node"]) + (f" → {port}" if port else "")
        detail = why[:1].upper() + why[1:] if why else what
        icon, tone = (node.icon, _TONES.get(node.category, "")) if node else ("puzzle", "warn")
        return Told(entry.at, icon, tone, title, masks.text(detail, is_open=self.is_open), link=name, href=href)

    def _message(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        name = self._journey(values["version_id"])[0]
        channel, said = values["channel"], words.message(values["status"])
        detail = masks.text(values["reason"] or "", is_open=self.is_open)
        return Told(
            *(entry.at, words.channel_icon(channel), "info", words.channel(channel), detail, said),
            href=url_for("messages.show", message_id=entry.id),
            link=f"message of {name}",
        )

    def _change(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        name = values["name"]
        old, new = (masks.value(name, values[side], is_open=self.is_open, longest=60) for side in ("old", "new"))
        return Told(
            entry.at, "pencil", "", words.field(name), f"{old} → {new}" if old != "–" else new, source=_by(values)
        )

    def _consent(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        verb = "Agreed to" if values["granted"] else "Withdrew consent to"
        title = f"{verb} {values['purpose']} by {words.channel(values['channel'])}"
        icon, tone = ("shield-check", "good") if values["granted"] else ("hand-stop", "warn")
        return Told(entry.at, icon, tone, title, source=_by(values))

    def _segment_entered(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        href = _segment(values["key"])
        return Told(entry.at, "chart-pie", "warn", "Entered segment", link=values["name"], href=href)

    def _segment_left(self, entry: Entry, values: Mapping[str, Any]) -> Told:
        href = _segment(values["key"])
        return Told(entry.at, "chart-pie", "", "Left segment", link=values["name"], href=href)


def _segment(key: str) -> str:
    return url_for("segments.show", key=key) if ui.may("segments.read") else ""


def _by(values: Mapping[str, Any]) -> str:
    return str(values["source"] or "")
