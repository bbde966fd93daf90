"""Codes on pages: batches made in words, files that are shown once, and why one code does not work."""

import re
from html import unescape
from typing import Any

import pytest

from offers.codes import make
from offers.codes.batches import BatchSpec, add_batch
from offers.redemption import settle
from offers.redemption.pricing import Asking
from offers.redemption.reserve import Order, reserve
from offers.rules import book, release
from offers.rules.author import Author
from rig.orders import LIVE, cart
from rig.statements import counted
from rig.web import Browser, Web
from store import audit, codes
from store.codes import BatchRow

FORM = {
    "name": "Autumn codes",
    "kind": "unique",
    "count": "5",
    "length": "10",
    "max_uses": "1",
    "activation": "at_once",
    "on_failed_send": "void",
}


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("admin")


def a_batch(web: Web, key: str = "summer", **fields: Any) -> BatchRow:
    spec = BatchSpec(key, **fields)
    return web.store.run(lambda conn: add_batch(conn, web.store.vault, spec, now=web.at, by="anna"))


def made(web: Web, key: str = "summer", count: int = 1) -> list[tuple[str, str]]:
    chunks = make.make_codes(web.store, web.store.vault, key, count, now=web.at, by="anna")
    return [one for chunk in chunks for one in chunk]


def batch(web: Web, key: str) -> BatchRow:
    with web.store.read() as conn:
        return codes.find_batch(conn, key)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u202f", ""))


def once(browser: Browser, path: str) -> str:
    found = re.search(r'name="once" value="([\w-]+)"', browser.get(path).text)
    assert found
    return found[1]


def test_a_batch_is_made_by_a_form_and_its_file_is_shown_once(web: Web, alice: Browser) -> None:
    answer = alice.post("/codes/new", {**FORM, "prefix": "aut-", "valid_days": "14", "with_pin": "1"})
    assert answer.headers["Location"] == "/codes/autumn-codes/make?count=5"
    row = batch(web, "autumn-codes")
    assert (row.prefix, row.valid_days, row.with_pin, row.max_uses) == ("AUT-", 14, True, 1)
    form = {"count": "5", "to": "file", "once": once(alice, "/codes/autumn-codes/make")}
    file = alice.post("/codes/autumn-codes/make", form)
    lines = file.text.splitlines()
    assert (file.mimetype, lines[0], len(lines)) == ("text/csv", "code,pin", 6)
    assert file.headers["Cache-Control"] == "no-store"
    again = alice.post("/codes/autumn-codes/make", form)
    assert again.status_code == 303
    assert "shown once" in text(alice.get(again.headers["Location"]))
    page = text(alice.get("/codes/autumn-codes"))
    assert "5 codes" in page
    assert lines[1].split(",")[0] not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("length", "3"),
        ("count", "many"),
        ("max_uses", "-1"),
        ("until.day", "soon"),
        ("prefix", "a?b"),
        ("valid_days", "0"),
        ("on_failed_send", "return"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(web: Web, alice: Browser, field: str, value: str) -> None:
    answer = alice.post("/codes/new", {**FORM, "partner": "Radio", field: value})
    assert answer.status_code == 422
    assert f"f-{field.partition('.')[0]}-error" in answer.text
    assert 'value="Radio"' in answer.text
    assert "No codes yet" in text(alice.get("/codes"))


def test_a_shared_code_is_made_with_its_text_and_without_a_limit(web: Web, alice: Browser) -> None:
    form = {**FORM, "kind": "shared", "shared_text": "anna 10", "partner": "Anna"}
    assert alice.post("/codes/new", form).headers["Location"] == "/codes/anna-10"
    assert batch(web, "anna-10").max_uses is None
    assert "ANNA10" in alice.get("/codes/anna-10").text
    assert alice.get("/codes/anna-10/qr.svg").mimetype == "image/svg+xml"
    answer = alice.post("/codes/new", form)
    assert answer.status_code == 422
    assert "exists already" in answer.text


def test_days_of_a_batch_are_those_of_the_workspace_and_come_back_as_typed(web: Web, alice: Browser) -> None:
    alice.post("/codes/new", {**FORM, "from.day": "2026-12-01", "until.day": "2026-12-31"})
    row = batch(web, "autumn-codes")
    assert row.valid_until is not None
    assert row.valid_until.isoformat() == "2026-12-31T23:59:59+00:00"
    page = alice.get("/codes/autumn-codes/edit").text
    assert 'value="2026-12-01"' in page
    assert 'value="2026-12-31"' in page


def test_a_batch_changes_only_what_was_not_promised(web: Web, alice: Browser) -> None:
    a_batch(web, max_uses=3)
    form = {"name": "Summer", "unlock": "sun", "partner": "Radio", "max_uses": "2", "on_failed_send": "void"}
    answer = alice.post("/codes/summer/edit", form)
    assert answer.status_code == 422
    assert "f-max_uses-error" in answer.text
    assert alice.post("/codes/summer/edit", {**form, "max_uses": "5"}).status_code == 303
    assert (batch(web, "summer").unlock, batch(web, "summer").max_uses) == ("SUN", 5)


def test_a_pool_is_filled_and_its_level_shown_with_a_warning(web: Web, alice: Browser) -> None:
    a_batch(web, uses_pool=True, pool_warn=50)
    form = {"count": "20", "to": "pool", "once": once(alice, "/codes/summer/make")}
    assert alice.post("/codes/summer/make", form).status_code == 303
    assert "20 left" in text(alice.get("/codes?state=low"))
    assert "Only 20 codes left in the pool" in text(alice.get("/codes/summer"))
    assert alice.post("/codes/summer/make", {**form, "once": "x" * 20, "count": "9999999"}).status_code == 422


def test_a_batch_is_voided_with_a_reason(web: Web, alice: Browser) -> None:
    a_batch(web)
    made(web)
    assert alice.fragment("/codes/summer/void").text.count("<dialog") == 1
    assert alice.post("/codes/summer/void", {"reason": " "}).status_code == 422
    assert batch(web, "summer").voided_at is None
    assert alice.post("/codes/summer/void", {"reason": "Printed wrong"}).status_code == 303
    assert "taken out of use" in text(alice.get("/codes/summer"))
    with web.store.read() as conn:
        assert audit.of_subject(conn, "codes:summer")[0].detail["reason"] == "Printed wrong"


def test_the_list_is_searched_filtered_and_paged_with_a_constant_number_of_statements(web: Web, alice: Browser) -> None:
    a_batch(web, "first", partner="Radio Kyiv")
    alice.get("/codes")
    with counted(web.store) as few:
        assert "1 to 1 of 1 batch" in text(alice.get("/codes"))
    for number in range(30):
        a_batch(web, f"b{number}", kind="shared", shared_text=f"CODE{number}", max_uses=None)
    with counted(web.store) as many:
        assert "1 to 25 of 31 batches" in text(alice.get("/codes"))
    assert len(many) == len(few)
    assert "26 to 31" in text(alice.get("/codes?page=2"))
    assert "1 to 1 of 1 batch" in text(alice.get("/codes?q=radio"))
    assert "1 to 1 of 1 batch" in text(alice.get("/codes?partner=Radio+Kyiv"))
    assert "1 to 25 of 30 batches" in text(alice.get("/codes?kind=shared"))
    assert "No batch matches" in text(alice.get("/codes?state=void"))


def test_what_a_partners_codes_sold_is_attributed(web: Web, alice: Browser) -> None:
    a_batch(web, "anna", kind="shared", shared_text="ANNA10", unlock="ANNA", partner="Anna", max_uses=None)
    published(web)
    LIVE._kept.clear()
    bought = cart(("soap", 10_000, 2), codes=("ANNA10",))
    row = web.store.run(lambda c: reserve(c, LIVE, web.store.vault, Asking(bought), Order("o1"), "till", web.at))[0]
    assert "No paid order has used one yet" in text(alice.get("/codes/anna"))
    web.store.run(lambda conn: settle.confirm(conn, row.id, web.at))
    page = text(alice.get("/codes/anna"))
    assert "1 order 180.00 UAH revenue, less returns 20.00 UAH discount" in page
    assert "Opens ANNA" in page
    assert "180.00 UAH" in text(alice.get("/codes/partners"))


def published(web: Web) -> None:
    chief = Author("chief", "chief", True)
    offer = {"key": "a", "layer": "item", "effect": {"kind": "percent", "value": "10"}, "requires_code": "ANNA"}

    def work(conn: Any) -> None:
        book.import_body(conn, {"promotions": [offer]}, chief, web.at, replace=True)
        release.publish(conn, chief, web.at)

    web.store.run(work)


def test_a_word_says_which_promotions_it_opens(web: Web, alice: Browser) -> None:
    published(web)
    assert "No promotion asks for" in text(alice.fragment("/codes/opens?unlock=nobody"))
    assert "with code ANNA" in text(alice.fragment("/codes/opens?unlock=anna"))


def test_staff_see_why_a_code_does_not_work_and_what_happened(web: Web) -> None:
    a_batch(web, activation="by_staff", with_pin=True)
    code, pin = made(web)[0]
    desk = web.sign_in("support")
    assert "Desk" in text(desk.get("/codes/why"))
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert "check character does not fit" in text(desk.post("/codes/why", {"code": wrong}))
    assert "The code must be activated first" in text(desk.post("/codes/why", {"code": code.lower()}))
    assert "The code is active" in text(desk.post("/codes/why/activate", {"code": code}))
    for guess in range(5):
        answer = desk.post("/codes/why", {"code": code, "pin": "0000" if pin != "0000" else "1111"})
        assert "PIN is wrong" in text(answer), guess
    assert "Too many wrong PINs" in text(desk.post("/codes/why", {"code": code, "pin": pin}))
    assert desk.post("/codes/why/unlock", {"code": code, "reason": ""}).status_code == 422
    assert "can be tried again" in text(desk.post("/codes/why/unlock", {"code": code, "reason": "Called back"}))
    page = text(desk.post("/codes/why", {"code": code, "pin": pin}))
    assert "It works." in page
    assert "Called back" in page
    assert "The code is void" in text(desk.post("/codes/why/void", {"code": code, "reason": "Lost card"}))
    assert "Nothing brings it back" in text(desk.post("/codes/why", {"code": code}))
    assert "does not wait" in text(desk.post("/codes/why/activate", {"code": code}))


def test_a_code_is_shown_as_it_is_printed(web: Web) -> None:
    a_batch(web, prefix="RADIO-")
    code = made(web)[0][0]
    rest = code.removeprefix("RADIO-")
    page = text(web.sign_in("support").post("/codes/why", {"code": code.lower()}))
    assert f"RADIO-{rest[:4]}-{rest[4:8]}-{rest[8:]}" in page


def test_a_phone_that_is_none_is_said_beside_its_field(web: Web) -> None:
    desk = web.sign_in("support")
    answer = desk.post("/codes/why", {"code": "ABC", "phone": "twelve"})
    assert answer.status_code == 422
    assert "f-phone-error" in answer.text


def test_guessing_at_the_desk_comes_to_an_end(web: Web) -> None:
    desk = web.sign_in("support")
    answers = [desk.post("/codes/why", {"code": "GUESS", "phone": "+380671234567"}).status_code for _ in range(22)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_who_may_not_make_codes_sees_no_way_to(web: Web) -> None:
    a_batch(web)
    analyst = web.sign_in("analyst")
    assert analyst.get("/codes/new").status_code == 403
    page = analyst.get("/codes/summer").text
    assert "/codes/summer/make" not in page
    assert "/codes/summer/void" not in page
