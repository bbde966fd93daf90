"""Gift certificates: sold by orders, spent at tills in parts, and given by hand only by two people."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AwareDatetime, Field

from offers.certificates import issue, proof, spend
from offers.certificates.issue import Card, Issued, Sale
from offers.certificates.proof import Proof
from offers.certificates.spend import Payment
from offers.codes.text import qr_svg
from store.db import Connection
from web import guesses
from web.api.base import Answer, Api, Call, In, owner, problem
from web.api.phones import normal
from web.api.refusal import Refusal
from web.bell import ring
from web.context import now, store

api = Api("certificates", "Gift certificates")
bp = api.bp
CHANNEL = "sms"
REFUSED = "This certificate cannot be used. Check the number, and the password that came to the phone."

Money = Annotated[int, Field(ge=1, le=10**12, description="In minor units.")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
Phone = Annotated[str, Field(min_length=5, max_length=40, description="As +380671234567.")]


class SaleIn(In):
    """A line of a paid order that bought a certificate."""

    order: Key
    line: Key
    amount: Money
    currency: Currency
    phone: Phone | None = Field(None, description="Whose certificate it is; one-time passwords go there.")
    valid_until: AwareDatetime | None = None
    batch: str | None = Field(None, max_length=100)


class IssuedOut(Answer):
    """A certificate. `number` and `scan` (for its QR code) are shown once; a repetition answers which it was."""

    id: int
    last4: str
    is_new: bool
    number: str
    scan: str
    qr: str = Field(description="The QR code as SVG.")


class CardIn(In):
    """A plastic card as it came from the printer."""

    number: str = Field(max_length=40)
    pin: str = Field(min_length=6, max_length=12)
    face: Money
    currency: Currency
    batch: str | None = Field(None, max_length=100)


class CardsIn(In):
    """Cards to take in."""

    cards: list[CardIn] = Field(min_length=1, max_length=200)


class CardsOut(Answer):
    """How many cards were new; the others were known."""

    taken: int
    known: int


class NumbersIn(In):
    """How many numbers a printer needs."""

    count: int = Field(ge=1, le=5000)


class NumbersOut(Answer):
    """Fresh numbers; nothing remembers them until the printed cards are taken in."""

    numbers: list[str]


class ActivateIn(SaleIn):
    """A card that a line of a paid order bought."""

    number: str = Field(max_length=40)


class PasswordIn(In):
    """Who wants a one-time password for which certificate."""

    number: str = Field(max_length=40)
    phone: Phone


class Accepted(Answer):
    """The same answer to everybody."""

    message: str


class ProofIn(In):
    """A certificate, and what proves that it may be spent: a scanned QR code holds both."""

    number: str = Field(max_length=80, description="As typed, or as the QR code says it.")
    pin: str = Field("", max_length=12)
    password: str = Field("", max_length=12, description="That came to the phone; it works once.")


class PayIn(ProofIn):
    """What a till wants of a certificate."""

    amount: Money
    currency: Currency
    key: Key = Field(description="Names this payment; the same key again is the same payment.")
    order: str | None = Field(None, max_length=100)
    up_to: bool = Field(False, description="Take what there is when it is less.")


class CaptureIn(In):
    """How much of what was set aside is taken; all of it when left out."""

    amount: Money | None = None
    order: str | None = Field(None, max_length=100)


class RefundIn(In):
    """Money that goes back to the certificate it came from."""

    amount: Money
    refund: Key = Field(description="Names this refund; the same one again is not paid twice.")


class PaidOut(Answer):
    """What came of it: the amount, and the balance that is left."""

    key: str
    amount: int
    balance: int
    currency: str


class BalanceOut(Answer):
    """What a certificate is worth now."""

    balance: int
    currency: str


@api.post("/certificates", needs="certificates.sell", body=SaleIn, answer=IssuedOut, status=201)
def sell_certificate(call: Call) -> IssuedOut:
    """Issue the certificate that a line of a paid order bought, once."""
    given: SaleIn = call.body
    sale = _sale(given)
    return issued_out(store().run(lambda conn: issue.sell(conn, store().vault, sale, now=now(), by=call.who.actor)))


@api.post("/certificates/numbers", needs="certificates.sell", body=NumbersIn, answer=NumbersOut)
def draw_numbers(call: Call) -> NumbersOut:
    """Draw numbers for plastic cards that are to be printed."""
    return NumbersOut(numbers=[proof.new_number() for _ in range(call.body.count)])


@api.post("/certificates/cards", needs="certificates.sell", body=CardsIn, answer=CardsOut)
def take_cards(call: Call) -> CardsOut:
    """Take printed plastic cards in; they are worth nothing until an order activates them."""
    cards = [Card(**one.model_dump()) for one in call.body.cards]
    done = store().run(lambda conn: issue.take_cards(conn, store().vault, cards, now=now(), by=call.who.actor))
    return CardsOut(taken=sum(done), known=len(done) - sum(done))


@api.post("/certificates/activate", needs="certificates.sell", body=ActivateIn, answer=Accepted)
def activate_card(call: Call) -> Accepted:
    """Give a plastic card its value, because a line of a paid order bought it."""
    given: ActivateIn = call.body
    sale = _sale(given)
    reason = store().run(
        lambda conn: issue.activate_card(conn, store().vault, given.number, sale, now=now(), by=call.who.actor)
    )
    if reason:
        raise Refusal(409, [problem(reason, f"The card was not activated: {reason.replace('_', ' ')}.")])
    return Accepted(message="The card is active.")


@api.post("/certificates/password", needs="certificates.read", body=PasswordIn, answer=Accepted, status=202)
def send_password(call: Call) -> Accepted:
    """Send a one-time password to the phone that a certificate is bound to.

    The answer is the same whether there is such a certificate, and whether the phone is its own.
    """
    given: PasswordIn = call.body
    number = normal(given.phone) or ""
    subjects = guesses.limits([given.number], number)
    guesses.check(subjects)

    def work(conn: Connection) -> bool:
        row = proof.find(conn, store().vault, given.number)
        return row is not None and proof.send_password(conn, store().vault, row, number, channel=CHANNEL, now=now())

    store().run(work)
    guesses.note_wrong(subjects)  # each password that is asked for counts: somebody's phone rings
    ring("send")
    return Accepted(
        message="If the certificate belongs to this phone, a password is on its way. It works for 10 minutes."
    )


@api.post("/certificates/check", needs="certificates.read", body=ProofIn, answer=BalanceOut)
def check_certificate(call: Call) -> BalanceOut:
    """Return the balance to whoever proves that the certificate is theirs."""
    given: ProofIn = call.body
    number, proofs = _proof(given)
    answer = _guarded(number, lambda conn: spend.check(conn, store().vault, number, proofs, now=now()))
    return BalanceOut(balance=answer.balance, currency=answer.currency)


@api.post("/certificates/authorise", needs="certificates.redeem", body=PayIn, answer=PaidOut)
def authorise_payment(call: Call) -> PaidOut:
    """Set money aside for half an hour; capture or release it by its key."""
    payment = _payment(call.body)
    return _paid(_guarded(payment.number, lambda conn: spend.authorise(conn, store().vault, payment, now=now())))


@api.post("/certificates/redeem", needs="certificates.redeem", body=PayIn, answer=PaidOut)
def redeem_certificate(call: Call) -> PaidOut:
    """Pay at once."""
    payment = _payment(call.body)
    return _paid(_guarded(payment.number, lambda conn: spend.redeem(conn, store().vault, payment, now=now())))


@api.post("/certificates/payments/<key>/capture", needs="certificates.redeem", body=CaptureIn, answer=PaidOut)
def capture_payment(call: Call, key: str) -> PaidOut:
    """Take what was set aside, or a part of it; the rest goes back."""
    given: CaptureIn = call.body
    return _paid(
        _done(lambda conn: spend.capture(conn, key, owner(), now=now(), amount=given.amount, order=given.order))
    )


@api.post("/certificates/payments/<key>/release", needs="certificates.redeem", answer=PaidOut)
def release_payment(call: Call, key: str) -> PaidOut:
    """Give back what was set aside."""
    return _paid(_done(lambda conn: spend.let_go(conn, key, owner(), now=now())))


@api.post("/certificates/payments/<key>/refund", needs="certificates.redeem", body=RefundIn, answer=PaidOut)
def refund_payment(call: Call, key: str) -> PaidOut:
    """Put money of a payment back on its certificate: goods that it paid for were returned."""
    given: RefundIn = call.body
    by = call.who.actor
    return _paid(_done(lambda conn: spend.refund(conn, key, owner(), given.amount, given.refund, now=now(), by=by)))


def _guarded(number: str, work: Callable[[Connection], spend.Answer]) -> spend.Answer:
    """Do something that needs proof: counted when it looks like a guess, and refused without a reason."""
    subjects = guesses.limits([number])
    guesses.check(subjects)
    answer = store().run(work)
    if answer.is_generic:
        guesses.note_wrong(subjects)
        raise Refusal(422, [problem("certificate_refused", REFUSED)])
    return _fine(answer)


def _done(work: Callable[[Connection], spend.Answer]) -> spend.Answer:
    return _fine(store().run(work))


_WORDS = {
    "insufficient": "The balance is {balance} {currency} in minor units; ask for less, or set up_to.",
    "other_currency": "This certificate is in {currency}.",
    "key_taken": "This key names another payment; take a new one.",
    "unknown_key": "There is no payment of yours under this key.",
    "released": "What was set aside under this key was given back.",
    "captured": "What was set aside under this key was taken already; refund it.",
    "too_much": "That is more than this payment allows.",
    "void": "The certificate is void.",
}


def _fine(answer: spend.Answer) -> spend.Answer:
    if answer.reason:
        words = _WORDS[answer.reason].format(balance=answer.balance, currency=answer.currency)
        raise Refusal(409, [problem(answer.reason, words)])
    return answer


def _paid(answer: spend.Answer) -> PaidOut:
    return PaidOut(key=answer.key, amount=answer.amount, balance=answer.balance, currency=answer.currency)


def _proof(given: ProofIn) -> tuple[str, Proof]:
    number, secret = proof.split(given.number)
    return number, Proof(secret, given.pin, given.password)


def _payment(given: PayIn) -> Payment:
    number, proofs = _proof(given)
    return Payment(number, proofs, given.amount, given.currency, given.key, owner(), given.order, given.up_to)


def _sale(given: SaleIn) -> Sale:
    values = given.model_dump(exclude={"number"})
    return Sale(**{**values, "phone": normal(given.phone)})


def issued_out(one: Issued) -> IssuedOut:
    """Return a certificate as it is shown once."""
    scan = one.scan if one.is_new else ""
    qr = qr_svg(scan) if scan else ""
    return IssuedOut(id=one.id, last4=one.last4, is_new=one.is_new, number=one.number, scan=scan, qr=qr)
