"""What a template may speak of, and which columns a step must keep for it."""

import difflib
from collections.abc import Iterable

from nodes.contract import IN_HAND
from nodes.liquid import Template, TemplateError
from wayfare.segments.facts import PROFILE, kind_of


def unknown_in(template: Template) -> list[TemplateError]:
    """Return one error, with its place, for each variable that no customer can have."""
    return [
        TemplateError(f"there is no variable '{name}'; did you mean '{_nearest(name)}'?", *place)
        for name, place in template.places.items()
        if not is_known(name)
    ]


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [*PROFILE, *IN_HAND], n=1)
    return close[0] if close else f"attrs.{name.rpartition('.')[2]}"


def is_known(name: str) -> bool:
    """Say whether a template may use this variable: a profile value, an attribute, the event's data, what was given to
    them on the way: a code, a certificate, a price, points.
    """
    return name in PROFILE or name in IN_HAND or name == "data" or kind_of(name) is not None


def columns_for(templates: Iterable[Template]) -> tuple[str, ...]:
    """Return the columns that hold the values of these templates, sorted; the zone too, in which instants are shown."""
    columns = set()
    for template in templates:
        for name in template.variables:
            columns.add("event" if name == "data" else name)
        if "date" in template.filters:
            columns.add("time_zone")
    return tuple(sorted(columns))
