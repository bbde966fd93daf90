"""Forms of pages: text that people typed, cleaned, and what is wrong with it, by field."""

import unicodedata
from collections.abc import Sequence

from flask import request


class Form:
    """The fields of a posted form. Reading one cleans it; `wrong` collects what the page shows beside the fields."""

    def __init__(self) -> None:
        self.wrong: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def text(self, name: str, *, longest: int = 200, need: str = "") -> str:
        """Return a line of text; `need` is what to say when it is empty."""
        typed = unicodedata.normalize("NFC", request.form.get(name, "")).strip()
        value = "".join(letter for letter in typed if letter.isprintable())
        self.values[name] = value
        if len(value) > longest:
            self.wrong[name] = f"Use at most {longest} characters."
        elif need and not value:
            self.wrong[name] = need
        return value

    def secret(self, name: str) -> str:
        """Return a password as it was typed; it is not kept for showing the form again."""
        return request.form.get(name, "")[:1000]

    def choice(self, name: str, allowed: Sequence[str], *, need: str = "Choose one of these.") -> str:
        """Return one of the allowed values, or an empty string and a fault."""
        value = request.form.get(name, "")
        self.values[name] = value if value in allowed else ""
        if value not in allowed:
            self.wrong[name] = need
        return self.values[name]

    def several(self, name: str, allowed: Sequence[str]) -> list[str]:
        """Return the ticked values that are allowed."""
        ticked = request.form.getlist(name)
        return [value for value in allowed if value in ticked]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.wrong
