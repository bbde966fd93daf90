"""Windows that have a journey open: asking again costs little while nothing changes, and who leaves is gone at once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from rig.statements import counted
from rig.web import Browser, Web, a_web
from store import drafts


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    """The application on either database."""
    made = a_web(database_url)
    yield made
    made.store.dispose()


@pytest.fixture
def alice(web: Web) -> Browser:
    """A marketer, with a journey to edit."""
    document = {"nodes": [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}], "edges": []}
    web.store.run(lambda conn: drafts.save_draft(conn, "welcome", document, now=web.at, name="Welcome"))
    return web.sign_in("marketer", web.user("marketer", "alice@example.com"))


def poll(browser: Browser, client: str, node: str = "") -> Any:
    answer = browser.get(f"/journeys/welcome/draft/changes?since=1&client={client}&node={node}")
    assert answer.status_code == 200, answer.text
    return answer.json


def leave(browser: Browser, client: Any) -> int:
    body: Any = json.dumps({"client": client})
    return browser.post("/journeys/welcome/draft/leave", body, {"Content-Type": "application/json"}).status_code


def rows(web: Web) -> list[tuple[str, str]]:
    with web.store.read() as conn:
        found = conn.execute(text("SELECT client, node FROM draft_presence ORDER BY client"))
        return [(row[0], row[1]) for row in found]


def test_asking_again_neither_writes_nor_reads_the_graph_while_nothing_changes(web: Web, alice: Browser) -> None:
    poll(alice, "a", "n1")
    for seconds in (4, 3):
        web.at += timedelta(seconds=seconds)
        with counted(web.store) as sent:
            assert poll(alice, "a", "n1")["editors"] == []
        assert not [one for one in sent if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not [one for one in sent if "draft" in one and "draft_presence" not in one]


def test_whoever_goes_to_another_step_or_stays_long_is_written_down_again(web: Web, alice: Browser) -> None:
    bob = web.sign_in("marketer", web.user("marketer", "bob", name="Bob"))
    poll(alice, "a", "n1")
    poll(alice, "a", "n2")
    assert rows(web) == [("a", "n2")]
    for _ in range(6):
        web.at += timedelta(seconds=4)
        poll(alice, "a", "n2")
        assert [one["name"] for one in poll(bob, "b")["editors"]] == ["alice"]


def test_a_window_that_says_so_is_gone_at_once(web: Web, alice: Browser) -> None:
    bob = web.sign_in("analyst", web.user("analyst", "bob", name="Bob"))
    poll(alice, "a")
    poll(bob, "b")
    assert leave(bob, "a") == 204
    assert rows(web) == [("a", ""), ("b", "")], "somebody else's window was taken away"
    assert leave(bob, "b") == 204
    assert poll(alice, "a")["editors"] == []
    assert leave(bob, "unknown") == 204
    assert leave(bob, 7) == 422
    assert alice.client.post("/journeys/welcome/draft/leave", data="{}", base_url=alice.base).status_code == 403


def test_nobody_leaves_a_journey_that_is_not_there(alice: Browser) -> None:
    body: Any = json.dumps({"client": "a"})
    answer = alice.post("/journeys/nobody/draft/leave", body, {"Content-Type": "application/json"})
    assert answer.status_code == 404
