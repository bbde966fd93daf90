"""Fields as templates draw them: texts, names of what was chosen, faults, and the fields inside."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wayfare.promotions.scope import Scope
from web.promotion_forms import labels
from web.promotion_forms.specs import CONDITIONS, EFFECTS, SIMPLE, Spec, specs_of

_ID = re.compile(r"[^\w-]")
_FIRST = {"quantity": 0, "categories": 1, "brands": 2, "skus": 3}
_RARE = frozenset({"lists", "attributes", "shipping_methods", "price_from", "price_to", "lines"})


@dataclass(slots=True)
class Node:
    """One field. `nodes` stand inside it; `rows` are its rows; `parts` are texts beside its own."""

    path: str
    kind: str
    words: labels.Words
    text: str = ""
    error: str = ""
    is_optional: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)
    chips: list[tuple[str, str]] = field(default_factory=list)
    ticked: list[str] = field(default_factory=list)
    nodes: list["Node"] = field(default_factory=list)
    rows: list["Node"] = field(default_factory=list)
    parts: Mapping[str, str] = field(default_factory=dict)
    is_rare: bool = False
    doubts: Mapping[str, str] = field(default_factory=dict)  # what no product has, with the nearest that one has

    @property
    def id(self) -> str:
        """The id of its control."""
        return "f-" + _ID.sub("-", self.path)

    @property
    def is_wrong(self) -> bool:
        """Whether anything in it is wrong."""
        return bool(self.error) or any(one.is_wrong for one in (*self.nodes, *self.rows))

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed or chosen in it."""
        inside = any(one.is_filled for one in (*self.nodes, *self.rows))
        return inside or (self.kind not in ("choice",) and bool(self.text)) or any(self.parts.values())


@dataclass(slots=True)
class Pen:
    """Draws fields: knows what is wrong by path, what things are called, and the currency."""

    faults: Mapping[str, str]
    name_of: Callable[[str, str], str]
    currency: str = ""
    counts: str = "pieces"  # what the steps of the effect at hand begin at
    used: set[str] = field(default_factory=set)
    doubt: Callable[[str, list[str]], Mapping[str, str]] | None = None

    def fields(
        self, kind: str, specs: Iterable[Spec], tree: Any, path: str, *, leave: Iterable[str] = ()
    ) -> list[Node]:
        """Return the fields of a model. `kind` is what it is called among the words."""
        node = tree if isinstance(tree, dict) else {}
        left = frozenset(leave)
        return [
            self.field(kind, spec, node.get(spec.name), f"{path}{spec.name}") for spec in specs if spec.name not in left
        ]

    def field(self, kind: str, spec: Spec, value: Any, path: str) -> Node:
        """Return one field with what is typed in it."""
        words = labels.words_for(kind, spec.name)
        if spec.kind == "money":
            words = words._replace(unit=self.currency)
        made = Node(path, spec.kind, words, is_optional=spec.is_optional, error=self._fault(path))
        made.is_rare = spec.name in _RARE
        options = labels.options_for(kind, spec.name)
        if spec.options:
            made.options = [(one, options.get(one, one)) for one in spec.options]
        inside: Callable[..., list[Node]] = self.fields
        match spec.kind:
            case "scope":
                made.nodes = self.scope(value, f"{path}.")
            case "model" if spec.model:
                specs = sorted(specs_of(spec.model), key=lambda one: _FIRST.get(one.name, 9))
                is_told = isinstance(value, dict) and value.get("lines")  # only programs name lines of a cart
                made.nodes = inside(spec.name, specs, value, f"{path}.", leave=() if is_told else ("lines",))
            case "rows" if spec.model:
                made.rows = [
                    self._row(spec, one, f"{path}.{n}")
                    for n, one in enumerate(value if isinstance(value, list) else [])
                ]
            case "effect" | "simple":
                return self.effect(made, value, "effect" if spec.kind == "effect" else "simple")
            case "conditions":
                made.rows = self.conditions(value, f"{path}.")
            case "condition":
                made.rows = [self.condition(value, path)] if isinstance(value, dict) and value.get("kind") else []
            case "steps":
                rows = value if isinstance(value, list) else []
                made.rows = [self._step(one, f"{path}.{n}") for n, one in enumerate(rows) if _is_step(one)]
            case "moment":
                made.parts = value if isinstance(value, dict) else {"day": str(value or ""), "time": ""}
            case "keys":
                made.text = value if isinstance(value, str) else ""
                lines = [line.strip() for line in made.text.split("\n") if line.strip()]
                made.chips = [(line, self.name_of(words.picker, line)) for line in lines]
                if self.doubt and lines and words.picker in ("brand", "category", "product"):
                    made.doubts = self.doubt(words.picker, lines)
            case "checks":
                made.ticked = str(value or "").split("\n")
                made.text = str(value or "")
            case _:
                made.text = value if isinstance(value, str) else ""
                if spec.kind == "choice" and not made.text:
                    made.text = str(spec.default or "")
        return made

    def scope(self, tree: Any, path: str) -> list[Node]:
        """Return the fields of a choice of products: those in, those out, and whether reduced ones count."""
        node = tree if isinstance(tree, dict) else {}
        return self.fields("scope", specs_of(Scope), node, path)

    def effect(self, made: Node, value: Any, which: str) -> Node:
        """Return an effect: the choice of its kind, and the fields of the kind chosen."""
        node = value if isinstance(value, dict) else {}
        kinds = EFFECTS if which == "effect" else SIMPLE
        made.kind = which
        made.text = str(node.get("kind", ""))
        made.options = [(kind, labels.EFFECTS[kind].label) for kind in kinds]
        if which == "effect":
            self.counts = self.currency if node.get("base") == "goods" else "pieces"
        if model := kinds.get(made.text):
            is_inner = which == "simple" and ".steps." not in made.path
            made.nodes = self.fields(
                made.text,
                specs_of(model),
                node,
                f"{made.path}.",
                leave=("target",) if is_inner or made.text == "personal_price" else (),
            )
        return made

    def conditions(self, value: Any, path: str) -> list[Node]:
        """Return the conditions of a list."""
        return [self.condition(one, f"{path}{n}") for n, one in enumerate(value if isinstance(value, list) else [])]

    def condition(self, value: Any, path: str) -> Node:
        """Return one condition with its fields, and those inside it."""
        node = value if isinstance(value, dict) else {}
        kind = str(node.get("kind", ""))
        words = labels.CONDITIONS.get(kind, labels.Words(kind or "Condition"))
        made = Node(path, "condition", words, text=kind, error=self._fault(path))
        if model := CONDITIONS.get(kind):
            made.nodes = self.fields(kind, specs_of(model), node, f"{path}.")
        return made

    def _row(self, spec: Spec, value: Any, path: str) -> Node:
        made = Node(path, "row", labels.words_for("", spec.name), error=self._fault(path))
        assert spec.model  # noqa: S101  narrows the type
        specs = sorted(specs_of(spec.model), key=lambda one: _FIRST.get(one.name, 9))
        made.nodes = self.fields(spec.name, specs, value, f"{path}.")
        return made

    def _step(self, value: list[Any], path: str) -> Node:
        made = Node(path, "step", labels.Words("Step"), error=self._fault(path))
        start = Node(f"{path}.0", "text", labels.Words("From", unit=self.counts), text=str(value[0]))
        start.error = self._fault(start.path)
        effect = Node(f"{path}.1", "simple", labels.Words("gives"), error=self._fault(f"{path}.1"))
        made.nodes = [start, self.effect(effect, value[1], "simple")]
        return made

    def _fault(self, path: str) -> str:
        message = self.faults.get(path, "")
        if message:
            self.used.add(path)
        return message


def _is_step(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
