"""Promotions on pages: made from a kind, changed, switched, stopped, grouped, capped, published and taken back."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from offers.rules import book, release
from offers.rules.author import Author
from rig.formdata import sent
from rig.web import Browser, Web
from store import rulesets
from store.products import Product, write_products
from store.tables import metadata
from web.promotion_forms.convert import union_meant, union_shown
from web.promotion_forms.draft import document_of, tree_of
from web.promotion_forms.gallery import STARTERS
from web.promotion_forms.specs import CONDITIONS, EFFECTS, specs_of
from web.promotion_forms.tree import change, read

EXAMPLE = Path(__file__).parents[3] / "examples" / "promotions" / "brocard.json"
ANNA, BORIS = Author("anna", "anna"), Author("boris", "boris")
PERCENT = {"effect": {"kind": "percent", "value": "20"}, "layer": "item", "name": "20 % off perfume"}


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("admin")


def saved(web: Web, key: str = "perfume", kind: Any = "promotion", **more: Any) -> None:
    body = {**PERCENT, **more} if kind == "promotion" else more
    web.store.run(lambda conn: book.save_item(conn, kind, key, body, ANNA, web.at))


def item(web: Web, key: str, kind: Any = "promotion") -> book.Item:
    with web.store.read() as conn:
        return book.get_item(conn, kind, key, web.at)


def published(web: Web) -> int:
    return web.store.run(lambda conn: release.publish(conn, ANNA, web.at)).version.number


def form_of(browser: Browser, path: str) -> dict[str, list[str]]:
    page = browser.get(path).text
    form = re.search(r"<form[^>]*data-offer.*</form>", page, re.DOTALL)
    assert form
    return {name: values for name, values in sent(form[0]).items() if name != "_do"}


def test_a_kind_becomes_a_promotion_with_one_field_filled_in(web: Web, alice: Browser) -> None:
    form = form_of(alice, "/promotions/new?kind=percent")
    answer = alice.post("/promotions/new", {**form, "effect.value": "12,5 %", "scope.include.categories": "perfume"})
    assert answer.headers["Location"] == "/promotions"
    made = item(web, "12-5-off-perfume")
    assert made.body["effect"] == {"kind": "percent", "value": "12.5"}
    assert made.body["name"] == "12.5 % off perfume"
    assert "12.5 % off perfume" in alice.get("/promotions").text


@pytest.mark.parametrize("kind", [key for key, one in STARTERS.items() if not one.href])
def test_every_kind_of_the_gallery_opens_and_says_what_it_lacks(alice: Browser, kind: str) -> None:
    form = form_of(alice, f"/promotions/new?kind={kind}")
    answer = alice.post("/promotions/sentence", form)
    assert answer.status_code == 200
    assert "Still to fill in" in answer.text or "sentence-words" in answer.text
    assert alice.post("/promotions/form", form).status_code == 200


def test_the_example_goes_through_the_forms_unchanged() -> None:
    for one in json.loads(EXAMPLE.read_text())["promotions"]:
        document = document_of(tree_of(one, "Europe/Kyiv"), "Europe/Kyiv")
        before = {name: value for name, value in one.items() if name != "key"}
        assert document == before or one["key"] == "care-and-colour"  # it writes a default out


@pytest.mark.parametrize("kind", [*EFFECTS, *CONDITIONS])
def test_each_effect_and_condition_of_the_contract_has_a_form(kind: str) -> None:
    which = "effect" if kind in EFFECTS else "condition"
    assert all(spec.kind for spec in specs_of((EFFECTS if which == "effect" else CONDITIONS)[kind]))
    assert union_meant(which, union_shown(which, {"kind": kind}, "UTC"), "UTC")["kind"] == kind  # type: ignore[index]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(web: Web, alice: Browser) -> None:
    form = form_of(alice, "/promotions/new?kind=sets")
    wrong = {**form, "effect.size": "three", "usage.spend": "a lot", "note": "for tests"}
    answer = alice.post("/promotions/new", wrong)
    assert answer.status_code == 422
    for text in ('value="three"', 'value="a lot"', "for tests", "f-effect-size-error", "f-usage-spend-error"):
        assert text in answer.text
    assert alice.get("/promotions").text.count("data-label") == 0


def test_whole_days_are_meant_in_the_workspaces_zone(web: Web) -> None:
    tree = read({"effect.kind": ["percent"], "when.from.day": ["2026-11-24"], "when.until.day": ["2026-11-30"]})
    period = document_of(tree, "Europe/Kyiv")["conditions"][0]
    assert period == {"kind": "period", "from": "2026-11-24T00:00:00+02:00", "until": "2026-12-01T00:00:00+02:00"}


def test_a_click_adds_and_removes_conditions_in_conditions() -> None:
    tree: dict[str, Any] = {}
    change(tree, "add:conditions:any")
    change(tree, "add:conditions.0.of:weekly", "Europe/Kyiv")
    change(tree, "add:conditions.0.of:level")
    change(tree, "put:conditions.0.of.1.of:channel")
    assert [one["kind"] for one in tree["conditions"][0]["of"]] == ["weekly", "level"]
    assert tree["conditions"][0]["of"][0]["zone"] == "Europe/Kyiv"
    change(tree, "remove:conditions.0.of:0")
    assert [one["kind"] for one in tree["conditions"][0]["of"]] == ["level"]
    for nonsense in ("add:", "drop:conditions.9.x:1", "up:conditions:0", "remove:name.x:1", "put::"):
        change(tree, nonsense)


def test_whoever_was_slower_keeps_what_was_typed_and_decides(web: Web, alice: Browser) -> None:
    saved(web)
    form = form_of(alice, "/promotions/perfume/edit")
    saved(web, effect={"kind": "percent", "value": "30"})
    answer = alice.post("/promotions/perfume/edit", {**form, "effect.value": "25"})
    assert answer.status_code == 409
    assert 'value="25"' in answer.text
    assert "nna saved" in answer.text
    over = re.search(r'name="_over" value="(\d+)"', answer.text)
    assert over
    assert alice.post("/promotions/perfume/edit", {**form, "effect.value": "25", "_over": over[1]}).status_code == 303
    assert item(web, "perfume").body["effect"]["value"] == "25"


def test_the_list_is_searched_and_filtered(web: Web, alice: Browser) -> None:
    saved(web)
    saved(web, "vip", requires_code="VIP", name="For friends")
    published(web)
    saved(web, "new-one", name="Brand new")
    assert "Brand new" not in alice.fragment("/promotions?q=friends").text
    assert "For friends" in alice.fragment("/promotions?code=yes").text
    assert "For friends" not in alice.fragment("/promotions?code=no").text
    found = alice.fragment("/promotions?change=new").text
    assert "Brand new" in found
    assert "For friends" not in found
    assert "No promotion matches" in alice.fragment("/promotions?q=nothing-like-this").text


def test_switching_off_duplicating_and_deleting(web: Web, alice: Browser) -> None:
    saved(web)
    alice.post("/promotions/perfume/switch", {"on": "0"})
    assert item(web, "perfume").status == "off"
    assert "20 % off perfume (copy)" in alice.get("/promotions/new?copy=perfume").text
    alice.post("/promotions/perfume/delete")
    assert "No promotions yet" in alice.get("/promotions").text


def test_a_live_promotion_is_stopped_at_once_and_only_with_a_reason(web: Web, alice: Browser) -> None:
    saved(web)
    published(web)
    assert alice.post("/promotions/perfume/stop", {"reason": " "}).status_code == 422
    assert item(web, "perfume").status == "live"
    assert alice.post("/promotions/perfume/stop", {"reason": "a typing error"}).status_code == 303
    assert item(web, "perfume").status == "killed"
    assert "a typing error" in alice.get("/promotions/versions").text


def test_groups_and_priorities_are_moved(web: Web, alice: Browser) -> None:
    for place, key in enumerate(("first", "second", "third"), 1):
        saved(web, key, "group", layer="item", position=place, policy="best")
    alice.post("/promotions/groups/order", {"layer": "item", "order": "third\nfirst\nsecond"})
    assert [item(web, key, "group").body["position"] for key in ("third", "first", "second")] == [1, 2, 3]
    alice.post("/promotions/groups/order", {"layer": "item", "move": "third:down"})
    assert item(web, "third", "group").body["position"] == 2
    for key in ("a", "b", "c"):
        saved(web, key, layer=None, group="first")
    alice.post("/promotions/groups/priorities", {"of": "group:first", "order": "c\na\nb"})
    page = alice.get("/promotions/groups").text
    assert re.findall(r'data-key="([abc])"', page) == ["c", "a", "b"]


def test_a_groups_policy_is_explained_by_an_example_that_recalculates(web: Web, alice: Browser) -> None:
    alice.post(
        "/promotions/groups/new", {"name": "my sale", "layer": "item", "policy": "all", "percent_base": "running"}
    )
    assert item(web, "my-sale", "group").body["policy"] == "all"
    saved(web, "ten", layer=None, group="my-sale", effect={"kind": "percent", "value": "10"}, priority=5)
    saved(web, "big", layer=None, group="my-sale", effect={"kind": "amount", "value": 30000})
    found = alice.fragment("/promotions/groups/example?group=my-sale&price=1000&pieces=1").text
    totals = [one.replace("\u202f", "") for one in re.findall(r'class="num">([^<]+?) UAH', found)]
    assert totals == ["700.00", "900.00", "600.00"]  # the best, the first, all of them
    again = alice.fragment("/promotions/groups/example?group=my-sale&price=200.00&pieces=2").text
    assert "360.00" in again
    assert "Write a price" in alice.fragment("/promotions/groups/example?group=my-sale&price=x").text


def test_a_cap_is_made_and_loosening_it_asks_for_a_second_person(web: Web, alice: Browser) -> None:
    form = {"name": "Luxury", "max_percent": "15", "scope.include.brands": "Chanel"}
    assert alice.post("/promotions/caps/new", {**form, "max_percent": ""}).status_code == 422
    assert alice.post("/promotions/caps/new", form).headers["Location"] == "/promotions/caps"
    assert item(web, "luxury", "cap").body["max_percent"] == "15"
    published(web)
    alice.post("/promotions/caps/luxury/delete")
    assert "Another person must approve" in alice.get("/promotions/review").text


def test_publishing_now_later_and_going_back(web: Web, alice: Browser) -> None:
    saved(web)
    digest = re.search(r'name="digest" value="(\w+)"', alice.get("/promotions/review").text)
    assert digest
    answer = alice.post("/promotions/review", {"digest": digest[1], "when": "now", "note": "the first"})
    assert answer.headers["Location"] == "/promotions/versions/1"
    saved(web, effect={"kind": "percent", "value": "30"})
    assert "20 % off" in alice.get("/promotions/review").text
    assert alice.post("/promotions/review", {"when": "later", "from.day": "2026-11-01"}).status_code == 422
    assert alice.post("/promotions/review", {"digest": "stale", "when": "now"}).status_code == 409
    alice.post("/promotions/review", {"when": "later", "from.day": "2026-12-01", "from.time": "09:00"})
    page = alice.get("/promotions/versions/2").text
    assert "Comes later" in page
    alice.post("/promotions/versions/2/withdraw")
    assert "Withdrawn" in alice.get("/promotions/versions/2").text
    alice.post("/promotions/review", {"when": "now"})
    alice.post("/promotions/versions/1/revert", {"restore": "1"})
    assert item(web, "perfume").body["effect"]["value"] == "20"
    compared = unescape(alice.get("/promotions/versions/compare?old=1&new=3").text)
    assert "20 % off" in compared
    assert "30 % off" in compared


def test_a_second_person_approves_and_never_the_first(web: Web, alice: Browser) -> None:
    saved(web, effect={"kind": "percent", "value": "80"})
    alice.post("/promotions/review", {"when": "now"})
    page = alice.get("/promotions/versions/1").text
    assert "another person decides" in page
    assert alice.post("/promotions/versions/1/approve").status_code == 303
    with web.store.read() as conn:
        assert rulesets.version(conn, 1).status == "waiting"
    bob = web.sign_in("approver")
    assert "waiting for approval" in bob.get("/promotions").text
    assert "above the limit of 50 %" in bob.get("/promotions/versions/1").text
    bob.post("/promotions/versions/1/approve")
    with web.store.read() as conn:
        assert rulesets.live_number(conn, web.at) == 1


def test_what_is_wrong_with_the_whole_is_linked_to_its_place(web: Web, alice: Browser) -> None:
    saved(web, "lost", layer=None, group="nowhere")
    page = alice.get("/promotions/review").text
    assert "/promotions/lost/edit" in page
    assert "There is no group" in unescape(page)


def test_an_approver_reads_and_an_analyst_changes_nothing(web: Web) -> None:
    saved(web)
    analyst = web.sign_in("analyst")
    assert "/promotions/perfume/show" in analyst.get("/promotions").text
    assert "20 % off" in analyst.get("/promotions/perfume/show").text
    assert analyst.get("/promotions/perfume/edit").status_code == 403
    for path in ("/promotions/groups", "/promotions/caps", "/promotions/review", "/promotions/versions"):
        assert analyst.get(path).status_code == 200


def test_what_is_used_of_a_limit_stands_in_the_list(web: Web, alice: Browser) -> None:
    saved(web, usage={"total": 200, "spend": 500_000})
    with web.store.write() as conn:
        for name, used in (("total", 150), ("spend", 499_000)):
            row = {"name": f"p:perfume:{name}", "used": used, "reserved": 1}
            conn.execute(metadata.tables["usage_counter"].insert().values(row))
    page = alice.get("/promotions").text.replace("\u202f", "")
    assert "151 of 200 used" in page
    assert "4990.01 of 5000.00 given" in page
    assert "151 of 200 used" in alice.get("/promotions/perfume/show").text


def test_without_scripts_a_click_draws_the_page_anew_and_saves_nothing(web: Web, alice: Browser) -> None:
    form = form_of(alice, "/promotions/new?kind=percent")
    answer = alice.post("/promotions/new", {**form, "effect.value": "20", "_do": "add:conditions:level"})
    assert answer.status_code == 200
    assert 'name="conditions.0.kind" value="level"' in answer.text
    assert 'value="20"' in answer.text
    assert "No promotions yet" in alice.get("/promotions").text


def test_the_example_of_a_policy_fits_every_layer(alice: Browser) -> None:
    for layer in ("price", "item", "personal", "order", "shipping", "gift"):
        form = {"name": f"my-{layer}", "layer": layer, "policy": "best", "percent_base": "running"}
        assert alice.post("/promotions/groups/new", form).status_code == 303
        page = alice.fragment(f"/promotions/groups/example?group=my-{layer}&price=1000&pieces=1").text
        assert ("Gifts change no price" in page) == (layer == "gift")
        assert "cannot be" not in page


def test_words_that_no_product_has_are_marked_with_the_nearest(web: Web, alice: Browser) -> None:
    soap = Product("S1", "Soap", "Maison Lys", ("perfume",), 10_000, "UAH")
    form = form_of(alice, "/promotions/new?kind=percent")
    form |= {"scope.include.brands": ["Maison Lis\nOther"], "scope.include.categories": ["perfume"]}
    assert "No product has" not in alice.post("/promotions/form", form).text, "nobody knows without a catalogue"
    web.store.run(lambda conn: write_products(conn, [soap], [], now=web.at, source="test"))
    page = unescape(alice.post("/promotions/form", form).text)
    assert re.findall(r"No product has the (\w+) “(.*?)”", page) == [("brand", "Maison Lis"), ("brand", "Other")]
    [click] = re.findall(r'value="(swap:[^"]+)"', page)
    page = unescape(alice.post("/promotions/form", {**form, "_do": click}).text)
    assert re.findall(r"No product has the (\w+) “(.*?)”", page) == [("brand", "Other")]
    assert "Maison Lys\nOther" in page


def test_one_change_is_saved_and_published_in_one_step(web: Web, alice: Browser) -> None:
    form = form_of(alice, "/promotions/new?kind=percent") | {"effect.value": ["20"], "_then": ["publish"]}
    answer = alice.post("/promotions/new", {**form, "name": "First"})
    assert answer.headers["Location"] == "/promotions/versions/1"
    assert item(web, "First".lower()).status == "live"
    saved(web, "waits")
    answer = alice.post("/promotions/new", {**form, "name": "Second"})
    assert answer.headers["Location"] == "/promotions/review", "more than this would be published"
    assert item(web, "second").status == "draft"


def test_the_editor_tells_that_two_together_are_above_the_limit(web: Web, alice: Browser) -> None:
    saved(web, "sale", effect={"kind": "percent", "value": "30"}, name="Sale")
    published(web)
    form = form_of(alice, "/promotions/new?kind=percent") | {"effect.value": ["40"], "name": ["Members"]}
    alone = alice.post("/promotions/sentence", {**form, "place": "layer:item"}).text
    assert "second person" not in alone, "the better one of the two counts"
    apart = {**form, "place": "layer:personal"}
    assert "second person" not in alice.post("/promotions/sentence", apart).text, "58 % of 80"
    web.store.run(lambda conn: book.set_settings(conn, ANNA, web.at, approval_together="50"))
    both = unescape(alice.post("/promotions/sentence", apart).text)
    assert "“Members” and “Sale” together take up to 58 % off, above the limit of 50 %" in both
    alice.post("/promotions/new", {**form, "place": "layer:personal"})
    assert "Another person must approve" in alice.get("/promotions/review").text


def test_groups_and_caps_have_names_beside_their_keys(web: Web, alice: Browser) -> None:
    group = {"name": "Seasonal sale", "layer": "item", "policy": "best", "percent_base": "running"}
    assert alice.post("/promotions/groups/new", group).status_code == 303
    assert item(web, "Seasonal-sale", "group").body["name"] == "Seasonal sale"
    alice.post("/promotions/groups/Seasonal-sale/edit", {**group, "name": "Winter", "policy": "all"})
    assert item(web, "Seasonal-sale", "group").body["name"] == "Winter"
    saved(web, "coat", group="Seasonal-sale", layer=None)
    assert ">Winter<" in alice.get("/promotions/groups").text
    assert 'data-label="Stands in">Winter<' in alice.get("/promotions").text
    saved(web, "luxury", "cap", max_percent="15")
    form = form_of(alice, "/promotions/caps/luxury/edit")
    assert form["name"] == ["luxury"], "the key where there is no name"
    alice.post("/promotions/caps/luxury/edit", {**form, "name": "Luxury brands"})
    assert ">Luxury brands<" in alice.get("/promotions/caps").text
    number = published(web)
    with web.store.read() as conn:
        kept = json.loads(rulesets.version(conn, number).body)
    assert [one["name"] for one in (*kept["groups"], *kept["caps"])] == ["Winter", "Luxury brands"]


def test_filters_that_are_on_are_shown_and_taken_away_one_by_one(web: Web, alice: Browser) -> None:
    saved(web, "sale")
    page = alice.get("/promotions?status=draft&code=no&q=sale").text
    assert re.search(r"Filters <span[^>]*>2<", page)
    assert "Remove the filter Status: Draft" in page
    assert 'href="/promotions?code=no&amp;q=sale"' in page
