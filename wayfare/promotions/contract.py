"""The request as a document: a cart and a rule set. Unknown keys are refused."""

import json
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from wayfare.errors import InputRefused
from wayfare.promotions.conditions import Condition, GoodsCondition, QuantityCondition, leaves
from wayfare.promotions.effects import Bundle, BuyGet, Effect, Nth, PersonalPrice, Sets, target_of
from wayfare.promotions.scope import EVERYTHING, Line, Scope
from wayfare.promotions.values import Day, Key, Keys, Moment, Money, Part, Rate, Text, fault

LAYERS = ("price", "item", "personal", "order", "shipping", "gift")
GOODS_LAYERS = ("price", "item", "personal")
MOST_LINES, MOST_PROMOTIONS, MOST_NESTED = 1000, 1000, 12
Layer = Literal["price", "item", "personal", "order", "shipping", "gift"]


class Customer(Part):
    """Who buys, as far as promotions ask."""

    key: Key | None = None
    segments: Keys = Field(default_factory=list)
    level: Key | None = None
    order_number: Annotated[int, Field(ge=1)] | None = None
    birthday: Day | None = None


class Shipping(Part):
    """One parcel to pay for."""

    id: Key
    method: Key | None = None
    price: Money
    tax: Rate | None = None


class Cart(Part):
    """What is bought, by whom, where and when."""

    currency: Key
    at: Moment
    lines: Annotated[list[Line], Field(max_length=MOST_LINES)]
    tax_mode: Literal["inclusive", "exclusive", "none"] = "inclusive"
    channel: Key | None = None
    store: Key | None = None
    region: Key | None = None
    payment: Key | None = None
    customer: Customer | None = None
    shipping: Annotated[list[Shipping], Field(max_length=100)] = Field(default_factory=list)
    stock: Annotated[dict[Key, Annotated[int, Field(ge=0)]], Field(max_length=10_000)] = Field(default_factory=dict)
    codes: Annotated[list[Key], Field(max_length=100)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _unique(self) -> "Cart":
        _no_doubles("line", [line.id for line in self.lines])
        _no_doubles("shipping entry", [one.id for one in self.shipping])
        return self


class Group(Part):
    """Promotions of one layer that compete or stack."""

    key: Key
    layer: Layer
    position: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    policy: Literal["best", "first", "all"] = "best"
    percent_base: Literal["running", "list"] = "running"


class Budget(Part):
    """What is left to give: minor units (`spend`) or uses (`usage`)."""

    kind: Literal["spend", "usage"]
    remaining: Annotated[int, Field(ge=0)]
    partial: bool = False


class Limits(Part):
    """How much of a promotion one cart may have."""

    max_units: Annotated[int, Field(ge=0)] | None = None
    max_units_line: Annotated[int, Field(ge=0)] | None = None
    pick: Literal["cheapest", "dearest"] = "cheapest"
    max_discount_unit: Money | None = None
    max_discount_cart: Money | None = None
    repeat: Annotated[int, Field(ge=0)] | None = None
    budget: Budget | None = None


class Promotion(Part):
    """One offer with one effect."""

    key: Key
    effect: Effect
    name: Text = ""
    group: Key | None = None
    layer: Layer | None = None
    priority: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] = 0
    standalone: bool = False
    never_with: Keys = Field(default_factory=list)
    never_on: Literal["cart", "unit"] = "cart"
    requires_code: Key | None = None
    scope: Scope = EVERYTHING
    conditions: Annotated[list[Condition], Field(max_length=100)] = Field(default_factory=list)
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _placed(self) -> "Promotion":
        if (self.group is None) == (self.layer is None):
            raise fault("group_or_layer", "give either group or layer")
        budget = self.limits.budget
        if budget and budget.partial and target_of(self.effect) not in ("order", "shipping", "shipping_total"):
            raise fault("partial_target", "a partial budget needs an effect on the order or on shipping")
        return self

    @property
    def is_multibuy(self) -> bool:
        """Tell whether the effect ties units together."""
        return isinstance(self.effect, Sets | Bundle | BuyGet | Nth)


class Cap(Part):
    """A contract: the discounts of the named layers on a unit are together at most this."""

    key: Key
    scope: Scope = EVERYTHING
    max_percent: Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")] | None = None
    max_amount: Money | None = None
    layers: Annotated[list[Layer], Field(min_length=1, max_length=6)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Cap":
        if self.max_percent is None and self.max_amount is None:
            raise fault("bad_cap", "give max_percent or max_amount")
        return self


class Ruleset(Part):
    """All promotions in force, their groups and caps."""

    version: Key = "inline"
    groups: Annotated[list[Group], Field(max_length=1000)] = Field(default_factory=list)
    promotions: Annotated[list[Promotion], Field(max_length=MOST_PROMOTIONS)] = Field(default_factory=list)
    caps: Annotated[list[Cap], Field(max_length=1000)] = Field(default_factory=list)
    smallest_price: Money = 0


class Request(Part):
    """One request for a quote."""

    cart: Cart
    ruleset: Ruleset = Ruleset()
    ref: Text | None = None


def parse_request(document: object) -> Request:
    """Return a document as a request. Raises InputRefused with path, code and message of the first fault."""
    request: Request = _validated(Request, document)
    check_ruleset(request.ruleset, "ruleset.")
    return request


def parse_cart(document: object) -> Cart:
    """Return a document as a cart. Raises InputRefused with path, code and message of the first fault."""
    cart: Cart = _validated(Cart, document)
    return cart


def parse_ruleset(document: object) -> Ruleset:
    """Return a document as a rule set. Raises InputRefused with path, code and message of the first fault."""
    ruleset: Ruleset = _validated(Ruleset, document)
    check_ruleset(ruleset, "")
    return ruleset


def parse_promotion(document: object, prefix: str = "") -> Promotion:
    """Return a document as a promotion beside no others. Raises InputRefused with the path of its first fault."""
    if _depth(document, 2 * MOST_NESTED + 8):
        raise InputRefused("too_deep", f"nest conditions at most {MOST_NESTED} levels", path=prefix.rstrip("."))
    try:
        one: Promotion = _validated(Promotion, document)
        check_ruleset(Ruleset(promotions=[one]), "")
    except InputRefused as error:
        path = (error.path or "").removeprefix("promotions.0.")
        raise InputRefused(error.code, str(error), path=f"{prefix}{path}".rstrip(".")) from None
    return one


def parse_json(text: str) -> Any:
    """Return JSON text as a document. Raises InputRefused."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise InputRefused("double_key", "a key occurs twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise InputRefused("not_json", f"this is not JSON: {error}") from None


def check_ruleset(ruleset: Ruleset, prefix: str) -> None:
    """Check what promotions, groups and caps say about each other. Raises InputRefused."""
    groups = {group.key: group for group in ruleset.groups}
    keys = [*(one.key for one in ruleset.groups), *(one.key for one in ruleset.promotions)]
    for key, count in Counter(keys).items():
        if count > 1:
            raise InputRefused("double_key", f"the key '{key}' occurs twice", path=f"{prefix}promotions")
    _unique_caps(ruleset, prefix)
    known = {*keys, *LAYERS}
    for index, one in enumerate(ruleset.promotions):
        path = f"{prefix}promotions.{index}"
        if one.group is not None and one.group not in groups:
            raise InputRefused("unknown_group", f"there is no group '{one.group}'", path=f"{path}.group")
        layer = one.layer or groups[one.group or ""].layer
        if layer not in layers_of(one.effect):
            raise InputRefused("wrong_layer", f"this effect cannot be in layer {layer}", path=f"{path}.effect")
        if one.is_multibuy and one.group is not None and groups[one.group].policy == "first":
            raise InputRefused("multibuy_in_first", "a FIRST group takes no multi-buys", path=f"{path}.effect")
        for place, key in enumerate(one.never_with):
            if key not in known:
                message = f"there is no promotion or group '{key}'"
                raise InputRefused("unknown_key", message, path=f"{path}.never_with.{place}")
        _no_skip_in_conditions(one, path)


def layers_of(effect: Effect) -> tuple[str, ...]:
    """Return the layers that an effect may stand in."""
    if isinstance(effect, PersonalPrice):
        return ("price",)
    places = {"order": ("order",), "shipping": ("shipping",), "shipping_total": ("shipping",), "gift": ("gift",)}
    return places.get(target_of(effect), LAYERS if effect.kind == "cashback" else GOODS_LAYERS)


def scopes_of(ruleset: Ruleset) -> list[Scope]:
    """Return every scope that occurs."""
    found = [cap.scope for cap in ruleset.caps]
    for one in ruleset.promotions:
        found.append(one.scope)
        if isinstance(one.effect, BuyGet):
            found += [one.effect.buy.scope, one.effect.get.scope]
        if isinstance(one.effect, Bundle):
            found += [part.scope for part in one.effect.parts]
        for condition in one.conditions:
            found += [leaf.scope for leaf in leaves(condition) if isinstance(leaf, GoodsCondition | QuantityCondition)]
    return found


def _unique_caps(ruleset: Ruleset, prefix: str) -> None:
    caps = [cap.key for cap in ruleset.caps]
    if len(caps) != len(set(caps)):
        raise InputRefused("double_key", "two caps have the same key", path=f"{prefix}caps")


def _no_skip_in_conditions(one: Promotion, path: str) -> None:
    for place, condition in enumerate(one.conditions):
        for leaf in leaves(condition):
            if isinstance(leaf, GoodsCondition | QuantityCondition) and leaf.scope.skip_discounted:
                message = "a condition measures all units of its scope, reduced or not"
                raise InputRefused("skip_discounted", message, path=f"{path}.conditions.{place}")


def _no_doubles(what: str, ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        double = next(id for id, count in Counter(ids).items() if count > 1)
        raise fault("double_id", f"the {what} id '{double}' occurs twice")


def _depth(document: object, limit: int) -> bool:
    """Tell whether a document nests deeper than `limit`."""
    if not isinstance(document, dict | list):
        return False
    inner = document.values() if isinstance(document, dict) else document
    return limit == 0 or any(_depth(one, limit - 1) for one in inner)


def _validated(model: type[Any], document: object) -> Any:
    rules = document.get("ruleset") if isinstance(document, dict) and model is Request else document
    if model is not Cart and _depth(rules, 2 * MOST_NESTED + 8):  # a cart has nothing that nests
        raise InputRefused("too_deep", f"nest conditions at most {MOST_NESTED} levels")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        words = {"missing": "this key is missing", "extra_forbidden": "there is no such key here"}
        message = words.get(first["type"], first["msg"])
        raise InputRefused(first["type"], message, path=path_in(document, first["loc"])) from None


def path_in(document: object, place: tuple[int | str, ...]) -> str:
    """Return pydantic's place as a path in the document: without the names of the choices it tried."""
    path: list[str] = []
    here: Any = document
    for number, step in enumerate(place):
        within = step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int)
        if within:
            here = here[step]
        elif number < len(place) - 1 or not isinstance(here, dict):
            continue
        path.append(str(step))
    return ".".join(path)
