"""Publishing from the builder in a real browser: the question, the choice for those at a removed step, the answer."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from builder.publish import publish
from builder.text import from_document
from engine.moving import move
from engine.runtime import Runtime
from nodes.registry import open_registry
from rig.canvas import Canvas, a_draft, stored
from rig.people import a_customer, add
from rig.web import Web, a_web
from store.drafts import save_draft

pytestmark = pytest.mark.browser


WAITS = ("n2", "n3", "n4")


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Web]:
    """A live journey, trigger → n2 → n3 → n4 → end, with seven customers who wait at n3."""
    web = a_web(sqlite_url)
    nodes: list[dict[str, Any]] = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
    nodes += [{"id": id, "type": "flow.wait", "settings": {"amount": int(id[1:])}} for id in WAITS]
    nodes.append({"id": "n9", "type": "flow.exit", "settings": {}})
    edges = [{"from": a["id"], "port": "next", "to": b["id"]} for a, b in pairwise(nodes)]
    a_draft(web, "welcome", {"nodes": nodes, "edges": edges}, "Welcome")
    graph = from_document(stored(web, "welcome"))
    version = publish(web.store, open_registry([]), "welcome", graph, web.at, "test").version_id
    with web.store.write() as conn:
        row = {"journey_id": 1, "version_id": version, "entry_key": "once", "status": "waiting", "node": "n3"}
        times = {"since": web.at, "wake_at": web.at, "entered_at": web.at}
        numbers = {"visit": 0, "seq": 0, "depth": 0, "attempts": 0}
        for number in range(7):
            add(conn, "enrollment", customer_id=a_customer(conn, f"c{number}"), **row, **times, **numbers)
    yield web
    web.store.dispose()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about."""
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1360, "height": 860})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


def open_as(shop: Web, page: Page, base: str, role: str) -> Canvas:
    cookie = shop.sign_in(role, shop.user(role, name=f"The {role}")).client.get_cookie("wayfare", domain="127.0.0.1")
    assert cookie
    page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
    return Canvas(page, base, "welcome")


def standing(shop: Web) -> dict[str, int]:
    """Where those who are inside the journey stand."""
    query = """SELECT node, count(*) FROM enrollment e JOIN journey j ON j.id = e.journey_id
        WHERE j.key = 'welcome' AND e.status IN ('active', 'waiting') GROUP BY node"""
    with shop.store.read() as conn:
        return {row[0]: row[1] for row in conn.execute(text(query))}


def test_a_step_with_customers_is_removed_and_they_go_on_elsewhere(
    shop: Web, page: Page, complaints: list[str]
) -> None:
    with shop.served() as base:
        canvas = open_as(shop, page, base, "admin")
        canvas.card("n3").focus()
        page.keyboard.press("Delete")
        expect(canvas.card("n3")).to_have_count(0)
        canvas.saved()
        page.get_by_role("button", name="Publish", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("7 customers are inside and go on with the version that they entered")
        choice = dialog.locator("select")
        expect(choice).to_have_value("finish")
        choice.select_option("move:n4")
        dialog.get_by_label("What changed").fill("No more waiting")
        dialog.get_by_role("button", name="Publish version 2").click()
        expect(page.locator("#toasts")).to_contain_text("version 2 is live; those at the removed step are on their way")
        expect(page.locator("#builder[data-ready]")).to_be_attached()
        expect(page.locator("#status")).to_have_text("Live")
        moving = page.locator("#moving")
        expect(moving).to_contain_text("Those at “Wait 3 days” are about to be moved to “Wait 4 days”.")
        engine = Runtime(shop.store, open_registry([]), shop.store.vault, now=lambda: shop.at, batch_size=5)
        move(engine, now=shop.at)
        expect(moving).to_contain_text("Moving 5 of 7 customers from “Wait 3 days” to “Wait 4 days”.")
        expect(moving.get_by_role("progressbar")).to_have_attribute("value", "5")
        move(engine, now=shop.at)
        expect(moving).to_contain_text("7 customers moved from “Wait 3 days” to “Wait 4 days”.")
    assert standing(shop) == {"n4": 7}
    assert complaints == []


def test_a_problem_in_the_question_leads_to_its_step(shop: Web, page: Page, complaints: list[str]) -> None:
    with shop.served() as base:
        canvas = open_as(shop, page, base, "admin")
        document = stored(shop, "welcome")
        document["nodes"][2]["settings"] = {"amount": "soon"}
        shop.store.run(lambda conn: save_draft(conn, "welcome", document, now=shop.at))
        page.reload()
        expect(canvas.card("n3")).to_be_visible()
        page.get_by_role("button", name="Publish", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 thing to fix before it can be published")
        expect(dialog.get_by_role("button", name="Publish version")).to_have_count(0)
        dialog.get_by_role("link", name="Wait").first.click()
        expect(dialog).to_have_count(0)
        expect(page.locator("#panel-title")).to_have_text("Wait")
    assert complaints == []


def test_a_marketer_is_told_who_can_publish(shop: Web, page: Page, complaints: list[str]) -> None:
    shop.user("approver", name="Olena")
    with shop.served() as base:
        canvas = open_as(shop, page, base, "marketer")
        expect(canvas.card("n3")).to_be_visible()
        page.evaluate("htmx.ajax('GET', location.pathname.replace('edit', 'draft/publish'), '#dialogs')")
        expect(page.get_by_role("dialog")).to_contain_text("Your role may not publish. These people can: Olena.")
        page.get_by_role("dialog").get_by_role("link", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert complaints == []
