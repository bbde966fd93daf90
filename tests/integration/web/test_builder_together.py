"""Two editors at once, by requests that really meet, on both databases."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from builder import edit
from rig.web import Browser, Web, a_web
from store import drafts

EDITS = 100


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    made = a_web(database_url)
    nodes = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
    nodes += [{"id": f"n{n}", "type": "flow.wait", "settings": {"amount": 1}} for n in (2, 3)]
    edges = [{"from": "n1", "to": "n2"}, {"from": "n2", "to": "n3"}]
    document = {"nodes": nodes, "edges": edges}
    made.store.run(lambda conn: drafts.save_draft(conn, "welcome", document, now=made.at))
    yield made
    made.store.dispose()


class Window:
    """One editor's window: a connection of its own to the served application."""

    def __init__(self, web: Web, address: str, login: str) -> None:
        browser: Browser = web.sign_in("marketer", web.user("marketer", login, name=login.title()))
        cookie = browser.client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie is not None
        self.headers = {
            "Cookie": f"wayfare={cookie.value}",
            "X-CSRF-Token": browser.token(),
            "Content-Type": "application/json",
        }
        self.name = login
        self.base = 1
        self.conn = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)

    def post(self, what: str, **body: Any) -> tuple[int, Any]:
        """Send an edit that is made on the revision this window knows; learn the new one."""
        sent = json.dumps({"base": self.base, "client": self.name, **body})
        self.conn.request("POST", f"/journeys/welcome/draft/{what}", sent, self.headers)
        answer = self.conn.getresponse()
        found = json.loads(answer.read())
        self.base = found.get("rev", self.base)
        return answer.status, found

    def wait(self, id: str, amount: int) -> tuple[int, Any]:
        """Set how long a step waits."""
        op = {"op": "set_settings", "id": id, "settings": {"amount": amount}}
        return self.post("ops", ops=[op], label=f"{self.name} {amount}")


def amounts(web: Web) -> dict[str, int]:
    document = edit.look(web.store, "welcome").document
    return {node["id"]: node["settings"]["amount"] for node in document["nodes"] if node["type"] == "flow.wait"}


def log(web: Web) -> list[Any]:
    with web.store.read() as conn:
        return list(conn.execute(text('SELECT rev, "by", label FROM draft_edit WHERE rev > 1 ORDER BY rev')))


def test_edits_of_other_steps_are_all_there_without_gaps(web: Web) -> None:
    with web.served() as address, ThreadPoolExecutor(2) as pool:
        windows = Window(web, address, "alice"), Window(web, address, "bob")

        def work(window: Window, id: str) -> list[int]:
            statuses = []
            for number in range(EDITS):
                statuses.append(window.wait(id, number + 1)[0])
            return statuses

        jobs = [pool.submit(work, windows[0], "n2"), pool.submit(work, windows[1], "n3")]
        statuses = Counter(status for job in jobs for status in job.result())
    assert statuses == {200: 2 * EDITS}
    assert amounts(web) == {"n2": EDITS, "n3": EDITS}
    rows = log(web)
    assert [row[0] for row in rows] == list(range(2, 2 * EDITS + 2))
    for name in ("alice", "bob"):
        mine = [int(row[2].split()[1]) for row in rows if row[1] == name]
        assert mine == list(range(1, EDITS + 1)), "each in the order in which it was sent"


def test_of_two_edits_of_one_step_one_wins_and_the_other_hears_of_it(web: Web) -> None:
    with web.served() as address, ThreadPoolExecutor(2) as pool:
        windows = Window(web, address, "alice"), Window(web, address, "bob")

        def work(window: Window) -> list[tuple[int, int]]:
            found = []
            for number in range(EDITS):
                status, answer = window.wait("n2", number + 1)
                found.append((status, number + 1))
                if status == 409:
                    other = "Bob" if window.name == "alice" else "Alice"
                    assert answer["message"].startswith(f"{other} changed “Wait ")
                    assert answer["nodes"] == ["n2"]
                    assert answer["since"]
            return found

        both = dict(zip(("alice", "bob"), pool.map(work, windows), strict=True))
    rows = log(web)
    assert {status for found in both.values() for status, _ in found} <= {200, 409}
    assert [row[0] for row in rows] == list(range(2, len(rows) + 2))
    for name, found in both.items():
        won = [number for status, number in found if status == 200]
        assert won == [int(row[2].split()[1]) for row in rows if row[1] == name], "what was answered 200 is there"
    assert amounts(web)["n2"] == int(rows[-1][2].split()[1])


def test_undo_of_one_beside_edits_of_the_other(web: Web) -> None:
    with web.served() as address, ThreadPoolExecutor(2) as pool:
        alice, bob = Window(web, address, "alice"), Window(web, address, "bob")

        def back_and_forth() -> set[int]:
            statuses = set()
            for _ in range(EDITS // 4):
                statuses |= {alice.wait("n2", 9)[0], alice.post("undo")[0]}
            return statuses

        jobs = pool.submit(back_and_forth), pool.submit(lambda: {bob.wait("n3", n + 1)[0] for n in range(EDITS // 2)})
        assert [job.result() for job in jobs] == [{200}, {200}]
    assert amounts(web) == {"n2": 1, "n3": EDITS // 2}
    assert len(log(web)) == EDITS
