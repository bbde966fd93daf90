"""Messages and promo codes: what is asked for, kept, rendered and until when it counts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nodes.builtin.action_promo_code import PromoCode
from nodes.builtin.action_send import SendMessage
from nodes.contract import IssueCode, Send
from nodes.graph import Node
from nodes.registry import open_registry
from wayfare.errors import InvalidSettings
from wayfare.testing import NOW, a_batch, run


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_message_keeps_just_the_values_that_its_texts_use() -> None:
    node = SendMessage(
        subject="Hi {{ first_name }}",
        body='{{ attrs.points }} {{ code }} {{ code_valid_until | date: "%d.%m" }} {{ data.order }}',
        purpose="transactional",
        expires_hours=24,
    )
    needs = {"first_name", "attrs.points", "code", "code_valid_until", "time_zone", "data.order"}
    assert set(node.facts()) == needs
    result = run(node, a_batch({need: [None, None] for need in needs}))
    (send,) = result.effects
    assert isinstance(send, Send)
    assert (send.channel, send.purpose, set(send.ids)) == ("email", "transactional", {1, 2})
    assert set(send.variables) == needs
    assert send.expires_at == dict.fromkeys((1, 2), NOW + timedelta(hours=24))
    assert set(result.moves["next"]) == {1, 2}


def test_a_message_without_end_never_expires() -> None:
    node = SendMessage(channel="sms", body="Hi", expires_hours=None)
    (send,) = run(node, a_batch()).effects
    assert isinstance(send, Send)
    assert not send.expires_at


def test_a_text_body_shows_values_as_they_are_and_an_html_body_escapes_them() -> None:
    hostile = {"first_name": "<b>{{ code }}</b>\r\nBcc: a@example.com"}
    plain = SendMessage(subject="Hi {{ first_name }}", body="{{ first_name }}").render("email", hostile)
    assert plain.subject == "Hi <b>{{ code }}</b> Bcc: a@example.com"
    assert plain.body.startswith("<b>{{ code }}</b>")
    html = SendMessage(subject="Hi", body="<p>{{ first_name }}</p>", format="html").render("email", hostile)
    assert html.body.startswith("<!doctype html>\n<p>&lt;b&gt;{{ code }}&lt;/b&gt;")
    whole = SendMessage(subject="Hi", body="<html><p>x</p></html>", format="html").render("email", {})
    assert whole.body == "<html><p>x</p></html>"


def test_a_long_subject_is_cut_and_an_sms_needs_none() -> None:
    node = SendMessage(channel="sms", body="Hi {{ first_name | default: 'you' }}")
    assert node.render("sms", {"first_name": None}).body == "Hi you"
    long = SendMessage(subject="{{ first_name }}", body="x").render("email", {"first_name": "я" * 5000})
    assert len(long.subject) == 400


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"subject": "x", "body": "{{ frist_name }}"}, "unknown_variable", "did you mean 'first_name'"),
        ({"subject": "x", "body": "a\nb {{ bonus }}"}, "unknown_variable", "line 2, column 6.*'attrs.bonus'"),
        ({"subject": "x", "body": "{{ orders.total }}"}, "unknown_variable", "orders.total"),
        ({"subject": "{{ code", "body": "x"}, "invalid_template", "line 1, column 1"),
        ({"subject": "x", "body": "{% include 'x' %}"}, "invalid_template", "include"),
        ({"subject": " ", "body": "x"}, "missing_subject", "subject"),
        ({"subject": "x", "body": ""}, "string_too_short", "fill this in"),
        ({"subject": "x", "body": "x" * 200_001}, "invalid_template", "200001"),
        ({"subject": "x", "body": "x", "channel": "E-Mail"}, "string_pattern_mismatch", "Channel"),
        ({"subject": "x", "body": "x", "purpose": "spam"}, "literal_error", "marketing"),
        ({"subject": "x", "body": "x", "expires_hours": 0}, "greater_than_equal", "at least 1"),
    ],
)
def test_a_message_that_cannot_work_is_refused(given: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(InvalidSettings, match=message) as caught:
        open_registry([]).load(Node(id="n1", type="action.send", settings=given))
    assert [problem[1] for problem in caught.value.problems] == [code]


@pytest.mark.parametrize(
    ("given", "value", "since", "zone", "last_day", "until"),
    [
        # the birthday offer: leaves 7 days before, valid until 7 days after
        ({"days": 7}, date(1990, 3, 15), "2027-03-08T08:00", "Europe/Kyiv", "22.03.2027", "2027-03-22T21:59:59"),
        ({"days": 7}, date(1990, 12, 31), "2027-12-24T08:00", "Europe/Kyiv", "07.01.2028", "2028-01-07T21:59:59"),
        ({"days": 7}, date(1990, 1, 2), "2026-12-26T08:00", "Europe/Kyiv", "09.01.2027", "2027-01-09T21:59:59"),
        ({"days": 7}, date(1996, 2, 29), "2027-02-21T08:00", "Europe/Kyiv", "07.03.2027", "2027-03-07T21:59:59"),
        ({"days": 0}, date(1990, 3, 15), "2027-03-18T08:00", "Europe/Kyiv", "15.03.2027", "2027-03-15T21:59:59"),
        # the clock changes between
        ({"days": 14}, date(1990, 3, 20), "2027-03-13T08:00", "Europe/Kyiv", "03.04.2027", "2027-04-03T20:59:59"),
        # far from Greenwich the day is the customer's own
        ({"days": 7}, date(1990, 3, 15), "2027-03-08T08:00", "Pacific/Auckland", "22.03.2027", "2027-03-22T10:59:59"),
        (
            {"days": 7},
            date(1990, 3, 15),
            "2027-03-08T08:00",
            "America/Los_Angeles",
            "22.03.2027",
            "2027-03-23T06:59:59",
        ),
        # without the date, the days count from now
        ({"days": 7}, None, "2027-03-08T08:00", "Europe/Kyiv", "15.03.2027", "2027-03-15T21:59:59"),
        # another date of the customer, in its own year
        ({"days": 1, "date": "attrs.due"}, "2027-06-01", "2027-03-08T08:00", None, "02.06.2027", "2027-06-02T23:59:59"),
    ],
)
def test_a_code_is_valid_to_the_end_of_its_last_day(
    given: dict[str, Any], value: Any, since: str, zone: str | None, last_day: str, until: str
) -> None:
    node = PromoCode.model_validate({"batch": "birthday", "valid": "date"} | given)
    columns: dict[str, list[Any]] = {"since": [utc(since)], "time_zone": [zone], "phone": [None], node.date: [value]}
    (issue,) = run(node, a_batch(columns)).effects
    assert isinstance(issue, IssueCode)
    assert issue.valid_until == {1: utc(until)}
    shown = SendMessage(channel="sms", body='{{ code_valid_until | date: "%d.%m.%Y" }}').render(
        "sms", {"code_valid_until": issue.valid_until[1].isoformat(), "time_zone": zone}
    )
    assert shown.body == last_day


def test_a_code_has_a_batch_a_prefix_and_a_phone() -> None:
    node = PromoCode(batch="welcome", prefix="WB-", length=8, days=14)
    columns = {"time_zone": ["Europe/Kyiv"], "phone": ["+380500000000"]}
    (issue,) = run(node, a_batch(columns)).effects
    assert isinstance(issue, IssueCode)
    assert (issue.batch, issue.prefix, issue.length, issue.bind_phone) == ("welcome", "WB-", 8, True)
    assert issue.valid_until == {1: utc("2027-03-22T21:59:59")}
    assert node.references() == (("code_batch", "welcome"),)
    assert "phone" not in PromoCode(batch="welcome", bind_phone=False).facts()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Code batch: fill this in"),
        ({"batch": "b", "prefix": "low"}, "Prefix"),
        ({"batch": "b", "length": 4}, "at least 8"),
        ({"batch": "b", "valid": "date", "date": "city"}, "not a date"),
        ({"batch": "b", "valid": "date", "date": "data.day"}, "not a date"),
        ({"batch": "b", "days": 1.5}, "whole number"),
    ],
)
def test_a_code_that_cannot_work_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        open_registry([]).load(Node(id="n1", type="action.promo_code", settings=given))
