"""Templates: what marketers may write, what attackers get, what customers' values can do (nothing)."""

import time
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.liquid import TemplateError, compile_template, nested, one_line, variables

VALUES: dict[str, Any] = {
    "first_name": "Олена",
    "attrs.points": 120,
    "attrs.note": None,
    "orders.sum": 123456,
    "code": "WB-7KQ2",
    "code_valid_until": datetime(2027, 3, 14, 21, 59, 59, tzinfo=UTC),
    "birthday": date(1990, 3, 8),
    "time_zone": "Europe/Kyiv",
    "event": {"order": "A1", "lines": [{"sku": "X"}, {"sku": "Y"}]},
}


def render(source: str, values: dict[str, Any] | None = None, *, html: bool = False) -> str:
    return compile_template(source, html=html).render(VALUES if values is None else values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hi {{ first_name }}!", "Hi Олена!"),
        ("{{ attrs.points }} points", "120 points"),
        ("{{ attrs['points'] | plus: 5 }}", "125"),
        ("{{ attrs.note | default: 'none' }}", "none"),
        ('{{ last_name | default: "friend" }}', "friend"),
        ("{{ last_name }}|", "|"),
        ("{{ code }}", "WB-7KQ2"),
        ('{{ code_valid_until | date: "%d.%m.%Y" }}', "14.03.2027"),
        ('{{ code_valid_until | date: "%H:%M" }}', "23:59"),
        ('{{ birthday | date: "%-d.%-m." }}', "8.3."),
        ('{{ birthday | date: "%d %B" }}', "08 March"),
        ('{{ "soon" | date: "%d" }}', ""),
        ('{{ attrs.note | date: "%d" }}', ""),
        ("{{ orders.sum | money: 'UAH' }}", "1234.56 UAH"),
        ("{% for line in data.lines %}{{ line.sku }}{% unless forloop.last %}, {% endunless %}{% endfor %}", "X, Y"),
        ("{% if attrs.points > 100 %}gold{% else %}plain{% endif %}", "gold"),
        ("{% case first_name %}{% when 'Олена' %}her{% else %}x{% endcase %}", "her"),
        ("{% assign n = attrs.points | times: 2 %}{{ n }}", "240"),
        ("{% comment %}hidden{% endcomment %}shown", "shown"),
        ("{{ first_name | upcase | truncate: 4, '…' }}", "ОЛЕ…"),
        ("no variables", "no variables"),
    ],
)
def test_marketers_write(source: str, expected: str) -> None:
    assert render(source) == expected


def test_values_that_were_stored_as_text_show_like_the_values_themselves() -> None:
    stored = {"code_valid_until": "2027-03-14T21:59:59+00:00", "time_zone": "Asia/Tokyo", "attrs": {"points": 5}}
    assert render('{{ code_valid_until | date: "%d.%m %H:%M" }} {{ attrs.points }}', stored) == "15.03 06:59 5"


def test_variables_are_named_as_facts() -> None:
    source = "{{ first_name }}{% if attrs.a > data.total %}{{ orders.count }}{% endif %}{% assign x = city %}{{ x }}"
    assert variables(source) == {"first_name", "attrs.a", "data.total", "orders.count", "city"}
    assert variables("{% for line in data.lines %}{{ line.sku }}{% endfor %}") == {"data.lines"}


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ("Hi {{ first_name", 1, 4, "expected '}}'"),
        ("one\ntwo {{ a | wipe }}", 2, 12, "no filter 'wipe'"),
        ("one\n\n  {% include 'x' %}", 3, 6, "include"),
        ("{{ attrs[first_name] }}", 1, 4, "cannot be computed"),
        ("{{ a | date: '%d' | nope }}", 1, 21, "no filter 'nope'"),
    ],
)
def test_a_mistake_names_line_and_column(source: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        compile_template(source)
    assert (caught.value.line, caught.value.column) == (line, column)


ATTRIBUTES = [
    "__class__", "__class__.__mro__", "__class__.__base__.__subclasses__", "__init__.__globals__", "__dict__",
    "__globals__.os.environ", "func_globals", "gi_frame.f_globals", "__reduce__", "format", "__doc__", "mro",
    "encode", "environ", "isoformat", "replace", "real", "tzinfo", "keys", "items", "values", "__getitem__",
    "constructor", "prototype", "request.application.__globals__", "self._TemplateReference__context",
]  # fmt: skip
ROOTS = ["first_name", "birthday", "attrs", "data", "attrs.points", "forloop", "self", "config"]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_no_attribute_of_an_object_is_ever_reached(root: str, attribute: str) -> None:
    for source in (f"[{{{{ {root}.{attribute} }}}}]", f"[{{{{ {root}['{attribute}'] }}}}]"):
        with suppress(TemplateError):
            assert render(source) == "[]"


INERT = [
    "${7*7}", "#{7*7}", "<%= 7*7 %>", "*{7*7}", "@(7*7)", "[[7*7]]", "{7*7}", "%{7*7}", "~{7*7}",
    "<#assign x=1>", "#set($x=7)", "{php}echo 7;{/php}", "<?php echo 7 ?>", "{$smarty.version}", "$!{env}",
]  # fmt: skip
REFUSED = [
    "{{ 7*7 }}", "{{ 'a' * 20000000 }}", "{{ self.__init__() }}", "{{ ''.join(x) }}", "{{ [].append(1) }}",
    "{{ lipsum(n=20000) }}", "{{ cycler.__init__() }}", "{{ range(1, 9) }}", "{% import os %}",
    "{% extends 'base' %}", "{% include '/etc/passwd' %}", "{% render '../secret' %}", "{% macro x() %}{% endmacro %}",
    "{% set x = 1 %}", "{% do x %}", "{% debug %}", "{% load os %}", "{% with x=1 %}{% endwith %}",
    "{% tablerow i in (1..9) %}{{ i }}{% endtablerow %}", "{% cycle 'a','b' %}", "{% increment n %}",
    "{% liquid echo 1 %}", "{% echo 1 %}", "{{ env 'SECRET' }}", "{{ x | env }}", "{{ x | eval }}",
    "{{ x | attr: 'y' }}",
    "{{ x | safe }}", "{{ x | base64_decode }}", "{{ x | url_decode }}", "{{ x | strip_html }}", "{{ x | where: 'a' }}",
    "{% raw %}{{ x }}{% endraw %}", "{{{ x }}}", "{% for i in (1..9) %}", "{% endfor %}", "{{ x | date: '%d' ",
]  # fmt: skip


@pytest.mark.parametrize("source", INERT)
def test_other_languages_are_plain_text(source: str) -> None:
    assert render(source) == source


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_not_on_the_list_is_refused_when_it_is_saved(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source)


@pytest.mark.parametrize("name", ["now", "today", "env", "settings", "secrets", "request"])
def test_there_is_no_clock_and_no_environment(name: str) -> None:
    assert render(f"[{{{{ {name} }}}}]") == "[]"


def test_the_word_now_reads_no_clock() -> None:
    assert render('[{{ "now" | date: "%Y" }}]') == "[]"


COSTLY = [
    "{% for i in (1..100000000) %}x{% endfor %}",
    "{% for i in (1..900) %}{% for j in (1..900) %}{% for k in (1..900) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for i in (1..999) %}{% endfor %}" * 5000,
    "{% assign a = 'aaaaaaaaaa' %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
    "{% capture a %}{% for i in (1..999) %}" + "x" * 5000 + "{% endfor %}{% endcapture %}{{ a }}",
    "{% assign x = 9 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
    "{% assign x = 9.5 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
    "{{ (1..100000000) | join: 'x' }}",
    "{{ (1..100000000) | reverse | first }}",
    "{{ (1..100000000) | size }}{{ (1..100000000) | sort }}",
    "{{ '" + "a" * 40_000 + "' | replace: 'a', '" + "b" * 40_000 + "' }}",
    "{{ '" + "a" * 40_000 + "' | replace: '', '" + "b" * 40_000 + "' }}",
    "{{ '" + "a," * 40_000 + "' | split: ',' | join: '" + "b" * 40_000 + "' }}",
    "{{ birthday | date: '%999999999d' }}",
    "{{ birthday | date: '" + "%d" * 5000 + "' }}",
    "{{ '" + "9" * 50_000 + "' | plus: 1 }}",
    "{{ " + "9" * 50_000 + " }}",
    "{{ 1 | round: 999999999999 }}",
    "{" * 200_000,
    "{{" * 100_000,
    "{%" * 100_000,
    "{% raw %}" * 20_000,
    "{%- raw %}" * 20_000,
    "{% doc %}" * 20_000,
    "{% if a %}" * 20_000,
    "{% comment %}" * 15_000,
    "{{ a" + "[a" * 50_000 + "]" * 50_000 + " }}",
    "{{ a" + " | plus: 1" * 19_000 + " }}",
    "{% if a" + " and a" * 30_000 + " %}x{% endif %}",
    "{{ a" + ".b" * 90_000 + " }}",
    "x" * 50_000_000,
]


@pytest.mark.parametrize("source", COSTLY, ids=lambda source: f"{source[:40]}… {len(source)}")
def test_no_template_takes_long_or_makes_much(source: str) -> None:
    started = time.process_time()
    with suppress(TemplateError):
        assert len(compile_template(source).render(VALUES)) <= 500_000
    assert time.process_time() - started < 10  # the unbounded ones take minutes, or all memory


HOSTILE = [
    "{{7*7}}", "{{ first_name }}", "{% for i in (1..9) %}x{% endfor %}", "{{ code }}", "{%", "}}", "${7*7}",
    "<script>alert(1)</script>", "\" onload=\"x", "&amp;", "' OR 1=1 --", "\u202e", "%d%s%n", "{0.__class__}",
]  # fmt: skip


@pytest.mark.parametrize("payload", HOSTILE)
@pytest.mark.parametrize("name", ["first_name", "attrs.x", "data.x"])
def test_values_of_customers_are_never_compiled(payload: str, name: str) -> None:
    values = {"event": {"x": payload}} if name == "data.x" else {name: payload}
    assert render(f"Hi {{{{ {name} }}}}!", values) == f"Hi {payload}!"
    escaped = render(f"<p>{{{{ {name} }}}}</p>", values, html=True)
    assert "<script" not in escaped
    assert '"' not in escaped
    again = render("{% assign x = " + name + " %}{{ x | append: '' }}", values, html=True)
    assert "<script" not in again


@given(value=st.text())
def test_any_text_comes_out_as_it_is(value: str) -> None:
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    assert render("{{ first_name }}", {"first_name": value}) == lines


@given(value=st.text(alphabet="<>&\"'a{}%", max_size=30))
def test_html_escapes_what_means_something(value: str) -> None:
    out = render("{{ a | append: a | upcase }}{% capture c %}{{ a }}{% endcapture %}{{ c }}", {"a": value}, html=True)
    assert not set("<>\"'") & set(out)


class Secretive:
    secret = "s3cret"

    def __str__(self) -> str:
        return self.secret

    def delete(self) -> str:
        raise AssertionError("a template called a method")


@pytest.mark.parametrize("value", [Secretive(), [Secretive()], {"a": Secretive()}, print, Secretive, {1, 2}, b"x", 1j])
def test_only_plain_values_come_in(value: object) -> None:
    with pytest.raises(TemplateError, match="plain values"):
        render("{{ x }}", {"x": value})


def test_values_nested_too_deeply_are_refused() -> None:
    value: Any = 1
    for _ in range(1000):
        value = [value]
    with pytest.raises(TemplateError, match="deep"):
        render("{{ x }}", {"x": value})


def test_names_with_dots_become_objects() -> None:
    assert nested({"attrs.a": 1, "attrs.b": 2, "event": {"x": 1}, "key": "k", "attrs": {"c": 3}}) == {
        "attrs": {"a": 1, "b": 2, "c": 3},
        "data": {"x": 1},
        "key": "k",
    }


@pytest.mark.parametrize("char", ["\r\n", "\r", "\n", "\0", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029", "\x7f"])
def test_a_subject_is_one_line(char: str) -> None:
    assert one_line(f"Hi{char}Bcc: all@example.com") == "Hi Bcc: all@example.com"


@given(st.text())
def test_no_text_breaks_out_of_a_subject(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert not any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in line)


def test_numbers_show_as_people_write_them() -> None:
    assert (
        render("{{ a }} {{ b }} {{ c | round: 1 }}", {"a": Decimal("10.50"), "b": True, "c": 2.25}) == "10.50 true 2.2"
    )
