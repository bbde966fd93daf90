"""What a template may do: an environment of allow-listed tags and filters, each with a bound on its work."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import liquid
from liquid.exceptions import FilterArgumentError, LiquidError, LoopIterationLimitError
from liquid.utils import ReadOnlyChainMap

from nodes.localtime import date_of, zone_of

TEMPLATE_LIMIT = 200_000  # characters of a template
OUTPUT_LIMIT = 500_000  # bytes of a message
_VALUE_LIMIT = 100_000  # characters of one text, entries of one list
_LOOPS = 1000  # turns of all loops together, fewer in long templates
_WORK = 20_000_000  # turns times characters of the template
_LARGEST = 10**30

COSTLY = re.compile(r"\{\{\{|\{%-?\s{0,20}(?:raw|doc)\b")  # liquid's lexer takes quadratic time over a row of them

_TAGS = {"#", "assign", "break", "capture", "case", "comment", "continue", "for", "if", "output", "content"}
_TAGS |= {"unless", "illegal"}
_FILTERS = {"abs", "append", "at_least", "at_most", "capitalize", "ceil", "default", "divided_by", "downcase", "escape"}
_FILTERS |= {"first", "floor", "join", "last", "lstrip", "map", "minus", "modulo", "newline_to_br", "plus", "prepend"}
_FILTERS |= {"remove", "replace", "reverse", "round", "rstrip", "size", "slice", "sort", "split", "strip", "times"}
_FILTERS |= {"truncate", "truncatewords", "uniq", "upcase", "url_encode"}

_DIRECTIVES = set("YymdeHIMSpjBbAa%-")


class _Context(liquid.RenderContext):
    """Values and nothing else: no clock behind `now` and `today`, and a bound on the turns of all loops."""

    __slots__ = ("_turns",)

    def __init__(self, template: liquid.BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self._turns = 0

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: Any) -> Iterator[liquid.RenderContext]:
        self._turns += forloop.length
        if self._turns > min(_LOOPS, _WORK // len(str(self.template.matter["source"]))):
            raise LoopIterationLimitError("the loops of this template take too many turns", token=None)
        with super().loop(namespace, forloop) as context:
            yield context


class _Template(liquid.BoundTemplate):
    context_class = _Context


class _Environment(liquid.Environment):
    template_class = _Template
    block_nesting_limit = 20
    context_depth_limit = 20
    loop_iteration_limit = _LOOPS
    local_namespace_limit = _VALUE_LIMIT * 4
    output_stream_limit = OUTPUT_LIMIT


def environment(*, html: bool) -> liquid.Environment:
    """Return an environment that escapes values for HTML, or writes them as they are."""
    env = _Environment(autoescape=html, undefined=liquid.Undefined, strict_filters=True)
    for name in set(env.tags) - _TAGS:
        del env.tags[name]
    allowed = {name: _bounded(name, env.filters[name]) for name in _FILTERS}
    env.filters.clear()
    env.filters.update(allowed)
    env.add_filter("date", _date)
    env.add_filter("money", _money)
    return env


def _bounded(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse work that grows out of proportion, before it is done."""

    def bounded(value: Any, *args: Any, **options: Any) -> Any:
        for argument in (value, *args):
            _check(argument)
        if _growth(name, value, args) > _VALUE_LIMIT:
            raise FilterArgumentError(f"the text that {name} makes is too long", token=None)
        result = plain(value, *args, **options)
        _check(result)
        return result

    for mark in ("with_context", "with_environment"):
        if getattr(plain, mark, False):
            setattr(bounded, mark, True)
    return bounded


def _growth(name: str, value: Any, args: tuple[Any, ...]) -> int:
    """Return how many characters a filter would add that multiplies its arguments."""
    if name == "replace" and len(args) == 2:
        return str(value).count(str(args[0])) * len(str(args[1]))
    if name == "join" and isinstance(value, list):
        between = len(str(args[0])) if args else 1
        return len(value) * between + sum(len(part) for part in value if isinstance(part, str))
    return 0


def _check(value: Any) -> None:
    size = 0
    if isinstance(value, range):
        raise FilterArgumentError("a range cannot go through a filter; loop over it", token=None)
    if isinstance(value, str | list | tuple | dict):
        size = len(value)
    elif isinstance(value, int | float | Decimal) and (value != value or not -_LARGEST <= value <= _LARGEST):
        raise FilterArgumentError("the number is too large", token=None)
    if size > _VALUE_LIMIT:
        raise FilterArgumentError("the text is too long", token=None)


def _date(value: Any, format: Any = "%Y-%m-%d", *, context: liquid.RenderContext) -> str:
    """Write a date or an instant with strftime's simple directives, in the customer's time zone."""
    pattern = str(format)
    _check_format(pattern)
    zone = zone_of(str(context.scope.get("time_zone") or ""), str(context.scope.get("default_zone") or "UTC"))
    if isinstance(value, str) and len(value) > 40:
        return ""
    if isinstance(value, str) and len(value) > 10:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return ""
    if isinstance(value, datetime):
        value = value if value.tzinfo is None else value.astimezone(zone)
    else:
        value = date_of(value, zone)
    return value.strftime(pattern) if isinstance(value, date) else ""


_date.with_context = True  # type: ignore[attr-defined]  # how liquid asks for the context


def _check_format(pattern: str) -> None:
    """Let through plain directives only: `%999999999d` makes the C library write a gigabyte."""
    index = 0
    while (index := pattern.find("%", index)) >= 0:
        directive = pattern[index + 1 : index + 2]
        if directive == "-":
            directive = pattern[index + 2 : index + 3]
            index += 1
        if not directive or directive not in _DIRECTIVES:
            raise FilterArgumentError(f"'%{directive}' is not a part of a date; use %d.%m.%Y or %H:%M", token=None)
        index += 2
    if len(pattern) > 100:
        raise FilterArgumentError("the format of the date is too long", token=None)


def _money(value: Any, currency: Any = "") -> str:
    """Write an amount in minor units with two places: 50000 becomes 500.00."""
    _check(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return ""
    return f"{Decimal(str(value)) / 100:.2f} {str(currency)[:10]}".strip()


__all__ = ["COSTLY", "OUTPUT_LIMIT", "TEMPLATE_LIMIT", "LiquidError", "environment"]
