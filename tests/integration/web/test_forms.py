"""Forms made from node types: what a form shows is what it saves."""

import datetime
import decimal
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from flask import render_template_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodes.contract import NodeType
from nodes.registry import builtin_types
from rig.formdata import sent
from rig.rules import calendar_parts, figure_parts, plain_parts, trees
from rig.web import Web, a_web
from web.builder_forms import errors, schema
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


GUIDE = (Path(__file__).parents[3] / "docs" / "integrating.md").read_text()


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


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the guide's table below a heading."""
    lines = GUIDE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def test_the_guide_names_every_widget() -> None:
    assert {row[0].strip("`") for row in _rows("widget")} == schema.WIDGETS


@pytest.mark.parametrize(("setting", "shown"), [(row[0], row[1]) for row in _rows("setting")])
def test_every_type_of_setting_in_the_guide_has_a_control(setting: str, shown: str, draw: Callable[..., str]) -> None:
    scope: dict[str, Any] = {"Any": Any, "Literal": Literal, "Decimal": decimal.Decimal, "NodeType": NodeType}
    scope |= {name: getattr(datetime, name) for name in ("date", "time", "datetime", "timedelta")}
    exec("from pydantic import BaseModel\nclass Prize(BaseModel):\n    name: str = ''", scope)
    for code in re.findall("`(.*?)`", setting.replace("\\|", "|")):
        exec(f"class Made(NodeType):\n    'Help.'\n    key = 'acme.made'\n    field: {code}", scope)
        html = _drawn(draw, scope["Made"], {})
        assert ("Written as JSON" in html) == shown.startswith("JSON"), code
        assert 'name="field' in html or 'value="set:field"' in html or 'value="add:field"' in html


def test_the_guides_node_type_has_its_form_without_more_code(draw: Callable[..., str]) -> None:
    scope: dict[str, Any] = {}
    exec("from wayfare.sdk import *", scope)
    code = next(code for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "WheelOfLuck" in code)
    exec(code, scope)
    wheel = scope["WheelOfLuck"]
    settings_ = {"prizes": [{"name": "Cup"}], "budget": 123450, "kind": "big", "words": "Hello {{ first_name }}"}
    html = _drawn(draw, wheel, settings_)
    assert 'value="1234.50"' in html
    assert "UAH" in html
    assert "Hello Олена" in html
    assert "Add prize" in html
    assert settings_from(wheel, settings_, sent(html)) == settings_
    assert "On the big wheel" not in _drawn(draw, wheel, {})


def test_a_form_of_an_installed_package_is_like_any_other(draw: Callable[..., str]) -> None:
    path = Path(__file__).parents[3] / "examples" / "plugins" / "acme_journeys" / "acme_journeys.py"
    scope: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    html = _drawn(draw, scope["PointsSplit"], {"minimum": -5})
    assert "Minimum points" in html
    assert "It must be at least 0" in html
    form = sent(html)
    assert settings_from(scope["PointsSplit"], {"minimum": -5}, {**form, "minimum": ["250"]}) == {"minimum": 250}
