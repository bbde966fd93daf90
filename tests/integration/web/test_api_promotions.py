"""Rule sets over HTTP: drafted, published, approved, scheduled, reverted, stopped; a quote names its version."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rig.desk import Desk, at_once
from rig.prices import amount, brand, fixed, group, line, percent
from rig.web import NOON, Web, a_web
from store import audit

SALE = {"name": "Sale", "layer": "item", "effect": percent(20)}
HUGE = {"name": "Huge", "layer": "item", "effect": percent(70)}
CART = {"currency": "UAH", "lines": [line("a", 100_000, 1)]}
ALL = ("read", "edit", "publish", "stop")
VERSIONS = "/promotions/versions"


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


@pytest.fixture
def key(web: Web) -> Desk:
    return Desk(web, web.key("integration", *(f"promotions.{name}" for name in ALL), "quotes.make"))


def person(web: Web, role: str = "approver") -> Desk:
    return Desk(web, web.sign_in(role))


def price(desk: Desk, **more: Any) -> tuple[int, str]:
    quote = desk("POST", "/quotes", {"cart": {**CART, **more}})
    return quote["payable"], quote["ruleset"]


def live(key: Desk, *promotions: tuple[str, dict[str, Any]], **more: Any) -> int:
    """Save promotions and publish; return the version's number."""
    for name, body in promotions:
        key("PUT", f"/promotions/{name}", body)
    done = key("POST", "/promotions/publish", more)
    assert done["reasons"] == []
    return int(done["version"]["number"])


def waiting(key: Desk, name: str = "huge", **more: Any) -> int:
    """Publish something that needs a second person; return the version's number."""
    key("PUT", f"/promotions/{name}", HUGE)
    done = key("POST", "/promotions/publish", more)
    assert (done["version"]["status"], len(done["reasons"])) == ("waiting", 1)
    return int(done["version"]["number"])


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
    assert [one["number"] for one in key("GET", VERSIONS)["versions"]] == [2, 1]
    body = key("GET", f"{VERSIONS}/1")["body"]
    assert [one["key"] for one in body["promotions"]] == ["sale"]


def test_a_fault_names_its_field_and_the_remedy(key: Desk) -> None:
    def refused(path: str, body: Any) -> tuple[str, str]:
        fault = key("PUT", path, body, 422)["errors"][0]
        return fault["path"], fault["code"]

    assert refused("/promotions/p", {**SALE, "effect": percent(200)}) == ("effect.value", "bad_percent")
    assert refused("/promotions/p", {**SALE, "efect": 1}) == ("efect", "extra_forbidden")
    assert refused("/promotions/p", {**SALE, "usage": {"total": 0}})[0] == "usage.total"
    assert refused("/promotions/p", {**SALE, "key": "q"}) == ("key", "other_key")
    assert refused("/promotions/p", {**SALE, "rev": "1"}) == ("rev", "wrong_type")
    budget = {"budget": {"kind": "spend", "remaining": 5}}
    assert refused("/promotions/p", {**SALE, "limits": budget})[1] == "budget"
    assert refused("/promotions/versions", SALE) == ("key", "bad_key")
    assert refused("/promotions/item", SALE) == ("key", "bad_key")
    assert refused("/caps/c", {"scope": brand("Chanel")})[1] == "bad_cap"
    assert refused("/promotion-groups/g", {"layer": "somewhere"})[0] == "layer"


def test_a_draft_knows_revisions_and_kinds(key: Desk) -> None:
    assert key("PUT", "/promotions/p", {**SALE, "rev": 0})["rev"] == 1
    key("PUT", "/promotions/p", {**SALE, "rev": 0}, 409)
    assert key("PUT", "/promotions/p", {**HUGE, "rev": 1})["rev"] == 2
    key("PUT", "/promotions/p", {**SALE, "rev": 1}, 409)
    assert key("PUT", "/promotions/p", HUGE)["rev"] == 2, "what says the same is no new revision"
    key("PUT", "/caps/p", {"max_percent": "10"}, 409)
    key("GET", "/caps/p", status=404)
    key("DELETE", "/promotions/p?rev=1", status=409)
    key("DELETE", "/promotions/p?rev=2", status=204)
    key("DELETE", "/promotions/p", status=404)


def test_a_group_with_promotions_in_it_stays(key: Desk) -> None:
    key("PUT", "/promotion-groups/season", {"layer": "item", "policy": "all"})
    key("PUT", "/promotions/p", {"group": "season", "effect": percent(5)})
    assert "p" in key("DELETE", "/promotion-groups/season", status=409)["errors"][0]["message"]
    key("DELETE", "/promotions/p", status=204)
    key("DELETE", "/promotion-groups/season", status=204)


def test_everything_that_is_wrong_with_a_draft_is_named_at_once(key: Desk) -> None:
    key("PUT", "/promotions/good", SALE)
    key("PUT", "/promotions/lost", {"group": "nowhere", "effect": percent(5)})
    key("PUT", "/promotions/shy", {**SALE, "never_with": ["nobody"]})
    key("PUT", "/promotions/odd", {"layer": "order", "effect": percent(5)})
    checked = key("POST", "/promotions/check", {})
    assert not checked["is_fine"]
    found = {(one["key"], one["path"], one["code"]) for one in checked["problems"]}
    assert found == {
        ("lost", "group", "unknown_group"),
        ("shy", "never_with.0", "unknown_key"),
        ("odd", "effect", "wrong_layer"),
    }
    refused = key("POST", "/promotions/publish", {}, 422)["errors"]
    assert {one["path"] for one in refused} == {
        "promotion.lost.group",
        "promotion.shy.never_with.0",
        "promotion.odd.effect",
    }
    assert price(key) == (100_000, "v0")


def test_a_list_is_searched_filtered_and_paged(web: Web, key: Desk) -> None:
    key("PUT", "/promotion-groups/season", {"layer": "item"})
    for number in range(5):
        key("PUT", f"/promotions/p{number}", {"group": "season", "name": f"Знижка {number}", "effect": percent(5)})
    key("PUT", "/promotions/basket", {"layer": "order", "effect": percent(5, "order")})
    begins = {"kind": "period", "from": (NOON + timedelta(days=3)).isoformat()}
    key("PUT", "/promotions/soon", {**SALE, "conditions": [begins]})
    ended = {"kind": "period", "until": (NOON - timedelta(days=3)).isoformat()}
    key("PUT", "/promotions/over", {**SALE, "conditions": [ended]})
    live(key)
    key("PUT", "/promotions/fresh", {**SALE, "enabled": False})

    def keys(query: str) -> list[str]:
        return [one["key"] for one in key("GET", f"/promotions?{query}")["items"]]

    assert keys("search=знижка 3") == ["p3"]
    assert keys("group=season&size=2&page=2") == ["p2", "p3"]
    assert key("GET", "/promotions?group=season&size=2")["total"] == 5
    assert keys("layer=order") == ["basket"]
    assert len(keys("layer=item")) == 8
    assert keys("status=scheduled") == ["soon"]
    assert keys("status=ended") == ["over"]
    assert keys("status=off") == ["fresh"]
    assert [one["key"] for one in key("GET", "/promotion-groups")["items"]] == ["season"]


def test_above_the_limit_another_person_approves(web: Web, key: Desk) -> None:
    alice, bob = person(web), person(web)
    key("PUT", "/promotions/huge", HUGE)
    done = alice("POST", "/promotions/publish", {})
    assert done["reasons"] == ["“Huge” gives 70 %, above the limit of 50 %"]
    number, digest = done["version"]["number"], done["version"]["digest"]
    assert price(key) == (100_000, "v0")
    assert key("GET", "/promotions/huge")["status"] == "waiting"
    assert alice("POST", "/promotions/publish", {})["version"]["number"] == number, "it waits once"
    alice("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    key("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    bob("POST", f"{VERSIONS}/{number}/approve", {"digest": "0" * 64}, 409)
    approved = bob("POST", f"{VERSIONS}/{number}/approve", {"digest": digest})
    assert approved["status"] == "approved"
    assert price(key) == (30_000, "v1")
    bob("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    bob("POST", f"{VERSIONS}/{number}/refuse", {"note": "no"}, 409)


def test_nobody_approves_what_a_key_of_theirs_published(web: Web) -> None:
    from store import accounts
    from web.accounts import add_key

    browser = web.sign_in("admin", web.user("admin", "alice@example.com"))
    with web.store.read() as conn:
        assert accounts.find_account(conn, "alice@example.com")
    rights = [f"promotions.{name}" for name in ALL]
    _, token = add_key(web.store, "hers", "integration", rights, by="alice@example.com", now=web.at)
    number = waiting(Desk(web, {"Authorization": f"Bearer {token}"}))
    Desk(web, browser)("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    person(web)("POST", f"{VERSIONS}/{number}/approve", {})


def test_what_is_refused_or_withdrawn_never_prices_a_cart(web: Web, key: Desk) -> None:
    number = waiting(key)
    person(web)("POST", f"{VERSIONS}/{number}/refuse", {}, 422)
    refused = person(web)("POST", f"{VERSIONS}/{number}/refuse", {"note": "too much"})
    assert (refused["status"], refused["decision"]) == ("refused", "too much")
    again = waiting(key)
    assert again == number + 1
    assert key("POST", f"{VERSIONS}/{again}/withdraw", {"note": "later"})["status"] == "withdrawn"
    person(web)("POST", f"{VERSIONS}/{again}/approve", {}, 409)
    key("POST", f"{VERSIONS}/{number}/revert", {}, 409)
    assert price(key) == (100_000, "v0")


def test_a_marketer_proposes_and_an_approver_decides(web: Web, key: Desk) -> None:
    marketer = person(web, "marketer")
    marketer("PUT", "/promotions/sale", SALE)
    marketer("POST", "/promotions/publish", {}, 403)
    done = marketer("POST", "/promotions/propose", {"note": "for Friday"})
    assert (done["version"]["status"], len(done["reasons"])) == ("waiting", 1)
    person(web)("POST", f"{VERSIONS}/1/approve", {})
    assert price(key) == (80_000, "v1")


def test_two_approvals_at_once_are_one(web: Web, key: Desk) -> None:
    number = waiting(key)
    people = [person(web) for _ in range(4)]
    answers = at_once([partial(one.ask, "POST", f"{VERSIONS}/{number}/approve", {}) for one in people])
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    with web.store.read() as conn:
        assert audit.count(conn, audit.Filter(action="ruleset.approved")) == 1


def test_approving_and_withdrawing_at_once_is_one_of_the_two(web: Web, key: Desk) -> None:
    approver = person(web)
    number = waiting(key)
    approved, withdrawn = at_once(
        [
            lambda: approver.ask("POST", f"{VERSIONS}/{number}/approve", {})[0],
            lambda: key.ask("POST", f"{VERSIONS}/{number}/withdraw", {})[0],
        ]
    )
    assert sorted([approved, withdrawn]) == [200, 409]
    assert price(key) == ((30_000, "v1") if approved == 200 else (100_000, "v0"))


def test_publishing_twice_under_one_key_makes_one_version(web: Web, key: Desk) -> None:
    key("PUT", "/promotions/sale", SALE)
    asked = [lambda: key.ask("POST", "/promotions/publish", {}, Idempotency_Key="k1")[0] for _ in range(4)]
    assert set(at_once(asked)) <= {200, 409}
    key("PUT", "/promotions/sale", {**SALE, "effect": percent(30)})
    repeated = key("POST", "/promotions/publish", {}, Idempotency_Key="k1")
    assert (repeated["version"]["number"], len(key("GET", VERSIONS)["versions"])) == (1, 1)
    assert price(key) == (80_000, "v1")


def test_everybody_who_publishes_at_once_gets_a_number(web: Web, key: Desk) -> None:
    def change(number: int) -> int:
        key("PUT", f"/promotions/p{number}", {**SALE, "effect": percent(number + 1)})
        return int(key("POST", "/promotions/publish", {})["version"]["number"])

    at_once([partial(change, number) for number in range(4)])
    versions = key("GET", VERSIONS)
    assert versions["live"] == versions["versions"][0]["number"]
    assert price(key)[0] == 96_000, "the last version holds what all of them saved"


def test_a_version_waits_for_its_date(web: Web, key: Desk) -> None:
    live(key, ("sale", SALE))
    friday = NOON + timedelta(days=3)
    planned = live(key, ("sale", {**SALE, "effect": percent(30)}), live_from=friday.isoformat())
    assert price(key) == (80_000, "v1")
    assert [one["status"] for one in key("GET", VERSIONS)["versions"]] == ["approved", "approved"]
    web.at = friday - timedelta(seconds=1)
    assert price(key) == (80_000, "v1")
    web.at = friday
    assert price(key) == (70_000, f"v{planned}")
    key("POST", f"{VERSIONS}/{planned}/withdraw", {}, 409)
    key("POST", "/promotions/publish", {"live_from": "2027-01-01T00:00:00"}, 422)


def test_a_planned_version_is_withdrawn(web: Web, key: Desk) -> None:
    live(key, ("sale", SALE))
    planned = live(key, ("sale", {**SALE, "effect": percent(30)}), live_from=(NOON + timedelta(days=3)).isoformat())
    assert f"version {planned} begins" in key("POST", "/promotions/check", {})["warnings"][0]
    key("POST", f"{VERSIONS}/{planned}/withdraw", {})
    assert key("POST", "/promotions/check", {})["warnings"] == []
    web.at += timedelta(days=4)
    assert price(key) == (80_000, "v1")


def test_a_waiting_version_is_not_approved_over_another_one(web: Web, key: Desk) -> None:
    number = waiting(key)
    key("DELETE", "/promotions/huge", status=204)
    live(key, ("sale", SALE))
    answer = person(web)("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    assert "publish the draft anew" in answer["errors"][0]["message"]
    assert price(key) == (80_000, "v2")


def test_a_reverted_version_prices_as_before(web: Web, key: Desk) -> None:
    live(key, ("sale", SALE))
    live(key, ("sale", {**SALE, "effect": percent(30)}), ("more", SALE))
    key("POST", f"{VERSIONS}/2/revert", {}, 409)
    done = key("POST", f"{VERSIONS}/1/revert", {"note": "wrong figure"})
    assert (done["version"]["kind"], price(key)) == ("revert", (80_000, "v3"))
    assert key("GET", "/promotions/sale")["change"] == "changed"
    assert key("GET", f"{VERSIONS}/1/diff/3")["changes"] == []
    live(key)
    key("POST", f"{VERSIONS}/1/revert", {"restore_draft": True})
    assert (key("GET", "/promotions/sale")["change"], key("GET", "/promotions/more")["enabled"]) == ("", False)
    assert key("POST", "/promotions/publish", {})["is_new"] is False


def test_the_kill_switch_works_at_once_and_for_what_is_planned(web: Web, key: Desk) -> None:
    marketer = person(web, "marketer")
    live(key, ("sale", SALE), ("small", {**SALE, "effect": percent(10), "never_with": ["sale"]}))
    planned = live(key, ("small", {**SALE, "effect": percent(15)}), live_from=(NOON + timedelta(days=3)).isoformat())
    number = waiting(key)
    marketer("POST", "/promotions/sale/kill", {}, 422)
    marketer("POST", "/promotions/sale/kill", {"reason": " "}, 422)
    stopped = marketer("POST", "/promotions/sale/kill", {"reason": "wrong brand"})
    assert (stopped["kind"], stopped["status"], stopped["note"]) == ("kill", "approved", "wrong brand")
    assert price(key) == (90_000, f"v{stopped['number']}")
    assert key("GET", "/promotions/sale")["status"] == "killed"
    assert key("GET", f"{VERSIONS}/{planned}")["status"] == "withdrawn"
    person(web)("POST", f"{VERSIONS}/{number}/approve", {}, 409)
    marketer("POST", "/promotions/sale/kill", {"reason": "again"}, 404)
    web.at += timedelta(days=4)
    assert price(key)[0] == 85_000
    key("PUT", "/promotions/sale", {**SALE, "enabled": True})
    key("DELETE", "/promotions/huge", status=204)
    assert "comes back" in key("POST", "/promotions/publish", {})["reasons"][0]


def test_a_kill_that_came_in_before_a_publication_wins_over_it(web: Web, key: Desk) -> None:
    live(key, ("sale", SALE))
    live(key, ("small", {**SALE, "effect": percent(10)}))
    web.at -= timedelta(seconds=5)  # a request that began earlier and waited for its turn
    key("POST", "/promotions/sale/kill", {"reason": "wrong brand"})
    web.at += timedelta(seconds=5)
    assert price(key)[0] == 90_000


def test_caps_and_set_prices_ask_for_a_second_person(web: Web, key: Desk) -> None:
    key("PUT", "/caps/luxury", {"scope": brand("Chanel"), "max_percent": "15"})
    key("PUT", "/promotions/cheap", {"layer": "item", "effect": amount(100_000)})
    live(key)

    def reasons() -> list[str]:
        return list(key("POST", "/promotions/check", {"conflicts": False})["reasons"])

    key("PUT", "/caps/luxury", {"scope": brand("Chanel"), "max_percent": "10"})
    assert reasons() == []
    key("PUT", "/caps/luxury", {"scope": brand("Chanel"), "max_percent": "20"})
    assert len(reasons()) == 1
    key("PUT", "/caps/luxury", {"scope": brand("Dior"), "max_percent": "15"})
    assert len(reasons()) == 1
    key("DELETE", "/caps/luxury", status=204)
    assert reasons() == ["the cap 'luxury' is removed"]
    key("PUT", "/promotions/cheap", {"layer": "item", "effect": amount(100_001)})
    assert len(reasons()) == 2
    key("PUT", "/promotions/cheap", {"layer": "item", "effect": fixed(5_000)})
    assert len(reasons()) == 2
    key(
        "PUT", "/promotions/cheap", {"layer": "item", "effect": fixed(5_000), "scope": {"include": {"price_to": 9_000}}}
    )
    assert len(reasons()) == 1


def test_the_limits_are_settings_of_the_workspace(web: Web, key: Desk) -> None:
    admin = person(web, "admin")
    assert key("GET", "/promotions/settings")["approval_percent"] == "50"
    key("PUT", "/promotions/settings", {"approval_percent": "90"}, 403)
    admin("PUT", "/promotions/settings", {"approval_percent": "x"}, 422)
    assert admin("PUT", "/promotions/settings", {"approval_percent": "70"})["approval_amount"] == 100_000
    live(key, ("huge", HUGE))
    assert price(key)[0] == 30_000
    admin("PUT", "/promotions/settings", {"smallest_price": 40_000})
    live(key)
    assert price(key)[0] == 40_000


def test_a_difference_is_told_in_words(key: Desk) -> None:
    live(key, ("sale", SALE))
    body = {**SALE, "effect": percent(25), "scope": brand("Dior"), "usage": {"total": 100}}
    live(key, ("sale", body), ("more", SALE))
    changes = key("GET", f"{VERSIONS}/1/diff/2")["changes"]
    assert [(one["key"], one["what"]) for one in changes] == [("more", "added"), ("sale", "changed")]
    fields = {one["label"]: (one["old"], one["new"]) for one in changes[1]["fields"]}
    assert fields == {
        "Effect": ("20 % off", "25 % off"),
        "Products": ("everything", "Dior"),
        "Limits and budget": ("", "100 times"),
    }
    assert key("GET", f"{VERSIONS}/live/diff/draft")["changes"] == []
    assert [one["what"] for one in key("GET", f"{VERSIONS}/2/diff/0")["changes"]] == ["removed", "removed"]
    key("GET", f"{VERSIONS}/1/diff/9", status=404)
    key("GET", f"{VERSIONS}/1/diff/yesterday", status=404)


def test_a_till_prices_for_its_own_shop(web: Web, key: Desk) -> None:
    here = {"kind": "store", "values": ["shop-1"]}
    live(key, ("here", {**SALE, "conditions": [here]}))
    till = Desk(web, web.key("till", "quotes.make"))
    assert price(till) == (80_000, "v1")
    assert price(till, store="shop-1") == (80_000, "v1")
    refused = till("POST", "/quotes", {"cart": {**CART, "store": "shop-2"}}, 403)["errors"][0]
    assert (refused["path"], refused["code"]) == ("cart.store", "other_store")
    assert "shop-1" in refused["message"]
    assert price(key) == (100_000, "v1")
    till("GET", "/promotions", status=403)


def test_a_past_quote_is_made_again(web: Web, key: Desk) -> None:
    until = {"kind": "period", "until": (NOON + timedelta(days=1)).isoformat()}
    live(key, ("sale", {**SALE, "conditions": [until]}))
    first = key("POST", "/quotes", {"cart": CART, "ref": "r1"})
    live(key, ("sale", {**SALE, "effect": percent(30)}))
    web.at += timedelta(days=30)
    again = key("POST", "/quotes/replay", {"cart": {**CART, "at": first["at"]}, "version": "v1", "ref": "r1"})
    assert again == first
    assert key("POST", "/quotes/replay", {"cart": {**CART, "at": first["at"]}, "version": 2})["payable"] == 70_000
    key("POST", "/quotes/replay", {"cart": {**CART, "at": first["at"]}, "version": 99}, 404)
    key("POST", "/quotes/replay", {"cart": {**CART, "at": first["at"]}, "version": "x"}, 422)
    assert key("POST", "/quotes/replay", {"cart": CART, "version": 1}, 422)["errors"][0]["path"] == "cart.at"


def test_every_act_is_in_the_trail(web: Web, key: Desk) -> None:
    key("PUT", "/promotion-groups/g", group("g"))
    live(key, ("sale", SALE))
    key("POST", "/promotions/sale/kill", {"reason": "wrong brand"})
    key("DELETE", "/promotion-groups/g", status=204)
    with web.store.read() as conn:
        rows = [row for row in audit.search(conn, audit.Filter()) if not row.action.startswith("key.")]
        assert audit.verify(conn).bad_id is None
    acts = [(row.action, row.subject) for row in reversed(rows)]
    assert acts == [
        ("group.saved", "group:g"),
        ("promotion.saved", "promotion:sale"),
        ("ruleset.published", "ruleset:1"),
        ("promotion.killed", "promotion:sale"),
        ("group.removed", "group:g"),
    ]
    assert rows[1].detail["reason"] == "wrong brand"
    assert all(row.actor.startswith("key:") for row in rows)


def test_conflicts_of_a_draft_come_with_a_cart(key: Desk) -> None:
    key("PUT", "/promotions/sale", SALE)
    key("PUT", "/promotions/small", {**SALE, "effect": percent(10)})
    found = key("POST", "/promotions/check", {})["conflicts"]
    assert {(one["kind"], one["promotion"], one["other"]) for one in found} == {
        ("competes", "sale", "small"),
        ("never_wins", "small", "sale"),
    }
    assert all(one["cart"]["lines"] for one in found)


def test_the_calls_in_the_documents_work(web: Web, key: Desk) -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    chapter = page.partition("## Promotions and prices")[2].partition("\n## ")[0]
    calls = re.findall(r"curl -X (\w+) .*?/api/v1(/\S+).*?-d '(.*?)'\n", chapter, re.DOTALL)
    answers = [key(method, path, json.loads(body)) for method, path, body in calls]
    assert [path for _, path, _ in calls] == ["/promotions/sale", "/promotions/check", "/promotions/publish", "/quotes"]
    assert (answers[1]["is_fine"], answers[2]["reasons"], answers[3]["ruleset"]) == (True, [], "v0")
    web.at += timedelta(days=4)
    priced = key("POST", "/quotes", json.loads(calls[3][2]))
    assert priced["ruleset"] == "v1"
