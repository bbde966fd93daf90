"""Values that depend on the customer's zone, worked out in Python once a zone and joined: SQL never converts zones."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, FromClause, Text, cast, func, literal, literal_column, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from store.types import sqlite_text
from wayfare.segments.days import find_zone
from wayfare.segments.moment import Moment

_IN_USE = text(
    """WITH RECURSIVE zones(zone) AS (
        SELECT min(time_zone) FROM customer
        UNION ALL
        SELECT (SELECT min(time_zone) FROM customer WHERE time_zone > zones.zone)
        FROM zones WHERE zones.zone IS NOT NULL
    ) SELECT zone FROM zones WHERE zone IS NOT NULL"""
)
"""The zones in use: hops from one to the next in ix_customer_zone_birthday instead of reading every customer."""


class ZoneValues:
    """The columns of a table with one row for each zone in use. It goes in as one JSON parameter."""

    def __init__(self, dialect: str, now: datetime, default_zone: str) -> None:
        self.dialect = dialect
        self.now = now
        self.default = Moment(now, None, default_zone)
        self._columns: dict[str, tuple[TypeEngine[Any], Callable[[Moment], Any]]] = {}
        self._places: dict[str, str] = {}

    def value(self, name: str, kind: TypeEngine[Any], work_out: Callable[[Moment], Any]) -> ColumnElement[Any]:
        """Return what `work_out` gives for the customer's zone; for the default's where that is empty or unknown.

        Values of one name are worked out once.
        """
        place = self._places.setdefault(name, f"v{len(self._places)}")
        self._columns[place] = (kind, work_out)
        return func.coalesce(literal_column(f"zones.{place}", kind), literal(work_out(self.default), kind), type_=kind)

    def joined(self, conn: Connection, customers: FromClause) -> FromClause:
        """Return the customers with the zones beside them; one statement looks up which zones are in use."""
        if not self._columns:
            return customers
        rows = []
        for name in conn.execute(_IN_USE).scalars():
            if find_zone(name) is not None:
                moment = Moment(self.now, name)
                values = {place: self._written(work_out(moment)) for place, (_, work_out) in self._columns.items()}
                rows.append({"zone": name, **values})
        return customers.outerjoin(self._table(orjson.dumps(rows).decode()), text("zones.zone = customer.time_zone"))

    def _table(self, rows: str) -> FromClause:
        if self.dialect == "sqlite":
            each = func.json_each(literal(rows, Text())).table_valued("value", name="zone_rows")
            extracted: dict[str, ColumnElement[Any]] = {
                place: func.json_extract(each.c.value, f"$.{place}", type_=kind)
                for place, (kind, _) in self._columns.items()
            }
            zone = func.json_extract(each.c.value, "$.zone", type_=Text())
        else:
            each = func.jsonb_array_elements(cast(literal(rows, Text()), JSONB)).table_valued("value", name="zone_rows")
            element = cast(each.c.value, JSONB)
            extracted = {
                place: cast(func.jsonb_extract_path_text(element, place), kind)
                for place, (kind, _) in self._columns.items()
            }
            zone = func.jsonb_extract_path_text(element, "zone")
        columns = [value.label(place) for place, value in extracted.items()]
        return select(zone.label("zone"), *columns).subquery("zones")

    def _written(self, value: Any) -> Any:
        return sqlite_text(value) if self.dialect == "sqlite" and isinstance(value, datetime) else value
