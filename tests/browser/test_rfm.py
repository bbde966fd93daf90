"""The cube in a real browser: cells are read by pointer and keys, and given to another group by dragging."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.value import advance
from rig.canvas import findings
from rig.value import Shop, cdnow
from rig.web import Web, a_web
from store.value_rfm import mapping

pytestmark = pytest.mark.browser
PATHS = ["/rfm", "/rfm?by=groups", "/rfm/mapping", "/value", "/value/forecast", "/value/serve"]


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)
    shop = Shop(sqlite_url)
    shop.now = made.at
    log = [one for one in cdnow() if one[0] % 40 == 0]
    shift = made.at.date() - max(day for _, day, _ in log)
    shop.bought([(customer, day + shift, total) for customer, day, total in log])
    shop.compute("value")
    shop.close()
    yield made
    made.store.dispose()


@pytest.fixture
def opened(web: Web, page: Page) -> Iterator[Callable[[str], list[str]]]:
    """Open a page as a marketer; the list gathers what the browser complains about."""
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with web.served() as base:
        cookie = web.sign_in("marketer").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])

        def work(path: str) -> list[str]:
            page.goto(base + path)
            return complaints

        yield work


def group_of(page: Page, cell: str) -> str:
    classes = page.locator(f'label.cell:has(input[value="{cell}"])').get_attribute("class") or ""
    return next(name.removeprefix("g-") for name in classes.split() if name.startswith("g-"))


def test_cells_are_dragged_over_previewed_assigned_and_reset(
    web: Web, page: Page, opened: Callable[[str], list[str]]
) -> None:
    complaints = opened("/rfm/mapping")
    cells = ["5-3-5", "5-4-5", "5-5-5"]
    before = {cell: group_of(page, cell) for cell in cells}
    first, last = (
        page.locator(f'label.cell:has(input[value="{cell}"])').bounding_box() for cell in (cells[0], cells[-1])
    )
    assert first
    assert last
    page.mouse.move(first["x"] + 10, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(last["x"] + 10, last["y"] + 10, steps=12)
    page.mouse.up()
    expect(page.locator("input[name=cell]:checked")).to_have_count(3)
    expect(page.locator("#would")).to_contain_text("3 cells chosen")
    page.locator("#f-group").select_option("new")
    expect(page.locator("#would")).to_contain_text("would move to “New”")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator(".toast")).to_contain_text("belong to “New” now")
    assert {group_of(page, cell) for cell in cells} == {"new"}
    expect(page.locator("progress")).to_be_visible()
    while advance(web.store, web.at):
        pass
    expect(page.locator("progress")).to_have_count(0, timeout=15_000)  # the page notices, and loads itself anew
    with web.store.read() as conn:
        assert set(mapping(conn)) == {(5, 3, 5), (5, 4, 5), (5, 5, 5)}
    page.get_by_role("button", name="Reset to default").click()
    page.locator("#confirm .sure").click()
    expect(page.locator(".toast").last).to_contain_text("back in its default group")
    assert {cell: group_of(page, cell) for cell in cells} == before
    assert complaints == []


def test_a_cell_is_ticked_with_the_keyboard(page: Page, opened: Callable[[str], list[str]]) -> None:
    complaints = opened("/rfm/mapping")
    page.locator('input[value="5-1-1"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("input[name=cell]:checked")).to_have_value("4-2-1")
    expect(page.locator("#would")).to_contain_text("1 cell chosen")
    page.get_by_role("button", name="Untick all").click()
    expect(page.locator("input[name=cell]:checked")).to_have_count(0)
    assert complaints == []


def test_the_cube_is_read_by_pointer_and_by_keys(page: Page, opened: Callable[[str], list[str]]) -> None:
    complaints = opened("/rfm")
    told = page.locator("#cell-told")
    page.locator('[data-cell="5-5-5"]').hover()
    expect(told).to_contain_text("Champions")
    expect(told).to_contain_text("R 5 · F 5 · M 5")
    page.locator('[data-cell="5-1-1"]').focus()
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("R 4 · F 1 · M 1")
    for _ in range(5):
        page.keyboard.press("ArrowRight")  # over the edge, into the next sheet
    expect(told).to_contain_text("R 4 · F 1 · M 2")
    assert complaints == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_keep_the_rules_for_everybody(
    page: Page, opened: Callable[[str], list[str]], npm_folder: Path, path: str, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    complaints = opened(path)
    assert findings(page, npm_folder) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


@pytest.mark.parametrize("path", ["/value/calculator", "/value/terms"])
def test_forms_keep_them_too(page: Page, opened: Callable[[str], list[str]], npm_folder: Path, path: str) -> None:
    complaints = opened(path)
    assert findings(page, npm_folder) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if path.endswith("calculator"):
        page.locator("#f-subscription-arpu").fill("45")
        expect(page.locator("#subscription output")).to_contain_text("1\u202f080.00")
    assert complaints == []
