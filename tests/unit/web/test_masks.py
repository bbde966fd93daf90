"""Masks let people be told apart and never be found."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import masks


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (masks.word, "Олена", "О••••"),
        (masks.word, "Й", "Й••"),
        (masks.word, "", ""),
        (masks.email, "olena@mail.example", "o••••@mail.example"),
        (masks.email, "o@mail.example", "o••@mail.example"),
        (masks.email, "no address", "n••••••"),
        (masks.email, None, ""),
        (masks.phone, "+380671234567", "+380 ••• •• 67"),
        (masks.phone, "12345", "••••••"),
        (masks.phone, None, ""),
        (masks.birthday, date(1985, 11, 3), "•• ••• 1985"),
        (masks.birthday, None, ""),
        (masks.text, "550 5.1.1 <olena@mail.example> unknown", "550 5.1.1 <o••••@mail.example> unknown"),
        (masks.text, "call +38 (067) 123-45-67 now", "call +380 ••• •• 67 now"),
        (masks.text, "250 2.0.0 OK, after 15 minutes", "250 2.0.0 OK, after 15 minutes"),
    ],
)
def test_a_value_is_masked(mask: Any, value: Any, shown: str) -> None:
    assert mask(value) == shown


def test_a_name_is_whole_only_for_those_who_may_see_it() -> None:
    assert masks.name("Олена", "Коваленко") == "О•••• К••••••"
    assert masks.name("Олена", None) == "О••••"
    assert masks.name(None, " ") == ""
    assert masks.name("Олена", "Коваленко", is_open=True) == "Олена Коваленко"


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("points", 4000, "4000"),
        ("is_vip", True, "yes"),
        ("nothing", None, "–"),
        ("attrs.email", "olena@mail.example", "o••••••"),
        ("comment", "write to olena@mail.example", "write to o••••@mail.example"),
        ("lines", [{"sku": "a-1", "quantity": 2}], "sku: a-1, quantity: 2"),
        ("contact", {"phone": "+380671234567"}, "phone: +••••••"),
    ],
)
def test_values_that_look_or_sound_personal_are_hidden(field: str, value: Any, shown: str) -> None:
    assert masks.value(field, value) == shown


def test_a_long_value_is_cut() -> None:
    assert masks.value("text", "й" * 500, longest=20) == "й" * 19 + "…"


@given(st.from_regex(r"[a-z0-9.]{3,12}@[a-z]{2,8}\.example", fullmatch=True), st.text(" ,;<>()", max_size=5))
def test_no_address_survives_in_a_text(address: str, around: str) -> None:
    assert address not in masks.text(f"sent{around} {address} {around}was refused")


@given(st.from_regex(r"\+?[0-9]{9,14}", fullmatch=True))
def test_no_phone_number_survives_in_a_text(number: str) -> None:
    assert number not in masks.text(f"to {number}, refused")
