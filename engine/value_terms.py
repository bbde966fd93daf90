"""The settings of value as they are stored."""

from datetime import datetime

from pydantic import ValidationError

from store.db import Connection
from store.workspace import read_setting, write_setting
from wayfare.value.terms import Terms

_NAME = "value"


def terms_of(conn: Connection) -> Terms:
    """Return the settings; the defaults where nothing was set, or what is stored is of another age."""
    try:
        return Terms.model_validate(read_setting(conn, _NAME) or {})
    except ValidationError:
        return Terms()


def keep_terms(conn: Connection, terms: Terms, now: datetime) -> None:
    """Keep settings; what they change is reckoned with the next computation."""
    write_setting(conn, _NAME, terms.model_dump(mode="json"), now=now)
