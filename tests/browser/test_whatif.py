"""A question to the past in a real browser: asked from the editor, its progress watched, its answer read."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from engine.runtime import Runtime
from engine.whatif import answer
from nodes.registry import Registry, builtin_types
from offers.rules import book, release
from offers.rules.author import Author
from rig.prices import brand, percent, promo
from rig.web import Web, a_web
from store.db import Connection

pytestmark = pytest.mark.browser
ANNA = Author("anna", "anna")
RULES = {"promotions": [promo("own-brand", percent(30), scope=brand("Brocard"), name="Own brand")]}


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)

    def work(conn: Connection) -> None:
        book.import_body(conn, RULES, ANNA, made.at)
        release.publish(conn, ANNA, made.at)

    made.store.run(work)
    yield made
    made.store.dispose()


def test_a_promotion_is_asked_about_from_its_editor(web: Web, page: Page) -> None:
    found: list[str] = []
    page.on("console", lambda one: found.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    runtime = Runtime(web.store, Registry(builtin_types()), web.store.vault, now=lambda: web.at)
    with web.served() as address:
        cookie = web.sign_in("admin").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": address}])
        page.goto(f"{address}/promotions/own-brand/edit")
        page.get_by_role("link", name="What would this have changed?").click()
        expect(page.get_by_label("Leave out of the first")).to_have_value("own-brand")
        page.get_by_label("Days back").fill("2")
        page.get_by_label("Margin of the list price").fill("45")
        page.get_by_role("radio", name="A table").check()
        expect(page.get_by_label("Prices of the sample times")).to_be_hidden()
        page.get_by_role("radio", name="The sample").check()
        page.get_by_role("button", name="Compute it").click()
        expect(page.get_by_text("You can leave this page")).to_be_visible()
        worker = threading.Thread(target=lambda: answer(runtime, processes=0))
        worker.start()
        expect(page.get_by_role("heading", name="Before and after")).to_be_visible(timeout=60_000)
        worker.join()
        expect(page.get_by_text("cheaper", exact=False).first).to_be_visible()
        expect(page.get_by_role("button", name="Print")).to_be_visible()
        page.get_by_role("link", name="Try that cart").first.click()
        expect(page.locator("#answer")).to_contain_text("Own brand")
    assert found == []
