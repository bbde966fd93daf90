"""Guessing codes is slow: what is refused counts against the key, the address, the phone and the beginning of the code.

Only what a guess looks like is counted, so that a busy till is never in its own way.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from flask import request

from offers.codes.resolve import Resolved
from offers.codes.text import compact
from store import throttle
from web.api.base import owner, problem
from web.api.refusal import Refusal
from web.context import now, store

PER_CALLER = 200  # refusals in a quarter of an hour
PER_ADDRESS = 200
PER_PHONE = 20
PER_BEGINNING = 500
_GUESSES = frozenset({"not_found", "other_phone", "pin_missing", "pin_wrong", "locked"})
_BEGINNING = 4


def limits(texts: Iterable[str] = (), phone: str | None = None) -> dict[str, int]:
    """Return what one request counts against: its caller, its address, the phone and how the codes begin."""
    found = {f"guess {owner()}": PER_CALLER, _hidden("address", request.remote_addr or ""): PER_ADDRESS}
    if phone:
        found[_hidden("phone", phone)] = PER_PHONE
    return found | {_hidden("code", compact(text)[:_BEGINNING]): PER_BEGINNING for text in texts}


def wait_for(subjects: Mapping[str, int]) -> timedelta | None:
    """Return how long nothing is looked up for one of these subjects, because too much was refused of late."""
    with store().read() as conn:
        return throttle.wait_for(conn, subjects, now())


def check(subjects: Mapping[str, int]) -> None:
    """Refuse with 429, before anything is looked up, where too much was refused of late."""
    if (wait := wait_for(subjects)) is not None:
        words = "Too many codes were refused; wait a little and try again."
        raise Refusal(429, [problem("too_many_tries", words)], {"Retry-After": str(int(wait.total_seconds()) + 1)})


def note(subjects: Mapping[str, int], answers: Sequence[Resolved]) -> None:
    """Count what looks like guesses among the answers of one request."""
    wrong = sum(answer.reason in _GUESSES for answer in answers)
    if wrong:
        note_wrong(subjects, wrong)


def note_wrong(subjects: Mapping[str, int], times: int = 1) -> None:
    """Count refusals against these subjects."""
    store().run(lambda conn: throttle.note(conn, [subject for subject in subjects for _ in range(times)], now()))


def _hidden(kind: str, text: str) -> str:
    return f"guess {kind} {store().vault.digest('throttle', f'{kind} {text}').hex()[:32]}"
