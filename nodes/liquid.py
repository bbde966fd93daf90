"""Templates of messages: checked when a marketer saves them, filled with plain values and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import liquid

from nodes.liquid_limits import COSTLY, TEMPLATE_LIMIT, LiquidError, environment
from wayfare.errors import WayfareError

_PLAIN = (str, int, float, Decimal, bool, date, datetime, type(None))
_DEPTH = 8
_ROOTS_WITH_NAMES = {"attrs", "orders", "data", "certificate"}


class TemplateError(WayfareError):
    """A template cannot be used. `line` and `column` count from 1; 0 when the place is not known."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {message}" if line else message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Template:
    """A compiled template. Only a marketer's text is ever compiled; customers' values stay values."""

    source: str
    html: bool
    _compiled: liquid.BoundTemplate

    @cached_property
    def places(self) -> dict[str, tuple[int, int]]:
        """Every variable that comes from outside, with the line and column of its first use."""
        found: dict[str, tuple[int, int]] = {}
        for root, uses in self._compiled.analyze(include_partials=False).globals.items():
            for use in uses:
                place = _place(self.source, use.span.index)
                found.setdefault(_name(root, use.segments[1:], place), place)
        return found

    @property
    def variables(self) -> set[str]:
        """The names of the variables, such as `first_name`, `attrs.points`, `data.order`."""
        return set(self.places)

    @cached_property
    def filters(self) -> dict[str, tuple[int, int]]:
        """Every filter, with the line and column of its first use."""
        uses = self._compiled.analyze(include_partials=False).filters
        return {name: _place(self.source, spans[0].index) for name, spans in uses.items()}

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text with values filled in, named as in `variables`; a missing value is empty.

        `time_zone` decides how instants show. TemplateError when a limit is hit or a value is not plain.
        """
        try:
            text = self._compiled.render(nested(values))
        except LiquidError as error:
            raise _explained(error) from None
        except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise TemplateError(f"the template cannot be filled in: {error}") from None
        return text


@lru_cache(maxsize=1024)
def compile_template(source: str, *, html: bool = False) -> Template:
    """Compile a marketer's text. TemplateError with line and column says what is wrong with it."""
    if len(source) > TEMPLATE_LIMIT:
        raise TemplateError(f"the text has {len(source)} characters; at most {TEMPLATE_LIMIT} are allowed")
    if costly := COSTLY.search(source):
        raise TemplateError("put a space between braces, and write no {% raw %}", *_place(source, costly.start()))
    try:
        compiled = _environment(html).from_string(source, matter={"source": source})
        template = Template(source, html, compiled)
        _check_filters(template)
        template.places  # noqa: B018 - refuses names that are computed
        return template
    except LiquidError as error:
        raise _explained(error) from None
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"the text cannot be read as a template: {error}") from None


def variables(source: str, *, html: bool = False) -> set[str]:
    """Return the names of the variables that a template uses. TemplateError when it is not a template."""
    return compile_template(source, html=html).variables


def one_line(text: str) -> str:
    """Return text that is safe as a subject or header: every run of line ends, NULs and other controls is a space."""
    return " ".join("".join(" " if _breaks(char) else char for char in text).split())


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"attrs.points": 5}` as `{"attrs": {"points": 5}}`; `event` becomes `data`. Refuses what is not plain."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        _check_plain(value, name)
        root, _, rest = ("data" if name == "event" else name).partition(".")
        if rest:
            branch = tree.setdefault(root, {})
            if isinstance(branch, dict):
                branch[rest] = value
        elif isinstance(value, Mapping) and isinstance(tree.get(root), dict):
            tree[root] = {**value, **tree[root]}
        else:
            tree[root] = value
    return tree


@lru_cache(maxsize=2)
def _environment(html: bool) -> liquid.Environment:
    return environment(html=html)


def _check_filters(template: Template) -> None:
    known = set(_environment(template.html).filters)
    for name, place in template.filters.items():
        if name not in known:
            raise TemplateError(f"there is no filter '{name}'; use one of {', '.join(sorted(known))}", *place)


def _name(root: str, path: list[Any], place: tuple[int, int]) -> str:
    if root not in _ROOTS_WITH_NAMES or not path:
        return root
    if not isinstance(path[0], str):
        raise TemplateError(f"write the name behind '{root}.' itself; it cannot be computed", *place)
    return f"{root}.{path[0]}"


def _check_plain(value: Any, name: str, depth: int = 0) -> None:
    if depth > _DEPTH:
        raise TemplateError(f"the value of '{name}' is nested too deeply")
    if type(value) in (dict, list, tuple):
        parts = value.items() if type(value) is dict else enumerate(value)
        for key, part in parts:
            if type(key) not in (str, int):
                raise TemplateError(f"the value of '{name}' has a key that is not text")
            _check_plain(part, name, depth + 1)
    elif type(value) not in _PLAIN:
        raise TemplateError(f"the value of '{name}' is a {type(value).__name__}; templates take plain values only")


def _breaks(char: str) -> bool:
    return char < " " or char in "\x7f\x85\u2028\u2029" or "\x80" <= char <= "\x9f"


def _place(source: str, index: int) -> tuple[int, int]:
    before = source[: max(index, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _explained(error: LiquidError) -> TemplateError:
    message = str(error.message or error).splitlines()[0]
    token = error.token
    if token is None or token.start_index < 0:
        return TemplateError(message)
    return TemplateError(message, *_place(token.source, token.start_index))
