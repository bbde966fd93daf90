"""A document that nobody can change: canonical JSON as text, signed with Ed25519, opened by whoever has a public key.

The file is an object of three texts: `snapshot`, the canonical JSON; `signature` over `MARK` and its UTF-8 bytes, as
128 lower-case hexadecimal digits; `key`, the name of the public key.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from wayfare.errors import InputRefused, WayfareError
from wayfare.promotions import parse_json

MARK = b"wayfare snapshot 1\n"
"""Stands before what is signed, so that the signature of anything else is none of a snapshot."""
_PARTS = {"key", "signature", "snapshot"}
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----")


class SnapshotRefused(WayfareError):
    """A snapshot cannot be used; the message says why, and what to do. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def canonical(document: Any) -> str:
    """Return the one text of a document: keys by code point, no spaces, no floats. ValueError for what has none."""
    _check(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sign(document: dict[str, Any], key: Ed25519PrivateKey) -> str:
    """Return a document as a signed file."""
    text = canonical(document)
    signature = key.sign(MARK + text.encode()).hex()
    return json.dumps({"key": name_of(key.public_key()), "signature": signature, "snapshot": text}, ensure_ascii=False)


def opened(file: str, trusted: Sequence[Ed25519PublicKey]) -> dict[str, Any]:
    """Return the document of a signed file. Nothing in it is looked at before the signature. Raises SnapshotRefused."""
    try:
        parts = parse_json(file)
    except InputRefused:
        parts = None
    if not isinstance(parts, dict) or parts.keys() != _PARTS or not all(isinstance(one, str) for one in parts.values()):
        raise SnapshotRefused("no_snapshot", "this is no snapshot, or only a part of one; fetch it again")
    by_name = {name_of(key): key for key in trusted}
    if parts["key"] not in by_name:
        words = f"the snapshot is signed with the key {parts['key'][:16]!r}, which is not among the public keys given"
        raise SnapshotRefused("unknown_key", f"{words}; fetch the keys from a place you trust")
    if not re.fullmatch(r"[0-9a-f]{128}", parts["signature"]):
        raise SnapshotRefused("bad_signature", "the signature is no Ed25519 signature; fetch the snapshot again")
    try:
        by_name[parts["key"]].verify(bytes.fromhex(parts["signature"]), MARK + parts["snapshot"].encode())
        document = parse_json(parts["snapshot"])
        is_canonical = isinstance(document, dict) and canonical(document) == parts["snapshot"]
    except (InvalidSignature, InputRefused, ValueError):
        raise SnapshotRefused("bad_signature", "the snapshot was changed after it was signed; fetch it again") from None
    if not is_canonical:
        raise SnapshotRefused("not_canonical", "the snapshot is signed but not in its one form; fetch it again")
    found: dict[str, Any] = document
    return found


def name_of(key: Ed25519PublicKey) -> str:
    """Return the name of a public key: the beginning of its digest."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def pem_of(key: Ed25519PublicKey) -> str:
    """Return a public key as PEM text."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_keys(text: str) -> list[Ed25519PublicKey]:
    """Return the public keys of a file: one PEM block after another. Raises SnapshotRefused."""
    found = []
    for block in _PEM.findall(text):
        try:
            key = load_pem_public_key(block.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise SnapshotRefused("bad_key", "a public key in the file is none of Ed25519; print it: wayfare till key")
        found.append(key)
    if not found:
        raise SnapshotRefused("bad_key", "there is no public key in the file; print it: wayfare till key")
    return found


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise ValueError("a key is no text")
            key.encode()
            _check(one)
    elif isinstance(value, list):
        for one in value:
            _check(one)
    elif isinstance(value, str):
        value.encode()  # a lone surrogate has no UTF-8
    elif value is not None and not isinstance(value, bool | int):
        raise ValueError(f"{type(value).__name__} has no canonical form")
