"""What a step does, in one line, with the names of what it points to in place of their keys."""

import re
from collections.abc import Mapping

from flask import g

from nodes.contract import NodeType
from store.views import known
from web.builder_forms import steps
from web.context import store

_KINDS = {"segment": "segment", "list": "list", "own_list": "list", "code_batch": "code_batch", "journey": "journey"}


def summary_of(node: NodeType) -> str:
    """Return a step's summary. What has no name, or is gone, stands there by its key."""
    text = node.summary()
    for kind, key in node.references():
        if kind in _KINDS:
            text = _told(text, key, _names(_KINDS[kind]).get(key))
    journey, step = node.watches() or ("", "")
    return _told(text, step, _step(journey, step)) if step else text


def _told(text: str, key: str, name: str | None) -> str:
    """Put a name in place of the last mention of a key: the words of a summary come before what they are about."""
    if not key or name is None or name == key:
        return text
    places = list(re.finditer(rf"(?<![\w.-]){re.escape(key)}(?![\w-])", text))
    return f"{text[: places[-1].start()]}“{name}”{text[places[-1].end() :]}" if places else text


def _names(kind: str) -> Mapping[str, str]:
    """Return the names of a kind by key, read once while a request is answered."""
    kept: dict[str, Mapping[str, str]] = g.setdefault("names_by_kind", {})
    if kind not in kept:
        with store().read() as conn:
            kept[kind] = dict(known.named(conn, kind))
    return kept[kind]


def _step(journey: str, step: str) -> str | None:
    with store().read() as conn:
        return steps.name_of(conn, step, journey)
