"""Phones, addresses, places and free JSON come into one usual form, or are refused with what to do."""

from typing import Any
from unicodedata import is_normalized

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from engine import contacts, places
from engine.documents import MOST_BYTES, canonical

PHONES = [
    ("+38 (067) 123-45-67", None, "+380671234567"),
    ("00380671234567", "UA", "+380671234567"),
    ("067 123 45 67", "UA", "+380671234567"),
    ("380671234567", None, "+380671234567"),
    ("+995 555 12 34 56", "UA", "+995555123456"),
    ("٠٦٧١٢٣٤٥٦٧", "UA", "+380671234567"),
    ("+380671234567 ext. 5", None, "+380671234567"),
    ("+39 06 1234 5678", None, "+390612345678"),
    ("", None, None),
    ("0671234567", None, "invalid_phone"),
    ("12", "UA", "invalid_phone"),
    ("+38067123456789012", None, "invalid_phone"),
    ("call me", "UA", "invalid_phone"),
]
EMAILS = [
    ("Alice@Example.COM", "alice@example.com"),
    ("a.b+c_d@mail.example.co", "a.b+c_d@mail.example.co"),
    ("x@пошта.укр", "x@пошта.укр"),
    ("", None),
    ("a@b", "invalid_email"),
    ("a b@example.com", "invalid_email"),
    ("a@example.com, b@example.com", "invalid_email"),
    ("a@-example.com", "invalid_email"),
    ("x" * 65 + "@example.com", "invalid_email"),
    ("a@b.com\nBcc: c@d.com", "invalid_email"),
]
PLACES = [
    (places.country, "ua", "UA"),
    (places.country, "UK", "unknown_country"),
    (places.country, "", None),
    (places.locale, "uk_ua", "uk-UA"),
    (places.locale, "zh-Hant-TW", "zh-Hant-TW"),
    (places.locale, "xx", "unknown_locale"),
    (places.locale, "../../etc", "unknown_locale"),
    (places.time_zone, "europe/kyiv", "Europe/Kyiv"),
    (places.time_zone, "../../etc/passwd", "unknown_time_zone"),
    (places.currency, "uah", "UAH"),
    (places.currency, "", "unknown_currency"),
    (places.sex, "F", "female"),
    (places.sex, "unknown", None),
    (places.sex, "cat", "unknown_value"),
]


def outcome(work: Any, *arguments: Any) -> Any:
    """The result, or the code of the refusal."""
    try:
        return work(*arguments)
    except PydanticCustomError as error:
        return error.type


@pytest.mark.parametrize(("text", "country", "expected"), PHONES)
def test_phones(text: str, country: str | None, expected: str | None) -> None:
    assert outcome(contacts.phone, text, country) == expected


@pytest.mark.parametrize(("text", "expected"), EMAILS)
def test_emails(text: str, expected: str | None) -> None:
    assert outcome(contacts.email, text) == expected


@pytest.mark.parametrize(("check", "text", "expected"), PLACES)
def test_places(check: Any, text: str, expected: str | None) -> None:
    assert outcome(check, text) == expected


@given(st.text(st.characters()), st.none() | st.sampled_from(["UA", "GE", "PL"]))
def test_any_text_is_a_phone_or_refused(text: str, country: str | None) -> None:
    found = outcome(contacts.phone, text, country)
    assert found is None or found == "invalid_phone" or (found[0] == "+" and found[1:].isdigit() and found.isascii())


@given(st.text(st.characters()))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    found = outcome(contacts.email, text)
    assert found is None or found == "invalid_email" or ("@" in found and not set("\r\n\0 ") & set(found))


DOCUMENT = st.dictionaries(
    st.text(st.characters()),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
        max_leaves=20,
    ),
    max_size=5,
)


@given(DOCUMENT)
def test_what_is_kept_of_a_document_is_fit_for_any_database_and_stays_the_same(document: dict[str, Any]) -> None:
    kept = outcome(canonical, document)
    if isinstance(kept, str):
        return
    assert len(kept) <= MOST_BYTES * 3
    assert b"\\u0000" not in kept.replace(b"\\\\", b"")
    assert is_normalized("NFC", kept.decode())
    assert canonical(orjson.loads(kept)) == kept


def test_equal_content_has_equal_bytes() -> None:
    assert canonical({"b": 1, "a": "e\u0301"}) == canonical({"a": "é", "b": 1})
    assert canonical({"a": "\\u0000 is six letters"})
