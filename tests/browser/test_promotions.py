"""Promotions in a real browser: a first one in a few clicks, order by drag and by keyboard, publishing, a phone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from offers.rules import book, release
from offers.rules.author import Author
from rig.canvas import findings
from rig.waiting import until
from rig.web import Web, a_web
from store.products import Product, write_products

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
ANNA = Author("anna", "anna")


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)
    goods = [("S1", "Aventus", "Creed"), ("S2", "Bleu", "Chanel"), ("S3", "Sauvage", "Dior")]
    rows = [Product(sku, name, brand, ("perfume",), 250_000, "UAH") for sku, name, brand in goods]
    with made.store.write() as conn:
        write_products(conn, rows, [], now=made.at, source="test")
    yield made
    made.store.dispose()


@pytest.fixture
def base(web: Web) -> Iterator[str]:
    with web.served() as address:
        yield address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda one: found.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def sign_in(web: Web, base: str, page: Page) -> Callable[[str], Page]:
    def work(role: str) -> Page:
        cookie = web.sign_in(role).client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
        return page

    return work


def body_of(web: Web, key: str, kind: Any = "promotion") -> dict[str, Any]:
    with web.store.read() as conn:
        return book.get_item(conn, kind, key, web.at).body


def ranks(web: Web, *keys: str) -> list[str]:
    """Return keys of promotions by priority, the highest first."""
    return sorted(keys, key=lambda key: -body_of(web, key).get("priority", 0))


def group_with(web: Web, *keys: str) -> None:
    def work(conn: Any) -> None:
        book.save_item(conn, "group", "sale", {"layer": "item", "position": 1}, ANNA, web.at)
        book.save_item(conn, "group", "late", {"layer": "item", "position": 2}, ANNA, web.at)
        for place, key in enumerate(keys):
            effect = {"kind": "percent", "value": str(10 + place)}
            one = {"name": key.title(), "group": "sale", "priority": 100 - place, "effect": effect}
            book.save_item(conn, "promotion", key, one, ANNA, web.at)

    web.store.run(work)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_first_promotion_takes_a_kind_a_number_and_a_category(
    web: Web, base: str, sign_in: Callable[[str], Page], complaints: list[str], npm_folder: Path, width: int
) -> None:
    page = sign_in("marketer")
    page.set_viewport_size({"width": width, "height": 860})
    page.goto(f"{base}/promotions")
    assert findings(page, npm_folder) == []
    page.get_by_role("link", name="Percent off").click()
    expect(page.get_by_label("Percent", exact=True)).to_be_focused()
    page.keyboard.type("20")
    sentence = page.locator("#sentence")
    expect(sentence).to_have_text("20 % off.")
    page.get_by_label("Add to categories").first.fill("perf")
    page.get_by_role("option", name="perfume").click()
    expect(page.locator(".chip")).to_have_text("perfume")
    expect(sentence).to_have_text("20 % off perfume.")
    page.get_by_label("Until: day").fill("2026-11-30")
    expect(sentence).to_contain_text("until 30 Nov 2026")
    page.get_by_text("Add a condition").click()
    page.get_by_role("button", name="Loyalty level").click()
    picker = page.get_by_label("Add to levels")
    expect(picker).to_be_visible()
    picker.fill("gold")
    picker.press("Enter")
    expect(sentence).to_contain_text("for level gold")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert findings(page, npm_folder) == []
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible()
    made = body_of(web, "20-off-perfume-until-30-nov-2026-for-level-gold")
    assert made["scope"] == {"include": {"categories": ["perfume"]}}
    assert made["conditions"][1] == {"kind": "level", "values": ["gold"]}
    assert complaints == []


def test_faults_stand_beside_their_fields_and_the_first_has_the_focus(
    base: str, sign_in: Callable[[str], Page], npm_folder: Path
) -> None:
    page = sign_in("marketer")
    page.goto(f"{base}/promotions/new?kind=sets")
    page.get_by_label("Pieces in a set").fill("three")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
    expect(page.get_by_label("Pieces in a set")).to_be_focused()
    expect(page.get_by_label("Pieces in a set")).to_have_value("three")
    assert findings(page, npm_folder) == []
    page.locator("#f-effect").select_option("gift")
    expect(page.get_by_label("Add to gifts to choose from")).to_be_visible()
    page.get_by_label("Add to gifts to choose from").fill("Bleu")
    page.get_by_role("option", name="Bleu").click()
    expect(page.locator(".chip")).to_have_text("Bleu")
    expect(page.locator("#sentence")).to_have_text("A gift: S2.")


def test_priorities_are_dragged_and_moved_by_keyboard(
    web: Web, base: str, sign_in: Callable[[str], Page], complaints: list[str], npm_folder: Path
) -> None:
    group_with(web, "ada", "bea", "cleo")
    page = sign_in("marketer")
    page.goto(f"{base}/promotions/groups")
    assert findings(page, npm_folder) == []
    grip = page.locator('[data-key="cleo"] [data-grip]')
    grip.scroll_into_view_if_needed()
    start, end = grip.bounding_box(), page.locator('[data-key="ada"] [data-grip]').bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 10, end["y"] + 40, steps=5)
    page.mouse.move(end["x"] + 10, end["y"] + 2, steps=5)
    page.mouse.up()
    until(lambda: ranks(web, "ada", "bea", "cleo") == ["cleo", "ada", "bea"])
    expect(page.locator("#moved")).to_have_text("Cleo is number 1 of 3. Saved.")
    page.get_by_role("button", name="Move Cleo down").focus()
    page.keyboard.press("Enter")
    until(lambda: ranks(web, "ada", "bea", "cleo") == ["ada", "cleo", "bea"])
    expect(page.get_by_role("button", name="Move Cleo down")).to_be_focused()
    page.get_by_role("button", name="Move the group late up").click()
    until(lambda: body_of(web, "late", "group")["position"] == 1)
    grip = page.locator('[data-key="late"] > .box-top [data-grip]')
    below = page.locator('[data-key="sale"]').bounding_box()
    grip.hover()
    page.mouse.down()
    assert below
    page.mouse.move(below["x"] + 30, below["y"] + below["height"] - 5, steps=6)
    page.mouse.up()
    until(lambda: body_of(web, "late", "group")["position"] == 2)
    assert complaints == []


def test_a_policy_is_explained_by_a_price_that_is_worked_out_again(
    web: Web, base: str, sign_in: Callable[[str], Page], npm_folder: Path
) -> None:
    group_with(web, "ada", "bea")
    page = sign_in("marketer")
    page.goto(f"{base}/promotions/groups")
    page.get_by_role("link", name="Policy").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1\u202f780.00 UAH")  # the best of 10 % and 11 % off two pieces
    dialog.get_by_label("Price of the product").fill("500.00")
    expect(dialog).to_contain_text("890.00 UAH")
    dialog.get_by_role("radio", name="All of them").check()
    assert findings(page, npm_folder) == []
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator('[data-key="sale"] .badge').first).to_have_text("All of them")
    assert body_of(web, "sale", "group")["policy"] == "all"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_publishing_approving_and_stopping(
    web: Web, base: str, sign_in: Callable[[str], Page], complaints: list[str], npm_folder: Path, theme: str
) -> None:
    document = json.loads((ROOT / "examples" / "promotions" / "brocard.json").read_text())
    web.store.run(lambda conn: book.import_body(conn, document, ANNA, web.at))
    web.store.run(lambda conn: release.publish(conn, ANNA, web.at, propose=True))
    page = sign_in("admin")
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(f"{base}/promotions")
    page.get_by_role("link", name="waiting for approval").click()
    page.get_by_role("link", name="Version 1").click()
    assert findings(page, npm_folder) == []
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".page-actions .badge")).to_have_text("Live")
    page.goto(f"{base}/promotions?q=perfume")
    page.get_by_label("More about 20 % off perfume", exact=True).click()
    assert findings(page, npm_folder) == []
    page.get_by_role("link", name="Stop at once").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("a wrong price tag")
    dialog.get_by_role("button", name="Stop it now").click()
    expect(page.get_by_role("row").filter(has_text="Nomad Oud or Terre").first).to_contain_text("Stopped")
    page.goto(f"{base}/promotions/versions")
    expect(page.get_by_role("row").filter(has_text="a wrong price tag")).to_contain_text("Live")
    for place in (
        "/promotions/review",
        "/promotions/caps",
        "/promotions/versions/compare?old=1&new=2",
        "/promotions/groups",
    ):
        page.goto(base + place)
        assert findings(page, npm_folder) == [], place
    assert complaints == []


def test_whoever_leaves_with_something_typed_is_asked(base: str, sign_in: Callable[[str], Page]) -> None:
    page, asked = sign_in("admin"), list[str]()

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    def leave(percent: str = "") -> None:
        page.goto(f"{base}/promotions/new?kind=percent")
        field = page.get_by_label("Percent", exact=True)
        field.click()
        field.fill(percent)
        page.get_by_role("link", name="Cancel").click()
        expect(page).to_have_url(f"{base}/promotions")

    page.on("dialog", answer)
    leave()
    assert asked == [], "nothing was typed"
    leave("20")
    assert asked == ["beforeunload"]
    page.goto(f"{base}/promotions/new?kind=percent")
    page.get_by_label("Percent", exact=True).fill("25")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{base}/promotions")
    assert asked == ["beforeunload"], "saving asks nothing"
