"""What the templates of forms ask for while they draw: names of what was chosen, rules in words, what may be done."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template
from markupsafe import Markup

from store.db import Connection
from store.views import known
from wayfare.segments import RuleInvalid, parse_rule
from wayfare.segments.days import zone_or
from wayfare.segments.facts import kind_of
from wayfare.segments.words import in_words
from web.builder_forms import pickers, preview, rule_form
from web.builder_forms.choices import Choice
from web.builder_forms.fields import Field
from web.builder_forms.operators import Options
from web.builder_forms.rule_form import Context, View
from web.builder_forms.rules import Condition, Item, dump

_PLAIN_PAGES = 25
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})?")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?)?")


@dataclass
class Page:
    """One page with forms. `conn` is open while it is drawn; `event` is the event whose data conditions ask.

    `open_rows` says which of several rows is not folded; with `is_plain` pickers work in browsers without scripts, too.
    """

    conn: Connection
    now: datetime
    zone: str = "UTC"
    may_create: bool = False
    may_count: bool = False
    event: str = ""
    currency: str = ""
    open_rows: Mapping[str, int] = field(default_factory=dict)
    is_plain: bool = False
    given: Mapping[str, Any] | None = None  # an example of what the steps before give, where there is a place
    pickers: Any = field(default_factory=lambda: pickers.PICKERS)

    @cached_property
    def attributes(self) -> dict[str, Counter[Any]]:
        """The attributes that customers have, with their values."""
        found = known.attributes(self.conn)
        return {name: values for name, values in found.items() if kind_of(f"attrs.{name}") is not None}

    @cached_property
    def segments(self) -> dict[str, str]:
        """The names of the segments by their keys."""
        return dict(known.named(self.conn, "segment"))

    @cached_property
    def names(self) -> known.Names:
        """The names of segments and lists, for rules in words."""
        return known.names(self.conn)

    @cached_property
    def offset(self) -> str:
        """The workspace's distance from UTC now, as instants are written: +02:00."""
        info: ZoneInfo = zone_or(self.zone, "UTC")
        return self.now.astimezone(info).isoformat()[-6:]

    def name_of(self, kind: str, value: str, about: str = "") -> str:
        """Return what a chosen value is called; `about` is what narrows the choices, as for `pickers.pick`."""
        return pickers.name_of(self.conn, kind, value, about)

    def every(self, kind: str, about: str = "") -> list[Choice]:
        """Return what a picker offers, without paging but bounded: for browsers without scripts."""
        found: list[Choice] = []
        for page in range(1, _PLAIN_PAGES + 1):
            picked = pickers.pick(self.conn, kind, "", page, about)
            found += picked.items
            if not picked.has_more:
                break
        return found

    def row_words(self, row: Sequence[Field]) -> tuple[str, str]:
        """Return what a folded row is called, and its rule in words."""
        name = next((one for one in row if one.kind not in ("rule", "event_rule") and one.is_shown), None)
        rule = next((one for one in row if one.rule is not None), None)
        title = self.name_of(name.kind, name.text, name.about) if name is not None else ""
        return title, self.words_of(rule.rule, self.rules_for(rule)) if rule is not None and rule.rule else ""

    def rules_for(self, one: Field) -> Context:
        """Return what the rule editor of a field offers."""
        is_event = one.kind == "event_rule"
        return self.context(is_event=is_event, is_optional=not one.is_required or is_event)

    def context(self, *, is_event: bool = False, is_optional: bool = False, event: str | None = None) -> Context:
        """Return what a rule editor offers."""
        names = () if is_event else tuple(sorted(self.attributes))
        about = self.event if event is None else event
        return Context(names, is_event, is_optional, about, self.offset, self.may_count and not is_event)

    def view(self, item: Condition, prefix: str, context: Context) -> View:
        """Return one condition as its template draws it."""
        return rule_form.view(item, prefix, context)

    def words_of(self, item: Item, context: Context) -> str:
        """Return a rule in words; nothing while something in it is wrong."""
        try:
            text = in_words(parse_rule(dump(item)), self.names)
        except RuleInvalid:
            return ""
        return text[:1].upper() + text[1:]

    def subjects(self, one: View) -> Options:
        """Return what a condition can ask about; a new one begins with a choice that is none."""
        blank = (("", (("", "Choose what to ask about"),)),)
        return (*blank, *one.subjects) if not one.fields.get("about") else one.subjects

    def values_of(self, fact: str, context: Context) -> str:
        """Return how the picker of values is told which fact is meant."""
        return f"data.{context.event}/{fact.removeprefix('data.')}" if fact.startswith("data.") else fact

    @property
    def variables(self) -> Options:
        """What can be put into a text."""
        own = [(f"{{{{ attrs.{name} }}}}", rule_form.label(name)) for name in sorted(self.attributes)[:50]]
        return [*preview.options(self.given), *([("Attributes", own)] if own else [])]

    def preview(self, text: str) -> Markup:
        """Return how a text reads for the sample customer, as a fragment."""
        common = [(name, *found.most_common(1)[0]) for name, found in self.attributes.items() if found]
        kept = {f"attrs.{name}": value for name, value, n in common if n > 1 and pickers.is_harmless(name, value)}
        shown = preview.preview(text, self.now, kept, self.given)
        return Markup(render_template("forms/_preview.html", shown=shown))  # noqa: S704  our own template, escaped

    @staticmethod
    def is_date(text: str) -> bool:
        """Say whether a browser's date control can show a text."""
        return bool(_DATE.fullmatch(text))

    @staticmethod
    def is_moment(text: str) -> bool:
        """Say whether a browser's control for date and time can show a text."""
        return bool(_MOMENT.fullmatch(text))
