"""Phone numbers in forms of pages, in their one usual form."""

from pydantic_core import PydanticCustomError

from engine.contacts import phone
from web.forms import Form


def phone_of(form: Form, name: str, *, need: str = "") -> str | None:
    """Return a number as E.164, None for an empty field; what is no number is said beside the field."""
    typed = form.text(name, longest=40, need=need)
    if not typed:
        return None
    found = possible_phone(typed)
    if found is None:
        form.wrong.setdefault(name, "Write a phone number, such as +380671234567.")
    return found


def possible_phone(text: str) -> str | None:
    """Return a text as E.164 if it looks like a whole phone number, with or without its country; None otherwise."""
    digits = "".join(sign for sign in text if sign.isdigit())
    if not 9 <= len(digits) <= 15 or any(sign.isalpha() for sign in text):
        return None
    for typed in (text, f"+{digits}", f"+38{digits}"):
        try:
            if found := phone(typed, None):
                return found
        except PydanticCustomError:
            continue
    return None
