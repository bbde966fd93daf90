"""Promo codes over HTTP: made once, checked without telling why, and guessed by nobody."""

from typing import Any

from werkzeug.test import TestResponse

from offers.codes.text import draw
from rig.statements import counted
from rig.web import NOON, Web, a_web
from rig.world import World

BATCH = {"key": "summer", "name": "Summer", "prefix": "SUN-", "unlock": "summer20"}
PHONE = "+380671234567"


def admin(web: Web) -> dict[str, str]:
    return web.key("integration", "codes.make", "codes.void", "codes.activate", "codes.check", "promotions.read")


def post(web: Web, path: str, body: Any, headers: dict[str, str], **more: Any) -> TestResponse:
    return web.client.post(f"/api/v1{path}", json=body, headers={**headers, **more})


def some_codes(web: Web, count: int = 3, **fields: Any) -> list[str]:
    headers = admin(web)
    assert post(web, "/code-batches", {**BATCH, **fields}, headers).status_code == 201
    answer = post(web, f"/code-batches/{fields.get('key', 'summer')}/codes", {"count": count}, headers)
    assert answer.status_code == 201
    return answer.text.split()[1:]


def check(web: Web, headers: dict[str, str], *codes: str, **more: Any) -> list[dict[str, Any]]:
    answer = post(web, "/codes/check", {"codes": codes, **more}, headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["codes"]
    return found


def test_a_batch_is_made_read_and_changed(web: Web) -> None:
    codes, headers = some_codes(web, pool_warn=10, uses_pool=True), admin(web)
    shown = web.client.get("/api/v1/code-batches/summer", headers=headers).get_json()
    assert (shown["unlock"], shown["codes"], shown["is_low"]) == ("SUMMER20", {"issued": 3, "uses": 0}, True)
    assert post(web, "/code-batches/summer/codes", {"count": 12, "to": "pool"}, headers).get_json() == {"made": 12}
    found = web.client.get("/api/v1/code-batches?search=summ", headers=headers).get_json()["batches"]
    assert [(one["codes"]["free"], one["is_low"]) for one in found] == [(12, False)]
    changed = web.client.patch("/api/v1/code-batches/summer", json={"partner": "radio"}, headers=headers)
    assert (changed.status_code, changed.get_json()["partner"]) == (200, "radio")
    assert post(web, "/code-batches/summer/void", {"reason": "leaked"}, headers).get_json()["voided_at"]
    assert check(web, headers, codes[0])[0]["usable"] is False
    assert post(web, "/code-batches/summer/codes", {"count": 1}, headers).status_code == 409


def test_codes_are_shown_once(web: Web) -> None:
    headers = admin(web)
    post(web, "/code-batches", {**BATCH, "with_pin": True}, headers)
    once = {"Idempotency-Key": "k1"}
    first = post(web, "/code-batches/summer/codes", {"count": 2}, headers, **once)
    again = post(web, "/code-batches/summer/codes", {"count": 2}, headers, **once)
    head, *lines = first.text.splitlines()
    assert (first.status_code, first.mimetype, head, len(lines)) == (201, "text/csv", "code,pin", 2)
    assert (again.status_code, again.get_json()["errors"][0]["code"]) == (410, "made_already")
    code, pin = lines[0].split(",")
    assert code.startswith("SUN-")
    till = web.key("till", "codes.check")
    assert check(web, till, code, pins={code: pin})[0]["usable"] is True
    assert code not in repr(web.client.get("/api/v1/code-batches/summer", headers=headers).text)


def test_a_till_is_told_nothing_and_the_desk_is_told_why(web: Web) -> None:
    good, used, bound = some_codes(web)
    (waiting,) = some_codes(web, 1, key="cards", activation="by_staff")
    till, desk = web.key("till", "codes.check", "codes.activate"), web.sign_in("support")
    post(web, "/codes/void", {"codes": [used], "reason": "stolen"}, admin(web))
    answers = check(web, till, good, used, waiting, draw(1, 10, "SUN-")[0], "x")
    assert [one["usable"] for one in answers] == [True, False, False, False, False]
    refused = [{**one, "code": ""} for one in answers[1:]]
    assert all(one == {"code": "", "usable": False, "unlock": "", "reason": "", "words": ""} for one in refused)
    seen = desk.send("POST", "/api/v1/codes/check", json={"codes": [used, waiting]})
    assert [one["reason"] for one in seen.get_json()["codes"]] == ["void", "not_activated"]
    assert all(one["words"] for one in seen.get_json()["codes"])
    done = post(web, "/codes/activate", {"codes": [waiting, "nothing"], "phone": PHONE}, till)
    assert done.get_json() == {"changed": 1, "refused": 1}
    assert [one["usable"] for one in check(web, till, waiting, phone=PHONE)] == [True]
    assert [one["usable"] for one in check(web, till, waiting)] == [False]
    assert bound


def test_answers_to_guesses_are_alike_to_the_byte(web: Web) -> None:
    codes = some_codes(web, 2)
    post(web, "/codes/void", {"codes": codes[:1], "reason": "stolen"}, admin(web))
    till = web.key("till", "codes.check")
    sent = [codes[0], draw(1, 10, "SUN-")[0], codes[1][:-1] + ("2" if codes[1][-1] != "2" else "3")]
    answers = [post(web, "/codes/check", {"codes": [code]}, till) for code in sent]
    alike = {(one.status_code, one.text.replace(code, "")) for one, code in zip(answers, sent, strict=True)}
    assert len(alike) == 1
    assert len({len(one.data) for one in answers}) == 1


def test_ten_thousand_guesses_find_a_closed_door(web: Web) -> None:
    (code,) = some_codes(web, 1)
    till = web.key("till", "codes.check")
    guesses = draw(10_000, 10, "SUN-")
    statuses = []
    with counted(web.store) as statements:
        for start in range(0, 10_000, 50):
            statuses.append(post(web, "/codes/check", {"codes": guesses[start : start + 50]}, till).status_code)
    looked = sum("JOIN code_batch" in one for one in statements)
    assert statuses == [200] * looked + [429] * (200 - looked)
    assert looked <= 5  # some 200 of 10,000
    answer = post(web, "/codes/check", {"codes": [code]}, till)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_phone_is_not_tried_with_many_codes(web: Web) -> None:
    codes = some_codes(web, 30, bind_phone=True, activation="by_staff")
    post(web, "/codes/activate", {"codes": codes, "phone": PHONE}, admin(web))
    bad = post(web, "/codes/check", {"codes": codes[:1], "phone": "0501112233"}, web.key("till", "codes.check"))
    assert bad.status_code == 422
    other = []
    for code in codes:
        till = web.key("till", "codes.check")
        other.append(post(web, "/codes/check", {"codes": [code], "phone": "+380501112233"}, till).status_code)
    assert other == [200] * 20 + [429] * 10


def test_a_batch_that_makes_no_sense_names_the_field(web: Web) -> None:
    answer = post(web, "/code-batches", {**BATCH, "kind": "shared"}, admin(web))
    assert (answer.status_code, answer.get_json()["errors"][0]["path"]) == (422, "shared_text")
    shared = {"key": "anna", "kind": "shared", "shared_text": "Anna 10", "partner": "Anna"}
    made = post(web, "/code-batches", shared, admin(web)).get_json()
    assert (made["shared_text"], made["max_uses"]) == ("ANNA10", None)
    assert post(web, "/codes/qr", {"text": "ANNA10"}, admin(web)).get_json()["svg"].startswith("<svg")


def test_a_refill_lets_those_go_on_who_wait(sqlite_url: str) -> None:
    world = World(sqlite_url, now=NOON)
    web = a_web(sqlite_url, runtime=world.runtime)
    web.store.vault = world.store.vault
    headers = admin(web)
    assert post(web, "/code-batches", {"key": "winter", "uses_pool": True}, headers).status_code == 201
    world.journey(
        "gift",
        {
            "enter": {"type": "trigger.event", "event": "shop.visited"},
            "code": {"type": "action.promo_code", "batch": "winter"},
        },
    )
    world.happens(world.customers(3), "shop.visited")
    world.settle()
    assert world.statuses() == {"waiting": 3}
    assert post(web, "/code-batches/winter/codes", {"count": 5, "to": "pool"}, headers).get_json() == {"made": 5}
    world.settle()
    assert world.statuses() == {"completed": 3}
    world.close()
    web.store.dispose()
