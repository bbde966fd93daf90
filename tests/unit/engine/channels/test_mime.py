"""Mail that is written by hand reads as what was meant, whatever a name holds."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.base import Envelope, is_one_line
from engine.channels.mime import as_plain, compose
from wayfare.errors import DeliveryFailed

AT = datetime(2026, 11, 24, 12, 0, 0, 123, tzinfo=UTC)
SENDER = "Магазин <shop@shop.example>"


def _envelope(subject: str = "Hello", body: str = "Text", address: str = "bob@example.com") -> Envelope:
    return Envelope("key1", "email", address, subject, body, AT)


def _read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _lines(part: MIMEPart) -> str:
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def test_headers_and_text_come_back_as_they_were() -> None:
    data = compose(_envelope("Вітаємо, Олено!", "Ваш код: ABC\n\nДо зустрічі\n"), SENDER)
    mail = _read(data)
    assert mail["Subject"] == "Вітаємо, Олено!"
    assert mail["From"] == SENDER
    assert mail["To"] == "bob@example.com"
    assert mail["Message-ID"] == "<key1@shop.example>"
    assert mail["Date"] == "Tue, 24 Nov 2026 12:00:00 +0000"
    assert _lines(mail) == "Ваш код: ABC\n\nДо зустрічі\n"
    assert data == compose(_envelope("Вітаємо, Олено!", "Ваш код: ABC\n\nДо зустрічі\n"), SENDER)


def test_html_comes_with_a_plain_version() -> None:
    html = '<!doctype html>\n<p>Hi <b>Bob</b></p><p><a href="https://shop.example/x">look</a></p>'
    mail = _read(compose(_envelope(body=html), SENDER))
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert _lines(plain) == "Hi Bob\nlook (https://shop.example/x)\n"
    assert _lines(rich).strip() == html


def test_a_tag_in_a_plain_text_stays_text() -> None:
    mail = _read(compose(_envelope(body="Dear <b>Mallory</b>, <script>alert(1)</script>"), SENDER))
    assert mail.get_content_type() == "text/plain"


def test_the_plain_version_leaves_style_and_script_out() -> None:
    assert as_plain("<style>p{}</style><p>a &amp; b</p><script>x()</script>c") == "a & b\nc\n"


@given(subject=st.text(max_size=120), body=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_any_text_either_comes_back_or_is_refused(subject: str, body: str) -> None:
    try:
        mail = _read(compose(_envelope(subject, body), SENDER))
    except (DeliveryFailed, UnicodeEncodeError):
        assert not is_one_line(subject) or not subject.isprintable()
        return
    assert mail.keys()[:5] == ["From", "To", "Subject", "Date", "Message-ID"]
    assert mail.defects == []
    assert mail["Subject"].split() == subject.split()
    part = mail.get_body(("html", "plain"))
    assert part is not None
    assert _lines(part).rstrip("\n") == body.rstrip("\n")


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x0b", "\x85", "\u2028", "\u2029"])
def test_line_ends_of_any_alphabet_are_refused_in_headers(sign: str) -> None:
    for envelope in (_envelope(f"Hi{sign}Bcc: eve@example.com"), _envelope(address=f"bob@example.com{sign}Bcc: e@x.y")):
        with pytest.raises(DeliveryFailed) as refused:
            compose(envelope, SENDER)
        assert refused.value.permanent
    with pytest.raises(DeliveryFailed):
        compose(_envelope(), SENDER, {"List-Unsubscribe": f"<https://x.example/{sign}>"})
    with pytest.raises(DeliveryFailed):
        compose(_envelope(), f"Shop <shop@shop.example>{sign}")


@pytest.mark.parametrize(
    "address", ["", "bob", "bob@", "a@b.example, c@d.example", "Bob <bob@example.com>", "a b@example.com"]
)
def test_what_is_not_exactly_one_address_is_refused(address: str) -> None:
    with pytest.raises(DeliveryFailed):
        compose(_envelope(address=address), SENDER)
