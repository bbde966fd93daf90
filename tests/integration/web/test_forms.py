"""Forms made from node types: what a form shows is what it saves."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import render_template_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodes.contract import NodeType
from nodes.registry import builtin_types
from rig.formdata import sent
from rig.rules import calendar_parts, figure_parts, plain_parts, trees
from rig.web import Web, a_web
from web.builder_forms import errors
from web.builder_forms.fields import fields_of
from web.builder_forms.page import Page
from web.builder_forms.read import settings_from
from web.builder_forms.rule_form import read_rule
from web.builder_forms.rules import tree

DRAW = '{% from "forms/fields.html" import all, summary with context %}{{ summary(lines) }}{{ all(fields) }}'
DRAW_RULE = (
    '{% from "forms/rules.html" import rule_editor with context %}{{ rule_editor(item, "rule", forms.context()) }}'
)
rules = trees(st.one_of(plain_parts, calendar_parts, figure_parts))
TYPES = {one.key: one for one in builtin_types()}
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def web(_sqlite_template: Any) -> Iterator[Web]:
    made = a_web(f"sqlite:///{_sqlite_template}")
    yield made
    made.store.dispose()


@pytest.fixture(scope="module")
def draw(web: Web) -> Iterator[Callable[..., str]]:
    with web.app.test_request_context("/"), web.store.read() as conn:
        forms = Page(conn, web.at, zone="Europe/Kyiv", may_count=True, may_create=True)

        def work(template: str, **values: Any) -> str:
            return render_template_string(template, forms=forms, **values)

        yield work


def _drawn(draw: Callable[..., str], model: type[NodeType], given: Mapping[str, Any]) -> str:
    fields = fields_of(model, given)
    return draw(DRAW, fields=fields, lines=errors.check(model, given, fields))


def _some_settings(model: type[NodeType]) -> st.SearchStrategy[dict[str, Any]]:
    names = list(model.model_json_schema(by_alias=True)["properties"])
    valid: list[Any] = [
        "days",
        "date",
        "email",
        "birthday",
        5,
        True,
        None,
        "10:00:00",
        "10:30",
        "2027-03-08",
        "50",
        "12.5",
    ]
    value = st.sampled_from(valid) | json_values | rules
    rows = st.lists(st.fixed_dictionaries({"port": st.text(max_size=5), "when": rules}), max_size=3)
    return st.dictionaries(st.sampled_from(names), value | rows, max_size=len(names))


@pytest.mark.parametrize("key", sorted(TYPES))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_form_that_nobody_touches_changes_nothing(key: str, draw: Callable[..., str], data: st.DataObject) -> None:
    given = data.draw(_some_settings(TYPES[key]))
    again = settings_from(TYPES[key], given, sent(_drawn(draw, TYPES[key], given)))
    assert json.dumps(again, sort_keys=True) == json.dumps(given, sort_keys=True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules)
def test_every_rule_opens_in_the_editor_and_is_saved_as_it_was(draw: Callable[..., str], rule: dict[str, Any]) -> None:
    form = sent(draw(DRAW_RULE, item=tree(rule)))
    again = read_rule({name: values[-1] for name, values in form.items()}, "rule")
    assert json.dumps(again, sort_keys=True) == json.dumps(rule, sort_keys=True)
