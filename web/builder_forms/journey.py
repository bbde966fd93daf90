"""The settings of a whole journey as one form: who may enter, goals, exit rules, the time window, quiet hours."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from nodes.conditions import EVENT_TYPE, EventCondition
from nodes.localtime import is_zone

ENTRY = ("reentry", "key", "after_days", "exclude_segment", "holdout_percent", "limit_per_day")
WINDOW = {"opens": "from", "closes": "until", "time_zone": "time_zone"}
_REENTRY: dict[str, Any] = {
    "never": "Once, and never again",
    "after": "Again, when some days have passed",
    "always": "Each time",
    "per_key": "Once for each value, such as each order",
}


class Rule(BaseModel):
    """An event that counts, with conditions on what it carries."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field(
        title="Event", min_length=1, max_length=100, pattern=EVENT_TYPE, json_schema_extra={"widget": "event"}
    )
    where: EventCondition = Field(None, title="Only if", json_schema_extra={"widget": "event_rule"})
    name: str = Field("", title="Name in reports", max_length=200, json_schema_extra={"advanced": True})


class JourneySettings(BaseModel):
    """What a journey is besides its steps."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="Name", min_length=1, max_length=200)
    description: str = Field("", title="Description", max_length=2000, json_schema_extra={"rows": 2})
    reentry: Literal["never", "after", "always", "per_key"] = Field(
        "never", title="A customer may enter", json_schema_extra={"labels": _REENTRY}
    )
    after_days: int | None = Field(
        None,
        title="Days until a customer may enter again",
        ge=1,
        le=3660,
        json_schema_extra={"only": {"reentry": "after"}},
    )
    key: str | None = Field(
        None,
        title="Value that tells entries apart",
        max_length=200,
        description="What the event carries, such as data.order: one entry for each order.",
        json_schema_extra={"only": {"reentry": "per_key"}, "placeholder": "data.order"},
    )
    exclude_segment: str | None = Field(
        None,
        title="Keep out who is in",
        max_length=100,
        json_schema_extra={"widget": "segment", "placeholder": "Nobody"},
    )
    holdout_percent: Decimal = Field(
        Decimal(0),
        title="Hold back for comparison",
        ge=0,
        le=100,
        description="So many of a hundred customers stay out on purpose; they show what the journey changes.",
        json_schema_extra={"unit": "%"},
    )
    limit_per_day: int | None = Field(
        None,
        title="At most so many enter a day",
        ge=1,
        json_schema_extra={"unit": "customers", "placeholder": "No limit"},
    )
    goals: list[Rule] = Field(
        [],
        title="Goals",
        description="Events that the journey wants. The first one counts.",
        json_schema_extra={"row_name": "goal"},
    )
    exit_rules: list[Rule] = Field(
        [],
        title="Exit rules",
        description="Events that take a customer out early.",
        json_schema_extra={"row_name": "exit rule"},
    )
    quiet_hours: Literal["default", "none"] = Field(
        "default",
        title="Quiet hours",
        json_schema_extra={"labels": {"default": "As everywhere", "none": "None"}},
    )
    opens: datetime | None = Field(None, title="Takes customers in from")
    closes: datetime | None = Field(None, title="Takes customers in until")
    time_zone: str = Field(
        "UTC",
        title="Time zone",
        max_length=64,
        description="For these two dates, and for customers who have none.",
        json_schema_extra={"placeholder": "Europe/Kyiv"},
    )

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if not is_zone(name):
            raise PydanticCustomError(
                "time_zone", "there is no time zone '{name}'; write one like Europe/Kyiv", {"name": name}
            )
        return name

    @model_validator(mode="after")
    def _fits(self) -> "JourneySettings":
        if self.opens and self.closes and self.opens.replace(tzinfo=None) >= self.closes.replace(tzinfo=None):
            raise PydanticCustomError("window", "the journey closes before it opens: exchange the two dates")
        return self


def settings_of(name: str, description: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a journey's document as the settings of this form; what is at its default is left out."""
    entry, window = document.get("entry") or {}, document.get("window") or {}
    found: dict[str, Any] = {"name": name, "description": description}
    found |= {part: entry[part] for part in ENTRY if entry.get(part) is not None}
    found |= {part: list(document[part]) for part in ("goals", "exit_rules") if document.get(part)}
    found |= {"quiet_hours": document["quiet_hours"]} if document.get("quiet_hours") else {}
    return found | {ours: window[theirs] for ours, theirs in WINDOW.items() if window.get(theirs) is not None}


def changes(old: Mapping[str, Any], new: Mapping[str, Any], offset: str) -> dict[str, Any]:
    """Return the values of a `set_journey` for what differs; a part that a draft cannot hold stays as it was.

    `offset`: the distance from UTC of dates that are written without one.
    """
    wrong = wrong_parts(new)
    kept = {part: old.get(part) if part in wrong else new.get(part) for part in {*old, *new}}
    values: dict[str, Any] = {}
    if any(kept.get(part) != old.get(part) for part in ENTRY):
        values["entry"] = {part: kept[part] for part in ENTRY if kept.get(part) is not None}
    for part in ("goals", "exit_rules"):
        if kept.get(part) != old.get(part):
            values[part] = kept.get(part) or []
    if kept.get("quiet_hours") != old.get("quiet_hours"):
        values["quiet_hours"] = kept.get("quiet_hours") or "default"
    if any(kept.get(part) != old.get(part) for part in WINDOW):
        values["window"] = {
            theirs: _zoned(kept[ours], offset) for ours, theirs in WINDOW.items() if kept.get(ours) is not None
        }
    return values


def wrong_parts(settings: Mapping[str, Any]) -> set[str]:
    """Return the parts that are wrong in a way that no draft can hold; half-filled conditions it can."""
    try:
        JourneySettings.model_validate(dict(settings))
    except ValidationError as error:
        return {
            str(fault["loc"][0])
            for fault in error.errors(include_url=False)
            if fault["loc"] and "where" not in fault["loc"]
        }
    return set()


def _zoned(value: Any, offset: str) -> Any:
    """Add the zone to a local date and time."""
    is_local = isinstance(value, str) and len(value) in (16, 19) and value[10:11] == "T"
    return value + offset if is_local else value
