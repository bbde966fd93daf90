"""Phone numbers and e-mail addresses in their one usual form."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from engine.texts import refused

# Nine in ten addresses look like this, and the full check takes twenty times as long.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_LONGEST_LOCAL = 64
_LONGEST_PLAIN = 254


def email(text: str) -> str | None:
    """Return an address in lower case, its domain in Unicode; None for empty text. Whether it exists is not asked."""
    if not text:
        return None
    if len(text) <= _LONGEST_PLAIN and text.find("@") <= _LONGEST_LOCAL and _PLAIN.fullmatch(text):
        lower = text.lower()
        if "xn--" not in lower:
            return lower
    try:
        checked = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        raise refused("invalid_email", "this is no e-mail address; write it as name@example.com") from None
    return checked.normalized.lower()


def phone(text: str, country: str | None) -> str | None:
    """Return a number as E.164, such as +380671234567; None for empty text.

    A number without + is read as one of `country`. The number must fit the country's numbering plan in length; whether
    it is in use is not asked, because plans change more often than programs.
    """
    if not text:
        return None
    number = _parsed(text, country)
    if number is None and country is None:
        number = _parsed("+" + text, None)
        message = "add the country code with a +, such as +380671234567, or send the country too"
    else:
        message = "this is no phone number of its country; write it as +380671234567"
    if number is None or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise refused("invalid_phone", message)
    number.extension = None
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _parsed(text: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException:
        return None
