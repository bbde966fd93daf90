"""The terms of value as a form: amounts in major units, names and amounts in pairs."""

from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from wayfare.value.terms import Terms

_PLAIN = (
    *("currency", "margin", "rate", "horizon_years", "trade", "source_attribute", "hours_attribute"),
    *("service_event", "minutes_field", "rfm_every", "value_every"),
)
_MONEY = ("order_cost", "hour_cost")


def shown(terms: Terms) -> dict[str, Any]:
    """Return what the fields show."""
    values: dict[str, Any] = {name: _text(getattr(terms, name)) for name in _PLAIN}
    values |= {name: _major(getattr(terms, name)) for name in _MONEY}
    otherwise = terms.acquisition_otherwise
    values["acquisition_otherwise"] = "" if otherwise is None else _major(otherwise)
    values["acquisition"] = [(name, _major(cost)) for name, cost in terms.acquisition.items()]
    values["message_costs"] = [(name, _text(cost / 100)) for name, cost in terms.message_costs.items()]
    return values


def posted(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what the fields show after a post that was refused."""
    values: dict[str, Any] = {name: form.get(name, "")[:200] for name in (*_PLAIN, *_MONEY, "acquisition_otherwise")}
    values["acquisition"] = _pairs(form, "source", "source_cost")
    values["message_costs"] = _pairs(form, "channel", "channel_cost")
    return values


def meant(form: MultiDict[str, str]) -> Terms:
    """Return the terms that a form means. Raises ValidationError."""
    values = posted(form)
    found: dict[str, Any] = {name: values[name].strip() for name in _PLAIN}
    found["margin"], found["rate"] = _decimal(found["margin"]), _decimal(found["rate"])
    found |= {name: _minor(values[name] or "0") for name in _MONEY}
    if values["acquisition_otherwise"].strip():
        found["acquisition_otherwise"] = _minor(values["acquisition_otherwise"])
    found["acquisition"] = {name: _minor(cost) for name, cost in values["acquisition"] if cost.strip()}
    found["message_costs"] = {
        name: _times(cost, 100) for name, cost in values["message_costs"] if name and cost.strip()
    }
    return Terms.model_validate(found)


def wrong(problem: ValidationError) -> dict[str, str]:
    """Return what is wrong by field, in words for people."""
    return {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in problem.errors()}


def _pairs(form: MultiDict[str, str], names: str, amounts: str) -> list[tuple[str, str]]:
    given = zip(form.getlist(names)[:200], form.getlist(amounts)[:200], strict=False)
    return [(name.strip()[:100], amount.strip()[:40]) for name, amount in given]


def _decimal(text: str) -> str:
    return text.replace(",", ".").replace("\u202f", "").replace(" ", "")


def _minor(text: str) -> Any:
    """Return an amount in minor units, or the text itself, which pydantic then refuses with its field."""
    found = _times(text, 100)
    return int(found) if isinstance(found, Decimal) and found == found.to_integral_value() else text


def _times(text: str, by: int) -> Decimal | str:
    try:
        found = Decimal(_decimal(text)) * by
    except InvalidOperation:
        return text
    return found if found.is_finite() else text


def _major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _text(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
