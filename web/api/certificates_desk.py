"""Gift certificates at the desk: what people ask for by hand and approve, find, and look into."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from offers.certificates import requests, spend
from offers.certificates.requests import Outcome, Wanted
from store import certificates, ledger
from store.certificates import Row
from web.api.base import Answer, Api, Call, In, problem
from web.api.certificates import Accepted, Currency, IssuedOut, Money, Phone, issued_out
from web.api.phones import normal
from web.api.refusal import Refusal
from web.context import now, store

api = Api("certificates_desk", "Gift certificates")
bp = api.bp


class WantedIn(In):
    """A certificate or a refund that no program asks for."""

    kind: Literal["issue", "refund"]
    amount: Money
    currency: Currency
    reason: str = Field(min_length=3, max_length=500)
    phone: Phone | None = None
    valid_until: AwareDatetime | None = None
    key: str = Field("", max_length=100, description="Of the payment to refund.")
    owner: str = Field("", max_length=100, description="Of the payment to refund: the key that made it, as key:17.")


class DecideIn(In):
    """What is approved: the digest of the request as it was shown."""

    digest: str = Field(min_length=32, max_length=32)


class OutcomeOut(Answer):
    """What became of a request."""

    id: int
    status: str
    digest: str
    certificate: IssuedOut | None
    refunded: int | None


class RequestOut(Answer):
    """A request as the one who decides sees it; the phone is not shown."""

    id: int
    kind: str
    amount: int
    currency: str
    reason: str
    key: str
    has_phone: bool
    status: str
    digest: str
    created_at: datetime
    created_by: str
    decided_at: datetime | None
    decided_by: str | None


class RequestsOut(Answer):
    """Requests, the latest first."""

    requests: list[RequestOut]


class RequestsAsked(In):
    """Which requests."""

    status: Literal["", "waiting", "approved", "refused"] = ""


class LimitIn(In):
    """What one person may give away alone."""

    approval: int = Field(ge=0, le=10**12, description="In minor units; 0 asks for two people always.")


class LimitOut(Answer):
    """What one person may give away alone, in minor units."""

    approval: int


class VoidIn(In):
    """Why a certificate is taken out of use."""

    reason: str = Field(min_length=3, max_length=500)


class CertificateOut(Answer):
    """One certificate for the desk: the last four characters of its number, never more."""

    id: int
    last4: str
    kind: str
    currency: str
    face: int
    balance: int
    held: int
    status: str
    order: str | None
    line: str | None
    batch: str | None
    has_phone: bool
    is_locked: bool
    created_at: datetime
    activated_at: datetime | None
    valid_until: datetime | None


class Movement(Answer):
    """One movement of a certificate's money."""

    at: datetime
    kind: str
    amount: int
    order: str | None
    by: str


class Shown(Answer):
    """A certificate with everything that happened to its money."""

    certificate: CertificateOut
    movements: list[Movement]


class Found(Answer):
    """Certificates, the latest first."""

    certificates: list[CertificateOut]


class Asked(In):
    """Which certificates."""

    phone: str | None = Field(None, max_length=40)
    order: str = Field("", max_length=100)
    last4: str = Field("", max_length=4)
    status: str = Field("", max_length=12)
    skip: int = Field(0, ge=0)
    limit: int = Field(50, ge=1, le=200)


class Sum(Answer):
    """The sum of one account of the ledger."""

    account: str
    currency: str
    amount: int


class TotalsOut(Answer):
    """The ledger by account; in each currency they add up to nothing."""

    accounts: list[Sum]


@api.post("/certificates/requests", needs="certificates.ask", body=WantedIn, answer=OutcomeOut, status=201)
def ask_by_hand(call: Call) -> OutcomeOut:
    """Ask for a certificate or a refund by hand. Above the workspace's limit another person has to approve it."""
    given: WantedIn = call.body
    wanted = Wanted(**{**given.model_dump(), "phone": normal(given.phone)})
    return _outcome(store().run(lambda conn: requests.ask(conn, store().vault, wanted, now=now(), by=call.who.actor)))


@api.get("/certificates/requests", needs="certificates.approve", query=RequestsAsked, answer=RequestsOut)
def get_requests(call: Call) -> RequestsOut:
    """Return what was asked for by hand."""
    with store().read() as conn:
        found = certificates.list_requests(conn, call.query.status)
    return RequestsOut(
        requests=[
            RequestOut(
                key=one.body.get("key", ""),
                has_phone=one.phone is not None,
                digest=bytes(one.digest).hex(),
                **{
                    name: getattr(one, name)
                    for name in RequestOut.model_fields
                    if name not in ("key", "has_phone", "digest")
                },
            )
            for one in found
        ]
    )


@api.post("/certificates/requests/<int:number>/approve", needs="certificates.approve", body=DecideIn, answer=OutcomeOut)
def approve_by_hand(call: Call, number: int) -> OutcomeOut:
    """Approve what another person asked for, and carry it out."""
    digest, by = call.body.digest, call.who.actor
    return _outcome(store().run(lambda conn: requests.approve(conn, store().vault, number, digest, now=now(), by=by)))


@api.post("/certificates/requests/<int:number>/refuse", needs="certificates.approve", answer=OutcomeOut)
def refuse_by_hand(call: Call, number: int) -> OutcomeOut:
    """Refuse what was asked for."""
    return _outcome(store().run(lambda conn: requests.refuse(conn, number, now=now(), by=call.who.actor)))


@api.get("/certificates/limit", needs="certificates.approve", answer=LimitOut)
def get_limit(call: Call) -> LimitOut:
    """Return what one person may give away alone."""
    with store().read() as conn:
        return LimitOut(approval=requests.limit(conn))


@api.put("/certificates/limit", needs="settings.manage", body=LimitIn, answer=LimitOut)
def put_limit(call: Call) -> LimitOut:
    """Set what one person may give away alone."""
    amount = call.body.approval
    store().run(lambda conn: requests.set_limit(conn, amount, now=now(), by=call.who.actor))
    return LimitOut(approval=amount)


@api.get("/certificates", needs="certificates.ask", query=Asked, answer=Found)
def find_certificates(call: Call) -> Found:
    """Find certificates by phone, order, or the last characters of the number."""
    asked: Asked = call.query
    number = normal(asked.phone)
    bound = store().vault.digest("phone", number) if number else None
    rest = asked.model_dump(exclude={"phone"})
    with store().read() as conn:
        rows = certificates.search(conn, phone_digest=bound, **rest)
    return Found(certificates=[_row(row) for row in rows])


@api.get("/certificates/<int:number>", needs="certificates.ask", answer=Shown)
def get_certificate(call: Call, number: int) -> Shown:
    """Return a certificate and every movement of its money."""
    with store().read() as conn:
        row, moves = certificates.by_id(conn, number), ledger.movements(conn, number)
    names = ("at", "kind", "amount", "order", "by")
    return Shown(certificate=_row(row), movements=[Movement(**dict(zip(names, one, strict=True))) for one in moves])


@api.post("/certificates/<int:number>/void", needs="certificates.approve", body=VoidIn, answer=Accepted)
def void_certificate(call: Call, number: int) -> Accepted:
    """Take a certificate out of use because its order was paid back."""
    reason, by = call.body.reason, call.who.actor
    answer = store().run(lambda conn: spend.void(conn, number, reason, now=now(), by=by))
    if answer.reason:
        raise Refusal(409, [problem(answer.reason, "A till has some of it set aside; let it finish first.")])
    return Accepted(message="The certificate is void.")


@api.get("/certificates/totals", needs="certificates.totals", answer=TotalsOut)
def get_totals(call: Call) -> TotalsOut:
    """Return the ledger's sums: what is owed to holders, what was paid, redeemed, given, and what expired."""
    with store().read() as conn:
        found = ledger.totals(conn)
    return TotalsOut(
        accounts=[
            Sum(account=account, currency=currency, amount=amount) for (account, currency), amount in found.items()
        ]
    )


def _outcome(one: Outcome) -> OutcomeOut:
    certificate = issued_out(one.issued) if one.issued else None
    refunded = one.answer.amount if one.answer else None
    return OutcomeOut(id=one.id, status=one.status, digest=one.digest, certificate=certificate, refunded=refunded)


def _row(row: Row) -> CertificateOut:
    own: dict[str, Any] = {name: getattr(row, name) for name in CertificateOut.model_fields if hasattr(row, name)}
    is_locked = row.locked_until is not None and row.locked_until > now()
    return CertificateOut(order=row.order_key, has_phone=row.phone_digest is not None, is_locked=is_locked, **own)
