"""Phone numbers in forms of pages, in their one usual form."""

from pydantic_core import PydanticCustomError

from engine.contacts import phone
from web.forms import Form


def phone_of(form: Form, name: str, *, need: str = "") -> str | None:
    """Return a number as E.164, None for an empty field; what is no number is said beside the field."""
    typed = form.text(name, longest=40, need=need)
    if not typed:
        return None
    try:
        return phone(typed, None)
    except PydanticCustomError:
        form.wrong.setdefault(name, "Write a phone number, such as +380671234567.")
        return None
