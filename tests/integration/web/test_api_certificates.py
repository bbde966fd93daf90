"""Gift certificates over HTTP: a shop sells, tills spend, strangers learn nothing, two people give."""

from typing import Any

from sqlalchemy import text
from werkzeug.test import TestResponse

from rig.web import Browser, Web

PHONE, OTHER = "+380671234567", "+380501112233"
SALE = {"order": "o1", "line": "1", "amount": 50_000, "currency": "UAH", "phone": PHONE}


def shop(web: Web) -> dict[str, str]:
    return web.key("integration", "certificates.sell", "certificates.totals")


def till(web: Web) -> dict[str, str]:
    return web.key("till", "certificates.read", "certificates.redeem")


def post(web: Web, path: str, body: Any, headers: dict[str, str], **more: Any) -> TestResponse:
    return web.client.post(f"/api/v1/certificates{path}", json=body, headers={**headers, **more})


def by_hand(desk: Browser, path: str, body: Any) -> TestResponse:
    return desk.send("POST", f"/api/v1/certificates{path}", json=body)


def sold(web: Web, **more: Any) -> dict[str, Any]:
    answer = post(web, "", {**SALE, **more}, shop(web))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def pay(gift: dict[str, Any], amount: int, key: str, **more: Any) -> dict[str, Any]:
    return {"number": gift["scan"], "amount": amount, "currency": "UAH", "key": key, **more}


def password(web: Web) -> str:
    with web.store.read() as conn:
        sealed = conn.execute(text("SELECT body FROM notice ORDER BY id DESC LIMIT 1")).scalar_one()
    return web.store.vault.open(bytes(sealed)).decode()[:6]


def test_a_certificate_is_sold_once_and_shown_once(web: Web) -> None:
    first, again = sold(web), sold(web)
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["scan"].startswith(first["number"] + ".")
    assert first["qr"].startswith("<svg")
    assert (again["id"], again["number"], again["scan"]) == (first["id"], "", "")
    headers, once = shop(web), {"Idempotency-Key": "k1"}
    kept = [post(web, "", {**SALE, "line": "2"}, headers, **once).get_json() for _ in range(2)]
    assert kept[0] == kept[1]
    with web.store.read() as conn:
        dump = repr(conn.execute(text("SELECT response FROM idempotency")).all())
    assert kept[0]["number"] not in dump


def test_a_till_spends_it_in_parts(web: Web) -> None:
    gift, headers = sold(web), till(web)
    paid = post(web, "/redeem", pay(gift, 20_000, "a"), headers).get_json()
    assert paid == {"key": "a", "amount": 20_000, "balance": 30_000, "currency": "UAH"}
    short = post(web, "/redeem", pay(gift, 40_000, "b"), headers)
    assert (short.status_code, short.get_json()["errors"][0]["code"]) == (409, "insufficient")
    assert post(web, "/authorise", pay(gift, 10_000, "c"), headers).get_json()["balance"] == 20_000
    assert post(web, "/payments/c/capture", {"amount": 4_000}, headers).get_json()["balance"] == 26_000
    assert post(web, "/authorise", pay(gift, 10_000, "d"), headers).get_json()["balance"] == 16_000
    assert post(web, "/payments/d/release", None, headers).get_json()["balance"] == 26_000
    assert post(web, "/payments/d/release", None, till(web)).get_json()["errors"][0]["code"] == "unknown_key"
    back = post(web, "/payments/a/refund", {"amount": 5_000, "refund": "r1"}, headers)
    assert back.get_json()["balance"] == 31_000
    assert post(web, "/check", {"number": gift["scan"]}, headers).get_json() == {"balance": 31_000, "currency": "UAH"}
    sums = web.client.get("/api/v1/certificates/totals", headers=shop(web)).get_json()["accounts"]
    assert sum(one["amount"] for one in sums) == 0


def test_a_stranger_gets_one_answer_for_everything(web: Web) -> None:
    gift, other = sold(web), sold(web, line="2")
    headers = till(web)
    tries = [gift["number"], "AAAA-BBBB-CCCC", f"{gift['number']}.{'A' * 24}", f"{other['number']}.{'B' * 24}"]
    answers = [post(web, "/check", {"number": number}, headers) for number in tries]
    answers.append(post(web, "/redeem", {**pay(gift, 1, "x"), "number": gift["number"], "pin": "123456"}, headers))
    assert {(one.status_code, one.data) for one in answers} == {(422, answers[0].data)}


def test_a_password_comes_to_the_phone_and_the_answer_says_nothing(web: Web) -> None:
    gift, headers = sold(web), till(web)
    asked = [(gift["number"], PHONE), (gift["number"], OTHER), ("AAAA-BBBB-CCCC", PHONE)]
    answers = [post(web, "/password", {"number": number, "phone": phone}, headers) for number, phone in asked]
    assert {(one.status_code, one.data) for one in answers} == {(202, answers[0].data)}
    with web.store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM notice")).scalar_one() == 1
    asked_for = pay({"scan": gift["number"]}, 1_000, "a", password=password(web))
    assert [post(web, "/redeem", asked_for, headers).status_code for _ in range(2)] == [200, 200]
    assert post(web, "/redeem", {**asked_for, "key": "b"}, headers).status_code == 422


def test_a_phone_does_not_ring_all_day(web: Web) -> None:
    gift = sold(web)
    statuses = [
        post(web, "/password", {"number": gift["number"], "phone": PHONE}, till(web)).status_code for _ in range(25)
    ]
    assert statuses == [202] * 20 + [429] * 5


def test_numbers_are_not_found_by_trying(web: Web) -> None:
    from offers.certificates.proof import new_number

    headers = till(web)
    statuses = [post(web, "/check", {"number": new_number()}, headers).status_code for _ in range(300)]
    assert statuses == [422] * 200 + [429] * 100


def test_cards_are_printed_taken_in_and_activated(web: Web) -> None:
    headers = shop(web)
    numbers = post(web, "/numbers", {"count": 2}, headers).get_json()["numbers"]
    cards = [{"number": number, "pin": "123456", "face": 30_000, "currency": "UAH"} for number in numbers]
    assert post(web, "/cards", {"cards": cards}, headers).get_json() == {"taken": 2, "known": 0}
    assert post(web, "/cards", {"cards": cards}, headers).get_json() == {"taken": 0, "known": 2}
    check = {"number": numbers[0], "pin": "123456"}
    assert post(web, "/check", check, till(web)).status_code == 422
    sale = {**SALE, "amount": 30_000, "number": numbers[0]}
    assert post(web, "/activate", sale, headers).status_code == 200
    assert post(web, "/activate", {**sale, "order": "o2"}, headers).status_code == 409
    assert post(web, "/check", check, till(web)).get_json()["balance"] == 30_000
    wrong = {**cards[0], "number": "2222-2222-2223"}
    answer = post(web, "/cards", {"cards": [wrong]}, headers)
    assert (answer.status_code, answer.get_json()["errors"][0]["path"]) == (422, "cards.0.number")


def test_two_people_give_and_the_desk_sees_what_happened(web: Web) -> None:
    alice, bob = web.sign_in("admin"), web.sign_in("approver")
    wanted = {"kind": "issue", "amount": 200_000, "currency": "UAH", "reason": "lost in transport", "phone": PHONE}
    asked = by_hand(alice, "/requests", wanted).get_json()
    assert (asked["status"], asked["certificate"]) == ("waiting", None)
    seen = bob.get("/api/v1/certificates/requests?status=waiting").get_json()["requests"]
    assert [(one["id"], one["digest"], one["has_phone"]) for one in seen] == [(asked["id"], asked["digest"], True)]
    place, digest = f"/requests/{asked['id']}/approve", {"digest": asked["digest"]}
    assert by_hand(alice, place, digest).status_code == 409
    done = by_hand(bob, place, digest).get_json()
    assert (done["status"], done["certificate"]["is_new"]) == ("approved", True)
    assert by_hand(bob, place, digest).status_code == 409
    found = alice.get("/api/v1/certificates", query_string={"phone": PHONE}).get_json()["certificates"]
    assert [(one["face"], one["balance"], one["last4"]) for one in found] == [
        (200_000, 200_000, done["certificate"]["last4"])
    ]
    shown = alice.get(f"/api/v1/certificates/{found[0]['id']}").get_json()
    assert [(one["kind"], one["amount"]) for one in shown["movements"]] == [("issue", 200_000)]
    assert by_hand(bob, f"/{found[0]['id']}/void", {"reason": "by mistake"}).status_code == 200
    assert post(web, "/check", {"number": done["certificate"]["scan"]}, till(web)).status_code == 422
    refused = by_hand(alice, "/requests", wanted).get_json()
    assert by_hand(bob, f"/requests/{refused['id']}/refuse", None).get_json()["status"] == "refused"


def test_an_admin_sets_what_one_person_may_give_alone(web: Web) -> None:
    alice, bob = web.sign_in("admin"), web.sign_in("approver")
    assert bob.get("/api/v1/certificates/limit").get_json() == {"approval": 100_000}
    assert bob.send("PUT", "/api/v1/certificates/limit", json={"approval": 0}).status_code == 403
    assert alice.send("PUT", "/api/v1/certificates/limit", json={"approval": 0}).get_json() == {"approval": 0}
    wanted = {"kind": "issue", "amount": 1, "currency": "UAH", "reason": "a test"}
    assert by_hand(alice, "/requests", wanted).get_json()["status"] == "waiting"
