"""Codes at the desk: why one does not work, what happened to it, and what staff may do about it, with a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from offers.codes import digests, states
from offers.codes.resolve import MOST_TRIES, Resolved, resolve
from offers.codes.text import compact
from store import audit, codes
from store.audit import AuditRow
from store.codes import Found
from store.db import Connection
from store.views import codes as views
from store.views.codes import CodeOrder, Issuer
from wayfare.errors import Conflict
from wayfare.vault import Vault

_NOBODY = Issuer(None, None, None)


@dataclass(frozen=True, slots=True)
class Story:
    """One code as staff see it. `found` is None where there is no such code."""

    answer: Resolved
    found: Found | None = None
    issuer: Issuer = _NOBODY
    orders: Sequence[CodeOrder] = ()
    acts: Sequence[AuditRow] = ()

    @property
    def is_locked(self) -> bool:
        """Whether too many wrong PINs were tried."""
        return self.found is not None and self.found.pin_digest is not None and self.found.tries >= MOST_TRIES

    @property
    def waits(self) -> bool:
        """Whether the code must be activated before it works."""
        row = self.found
        return row is not None and row.status == "issued" and row.activated_at is None and _needs_activation(row)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done to the code any more."""
        return self.found is None or self.found.status in ("void", "redeemed") or bool(self.found.batch.voided_at)


def ids_of(conn: Connection, vault: Vault, texts: Iterable[str]) -> list[int]:
    """Return the ids of those texts that are codes."""
    return [row.id for row in digests.find(conn, vault, map(compact, texts)).values()]


def look(conn: Connection, vault: Vault, text: str, *, now: datetime, phone: str | None, pin: str | None) -> Story:
    """Return what is known of a code. A PIN that is given counts as a try, so `conn` must commit then."""
    answer = resolve(conn, vault, [text], now=now, phone=phone, pins={text: pin} if pin else None)[0]
    if answer.code_id is None:
        return Story(answer)
    return _told(conn, vault, text, answer)


def _told(conn: Connection, vault: Vault, text: str, answer: Resolved) -> Story:
    found = digests.find(conn, vault, [compact(text)])[compact(text)]
    moved = found.uses or found.held or found.redeemed_at is not None
    orders = views.orders_of_code(conn, found.id, found.issued_at) if moved or found.batch.kind == "shared" else []
    return Story(
        answer, found, views.issuer(conn, found.id), orders, audit.of_subject(conn, f"code:{found.id}", limit=20)
    )


def activate(conn: Connection, vault: Vault, text: str, *, now: datetime, by: str, phone: str | None) -> None:
    """Activate a code by hand, for this phone where one is given. Conflict when it does not wait for that."""
    ids = ids_of(conn, vault, [text])
    bound = vault.digest("phone", phone) if phone else None
    if not states.activate(conn, ids, now=now, phone_digest=bound):
        raise Conflict("this code does not wait to be activated")
    audit.record(conn, by, "codes.activated", f"code:{ids[0]}", {"phone": phone is not None}, now)


def void(conn: Connection, vault: Vault, text: str, *, reason: str, now: datetime, by: str) -> None:
    """Take one code out of use for good. Conflict when it is used up or void already."""
    if not states.void(conn, ids_of(conn, vault, [text]), reason=reason, now=now, by=by):
        raise Conflict("this code is used up or void already")


def unlock(conn: Connection, vault: Vault, text: str, *, reason: str, now: datetime, by: str) -> None:
    """Let PINs of a code be tried again. Conflict when it is not locked."""
    found = digests.find(conn, vault, [compact(text)])
    row = next(iter(found.values()), None)
    if row is None or row.pin_digest is None or row.tries < MOST_TRIES:
        raise Conflict("this code is not locked")
    codes.forget_tries(conn, row.id)
    audit.record(conn, by, "codes.unlocked", f"code:{row.id}", {"reason": reason}, now)


def _needs_activation(row: Found) -> bool:
    return row.batch.activation != "at_once"
