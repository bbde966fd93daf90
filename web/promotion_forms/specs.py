"""What control each field of a promotion needs, read from the types of the contract."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from wayfare.promotions import conditions, effects
from wayfare.promotions.scope import Attributes, Scope
from wayfare.promotions.values import Amount, Key, Keys, Moment, Money, Part, Percent, Pieces, Text, TimeOfDay, Zone


@dataclass(frozen=True, slots=True)
class Spec:
    """One field: its name in the document and the kind of its control.

    Kinds: text, percent, money, whole, time, zone, moment, bool, choice, checks, keys, attributes; and what has fields
    inside: scope, model, rows (`model` says of what), effect, simple (an effect on a price), steps, condition,
    conditions.
    """

    name: str
    kind: str
    is_optional: bool = False
    options: tuple[str, ...] = ()
    model: type[Part] | None = None
    default: Any = None


_PLAIN: tuple[tuple[Any, str], ...] = (
    (Percent, "percent"),
    (Amount, "money"),
    (Money, "money"),
    (Pieces, "whole"),
    (Moment, "moment"),
    (TimeOfDay, "time"),
    (Zone, "zone"),
    (Keys, "keys"),
    (Attributes, "attributes"),
    (Key, "text"),
    (Text, "text"),
    (list[Key], "keys"),
    (effects.Effect, "effect"),
    (effects.Simple, "simple"),
    (conditions.Condition, "condition"),
    (bool, "bool"),
    (int, "whole"),
    (str, "text"),
)


@cache
def specs_of(model: type[Part]) -> tuple[Spec, ...]:
    """Return the fields of a model in its order, without `kind`."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(
        _spec(
            field.alias or name, hints[name], None if field.is_required() else field.get_default(), field.is_required()
        )
        for name, field in model.model_fields.items()
        if name != "kind"
    )


def _spec(name: str, hint: Any, default: Any, is_required: bool) -> Spec:
    hint, is_optional = _without_none(hint)
    is_optional = is_optional or not is_required
    for known, kind in _PLAIN:
        if hint == known:
            return Spec(name, kind, is_optional, default=default)
    if get_origin(hint) is Annotated:
        inner = _spec(name, get_args(hint)[0], default, is_required)
        is_percent = "percent" in name and inner.kind == "text"
        return Spec(name, "percent" if is_percent else inner.kind, is_optional, inner.options, inner.model, default)
    if get_origin(hint) is Literal:
        return Spec(name, "choice", is_optional, tuple(map(str, get_args(hint))), default=default)
    if get_origin(hint) is list:
        return _list(name, get_args(hint)[0], is_optional, default)
    if isinstance(hint, type) and issubclass(hint, Scope):
        return Spec(name, "scope", True, model=hint, default=default)
    if isinstance(hint, type) and issubclass(hint, Part):
        return Spec(name, "model", is_optional, model=hint, default=default)
    raise LookupError(f"no control for the field {name!r} of type {hint!r}")


def _list(name: str, item: Any, is_optional: bool, default: Any) -> Spec:
    if item == conditions.Condition or "Condition" in str(getattr(item, "__forward_arg__", "")):
        return Spec(name, "conditions", is_optional, default=default)
    if name == "days":
        return Spec(name, "checks", is_optional, tuple("1234567"), default=default)
    if name == "steps":
        return Spec(name, "steps", is_optional, default=default)
    if get_origin(item) is Literal:
        return Spec(name, "checks", is_optional, tuple(map(str, get_args(item))), default=default)
    return Spec(name, "rows", is_optional, model=item, default=default)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was allowed. A field's own annotation may stand around both."""
    if get_origin(hint) is Annotated:
        inner, is_optional = _without_none(get_args(hint)[0])
        return (inner, True) if is_optional else (hint, False)
    if get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint):
        left = [one for one in get_args(hint) if one is not type(None)]
        return (left[0] if len(left) == 1 else Union[tuple(left)]), True  # noqa: UP007  the types are known at run time only
    return hint, False


def _by_kind(union: Any) -> Iterator[tuple[str, type[Part]]]:
    for model in get_args(get_args(union)[0]):
        for kind in get_args(model.model_fields["kind"].annotation):
            yield kind, model


EFFECTS: Mapping[str, type[Part]] = dict(_by_kind(effects.Effect))
SIMPLE: Mapping[str, type[Part]] = dict(_by_kind(effects.Simple))
CONDITIONS: Mapping[str, type[Part]] = dict(_by_kind(conditions.Condition))
