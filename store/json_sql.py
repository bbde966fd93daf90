"""Type-guarded values out of JSON columns as SQL: a wrong type is no value (NULL), never an error of the query."""

from typing import Any

from sqlalchemy import ColumnElement, Float, Text, case, cast, func, literal, literal_column, not_
from sqlalchemy.types import TypeEngine


def kind_at(dialect: str, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return which JSON type a field has: NULL when it is missing; the words are those of the database."""
    if dialect == "sqlite":
        return func.json_type(document, _path(name), type_=Text())
    return func.jsonb_typeof(_member(document, name), type_=Text())


def text_at(dialect: str, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return a field that is text."""
    return _guarded(dialect, document, name, ("text", "string"), _raw(dialect, document, name, Text()))


def number_at(dialect: str, document: ColumnElement[Any], name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a field that is a number, on PostgreSQL as `kind`."""
    raw = _raw(dialect, document, name, kind)
    return _guarded(dialect, document, name, ("integer", "real", "number"), raw)


def is_bool_at(dialect: str, document: ColumnElement[Any], name: str, value: bool) -> ColumnElement[bool]:
    """Return whether a field is this very truth value."""
    if dialect == "sqlite":
        return kind_at(dialect, document, name) == ("true" if value else "false")
    return _member(document, name) == literal_column("'true'::jsonb" if value else "'false'::jsonb")


def is_set_at(dialect: str, document: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a field is there, not null and not the empty text."""
    return kind_at(dialect, document, name).is_not(None) & not_(
        (kind_at(dialect, document, name) == "null")
        | func.coalesce(text_at(dialect, document, name) == "", _false(dialect))
    )


def equals_at(dialect: str, document: ColumnElement[Any], name: str, value: str | float | bool) -> ColumnElement[bool]:
    """Return whether a field equals a constant; text exactly, by code point."""
    if isinstance(value, bool):
        return is_bool_at(dialect, document, name, value)
    if isinstance(value, str):
        return text_at(dialect, document, name) == value
    return number_at(dialect, document, name, Float()) == literal(float(value), Float())


def _guarded(
    dialect: str, document: ColumnElement[Any], name: str, kinds: tuple[str, ...], value: ColumnElement[Any]
) -> ColumnElement[Any]:
    return case((kind_at(dialect, document, name).in_(kinds), value))


def _raw(dialect: str, document: ColumnElement[Any], name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return func.json_extract(document, _path(name), type_=kind)
    text = func.jsonb_extract_path_text(document, name, type_=Text())
    return text if isinstance(kind, Text) else cast(text, kind)


def _member(document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    return func.jsonb_extract_path(document, name)


def _path(name: str) -> str:
    """Return SQLite's path to a field. Names hold letters, digits, _, - and dots only: see `kind_of` and `Where`."""
    return f'$."{name}"'


def _false(dialect: str) -> ColumnElement[bool]:
    return literal_column("0" if dialect == "sqlite" else "false")
