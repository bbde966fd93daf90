"""In a real browser: nothing of what people typed runs, nothing is kept, and pages work by mouse and by keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rig.web import PASSWORD, Web, a_web
from store import audit
from web import accounts

pytestmark = pytest.mark.browser

POLYGLOT = """jaVasCript:/*-/*`/*'/*"/**/(window.__xss=1)//</title></textarea></script><svg/onload=window.__xss=1>"""
MARKUP = '"><img src=x onerror=window.__xss=1><b hx-get="/account" hx-trigger="load" hx-on::load="window.__xss=1">'


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)
    yield made
    made.store.dispose()


@pytest.fixture
def base(web: Web) -> Iterator[str]:
    with web.served() as address:
        yield address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: broken policies, errors of scripts, files that are not there."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def _sign_in(page: Page, base: str, login: str) -> None:
    page.goto(f"{base}/login")
    page.get_by_label("E-mail or login name").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/")


def _hostile_world(web: Web) -> None:
    web.user("admin", "boss", PASSWORD)
    for number, text in enumerate((POLYGLOT, MARKUP)):
        accounts.add_user(web.store, f"{number}{text}", text, "marketer", PASSWORD, by=text, now=web.at)
        accounts.add_key(web.store, text, "till", ["quotes.make"], by=text, now=web.at, shop=text)
        with web.store.write() as conn:
            audit.record(conn, text, "x.y", text, {text: text, "list": [text]}, web.at, ip=text)


def test_nothing_that_people_typed_runs_anywhere(web: Web, base: str, page: Page, complaints: list[str]) -> None:
    _hostile_world(web)
    _sign_in(page, base, "boss")
    places = [
        path for method, path, _ in web.routes() if method == "GET" and "nobody" not in path and "9876" not in path
    ]
    places = [path for path in places if not path.startswith(("/api/", "/static/", "/health", "/metrics", "/favicon"))]
    assert len(places) > 8
    for path in [*places, "/settings/users/2", "/settings/users/3", f"/audit?q={MARKUP}", f"/{MARKUP}"]:
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.__xss") is None, path
        assert page.evaluate("localStorage.length") == 0, path
        assert page.evaluate("sessionStorage.getItem('htmx-history-cache')") is None, path
    broken = [text for text in complaints if "404" not in text]
    assert broken == []


def test_what_others_typed_does_not_run_in_notes_and_dialogs(
    web: Web, base: str, page: Page, complaints: list[str]
) -> None:
    _hostile_world(web)
    _sign_in(page, base, "boss")
    page.goto(f"{base}/settings/users/3")
    page.get_by_role("button", name="Disable").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("onerror")
    dialog.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_contain_text("can no longer sign in")
    assert page.evaluate("window.__xss") is None
    assert complaints == []


def test_a_user_is_added_in_a_dialog_and_faults_are_shown_beside_the_field(
    web: Web, base: str, page: Page, complaints: list[str]
) -> None:
    web.user("admin", "boss", PASSWORD)
    _sign_in(page, base, "boss")
    page.goto(f"{base}/settings/users")
    page.get_by_role("link", name="Add user").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("E-mail or login name")).to_be_focused()
    page.keyboard.type("boss")
    dialog.get_by_label("Marketer").check()
    page.keyboard.press("Enter")
    fault = dialog.get_by_text("Somebody already signs in with this name.")
    expect(fault).to_be_visible()
    field = dialog.get_by_label("E-mail or login name")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    field.fill("marta@shop.example")
    page.keyboard.press("Enter")
    expect(dialog.locator("#first-password")).to_be_visible()
    dialog.get_by_role("link", name="Done").click()
    expect(page.get_by_role("link", name="marta@shop.example")).to_be_visible()
    assert [text for text in complaints if "422" not in text] == []


def test_without_scripts_everything_still_works(web: Web, base: str, page: Page) -> None:
    web.user("admin", "boss", PASSWORD)
    browser = page.context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    _sign_in(plain, base, "boss")
    plain.goto(f"{base}/settings/users")
    plain.get_by_role("link", name="Add user").first.click()
    plain.get_by_label("E-mail or login name").fill("marta")
    plain.get_by_label("Marketer").check()
    plain.get_by_role("button", name="Add user").click()
    expect(plain.locator("#first-password")).to_be_visible()
    context.close()


def test_the_theme_is_switched_and_remembered(web: Web, base: str, page: Page) -> None:
    web.user("analyst", "ann", PASSWORD)
    _sign_in(page, base, "ann")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".side summary").click()
    page.locator(".side").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    with page.expect_response("**/account/theme"):
        page.locator(".side").get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_times_are_in_the_zone_of_the_browser(web: Web, base: str, page: Page) -> None:
    web.user("admin", "boss", PASSWORD)
    browser = page.context.browser
    assert browser
    context = browser.new_context(timezone_id="Asia/Tbilisi")
    there = context.new_page()
    _sign_in(there, base, "boss")
    there.goto(f"{base}/audit")
    expect(there.locator("time").first).to_have_text("16:00")
    context.close()


def test_a_phone_shows_the_whole_page_in_its_width(web: Web, base: str, page: Page) -> None:
    _hostile_world(web)
    page.set_viewport_size({"width": 360, "height": 740})
    _sign_in(page, base, "boss")
    for path in ("/", "/settings/users", "/settings/keys", "/audit", "/account", "/settings/users/new"):
        page.goto(base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_the_keyboard_reaches_the_content_first(web: Web, base: str, page: Page) -> None:
    web.user("admin", "boss", PASSWORD)
    _sign_in(page, base, "boss")
    page.goto(f"{base}/audit")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_live_part_is_fetched_again_and_morphed_in_place(sqlite_url: str, page: Page, complaints: list[str]) -> None:
    from flask import Blueprint, Response, render_template_string

    from web import access

    bp, counted = Blueprint("pulse", __name__), [0]
    body = (
        "<p>Looked at <b>{{ count }}</b> times</p><input name='note' aria-label='Note'><a id='kept' href='/'>kept</a>"
    )
    frame = (
        '{% extends "base.html" %}{% import "ui.html" as ui %}{% block content %}'
        '{% call ui.live("/pulse/inside", 1) %}' + body + "{% endcall %}{% endblock %}"
    )

    @bp.get("/pulse")
    @access.needs("home.read")
    def whole() -> str:
        return render_template_string(frame, count=0)

    @bp.get("/pulse/inside")
    @access.needs("home.read")
    def inside() -> Response:
        counted[0] += 1
        return Response(render_template_string(body, count=counted[0]))

    web = a_web(sqlite_url, blueprints=[bp])
    web.user("analyst", "ann", PASSWORD)
    with web.served() as base:
        _sign_in(page, base, "ann")
        page.goto(f"{base}/pulse")
        page.locator("#kept").focus()
        page.evaluate("document.querySelector('#kept').mark = 'the same element'")
        expect(page.locator("b")).to_have_text("2", timeout=10_000)
        assert page.evaluate("document.querySelector('#kept').mark") == "the same element"
        expect(page.locator("#kept")).to_be_focused()
        page.get_by_label("Note").fill("typing")
        before = counted[0]
        page.wait_for_timeout(2500)  # while somebody types nothing is fetched
        assert counted[0] <= before + 1
        assert page.get_by_label("Note").input_value() == "typing"
        assert complaints == []
    web.store.dispose()
