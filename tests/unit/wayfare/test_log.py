"""No personal data in logs, whoever writes the line."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from wayfare import log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    log.unbind_all()
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err)
    return line


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mail to Олена <olena.k+x@example.com.ua>", "mail to Олена <***>"),
        ("call +380 (50) 123-45-67 now", "call *** now"),
        ("0501234567", "***"),
        ("postgresql://user:secret@host/db", "postgresql://***@host/db"),
        (
            "enrollment 12345 at 2026-11-24T05:52:19Z, 1,234.50 UAH",
            "enrollment 12345 at 2026-11-24T05:52:19Z, 1,234.50 UAH",
        ),
    ],
)
def test_a_sentence_is_masked_and_the_rest_stays(given: str, expected: str) -> None:
    assert log.mask(given) == expected


def test_fields_are_masked_by_name_however_deep(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", "json")
    log.get("test").info(
        "seen", customer=7, email="a@b.example", rows=[{"first_name": "Олена", "points": 5}], promo_code="X"
    )
    line = logged(capsys)
    assert (line["email"], line["promo_code"], line["customer"]) == ("***", "***", 7)
    assert line["rows"] == [{"first_name": "***", "points": 5}]


def test_a_librarys_own_lines_and_tracebacks_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", "json")
    try:
        raise ValueError("no such customer: olena@example.com")
    except ValueError:
        logging.getLogger("library").exception("failed for %s", "+380501234567")
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "olena" not in err
    assert "380501234567" not in err


def test_a_request_id_is_on_every_line_until_it_is_unbound(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", "json")
    log.bind(request_id="r-1")
    log.get("test").info("one")
    assert logged(capsys)["request_id"] == "r-1"
    log.unbind_all()
    log.get("test").info("two")
    assert "request_id" not in logged(capsys)


def test_lines_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("warning", "json")
    log.get("test").info("quiet")
    assert capsys.readouterr().err == ""
