"""The operators of conditions, in the words that people choose them by."""

from collections.abc import Sequence

from wayfare.segments.facts import Kind, kind_of

Options = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""Choices in groups: (name of the group, pairs of value and label)."""

_KNOWN = ("", (("set", "is known"), ("empty", "is not known")))
_TEXT = (
    ("=", "is"),
    ("!=", "is known and is not"),
    ("in", "is one of"),
    ("not in", "is known and none of"),
    ("contains", "contains"),
    ("starts with", "starts with"),
)
_ORDER = (
    ("<", "comes before"),
    ("<=", "is or comes before"),
    (">", "comes after"),
    (">=", "is or comes after"),
    ("between", "is from … to"),
)
_NUMBER = (
    (">=", "is at least"),
    ("<=", "is at most"),
    ("=", "is"),
    ("!=", "is known and is not"),
    (">", "is more than"),
    ("<", "is less than"),
    ("between", "is between"),
    ("in", "is one of"),
    ("not in", "is known and none of"),
)
_FIXED = (
    ("=", "is on"),
    ("<", "is before"),
    ("<=", "is on or before"),
    (">", "is after"),
    (">=", "is on or after"),
    ("between", "is between"),
    ("!=", "is known and not on"),
    ("in", "is one of these days"),
    ("not in", "is known and none of these days"),
)
_MOMENT = (
    ("<", "is before"),
    ("<=", "is at or before"),
    (">", "is after"),
    (">=", "is at or after"),
    ("between", "is between"),
    ("=", "is at"),
    ("!=", "is known and not at"),
    ("in", "is one of these moments"),
    ("not in", "is known and none of these moments"),
)
_RELATIVE = (
    ("age:within last", "was in the last … days"),
    ("age:older than", "was more than … days ago"),
    ("age:younger than", "was less than … days ago, or comes"),
    ("age:within next", "is in the next … days"),
    ("since:=", "was exactly … days ago"),
    ("since:>=", "was at least … days ago"),
    ("since:<=", "was at most … days ago"),
    ("since:>", "was over … days ago"),
    ("since:<", "was under … days ago"),
    ("since:!=", "was not … days ago"),
    ("since:between", "was … to … days ago"),
)
_ANNIVERSARY = (("birthday", "is celebrated within … days"),)


def operators_for(fact: str, kind: str, *, is_event: bool = False) -> Options:
    """Return the operators that make sense for a fact whose constants are of this kind."""
    match kind_of(fact) or Kind.ANY:
        case Kind.TEXT:
            return (("", _TEXT), _KNOWN, ("In the alphabet", _ORDER))
        case Kind.NUMBER:
            return (("", _NUMBER), _KNOWN)
        case Kind.DATE:
            return (("Every year", _ANNIVERSARY), ("Counted from today", _RELATIVE), ("Fixed dates", _FIXED), _KNOWN)
        case Kind.INSTANT:
            return (("Counted from today", _RELATIVE), ("Fixed moments", _MOMENT), _KNOWN)
    values: Options = (("", _TEXT), ("In the alphabet", _ORDER))
    if kind == "number":
        values = (("", _NUMBER),)
    if kind == "yes_no":
        values = (("", _TEXT[:2]),)
    dates: Options = (("As a date, every year", _ANNIVERSARY), ("As a date, counted from today", _RELATIVE))
    return (*values[:1], _KNOWN, *values[1:], *(() if is_event else dates))


def counts() -> list[tuple[str, str]]:
    """Return the operators of counts and sums."""
    names = {">=": "at least", "<=": "at most", "=": "exactly", ">": "more than", "<": "less than", "!=": "not exactly"}
    return list(names.items())


def op_words(op: str) -> str:
    """Return one operator in words, also where it makes no sense."""
    every = dict((*_TEXT, *_ORDER, *_NUMBER, *_RELATIVE, *_ANNIVERSARY))
    return every.get(op, op)
