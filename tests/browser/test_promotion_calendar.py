"""The calendar of promotions in a real browser: where bars stand, other months, what a bar opens, a phone, the dark."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from offers.rules import book, release
from offers.rules.author import Author
from rig.canvas import findings
from rig.web import Web, a_web

pytestmark = pytest.mark.browser
ANNA = Author("anna", "anna")
DAY = "T00:00:00+00:00"
PERIODS = {
    "past": ("2026-11-01", "2026-11-11"),
    "now": ("2026-11-20", "2026-12-01"),
    "soon": ("2026-12-01", "2027-01-01"),
    "far": ("2027-03-01", "2027-03-11"),
    "open": ("2026-12-16", None),
}
TODAY = 23.5 / 92
"""Noon of 24 November, as a part of the quarter that begins with November."""


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)

    def work(conn: Any) -> None:
        for key, (begins, ends) in PERIODS.items():
            period = {"kind": "period", "from": begins + DAY} | ({"until": ends + DAY} if ends else {})
            book.save_item(conn, "promotion", key, _body(f"The {key} one", [period]), ANNA, made.at)
        for number in range(4):
            book.save_item(conn, "promotion", f"always-{number}", _body(f"Always {number}", []), ANNA, made.at)

    made.store.run(work)
    made.store.run(lambda conn: release.publish(conn, ANNA, made.at))
    yield made
    made.store.dispose()


def _body(name: str, conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "layer": "item", "effect": {"kind": "percent", "value": "5"}, "conditions": conditions}


@pytest.fixture
def calendar(web: Web, page: Page) -> Iterator[Page]:
    with web.served() as base:
        cookie = web.sign_in("marketer").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
        complaints: list[str] = []
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{base}/promotions/calendar")
        yield page
        assert complaints == []


def row(page: Page, name: str) -> Locator:
    return page.locator(".times-row").filter(has=page.get_by_role("link", name=name, exact=True))


def placed(page: Page, name: str) -> tuple[float, float]:
    """Return where a bar begins and ends, as parts of the line of time as it is drawn."""
    line, bar = row(page, name).locator(".times-line").bounding_box(), row(page, name).locator(".bar").bounding_box()
    assert line
    assert bar
    begins = (bar["x"] - line["x"]) / line["width"]
    return begins, begins + bar["width"] / line["width"]


def expect_names(page: Page, *names: str) -> None:
    expect(page.locator(".times-name a").filter(has_text="The ")).to_have_text([f"The {name} one" for name in names])


def near(*parts: float) -> Any:
    return pytest.approx(parts, abs=0.006)


@pytest.mark.parametrize("width", [1280, 390])
def test_bars_stand_where_their_periods_are(calendar: Page, width: int) -> None:
    calendar.set_viewport_size({"width": width, "height": 860})
    expect_names(calendar, "past", "now", "soon", "open")
    assert placed(calendar, "The past one") == near(0, 10 / 92)
    assert placed(calendar, "The now one") == near(19 / 92, 30 / 92)
    assert placed(calendar, "The soon one") == near(30 / 92, 61 / 92)
    assert placed(calendar, "The open one") == near(45 / 92, 1)
    line, today = (row(calendar, "The now one").locator(one).bounding_box() for one in (".times-line", ".today"))
    assert line
    assert today
    assert (today["x"] + today["width"] / 2 - line["x"]) / line["width"] == pytest.approx(TODAY, abs=0.006)
    assert calendar.locator(".times-head text").all_text_contents() == ["Nov", "Dec", "Jan"]
    ticks = [box["x"] for one in calendar.locator(".times-head text").all() if (box := one.bounding_box())]
    assert ticks == sorted(ticks)
    assert calendar.evaluate("document.documentElement.scrollWidth") <= width
    bar = row(calendar, "The now one").locator(".bar").bounding_box()
    assert bar
    assert bar["height"] >= 8, "a bar can be seen"


def test_states_differ_in_words_and_in_colour(calendar: Page) -> None:
    said = {"The past one": "Ended", "The now one": "Live", "The soon one": "Starts later"}
    for name, word in said.items():
        expect(row(calendar, name).locator("small")).to_contain_text(word)
    colours = {
        row(calendar, name)
        .locator(".bar")
        .evaluate("bar => getComputedStyle(bar).fill + getComputedStyle(bar).opacity")
        for name in said
    }
    assert len(colours) == 3
    expect(row(calendar, "The now one").locator("small")).to_contain_text("from 20 Nov")
    expect(calendar.locator(".times-key")).to_contain_text("Starts later")


def test_other_times_are_a_click_away_and_today_is_the_way_back(calendar: Page) -> None:
    calendar.get_by_role("link", name="Later").click()
    expect_names(calendar, "open", "far")
    assert placed(calendar, "The far one") == near(28 / 89, 38 / 89)
    assert placed(calendar, "The open one") == near(0, 1)
    expect(calendar.locator(".today")).to_have_count(0)
    calendar.get_by_role("link", name="Month", exact=True).click()
    expect(calendar.get_by_label("Zoom").locator("[aria-current]")).to_have_text("Month")
    expect_names(calendar, "open")
    calendar.get_by_role("link", name="Today").click()
    expect_names(calendar, "past", "now")
    assert placed(calendar, "The now one") == near(19 / 30, 1)
    calendar.get_by_role("link", name="Earlier").click()
    expect(calendar.get_by_text("Oct 2026 to Oct 2026")).to_be_visible()
    expect_names(calendar)
    calendar.get_by_role("link", name="Year", exact=True).click()
    expect_names(calendar, "past", "now", "soon", "open", "far")


def test_a_bar_opens_its_promotion_by_mouse_and_its_name_by_keyboard(calendar: Page) -> None:
    row(calendar, "The soon one").locator(".bar").click()
    expect(calendar).to_have_url(re.compile("/promotions/soon/edit$"))
    calendar.go_back()
    calendar.get_by_role("link", name="The past one", exact=True).focus()
    calendar.keyboard.press("Tab")
    expect(calendar.get_by_role("link", name="The now one", exact=True)).to_be_focused()
    calendar.keyboard.press("Enter")
    expect(calendar).to_have_url(re.compile("/promotions/now/edit$"))
    expect(calendar.get_by_role("heading", level=1)).to_contain_text("The now one")


def test_what_runs_always_unfolds(calendar: Page) -> None:
    folded = calendar.get_by_text("4 that run always")
    hidden = calendar.get_by_role("link", name="Always 0", exact=True)
    expect(hidden).to_be_hidden()
    folded.focus()
    calendar.keyboard.press("Enter")
    expect(hidden).to_be_visible()
    expect(row(calendar, "Always 0").locator("small")).to_contain_text("always")
    assert placed(calendar, "Always 0") == near(0, 1)
    folded.click()
    expect(hidden).to_be_hidden()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
def test_everything_is_named_and_has_contrast(calendar: Page, npm_folder: Any, theme: Any, width: int) -> None:
    calendar.emulate_media(color_scheme=theme)
    calendar.set_viewport_size({"width": width, "height": 860})
    calendar.get_by_text("4 that run always").click()
    expect(calendar.get_by_role("link", name="Always 3", exact=True)).to_be_visible()
    assert findings(calendar, npm_folder) == []
