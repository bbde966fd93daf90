"""Bytes become items one by one: a broken one is named and the others are read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse import Broken, read_item, read_items
from wayfare.errors import InputRefused

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
BROKEN = [
    (b"NaN", "invalid_json"),
    (b"-Infinity", "invalid_json"),
    (b"1e400", "invalid_json"),
    (b"1" * 5000, "invalid_json"),
    (b'"\\ud800"', "invalid_json"),
    (b'"\xff"', "invalid_text"),
    (b'{"a": "\x01"}', "invalid_json"),
]


@given(st.lists(JSON), st.sampled_from(["", " ", "\n\t"]))
def test_good_items_are_read_as_they_are(items: list[Any], space: str) -> None:
    text = space + json.dumps(items, separators=("," + space, ":" + space)) + space
    assert read_items(text.encode()) == json.loads(text)


@given(st.lists(JSON, max_size=5), st.sampled_from(BROKEN), st.lists(JSON, max_size=5))
def test_a_broken_item_keeps_its_place_and_costs_no_other(
    before: list[Any], broken: tuple[bytes, str], after: list[Any]
) -> None:
    raw, code = broken
    parts = [json.dumps(one).encode() for one in before] + [raw] + [json.dumps(one).encode() for one in after]
    items = read_items(b"[" + b" , ".join(parts) + b"]")
    found = items.pop(len(before))
    assert isinstance(found, Broken)
    assert found.at(len(before))["code"] == code
    assert items == json.loads(json.dumps(before + after))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"[", "invalid_json"),
        (b"[1,]", "invalid_json"),
        (b"[1 2]", "invalid_json"),
        (b"[1] x", "invalid_json"),
        (b"[NaN] x", "invalid_json"),
        (b"[1", "invalid_json"),
        (b"\xff\xfe[\x001", "invalid_json"),
        (b"{}", "wrong_type"),
        (b"5", "wrong_type"),
        (b"[" * 200_000, "too_deep"),
        (b"[" + b"1," * 5000 + b"1]", "too_many_items"),
        (b"[" + b"NaN," * 5000 + b"NaN]", "too_many_items"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read_items(body)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        items = read_items(body)
    except InputRefused:
        return
    assert isinstance(items, list)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_items("\ufeff[1, 2]".encode()) == [1, 2]


def test_an_item_nested_too_deeply_is_named() -> None:
    found = read_item("[" * 2000 + "]" * 2000)
    assert isinstance(found, Broken)
    assert found.code == "too_deep"
