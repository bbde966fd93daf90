"""What is wrong with a form, in words for the person who fills it in."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

_WORDS = {
    "missing": "fill this in",
    "extra_forbidden": "there is no such setting; remove it or correct its name",
    "string_type": "write text here",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "it must look like {pattern}",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "int_parsing_size": "the number is too large",
    "decimal_type": "write a number",
    "decimal_parsing": "write a number, such as 12.5",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "decimal_max_places": "write at most {decimal_places} decimal places",
    "decimal_max_digits": "write at most {max_digits} digits",
    "finite_number": "write a number",
    "bool_type": "choose yes or no",
    "bool_parsing": "choose yes or no",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "choose one of {expected}",
    "enum": "choose one of {expected}",
    "too_short": "add at least {min_length}",
    "too_long": "have at most {max_length}",
    "date_parsing": "write a date like 2027-03-08",
    "date_from_datetime_parsing": "write a date like 2027-03-08",
    "date_type": "write a date like 2027-03-08",
    "datetime_parsing": "write a date and time like 2027-03-08T10:00",
    "datetime_from_date_parsing": "write a date and time like 2027-03-08T10:00",
    "time_parsing": "write a time like 10:00",
    "time_type": "write a time like 10:00",
    "time_zone_naive": "leave the time zone out",
    "list_type": "write a list",
    "tuple_type": "write a list",
    "dict_type": "write an object with names and values",
    "mapping_type": "write an object with names and values",
    "model_type": "write an object with names and values",
}
_BLANK = {"string_too_short": "fill this in", "string_pattern_mismatch": "fill this in"}
"""What is said of an empty field. An empty number is told what to write."""
_NAME = "use letters, digits, dots, dashes and underscores only"
_PATTERNS = {
    r"^[\w.-]+$": _NAME,
    r"^(attrs\.)?[\w-]{1,100}$": "use letters, digits, dashes and underscores only",
    r"^[\w][\w -]*$": "begin with a letter or a digit; letters, digits, spaces and dashes may follow",
    r"^[A-Z0-9-]*$": "use capital letters, digits and dashes only",
    r"^[a-z0-9_]+(\.[a-z0-9_]+)*$": "use small letters, digits and underscores, with dots between them: gift.promised",
    r"^[a-z][a-z0-9_]*$": "use small letters, digits and underscores only",
}
Fault = tuple[str, str, str]


def problems_of(error: ValidationError, model: type[BaseModel] | None = None) -> list[Fault]:
    """Return (path, code, message) for each fault; the message names the field as the form does."""
    faults = error.errors(include_url=False)
    # A list whose only row is wrong is reported as too short as well; the row is what there is to correct.
    inner = [fault["loc"] for fault in faults]
    return [
        _fault(fault, model)
        for fault in faults
        if not (fault["type"] == "too_short" and any(loc[: len(fault["loc"])] == fault["loc"] != loc for loc in inner))
    ]


def _fault(fault: Mapping[str, Any], model: type[BaseModel] | None) -> Fault:
    kind, context = fault["type"], fault.get("ctx") or {}
    path = ".".join(str(part) for part in fault["loc"])
    words = _WORDS.get(kind)
    if kind == "string_pattern_mismatch":
        words = _PATTERNS.get(str(context.get("pattern")), words)
    if fault.get("input") == "" or (kind == "string_too_short" and context.get("min_length") == 1):
        words = _BLANK.get(kind, words)
    if words is None:
        message = str(fault["msg"]).removeprefix("Value error, ")
    else:
        try:
            message = words.format(**context)
        except (KeyError, IndexError):
            message = str(fault["msg"])
    title = _title(fault["loc"], model)
    code = "invalid_value" if kind == "value_error" else kind
    return path, code, f"{title}: {message}" if title else message


def _title(loc: tuple[Any, ...], model: type[BaseModel] | None) -> str:
    if not loc or model is None:
        return ""
    field = model.model_fields.get(str(loc[0]))
    if field is None:
        return f"'{loc[0]}'"
    title = field.title or str(loc[0]).replace("_", " ").capitalize()
    rows = [str(part + 1) for part in loc[1:] if isinstance(part, int)]
    return f"{title} {rows[0]}" if rows else title
