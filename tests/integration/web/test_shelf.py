"""The shelf of journeys: begun from nothing, a template, a file or a copy; named, tagged, moved in bulk, removed."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from builder.starters import starters
from builder.text import to_document
from engine.gates import open_gate
from rig.statements import counted
from rig.web import Browser, Web, a_web
from rig.world import World
from store import drafts, shelf
from store.db import Connection

EMPTY = {"schema": 1, "nodes": [], "edges": []}
ENTER = {"type": "trigger.event", "event": "go"}


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    """The application on either database."""
    made = a_web(database_url)
    yield made
    made.store.dispose()


def names(web: Web) -> dict[str, str]:
    with web.store.read() as conn:
        return {row.key: row.name for row in drafts.list_journeys(conn)}


def status(web: Web, key: str) -> str:
    with web.store.read() as conn:
        return drafts.find_journey(conn, key).status


def draft(web: Web, key: str, name: str = "") -> None:
    web.store.run(lambda conn: _draft(conn, web, key, name or key.title()))


def _draft(conn: Connection, web: Web, key: str, name: str) -> None:
    drafts.save_draft(conn, key, EMPTY, now=web.at, name=name)


def test_an_empty_journey_is_made_and_opened(web: Web) -> None:
    alice = web.sign_in("marketer")
    answer = alice.post("/journeys/new", {"name": "Вітання нових", "template": ""})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/journeys/vitannia-novykh/edit"
    assert alice.get("/journeys/vitannia-novykh/edit").status_code == 200
    assert names(web) == {"vitannia-novykh": "Вітання нових"}


def test_names_differ_whatever_their_capitals(web: Web) -> None:
    alice = web.sign_in("marketer")
    alice.post("/journeys/new", {"name": "Київ"})
    for name in ("київ", "КИЇВ"):
        answer = alice.post("/journeys/new", {"name": name})
        assert answer.status_code == 422
        assert "has this name already" in answer.text
    alice.post("/journeys/new", {"name": "Kyiv!"})
    assert set(names(web)) == {"kyiv", "kyiv-2"}
    assert alice.post("/journeys/kyiv/manage", {"name": "KYIV!", "tags": ""}).status_code == 422
    assert alice.post("/journeys/kyiv/manage", {"name": "КИЇВ", "tags": ""}).status_code == 303


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_bad_name_is_refused_in_words(web: Web, name: str) -> None:
    answer = web.sign_in("marketer").post("/journeys/new", {"name": name})
    assert answer.status_code == 422
    assert re.search("Give the journey a name|at most 200", answer.text)


@pytest.mark.parametrize("name", ["New", "Import", "Bulk", "!!!"])
def test_no_key_hides_a_page(web: Web, name: str) -> None:
    alice = web.sign_in("marketer")
    place = alice.post("/journeys/new", {"name": name}).headers["Location"]
    assert re.fullmatch(r"/journeys/(new|import|bulk)?-?journey/edit", place)
    assert alice.get("/journeys/new").status_code == 200


def test_the_gallery_shows_every_template_with_a_picture(web: Web) -> None:
    alice = web.sign_in("marketer")
    page = alice.get("/journeys/new").text
    assert page.count('<svg class="thumb"') == len(starters())
    for one in starters():
        assert f"template={one.key}" in page
    assert 'style="' not in page


def test_a_template_brings_its_segments_and_opens_without_errors(web: Web) -> None:
    alice = web.sign_in("marketer")
    for one in starters():
        assert alice.get(f"/journeys/new?template={one.key}").status_code == 200
        place = alice.post("/journeys/new", {"name": one.title, "template": one.key}).headers["Location"]
        document = alice.get(place.removesuffix("edit") + "draft").json
        assert document is not None
        assert document["graph"]["nodes"]
        assert [problem for problem in document["problems"] if problem["severity"] == "error"] == []
    with web.store.read() as conn:
        assert drafts.known_keys(conn)["segment"] >= {"vip", "loyal", "sleeping", "lost"}


def test_a_segment_that_is_there_stays_as_it_is(web: Web) -> None:
    from engine.segments import save_segment

    rule = {"type": "compare", "fact": "level", "op": "=", "value": "VIP"}
    save_segment(web.store, "vip", "Ours", rule, web.at)
    web.sign_in("marketer").post("/journeys/new", {"name": "B", "template": "birthday"})
    with web.store.read() as conn:
        from store.segments import find_segment

        kept = find_segment(conn, "vip")
    assert kept is not None
    assert kept.rule == rule


def test_without_the_right_no_segments_are_made(web: Web) -> None:
    page = web.sign_in("integrator").get("/journeys/new?template=birthday").text
    assert "Somebody who may edit segments" in page
    assert web.sign_in("integrator").post("/journeys/new", {"name": "B", "template": "birthday"}).status_code == 303
    with web.store.read() as conn:
        assert drafts.known_keys(conn)["segment"] == frozenset()


def test_a_template_that_is_not_there_is_not_found(web: Web) -> None:
    assert web.sign_in("marketer").get("/journeys/new?template=none").status_code == 404


def send_file(alice: Browser, content: str | bytes, file: str = "my-journey.json", **fields: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return alice.post(
        "/journeys/import", {"file": (io.BytesIO(data), file), **fields}, content_type="multipart/form-data"
    )


def test_what_was_exported_comes_in_again(web: Web) -> None:
    alice = web.sign_in("marketer")
    alice.post("/journeys/new", {"name": "Birthday", "template": "birthday"})
    exported = alice.get("/journeys/birthday/draft/export").data
    answer = send_file(alice, exported, "another_birthday.json")
    assert answer.headers["Location"] == "/journeys/another-birthday/edit"
    assert names(web)["another-birthday"] == "Another birthday"
    assert alice.get("/journeys/another-birthday/draft/export").data == exported
    again = send_file(alice, exported, "another_birthday.json")
    assert again.status_code == 422
    assert "has this name already" in again.text
    assert send_file(alice, exported, "another_birthday.json", name="Third").status_code == 303


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1, column 2"),
        ("[]", "a journey is an object"),
        ('{"nodes": [{"id": "a b", "type": "flow.wait"}]}', "nodes"),
        ('{"nodes": [], "edges": [], "colour": 1}', "colour"),
        (b"\xff\xfe", "not UTF-8"),
        ("", "Choose a file"),
    ],
)
def test_a_file_that_is_no_journey_is_told_where(web: Web, content: str | bytes, said: str) -> None:
    answer = send_file(web.sign_in("marketer"), content)
    assert answer.status_code == 422
    assert said in answer.text
    assert names(web) == {}


def test_pasted_text_keeps_standing_when_something_is_wrong(web: Web) -> None:
    alice = web.sign_in("marketer")
    answer = alice.post("/journeys/import", {"text": '{"nodes": <script>', "name": "N"})
    assert answer.status_code == 422
    assert "&lt;script&gt;" in answer.text
    good = json.dumps(to_document(starters()[0].graph))
    assert alice.post("/journeys/import", {"text": good, "name": "N"}).status_code == 303


def test_a_copy_is_a_draft_of_its_own(web: Web) -> None:
    alice = web.sign_in("marketer")
    alice.post("/journeys/new", {"name": "Welcome", "template": "welcome"})
    for expected in ("welcome-copy", "welcome-copy-2"):
        assert alice.post("/journeys/welcome/copy").headers["Location"] == f"/journeys/{expected}/edit"
    assert sorted(names(web).values()) == ["Welcome", "Welcome (copy)", "Welcome (copy) 2"]
    first, second = (alice.get(f"/journeys/{key}/draft/export").data for key in ("welcome", "welcome-copy"))
    assert first == second
    assert alice.post("/journeys/nobody/copy").status_code == 404


def test_tags_narrow_the_list(web: Web) -> None:
    alice = web.sign_in("marketer")
    draft(web, "a")
    draft(web, "b")
    assert alice.post("/journeys/a/manage", {"name": "A", "tags": "Summer,  summer , Kyiv"}).status_code == 303
    page = alice.get("/journeys").text
    assert page.count('class="tag"') == 2
    found = alice.fragment("/journeys?tag=SUMMER").text
    assert re.findall(r'class="title" href="/journeys/(\w+)"', found) == ["a"]
    assert re.findall(r'class="title" href="/journeys/(\w+)"', alice.fragment("/journeys?q=kyiv").text) == ["a"]
    for tags in ("x" * 41, ",".join(map(str, range(11)))):
        assert alice.post("/journeys/a/manage", {"name": "A", "tags": tags}).status_code == 422
    assert alice.post("/journeys/a/manage", {"name": "A", "tags": ""}).status_code == 303
    assert 'class="tag"' not in alice.get("/journeys").text


def test_a_draft_goes_and_what_was_published_stays(web: Web) -> None:
    world = World(str(web.store.engine.url.render_as_string(hide_password=False)))
    world.journey("live", {"t": ENTER})
    world.close()
    alice = web.sign_in("marketer")
    draft(web, "mine")
    alice.post("/journeys/mine/manage", {"name": "Mine", "tags": "x"})
    assert "/journeys/mine/delete" in alice.get("/journeys/mine/manage").text
    assert "/journeys/live/delete" not in alice.get("/journeys/live/manage").text
    assert alice.post("/journeys/mine/delete").status_code == 303
    assert alice.post("/journeys/live/delete").status_code == 303
    assert set(names(web)) == {"live"}
    assert alice.post("/journeys/mine/delete").status_code == 404


def test_bulk_says_what_will_happen_and_then_what_happened(web: Web) -> None:
    world = World(str(web.store.engine.url.render_as_string(hide_password=False)))
    for key in ("one", "two"):
        world.journey(key, {"t": ENTER})
    world.close()
    draft(web, "three")
    alice = web.sign_in("marketer")
    wanted = {"action": "pause", "key": ["one", "three", "nobody"]}
    asked = alice.post("/journeys/bulk", wanted)
    assert asked.status_code == 200
    assert "Nothing has happened yet" in asked.text
    assert "only a journey that is live can be paused" in asked.text
    assert status(web, "one") == "live"
    done = alice.post("/journeys/bulk", {**wanted, "confirm": "1"})
    assert "1 of 2 paused" in done.text
    assert [status(web, key) for key in ("one", "two", "three")] == ["paused", "live", "draft"]
    alice.post("/journeys/bulk", {"action": "resume", "key": ["one"], "confirm": "1"})
    alice.post("/journeys/bulk", {"action": "archive", "key": ["three"], "confirm": "1"})
    assert [status(web, key) for key in ("one", "two", "three")] == ["live", "live", "archived"]
    assert alice.post("/journeys/bulk", {"action": "tag", "key": ["one"], "confirm": "1"}).status_code == 422
    alice.post("/journeys/bulk", {"action": "tag", "key": ["one", "two"], "confirm": "1", "tag": "Autumn"})
    assert alice.fragment("/journeys?tag=autumn").text.count('class="title"') == 2
    assert alice.post("/journeys/bulk", {"action": "pause"}).status_code == 303
    assert alice.post("/journeys/bulk", {"action": "explode", "key": ["one"]}).status_code == 303


def test_whoever_edits_may_tag_many_and_nothing_else_with_many(web: Web) -> None:
    draft(web, "one")
    ina = web.sign_in("integrator")
    page = ina.get("/journeys").text
    assert 'value="tag"' in page
    assert 'value="pause"' not in page
    assert ina.post("/journeys/bulk", {"action": "archive", "key": ["one"], "confirm": "1"}).status_code == 403
    assert (
        ina.post("/journeys/bulk", {"action": "tag", "key": ["one"], "confirm": "1", "tag": "Mine"}).status_code == 200
    )
    assert status(web, "one") == "draft"


def test_only_those_who_may_see_the_tools(web: Web) -> None:
    draft(web, "a")
    page = web.sign_in("analyst").get("/journeys").text
    assert "bulk-bar" not in page
    assert "/journeys/new" not in page
    for path in ("/journeys/new", "/journeys/import", "/journeys/a/copy", "/journeys/a/delete", "/journeys/bulk"):
        assert web.sign_in("analyst").post(path, {"name": "X", "action": "tag", "key": ["a"]}).status_code == 403


def test_the_list_shows_as_many_as_asked_for_and_never_nothing_beyond_its_end(web: Web) -> None:
    for number in range(130):
        draft(web, f"j{number:03}", f"Journey {number:03}")
    alice = web.sign_in("marketer")

    def shown(query: str) -> list[str]:
        return re.findall(r"Tick (Journey \d+)", alice.get(f"/journeys?sort=name{query}").text)

    assert len(shown("")) == len(shown("&rows=7")) == len(shown("&rows=4000")) == 25
    assert len(shown("&rows=100")) == 100
    assert len(shown("&rows=400")) == 130
    assert shown("&page=999") == shown("&page=6") == [f"Journey {number}" for number in range(125, 130)]
    assert shown("&rows=100&page=2") == [f"Journey {number}" for number in range(100, 130)]
    text = alice.get("/journeys?sort=name&rows=100").text
    assert '<option value="100" selected>100 rows</option>' in text
    assert "rows=100&amp;page=2" in text, "the other pages are as long"
    keys = [f"j{number:03}" for number in range(130)]
    done = alice.post("/journeys/bulk", {"action": "archive", "key": keys, "confirm": "1"})
    assert "130 of 130 archived" in done.text


def test_what_happened_to_each_keeps_the_capitals_of_its_name(web: Web) -> None:
    draft(web, "one", "Spring SALE")
    with web.store.write() as conn:
        shelf.set_tags(conn, drafts.find_journey(conn, "one").id, [f"tag {number}" for number in range(10)])
    alice = web.sign_in("marketer")
    done = alice.post("/journeys/bulk", {"action": "tag", "key": ["one"], "tag": "VIP", "confirm": "1"})
    assert "Spring SALE" in done.text
    assert "It has 10 tags already." in done.text


def test_the_list_asks_the_same_whatever_its_length(web: Web) -> None:
    alice = web.sign_in("marketer")
    asked = []
    for number in (1, 60):
        for one in range(number):
            draft(web, f"j{number}-{one}")
        for path in ("/journeys", "/journeys?sort=-entered"):
            with counted(web.store) as statements:
                assert alice.get(path).status_code == 200
            asked.append(len(statements))
    assert asked[0] == asked[2]
    assert asked[1] == asked[3]


def test_a_person_opens_a_gate_on_the_page(web: Web) -> None:
    world = World(str(web.store.engine.url.render_as_string(hide_password=False)))
    world.now = web.at
    world.journey("staged", {"t": ENTER, "g": {"type": "flow.gate"}, "e": {"type": "flow.exit"}})
    world.happens(world.customers(3), "go")
    world.settle()
    alice = web.sign_in("approver")
    page = alice.get("/journeys/staged").text
    assert "/journeys/staged/gates/g/open" in page
    assert web.sign_in("analyst").post("/journeys/staged/gates/g/open").status_code == 403
    assert alice.post("/journeys/staged/gates/g/open").status_code == 303
    assert alice.post("/journeys/staged/gates/t/open").status_code == 404
    world.settle()
    assert world.statuses() == {"completed": 3}
    assert "/journeys/staged/gates/g/open" not in alice.get("/journeys/staged").text
    assert open_gate(web.store, world.runtime.registry, "staged", "g", now=web.at, by="x") == 0
    world.close()
