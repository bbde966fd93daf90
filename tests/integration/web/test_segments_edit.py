"""Making, changing, copying and removing segments in the browser's forms."""

import json
from typing import Any

import pytest

from rig.formdata import sent
from rig.people import a_customer
from rig.shop import graph
from rig.web import Browser, Web
from store import segments as rows
from store.drafts import save_draft
from web.builder_forms.pickers import PICKERS

CITY = {"type": "compare", "fact": "city", "op": "=", "value": "Київ"}


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("marketer")


def _rule(web: Web, key: str) -> Any:
    with web.store.read() as conn:
        found = rows.find_segment(conn, key)
    return found.rule if found else None


def _form(browser: Browser, path: str) -> dict[str, list[str]]:
    form = sent(browser.get(path).text)
    return {name: values for name, values in form.items() if name not in ("theme", "q")}


def _people(web: Web, keys: list[str], **profile: Any) -> None:
    with web.store.write() as conn:
        for key in keys:
            a_customer(conn, key, **profile)


def _filled(**more: str) -> dict[str, str]:
    one = {"rule.is": "part", "rule.about": "fact:city", "rule.op": "=", "rule.kind": "text", "rule.value": "Київ"}
    return {"_path": "rule", "name": "Київ та область", "rule": "1", **one, **more}


def test_a_new_segment_is_saved_with_a_key_made_from_its_name(web: Web, alice: Browser) -> None:
    answer = alice.post("/segments/new", _filled())
    assert answer.headers["Location"] == "/segments/kyiv-ta-oblast"
    assert _rule(web, "kyiv-ta-oblast") == CITY
    assert "Київ та область" in alice.get("/segments").text
    assert alice.post("/segments/new", _filled()).status_code == 422  # the name is taken


def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(web: Web, alice: Browser) -> None:
    answer = alice.post("/segments/new", _filled(**{"name": " ", "description": "for tests", "rule.value": ""}))
    assert answer.status_code == 422
    assert "Give it a name" in answer.text
    assert "for tests" in answer.text
    assert answer.text.count("Fill this in") >= 1


def test_opening_and_saving_a_segment_changes_nothing(web: Web, alice: Browser) -> None:
    rule = {
        "type": "any",
        "rules": [
            CITY,
            {"type": "not", "rule": {"type": "all", "rules": [{"type": "set", "fact": "birthday"}, CITY]}},
            {"type": "orders", "measure": "sum", "op": ">", "value": 12345, "within_days": 30, "brand": "Élan"},
        ],
    }
    alice.post("/segments/new", _filled())
    web.store.run(lambda conn: _put(conn, rule))
    before = _form(alice, "/segments/kyiv-ta-oblast/edit")
    assert alice.post("/segments/kyiv-ta-oblast/edit", before).status_code == 303
    assert json.dumps(_rule(web, "kyiv-ta-oblast"), sort_keys=True) == json.dumps(rule, sort_keys=True)


def _put(conn: Any, rule: dict[str, Any]) -> None:
    old = rows.find_segment(conn, "kyiv-ta-oblast")
    assert old
    assert rows.update_segment(conn, old, old.name, "", rule, old.updated_at)


def test_whoever_is_slower_is_told_and_keeps_the_text(web: Web, alice: Browser) -> None:
    alice.post("/segments/new", _filled())
    mine = _form(alice, "/segments/kyiv-ta-oblast/edit")
    web.sign_in("admin").post("/segments/kyiv-ta-oblast/edit", {**mine, "name": "Others were faster"})
    answer = alice.post("/segments/kyiv-ta-oblast/edit", {**mine, "name": "My own name"})
    assert answer.status_code == 422
    assert "My own name" in answer.text
    assert "revision" in answer.text


def test_a_copy_starts_from_the_rule_of_another(web: Web, alice: Browser) -> None:
    alice.post("/segments/new", _filled())
    form = _form(alice, "/segments/new?copy=kyiv-ta-oblast")
    assert form["name"] == ["Київ та область (copy)"]
    assert alice.post("/segments/new", form).status_code == 303
    assert _rule(web, "kyiv-ta-oblast-copy") == CITY


def test_a_segment_in_use_is_kept_and_its_users_are_named(web: Web, alice: Browser) -> None:
    alice.post("/segments/new", _filled())
    alice.post("/segments/new", _filled(name="Inner", **{"rule.about": "segment", "rule.key": "kyiv-ta-oblast"}))
    journey = graph({"a": {"type": "trigger.segment", "segment": "inner"}}, [])
    web.store.run(lambda conn: save_draft(conn, "j", journey, now=web.at, name="Win back"))
    alice.post("/segments/kyiv-ta-oblast/delete")
    assert "Inner" in alice.get("/segments/kyiv-ta-oblast").text
    alice.post("/segments/inner/delete")
    assert "Win back" in alice.get("/segments/inner").text
    assert _rule(web, "inner") is not None


def test_a_segment_that_nobody_uses_goes_with_its_members(web: Web, alice: Browser) -> None:
    from engine.segments import refresh

    _people(web, ["c1"], city="Київ")
    alice.post("/segments/new", _filled())
    while refresh(web.store, web.at):
        pass
    assert alice.post("/segments/kyiv-ta-oblast/delete").status_code == 303
    assert _rule(web, "kyiv-ta-oblast") is None
    assert alice.get("/segments/kyiv-ta-oblast").status_code == 404


def test_the_count_follows_the_rule_and_shows_people_masked(web: Web, alice: Browser) -> None:
    _people(web, [f"c{n}" for n in range(7)], first_name="Олена", city="Київ")
    text = alice.post("/forms/count", _filled()).text
    assert "<b>7</b>" in text
    assert "О••••" in text
    assert "Олена" not in text
    assert text.count("<li>") == 5
    numbers_only = web.sign_in("analyst").post("/forms/count", _filled()).text
    assert "<b>7</b>" in numbers_only
    assert "<li>" not in numbers_only
    assert "Fill this in" in alice.post("/forms/count", _filled(**{"rule.value": ""})).text


def test_a_dialog_answers_with_the_segment_that_it_made(web: Web, alice: Browser) -> None:
    html = alice.fragment("/segments/new?dialog=1&name=Fresh").text
    assert 'value="Fresh"' in html
    form = {name.replace("rule", "made"): value for name, value in _filled(_path="made", name="Fresh").items()}
    answer = alice.post("/segments/new", {**form, "_path": "made"}, headers={"Accept": "application/json"})
    assert answer.json == {"key": "fresh", "name": "Fresh"}


def test_pickers_answer_page_by_page_and_say_what_to_do_without_rows(web: Web, alice: Browser) -> None:
    empty = alice.get("/forms/pick/segment").json
    assert empty
    assert empty["items"] == []
    assert empty["empty"]["href"] == "/segments/new"
    for number in range(25):
        alice.post("/segments/new", _filled(name=f"Segment {number:02}"))
    first = alice.get("/forms/pick/segment?q=SEGMENT").json
    assert first
    assert (len(first["items"]), first["more"], first["empty"]) == (20, True, None)
    second = alice.get("/forms/pick/segment?q=segment&page=2").json
    assert second
    assert [one["label"] for one in second["items"]] == [f"Segment {n}" for n in range(20, 25)]
    assert alice.get("/forms/pick/nonsense").status_code == 404


def test_suggestions_never_show_what_tells_people_apart(web: Web, alice: Browser) -> None:
    for number in range(3):
        attributes = {"shop": "Lviv", "nick": f"anna{number}"}
        _people(web, [f"c{number}"], attributes=attributes, first_name="Олена", city="Київ")

    def values(about: str) -> list[str]:
        found = alice.get(f"/forms/pick/value?about={about}").json
        assert found
        return [one["value"] for one in found["items"]]

    assert values("city") == ["Київ"]
    assert values("attrs.shop") == ["Lviv"]
    assert values("attrs.nick") == values("first_name") == values("email") == []


@pytest.mark.parametrize("kind", sorted(PICKERS))
def test_every_picker_says_something_without_rows(web: Web, alice: Browser, kind: str) -> None:
    found = alice.get(f"/forms/pick/{kind}?q=&about=data.purchase/x").json
    assert found
    picker = PICKERS[kind]
    assert found["items"] or picker.is_free or found["empty"]["title"]
    if not found["items"] and found["empty"]["href"]:
        assert alice.get(found["empty"]["href"]).status_code == 200
    web.sign_in("support").get(f"/forms/pick/{kind}")


def test_whoever_may_not_see_segments_is_not_told_their_names(web: Web, alice: Browser) -> None:
    alice.post("/segments/new", _filled())
    shown = web.sign_in("support").get("/forms/pick/segment").json
    assert shown
    assert shown["items"] == []
    assert web.sign_in("analyst").post("/segments/new", _filled(name="Mine")).status_code == 403
