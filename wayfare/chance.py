"""Chance as a function of who and where: a retry takes the same branch, an analyst can recompute it."""

from hashlib import blake2b


def share(*parts: object) -> float:
    """Return a number in [0, 1) that is the same for the same parts, on every machine."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
