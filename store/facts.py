"""Loading what rules and nodes ask for: a constant number of statements, however many customers.

Profile values, attributes and the figures kept per customer come with one SELECT of just these columns. Memberships
cost one statement a kind, windowed figures one a family (see `windows.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, in_texts, raw_cursor, text_list
from store.types import instant_of
from store.windows import load_figures
from wayfare.errors import StoreError
from wayfare.segments.facts import COUNTED, PROFILE, WINDOWED, Fact, Kind, kind_of

Column = dict[int, Any]

_FIGURES = {
    "orders.count": "coalesce(f.order_count, 0)",
    "orders.sum": "coalesce(f.order_sum, 0)",
    "orders.first_at": "f.first_order_at",
    "orders.last_at": "f.last_order_at",
    "value.spent": "coalesce(f.order_sum, 0)",
}
_RECKONED = {
    **{f"rfm.{name}": f"v.{name}" for name in ("recency", "frequency", "monetary")},
    "rfm.group": "v.rfm_group",
    "rfm.since": "v.rfm_since",
    **{f"value.{name}": f"v.{name}" for name in ("predicted", "orders_expected", "alive", "profit")},
}
_OWN = {"points.balance": "coalesce((SELECT a.balance FROM points_account a WHERE a.customer_id = c.id), 0)"}
_INSTANTS = {name for name, kind in PROFILE.items() if kind is Kind.INSTANT} | {"erased_at"}


def load_facts(
    conn: Connection, customer_ids: Sequence[int], facts: Iterable[Fact], now: datetime
) -> dict[Fact, Column]:
    """Return one column a fact: customer id to value.

    A value that is not there is None, a figure over nothing 0, a membership or consent False; customers that do not
    exist have them too. Values are the same on both databases: aware instants in UTC, dates, text, numbers, and
    whatever an attribute's JSON holds. `erased_at` can be asked for beside the facts that rules know.
    """
    wanted = list(dict.fromkeys(facts))
    plain = [fact for fact in wanted if fact == Fact.of(fact.name) and _is_plain(fact.name)]
    loaded = _profile(conn, customer_ids, plain) if plain else {}
    by_kind: dict[str, list[Fact]] = {}
    figures: list[Fact] = []
    for fact in wanted:
        if fact not in loaded:
            by_kind.setdefault(fact.name, []).append(fact)
    for name, some in by_kind.items():
        if name in _FLAGS:
            loaded.update(_FLAGS[name](conn, customer_ids, some))
        elif name not in WINDOWED and name not in ("events.turns_at", "orders.turns_at"):
            raise StoreError(f"there is no fact '{name}' to load; attributes are written attrs.NAME")
        else:
            figures += some
    loaded.update(load_figures(conn, customer_ids, figures, now))
    return loaded


def _is_plain(name: str) -> bool:
    return name in PROFILE or name == "erased_at" or (name.startswith("attrs.") and kind_of(name) is not None)


def _profile(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    """One SELECT of the columns asked for, by the driver itself: this is on the way of every batch."""
    is_sqlite = conn.dialect.name == "sqlite"
    columns: list[str] = []
    parameters: list[Any] = []
    for fact in facts:
        if fact.name in _FIGURES:
            columns.append(_FIGURES[fact.name])
        elif fact.name in _RECKONED:
            columns.append(_RECKONED[fact.name])
        elif fact.name in _OWN:
            columns.append(_OWN[fact.name])
        elif not fact.name.startswith("attrs."):
            columns.append(f"c.{fact.name}")
        elif is_sqlite:
            path = f'$."{fact.name[6:]}"'
            columns.append(
                "CASE json_type(c.attributes, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
                "WHEN 'integer' THEN json_extract(c.attributes, ?) WHEN 'real' THEN json_extract(c.attributes, ?) "
                "ELSE json_quote(json_extract(c.attributes, ?)) END"
            )
            parameters += [path] * 4
        else:
            columns.append("(c.attributes -> %s::text)::text")
            parameters.append(fact.name[6:])
    join = " LEFT JOIN customer_fact f ON f.customer_id = c.id" if any(f.name in _FIGURES for f in facts) else ""
    if any(f.name in _RECKONED for f in facts):
        join += " LEFT JOIN customer_value v ON v.customer_id = c.id"
    narrow = "c.id IN (SELECT value FROM json_each(?))" if is_sqlite else "c.id = ANY(%s::bigint[])"
    cursor = raw_cursor(conn)
    statement = f"SELECT c.id, {', '.join(columns)} FROM customer c{join} WHERE {narrow}"
    cursor.execute(statement, [*parameters, id_list(conn, ids)])
    rows = cursor.fetchall()
    cursor.close()
    if not rows:
        rows = [()] * (len(facts) + 1)
        found: tuple[int, ...] = ()
        values: Sequence[Sequence[Any]] = rows[1:]
    else:
        found, *values = zip(*rows, strict=True)
    loaded: dict[Fact, Column] = {}
    for fact, column in zip(facts, values, strict=True):
        convert = _converter(fact.name, is_sqlite=is_sqlite)
        loaded[fact] = dict(zip(found, map(convert, column) if convert else column, strict=True))
    if len(found) < len(ids):
        for fact, known in loaded.items():
            nothing = 0 if fact.name in COUNTED else None
            known.update(dict.fromkeys(set(ids) - set(found), nothing))
    return loaded


def _converter(name: str, *, is_sqlite: bool) -> Callable[[Any], Any] | None:
    """Return what makes a value of the driver the one we promise, or None when it is that already."""
    if name.startswith("attrs."):
        return lambda value: orjson.loads(value) if isinstance(value, str) else value
    if is_sqlite and name in _INSTANTS:
        return lambda value: None if value is None else instant_of(value)
    if is_sqlite and name == "birthday":
        return lambda value: None if value is None else date.fromisoformat(value)
    return None


def _segments(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    return _members(conn, ids, facts, "segment_member m JOIN segment s ON s.id = m.segment_id")


def _lists(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    return _members(conn, ids, facts, "list_member m JOIN customer_list s ON s.id = m.list_id")


def _members(conn: Connection, ids: Sequence[int], facts: Sequence[Fact], tables: str) -> dict[Fact, Column]:
    statement = f"""SELECT s.key, m.customer_id FROM {tables}
        WHERE {in_texts(conn, "s.key", "keys")} AND {in_ids(conn, "m.customer_id")}"""
    parameters = {"keys": text_list(conn, [fact.key for fact in facts]), "ids": id_list(conn, ids)}
    by_key = {fact.key: fact for fact in facts}
    loaded: dict[Fact, Column] = {fact: dict.fromkeys(ids, False) for fact in facts}
    for key, customer in conn.execute(text(statement), parameters):
        loaded[by_key[key]][customer] = True
    return loaded


def _consents(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    statement = f"""SELECT channel, purpose, customer_id FROM consent
        WHERE granted AND {in_texts(conn, "channel", "channels")} AND {in_ids(conn, "customer_id")}"""
    parameters = {"channels": text_list(conn, [fact.key for fact in facts]), "ids": id_list(conn, ids)}
    by_key = {(fact.key, fact.purpose): fact for fact in facts}
    loaded: dict[Fact, Column] = {fact: dict.fromkeys(ids, False) for fact in facts}
    for channel, purpose, customer in conn.execute(text(statement), parameters):
        if (fact := by_key.get((channel, purpose))) is not None:
            loaded[fact][customer] = True
    return loaded


def _addresses(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    """Say for each channel who has an address on it: their own, or a handle under which they are known there."""
    own = {"email": "email", "sms": "phone", "viber": "phone", "whatsapp": "phone", "in_app": "key"}
    loaded: dict[Fact, Column] = {fact: dict.fromkeys(ids, False) for fact in facts}
    by_channel = {fact.key: loaded[fact] for fact in facts}
    parameters = {"ids": id_list(conn, ids)}
    for id, email, phone, key in conn.execute(
        text(f"SELECT id, email, phone, key FROM customer WHERE {in_ids(conn, 'id')}"), parameters
    ):
        has = {"email": bool(email), "phone": bool(phone), "key": bool(key)}
        for channel, column in by_channel.items():
            if channel in own:
                column[id] = has[own[channel]]
    others = [channel for channel in by_channel if channel not in own]
    if others:
        rows = conn.execute(
            text(
                f"""SELECT customer_id, kind FROM identity WHERE {in_ids(conn, "customer_id")}
                AND {in_texts(conn, "kind", "kinds")}"""
            ),
            parameters | {"kinds": text_list(conn, others)},
        )
        for id, kind in rows:
            by_channel[kind][id] = True
    return loaded


REACTIONS = ("message.opened", "message.clicked", "message.replied")
"""Events that say on which channel, in `data.channel`, a customer reacted."""


def _last_channels(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    """Return the channel on which each customer reacted last. Served by ix_event_customer_type_at."""
    channel = "json_extract(data, '$.channel')" if conn.dialect.name == "sqlite" else "data ->> 'channel'"
    rows = conn.execute(
        text(
            f"""SELECT customer_id, channel FROM (SELECT customer_id, {channel} AS channel,
            row_number() OVER (PARTITION BY customer_id ORDER BY at DESC, id DESC) AS place FROM event
            WHERE {in_ids(conn, "customer_id")} AND {in_texts(conn, "type", "types")}) AS reactions WHERE place = 1"""
        ),
        {"ids": id_list(conn, ids), "types": text_list(conn, REACTIONS)},
    )
    column: Column = dict.fromkeys(ids)
    column.update({row[0]: row[1] for row in rows})
    return dict.fromkeys(facts, column)


MOST_WISHES = 20


def _wishes(conn: Connection, ids: Sequence[int], facts: Sequence[Fact]) -> dict[Fact, Column]:
    """Return the SKUs on each customer's wish list, the latest first, as a list of at most `MOST_WISHES`."""
    rows = conn.execute(
        text(
            f"""SELECT customer_id, sku FROM (SELECT customer_id, sku, row_number() OVER (
            PARTITION BY customer_id ORDER BY at DESC, sku) AS place FROM wish_list_item
            WHERE {in_ids(conn, "customer_id")}) AS wishes WHERE place <= {MOST_WISHES} ORDER BY customer_id, place"""
        ),
        {"ids": id_list(conn, ids)},
    )
    column: Column = {id: [] for id in ids}
    for customer, sku in rows:
        column[customer].append(sku)
    return dict.fromkeys(facts, column)


_FLAGS: dict[str, Callable[[Connection, Sequence[int], Sequence[Fact]], dict[Fact, Column]]] = {
    "segment": _segments,
    "list": _lists,
    "consent": _consents,
    "address": _addresses,
    "last_channel": _last_channels,
    "wish_list": _wishes,
}
