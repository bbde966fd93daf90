"""The birthday journey as a marketer builds it: from an empty canvas to letters with codes, with mouse and keyboard."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.channels import Channel, Envelope, Outcome
from engine.outbox import deliver
from engine.runtime import Runtime
from engine.segments import refresh, save_segment
from nodes.registry import Registry, builtin_types
from rig.canvas import Canvas, a_draft, arrows, stored
from rig.hand import Hand
from rig.people import a_customer, add
from rig.web import NOON, Web, a_web
from rig.world import World

pytestmark = pytest.mark.browser

CLICKS = 15
KEYS = 41
DECISIONS = 13
LEVELS = ("VIP", "VIP", "Gold", None, None, None)
SEGMENTS = {
    "vip": ("VIP", {"type": "compare", "fact": "level", "op": "=", "value": "VIP"}),
    "loyal": ("Loyal", {"type": "set", "fact": "level"}),
    "sleeping": ("Sleeping", {"type": "compare", "fact": "city", "op": "=", "value": "Lviv"}),
}
BRANCHES: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        {"id": "n1", "type": "trigger.date", "settings": {"offset_days": -7}},
        {
            "id": "n2",
            "type": "flow.split_rule",
            "settings": {
                "branches": [
                    {"port": name, "when": {"type": "segment", "key": key}} for key, (name, _) in SEGMENTS.items()
                ]
            },
        },
        {"id": "n3", "type": "action.promo_code", "settings": {"batch": "gifts-vip", "prefix": "BD-"}},
        {"id": "n4", "type": "action.send", "settings": {"subject": "A gift", "body": "{{ code }}"}},
    ],
    "edges": [
        {"from": "n1", "port": "next", "to": "n2"},
        {"from": "n2", "port": "VIP", "to": "n3"},
        {"from": "n3", "port": "next", "to": "n4"},
    ],
    "entry": {"reentry": "after", "after_days": 300},
}


class Post(Channel):
    """A channel that keeps what it is given."""

    name = "email"

    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    def send(self, envelope: Envelope) -> Outcome:
        self.letters.append(envelope)
        return Outcome.sent()


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Web]:
    """Six customers whose birthday is a week from tomorrow, and one whose birthday is not; three segments."""
    web = a_web(sqlite_url)
    born = (NOON + timedelta(days=8)).date()
    with web.store.write() as conn:
        for number, level in enumerate([*LEVELS, None]):
            day = date(1990, born.month, born.day) if number < len(LEVELS) else date(1990, 6, 1)
            city = ("Kyiv", "Lviv")[number % 2]
            place: dict[str, Any] = {"level": level, "city": city, "time_zone": "Europe/Kyiv"}
            reach: dict[str, Any] = {"email": f"a{number}@x.example", "phone": f"+38067000000{number}"}
            id = a_customer(conn, f"c{number}", first_name=f"Ann{number}", birthday=day, **place, **reach)
            consent = {"channel": "email", "purpose": "marketing", "granted": True}
            add(conn, "consent", customer_id=id, **consent, source="form", at=NOON)
    for key, (name, rule) in SEGMENTS.items():
        save_segment(web.store, key, name, rule, NOON)
    refresh(web.store, NOON)
    yield web
    web.store.dispose()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about."""
    return []


@pytest.fixture
def served(shop: Web) -> Iterator[str]:
    with shop.served() as base:
        yield base


@pytest.fixture
def page(chromium: Browser, shop: Web, served: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1360, "height": 860})
    context.set_default_timeout(15_000)
    cookie = shop.sign_in("admin", shop.user("admin", name="Alice")).client.get_cookie("wayfare", domain="127.0.0.1")
    assert cookie
    context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": served}])
    page = context.new_page()
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def builder(shop: Web, page: Page, served: str) -> Callable[[], Canvas]:
    """Open the journey whose first branch is filled, and the others are not."""
    return lambda: Canvas(page, served, a_draft(shop, "gifts", BRANCHES))


def plus(page: Page, node: str, port: str = "next") -> Any:
    return page.locator(f'.plus[data-node="{node}"][data-open-port="{port}"]')


def batches(shop: Web, key: str) -> dict[str, str]:
    """Return the code batch behind each way out of the split."""
    draft = stored(shop, key)
    settings = {node["id"]: node["settings"] for node in draft["nodes"]}
    split = next(node["id"] for node in draft["nodes"] if node["type"] == "flow.split_rule")
    return {edge["port"]: settings[edge["to"]].get("batch") for edge in draft["edges"] if edge["from"] == split}


def build(page: Page, hand: Hand) -> None:
    """Build the journey the shortest way, from the list of journeys to its publication."""
    form = page.locator("#panel-form form")

    def opened(title: str) -> None:
        expect(page.locator("#panel-title")).to_have_text(title)
        expect(form).to_be_visible()

    hand.decide()
    hand.click(page.get_by_role("link", name="New journey").first)
    hand.decide()
    hand.click(page.get_by_role("link", name="Empty canvas"))
    expect(page.get_by_label("Name")).to_be_focused()
    hand.type("Birthday")
    hand.press("Enter")
    expect(page.locator("#builder[data-ready]")).to_be_attached(timeout=20_000)
    hand.decide()
    hand.click(page.locator("#first").get_by_role("button", name="Date"))
    opened("Date")
    expect(form).to_contain_text("Each customer enters once a year.")
    hand.decide()
    hand.choose(form.locator(".around select"), "before the date")
    expect(form.locator(".around input[inputmode]")).to_be_focused()
    hand.type("7")
    hand.decide()
    hand.click(plus(page, "n1"))
    hand.type("vip")
    hand.press("Enter")
    opened("Split by rule")
    hand.decide()
    for name in ("VIP", "Loyal", "Sleeping"):
        hand.click(form.locator(".segment-ticks").get_by_text(name, exact=True))
    expect(form.locator(".tick-place")).to_have_count(3)
    expect(form.locator(".shared").first).to_have_text(
        "2 customers are in VIP and in Loyal, and go VIP: it stands first."
    )
    hand.decide()
    hand.click(plus(page, "n2", "VIP"))
    hand.type("code")
    hand.press("Enter")
    opened("Promo code")
    expect(form.get_by_label("Code batch")).to_have_value("birthday-vip")
    hand.decide()
    expect(page.locator('.react-flow__node[data-id="n3"]')).to_be_focused()
    hand.press("n")
    hand.type("mail")
    hand.press("Enter")
    opened("Send message")
    expect(form.get_by_role("textbox", name="Text")).to_have_value(
        re.compile(r"first_name.*code }}.*valid_until", re.S)
    )
    hand.decide()
    hand.click(form.get_by_role("textbox", name="Subject"))
    hand.press("Control+a")
    hand.type("A gift for you")
    hand.decide()
    hand.click(plus(page, "n2", "Loyal"))
    hand.decide()
    hand.click(page.get_by_role("option", name="in all 3 open branches"))
    expect(page.locator(".react-flow__node")).to_have_count(10)
    expect(page.locator("#problems-words")).to_have_text("Ready")
    hand.decide()
    hand.click(page.get_by_role("button", name="Publish", exact=True))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("7 days before birthday at 10:00")
    hand.decide()
    hand.click(dialog.get_by_role("button", name="Publish version 1"))
    expect(page.locator("#status")).to_have_text("Live", timeout=20_000)


def engine(shop: Web, post: Post) -> World:
    """Return the engine on the shop's database, the morning after."""
    world = World(shop.store.url, now=NOON)
    world.close()
    world.store = shop.store
    kinds = Registry(builtin_types())
    world.runtime = Runtime(shop.store, kinds, shop.store.vault, {"email": post}, now=lambda: world.now)
    world.now = NOON + timedelta(hours=20, minutes=30)  # 10:30 in Kyiv
    return world


def test_the_birthday_journey_is_built_in_minutes_and_each_customer_gets_a_code_of_the_branch(
    shop: Web, page: Page, served: str, complaints: list[str]
) -> None:
    page.goto(f"{served}/journeys")
    hand = Hand(page)
    build(page, hand)
    assert (hand.clicks <= CLICKS, hand.keys <= KEYS, hand.decisions <= DECISIONS) == (True,) * 3, vars(hand)
    assert hand.seconds < 60, "without waiting for the page"
    assert stored(shop, "birthday")["entry"]["reentry"] == "after"
    assert batches(shop, "birthday") == {
        name: f"birthday-{key}"
        for name, key in {"VIP": "vip", "Loyal": "loyal", "Sleeping": "sleeping", "else": "others"}.items()
    }
    post = Post()
    world = engine(shop, post)
    world.dates()
    world.settle()
    deliver(world.runtime, "email", world.now)
    world.dates()
    world.settle()
    deliver(world.runtime, "email", world.now)
    assert sorted(one.address for one in post.letters) == [f"a{number}@x.example" for number in range(6)]
    query = """SELECT customer.email, code_batch.key FROM code
        JOIN code_batch ON code_batch.id = code.batch_id JOIN customer ON customer.id = code.customer_id"""
    given = dict(world.rows(query))
    ways = ["vip", "vip", "loyal", "sleeping", "others", "sleeping"]
    assert given == {f"a{number}@x.example": f"birthday-{way}" for number, way in enumerate(ways)}
    for letter in post.letters:
        assert letter.subject == "A gift for you"
        assert re.search(r"Hello Ann\d,\n\nyour birthday is on 02\.12,", letter.body)
        assert re.search(r"Your promo code: [A-Z0-9-]{8,}\nIt is valid until 09\.12\.2026\.", letter.body)
    assert len({letter.body for letter in post.letters}) == 6, "each has a code of their own"
    page.reload()
    expect(page.locator('[data-number="entered"][data-node="n1"]')).to_contain_text("6")
    expect(page.locator('[data-passed="n2:VIP"]')).to_contain_text("2")
    expect(page.locator('[data-passed="n2:else"]')).to_contain_text("1")
    assert complaints == []


def test_copied_steps_are_pasted_behind_the_open_way_of_the_card_that_is_selected(
    shop: Web, builder: Callable[[], Canvas], complaints: list[str]
) -> None:
    canvas = builder()
    page, press = canvas.page, canvas.page.keyboard.press
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas.card("n3").click()
    canvas.card("n4").click(modifiers=["Control"])
    press("Control+c")
    expect(page.locator("#toasts")).to_contain_text("2 steps copied")
    canvas.words("n2").click()
    canvas.card("n2").focus()
    press("Control+v")
    canvas.saved()
    assert batches(shop, "gifts") == {"VIP": "gifts-vip", "Loyal": "gifts-loyal"}
    copied = next(node for node in stored(shop, "gifts")["nodes"] if node["settings"].get("batch") == "gifts-loyal")
    assert copied["settings"]["prefix"] == "BD-", "it keeps its other settings"
    plus(page, "n2", "Sleeping").click()
    expect(page.locator(".picker input")).to_be_focused()
    press("Control+v")
    canvas.saved()
    plus(page, "n2", "else").click()
    page.get_by_role("option", name="Paste 2 copied steps").click()
    canvas.saved()
    assert batches(shop, "gifts") == {
        "VIP": "gifts-vip",
        "Loyal": "gifts-loyal",
        "Sleeping": "gifts-sleeping",
        "else": "gifts-others",
    }
    assert complaints == []


def test_all_branches_are_filled_in_one_edit_that_undo_takes_back(
    shop: Web, builder: Callable[[], Canvas], complaints: list[str]
) -> None:
    canvas = builder()
    page = canvas.page
    before = arrows(shop, "gifts")
    canvas.words("n2").click()
    page.locator("#next-else").select_option("+")
    page.get_by_role("option", name="Same steps as VIP, in all 3 open branches").click()
    expect(page.locator(".react-flow__node")).to_have_count(10)
    canvas.saved()
    assert len(set(batches(shop, "gifts").values())) == 4
    page.get_by_role("button", name="Undo: Copy steps to 3 branches").click()
    expect(page.locator(".react-flow__node")).to_have_count(4)
    canvas.saved()
    assert arrows(shop, "gifts") == before
    assert complaints == []


def test_a_step_is_found_by_other_words_and_what_it_lacks_is_told_when_it_is_left(
    builder: Callable[[], Canvas], complaints: list[str]
) -> None:
    canvas = builder()
    page = canvas.page
    words = page.locator("#problems-words")
    expect(words).to_have_text("3 to fix")
    searches = {"coupon": "Promo code", "segment": "Split by rule", "delay": "Wait", "if": "Split by rule"}
    for typed, found in searches.items():
        plus(page, "n4").click()
        page.locator(".picker input").fill(typed)
        expect(page.locator('.picker [aria-selected="true"] b')).to_have_text(found)
        page.keyboard.press("Escape")
    plus(page, "n4").click()
    page.locator(".picker input").fill("wait for event")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("Wait for event")
    canvas.saved()
    expect(words).to_have_text("3 to fix")
    expect(canvas.card("n5").locator(".step-badge")).to_be_hidden()
    page.locator("#panel-title").press("Escape")
    expect(canvas.card("n5").locator(".step-badge")).to_be_visible()
    assert complaints == []


def test_a_segment_that_is_ticked_is_a_branch_until_the_tick_is_gone(
    shop: Web, builder: Callable[[], Canvas], complaints: list[str]
) -> None:
    canvas = builder()
    form = canvas.page.locator("#panel-form form")
    canvas.words("n2").click()
    loyal = form.locator(".segment-ticks").get_by_label("Loyal")
    expect(loyal).to_be_checked(timeout=15_000)
    loyal.click()
    expect(form.locator(".tick-place")).to_have_count(2)
    canvas.saved()
    loyal.click()
    expect(form.locator(".tick-place")).to_have_count(3)
    canvas.saved()
    split = next(node for node in stored(shop, "gifts")["nodes"] if node["id"] == "n2")
    assert [branch["port"] for branch in split["settings"]["branches"]] == ["VIP", "Sleeping", "Loyal"]
    assert complaints == []
