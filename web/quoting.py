"""What a request asks of a price: whose shop it is, whose phone, and which codes with which PINs."""

from collections.abc import Mapping
from typing import Any

from offers.codes.resolve import Resolved, resolve
from offers.redemption.pricing import Asking
from wayfare.errors import InputRefused
from web import guesses
from web.api.base import Call, problem
from web.api.phones import normal
from web.api.refusal import Refusal
from web.context import now, runtime, store


def shop_of(call: Call) -> str | None:
    """Return the shop that the caller's key is bound to."""
    return call.who.key.store if call.who.key else None


def asking_of(
    call: Call,
    cart: Mapping[str, Any],
    *,
    phone: str | None = None,
    pins: Mapping[str, str] | None = None,
    ref: str | None = None,
) -> Asking:
    """Return the question. PINs are tried here, in a transaction of their own, so that each try counts.

    Guesses of codes are slow: too many refusals answer 429. Raises Refusal and InputRefused.
    """
    number = normal(phone)
    given = cart.get("codes")
    texts = [text for text in given if isinstance(text, str)] if isinstance(given, list) else []
    zone = runtime().default_zone if runtime() is not None else "UTC"
    proven: tuple[Resolved, ...] | None = None
    if texts:
        guesses.check(guesses.limits(texts, number))
    if pins:
        wanted = [text for text in texts if text in pins]
        proven = tuple(
            store().run(lambda conn: resolve(conn, store().vault, wanted, now=now(), phone=number, pins=pins))
        )
    return Asking(cart, shop_of(call), number, zone, ref, proven)


def note_guesses(asking: Asking, codes: tuple[Resolved, ...]) -> None:
    """Count what looks like guesses among the codes of one request."""
    if any(not code.is_usable for code in codes):
        guesses.note(guesses.limits([code.text for code in codes], asking.phone), codes)


def refused(error: InputRefused) -> Exception:
    """Return what a refused cart becomes: another shop's is forbidden, everything else a fault of the request."""
    if error.code == "other_store":
        return Refusal(403, [problem(error.code, str(error), path=error.path)])
    return error
