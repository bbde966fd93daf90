"""Forms in a real browser: pickers by keyboard, the rule editor, live counts, segments made in place."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from rig.canvas import Canvas, a_draft, findings, stored
from rig.people import a_customer
from rig.shop import BIRTHDAY, fill, graph
from rig.waiting import until
from rig.web import Web, a_web
from store import segments as rows

pytestmark = pytest.mark.browser
EVIL = "\"'><img src=x onerror=window.__xss=1><script>window.__xss=1</script>"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A shop with customers, one of whom typed markup wherever that is possible."""
    from store.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('forms') / 'shop.sqlite3'}"
    upgrade(url)
    web = a_web(url)
    fill(web, customers=30, days=10)
    with web.store.write() as conn:
        for number in range(3):
            a_customer(conn, f"evil-{number}", {EVIL[:60]: EVIL, "shop": EVIL}, city=EVIL, first_name=EVIL, level=EVIL)
    yield web
    web.store.dispose()


@pytest.fixture(scope="module")
def base(shop: Web) -> Iterator[str]:
    with shop.served() as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: broken policies, errors of scripts."""
    return []


@pytest.fixture
def at(chromium: Browser, shop: Web, base: str, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Open an address as somebody."""
    contexts = []

    def work(path: str, role: str = "admin", **more: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **more})
        contexts.append(context)
        cookie = shop.sign_in(role).client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda one: complaints.append(one.text) if "Content Security" in one.text else None)
        page.goto(base + path)
        return page

    yield work
    for context in contexts:
        context.close()


def _rule(web: Web, key: str) -> Any:
    with web.store.read() as conn:
        found = rows.find_segment(conn, key)
    return found.rule if found else None


def _choose(page: Page, label: str, typed: str) -> None:
    """Type into a picker and take the first row, by keyboard alone."""
    picker = page.get_by_role("combobox", name=label, exact=True).last
    picker.focus()
    page.keyboard.type(typed)
    expect(page.get_by_role("listbox")).to_be_visible()
    expect(page.locator("#pick-0")).to_contain_text(typed[:3])
    page.keyboard.press("ArrowDown")
    expect(picker).to_have_attribute("aria-activedescendant", "pick-0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()


def _branch(page: Page, number: int) -> Any:
    return page.locator("#panel .row-box").nth(number)


def _part(page: Page, number: int) -> Any:
    return page.locator(".rule-part").nth(number)


def test_a_segment_is_made_by_keyboard_with_nested_groups_and_a_live_count(
    shop: Web, at: Callable[..., Page], complaints: list[str]
) -> None:
    page = at("/segments/new")
    page.get_by_label("Name").fill("Nested")
    page.get_by_label("What is asked about").select_option(label="City")
    _choose(page, "Value", "Київ")
    counted = page.locator(".rule-count")
    with shop.store.read() as conn:
        wanted = conn.exec_driver_sql("SELECT count(*) FROM customer WHERE city = 'Київ'").scalar_one()
    expect(counted.locator("b")).to_have_text(str(wanted))
    expect(counted).to_contain_text("City is Київ")
    page.get_by_role("button", name="Add a group").press("Enter")
    expect(page.locator(".rule-group .rule-group")).to_be_visible()
    expect(_part(page, 1).get_by_label("What is asked about")).to_be_focused()
    _part(page, 1).get_by_label("What is asked about").select_option(label="Number of orders")
    _part(page, 1).get_by_label("Value", exact=True).fill("2")
    page.locator(".rule-group .rule-group").get_by_role("button", name="Add a condition").click()
    _part(page, 2).get_by_label("What is asked about").select_option(label="Last order")
    _part(page, 2).get_by_label("Days").fill("10")
    _part(page, 2).locator(".rule-not").click()
    expect(counted).to_contain_text("number of orders is at least 2 or not (last order")
    page.get_by_role("button", name="Save segment").last.click()
    expect(page.get_by_role("heading", name="Nested")).to_be_visible()
    assert _rule(shop, "nested") == {
        "type": "all",
        "rules": [
            {"type": "compare", "fact": "city", "op": "=", "value": "Київ"},
            {
                "type": "any",
                "rules": [
                    {"type": "compare", "fact": "orders.count", "op": ">=", "value": 2},
                    {
                        "type": "not",
                        "rule": {"type": "age", "fact": "orders.last_at", "op": "within last", "days": 10},
                    },
                ],
            },
        ],
    }
    assert complaints == []


def test_conditions_are_moved_duplicated_and_removed(at: Callable[..., Page]) -> None:
    page = at("/segments/new")
    page.get_by_label("What is asked about").select_option(label="City")
    _choose(page, "Value", "Львів")
    _part(page, 0).get_by_role("button", name="Duplicate this condition").click()
    expect(page.locator(".rule-part")).to_have_count(2)
    _part(page, 1).get_by_label("What is asked about").select_option(label="Country")
    _part(page, 1).get_by_role("button", name="Move this condition up").click()
    expect(_part(page, 0).get_by_label("What is asked about")).to_have_value("fact:country")
    expect(_part(page, 1).get_by_label("Value")).to_have_value("Львів")
    _part(page, 0).get_by_role("button", name="Remove this condition").click()
    expect(page.locator(".rule-part")).to_have_count(1)
    expect(_part(page, 0).get_by_label("What is asked about")).to_have_value("fact:city")


def test_an_older_count_never_replaces_a_newer_one(at: Callable[..., Page]) -> None:
    page = at("/segments/new")
    page.get_by_label("What is asked about").select_option(label="Number of orders")
    value = page.get_by_label("Value", exact=True)
    expect(value).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if ".value=1&" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/forms/count", hold)
    value.fill("1")
    until(lambda: page.evaluate("1") and held, "the first count is on its way")
    value.fill("100000")
    counted = page.locator(".rule-count b")
    expect(counted).to_have_text("0")
    for route in held:
        route.fulfill(status=200, content_type="text/html", body="<b>999</b>")
    value.fill("100001")
    value.fill("100000")
    expect(counted).to_have_text("0")
    page.wait_for_load_state("networkidle")
    expect(counted).to_have_text("0")


def test_a_picker_answers_escape_and_typing_and_keeps_to_what_there_is(at: Callable[..., Page]) -> None:
    page = at("/segments/new")
    page.get_by_label("What is asked about").select_option(label="Segment")
    picker = page.get_by_role("combobox", name="Segment", exact=True)
    picker.press("ArrowDown")
    expect(page.get_by_role("option", name="Sleeping")).to_be_visible()
    expect(picker).to_have_attribute("aria-expanded", "true")
    page.keyboard.type("nothing like that")
    expect(page.locator(".combo-empty")).to_contain_text("Nothing matches")
    page.keyboard.press("Escape")
    expect(picker).to_have_value("")
    expect(picker).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("nobody")
    page.keyboard.press("Tab")
    expect(picker).to_have_value("")
    picker.click()
    page.get_by_role("option", name="Sleeping").click()
    expect(picker).to_have_value("Sleeping")


def test_a_segment_is_made_in_place_and_chosen(shop: Web, at: Callable[..., Page], complaints: list[str]) -> None:
    page = at("/segments/new")
    page.get_by_label("Name").fill("Outer")
    page.get_by_label("What is asked about").select_option(label="Segment")
    picker = page.get_by_role("combobox", name="Segment", exact=True)
    picker.focus()
    page.keyboard.type("Made here")
    page.get_by_role("option", name="Create “Made here”…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("Made here")
    dialog.get_by_role("button", name="Save segment").last.click()
    expect(dialog.locator(".form-errors")).to_contain_text("Condition 1: Choose what to ask about")
    expect(dialog.locator(".rule-part")).to_contain_text("Choose what to ask about")
    dialog.get_by_label("What is asked about").select_option(label="Birthday")
    expect(dialog.locator(".rule-count b")).to_be_visible()
    dialog.get_by_role("button", name="Save segment").last.click()
    expect(dialog).to_be_hidden()
    expect(picker).to_have_value("Made here")
    page.get_by_role("button", name="Save segment").last.click()
    expect(page.get_by_role("heading", name="Outer")).to_be_visible()
    assert _rule(shop, "outer") == {"type": "all", "rules": [{"type": "segment", "key": "made-here"}]}
    assert _rule(shop, "made-here") == {"type": "all", "rules": [{"type": "birthday", "fact": "birthday",
        "within_days": 7, "leap_day": "28 February"}]}  # fmt: skip
    assert complaints == []


def test_what_customers_typed_never_runs(at: Callable[..., Page], complaints: list[str]) -> None:
    page = at("/segments/new")
    page.get_by_label("What is asked about").select_option(label="City")
    page.get_by_role("combobox", name="Value", exact=True).click()
    expect(page.locator(".combo-pop [role=option]", has_text="onerror")).to_be_visible()
    page.locator(".combo-pop [role=option]", has_text="onerror").click()
    expect(page.locator(".rule-count b")).to_have_text("3")
    expect(page.locator(".rule-count")).to_contain_text("onerror")
    page.get_by_label("What is asked about").select_option(label="Shop")
    page.get_by_role("combobox", name="Value", exact=True).click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.__xss") is None
    assert complaints == []


def test_the_forms_in_the_builder_save_as_one_types(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    key = a_draft(shop, "forms", BIRTHDAY, "Forms")
    page = at("/segments")
    canvas = Canvas(page, base, key)
    canvas.words("split").click()
    panel = page.locator("#panel")
    _branch(page, 0).locator("summary").click()
    expect(_branch(page, 0).get_by_label("Name")).to_have_value("VIP")
    _branch(page, 0).get_by_label("Name").fill("Very important")
    expect(canvas.words("split")).to_contain_text("Very important")
    panel.get_by_role("button", name="Add branch").click()
    expect(panel.locator(".row-box")).to_have_count(3)
    expect(panel.locator(".form-errors")).to_contain_text("to put right")
    third = _branch(page, 2)
    third.get_by_label("Name").fill("Sleepers")
    third.get_by_label("What is asked about").select_option(label="Segment")
    picker = third.get_by_role("combobox", name="Segment", exact=True)
    picker.focus()
    page.keyboard.type("Sleep")
    expect(page.get_by_role("option", name="Sleeping")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(panel.locator(".form-errors")).to_have_count(0)
    expect(third.locator(".rule-count b")).to_be_visible()
    canvas.saved()
    branches = next(one for one in stored(shop, key)["nodes"] if one["id"] == "split")["settings"]["branches"]
    assert [one["port"] for one in branches] == ["Very important", "Gold", "Sleepers"]
    assert branches[2]["when"] == {"type": "all", "rules": [{"type": "segment", "key": "sleeping"}]}
    assert complaints == []


def test_a_segment_is_made_from_the_builder_and_chosen_there(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    key = a_draft(shop, "made", graph({"s": {"type": "trigger.segment", "segment": ""}}, []), "Made")
    page = at("/segments")
    canvas = Canvas(page, base, key)
    canvas.words("s").click()
    picker = page.locator("#panel").get_by_role("combobox", name="Segment", exact=False).first
    picker.focus()
    page.keyboard.type("From the canvas")
    page.get_by_role("option", name="Create “From the canvas”…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is asked about").select_option(label="Customer since")
    expect(dialog.locator(".rule-count b")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    picker.focus()
    page.keyboard.type("From the canvas")
    page.get_by_role("option", name="Create “From the canvas”…").click()
    dialog.get_by_label("What is asked about").select_option(label="Customer since")
    dialog.get_by_role("button", name="Save segment").last.click()
    expect(picker).to_have_value("From the canvas")
    canvas.saved()
    assert stored(shop, key)["nodes"][0]["settings"]["segment"] == "from-the-canvas"
    assert complaints == []


def test_a_new_condition_in_the_builder_gets_the_focus(shop: Web, at: Callable[..., Page], base: str) -> None:
    page = at("/segments")
    canvas = Canvas(page, base, a_draft(shop, "focus", BIRTHDAY, "Focus"))
    canvas.words("split").click()
    first = _branch(page, 0)
    first.locator("summary").click()
    first.get_by_role("button", name="Add a condition").press("Enter")
    expect(first.locator(".rule-part")).to_have_count(2)
    expect(first.locator(".rule-part").nth(1).get_by_label("What is asked about")).to_be_focused()
    page.get_by_role("button", name="Add branch").press("Enter")
    expect(_branch(page, 2).get_by_label("Name")).to_be_focused()
    expect(first.get_by_label("Name")).to_be_hidden()


def test_branches_are_one_line_each_and_the_one_that_is_open_stays_so(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    page = at("/segments")
    canvas = Canvas(page, base, a_draft(shop, "folds", BIRTHDAY, "Folds"))
    canvas.words("split").click()
    expect(_branch(page, 0).locator("summary")).to_contain_text("Level is VIP")
    expect(page.get_by_label("What is asked about")).to_have_count(2)
    expect(page.locator("#panel .rule-count b")).to_have_count(0)
    _branch(page, 0).locator("summary").press("Enter")
    expect(_branch(page, 0).locator(".rule-count b")).to_be_visible()
    _branch(page, 1).locator("summary").click()
    expect(_branch(page, 0).get_by_label("Name")).to_be_hidden()
    name = _branch(page, 1).get_by_label("Name")
    with page.expect_response("**/draft/nodes/split/settings") as answered:
        name.press("End")
        name.press_sequentially(" ones")
        expect(canvas.words("split")).to_contain_text("Gold ones")
    assert answered.value.ok
    expect(name).to_be_visible()
    expect(name).to_be_focused()
    _branch(page, 1).get_by_role("button", name="Move branch 2 up").click()
    expect(_branch(page, 0).get_by_label("Name")).to_have_value("Gold ones")
    expect(_branch(page, 1).locator("summary")).to_contain_text("VIP")
    expect(_branch(page, 0).get_by_label("Name")).to_be_visible()
    held: list[Route] = []
    page.route("**/draft/nodes/split/settings", lambda route: held.append(route))
    _branch(page, 0).get_by_label("Name").fill("Golden")
    until(lambda: page.evaluate("1") and held, "a save is on its way")
    _branch(page, 1).locator("summary").click()
    held[0].continue_()
    expect(canvas.words("split")).to_contain_text("Golden")
    expect(_branch(page, 1).get_by_label("Name")).to_be_visible()
    expect(_branch(page, 0).get_by_label("Name")).to_be_hidden()
    assert complaints == []


def test_a_form_that_was_asked_for_before_a_click_does_not_undo_it(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    page = at("/segments")
    canvas = Canvas(page, base, a_draft(shop, "overtaken", BIRTHDAY, "Overtaken"))
    canvas.words("split").click()
    expect(_branch(page, 1)).to_be_visible()
    held: list[tuple[Route, Any]] = []
    page.route("**/draft/nodes/split/panel", lambda route: held.append((route, route.fetch())))
    branches = next(one for one in BIRTHDAY["nodes"] if one["id"] == "split")["settings"]["branches"]
    changed = {"branches": [{**branches[0], "port": "Very important"}, branches[1]]}
    ops = [{"op": "set_settings", "id": "split", "settings": changed}]
    colleague = shop.sign_in("marketer")
    colleague.send("POST", "/journeys/overtaken/draft/ops", json={"base": 1, "ops": ops, "client": "other"})
    until(lambda: page.evaluate("1") and held, "the form is asked for anew")
    page.get_by_role("button", name="Add branch").click()
    expect(_branch(page, 2).get_by_label("Name")).to_be_focused()
    route, answer = held[0]
    with page.expect_response("**/draft/nodes/split/panel"):
        route.fulfill(response=answer)
    page.keyboard.type("Sleepers")
    until(lambda: "Sleepers" in str(stored(shop, "overtaken")), "the new branch is saved")
    expect(_branch(page, 2).get_by_label("What is asked about")).to_be_visible()
    assert complaints == []


def test_a_yearly_date_offers_to_let_customers_enter_each_year(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    once = {"type": "trigger.date", "date": "birthday"}
    key = a_draft(shop, "yearly", graph({"day": once}, []), "Yearly")
    page = at("/segments")
    canvas = Canvas(page, base, key)
    canvas.words("day").click()
    page.get_by_role("button", name="Let them enter once a year").click()
    expect(page.locator("#panel .offer")).to_have_count(0)
    canvas.saved()
    assert stored(shop, key)["entry"]["reentry"] == "after"
    assert stored(shop, key)["entry"]["after_days"] == 300
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#panel .offer")).to_be_visible()
    assert complaints == []


def test_a_value_is_put_into_a_text_and_read_as_a_customer_does(
    shop: Web, at: Callable[..., Page], base: str, complaints: list[str]
) -> None:
    letter = graph({"m": {"type": "action.send", "channel": "sms", "body": "Hello "}}, [])
    page = at("/segments")
    canvas = Canvas(page, base, a_draft(shop, "letter", letter, "Letter"))
    canvas.words("m").click()
    text = page.get_by_label("Text", exact=False).and_(page.locator("textarea"))
    text.focus()
    page.keyboard.press("Control+End")
    page.get_by_label("Insert a value into Text").select_option(label="First name")
    expect(text).to_have_value('Hello {{ first_name | default: "friend" }}')
    expect(page.locator(".template-preview")).to_contain_text("Hello Олена")
    canvas.saved()
    text.press("Control+End")
    page.keyboard.type(" {{ firstname }}")
    expect(page.locator("#panel form")).to_contain_text("did you mean 'first_name'")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forms_have_no_serious_faults_for_people_with_disabilities(
    shop: Web, at: Callable[..., Page], base: str, npm_folder: Path, scheme: str
) -> None:
    page = at("/segments/new", color_scheme=scheme)
    page.get_by_label("What is asked about").select_option(label="Events")
    page.get_by_role("button", name="Add a group").click()
    expect(page.locator(".rule-group .rule-group")).to_be_visible()
    page.get_by_role("button", name="Save segment").last.click()
    expect(page.locator(".form-errors")).to_be_visible()
    assert findings(page, npm_folder) == []
    canvas = Canvas(page, base, a_draft(shop, f"a11y-{scheme}", BIRTHDAY, f"A11y {scheme}"))
    for step in ("split", "c1", "m2", "bought", "day"):
        canvas.card(step).focus()
        page.keyboard.press("Enter")
        expect(page.locator("#panel form")).to_be_visible()
        assert findings(page, npm_folder) == [], step


@pytest.mark.parametrize("width", [390, 1280])
def test_long_forms_fit_their_width(at: Callable[..., Page], width: int) -> None:
    page = at("/segments/new", viewport={"width": width, "height": 800})
    page.get_by_label("What is asked about").select_option(label="Events")
    page.get_by_role("button", name="Add a group").click()
    _part(page, 1).get_by_label("What is asked about").select_option(label="Orders in a period, or of a product")
    page.get_by_text("Only orders with…").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_segment_is_made_without_scripts(shop: Web, at: Callable[..., Page]) -> None:
    page = at("/segments/new", java_script_enabled=False)
    page.get_by_label("Name").fill("By hand")
    page.get_by_label("What is asked about").select_option(label="Segment")
    page.get_by_role("button", name="Save segment").last.click()
    expect(page.get_by_role("combobox", name="Segment", exact=True)).to_have_count(1)
    page.get_by_role("combobox", name="Segment", exact=True).select_option(label="Sleeping")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("What is asked about").last.select_option(label="City")
    page.get_by_role("button", name="Save segment").last.click()
    page.get_by_role("combobox", name="Value", exact=True).fill("Львів")
    page.get_by_role("button", name="Save segment").last.click()
    expect(page.get_by_role("heading", name="By hand")).to_be_visible()
    assert _rule(shop, "by-hand") == {
        "type": "all",
        "rules": [
            {"type": "segment", "key": "sleeping"},
            {"type": "compare", "fact": "city", "op": "=", "value": "Львів"},
        ],
    }
