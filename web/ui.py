"""What templates can call, and the menu."""

from dataclasses import dataclass

from flask import Flask, current_app, request, url_for
from jinja2 import StrictUndefined

from web import assets, csrf, flash, formats, headers, listing, masks, rights
from web.principal import principal
from web.respond import is_htmx


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu: shown to those who have one of the rights, as soon as the page exists."""

    label: str
    icon: str
    endpoint: str
    rights: tuple[str, ...]
    unless: str = ""
    """Who has this right gets there by another line."""


MENU = (
    Entry("Home", "home", "home.index", ("home.read",)),
    Entry("Journeys", "route", "journeys.index", ("journeys.read",)),
    Entry("Customers", "users", "customers.index", ("customers.list", "customers.read")),
    Entry("Segments", "chart-pie", "segments.index", ("segments.read",)),
    Entry("RFM", "stack-2", "rfm.index", ("value.read",)),
    Entry("Value", "chart-bar", "value.index", ("value.read",)),
    Entry("Promotions", "discount", "promotions.index", ("promotions.read",)),
    Entry("Desk", "ticket", "promotions_codes_desk.index", ("codes.check",), unless="promotions.read"),
    Entry("Products", "package", "products.index", ("promotions.read",)),
    Entry("Messages", "mail", "messages.index", ("messages.read",)),
    Entry("Audit", "history", "audit.index", ("audit.read", "audit.own")),
    Entry("Settings", "settings", "settings.index", ("users.manage", "keys.manage", "keys.own")),
)
THEMES = {"auto": "device-desktop", "light": "sun", "dark": "moon"}


@dataclass(frozen=True, slots=True)
class Link:
    """A menu line as one person sees it."""

    label: str
    icon: str
    place: str
    is_current: bool


def register(app: Flask) -> None:
    """Give templates their functions and filters. A misspelt name is an error, never an empty place."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.asset,
        script=assets.script,
        modules=assets.modules,
        stylesheet=assets.stylesheet,
        icon=assets.icon,
        csrf_token=csrf.token,
        here=listing.here,
        is_htmx=is_htmx,
        may=may,
        me=principal,
        menu=menu,
        nonce=headers.nonce,
        role_words=rights.ROLES,
        take_notes=flash.take,
        theme=theme,
        themes=THEMES,
    )
    app.jinja_env.filters.update(
        ago=formats.ago,
        clock=formats.clock,
        compact=formats.compact,
        day=formats.day,
        browser=formats.browser,
        initials=initials,
        masked=masks.text,
        masked_name=lambda one: masks.name(one.first_name, one.last_name),
        money=formats.money,
        number=formats.number,
        percent=formats.percent,
        plain=formats.plain,
        plural=formats.plural,
        when=formats.when,
    )


def may(*names: str) -> bool:
    """Say whether the reader has one of these rights: for what a page shows; the route decides for itself."""
    return any(principal().may(name) for name in names)


def menu() -> list[Link]:
    """Return the menu of this reader."""
    if principal().is_anonymous or principal().todo:
        return []
    present = [
        entry
        for entry in MENU
        if entry.endpoint in current_app.view_functions
        and may(*entry.rights)
        and not (entry.unless and may(entry.unless))
    ]
    group = (request.blueprint or "").partition("_")[0]  # settings_users belongs to settings
    return [
        Link(entry.label, entry.icon, url_for(entry.endpoint), group == _group(entry.endpoint)) for entry in present
    ]


def _group(endpoint: str) -> str:
    return endpoint.partition(".")[0].partition("_")[0]


def theme() -> str:
    """Return the reader's theme: auto, light or dark."""
    account = principal().account
    return account.theme if account and account.theme in THEMES else "auto"


def initials(name: str) -> str:
    """Return one or two letters for a round picture."""
    parts = [part for part in name.replace("@", " ").replace(".", " ").split() if part[0].isalnum()]
    return "".join(part[0].title() for part in parts[:2]) or "?"  # not upper(): few fonts have Georgian capitals
