"""The text of a code: nobody guesses it, and whoever mistypes it is told before anything is looked up."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.codes.text import ALPHABET, compact, draw, grouped, is_sparse, is_well_formed, qr_svg

PREFIXES = st.sampled_from(["", "BDAY-", "X1", "NEW-2026-"])


@given(PREFIXES, st.integers(8, 32))
def test_a_code_is_well_formed_however_people_write_it(prefix: str, length: int) -> None:
    for code in draw(3, length, prefix):
        assert len(code) == len(prefix) + length
        for written in (code, code.lower(), grouped(code), f" {code} ", grouped(code).replace("-", " ")):
            assert compact(written) == compact(code)
            assert is_well_formed(written)


@given(PREFIXES, st.integers(8, 20), st.data())
def test_one_wrong_character_or_a_swap_of_neighbours_is_noticed(prefix: str, length: int, data: st.DataObject) -> None:
    code = draw(1, length, prefix)[0]
    at = data.draw(st.integers(len(prefix), len(code) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(code[at], "")))
    assert not is_well_formed(code[:at] + other + code[at + 1 :])
    if at + 1 < len(code) and code[at] != code[at + 1]:
        assert not is_well_formed(code[:at] + code[at + 1] + code[at] + code[at + 2 :])


def test_letters_of_a_cyrillic_keyboard_are_read_as_those_they_look_like() -> None:
    assert compact("аннв-10") == "AHHB10"


def test_no_look_alikes_and_every_character_as_often_as_the_next() -> None:
    codes = draw(100_000, 10)
    assert len(set(codes)) == 100_000
    counts = Counter(sign for code in codes for sign in code[:9])
    assert set(counts) == set(ALPHABET)
    mean = 900_000 / 32
    chi_squared = sum((count - mean) ** 2 / mean for count in counts.values())
    assert chi_squared < 75  # 31 degrees of freedom: above it once in 50,000 runs


@pytest.mark.parametrize(
    ("count", "length", "is_enough"), [(1_000_000, 10, True), (1_000_000, 8, False), (30, 8, True)]
)
def test_so_many_codes_need_so_many_characters(count: int, length: int, is_enough: bool) -> None:
    assert is_sparse(count, length) is is_enough


def test_a_qr_code_is_a_picture_without_styles() -> None:
    svg = qr_svg("BDAY-ABCD")
    assert svg.startswith("<svg")
    assert "style=" not in svg
