"""Effects of a walk: what nodes asked for, turned into rows that are written with the moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from pydantic_core import PydanticCustomError

from engine.documents import canonical
from nodes.contract import (
    OFFERS,
    Change,
    Effect,
    Emit,
    Goal,
    GrantPrice,
    IssueCertificate,
    IssueCode,
    ListChange,
    MovePoints,
    Send,
)
from nodes.localtime import zone_of
from nodes.plain_money import major
from offers.certificates import proof
from offers.codes.text import compact, draw, grouped
from store.effects import CodeSource, NewCodes, NewMessages
from store.gifts import NewCertificates
from store.personal_prices import NewPrices
from store.points import Movement
from store.products import Product
from wayfare.errors import BadResult
from wayfare.promotions.effects import PercentOff
from wayfare.segments.facts import Fact
from wayfare.vault import Vault

if TYPE_CHECKING:
    from engine.passage import Passage

Drawing: TypeAlias = Callable[[CodeSource, str, Sequence[Any]], Sequence[bytes]]
Catalogue: TypeAlias = Callable[[Collection[str]], Mapping[str, Product]]
BALANCE = Fact("points.balance")
_PRIORITY = {"transactional": 1}

UNSEEN = ("code", "certificate")
"""What is taken back when no message ever showed it."""
_NAMES = {kind: frozenset(OFFERS[kind]) for kind in UNSEEN}


class Effects:
    """Collects the rows of one walk. Codes are drawn at once, because later nodes of the same walk read them."""

    def __init__(
        self,
        vault: Vault,
        code_batches: Mapping[str, CodeSource],
        list_ids: Mapping[str, int],
        draw_codes: Drawing,
        products: Catalogue,
    ) -> None:
        self.vault = vault
        self._products = products
        self._draw_codes = draw_codes
        self.pools = {key for key, batch in code_batches.items() if batch.uses_pool or batch.is_void}
        self.list_ids = list_ids
        self.code_batches = code_batches
        self.messages: list[NewMessages] = []
        self.variables: list[bytes] = []
        self.codes: list[NewCodes] = []
        self.changes: list[tuple[int, str, Any]] = []  # customer, attribute, value
        self.events: list[tuple[int, str, str, str, int, dict[str, Any]]] = []
        self.lists: list[tuple[int, int, bool]] = []  # list, customer, on or off
        self.goals: set[int] = set()
        self.certificates: list[NewCertificates] = []
        self.prices: list[NewPrices] = []
        self.points: list[Movement] = []
        self.fresh: set[int] = set()  # passages that have something new in hand
        self.told: dict[str, set[int]] = {kind: set() for kind in UNSEEN}  # whom a message of this walk shows it

    def draw(self, node: str, effects: Iterable[Effect], passage: Passage) -> set[int]:
        """Draw from pools what a step asks for; return those for whom nothing was left: they stay where they are."""
        held: set[int] = set()
        for effect in effects:
            if isinstance(effect, IssueCode) and effect.batch in self.pools:
                held |= self._draw(node, effect, self.code_batches[effect.batch], passage)
        return held

    def apply(self, node: str, effect: Effect, passage: Passage) -> None:
        """Take one effect of the node at which `passage` stands."""
        if isinstance(effect, Send):
            self._send(node, effect, passage)
        elif isinstance(effect, IssueCode):
            self._issue(node, effect, passage)
        elif isinstance(effect, IssueCertificate):
            self._certify(node, effect, passage)
        elif isinstance(effect, GrantPrice):
            self._grant(node, effect, passage)
        elif isinstance(effect, MovePoints):
            self._move_points(node, effect, passage)
        elif isinstance(effect, Change):
            rows = passage.rows
            _check(effect.values.values())
            self.changes += [(rows[id].customer_id, effect.name, value) for id, value in effect.values.items()]
        elif isinstance(effect, Emit):
            _check([dict(effect.data)])
            for id in effect.ids:
                row = passage.rows[id]
                key = f"{id}:{node}:{row.visit}"
                self.events.append((row.customer_id, "journey", key, effect.type, row.depth + 1, dict(effect.data)))
        elif isinstance(effect, ListChange):
            list_id = self.list_ids.get(effect.list)
            if list_id is None:
                raise BadResult(f"there is no list '{effect.list}'; create it or choose another")
            self.lists += [(list_id, passage.rows[id].customer_id, effect.add) for id in effect.ids]
        elif isinstance(effect, Goal):
            self.goals.update(effect.ids)
        else:
            raise BadResult(f"unknown effect {type(effect).__name__}")

    def _send(self, node: str, effect: Send, passage: Passage) -> None:
        rows = passage.rows
        self.variables += _variables(effect.ids, effect.variables, passage)
        for kind, told in self.told.items():
            if not _NAMES[kind].isdisjoint(effect.variables):
                told.update(effect.ids)
        found = [(id, (row := rows[id]).visit, row.customer_id) for id in effect.ids]
        priority = _PRIORITY.get(effect.purpose, 5)
        self.messages.append(NewMessages(node, effect.channel, effect.purpose, priority, found, effect.expires_at))

    def _issue(self, node: str, effect: IssueCode, passage: Passage) -> None:
        batch = self.code_batches.get(effect.batch)
        if batch is None:
            raise BadResult(f"there is no batch of codes '{effect.batch}'; create it or choose another")
        if effect.batch in self.pools:
            return  # they were drawn before anything else
        if batch.shared_text is not None:
            self._share(effect, batch.shared_text, passage)
            return
        columns, rows, digest = passage.columns, passage.rows, self.vault.digest
        phones = columns.get("phone", {}) if effect.bind_phone else {}
        codes, ends = columns["code"], columns["code_valid_until"]
        starts_at, ends_at = effect.valid_from.get, effect.valid_until.get
        issued = []
        skip, start = len(effect.prefix), compact(effect.prefix)
        for id, code in zip(effect.ids, draw(len(effect.ids), effect.length, effect.prefix), strict=True):
            codes[id], ends[id] = code, ends_at(id)
            phone, row = phones.get(id), rows[id]
            bound = digest("phone", phone) if phone else None
            key = (id, row.visit, row.customer_id)
            issued.append((*key, digest("code", start + code[skip:]), code[-4:], bound, starts_at(id), ends_at(id)))
        self.codes.append(NewCodes(node, batch.id, issued))
        self.fresh.update(effect.ids)

    def _draw(self, node: str, effect: IssueCode, source: CodeSource, passage: Passage) -> set[int]:
        ids = sorted(effect.ids)
        if source.is_void:
            return set(ids)
        columns, rows, digest = passage.columns, passage.rows, self.vault.digest
        phones = columns.get("phone", {}) if effect.bind_phone else {}
        wanted = []
        for id in ids:
            phone, row = phones.get(id), rows[id]
            bound = digest("phone", phone) if phone else None
            ends = effect.valid_until.get(id)
            wanted.append((id, row.visit, row.customer_id, bound, effect.valid_from.get(id), ends))
        drawn = self._draw_codes(source, node, wanted)
        given = ids[: len(drawn)]
        for id, sealed in zip(given, drawn, strict=True):
            columns["code"][id] = self.vault.open(sealed).decode()
            columns["code_valid_until"][id] = effect.valid_until.get(id)
        self.fresh.update(given)
        return set(ids[len(drawn) :])

    def _share(self, effect: IssueCode, code: str, passage: Passage) -> None:
        """Tell everybody the one code of a shared batch."""
        for id in effect.ids:
            passage.columns["code"][id] = code
            passage.columns["code_valid_until"][id] = effect.valid_until.get(id)
        self.fresh.update(effect.ids)

    def _certify(self, node: str, effect: IssueCertificate, passage: Passage) -> None:
        columns, vault, ids = passage.columns, self.vault, list(effect.ids)
        phones, rows = columns["phone"], passage.rows
        numbers, secrets = proof.new_numbers(len(ids)), proof.new_secrets(len(ids))
        issued = []
        for id, number, secret in zip(ids, numbers, secrets, strict=True):
            phone, until = phones.get(id), effect.valid_until.get(id)
            if not isinstance(phone, str) or not phone:
                raise BadResult("a certificate needs a phone number to be bound to; leave out who has none")
            digests = (proof.number_digest(vault, number), number[-4:], proof.secret_digest(vault, secret))
            issued.append((id, rows[id].visit, *digests, vault.digest("phone", phone), until))
            columns["certificate.number"][id], columns["certificate.secret"][id] = grouped(number), secret
            columns["certificate.code"][id] = f"{number}.{secret}"
            columns["certificate.amount"][id] = major(effect.amount)
            columns["certificate.currency"][id] = effect.currency
            columns["certificate.valid_until"][id] = until
        self.certificates.append(NewCertificates(node, effect.amount, effect.currency, issued))
        self.fresh.update(ids)

    def _grant(self, node: str, effect: GrantPrice, passage: Passage) -> None:
        rows, columns, found = passage.rows, passage.columns, []
        known = self._products({sku for id in effect.ids for sku in effect.skus.get(id, ())}) if effect.skus else {}
        for id in effect.ids:
            row, until = rows[id], effect.valid_until[id]
            things = [("brand", effect.brand)] if effect.brand else [("sku", sku) for sku in effect.skus.get(id, ())]
            found += [(id, row.visit, row.customer_id, *thing, until) for thing in dict.fromkeys(things)]
            values = price_shown(effect, known.get(things[0][1]) if things and not effect.brand else None)
            sku = things[0][1] if things and not effect.brand else None
            values |= {"price_sku": sku, "price_valid_until": until, "price_pieces": effect.pieces}
            for name, value in values.items():
                columns[name][id] = value
        price = (node, effect.price, effect.percent, effect.currency, effect.pieces)
        self.prices.append(NewPrices(*price, found))
        self.fresh.update(effect.ids)

    def _move_points(self, node: str, effect: MovePoints, passage: Passage) -> None:
        columns, rows, journey = passage.columns, passage.rows, f"journey {passage.version.journey_key}"
        balances = columns.get(BALANCE)
        if balances is None:
            raise BadResult("declare Fact('points.balance') in needs to move points")
        type, kind = ("points_earned", "given") if effect.points > 0 else ("points_spent", "taken")
        new = {row.customer_id: balances.get(id) or 0 for id, row in rows.items()}
        for id in sorted(effect.ids):
            row, until = rows[id], effect.expires_at.get(id)
            key = f"{id}:{node}:{row.visit}"
            self.points.append(Movement(row.customer_id, f"journey:{key}", kind, effect.points, until, journey))
            balance = new[row.customer_id] = new[row.customer_id] + effect.points
            data = {"points": abs(effect.points), "balance": balance, "journey": passage.version.journey_key}
            self.events.append((row.customer_id, "journey", f"{key}:points", type, row.depth + 1, data))
            columns["points"][id], columns["points_valid_until"][id] = abs(effect.points), until
            columns["points_balance"][id] = balance
        balances.update({id: new[row.customer_id] for id, row in rows.items()})
        self.fresh.update(effect.ids)

    def sealed_variables(self) -> list[bytes]:
        """Return the variables of all messages in their order, sealed under one fresh key."""
        return self.vault.seal_many(self.variables)


def price_shown(effect: GrantPrice, product: Product | None) -> dict[str, Any]:
    """Return how a message shows a price: that of the first product, as far as the catalogue knows it."""
    before = product.price if product else None
    price = effect.price
    if effect.percent is not None and before is not None:
        price = before - PercentOff(kind="percent", value=effect.percent).off(before, before)
    return {
        "price": None if price is None else major(price),
        "price_before": None if before is None else major(before),
        "price_percent": effect.percent,
        "price_currency": effect.currency or (product.currency if product else None),
        "price_product": (product.name or product.sku) if product else (effect.brand or None),
    }


def _check(values: Iterable[Any]) -> None:
    """Hold values of nodes to the rules of values from outside; equal plain ones are looked at once."""
    plain, other = set(), []
    for value in values:
        if isinstance(value, str | int | float):
            plain.add(value)
        elif value is not None:
            other.append(value)
    try:
        for value in (*plain, *other):
            canonical({"value": value})
    except PydanticCustomError as error:
        raise BadResult(f"a value that cannot be kept: {error.message()}") from None


def _variables(ids: Collection[int], names: Collection[str], passage: Passage) -> list[bytes]:
    """Return for each enrollment the named values as JSON, dotted names nested. Who has no zone gets the journey's."""
    columns: list[Mapping[int, Any]] = [passage.columns[name] for name in names]
    if "time_zone" in names:
        zones, default = passage.columns["time_zone"], passage.version.graph.window.time_zone
        columns[list(names).index("time_zone")] = {id: zone_of(zones.get(id), default).key for id in ids}
    if not any("." in name for name in names):
        rows = zip(*(map(column.get, ids) for column in columns), strict=True) if columns else repeat((), len(ids))
        return [orjson.dumps(dict(zip(names, row, strict=True)), default=str) for row in rows]
    found = []
    for id in ids:
        values: dict[str, Any] = {}
        for name, column in zip(names, columns, strict=True):
            *parents, leaf = name.split(".")
            inner = values
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[leaf] = column.get(id)
        found.append(orjson.dumps(values, default=str))
    return found
