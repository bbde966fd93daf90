"""Kinds of settings that several node types share."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from wayfare.segments.facts import Kind, kind_of


def _is_date(name: str) -> str:
    if name.startswith("data.") or kind_of(name) not in (Kind.DATE, Kind.INSTANT, Kind.ANY):
        raise PydanticCustomError(
            "not_a_date",
            "'{name}' is not a date of the customer; use birthday, created_at, orders.last_at or attrs.NAME",
            {"name": name},
        )
    return name


DateFact = Annotated[
    str, Field(min_length=1, max_length=110), AfterValidator(_is_date), Field(json_schema_extra={"widget": "date_fact"})
]
"""The name of a date that is known of a customer: birthday, created_at, orders.last_at, attrs.NAME."""


def _is_wall_time(at: time) -> time:
    if at.tzinfo is not None:
        raise PydanticCustomError("time_zone_naive", "leave the time zone out: it is the customer's")
    return at


WallTime = Annotated[time, AfterValidator(_is_wall_time)]
"""A time of day in the customer's zone."""


_CHANNELS = {"email": "E-mail", "sms": "SMS", "whatsapp": "WhatsApp", "in_app": "In the app"}


def channel_name(key: str) -> str:
    """Return what people call a channel."""
    return _CHANNELS.get(key) or key.replace("_", " ").capitalize()


def is_anniversary(name: str) -> bool:
    """Say whether a date comes back every year by its nature: the year of a birthday is the year of birth."""
    return name == "birthday"
