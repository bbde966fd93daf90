"""Gift certificates on pages: found, read like a ledger, given by two people, and plastic cards taken in."""

import io
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from offers.certificates import issue, proof, requests, spend
from offers.certificates.issue import Card, Issued, Sale
from offers.certificates.proof import Proof
from offers.certificates.requests import Wanted
from offers.certificates.spend import Payment
from rig.statements import counted
from rig.web import Browser, Web
from store import audit, certificates, ledger
from store.certificates import Row
from store.invariants import look
from web.phone_field import possible_phone

PHONE = "+380671234567"


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("admin")


def sold(web: Web, order: str = "o1", amount: int = 50_000, **more: Any) -> Issued:
    sale = Sale(order, "1", amount, "UAH", **{"phone": PHONE, **more})
    return web.store.run(lambda conn: issue.sell(conn, web.store.vault, sale, now=web.at, by="shop"))


def pays(web: Web, one: Issued, amount: int, key: str = "k1") -> None:
    asked = Payment(one.number, Proof(one.secret), amount, "UAH", key, "key:1", "o9")
    answer = web.store.run(lambda conn: spend.redeem(conn, web.store.vault, asked, now=web.at))
    assert answer.reason == ""


def row(web: Web, number: int) -> Row:
    with web.store.read() as conn:
        return certificates.by_id(conn, number)


def a_request(web: Web, amount: int = 250_000, by: str = "taras") -> int:
    wanted = Wanted("issue", amount, "UAH", "Parcel lost twice")
    return web.store.run(lambda conn: requests.ask(conn, web.store.vault, wanted, now=web.at, by=by)).id


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u202f", ""))


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert found, name
    return unescape(found[1])


def is_balanced(web: Web) -> bool:
    with web.store.read() as conn:
        return [one for one in look(conn, now=web.at) if one.invariant.id == "I7" and one.breaches] == []


def test_certificates_are_found_by_what_a_customer_knows_and_show_no_number(web: Web, alice: Browser) -> None:
    one = sold(web, "2026-17")
    sold(web, "2026-18", phone=None)
    for wanted in (one.last4.lower(), "2026-17", "067 123 45 67"):
        found = text(alice.get(f"/certificates?{urlencode({'q': wanted})}"))
        assert f"•••• {one.last4}" in found, wanted
        assert "1 certificate " in found, wanted
    page = alice.get("/certificates")
    assert "bound to a phone" in page.text
    for secret in (one.number, one.secret, PHONE, "1234567"):
        assert secret not in page.text
    assert "No certificate found" in text(alice.get("/certificates?q=nobody"))
    assert "2 certificates" in text(alice.get("/certificates?status=active"))


def test_a_text_is_a_phone_only_when_it_looks_like_a_whole_one() -> None:
    assert possible_phone("067 123 45 67") == PHONE
    assert possible_phone(PHONE) == PHONE
    for other in ("2026-17", "ABCD", "", "+38"):
        assert possible_phone(other) is None


def test_one_certificate_tells_where_its_money_went(web: Web, alice: Browser) -> None:
    one = sold(web)
    pays(web, one, 20_000)
    page = text(alice.get(f"/certificates/{one.id}"))
    assert "Left on it 300.00 UAH" in page
    for line in ("paid by an order 500.00 this certificate 500.00 500.00", "set aside 200.00 spent in shops 200.00"):
        assert line in page


def test_a_payment_is_refunded_at_once_up_to_the_limit_and_only_once_a_form(web: Web, alice: Browser) -> None:
    one = sold(web)
    pays(web, one, 20_000)
    page = alice.get(f"/certificates/{one.id}")
    form = {"payment": re.findall(r'<option value="(\d+)"', page.text)[0], "amount": "20", "reason": "Came back"}
    form["once"] = hidden(page, "once")
    place = f"/certificates/by-hand/refund/{one.id}"
    wrong = alice.post(place, {**form, "amount": "201"})
    assert wrong.status_code == 422
    assert "At most 200.00" in text(wrong)
    assert "f-amount-error" in wrong.text
    assert "The money is back" in text(alice.get(alice.post(place, form).headers["Location"]))
    assert "already" in text(alice.get(alice.post(place, form).headers["Location"]))
    assert row(web, one.id).balance == 32_000
    assert is_balanced(web)


def test_below_the_limit_one_person_gives_a_certificate_and_sees_it_once(web: Web, alice: Browser) -> None:
    page = alice.get("/certificates/by-hand/new")
    form = {"kind": "issue", "amount": "500", "currency": "uah", "reason": "Broken bottle", "phone": PHONE}
    form["once"] = hidden(page, "once")
    shown = alice.post("/certificates/by-hand/new", form)
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    number = re.search(r'id="number">(\w+)<', shown.text)
    assert number
    assert "<svg" in shown.text
    again = alice.post("/certificates/by-hand/new", form)
    assert again.headers["Location"] == "/certificates/by-hand/mine"
    listed = text(alice.get("/certificates"))
    assert "1 certificate " in listed
    assert number[1] not in listed


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", "much"), ("reason", ""), ("phone", "x"), ("currency", "UA"), ("until.day", "2020-01-01")],
)
def test_what_is_wrong_with_a_request_stands_beside_its_field(web: Web, alice: Browser, field: str, value: str) -> None:
    form = {"kind": "issue", "amount": "500", "currency": "UAH", "reason": "A gift", "once": "o" * 20, field: value}
    answer = alice.post("/certificates/by-hand/new", form)
    assert answer.status_code == 422
    assert f"f-{field}-error" in answer.text
    assert "No certificates yet" in text(alice.get("/certificates"))


def test_above_the_limit_another_person_approves_exactly_what_was_shown(web: Web) -> None:
    asker, approver = web.sign_in("support"), web.sign_in("approver")
    form = {"kind": "issue", "amount": "2500", "currency": "UAH", "reason": "Prize", "once": "o" * 20}
    assert asker.post("/certificates/by-hand/new", form).headers["Location"] == "/certificates/by-hand/mine"
    assert "Waiting" in text(asker.get("/certificates/by-hand/mine"))
    page = approver.get("/certificates/by-hand")
    assert "2500.00 UAH" in text(page)
    digest = hidden(page, "digest")
    place = re.search(r'action="(/certificates/by-hand/\d+/approve)"', page.text)
    assert place
    wrong = approver.post(place[1], {"digest": "0" * 32})
    assert "not the request that was shown" in text(approver.get(wrong.headers["Location"]))
    shown = approver.post(place[1], {"digest": digest})
    assert "shown once" in text(shown)
    again = approver.post(place[1], {"digest": digest})
    assert "approved already" in text(approver.get(again.headers["Location"]))
    assert "Done" in text(asker.get("/certificates/by-hand/mine"))
    assert is_balanced(web)


def test_nobody_approves_their_own_request_and_it_can_be_refused(web: Web, alice: Browser) -> None:
    number = a_request(web)
    me = web.sign_in("admin", web.user("admin", "boss"))
    mine = a_request(web, by="boss")
    page = me.get("/certificates/by-hand").text
    assert f"/certificates/by-hand/{mine}/approve" not in page
    assert f"/certificates/by-hand/{number}/approve" in page
    assert alice.post(f"/certificates/by-hand/{number}/refuse").status_code == 303
    assert "Nothing waits" not in text(alice.get("/certificates/by-hand"))
    assert "Parcel lost twice" in text(alice.get("/certificates/by-hand?status=refused"))


def test_the_limit_is_changed_by_an_administrator_only(web: Web, alice: Browser) -> None:
    assert alice.post("/certificates/by-hand/limit", {"approval": "lots"}).status_code == 422
    assert alice.post("/certificates/by-hand/limit", {"approval": "0"}).status_code == 303
    approver = web.sign_in("approver")
    assert approver.post("/certificates/by-hand/limit", {"approval": "9"}).status_code == 403
    assert "May give up to 0.00" in text(approver.get("/certificates/by-hand"))


@pytest.mark.parametrize(("act", "status"), [("void", "void"), ("close", "expired")])
def test_a_certificate_is_ended_with_a_reason_and_the_ledger_still_balances(
    web: Web, alice: Browser, act: str, status: str
) -> None:
    one = sold(web)
    pays(web, one, 20_000)
    assert alice.fragment(f"/certificates/{one.id}/{act}").text.count("<dialog") == 1
    assert alice.post(f"/certificates/{one.id}/{act}", {"reason": ""}).status_code == 422
    assert alice.post(f"/certificates/{one.id}/{act}", {"reason": "Paid back"}).status_code == 303
    assert (row(web, one.id).status, row(web, one.id).balance) == (status, 0)
    with web.store.read() as conn:
        assert audit.of_subject(conn, f"certificate:{one.id}")[0].detail["reason"] == "Paid back"
    assert is_balanced(web)
    web.store.run(lambda conn: spend.tidy(conn, web.at))
    assert is_balanced(web)


def test_what_a_till_has_set_aside_is_not_taken_away(web: Web, alice: Browser) -> None:
    one = sold(web)
    asked = Payment(one.number, Proof(one.secret), 100, "UAH", "k", "key:1")
    web.store.run(lambda conn: spend.authorise(conn, web.store.vault, asked, now=web.at))
    for act in ("void", "close"):
        answer = alice.post(f"/certificates/{one.id}/{act}", {"reason": "Paid back"})
        assert answer.status_code == 422
        assert "let it finish first" in answer.text


def test_a_password_goes_to_the_bound_phone_only(web: Web, alice: Browser) -> None:
    one = sold(web)
    place = f"/certificates/{one.id}/password"
    assert "not the phone" in text(alice.get(alice.post(place, {"phone": "+380501112233"}).headers["Location"]))
    assert "on its way" in text(alice.get(alice.post(place, {"phone": "067 123 45 67"}).headers["Location"]))
    assert row(web, one.id).password_digest is not None
    for _ in range(20):
        last = alice.post(place, {"phone": PHONE})
    assert "Too many passwords" in text(alice.get(last.headers["Location"]))


def test_a_printed_file_is_looked_over_and_taken_in_once(web: Web, alice: Browser) -> None:
    numbers = [proof.new_number() for _ in range(3)]
    body = "Number;PIN;Amount\n" + "".join(f"{one};123456;500,00\n" for one in numbers)

    def upload(content: str) -> Any:
        return alice.post(
            "/certificates/cards", {"file": (io.BytesIO(content.encode()), "cards.csv"), "currency": "UAH"}
        )

    page = upload(body)
    assert "3 cards in the file" in text(page)
    assert numbers[0] not in page.text
    assert "123456" not in page.text
    form = {"sealed": hidden(page, "sealed"), "currency": "UAH", "batch": "", "sure": "1"}
    assert "3 cards are taken in" in text(alice.get(alice.post("/certificates/cards", form).headers["Location"]))
    assert "All of them were taken in before" in text(upload(body))
    wrong = upload(body.replace(numbers[1], "WRONG"))
    assert wrong.status_code == 422
    assert "no number of ours" in wrong.text
    assert 'name="sealed"' not in wrong.text
    assert upload("a,b\n1,2\n").status_code == 422
    assert upload("").status_code == 422


def test_a_card_that_was_sold_is_activated_by_hand(web: Web, alice: Browser) -> None:
    number = proof.new_number()
    card = Card(number, "123456", 50_000, "UAH", "cards")
    web.store.run(lambda conn: issue.take_cards(conn, web.store.vault, [card], now=web.at, by="anna"))
    form = {"kind": "activate", "number": number, "order": "o7", "reason": "The till was down", "once": "o" * 20}
    assert alice.post("/certificates/by-hand/new", {**form, "number": "AAAA"}).status_code == 422
    assert alice.post("/certificates/by-hand/new", form).status_code == 303
    found = row(web, 1)
    assert (found.status, found.balance, found.order_key) == ("active", 50_000, "o7")
    assert is_balanced(web)
    again = alice.post("/certificates/by-hand/new", {**form, "once": "p" * 20})
    assert "active already" in again.text


def test_numbers_are_drawn_for_a_printer(web: Web, alice: Browser) -> None:
    file = alice.post("/certificates/cards/numbers", {"count": "7"})
    assert file.mimetype == "text/csv"
    assert all(proof.is_number(one) for one in file.text.splitlines()[1:])
    assert len(file.text.splitlines()) == 8
    assert alice.post("/certificates/cards/numbers", {"count": "0"}).status_code == 422


def test_totals_add_up_in_each_currency(web: Web) -> None:
    analyst = web.sign_in("analyst")
    assert "Nothing was posted yet" in text(analyst.get("/certificates/totals"))
    one = sold(web)
    pays(web, one, 20_000)
    page = text(analyst.get("/certificates/totals"))
    assert "300.00 owed to holders, 1 certificate" in page
    assert "The ledger adds up" in page
    assert "journeys" not in page
    moved = {"marketing": -7_000, f"certificate:{one.id}": 7_000}
    web.store.run(lambda conn: ledger.post(conn, "gift", "issue", "UAH", moved, now=web.at, by="journey gifts"))
    assert "Given by journeys 70.00 UAH" in text(analyst.get("/certificates/totals"))
    assert "given by a journey" in text(web.sign_in("admin").get(f"/certificates/{one.id}"))


def test_lists_are_paged_with_a_constant_number_of_statements(web: Web, alice: Browser) -> None:
    sold(web, "first")
    alice.get("/certificates")
    with counted(web.store) as few:
        alice.get("/certificates")
    for number in range(30):
        sold(web, f"o{number}")
    with counted(web.store) as many:
        page = alice.get("/certificates")
    assert len(many) == len(few)
    older = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert older
    assert "6 certificates" in text(alice.get(unescape(older[1])))
