"""The questions before something happens to customers: numbers, choices, who may, and that it is done once."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, text

from engine.moving import move
from engine.runtime import Runtime
from nodes.registry import open_registry
from rig.people import a_customer
from rig.web import Browser, Web, a_web
from store import drafts
from store.tables import Enrollment

WAITS = ("n2", "n3")


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    """The application on either database."""
    made = a_web(database_url)
    yield made
    made.store.dispose()


def graph(*waits: str) -> dict[str, Any]:
    """A trigger, waits one after the other, and the end."""
    nodes: list[dict[str, Any]] = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
    nodes += [{"id": id, "type": "flow.wait", "settings": {"amount": int(id[1:])}} for id in waits]
    nodes.append({"id": "n9", "type": "flow.exit", "settings": {}})
    edges = [{"from": a["id"], "to": b["id"]} for a, b in pairwise(nodes)]
    return {"nodes": nodes, "edges": edges}


def save(web: Web, *waits: str) -> int:
    document = graph(*waits)
    return web.store.run(lambda conn: drafts.save_draft(conn, "welcome", document, now=web.at, name="Welcome"))


def enroll(web: Web, node: str, count: int, status: str = "waiting") -> None:
    """Let customers stand at a node of the live version."""

    def work(conn: Any) -> None:
        journey = drafts.find_journey(conn, "welcome")
        for number in range(count):
            customer = a_customer(conn, f"{node}-{status}-{number}")
            row = {"journey_id": journey.id, "version_id": journey.live_version_id, "customer_id": customer}
            more = {"entry_key": "once", "status": status, "node": node, "since": web.at, "wake_at": web.at}
            rest = {"visit": 0, "seq": 0, "depth": 0, "attempts": 0, "entered_at": web.at}
            conn.execute(insert(Enrollment).values(**row, **more, **rest))

    web.store.run(work)


def at(web: Web) -> dict[tuple[str, str], int]:
    with web.store.read() as conn:
        rows = conn.execute(text("SELECT node, status, count(*) FROM enrollment GROUP BY node, status"))
        return {(row[0], row[1]): row[2] for row in rows}


def status(web: Web) -> str:
    with web.store.read() as conn:
        return drafts.find_journey(conn, "welcome").status


def ask(browser: Browser, what: str = "publish") -> str:
    answer = browser.fragment(f"/journeys/welcome/draft/{what}")
    assert answer.status_code == 200
    assert "<dialog" in answer.text
    assert "<html" not in answer.text
    assert "<html" in browser.get(f"/journeys/welcome/draft/{what}").text
    return words(answer.text)


def words(html: str) -> str:
    """The text of a page, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def publish(browser: Browser, rev: int, **form: str) -> Any:
    return browser.post("/journeys/welcome/draft/publish", {"rev": str(rev), **form})


@pytest.fixture
def boss(web: Web) -> Browser:
    """An approver, and a draft."""
    save(web, *WAITS)
    return web.sign_in("approver", web.user("approver", "boss", name="Olena"))


def test_a_draft_is_published_and_said_so(web: Web, boss: Browser) -> None:
    assert "Nobody is inside yet." in ask(boss)
    assert "Publish version 1" in ask(boss)
    assert "A customer enters as soon as it happens" in ask(boss)
    assert "What changed" not in ask(boss)
    answer = publish(boss, 1, note="At last")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/journeys/welcome/edit")
    assert "“Welcome”: version 1 is live." in boss.get("/journeys").text
    with web.store.read() as conn:
        assert conn.execute(text("SELECT note, published_by FROM journey_version")).one() == ("At last", "boss")
    assert "there is nothing to publish" in ask(boss)
    assert publish(boss, 1).status_code == 303
    with web.store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM journey_version")).scalar_one() == 1


def test_htmx_is_sent_to_the_builder(web: Web, boss: Browser) -> None:
    answer = boss.post("/journeys/welcome/draft/publish", {"rev": "1"}, {"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/journeys/welcome/edit")


def test_those_at_a_removed_step_are_moved_as_chosen(web: Web, boss: Browser) -> None:
    publish(boss, 1)
    enroll(web, "n2", 2)
    enroll(web, "n3", 3)
    rev = save(web, "n2", "n5")
    found = ask(boss)
    assert "5 customers are inside and go on with the version that they entered" in found
    assert re.search(r"New Wait 5 days 2 0 0 ", found)
    assert re.search(r"Removed Wait 3 days 2 3 0 finish as it was leave the journey go on at Wait 5 days", found)
    answer = publish(boss, rev, **{"do.n3": "move:n5"})
    assert answer.status_code == 303
    assert "version 2 is live; those at the removed step are on their way." in boss.get("/journeys").text
    assert at(web) == {("n2", "waiting"): 2, ("n3", "waiting"): 3}, "nobody is moved while a person waits"
    engine = Runtime(web.store, open_registry([]), web.store.vault, batch_size=2)
    told = ["Those at “Wait 3 days” are about to be moved to “Wait 5 days”."]
    told += ["Moving 2 of 3 customers from “Wait 3 days” to “Wait 5 days”."]
    told += ["3 customers moved from “Wait 3 days” to “Wait 5 days”."]
    for words_told in told:
        assert words_told in words(boss.fragment("/journeys/welcome/moving").text)
        assert words_told in words(boss.get("/journeys/welcome").text)
        assert words_told in words(boss.get("/journeys/welcome/edit").text)
        move(engine, now=web.at)
    assert at(web) == {("n2", "waiting"): 2, ("n5", "active"): 3}
    web.at += timedelta(hours=1)
    assert words(boss.fragment("/journeys/welcome/moving").text) == ""
    assert publish(boss, rev, **{"do.n3": "move:n5"}).status_code == 303
    assert at(web) == {("n2", "waiting"): 2, ("n5", "active"): 3}


def test_those_at_a_removed_step_leave_or_finish(web: Web, boss: Browser) -> None:
    publish(boss, 1)
    enroll(web, "n2", 2)
    enroll(web, "n3", 3)
    publish(boss, save(web), **{"do.n2": "finish", "do.n3": "exit"})
    assert "version 2 is live; those at the removed step are on their way." in boss.get("/journeys").text
    engine = Runtime(web.store, open_registry([]), web.store.vault, batch_size=2)
    move(engine, now=web.at)
    assert "Taking 2 of 3 customers out of the journey at “Wait 3 days”." in boss.get("/journeys/welcome").text
    move(engine, now=web.at)
    assert "3 customers left the journey at “Wait 3 days”." in boss.get("/journeys/welcome").text
    assert at(web) == {("n2", "waiting"): 2, ("n3", "exited"): 3}


def test_steps_that_went_two_versions_ago_are_asked_about(web: Web, boss: Browser) -> None:
    publish(boss, 1)
    enroll(web, "n3", 3)
    publish(boss, save(web, "n2"))
    enroll(web, "n2", 2)
    rev = save(web, "n5")
    found = ask(boss)
    assert "Removed Wait 3 days only in version 1, which customers are still in 0 3 0 finish as it was" in found
    assert "Removed Wait 2 days 0 2 0 finish as it was" in found
    publish(boss, rev, **{"do.n3": "move:n5", "do.n2": "finish"})
    found = ask(boss)
    assert "What becomes of those whom older versions left behind can be decided all the same." in found
    assert "Carry this out" in found
    engine = Runtime(web.store, open_registry([]), web.store.vault)
    move(engine, now=web.at)
    assert at(web) == {("n2", "waiting"): 2, ("n5", "active"): 3}
    assert publish(boss, rev, **{"do.n2": "exit"}).status_code == 303
    assert "version 3 is live already; those at the removed step are on their way." in boss.get("/journeys").text
    move(engine, now=web.at)
    assert at(web) == {("n2", "exited"): 2, ("n5", "active"): 3}
    assert "Carry this out" not in ask(boss)


def test_a_draft_with_an_error_is_not_published(web: Web, boss: Browser) -> None:
    document = graph(*WAITS)
    document["nodes"][1]["settings"] = {"amount": "soon"}
    rev = web.store.run(lambda conn: drafts.save_draft(conn, "welcome", document, now=web.at))
    html = boss.fragment("/journeys/welcome/draft/publish").text
    assert "1 thing to fix before it can be published" in words(html)
    assert 'href="/journeys/welcome/edit#n2" data-step="n2"' in html
    assert "Publish version" not in html
    answer = publish(boss, rev)
    assert answer.status_code == 422
    assert "something to fix first" in answer.text
    assert status(web) == "draft"


def test_a_draft_that_changed_meanwhile_is_shown_again(web: Web, boss: Browser) -> None:
    save(web, "n2")
    answer = boss.post("/journeys/welcome/draft/publish", {"rev": "1", "note": "mine"}, {"HX-Request": "true"})
    assert answer.status_code == 409
    assert "has changed meanwhile; look at it again" in answer.text
    assert "<dialog" not in answer.text
    assert 'value="mine"' in answer.text
    assert 'name="rev" value="2"' in answer.text
    assert status(web) == "draft"


@pytest.mark.parametrize(
    "form",
    [
        {"rev": ""},
        {"rev": "x"},
        {"rev": "²"},
        {"rev": "1", "do.n3": "explode"},
        {"rev": "1", "do.n7": "move:n1"},
        {"rev": "1", "do.n7": "move:"},
        {"rev": "1", "do.n2": "exit"},
        {"rev": "1", "note": "x" * 2001},
    ],
)
def test_a_form_that_makes_no_sense_publishes_nothing(web: Web, boss: Browser, form: dict[str, str]) -> None:
    assert boss.post("/journeys/welcome/draft/publish", form).status_code == 422
    assert status(web) == "draft"


def test_a_marketer_sees_who_can_publish(web: Web, boss: Browser) -> None:
    marketer = web.sign_in("marketer")
    found = ask(marketer)
    assert "Your role may not publish. These people can: Olena." in found
    assert "Publish version" not in found
    assert publish(marketer, 1).status_code == 403
    assert status(web) == "draft"


def test_without_an_approver_it_says_so(web: Web) -> None:
    save(web, *WAITS)
    assert "an administrator has to add an approver" in ask(web.sign_in("marketer"))


ACTIONS: list[tuple[str, str, str, str]] = [
    ("pause", "live", "paused", "5 customers are inside; they stay where they are until you resume."),
    ("resume", "paused", "live", "5 customers whose time has come move on at once."),
    ("close", "live", "closing", "5 customers are inside; they go on to the end."),
    ("stop", "live", "stopped", "5 customers are inside; all of them leave at once"),
]


@pytest.mark.parametrize(("action", "before", "after", "told"), ACTIONS, ids=[row[0] for row in ACTIONS])
def test_an_action_says_what_it_does_and_does_it_once(
    web: Web, boss: Browser, action: str, before: str, after: str, told: str
) -> None:
    publish(boss, 1)
    enroll(web, "n2", 2)
    enroll(web, "n3", 3)
    if before == "paused":
        boss.post("/journeys/welcome/draft/pause")
    assert status(web) == before
    assert told in ask(boss, action)
    assert status(web) == before, "asking does nothing"
    for _ in range(2):
        answer = boss.post(f"/journeys/welcome/draft/{action}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/journeys/welcome/edit")
        assert status(web) == after
    with web.store.read() as conn:
        query = f"SELECT count(*) FROM audit WHERE action = 'journey.{action}'"
        assert conn.execute(text(query)).scalar_one() == 1


def test_a_stopped_journey_is_archived(web: Web, boss: Browser) -> None:
    assert "Nobody is inside." in ask(boss, "archive")
    assert boss.post("/journeys/welcome/draft/archive", {"back": "/journeys"}).headers["Location"] == "/journeys"
    assert status(web) == "archived"
    assert "archived" in ask(boss).lower()
    assert publish(boss, 1).status_code == 409


def test_what_cannot_be_done_now_is_explained(web: Web, boss: Browser) -> None:
    for action in ("pause", "resume", "close", "stop"):
        found = boss.fragment(f"/journeys/welcome/draft/{action}").text
        assert "The journey is draft. Was never published." in words(found)
        assert 'type="submit"' not in found
        answer = boss.post(f"/journeys/welcome/draft/{action}")
        assert answer.status_code == 409
        assert "is draft" in answer.text
    assert boss.get("/journeys/welcome/draft/explode").status_code == 404


def test_who_may_not_operate_is_told_who_can(web: Web, boss: Browser) -> None:
    publish(boss, 1)
    reader = web.sign_in("analyst")
    assert "Your role may not do this. These people can: Olena" in ask(reader, "pause")
    assert reader.post("/journeys/welcome/draft/pause").status_code == 403
    assert status(web) == "live"


@pytest.mark.parametrize("what", ["publish", "pause", "resume", "close", "stop", "archive"])
def test_unknown_journeys_and_missing_tokens_are_refused(web: Web, boss: Browser, what: str) -> None:
    assert boss.get(f"/journeys/nobody/draft/{what}").status_code == 404
    assert boss.post(f"/journeys/nobody/draft/{what}", {"rev": "1"}).status_code == 404
    place, base = f"/journeys/welcome/draft/{what}", boss.base
    assert boss.client.post(place, data={"rev": "1"}, base_url=base).status_code == 403
    assert status(web) == "draft"


def test_going_back_leads_to_pages_of_ours_only(web: Web, boss: Browser) -> None:
    for given, place in (
        ("/journeys/welcome", "/journeys/welcome"),
        ("https://evil.example", "/journeys/welcome/edit"),
    ):
        publish(boss, 1)
        boss.post("/journeys/welcome/draft/resume")
        assert boss.post("/journeys/welcome/draft/pause", {"back": given}).headers["Location"] == place
