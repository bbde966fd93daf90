"""The builder in a real browser under its content policy: by mouse, by keyboard, by finger, by two people at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from rig.canvas import Canvas, a_draft, arrows, findings, present, stored
from rig.shop import WELCOME, fill
from rig.waiting import until
from rig.web import Web, a_web

pytestmark = pytest.mark.browser
Open = Callable[..., Canvas]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A shop with published journeys; every test edits a draft of its own."""
    from store.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.sqlite3'}"
    upgrade(url)
    web = a_web(url)
    fill(web, customers=30, days=10)
    yield web
    web.store.dispose()


@pytest.fixture(scope="module")
def base(shop: Web) -> Iterator[str]:
    with shop.served() as address:
        yield address


@pytest.fixture
def people(chromium: Browser, shop: Web, base: str) -> Iterator[Callable[..., BrowserContext]]:
    """Give browser profiles in which somebody is signed in."""
    opened: list[BrowserContext] = []

    def work(role: str = "admin", name: str = "", **more: Any) -> BrowserContext:
        context = chromium.new_context(**{"viewport": {"width": 1360, "height": 860}, **more})
        context.set_default_timeout(10_000)
        cookie = shop.sign_in(role, shop.user(role, name)).client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
        opened.append(context)
        return context

    yield work
    for context in opened:
        context.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: broken policies, errors of scripts, files that are not there."""
    return []


@pytest.fixture
def builder(people: Callable[..., BrowserContext], base: str, complaints: list[str]) -> Open:
    """Open a journey in the builder as somebody."""

    def work(key: str, context: BrowserContext | None = None, **more: Any) -> Canvas:
        page = (context or people(**more)).new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return Canvas(page, base, key)

    return work


def test_a_step_is_dragged_onto_an_arrow_and_undone_after_a_reload(
    shop: Web, builder: Open, complaints: list[str]
) -> None:
    canvas = builder(a_draft(shop, "drag", WELCOME))
    chip = canvas.chip("hello:next")

    def is_marked() -> None:
        expect(chip).to_have_class("edge-chip nodrag nopan is-target")

    canvas.drag_from_palette("flow.wait", canvas.middle(chip), is_marked)
    expect(canvas.page.locator("#panel-title")).to_have_text("Wait")
    canvas.saved()
    assert arrows(shop, "drag")["hello:next"] == "n1"
    assert arrows(shop, "drag")["n1:next"] == "wait"
    tops = {node["id"]: node["position"][1] for node in stored(shop, "drag")["nodes"]}
    assert tops["hello"] < tops["n1"] < tops["wait"], "it was not tidied up"
    canvas.page.reload()
    expect(canvas.card("n1")).to_be_visible()
    canvas.page.get_by_role("button", name="Undo: Add Wait").click()
    expect(canvas.card("n1")).to_have_count(0)
    canvas.saved()
    assert arrows(shop, "drag")["hello:next"] == "wait"
    canvas.page.keyboard.press("Control+y")
    expect(canvas.card("n1")).to_be_visible()
    assert complaints == []


def test_an_empty_canvas_becomes_a_journey_by_keyboard_alone(shop: Web, builder: Open, complaints: list[str]) -> None:
    canvas = builder(a_draft(shop, "keys", {"schema": 1, "nodes": [], "edges": []}))
    page, press = canvas.page, canvas.page.keyboard.press
    expect(page.get_by_role("heading", name="What starts this journey?")).to_be_visible()
    page.locator("#first").get_by_role("button", name="Segment Customers").focus()
    press("Enter")
    expect(canvas.card("n1")).to_be_focused()
    for words in ("split by share", "set attribute"):
        press("n")
        canvas.pick(words)
        expect(page.locator("#panel-title")).to_have_text(words, ignore_case=True)
        canvas.saved()
    expect(canvas.card("n3")).to_be_focused()
    press("ArrowUp")
    expect(canvas.card("n2")).to_be_focused()
    press("n")
    canvas.pick("wait")
    expect(canvas.card("n4")).to_be_focused()
    press("ArrowLeft")
    expect(canvas.card("n3")).to_be_focused()
    page.locator("[data-next=next]").select_option("n4")
    canvas.saved()
    ways = arrows(shop, "keys")
    assert ways["n1:next"] == "n2"
    assert ways["n3:next"] == "n4"
    assert {to for way, to in ways.items() if way.startswith("n2:")} == {"n3", "n4"}
    canvas.card("n3").focus()
    press("Delete")
    expect(canvas.card("n3")).to_have_count(0)
    expect(canvas.card("n2")).to_be_focused()
    press("Control+z")
    expect(canvas.card("n3")).to_be_visible()
    canvas.saved()
    assert arrows(shop, "keys") == ways
    assert complaints == []


def test_steps_are_connected_moved_and_duplicated_with_the_mouse(
    shop: Web, builder: Open, complaints: list[str]
) -> None:
    canvas = builder(a_draft(shop, "mouse", WELCOME))
    thanks, offer = canvas.card("thanks"), canvas.card("offer")
    canvas.drag(canvas.middle(thanks.locator(".port.out")), canvas.middle(offer.locator(".step-text")))
    canvas.saved()
    assert arrows(shop, "mouse")["thanks:next"] == "offer"
    x, y = canvas.middle(canvas.chip("start:next"))
    canvas.page.mouse.click(x, y - 20)
    expect(canvas.page.locator("#selection-bar")).to_contain_text("1 arrow")
    canvas.page.keyboard.press("Delete")
    canvas.saved()
    assert "start:next" not in arrows(shop, "mouse")
    canvas.page.keyboard.press("Control+z")
    canvas.saved()
    assert arrows(shop, "mouse")["start:next"] == "hello"
    start = canvas.middle(canvas.words("thanks"))
    canvas.drag(start, (start[0] - 60, start[1] + 40))
    expect(canvas.page.locator("#toasts")).to_contain_text("stay where you put them")
    canvas.saved()
    before = {node["id"]: node["position"] for node in stored(shop, "mouse")["nodes"]}
    canvas.words("thanks").click()
    canvas.words("offer").click(modifiers=["Control"])
    expect(canvas.page.locator("#selection-bar")).to_contain_text("2 selected")
    canvas.page.locator("#selection-bar").get_by_role("button", name="Duplicate").click()
    expect(canvas.card("n2")).to_be_visible()
    canvas.saved()
    nodes = {node["id"]: node for node in stored(shop, "mouse")["nodes"]}
    assert nodes["n1"]["settings"] == nodes["thanks"]["settings"]
    assert arrows(shop, "mouse")["n1:next"] == "n2"
    assert all(nodes[id]["position"] == place for id, place in before.items())
    canvas.card("n1").focus()
    canvas.page.keyboard.press("Shift+ArrowDown")
    canvas.page.keyboard.press("Shift+ArrowDown")
    until(
        lambda: (
            {n["id"]: n["position"][1] for n in stored(shop, "mouse")["nodes"]}["n1"] == nodes["n1"]["position"][1] + 20
        ),
        "the keyboard moved it",
    )
    assert complaints == []


def test_the_plus_inserts_and_an_arrow_dropped_on_nothing_asks_what_comes_there(shop: Web, builder: Open) -> None:
    canvas = builder(a_draft(shop, "plus", WELCOME))
    canvas.page.get_by_role("button", name="Insert a step between Promo code and Send message").click()
    expect(canvas.page.locator("#selection-bar")).to_be_hidden()
    canvas.pick("wait until")
    expect(canvas.card("n1")).to_be_visible()
    canvas.saved()
    assert arrows(shop, "plus")["code:next"] == "n1"
    canvas.page.keyboard.press("Escape")
    x, y = canvas.middle(canvas.card("hello").locator(".port.out"))
    canvas.drag((x, y), (x + 330, y + 20))
    canvas.pick("exit")
    expect(canvas.card("n2")).to_be_visible()
    canvas.saved()
    ways = arrows(shop, "plus")
    assert "hello:next" not in ways or ways["hello:next"] in ("n2", "wait")
    assert "n2" in canvas.ids()


def test_steps_are_copied_as_text_into_another_journey_and_a_whole_one_is_pasted_after_a_question(
    shop: Web, base: str, people: Callable[..., BrowserContext], builder: Open
) -> None:
    context = people(permissions=["clipboard-read", "clipboard-write"])
    canvas = builder(a_draft(shop, "from", WELCOME), context)
    canvas.words("code").click()
    canvas.words("offer").click(modifiers=["Control"])
    canvas.page.keyboard.press("Control+c")
    expect(canvas.page.locator("#toasts")).to_contain_text("2 steps copied")
    other = builder(a_draft(shop, "to", {"schema": 1, "nodes": [], "edges": []}), context)
    other.page.keyboard.press("Control+v")
    expect(other.card("n2")).to_be_visible()
    other.saved()
    assert arrows(shop, "to") == {"n1:next": "n2"}
    text = context.request.get(f"{base}/journeys/from/draft/export").text()
    other.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    other.page.keyboard.press("Control+v")
    question = other.page.get_by_role("dialog")
    expect(question).to_contain_text("a journey of 8 steps")
    question.get_by_role("button", name="Replace this draft").click()
    expect(other.page.locator(".react-flow__node")).to_have_count(8)
    other.saved()
    assert len(arrows(shop, "to")) == len(arrows(shop, "from"))
    assert not set(other.ids()) & {"n1", "n2", *canvas.ids()}, "an id was given to a second step"


def test_a_form_is_saved_while_somebody_types_and_undone_after_a_reload(
    shop: Web, builder: Open, complaints: list[str]
) -> None:
    canvas = builder(a_draft(shop, "form", WELCOME))
    canvas.words("thanks").click()
    body = canvas.page.locator("#panel-form [name=body]")
    body.click()
    body.press("End")
    body.press_sequentially(" See you soon", delay=60)
    until(lambda: "See you" in str(stored(shop, "form")), "it was saved while typing")
    body.press_sequentially(" again!", delay=20)
    expect(canvas.words("thanks")).to_contain_text("again!", timeout=10_000)
    expect(body).to_be_focused()
    expect(body).to_have_value("Дякуємо за покупку! See you soon again!")
    canvas.page.locator("[data-act=save]").click()
    canvas.saved()
    canvas.page.reload()
    expect(canvas.words("thanks")).to_contain_text("again!")
    undo = canvas.page.locator("#undo")
    for _ in range(8):
        if "See you" not in str(stored(shop, "form")):
            break
        undo.click()
        canvas.saved()
    assert "See you" not in str(stored(shop, "form"))
    assert complaints == []


def test_two_people_edit_at_once(
    shop: Web, people: Callable[..., BrowserContext], builder: Open, complaints: list[str]
) -> None:
    a_draft(shop, "both", WELCOME)
    alice = builder("both", people("admin", "alice@shop.example"))
    bob = builder("both", people("marketer", "bob@shop.example"))
    bob.words("offer").click()
    expect(alice.page.locator("#editors")).to_be_visible(timeout=12_000)
    expect(alice.card("offer").locator(".card-editors")).to_be_visible(timeout=12_000)
    for one, id in ((alice, "hello"), (bob, "wait")):
        one.words(id).click()
        one.page.keyboard.press("Control+d")
        one.saved()
    expect(bob.page.locator(".react-flow__node")).to_have_count(10, timeout=12_000)
    expect(alice.page.locator(".react-flow__node")).to_have_count(10, timeout=12_000)
    assert len({node["id"] for node in stored(shop, "both")["nodes"]}) == 10
    alice.page.context.route("**/draft/changes*", lambda route: route.abort())  # from now on she hears of nothing
    for one in (alice, bob):
        one.words("offer").click()
        expect(one.page.locator("#panel-form [name=subject]")).to_be_visible()
    bob.page.locator("#panel-form [name=subject]").fill("From Bob")
    expect(bob.words("offer")).to_contain_text("From Bob", timeout=10_000)
    alice.page.locator("#panel-form [name=subject]").fill("From Alice")
    expect(alice.page.locator("#panel-form [role=alert]")).to_contain_text("bob", timeout=10_000)
    expect(alice.page.locator("#panel-form [name=subject]")).to_have_value("From Alice")
    expect(alice.words("offer")).to_contain_text("From Bob")
    bob.card("code").focus()
    bob.page.keyboard.press("Delete")
    bob.saved()
    alice.words("code").click()
    expect(alice.page.locator("#toasts")).to_contain_text("Somebody has removed this step")
    expect(alice.card("code")).to_have_count(0)
    expected = ("409", "404", "ERR_FAILED")
    assert [one for one in complaints if not any(word in one for word in expected)] == []


def test_who_leaves_is_gone_at_once_and_a_hidden_tab_asks_nothing_until_it_is_shown(
    shop: Web, people: Callable[..., BrowserContext], builder: Open
) -> None:
    a_draft(shop, "leave", WELCOME)
    alice = builder("leave", people("admin", "alice2@shop.example"))
    bob = builder("leave", people("marketer", "bob2@shop.example"))
    expect(alice.page.locator("#editors")).to_contain_text("B", timeout=12_000)
    hers: list[str] = []
    his: list[str] = []
    alice.page.on("request", lambda one: hers.append(one.url))
    bob.page.on("request", lambda one: his.append(one.url))

    def times(urls: list[str]) -> int:
        return sum("/draft/changes" in url for url in urls)

    hide = "(on) => { Object.defineProperty(document, 'hidden', {get: () => on, configurable: true}); }"
    alice.page.evaluate(hide, True)
    hers.clear()
    until(lambda: bob.page.evaluate("1") and times(his) > 2, "Bob's tab has asked three times", 40)
    assert alice.page.evaluate("1")
    assert times(hers) == 0
    alice.page.evaluate(hide, False)
    bob.page.goto("about:blank")
    until(lambda: bob.page.evaluate("1") and len(present(shop, "leave")) == 1, "Bob has gone")
    with alice.page.expect_response("**/draft/changes*"):
        alice.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(alice.page.locator("#editors")).to_be_hidden()


def test_nothing_is_lost_without_a_network(shop: Web, builder: Open) -> None:
    canvas = builder(a_draft(shop, "offline", WELCOME))
    context = canvas.page.context
    context.set_offline(True)
    canvas.card("goal").focus()
    canvas.page.keyboard.press("Delete")
    expect(canvas.page.locator("#saved")).to_contain_text("Not saved: offline, trying again")
    canvas.card("offer").focus()
    canvas.page.keyboard.press("Delete")
    expect(canvas.card("offer")).to_have_count(0)
    assert len(stored(shop, "offline")["nodes"]) == 8
    context.set_offline(False)
    canvas.saved()
    assert {node["id"] for node in stored(shop, "offline")["nodes"]} == {
        "start",
        "hello",
        "wait",
        "thanks",
        "code",
        "end",
    }
    assert arrows(shop, "offline")["code:next"] == "end"


def test_a_journey_that_cannot_be_read_says_so_and_is_read_again(shop: Web, builder: Open) -> None:
    canvas = builder(a_draft(shop, "unread", WELCOME))
    page = canvas.page
    page.route("**/journeys/unread/draft", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("heading", name="This journey could not be read")).to_be_visible()
    expect(page.locator("#first")).to_contain_text("Wayfare does not answer")
    expect(page.locator("#palette, #publish, #problems").locator("visible=true")).to_have_count(0)
    page.unroute("**/journeys/unread/draft")
    page.get_by_role("button", name="Try again").click()
    expect(canvas.card("hello")).to_be_visible()


def test_the_whole_journey_stands_in_the_middle_of_what_nothing_covers(shop: Web, builder: Open) -> None:
    canvas = builder(a_draft(shop, "middle", WELCOME))
    page = canvas.page
    left = page.locator("#palette").bounding_box()
    ids = canvas.ids()

    def middle() -> float:
        boxes = [box for box in (canvas.card(id).bounding_box() for id in ids) if box]
        return (min(box["x"] for box in boxes) + max(box["x"] + box["width"] for box in boxes)) / 2

    assert left
    free = (left["x"] + left["width"] + 1360) / 2
    assert abs(middle() - free) < 40
    page.get_by_role("button", name="Zoom in").click()
    page.keyboard.press("1")
    until(lambda: abs(middle() - free) < 40, "it is in the middle again")


def test_notes_search_help_and_the_name(shop: Web, builder: Open, complaints: list[str]) -> None:
    canvas = builder(a_draft(shop, "more", WELCOME))
    page = canvas.page
    page.keyboard.press("m")
    expect(page.get_by_role("textbox", name="Text of the note")).to_be_focused()
    page.keyboard.type("Ask legal about the discount")
    page.keyboard.press("Escape")
    canvas.saved()
    assert [note["text"] for note in stored(shop, "more")["notes"]] == ["Ask legal about the discount"]
    page.keyboard.press("Control+f")
    page.keyboard.type("дякуємо")
    page.keyboard.press("Enter")
    expect(canvas.card("thanks")).to_be_focused()
    expect(page.locator("#panel-title")).to_have_text("Send message")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("find a step")
    page.keyboard.press("Escape")
    page.get_by_label("Name of the journey").fill("A better name")
    page.keyboard.press("Enter")
    canvas.saved()
    expect(page).to_have_title("A better name · Wayfare")
    assert complaints == []


def test_numbers_stand_on_the_canvas_and_lead_to_the_customers(shop: Web, builder: Open, complaints: list[str]) -> None:
    canvas = builder("welcome")
    number = canvas.card("hello").locator("[data-number=entered]")
    expect(number).to_be_visible()
    count = int(number.locator("b").inner_text())
    assert count > 0
    expect(canvas.chip("wait:timeout").locator("b")).to_be_visible()
    canvas.page.get_by_role("button", name="Today").click()
    expect(number.locator("b")).not_to_have_text(str(count))
    canvas.page.get_by_role("button", name="All time").click()
    expect(number.locator("b")).to_have_text(str(count))
    number.click()
    dialog = canvas.page.get_by_role("dialog")
    expect(dialog.locator("tbody tr").first).to_be_visible()
    canvas.page.keyboard.press("Escape")
    canvas.page.locator("#numbers").click()
    expect(number).to_have_count(0)
    assert complaints == []


def test_problems_lead_to_their_steps(shop: Web, builder: Open) -> None:
    document = {**WELCOME, "edges": [edge for edge in WELCOME["edges"] if edge["port"] != "timeout"]}
    canvas = builder(a_draft(shop, "wrong", document))
    expect(canvas.card("wait").locator(".step-badge")).to_have_text("1")
    canvas.page.locator("#problems").click()
    expect(canvas.page.locator("#panel-title")).to_contain_text("to fix before publishing")
    canvas.page.locator(".to-fix button").filter(has_text="Wait for event").click()
    expect(canvas.card("wait")).to_be_focused()
    canvas.page.locator("[data-next=timeout]").select_option("code")
    expect(canvas.card("wait").locator(".step-badge")).to_have_count(0)
    canvas.saved()


def test_who_may_not_edit_only_looks(shop: Web, builder: Open, complaints: list[str]) -> None:
    canvas = builder(a_draft(shop, "look", WELCOME), role="analyst")
    page, before = canvas.page, stored(shop, "look")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(f"{one.method} {one.url}"))
    expect(page.locator("#saved-words")).to_have_text("Read only")
    expect(page.locator("#palette, #save, #undo, .plus")).to_have_count(0)
    canvas.words("hello").click()
    expect(page.locator("#panel-form [name=subject]")).to_be_disabled()
    page.keyboard.press("Escape")
    start = canvas.middle(canvas.words("goal"))
    canvas.drag(start, (start[0] + 80, start[1] + 60))
    canvas.card("goal").focus()
    page.keyboard.press("Delete")
    expect(canvas.card("goal")).to_be_visible()
    for key in ("Control+d", "n", "m", "t", "Control+z"):
        page.keyboard.press(key)
    with page.expect_response("**/draft/changes*"):  # whatever the keys have sent is on its way by now
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert [one for one in sent if not one.startswith(("GET ", "HEAD ")) and "/forms/count" not in one] == []
    assert stored(shop, "look") == before
    assert complaints == []


def test_five_branches_are_filled_by_their_plus_signs_one_after_the_other(shop: Web, builder: Open) -> None:
    names = ["VIP", "Loyal", "Newcomers", "Sleepers", "Others"]
    parts = [{"port": name, "percent": 20} for name in names]
    split = {"id": "s", "type": "flow.split_share", "settings": {"shares": parts}, "position": [0, 0]}
    canvas = builder(a_draft(shop, "five", {"schema": 1, "nodes": [split], "edges": []}))
    ports = canvas.page.locator("[data-open-port]").evaluate_all("all => all.map((one) => one.dataset.openPort)")
    assert len(ports) == 5
    for port in ports:
        canvas.page.keyboard.press("1")
        canvas.page.locator(f'[data-node="s"][data-open-port="{port}"]').click()
        canvas.pick("wait")
        canvas.saved()
        canvas.page.get_by_role("button", name="Close", exact=True).click()
    assert len(arrows(shop, "five")) == 5


def test_fingers_add_and_edit_on_a_phone(shop: Web, builder: Open, complaints: list[str]) -> None:
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    canvas = builder(a_draft(shop, "phone", WELCOME), **phone)
    page = canvas.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator('[data-insert="start:next"]').tap()
    page.locator(".picker input").fill("wait")
    page.locator('.picker [data-type="flow.wait"]').tap()
    expect(canvas.card("n1")).to_be_attached()
    panel = page.locator("#panel").bounding_box()
    assert panel
    assert panel["x"] == 0
    assert panel["width"] == 390
    page.locator("#panel-form [name=amount]").fill("3")
    expect(canvas.words("n1")).to_contain_text("3", timeout=10_000)
    page.get_by_role("button", name="Close").tap()
    canvas.saved()
    assert arrows(shop, "phone")["start:next"] == "n1"
    before = page.evaluate("document.querySelector('.react-flow__viewport').style.transform")
    session = page.context.new_cdp_session(page)
    for kind, spots in (
        ("touchStart", [(100, 500), (200, 500)]),
        ("touchMove", [(70, 500), (230, 500)]),
        ("touchMove", [(30, 500), (300, 500)]),
        ("touchEnd", []),
    ):
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(spots)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    until(
        lambda: page.evaluate("document.querySelector('.react-flow__viewport').style.transform") != before,
        "two fingers zoomed",
    )
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_is_named_and_has_contrast(shop: Web, builder: Open, npm_folder: Path, theme: str) -> None:
    canvas = builder("birthday", color_scheme=theme, reduced_motion="reduce")
    page = canvas.page
    expect(canvas.card("day").locator("[data-number]").first).to_be_visible()
    assert findings(page, npm_folder) == []
    canvas.words("split").click()
    expect(page.locator("#panel-form form")).to_be_visible()
    expect(page.locator(".rule-count.busy")).to_have_count(0)
    assert findings(page, npm_folder) == []
    page.keyboard.press("Escape")
    page.locator("#problems").click()
    page.locator('[data-insert="c1:next"]').click()
    assert findings(page, npm_folder) == []


def test_an_empty_canvas_is_named_too_and_everything_mirrors(shop: Web, builder: Open, npm_folder: Path) -> None:
    canvas = builder(a_draft(shop, "rtl", {"schema": 1, "nodes": [], "edges": []}))
    assert findings(canvas.page, npm_folder) == []
    canvas.page.evaluate("document.documentElement.dir = 'rtl'")
    palette = canvas.page.locator("#palette").bounding_box()
    assert palette
    assert palette["x"] > 900
    assert canvas.page.evaluate("document.documentElement.scrollWidth") <= 1360
