"""Data in and out over HTTP: what was accepted is stored, what was refused is named."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from engine.shapes import CustomerIn, EventIn, ProductIn
from rig.web import Web, a_web
from rig.world import World
from store.tables import metadata

EVENT = {"key": "e1", "customer": "alice", "type": "page.viewed", "at": "2026-11-24T10:00:00Z"}
ALICE = {
    "key": "alice",
    "phone": "+380671234567",
    "email": "alice@example.com",
    "first_name": "Аліса",
    "birthday": "1990-05-17",
    "attributes": {"points": 7},
    "consents": [{"channel": "email", "granted": True, "source": "form"}],
}
RIGHTS = ("events.write", "customers.write", "customers.read", "customers.unmask", "products.write", "messages.read")


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


@pytest.fixture
def key(web: Web) -> dict[str, str]:
    return web.key("integration", *RIGHTS)


def count(web: Web, table: str) -> int:
    with web.store.read() as conn:
        return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_events_are_stored_when_the_answer_comes(web: Web, key: dict[str, str]) -> None:
    body = [EVENT, {**EVENT, "key": "e2", "at": "2026-11-24"}, EVENT]
    answer = web.client.post("/api/v1/events", json=body, headers=key)
    assert answer.status_code == 202
    assert (answer.get_json()["accepted"], answer.get_json()["duplicates"]) == (1, 1)
    assert [(one["index"], one["path"], one["code"]) for one in answer.get_json()["errors"]] == [
        (1, "at", "time_zone_missing")
    ]
    assert count(web, "event") == 1


def test_an_idempotency_key_gives_the_same_answer_again(web: Web, key: dict[str, str]) -> None:
    headers = {**key, "Idempotency-Key": "k1"}
    first = web.client.post("/api/v1/events", json=[EVENT], headers=headers)
    again = web.client.post("/api/v1/events", json=[EVENT], headers=headers)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert web.client.post("/api/v1/events", json=[], headers=headers).status_code == 409
    assert count(web, "event") == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{}", 422, "wrong_type"),
        (b"[" * 200_000, 400, "too_deep"),
        (b'[{"key": ]', 400, "invalid_json"),
        (b"[" + b"0," * 5000 + b"0]", 413, "too_many_items"),
        (b"[" + b" " * 6_000_000 + b"]", 413, "request_entity_too_large"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_as_a_whole(
    web: Web, key: dict[str, str], body: bytes, status: int, code: str
) -> None:
    headers = {**key, "Content-Type": "application/json"}
    answer = web.client.post("/api/v1/events", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (status, code)


def test_an_item_that_is_no_json_costs_no_neighbour(web: Web, key: dict[str, str]) -> None:
    body = b'[{"key": NaN}, {"key": "\\ud800"}, {"key": "\xff"}, {"a": 1e400}, ' + json.dumps(EVENT).encode() + b"]"
    answer = web.client.post("/api/v1/events", data=body, headers={**key, "Content-Type": "application/json"})
    assert (answer.status_code, answer.get_json()["accepted"]) == (202, 1)
    assert [one["index"] for one in answer.get_json()["errors"]] == [0, 1, 2, 3]


def test_a_customer_goes_in_and_comes_out(web: Web, key: dict[str, str]) -> None:
    answer = web.client.post("/api/v1/customers", json=[ALICE, {"key": "bob", "phone": "1"}], headers=key)
    assert (answer.get_json()["created"], answer.get_json()["updated"]) == (1, 0)
    assert [(one["index"], one["path"]) for one in answer.get_json()["errors"]] == [(1, "phone")]
    card = web.client.get("/api/v1/customers/alice", headers=key).get_json()
    assert (card["phone"], card["birthday"], card["attributes"]) == ("+380671234567", "1990-05-17", {"points": 7})
    assert [(one["channel"], one["granted"]) for one in card["consents"]] == [("email", True)]
    assert web.client.get("/api/v1/customers/nobody", headers=key).status_code == 404


def test_who_may_not_unmask_sees_no_address(web: Web, key: dict[str, str]) -> None:
    web.client.post("/api/v1/customers", json=[ALICE], headers=key)
    web.client.post("/api/v1/customers", json=[{"key": "alice", "phone": "+380671234568"}], headers=key)
    masked = web.key("integration", "customers.read")
    for path in ("/api/v1/customers/alice", "/api/v1/customers/alice/timeline"):
        seen = web.client.get(path, headers=masked).text
        assert "38067123" not in seen
        assert "alice@example.com" not in seen
        assert "Аліса" not in seen


def test_the_timeline_comes_page_by_page(web: Web, key: dict[str, str]) -> None:
    events = [{**EVENT, "key": f"e{n}", "at": f"2026-11-24T10:0{n}:00Z", "data": {"n": n}} for n in range(7)]
    web.client.post("/api/v1/events", json=events, headers=key)
    seen: list[Any] = []
    after = ""
    while True:
        path = f"/api/v1/customers/alice/timeline?limit=3&kinds=event&after={after}".replace("+", "%2B")
        page = web.client.get(path, headers=key).get_json()
        seen += [one["details"]["data"]["n"] for one in page["entries"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    assert web.client.get("/api/v1/customers/alice/timeline?after=x", headers=key).status_code == 422
    assert web.client.get("/api/v1/customers/alice/timeline?kinds=x", headers=key).status_code == 422


def test_why_a_customer_went_which_way(web: Web, key: dict[str, str]) -> None:
    world = World(web.store.url)
    is_ukrainian = {"type": "compare", "fact": "country", "op": "=", "value": "UA"}
    nodes: dict[str, dict[str, Any]] = {
        "enter": {"type": "trigger.event", "event": "shop.visited"},
        "split": {"type": "flow.split_rule", "branches": [{"port": "at home", "when": is_ukrainian}]},
        "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
    }
    edges = [("enter", "next", "split"), ("split", "at home", "wait")]
    world.journey("hello", nodes, edges, exit_rules=[{"event": "shop.left"}])
    world.journey("hello_again", nodes, edges)
    (customer,) = world.customers(1)
    world.happens(customer, "shop.visited")
    world.settle()

    def why(**asked: str) -> list[tuple[Any, ...]]:
        answer = web.client.get("/api/v1/customers/c1/why", query_string=asked, headers=key).get_json()
        names = ("journey", "status", "port", "reason")
        return sorted(tuple(one[name] for name in names) for one in answer["passings"])

    reason = "country is UA"
    ways = [(journey, "waiting", "at home") for journey in ("hello", "hello_again")]
    assert [one[:3] for one in why(node="split")] == ways
    assert all(reason in one[3] for one in why(node="split")), why(node="split")
    assert [one[0] for one in why(node="split", journey="hello")] == ["hello"]
    assert [one[:3] for one in why(node="wait", journey="hello")] == [("hello", "waiting", None)]
    world.happens(customer, "shop.left")
    world.settle()
    assert why(node="wait", journey="hello") == [("hello", "exited", None, "exit rule: shop.left")]
    world.pass_time(days=1)
    assert [one[:3] for one in why(node="wait", journey="hello_again")] == [("hello_again", "completed", "next")]
    assert why(node="nowhere") == []
    assert web.client.get("/api/v1/customers/c1/why", headers=key).status_code == 422
    assert web.client.get("/api/v1/customers/nobody/why?node=x", headers=key).status_code == 404
    world.close()


def test_products_go_in(web: Web, key: dict[str, str]) -> None:
    body = [{"sku": "tea", "name": "Чай", "price": 100, "currency": "UAH"}, {"sku": "mug", "price": "1"}]
    answer = web.client.post("/api/v1/products", json=body, headers=key)
    assert (answer.get_json()["created"], [one["path"] for one in answer.get_json()["errors"]]) == (1, ["price"])


def test_messages_of_nobody(web: Web, key: dict[str, str]) -> None:
    assert web.client.get("/api/v1/messages", headers=key).get_json() == {"messages": [], "next": None}
    assert web.client.get("/api/v1/messages?customer=nobody", headers=key).status_code == 404
    assert web.client.get("/api/v1/messages?status=lost", headers=key).status_code == 422


def test_an_ingest_key_sends_events_and_nothing_else(web: Web) -> None:
    ingest = web.key("ingest", "events.write")
    assert web.client.post("/api/v1/events", json=[EVENT], headers=ingest).status_code == 202
    assert web.client.post("/api/v1/customers", json=[ALICE], headers=ingest).status_code == 403
    assert web.client.get("/api/v1/customers/alice", headers=ingest).status_code == 403
    assert web.client.post("/api/v1/events", json=[EVENT]).status_code == 401


def test_the_bell_rings_after_the_commit_and_not_for_nothing(database_url: str) -> None:
    seen: list[tuple[str, int]] = []
    runtime = SimpleNamespace()
    served = a_web(database_url, runtime=runtime)
    runtime.ring = lambda shard: seen.append((shard, count(served, "event")))
    key = served.key("ingest", "events.write")
    for _ in range(2):
        served.client.post("/api/v1/events", json=[EVENT], headers=key)
    served.store.dispose()
    assert seen == [("flow", 1)]


@pytest.mark.parametrize(
    ("path", "table", "shape", "item"),
    [
        ("/customers", "customer", CustomerIn, {"key": "alice"}),
        ("/events", "event", EventIn, EVENT),
        ("/products", "product", ProductIn, {"sku": "tea"}),
    ],
)
def test_no_column_is_written_that_the_call_does_not_offer(
    sqlite_url: str, path: str, table: str, shape: type[BaseModel], item: dict[str, Any]
) -> None:
    web = a_web(sqlite_url)
    key = web.key("integration", *RIGHTS)
    hidden = {column.name for column in metadata.tables[table].c} - set(shape.model_fields)
    body = [{**item, name: 1} for name in sorted(hidden)]
    answer = web.client.post(f"/api/v1{path}", json=body, headers=key).get_json()
    assert [one["code"] for one in answer["errors"]] == ["unknown_field"] * len(hidden)
    assert hidden
    assert count(web, table) == 0
    web.store.dispose()
