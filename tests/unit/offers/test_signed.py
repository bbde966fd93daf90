"""Signed files: one text for one document, and whatever is changed in it is noticed."""

import json
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from offers.till.signed import SnapshotRefused, canonical, name_of, opened, pem_of, public_keys, sign

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
TRUSTED = [KEY.public_key()]
TEXTS = st.text(max_size=8)  # without surrogates: they have no UTF-8
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=5)


@given(DOCUMENTS)
def test_a_document_has_one_text_and_comes_back_as_it_was(document: dict[str, Any]) -> None:
    text = canonical(document)
    backwards = dict(reversed(document.items()))
    assert canonical(backwards) == canonical(json.loads(text)) == text
    assert json.loads(text) == document
    assert opened(sign(document, KEY), TRUSTED) == document


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_never_have_the_same_text(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (canonical(one) == canonical(other)) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@given(DOCUMENTS, st.data())
def test_no_part_can_be_changed(document: dict[str, Any], data: st.DataObject) -> None:
    parts = json.loads(sign(document, KEY))
    name = data.draw(st.sampled_from(sorted(parts)))
    at = data.draw(st.integers(0, len(parts[name])))
    changed = parts[name][:at] + data.draw(TEXTS) + parts[name][at + data.draw(st.integers(0, 3)) :]
    if changed == parts[name]:
        return
    with pytest.raises(SnapshotRefused):
        opened(json.dumps({**parts, name: changed}), TRUSTED)


@given(DOCUMENTS, st.integers(0), st.integers(0, 7))
def test_no_bit_of_the_file_can_be_flipped(document: dict[str, Any], place: int, bit: int) -> None:
    file = sign(document, KEY).encode()
    at = place % len(file)
    flipped = file[:at] + bytes([file[at] ^ 1 << bit]) + file[at + 1 :]
    with suppress(SnapshotRefused, UnicodeDecodeError):
        assert opened(flipped.decode(), TRUSTED) == document  # a blank between the parts, say


def test_what_is_signed_for_something_else_is_no_snapshot() -> None:
    text = canonical({"format": 1})
    bare = {"key": name_of(KEY.public_key()), "signature": KEY.sign(text.encode()).hex(), "snapshot": text}
    loose = sign({"format": 1}, KEY).replace("\\", "")
    for file in (json.dumps(bare), loose, "", "[]", '{"snapshot": 1}', sign({}, OTHER)):
        with pytest.raises(SnapshotRefused):
            opened(file, TRUSTED)
    spaced = '{"format": 1}'
    signature = KEY.sign(b"wayfare snapshot 1\n" + spaced.encode()).hex()
    with pytest.raises(SnapshotRefused, match="one form"):
        opened(json.dumps({**bare, "signature": signature, "snapshot": spaced}), TRUSTED)


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1: 2}, ["\ud800"], {"\ud800": 1}])
def test_what_has_no_canonical_form_is_not_signed(value: Any) -> None:
    with pytest.raises(ValueError, match="form|text|surrogates"):
        sign({"value": value}, KEY)


def test_a_key_file_holds_one_key_after_another() -> None:
    pem = pem_of(KEY.public_key()) + "\n" + pem_of(OTHER.public_key())
    assert [name_of(key) for key in public_keys(pem)] == [name_of(KEY.public_key()), name_of(OTHER.public_key())]
    wrong = generate_private_key(SECP256R1()).public_key()
    curve = wrong.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in ("", "nonsense", curve, pem_of(KEY.public_key()).replace("MCow", "MCox")):
        with pytest.raises(SnapshotRefused, match="wayfare till key"):
            public_keys(text)
