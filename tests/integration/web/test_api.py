"""What every call of the API has: strict JSON, one shape of errors, one effect under one key, a true description."""

import io
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from rig.web import Web, a_web
from store import idempotency
from web.api.base import BATCH, Answer, Api, Call, In, Problem

SEEN: list[Any] = []


class Thing(In):
    """A thing."""

    name: str = Field(max_length=20)
    size: int = 0


class Taken(Answer):
    """What became of the things."""

    accepted: int
    errors: list[Problem]


api = Api("things", "Things")


@api.post("/things", needs="events.write", items=Thing, answer=Taken, status=202, max_bytes=BATCH)
def take_things(call: Call) -> tuple[Taken, int]:
    """Take things in.

    More about it.
    """
    good = call.items.valid(Thing)
    SEEN.extend(thing.name for _, thing in good)
    return Taken(accepted=len(good), errors=[Problem(**one) for one in call.items.problems]), 202


@api.put("/things/<name>", needs="events.write", body=Thing, answer=Thing)
def put_thing(call: Call, name: str) -> Thing:
    """Put a thing in its place."""
    SEEN.append(name)
    thing: Thing = call.body
    return thing


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url, blueprints=[api.bp])
    SEEN.clear()
    yield made
    made.store.dispose()


def _post(web: Web, raw: bytes | str | object, key: dict[str, str] | None = None, **more: Any) -> Any:
    data = raw if isinstance(raw, bytes | str) else json.dumps(raw)
    headers = {**(key or web.key("ingest", "events.write")), **more.pop("headers", {})}
    more.setdefault("content_type", "application/json")
    return web.client.post("/api/v1/things", data=data, headers=headers, **more)


def _problems(answer: Any) -> list[tuple[int | None, str, str]]:
    return [(one["index"], one["path"], one["code"]) for one in answer.json["errors"]]


def test_a_bad_item_is_named_and_its_neighbours_are_kept(web: Web) -> None:
    bad = [{"name": "b", "colour": "red"}, 7, {"size": 1}, {"name": "c", "size": "x"}]
    answer = _post(web, [{"name": "a"}, *bad, {"name": "d"}])
    assert answer.status_code == 202
    assert answer.json["accepted"] == 2
    assert SEEN == ["a", "d"]
    assert _problems(answer) == [
        (2, "", "not_an_object"),
        (1, "colour", "extra_forbidden"),
        (3, "name", "missing"),
        (4, "size", "int_parsing"),
    ]


@pytest.mark.parametrize(
    ("item", "path", "code"),
    [
        (r'{"name": "a\u0000b"}', "name", "nul_character"),
        (r'{"name": "\ud800"}', "name", "lone_surrogate"),
        (r'{"na\u0000me": 1}', "", "nul_character"),
        ('{"name": "a", "size": %s}' % ("9" * 5000), "size", "number_too_large"),
        ('{"name": "a", "size": 9223372036854775808}', "size", "number_too_large"),
        ('{"name": "a", "size": 1e400}', "size", "number_too_large"),
        ('{"name": "a", "size": NaN}', "size", "not_a_number"),
        ('{"name": "a", "size": -Infinity}', "size", "not_a_number"),
        ('{"name": "a", "name": "b"}', "", "double_key"),
        ('{"name": {"deep": [1, {"x": 1, "x": 2}]}}', "name.deep.1", "double_key"),
    ],
)
def test_what_no_database_takes_is_named_and_costs_nobody_else(web: Web, item: str, path: str, code: str) -> None:
    answer = _post(web, f'[{{"name": "before"}}, {item}, {{"name": "after"}}]')
    assert answer.status_code == 202
    assert SEEN == ["before", "after"]
    assert _problems(answer) == [(1, path, code)]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"[1,]", 400, "not_json"),
        (b"\xef\xbb\xbf[]", 400, "not_json"),
        (b'["\xff"]', 400, "not_utf8"),
        (b'["\x00"]', 400, "not_json"),
        (b"[" * 200_000, 400, "too_deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "too_deep"),
        (b"{}", 422, "not_a_list"),
        (b"null", 422, "not_a_list"),
        (b"9" * 5000, 422, "not_a_list"),
        (b"[" + b",".join([b"{}"] * 5001) + b"]", 413, "too_many_items"),
        (b"[" + b" " * BATCH + b"]", 413, "request_entity_too_large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_body_that_is_no_list_of_objects_is_refused_as_a_whole(web: Web, raw: bytes, status: int, code: str) -> None:
    answer = _post(web, raw)
    assert answer.status_code == status
    assert _problems(answer)[0] == (None, "", code)
    assert SEEN == []


def test_brackets_inside_texts_are_no_depth(web: Web) -> None:
    assert _post(web, [{"name": '[[[[{{{{"\\'}] * 100).json["accepted"] == 100


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_read(web: Web, type_: str) -> None:
    assert _post(web, "[]", content_type=type_).status_code == 415


def test_a_body_without_a_length_is_not_taken_for_an_empty_one(web: Web) -> None:
    key = web.key("ingest", "events.write")
    headers = {**key, "Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    assert web.client.post("/api/v1/things", headers=headers).status_code == 411


def test_a_body_of_unknown_length_is_refused_at_the_limit_and_not_cut(web: Web) -> None:
    key = {**web.key("ingest", "events.write"), "Content-Type": "application/json"}

    def post(size: int) -> int:
        stream = io.BytesIO(b'[{"name": "a"}]' + b" " * size)
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        return web.client.post(
            "/api/v1/things", input_stream=stream, headers=key, environ_overrides=environ
        ).status_code

    assert post(1000) == 202
    assert post(BATCH) == 413


def test_compressed_bodies_are_not_unpacked(web: Web) -> None:
    assert _post(web, "[]", headers={"Content-Encoding": "gzip"}).status_code == 415


def test_one_object_is_refused_with_all_its_faults(web: Web) -> None:
    key = web.key("ingest", "events.write")
    answer = web.client.put("/api/v1/things/x", json={"name": "n" * 21, "size": None, "more": 1}, headers=key)
    assert answer.status_code == 422
    assert {path for _, path, _ in _problems(answer)} == {"name", "size", "more"}
    assert "n" * 21 not in answer.text, "values may be personal and are not repeated"


def test_failures_have_the_same_shape_everywhere(web: Web) -> None:
    key = web.key("ingest", "events.write")
    for answer in (
        web.client.get("/api/v1/nothing"),
        web.client.get("/api/v1/things", headers=key),
        web.client.post("/api/v1/things"),
        web.client.post("/api/v1/things", headers=web.key("integration", "metrics.read"), json=[]),
    ):
        assert answer.status_code in (401, 403, 404, 405)
        assert answer.json is not None
        assert set(answer.json["errors"][0]) == {"index", "path", "code", "message"}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_whatever_comes_in_is_answered_and_never_breaks(value: Any) -> None:
    from flask import Flask

    from web.api import body
    from web.api.refusal import Refusal

    raw = json.dumps([value, {"name": "x"}])
    with Flask("x").test_request_context(method="POST", data=raw, content_type="application/json"):
        items = body.read_items()
    assert {"name": "x"} in items.values
    for kept in items.values:
        json.dumps(kept, allow_nan=False).encode()
        assert "\\u0000" not in json.dumps(kept).replace("\\\\", "")
    cut = Flask("x").test_request_context(method="POST", data=raw[:-1], content_type="application/json")
    with cut, pytest.raises(Refusal):
        body.read_items()


# One effect under one key


def test_the_same_request_gets_the_same_answer_to_the_byte_and_is_done_once(web: Web) -> None:
    key = web.key("ingest", "events.write")
    once = {"Idempotency-Key": "k-1"}
    first = _post(web, [{"name": "a"}, {"bad": 1}], key, headers=once)
    second = _post(web, [{"name": "a"}, {"bad": 1}], key, headers=once)
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert SEEN == ["a"]
    web.at += timedelta(hours=47)
    assert _post(web, [{"name": "a"}, {"bad": 1}], key, headers=once).data == first.data
    web.at += timedelta(hours=2)
    _post(web, [{"name": "a"}], key, headers=once)
    assert SEEN == ["a", "a"]


def test_another_body_or_another_call_under_the_key_is_409_and_another_owner_is_free(web: Web) -> None:
    key, other = web.key("ingest", "events.write"), web.key("ingest", "events.write")
    once = {"Idempotency-Key": "k"}
    _post(web, [{"name": "a"}], key, headers=once)
    answer = _post(web, [{"name": "b"}], key, headers=once)
    assert (answer.status_code, _problems(answer)[0][2]) == (409, "idempotency_mismatch")
    put = web.client.put("/api/v1/things/x", json={"name": "a"}, headers={**key, **once})
    assert put.status_code == 409
    assert _post(web, [{"name": "b"}], other, headers=once).status_code == 202
    assert SEEN == ["a", "b"]


def test_a_request_under_way_is_409_with_retry_after_and_a_dead_one_is_taken_over(web: Web) -> None:
    key, once = web.key("ingest", "events.write"), {"Idempotency-Key": "k"}
    started, finish, answers = threading.Event(), threading.Event(), []
    raw = json.dumps([{"name": "slow"}])

    real = Thing.model_validate

    def slow(value: Any) -> Any:
        started.set()
        assert finish.wait(30)
        return real(value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Thing, "model_validate", slow)
        thread = threading.Thread(target=lambda: answers.append(_post(web, raw, key, headers=once)))
        thread.start()
        assert started.wait(30)
        during = _post(web, raw, key, headers=once)
        finish.set()
        thread.join()
    assert (during.status_code, _problems(during)[0][2]) == (409, "idempotency_in_flight")
    assert during.headers["Retry-After"] == "1"
    assert answers[0].status_code == 202
    assert _post(web, raw, key, headers=once).data == answers[0].data

    web.store.run(lambda conn: idempotency.begin(conn, "key:1", "dead", b"", web.at))
    web.at += idempotency.IN_FLIGHT + timedelta(seconds=1)
    assert _post(web, [{"name": "z"}], key, headers={"Idempotency-Key": "dead"}).status_code == 202


def test_a_request_that_broke_may_be_tried_again(web: Web) -> None:
    key, once = web.key("ingest", "events.write"), {"Idempotency-Key": "k"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Thing, "model_validate", lambda value: 1 / 0)
        assert _post(web, [{"name": "a"}], key, headers=once).status_code == 500
    assert _post(web, [{"name": "a"}], key, headers=once).status_code == 202


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(web: Web, bad: str) -> None:
    assert _post(web, [], headers={"Idempotency-Key": bad}).status_code == 400


def test_fifty_at_once_are_one(database_url: str) -> None:
    from rig.web import NOON, SECRET
    from store.db import Store
    from wayfare.vault import Vault

    store = Store(database_url, Vault(SECRET), pool_size=10)
    outcomes: list[object] = []

    def begin() -> None:
        outcomes.append(store.run(lambda conn: idempotency.begin(conn, "o", "k", b"h", NOON)))

    threads = [threading.Thread(target=begin) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, idempotency.Begun) for outcome in outcomes) == 1
    assert sum(outcome == idempotency.Refused(is_in_flight=True) for outcome in outcomes) == 49
    store.dispose()


# The description


def test_the_description_says_what_the_calls_do(web: Web) -> None:
    document = web.client.get("/api/v1/openapi.json").json
    assert document is not None
    assert document["openapi"] == "3.1.0"
    call = document["paths"]["/api/v1/things"]["post"]
    assert call["summary"] == "Take things in."
    assert "events.write" in call["description"]
    assert call["security"] == [{"key": []}]
    schema = call["requestBody"]["content"]["application/json"]["schema"]
    assert schema["items"]["$ref"] == "#/components/schemas/Thing"
    assert document["components"]["schemas"]["Thing"]["additionalProperties"] is False
    assert {"202", "401", "403", "409", "422"} <= set(call["responses"])
    assert any(one["name"] == "Idempotency-Key" for one in call["parameters"])
    put = document["paths"]["/api/v1/things/{name}"]["put"]
    assert put["parameters"][0] == {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}


def test_every_call_is_described_and_every_reference_leads_somewhere(web: Web) -> None:
    document = web.client.get("/api/v1/openapi.json").json
    assert document is not None
    names = [call["operationId"] for path in document["paths"].values() for call in path.values()]
    assert len(names) == len(set(names))
    for reference in _references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
