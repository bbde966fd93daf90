"""Secrets at rest: digests that find without revealing, and sealing with one key outside the database."""

import hmac
import os
import struct
from collections.abc import Sequence
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wayfare.errors import VaultError

_FORMAT = b"\x01"
_SALT = 16
_HEAD = len(_FORMAT) + _SALT + 4


class Vault:
    """Digests and seals under one secret of at least 32 bytes.

    Each call of `seal_many` derives a fresh AES-256-GCM key from a random salt and numbers its
    nonces, so that no nonce repeats under a key however many values are sealed.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise VaultError("the secret key must have at least 32 bytes")
        self._secret = blake2b(secret, digest_size=64, person=b"wayfare-vault").digest()
        self._digest_keys: dict[str, bytes] = {}

    def digest(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that are the same for the same text and purpose: a blind index."""
        return hmac.digest(self.digest_key(purpose), text.encode(), "sha256")

    def digest_key(self, purpose: str) -> bytes:
        """Return the key of one purpose's digests (HMAC-SHA256), for others who must be able to make them."""
        key = self._digest_keys.get(purpose)
        if key is None:
            key = self._digest_keys[purpose] = self._derive(b"digest", purpose.encode())
        return key

    def seal(self, data: bytes) -> bytes:
        """Encrypt one value; only the same secret opens it."""
        return self.seal_many([data])[0]

    def seal_many(self, values: Sequence[bytes]) -> list[bytes]:
        """Encrypt values under one fresh key; each can be opened alone."""
        salt = os.urandom(_SALT)
        encrypt = AESGCM(self._derive(b"seal", salt)).encrypt
        head = _FORMAT + salt
        sealed = []
        for number, value in enumerate(values):
            count = struct.pack(">I", number)
            sealed.append(head + count + encrypt(b"\0" * 8 + count, value, None))
        return sealed

    def open(self, sealed: bytes) -> bytes:
        """Decrypt a sealed value. VaultError when it was changed or another secret sealed it."""
        salt, count = sealed[len(_FORMAT) : len(_FORMAT) + _SALT], sealed[_HEAD - 4 : _HEAD]
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD + 16:
            raise VaultError("not a sealed value")
        try:
            return AESGCM(self._derive(b"seal", salt)).decrypt(b"\0" * 8 + count, sealed[_HEAD:], None)
        except InvalidTag as error:
            raise VaultError("sealed under another secret key, or changed since") from error

    def _derive(self, use: bytes, salt: bytes) -> bytes:
        return blake2b(use + b"\x1f" + salt, key=self._secret, digest_size=32).digest()
