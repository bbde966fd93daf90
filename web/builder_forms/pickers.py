"""What a picker offers: the rows of its kind that match what was typed, page by page; and what to do without any."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.channels import NAMES as CHANNELS
from store.db import Connection
from store.views import known
from wayfare.segments.facts import PROFILE, Kind, kind_of
from wayfare.value.rfm import GROUPS
from web import masks, words
from web.builder_forms import steps
from web.builder_forms.choices import SIZE, Choice, Picked, page_of
from web.builder_forms.rule_form import label

_PERSONAL = frozenset({"key", "phone", "email", "first_name", "last_name", "birthday"})


@dataclass(frozen=True, slots=True)
class Empty:
    """What a picker says while there is nothing to choose: why, and where that can be changed."""

    title: str
    text: str
    href: str = ""
    action: str = ""


_NOWHERE = Empty("", "")


@dataclass(frozen=True, slots=True)
class Picker:
    """A kind of thing to choose. `is_free`: what is not on the list may be typed as well; `is_open` says whether there
    can be any yet, else `closed` says why not.
    """

    rows: Callable[[Connection, str, str, int], Picked]
    empty: Empty
    is_free: bool = False
    name: Callable[[Connection, str, str], str | None] = lambda conn, value, about: None
    right: str = "journeys.read"
    is_open: Callable[[], bool] = lambda: True
    closed: Empty = _NOWHERE


def pick(conn: Connection, kind: str, text: str, page: int = 1, about: str = "") -> Picked:
    """Return one page of what a picker offers. `about` narrows some kinds: the event whose fields are meant."""
    return PICKERS[kind].rows(conn, text, about, page)


def name_of(conn: Connection, kind: str, value: str, about: str = "") -> str:
    """Return what a chosen value is called; the value itself when it has no name or is gone."""
    picker = PICKERS.get(kind)
    return (picker.name(conn, value, about) if picker and value else None) or value


def empty_of(kind: str) -> Empty:
    """Return what a picker without any rows says."""
    picker = PICKERS[kind]
    return picker.empty if picker.is_open() else picker.closed


def _named(kind: str) -> Callable[[Connection, str, str, int], Picked]:
    def rows(conn: Connection, text: str, about: str, page: int) -> Picked:
        return page_of((Choice(key, name, key) for key, name in known.named(conn, kind)), text, page)

    return rows


def _name_in(kind: str) -> Callable[[Connection, str, str], str | None]:
    return lambda conn, key, about: known.name_of(conn, kind, key)


def _products(conn: Connection, text: str, about: str, page: int) -> Picked:
    found = known.products(conn, text, SIZE + 1, (max(page, 1) - 1) * SIZE)
    choices = [Choice(sku, name, sku) for sku, name in found]
    return Picked(choices[:SIZE], len(choices) > SIZE, len(choices) or (1 if text else 0))


def _plain(values: Callable[[Connection], list[str]]) -> Callable[[Connection, str, str, int], Picked]:
    def rows(conn: Connection, text: str, about: str, page: int) -> Picked:
        return page_of((Choice(value, value) for value in values(conn)), text, page)

    return rows


def _events(conn: Connection, text: str, about: str, page: int) -> Picked:
    seen = known.event_types(conn)
    types = [*(type for type, _ in seen.most_common()), *(type for type in words.EVENTS if type not in seen)]
    choices = [Choice(type, words.event(type), type) for type in types if not type.startswith("segment.")]
    return page_of(choices, text, page)


def _unlocks(conn: Connection, text: str, about: str, page: int) -> Picked:
    return page_of((Choice(unlock, unlock, name) for unlock, name in known.unlocks(conn)), text, page)


def _promotions(conn: Connection, text: str, about: str, page: int) -> Picked:
    found = known.promotions(conn)
    return page_of(
        (Choice(key, name, key if kind == "promotion" else "group") for key, name, kind in found), text, page
    )


def _promotion_name(conn: Connection, key: str, about: str) -> str | None:
    return next((name for known_key, name, _ in known.promotions(conn) if known_key == key), None)


def _levels(conn: Connection, text: str, about: str, page: int) -> Picked:
    return page_of(_values(known.profile_values(conn, "level"), least=1), text, page)


def _attributes(conn: Connection, text: str, about: str, page: int) -> Picked:
    found = {name: counted for name, counted in known.attributes(conn).items() if kind_of(f"attrs.{name}")}
    return page_of((Choice(name, label(name), _examples(name, found[name])) for name in sorted(found)), text, page)


def _facts(conn: Connection, text: str, about: str, page: int) -> Picked:
    own = [Choice(name, label(name), name) for name in PROFILE]
    return page_of([*own, *_as_facts(conn)], text, page)


def _dates(conn: Connection, text: str, about: str, page: int) -> Picked:
    dates = [name for name, kind in PROFILE.items() if kind in (Kind.DATE, Kind.INSTANT)]
    return page_of([*(Choice(name, label(name), name) for name in dates), *_as_facts(conn)], text, page)


def _fact_name(conn: Connection, fact: str, about: str) -> str | None:
    return label(fact) if fact in PROFILE or fact.startswith("attrs.") else None


def _as_facts(conn: Connection) -> Iterable[Choice]:
    return [
        Choice(f"attrs.{name}", label(name), "attribute")
        for name in sorted(known.attributes(conn))
        if kind_of(f"attrs.{name}")
    ]


def _event_fields(conn: Connection, text: str, about: str, page: int) -> Picked:
    found = known.event_data(conn, about)
    return page_of((Choice(name, name, _examples(name, found[name])) for name in sorted(found)), text, page)


def _fact_values(conn: Connection, text: str, about: str, page: int) -> Picked:
    """Suggest values of a fact that tell nobody apart: never names, addresses, or what one customer alone has."""
    if about in _PERSONAL:
        return Picked()
    if about == "rfm.group":
        return page_of((Choice(group.key, group.name, group.key) for group in GROUPS), text, page)
    if about.startswith("attrs."):
        counted = known.attributes(conn).get(about.removeprefix("attrs."), Counter())
        return page_of(_values(counted, least=2), text, page)
    if about.startswith("data."):
        event, _, name = about.removeprefix("data.").partition("/")
        return page_of(_values(known.event_data(conn, event).get(name, Counter()), least=2), text, page)
    return page_of(_values(known.profile_values(conn, about), least=1), text, page)


def _values(counted: Mapping[Any, int], least: int) -> list[Choice]:
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    texts = [(str(value).lower() if isinstance(value, bool) else str(value), n) for value, n in ranked]
    return [Choice(text, text) for text, n in texts if n >= least and len(text) <= 200 and masks.text(text) == text]


def is_harmless(fact: str, value: Any) -> bool:
    """Say whether a value may stand in a form as an example: it is no name and looks like no address."""
    name = fact.rpartition(".")[2]
    return name not in masks.PERSONAL and (not isinstance(value, str) or masks.text(value) == value)


def _examples(name: str, counted: Mapping[Any, int]) -> str:
    if name in masks.PERSONAL:
        return ""
    return ", ".join(one.label for one in _values(counted, least=2)[:3])[:60]


def _channels(conn: Connection, text: str, about: str, page: int) -> Picked:
    return page_of((Choice(key, words.channel(key), key) for key in CHANNELS), text, page)


def _purposes(conn: Connection, text: str, about: str, page: int) -> Picked:
    return page_of((Choice(one, one.capitalize()) for one in ("marketing", "transactional")), text, page)


PICKERS: Mapping[str, Picker] = {
    "segment": Picker(
        _named("segment"),
        Empty("No segments yet", "A segment is a rule that says who is in.", "/segments/new", "Make a segment"),
        name=_name_in("segment"),
        right="segments.read",
    ),
    "list": Picker(
        _named("list"),
        Empty("No lists yet", "Lists appear here once there are some. A name can be typed."),
        is_free=True,
        name=_name_in("list"),
    ),
    "own_list": Picker(
        _named("list"),
        Empty("No lists yet", "Type a name: the list is made when the journey is published."),
        is_free=True,
        name=_name_in("list"),
    ),
    "code_batch": Picker(
        _named("code_batch"),
        Empty("No code batches yet", "Type a name: the batch is made when the journey is published."),
        is_free=True,
        name=_name_in("code_batch"),
    ),
    "journey": Picker(
        _named("journey"),
        Empty("No journeys yet", "Save another journey first; it can then be chosen here.", "/journeys", "Journeys"),
        name=_name_in("journey"),
    ),
    "product": Picker(
        _products,
        Empty("No products yet", "Products appear here once the shop has sent its catalogue. A number can be typed."),
        is_free=True,
        name=lambda conn, sku, about: known.product_name(conn, sku),
    ),
    "brand": Picker(_plain(known.brands), Empty("No brands yet", "They come with the catalogue."), is_free=True),
    "category": Picker(
        _plain(known.categories), Empty("No categories yet", "They come with the catalogue."), is_free=True
    ),
    "journey_step": Picker(
        steps.rows,
        Empty("No steps to choose yet", "Choose the journey first. Its steps appear here once it is published."),
        name=steps.name_of,
    ),
    "store": Picker(
        _plain(known.stores),
        Empty("No stores yet", "They come with the orders. A name can be typed."),
        is_free=True,
    ),
    "unlock": Picker(
        _unlocks,
        Empty("No codes yet", "Type what the code will be: a batch of codes can be made for it later."),
        is_free=True,
    ),
    "promotion": Picker(
        _promotions,
        Empty("No other promotions yet", "Make them first; they can be kept apart then."),
        name=_promotion_name,
        right="promotions.read",
    ),
    "level": Picker(
        _levels,
        Empty("No levels yet", "Levels appear here once customers have one. A level can be typed."),
        is_free=True,
    ),
    "event": Picker(
        _events,
        Empty("No events yet", "Events appear here once they come in. A type can be typed."),
        is_free=True,
        name=lambda conn, type, about: words.EVENTS[type][0] if type in words.EVENTS else None,
    ),
    "channel": Picker(
        _channels,
        Empty("No channels yet", "Set up a channel first."),
        is_free=True,
        name=lambda conn, key, about: words.CHANNELS.get(key),
    ),
    "purpose": Picker(_purposes, Empty("", ""), is_free=True),
    "attribute": Picker(
        _attributes,
        Empty("No attributes yet", "Attributes appear here once customers have some. A new name can be typed."),
        is_free=True,
    ),
    "fact": Picker(_facts, Empty("", ""), is_free=True, name=_fact_name),
    "date_fact": Picker(_dates, Empty("", ""), is_free=True, name=_fact_name),
    "event_field": Picker(
        _event_fields, Empty("No such events yet", "Type the name of the field as the event carries it."), is_free=True
    ),
    "value": Picker(_fact_values, Empty("", ""), is_free=True, right="segments.read"),
    "message_template": Picker(
        _named("message_template"),
        Empty("No message templates yet", "Until there are some, write the message into the step itself."),
        name=_name_in("message_template"),
        is_open=lambda: known.has_table("message_template"),
        closed=Empty("Message templates are not kept here yet", "Write the message into the step itself."),
    ),
}
