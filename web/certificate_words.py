"""Gift certificates in words for pages: states, movements of money, and the accounts between which it moves."""

from collections.abc import Mapping
from dataclasses import dataclass

from store.certificates import Row
from store.views.certificates import Movement

STATES: Mapping[str, tuple[str, str, str]] = {
    "active": ("Active", "good", "It can be spent."),
    "spent": ("Spent", "", "Nothing is left on it."),
    "inactive": ("Not sold", "info", "A plastic card without value until an order pays for it."),
    "expired": ("Expired", "", "Its time is over."),
    "void": ("Void", "bad", "It was taken out of use."),
}
KINDS = {"egift": "E-gift", "plastic": "Plastic card"}
MOVES: Mapping[str, tuple[str, str]] = {
    "issue": ("gift", "Issued"),
    "authorise": ("clock-pause", "Set aside by a till"),
    "capture": ("shopping-cart", "Paid with it"),
    "release": ("arrow-back-up", "Let go by the till"),
    "refund": ("refresh", "Money came back"),
    "expire": ("hourglass", "Expired"),
    "void": ("ban", "Voided"),
}
ACCOUNTS = {
    "paid": "paid by an order",
    "given": "given by us",
    "marketing": "given by a journey",
    "redeemed": "spent in shops",
    "breakage": "left unspent",
}
REQUESTS = {"issue": "A certificate", "refund": "A refund", "activate": "A plastic card"}
DECISIONS = {"waiting": ("Waiting", "warn"), "approved": ("Done", "good"), "refused": ("Refused", "bad")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger as people read it: where money came from and went to, and what is left after it."""

    movement: Movement
    icon: str
    words: str
    sources: list[tuple[str, int]]
    targets: list[tuple[str, int]]
    balance: int


def state_of(row: Row) -> str:
    """Return the state that people speak of: an active certificate with nothing on it is spent."""
    return "spent" if row.status == "active" and not row.balance + row.held else row.status


def account(name: str) -> str:
    """Return what an account is called."""
    if name.startswith("certificate:"):
        return "this certificate"
    return "set aside" if name.startswith("held:") else ACCOUNTS.get(name, name)


def entries(certificate_id: int, movements: list[Movement]) -> list[Entry]:
    """Return the ledger of one certificate, the first line first, with its running balance."""
    own, balance, found = f"certificate:{certificate_id}", 0, []
    for one in movements:
        balance += sum(amount for name, amount in one.postings if name == own)
        icon, words = MOVES.get(one.kind, ("point", one.kind))
        sources = [(account(name), amount) for name, amount in one.sources]
        targets = [(account(name), amount) for name, amount in one.targets]
        found.append(Entry(one, icon, words, sources, targets, balance))
    return found
