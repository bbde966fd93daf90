"""What the builder's page asks for: the draft, edits, undo, who is here, the name, the file; and who may what."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from builder import check as builder_check
from builder.text import read, write
from builder.tidy import CARD
from rig.web import Browser, Web, a_web
from store import drafts
from web import builder_view

STATIC = Path(__file__).parents[3] / "web" / "static"
WAIT = {"id": "n2", "type": "flow.wait", "settings": {"amount": 3}}
NODES: list[dict[str, Any]] = [
    {"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}},
    WAIT,
    {"id": "n3", "type": "flow.exit", "settings": {"reason": "done"}},
]
EDGES = [{"from": "n1", "to": "n2"}, {"from": "n2", "to": "n3"}]


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    """The application on either database."""
    made = a_web(database_url)
    yield made
    made.store.dispose()


def save(web: Web, document: dict[str, Any] | None = None, key: str = "welcome", by: str = "") -> None:
    graph = {"nodes": NODES, "edges": EDGES} if document is None else document
    web.store.run(lambda conn: drafts.save_draft(conn, key, graph, now=web.at, name=key.title(), by=by))


@pytest.fixture
def alice(web: Web) -> Browser:
    """A marketer, with a journey to edit."""
    save(web)
    return web.sign_in("marketer", web.user("marketer", "alice@example.com"))


def ask(browser: Browser, path: str, key: str = "welcome") -> Any:
    answer = browser.get(f"/journeys/{key}/draft{path}")
    assert answer.status_code == 200, answer.text
    return answer.json


def tell(browser: Browser, path: str, body: Any, status: int = 200, key: str = "welcome") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    answer = browser.post(f"/journeys/{key}/draft{path}", data, {"Content-Type": "application/json"})  # type: ignore[arg-type]  # bytes and text are sent as they are
    assert answer.status_code == status, answer.text
    return answer.json


def edit(browser: Browser, base: int, *ops: dict[str, Any], status: int = 200, **more: Any) -> Any:
    return tell(browser, "/ops", {"base": base, "ops": list(ops), **more}, status)


def as_json(browser: Browser, path: str, body: Any) -> Any:
    """Send JSON to the journey; return the whole answer."""
    text = json.dumps(body)
    return browser.post(f"/journeys/welcome/draft{path}", text, {"Content-Type": "application/json"})  # type: ignore[arg-type]  # text is sent as it is


def wait(id: str, days: int) -> dict[str, Any]:
    return {"op": "set_settings", "id": id, "settings": {"amount": days}, "version": 1}


def test_the_canvas_is_told_the_size_of_a_card_and_the_style_has_it(alice: Browser) -> None:
    assert f'data-card="{CARD[0]} {CARD[1]}"' in alice.get("/journeys/welcome/edit").text
    style = (STATIC / "css" / "builder.css").read_text()
    (step,) = (line for line in style.splitlines() if line.startswith(".step {"))
    assert f"inline-size: {CARD[0]}px; min-block-size: {CARD[1]}px;" in step


def test_the_draft_comes_with_all_that_the_page_shows(alice: Browser) -> None:
    found = ask(alice, "")
    assert (found["key"], found["name"], found["status"], found["rev"]) == ("welcome", "Welcome", "draft", 1)
    assert (found["next_id"], found["undo"], found["redo"], found["versions"]) == ("n4", None, None, [])
    assert found["may"] == {"edit": True, "publish": False, "operate": True}
    assert found["card"] == [248, 76]
    assert [node["id"] for node in found["graph"]["nodes"]] == ["n1", "n2", "n3"]
    card = found["cards"]["n2"]
    assert (card["title"], card["summary"], card["name"]) == ("Wait", "Wait 3 days", "Wait: Wait 3 days")
    assert (card["ports"], card["is_trigger"], card["problems"], card["known"]) == (
        *([{"name": "next", "label": ""}], False, 0, True),
    )
    assert "Wait 3 days" in card["html"]
    assert found["cards"]["n1"]["is_trigger"]
    assert found["cards"]["n3"]["ports"] == []
    waits = found["types"]["flow.wait_event"]
    assert (waits["category"], waits.pop("own"), all(waits.values())) == ("flow", [], True)
    assert found["types"]["action.promo_code"]["own"] == ["batch"]
    assert "voucher" in found["types"]["action.promo_code"]["words"]
    assert waits["ports"] == [
        {"name": "happened", "label": "It happened"},
        {"name": "timeout", "label": "Time is over"},
    ]


def test_problems_name_the_step_and_what_to_do(web: Web, alice: Browser) -> None:
    save(web, {"nodes": [*NODES, {"id": "n4", "type": "acme.gone"}, {"id": "n5", "type": "flow.wait"}]})
    found = ask(alice, "")
    of = {id: [one for one in found["problems"] if one["node"] == id] for id in ("n4", "n5")}
    assert {"node", "severity", "code", "message", "remedy"} == set(found["problems"][0])
    assert [one["code"] for one in of["n4"]] == ["unknown_type", "unreachable"]
    card = found["cards"]["n4"]
    assert (card["known"], card["errors"], card["name"]) == (
        *(False, 2, "acme.gone: This step's type is not installed, 2 problems"),
    )
    assert found["cards"]["n5"]["problems"] == len(of["n5"])


def test_a_circle_is_told_by_the_names_of_its_steps(alice: Browser) -> None:
    node = {"id": "n4", "type": "flow.wait", "settings": {"amount": 9}}
    edges = [("n2", "n4"), ("n4", "n2")]
    ops = [{"op": "add_edge", "edge": {"from": source, "port": "next", "to": to}} for source, to in edges]
    found = edit(alice, 1, {"op": "add_node", "node": node}, *ops)
    (circle,) = [one for one in found["problems"]["changed"]["n2"] if one["code"] == "cycle"]
    assert circle["message"] == "the journey goes round in a circle: Wait 3 days → Wait 9 days → Wait 3 days"


def test_an_invalid_setting_is_kept_and_painted(alice: Browser) -> None:
    found = edit(alice, 1, {"op": "set_settings", "id": "n2", "settings": {"amount": "soon"}})
    assert found["rev"] == 2
    assert list(found["cards"]) == ["n2"]
    assert (found["cards"]["n2"]["errors"], found["cards"]["n2"]["title"]) == (1, "Wait")
    assert [one["code"] for one in found["problems"]["changed"]["n2"]] == ["invalid_settings"]
    assert (found["problems"]["errors"], found["problems"]["warnings"]) == (1, 0)
    assert ask(alice, "")["graph"]["nodes"][1]["settings"] == {"amount": "soon"}
    mended = edit(alice, 2, wait("n2", 4))
    assert (mended["problems"]["changed"], mended["problems"]["errors"]) == ({"n2": []}, 0)
    assert mended["cards"]["n2"]["errors"] == 0


def test_a_split_that_is_half_filled_in_has_its_branches(alice: Browser) -> None:
    branches = [{"port": "vip", "when": {"type": "segment", "key": "vip"}}, {"port": "others", "when": {}}]
    node = {"id": "n4", "type": "flow.split_rule", "settings": {"branches": branches}}
    found = edit(alice, 1, {"op": "add_node", "node": node})
    ports = [(port["name"], port["label"]) for port in found["cards"]["n4"]["ports"]]
    assert ports == [("vip", "vip"), ("others", "others"), ("else", "Everyone else")]
    assert found["cards"]["n4"]["errors"]


def test_an_edit_answers_with_what_it_changed_and_is_undone(alice: Browser) -> None:
    node = {"id": "n4", "type": "flow.wait", "settings": {}}
    edge = {"op": "add_edge", "edge": {"from": "n2", "port": "next", "to": "n4"}}
    done = edit(alice, 1, {"op": "add_node", "node": node}, edge, label="Add Wait", client="tab", tidy=True)
    assert (done["rev"], done["since"], done["undo"], done["redo"]) == (2, [], {"label": "Add Wait"}, None)
    assert [op["op"] for op in done["applied"]] == ["add_node", "add_edge", "move"]
    assert (set(done["cards"]), done["next_id"]) == ({"n3", "n4"}, "n5")
    assert done["problems"]["changed"]["n3"][0]["code"] == "unreachable"
    undone = tell(alice, "/undo", {"base": 2, "client": "tab"})
    assert (undone["rev"], undone["undo"], undone["redo"]) == (3, None, {"label": "Add Wait"})
    assert undone["problems"]["changed"] == {"n3": [], "n4": []}
    redone = tell(alice, "/redo", {"base": 3, "client": "tab"})
    assert (redone["rev"], redone["undo"], redone["redo"]) == (4, {"label": "Add Wait"}, None)
    assert tell(alice, "/redo", {"base": 4, "client": "tab"})["nothing"] is True
    assert [node["id"] for node in ask(alice, "")["graph"]["nodes"]] == ["n1", "n2", "n3", "n4"]


def test_undo_survives_a_reload_and_leaves_others_alone(web: Web, alice: Browser) -> None:
    edit(alice, 1, wait("n2", 5), label="Change Wait")
    bob = web.sign_in("marketer")
    assert ask(bob, "")["undo"] is None
    assert tell(bob, "/undo", {"base": 2})["nothing"] is True
    assert ask(alice, "")["undo"] == {"label": "Change Wait"}
    edit(bob, 2, {"op": "set_note", "id": "n2", "note": "why?"})
    refused = tell(alice, "/undo", {"base": 2}, 409)
    assert "changed “Wait 5 days” meanwhile" in refused["message"]
    assert (refused["rev"], refused["nodes"]) == (3, ["n2"])


def test_a_stale_edit_is_moved_onto_what_others_did(web: Web, alice: Browser) -> None:
    web.user("marketer", "olena@example.com")
    olena = web.sign_in("marketer", web.user("marketer", "olena", name="Olena"))
    theirs = {"op": "set_settings", "id": "n3", "settings": {"reason": "over"}, "version": 1}
    edit(olena, 1, theirs)
    done = edit(alice, 1, wait("n2", 5))
    assert (done["rev"], done["since"], done["applied"]) == (3, [theirs], [wait("n2", 5)])
    assert set(done["cards"]) == {"n2", "n3"}
    edit(olena, 3, wait("n2", 9))
    refused = edit(alice, 3, wait("n2", 8), status=409)
    assert (refused["error"], refused["message"]) == ("conflict", "Olena changed “Wait 5 days” meanwhile")
    assert (refused["rev"], refused["since"], refused["nodes"]) == (4, [wait("n2", 9)], ["n2"])
    assert refused["cards"]["n2"]["summary"] == "Wait 9 days"
    assert ask(alice, "")["graph"]["nodes"][1]["settings"] == {"amount": 9}


def test_a_draft_that_was_replaced_is_loaded_again(web: Web, alice: Browser) -> None:
    edit(alice, 1, wait("n2", 5))
    save(web, by="shell:olena")
    changes: Any = alice.get("/journeys/welcome/draft/changes?since=2").json
    for answer in (edit(alice, 2, wait("n2", 6), status=409), changes):
        assert (answer["error"], answer["reload"], "rev" in answer) == ("gone", True, False)
        assert "replaced the draft" in answer["message"]


def test_who_else_is_here_is_known_for_a_while(web: Web, alice: Browser) -> None:
    bob = web.sign_in("analyst", web.user("analyst", "bob", name="Bob"))
    assert ask(alice, "/changes?since=1&client=a&node=n2")["editors"] == []
    (seen,) = ask(bob, "/changes?since=1&client=b")["editors"]
    assert (seen["name"], seen["node"]) == ("alice", "n2")
    assert isinstance(seen["color"], int)
    assert [one["name"] for one in ask(alice, "/changes?since=1&client=a&node=n3")["editors"]] == ["Bob"]
    assert [one["name"] for one in ask(alice, "/changes?since=1&client=other")["editors"]] == [
        "You, in another tab",
        "Bob",
    ]
    web.at += timedelta(seconds=16)
    assert ask(bob, "/changes?since=1&client=b")["editors"] == []
    with web.store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM draft_presence")).scalar_one() == 1


def test_changes_of_others_arrive_with_their_cards(web: Web, alice: Browser) -> None:
    bob = web.sign_in("marketer")
    edit(bob, 1, wait("n2", 5))
    found = ask(alice, "/changes?since=1&client=a")
    assert (found["rev"], found["since"], found["applied"]) == (2, [wait("n2", 5)], [])
    assert found["cards"]["n2"]["summary"] == "Wait 5 days"
    nothing = ask(alice, "/changes?since=2&client=a")
    assert (nothing["rev"], nothing["since"], nothing["cards"], nothing["problems"]["changed"]) == (2, [], {}, {})


BAD_BODIES: list[tuple[str, Any, str]] = [
    ("no JSON", b"{", "not JSON"),
    ("not UTF-8", b"\xff", "not UTF-8"),
    ("no object", [], ""),
    ("no base", {"ops": []}, "base"),
    ("text for a base", {"base": "1", "ops": []}, "base"),
    ("a negative base", {"base": -1, "ops": []}, "base"),
    ("no list", {"base": 1, "ops": {}}, "ops"),
    ("another field", {"base": 1, "ops": [], "colour": 1}, "colour"),
    ("a long label", {"base": 1, "ops": [], "label": "x" * 201}, "label"),
    ("NUL in the label", {"base": 1, "ops": [], "label": "\0"}, "label"),
    ("half a character in the window", {"base": 1, "ops": [], "client": "\ud800"}, "client"),
    ("a key twice", b'{"base": 1, "base": 2, "ops": []}', "twice"),
]


@pytest.mark.parametrize(("name", "body", "words"), BAD_BODIES, ids=[row[0] for row in BAD_BODIES])
def test_a_body_that_makes_no_sense_is_refused(alice: Browser, name: str, body: Any, words: str) -> None:
    found = tell(alice, "/ops", body, 422)
    assert found["error"] == "bad_body"
    assert words in found["message"]
    assert ask(alice, "")["rev"] == 1


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        ([], "a list of operations"),
        ([{"op": "remove_node", "id": "n9"}], "there is no step 'n9'"),
        ([{"op": "add_node", "node": {"id": "n4", "type": "flow.wait", "settings": {"x": "\u0000"}}}], "NUL"),
        (["move"], "no operation"),
    ],
)
def test_operations_that_do_not_fit_are_refused(alice: Browser, ops: Any, message: str) -> None:
    found = edit(alice, 1, *ops, status=422)
    assert found["error"] == "bad_op"
    assert message in found["message"]


BODIES: tuple[tuple[str, Any], ...] = (
    *(("/ops", {"base": 1, "ops": [wait("n2", 9)]}), ("/undo", {"base": 1}), ("/redo", {"base": 1})),
    ("/rename", {"name": "x"}),
)


def test_a_journey_that_does_not_exist_is_not_found(web: Web, alice: Browser) -> None:
    for path in ("/edit", "/draft", "/draft/changes?since=1", "/draft/stats", "/draft/export"):
        assert alice.get(f"/journeys/nobody{path}").status_code == 404, path
    assert edit(web.sign_in("marketer"), 1, wait("n2", 1))["rev"] == 2
    for path, body in (
        ("/ops", {"base": 1, "ops": [wait("n2", 1)]}),
        ("/undo", {"base": 1}),
        ("/rename", {"name": "x"}),
    ):
        assert tell(alice, path, body, 404, key="nobody")["error"] == "not_found"


@pytest.mark.parametrize("query", ["", "since=x", "since=-1", "since=99999999999999", "since=²"])
def test_changes_are_asked_for_with_a_revision(alice: Browser, query: str) -> None:
    assert alice.get(f"/journeys/welcome/draft/changes?{query}").status_code == 422


@pytest.mark.parametrize("role", ["analyst", "approver", "support"])
def test_who_may_not_edit_reads_all_the_same(web: Web, alice: Browser, role: str) -> None:
    reader = web.sign_in(role)
    assert ask(reader, "")["may"]["edit"] is False
    assert reader.get("/journeys/welcome/edit").status_code == 200
    assert "data-may-edit" not in reader.get("/journeys/welcome/edit").text
    assert "data-may-edit" in alice.get("/journeys/welcome/edit").text
    for path, body in (
        ("/ops", {"base": 1, "ops": [wait("n2", 9)]}),
        ("/undo", {"base": 1}),
        ("/rename", {"name": "x"}),
    ):
        answer = reader.post(
            f"/journeys/welcome/draft{path}",
            json.dumps(body),  # type: ignore[arg-type]  # text is sent as it is
            {"Content-Type": "application/json"},
        )
        assert answer.status_code == 403, path
    assert ask(reader, "")["rev"] == 1


def test_an_edit_without_the_token_is_refused(alice: Browser) -> None:
    body = json.dumps({"base": 1, "ops": [wait("n2", 9)]})
    for path, _ in BODIES:
        place, base = f"/journeys/welcome/draft{path}", alice.base
        answer = alice.client.post(place, data=body, content_type="application/json", base_url=base)
        assert answer.status_code == 403
    other = {"X-CSRF-Token": alice.token(), "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    answer = alice.client.post("/journeys/welcome/draft/ops", data=body, headers=other, base_url=alice.base)
    assert answer.status_code == 403
    assert ask(alice, "")["rev"] == 1


def test_an_archived_journey_is_read_only(web: Web, alice: Browser) -> None:
    web.store.run(lambda conn: drafts.move_journey(conn, "welcome", "archive", now=web.at))
    assert ask(alice, "")["may"] == {"edit": False, "publish": False, "operate": True}
    found = edit(alice, 1, wait("n2", 9), status=409)
    assert ("archived" in found["message"], "rev" in found) == (True, False)


def test_a_journey_is_renamed_without_a_new_revision(web: Web, alice: Browser) -> None:
    save(web, key="other")
    assert tell(alice, "/rename", {"name": "  New\u00a0customers "}) == {"name": "New customers"}
    found = ask(alice, "")
    assert (found["name"], found["rev"]) == ("New customers", 1)
    assert "already called 'Other'" in tell(alice, "/rename", {"name": "Other"}, 409)["message"]
    for name in ("", " ", "x" * 201, "a\u0001b"):
        assert tell(alice, "/rename", {"name": name}, 422)["error"] in ("bad_name", "bad_body")


def test_the_file_is_the_canonical_text(alice: Browser) -> None:
    edit(alice, 1, {"op": "add_note", "note": {"id": "note1", "text": "Ask Olena", "position": [5, 6]}})
    answer = alice.get("/journeys/welcome/draft/export")
    assert answer.headers["Content-Disposition"] == "attachment; filename=welcome.json"
    assert write(read(answer.data)) == answer.text
    assert '"position": [5, 6]' in answer.text
    assert "Ask Olena" in answer.text


def a_long_draft(count: int) -> dict[str, Any]:
    """A trigger, and waits one after the other."""
    nodes = [
        NODES[0],
        *({"id": f"n{n}", "type": "flow.wait", "settings": {}} for n in range(2, count)),
        {**NODES[2], "id": f"n{count}"},
    ]
    return {"nodes": nodes, "edges": [{"from": f"n{n}", "to": f"n{n + 1}"} for n in range(1, count)]}


@pytest.mark.parametrize("tidy", [False, True])
def test_the_answer_to_an_edit_does_not_grow_with_the_journey(web: Web, alice: Browser, tidy: bool) -> None:
    sizes = []
    for count in (10, 300):
        save(web, a_long_draft(count), key=f"long{count}")
        first = tell(alice, "/ops", {"base": 1, "ops": [wait("n4", 8)], "tidy": True}, key=f"long{count}")
        body = {"base": first["rev"], "ops": [wait("n5", 9)], "tidy": tidy}
        answer = tell(alice, "/ops", body, key=f"long{count}")
        assert list(answer["cards"]) == ["n5"]
        sizes.append(len(json.dumps(answer)))
    assert abs(sizes[0] - sizes[1]) < 20


def test_only_cards_that_changed_are_drawn_and_a_revision_is_checked_once(
    web: Web, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(web, a_long_draft(300), key="long")
    drawn, checked = [], []
    face, check = builder_view.face_of, builder_check.check

    def drawing(node: Any, found: Any) -> Any:
        drawn.append(node["id"])
        return face(node, found)

    def checking(*args: Any) -> Any:
        checked.append(1)
        return check(*args)

    monkeypatch.setattr(builder_view, "face_of", drawing)
    monkeypatch.setattr(builder_view, "check", checking)
    ask(alice, "", key="long")
    assert (len(drawn), len(checked)) == (300, 1)
    for number in range(5):
        tell(alice, "/ops", {"base": number + 1, "ops": [wait("n5", number + 2)]}, key="long")
    assert (drawn[300:], len(checked)) == (["n5"] * 5, 6)
    ask(alice, "/changes?since=6&client=a", key="long")
    assert (len(drawn), len(checked)) == (305, 6)


def test_an_edit_of_a_long_journey_is_quick(web: Web, alice: Browser, record_property: Any) -> None:
    save(web, a_long_draft(300), key="long")
    rev = tell(alice, "/ops", {"base": 1, "ops": [wait("n4", 8)], "tidy": True}, key="long")["rev"]
    token = alice.token()
    headers = {"X-CSRF-Token": token, "Content-Type": "application/json"}
    for tidy in (False, True):
        times = []
        for number in range(10):
            body = json.dumps({"base": rev, "ops": [wait("n5", number + 2)], "tidy": tidy})
            began = time.perf_counter()
            answer = alice.client.post("/journeys/long/draft/ops", data=body, headers=headers, base_url=alice.base)
            times.append(time.perf_counter() - began)
            assert answer.json is not None
            rev = answer.json["rev"]
        print(f"edit of 300 steps, tidy {tidy}: {sorted(times)[5] * 1000:.0f} ms")
        record_property(f"milliseconds, tidy {tidy}", sorted(times)[5] * 1000)
