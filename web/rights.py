"""Who may do what: one table, from which the gate, the menus and the tests are made.

People have one role; programs have a key of one kind, which names its rights one by one. A right that is not in this
table does not exist, and a route cannot ask for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ROLES: Mapping[str, str] = {
    "admin": "Everything, including users, keys and settings",
    "integrator": "Connects systems: channels, own keys, node types, drafts of journeys",
    "marketer": "Makes journeys, segments and messages; sees customers masked",
    "approver": "Approves and publishes what others made",
    "analyst": "Sees numbers, never single customers",
    "support": "Finds one customer at a time, masked",
}
KINDS: Mapping[str, str] = {
    "ingest": "Sends events in, and nothing else",
    "till": "A shop's till: quotes, codes and certificates of its own store",
    "integration": "A back end: customers, products, events, journeys",
}


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the table: what it lets do, the roles that have it, the kinds of keys that may be given it."""

    words: str
    roles: frozenset[str]
    kinds: frozenset[str]


def _right(words: str, roles: str, kinds: str = "") -> Right:
    return Right(words, frozenset(roles.split()), frozenset(kinds.split()))


_ALL = " ".join(ROLES)

RIGHTS: Mapping[str, Right] = {
    "account.own": _right("Own password, second factor and sessions", _ALL),
    "home.read": _right("See what happens now", _ALL),
    # accounts
    "users.manage": _right("Add users, give roles, sign people out", "admin"),
    "keys.manage": _right("All API keys", "admin"),
    "keys.own": _right("API keys one made oneself", "admin integrator"),
    "audit.read": _right("The whole audit trail", "admin approver"),
    "audit.own": _right("One's own entries in the audit trail", "admin integrator marketer approver"),
    "settings.manage": _right("Settings of the workspace", "admin"),
    "channels.manage": _right("Channels and their secrets", "admin integrator"),
    "node_types.manage": _right("Switch node types on and off", "admin integrator"),
    "metrics.read": _right("Metrics of the system", "admin integrator", "integration"),
    # journeys
    "journeys.read": _right("See journeys and their numbers", _ALL, "integration"),
    "journeys.edit": _right("Edit drafts of journeys", "admin integrator marketer", "integration"),
    "journeys.publish": _right("Publish journeys", "admin approver", "integration"),
    "journeys.operate": _right("Pause, resume and stop journeys", "admin marketer approver", "integration"),
    "segments.read": _right(
        "See segments and their counts", "admin integrator marketer approver analyst", "integration"
    ),
    "segments.edit": _right("Edit segments", "admin marketer", "integration"),
    "templates.read": _right("See message templates", "admin integrator marketer approver analyst", "integration"),
    "templates.edit": _right("Edit message templates", "admin integrator marketer", "integration"),
    "value.read": _right("RFM groups and value, in sums", "admin marketer approver analyst", "integration"),
    "value.edit": _right("Change RFM groups and the terms of value, compute anew", "admin marketer", "integration"),
    # customers; names, addresses and phones are masked unless `customers.unmask`
    "customers.list": _right("Browse customers", "admin marketer", "integration"),
    "customers.read": _right("See one customer and the timeline", "admin marketer support", "integration"),
    "customers.unmask": _right("See names and addresses in full, with a reason", "admin", "integration"),
    "customers.edit": _right("Change profiles", "admin", "integration"),
    "customers.consent": _right("Change consents", "admin support", "integration"),
    "customers.export": _right("Export personal data", "admin"),
    "customers.erase": _right("Erase a customer", "admin", "integration"),
    "messages.read": _right("See messages, masked", "admin marketer support", "integration"),
    "messages.decide": _right("Decide about messages that may have arrived", "admin marketer"),
    # data in
    "events.write": _right("Send events in", "admin", "ingest integration"),
    "customers.write": _right("Send customers in", "admin", "integration"),
    "products.write": _right("Send products in", "admin integrator", "integration"),
    # promotions
    "promotions.read": _right("See promotions", "admin marketer approver analyst", "integration till"),
    "promotions.whatif": _right(
        "Ask what rules would have made of past receipts", "admin marketer approver analyst", "integration"
    ),
    "promotions.edit": _right("Edit promotions", "admin marketer", "integration"),
    "promotions.publish": _right("Publish promotions", "admin approver", "integration"),
    "promotions.stop": _right("Stop a live promotion, or withdraw a version", "admin marketer approver", "integration"),
    "quotes.make": _right("Price a cart", "admin marketer", "till integration"),
    "orders.read": _right("See orders, their prices and why", "admin marketer support"),
    "orders.change": _right("Release an order, take goods of it back", "admin support"),
    "tills.sync": _right("Fetch snapshots for a shop without a network, hand its receipts in", "", "till"),
    "tills.read": _right("See receipts that tills handed in", "admin marketer approver support"),
    "tills.settle": _right("Settle receipts that disagree", "admin support"),
    "codes.check": _right("Check a promo code", "admin support", "till integration"),
    "codes.make": _right("Make batches of promo codes", "admin marketer", "integration"),
    "codes.activate": _right("Activate promo codes", "admin support", "till integration"),
    "codes.redeem": _right("Redeem promo codes", "", "till integration"),
    "codes.void": _right("Void promo codes, with a reason", "admin support", "integration"),
    "certificates.read": _right("Balance of a gift certificate", "admin support", "till integration"),
    "certificates.redeem": _right("Redeem and reverse gift certificates", "", "till"),
    "certificates.sell": _right("Issue certificates that an order paid for", "", "integration"),
    "certificates.ask": _right("Ask for a certificate or a refund by hand", "admin support"),
    "certificates.approve": _right("Approve what others ask for by hand", "admin approver"),
    "certificates.cards": _right("Take plastic cards in, without value", "admin"),
    "certificates.totals": _right("Sums of the certificates' ledger", "admin approver analyst", "integration"),
}


def of_role(role: str) -> frozenset[str]:
    """Return the rights of a role; an unknown role has none."""
    return frozenset(name for name, right in RIGHTS.items() if role in right.roles)


def of_kind(kind: str) -> frozenset[str]:
    """Return the rights that a key of this kind may be given."""
    return frozenset(name for name, right in RIGHTS.items() if kind in right.kinds)
