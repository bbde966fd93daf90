"""Rule sets over HTTP: drafted, published, approved, scheduled, reverted, stopped; a quote names its version."""

from collections.abc import Iterator
from typing import Any

import pytest

from rig.prices import line
from rig.web import Browser, Web, a_web

SALE = {"name": "Sale", "layer": "item", "effect": {"kind": "percent", "value": "20"}}
HUGE = {"name": "Huge", "layer": "item", "effect": {"kind": "percent", "value": "70"}}
CART = {"currency": "UAH", "lines": [line("a", 100_000, 1)]}
ALL = ("read", "edit", "publish", "stop")


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


class Desk:
    """Somebody at the API: a person who is signed in, or a key."""

    def __init__(self, web: Web, who: Browser | dict[str, str]) -> None:
        self.web = web
        self.who = who

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        more: dict[str, Any] = {"json": body} if body is not None else {}
        if isinstance(self.who, Browser):
            answer = self.who.send(method, f"/api/v1{path}", headers=headers, **more)
        else:
            answer = self.web.client.open(f"/api/v1{path}", method=method, headers={**self.who, **headers}, **more)
        assert answer.status_code == status, answer.text
        return answer.get_json() if answer.data else None


@pytest.fixture
def key(web: Web) -> Desk:
    return Desk(web, web.key("integration", *(f"promotions.{name}" for name in ALL), "quotes.make"))


def person(web: Web, role: str = "approver") -> Desk:
    return Desk(web, web.sign_in(role))


def price(desk: Desk, **more: Any) -> tuple[int, str]:
    quote = desk("POST", "/quotes", {"cart": {**CART, **more}})
    return quote["payable"], quote["ruleset"]


def test_a_promotion_from_draft_to_the_till(web: Web, key: Desk) -> None:
    assert price(key) == (100_000, "v0")
    saved = key("PUT", "/promotions/sale", SALE)
    assert (saved["rev"], saved["status"], saved["change"], saved["words"]) == (1, "draft", "new", "20 % off")
    checked = key("POST", "/promotions/check", {})
    assert (checked["is_fine"], checked["reasons"]) == (True, [])
    assert [(one["key"], one["what"]) for one in checked["changes"]] == [("sale", "added")]
    assert price(key) == (100_000, "v0")
    done = key("POST", "/promotions/publish", {"note": "first", "digest": checked["digest"]})
    assert (done["version"]["number"], done["version"]["status"], done["is_new"]) == (1, "approved", True)
    assert price(key) == (80_000, "v1")
    assert key("GET", "/promotions/sale")["status"] == "live"
    again = key("POST", "/promotions/publish", {})
    assert (again["version"]["number"], again["is_new"]) == (1, False)
    key("DELETE", "/promotions/sale", status=204)
    assert price(key) == (80_000, "v1")
    assert key("GET", "/promotions/sale")["change"] == "removed"
    assert key("POST", "/promotions/publish", {})["version"]["number"] == 2
    assert price(key) == (100_000, "v2")
    assert [one["number"] for one in key("GET", "/promotions/versions")["versions"]] == [2, 1]
