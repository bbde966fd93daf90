"""Journeys and segments over HTTP: drafted, checked, published, counted, paused and stopped."""

from collections.abc import Iterator
from typing import Any

import pytest

from builder.keys import RESERVED
from engine.runtime import Runtime
from nodes.registry import open_registry
from rig.web import Web, a_web
from wayfare.vault import Vault

GRAPH: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        {"id": "start", "type": "trigger.event", "settings": {"event": "page.viewed"}},
        {"id": "wait", "type": "flow.wait", "settings": {"amount": 1, "unit": "days"}},
        {"id": "end", "type": "flow.exit", "settings": {}},
    ],
    "edges": [{"from": "start", "port": "next", "to": "wait"}, {"from": "wait", "port": "next", "to": "end"}],
}
RULE = {"type": "compare", "fact": "city", "op": "=", "value": "Kyiv"}


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


@pytest.fixture
def key(web: Web) -> dict[str, str]:
    names = ("read", "edit", "publish", "operate")
    rights = [f"journeys.{name}" for name in names] + ["segments.read", "segments.edit"]
    return web.key("integration", *rights, "customers.list", "customers.write", "events.write")


def call(web: Web, key: dict[str, str], method: str, path: str, body: Any = None, status: int = 200) -> Any:
    more = {} if body is None else {"json": body}
    answer = web.client.open(f"/api/v1{path}", method=method, headers=key, **more)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_a_journey_from_draft_to_stop(web: Web, key: dict[str, str]) -> None:
    saved = call(web, key, "PUT", "/journeys/hello/draft", {"graph": GRAPH, "name": "Hello"})
    assert (saved["rev"], [one for one in saved["findings"] if one["severity"] == "error"]) == (1, [])
    assert call(web, key, "POST", "/journeys/hello/check")["is_fine"]
    assert call(web, key, "POST", "/journeys/hello/publish", {})["version"] == 1
    again = call(web, key, "POST", "/journeys/hello/publish", {})
    assert (again["version"], again["is_new"]) == (1, False)

    event = {"key": "e1", "customer": "alice", "type": "page.viewed"}
    assert call(web, key, "POST", "/events", [event], 202)["accepted"] == 1
    _work(web)
    stats = call(web, key, "GET", "/journeys/hello/stats")
    assert (stats["status"], stats["entered"], stats["active"], stats["here"]) == ("live", 1, 1, {"wait": 1})
    there = call(web, key, "GET", "/journeys/hello/enrollments?node=wait")
    assert [(one["customer"], one["status"]) for one in there["enrollments"]] == [("alice", "waiting")]

    assert call(web, key, "POST", "/journeys/hello/pause")["status"] == "paused"
    assert call(web, key, "POST", "/journeys/hello/resume")["status"] == "live"
    assert call(web, key, "POST", "/journeys/hello/stop")["status"] == "stopped"
    assert call(web, key, "GET", "/journeys/hello/stats")["exited"] == 1
    call(web, key, "POST", "/journeys/hello/pause", status=409)
    assert [one["key"] for one in call(web, key, "GET", "/journeys")["journeys"]] == ["hello"]


def _work(web: Web) -> None:
    from engine.drain import drain

    secret = Vault(b"a secret for tests, long enough!")
    runtime = Runtime(web.store, open_registry(), secret, now=lambda: web.at)
    drain(runtime, "flow")


def test_a_draft_with_faults_is_saved_and_not_published(web: Web, key: dict[str, str]) -> None:
    broken = {**GRAPH, "edges": [*GRAPH["edges"], {"from": "end", "port": "next", "to": "start"}]}
    saved = call(web, key, "PUT", "/journeys/loop/draft", {"graph": broken})
    codes = {one["code"] for one in saved["findings"]}
    assert "cycle" in codes
    assert not call(web, key, "POST", "/journeys/loop/check")["is_fine"]
    refused = call(web, key, "POST", "/journeys/loop/publish", {}, 422)
    assert codes >= {one["code"] for one in refused["errors"]}
    assert call(web, key, "GET", "/journeys/loop/stats")["entered"] == 0
    call(web, key, "GET", "/journeys/loop/enrollments", status=404)


def test_a_draft_that_someone_else_changed_is_refused(web: Web, key: dict[str, str]) -> None:
    call(web, key, "PUT", "/journeys/hello/draft", {"graph": GRAPH})
    call(web, key, "PUT", "/journeys/hello/draft", {"graph": GRAPH, "rev": 1})
    call(web, key, "PUT", "/journeys/hello/draft", {"graph": GRAPH, "rev": 1}, 409)
    assert call(web, key, "GET", "/journeys/hello/draft")["rev"] == 2
    call(web, key, "GET", "/journeys/nothing/draft", status=404)
    call(web, key, "PUT", "/journeys/hello/draft", {"graph": {"nodes": 5}}, 422)


@pytest.mark.parametrize("reserved", sorted(RESERVED))
def test_a_key_that_a_page_would_hide_is_refused_in_words(web: Web, key: dict[str, str], reserved: str) -> None:
    body = {"graph": GRAPH, "name": "Hello"}
    (found,) = call(web, key, "PUT", f"/journeys/{reserved}/draft", body, 422)["errors"]
    assert (found["code"], found["path"]) == ("invalid_key", "key")
    assert f"/journeys/{reserved} is a page of its own; choose another key" in found["message"]
    call(web, key, "GET", f"/journeys/{reserved}/draft", status=404)


def test_every_page_beside_journeys_has_a_reserved_key(web: Web) -> None:
    paths = [rule.rule.split("/")[2:] for rule in web.app.url_map.iter_rules() if rule.rule.startswith("/journeys/")]
    pages = {path[0] for path in paths if "<" not in path[0]}
    assert pages == RESERVED


def test_journeys_that_start_each_other_are_told_of_before_the_second_goes_live(web: Web, key: dict[str, str]) -> None:
    def graph(other: str) -> dict[str, Any]:
        step = {"id": "wait", "type": "flow.journey", "settings": {"journey": other}}
        return GRAPH | {"nodes": [GRAPH["nodes"][0], step, GRAPH["nodes"][2]], "entry": {"reentry": "always"}}

    call(web, key, "PUT", "/journeys/ping/draft", {"graph": GRAPH, "name": "Ping"})
    call(web, key, "PUT", "/journeys/pong/draft", {"graph": graph("ping"), "name": "Pong"})
    assert call(web, key, "POST", "/journeys/pong/publish", {})["version"] == 1
    found = call(web, key, "PUT", "/journeys/ping/draft", {"graph": graph("pong")})["findings"]
    assert [(one["code"], one["severity"], one["node"]) for one in found] == [("start_each_other", "error", "wait")]
    assert "this journey and “Pong” start each other" in found[0]["message"]
    assert not call(web, key, "POST", "/journeys/ping/check")["is_fine"]
    call(web, key, "POST", "/journeys/ping/publish", {}, 422)
    call(web, key, "POST", "/journeys/pong/stop")
    assert call(web, key, "POST", "/journeys/ping/check")["is_fine"]


def test_a_step_that_the_trigger_waits_for_has_to_be_in_the_live_version(web: Web, key: dict[str, str]) -> None:
    call(web, key, "PUT", "/journeys/hello/draft", {"graph": GRAPH, "name": "Hello"})
    call(web, key, "POST", "/journeys/hello/publish", {})
    watch = {"journey": "hello", "when": "step", "step_id": "wait"}
    start: dict[str, Any] = {"id": "start", "type": "trigger.journey", "settings": watch}
    graph = GRAPH | {"nodes": [start, *GRAPH["nodes"][1:]]}
    assert call(web, key, "PUT", "/journeys/next/draft", {"graph": graph})["findings"] == []
    start["settings"] = watch | {"step_id": "gone"}
    found = call(web, key, "PUT", "/journeys/next/draft", {"graph": graph})["findings"]
    assert [(one["code"], one["node"]) for one in found] == [("step_gone", "start")]
    start["settings"] = watch | {"journey": "nobody"}
    found = call(web, key, "PUT", "/journeys/next/draft", {"graph": graph})["findings"]
    assert [one["code"] for one in found if one["severity"] == "error"] == ["journey_gone"]


def test_a_segment_is_saved_read_and_tried_out(web: Web, key: dict[str, str]) -> None:
    people = [{"key": f"c{n}", "city": city} for n, city in enumerate(("Kyiv", "KYIV", "Lviv"))]
    call(web, key, "POST", "/customers", people)
    tried = call(web, key, "POST", "/segments/preview", {"rule": RULE})
    assert (tried["count"], sorted(tried["sample"])) == (2, ["c0", "c1"])
    assert tried["words"]
    made = call(web, key, "PUT", "/segments/kyiv", {"name": "Kyiv", "rule": RULE})
    assert (made["rev"], made["is_ready"]) == (1, False)
    assert call(web, key, "PUT", "/segments/kyiv", {"name": "In Kyiv", "rule": RULE})["rev"] == 2
    call(web, key, "PUT", "/segments/kyiv", {"name": "Kyiv", "rule": RULE, "rev": 1}, 409)
    assert call(web, key, "GET", "/segments/kyiv")["name"] == "In Kyiv"
    call(web, key, "GET", "/segments/none", status=404)
    refused = call(web, key, "POST", "/segments/preview", {"rule": {**RULE, "fact": "shoe size"}}, 422)
    assert refused["errors"][0]["path"]
