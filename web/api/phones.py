"""Phone numbers in requests, in their one usual form."""

from pydantic_core import PydanticCustomError

from engine.contacts import phone
from web.api.refusal import Refusal, problem


def normal(text: str | None) -> str | None:
    """Return a number as E.164; None for none. Refusal names the field when it is no number."""
    try:
        return phone(text or "", None)
    except PydanticCustomError as error:
        raise Refusal(422, [problem(error.type, error.message(), path="phone")]) from None
