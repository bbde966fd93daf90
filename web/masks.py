"""Personal data as most readers see it: enough to tell people apart, too little to find them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

DOT = "•"
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")
_PHONE = re.compile(r"\+?\d[\d\s().-]{7,18}\d")
PERSONAL = frozenset({"phone", "email", "first_name", "last_name", "name", "birthday", "address", "street"})
"""Names of fields, attributes and event data whose values are hidden whole."""


def word(text: str) -> str:
    """Keep the first letter of a word: О•••."""
    return text[:1] + DOT * min(max(len(text) - 1, 2), 6) if text else ""


def name(first: str | None, last: str | None, *, is_open: bool = False) -> str:
    """Write a name: О••• К••••••, whole for those who may see it; empty when there is none."""
    parts = [part.strip() for part in (first, last) if part and part.strip()]
    return " ".join(part if is_open else word(part) for part in parts)


def email(text: str | None, *, is_open: bool = False) -> str:
    """Write an address: o•••@mail.example."""
    if not text or is_open:
        return text or ""
    local, _, domain = text.rpartition("@")
    return f"{word(local)}@{domain}" if local else word(domain)


def phone(text: str | None, *, is_open: bool = False) -> str:
    """Write a number: +380 ••• •• 67."""
    if not text or is_open:
        return text or ""
    return f"{text[:4]} {DOT * 3} {DOT * 2} {text[-2:]}" if len(text) > 7 else DOT * 6


def birthday(day: date | None, *, is_open: bool = False) -> str:
    """Write a birthday; hidden, only the year is left."""
    if day is None:
        return ""
    return f"{day.day} {day:%B} {day.year}" if is_open else f"{DOT * 2} {DOT * 3} {day.year}"


def text(value: str, *, is_open: bool = False) -> str:
    """Hide what looks like an address or a number in a text that anybody may have written."""
    if is_open:
        return value
    value = _EMAIL.sub(lambda found: email(found[0]), value)
    return _PHONE.sub(_number, value)


def _number(found: re.Match[str]) -> str:
    """Hide a number that is as long as a phone's; version numbers and codes of mail servers stay readable."""
    digits = re.sub(r"[\s().-]", "", found[0])
    return phone(digits) if len(digits.removeprefix("+")) >= 9 else found[0]


def value(field: str, found: Any, *, is_open: bool = False, longest: int = 120) -> str:
    """Write any value of a profile or an event, hidden where its name or its look says that it is personal."""
    if found is None or found == "":
        return "–"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, Mapping):
        inner = ", ".join(f"{key}: {value(str(key), one, is_open=is_open)}" for key, one in list(found.items())[:8])
        return inner[:longest] or "–"
    if isinstance(found, list | tuple):
        return ", ".join(value(field, one, is_open=is_open) for one in found[:8])[:longest] or "–"
    shown = str(found)
    if not is_open and field.rpartition(".")[2] in PERSONAL:
        return word(shown)
    shown = shown if isinstance(found, int | float) else text(shown, is_open=is_open)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
