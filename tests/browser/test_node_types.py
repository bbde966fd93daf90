"""Every built-in step as a marketer meets it: added from the palette, filled in, read on its card, corrected."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nodes.registry import builtin_types
from rig.canvas import Canvas, a_draft, stored
from rig.panel import Panel
from rig.shop import fill, graph
from rig.web import Web, a_web
from rig.world import World

pytestmark = pytest.mark.browser
Hands = Callable[[Panel], object]


def nothing(panel: Panel) -> None:
    """What is done to a form in which nothing has to be filled in."""


@dataclass(frozen=True)
class Row:
    """One step: what is done in its form, what its card says then, and what is stored.

    `wrong` empties or breaks a field, `says` is what the form answers, and `right` corrects it; `stored` is what is
    stored after all that. `ways` are the names of its ways out.
    """

    type: str
    done: Hands
    card: str
    stored: Mapping[str, Any]
    ways: list[str] = field(default_factory=lambda: ["Then"])
    wrong: Hands = nothing
    says: str = ""
    right: Hands = nothing


def steps(*hands: Hands) -> Hands:
    """Do one thing after the other."""

    def work(panel: Panel) -> None:
        for one in hands:
            one(panel)

    return work


def write(label: str, text: str) -> Hands:
    return lambda panel: panel.write(label, text)


def choose(label: str, typed: str, row: str = "") -> Hands:
    return lambda panel: panel.choose(label, typed, row)


def clear(label: str) -> Hands:
    return lambda panel: panel.clear(label)


def select(label: str, option: str) -> Hands:
    return lambda panel: panel.select(label, option)


def around(label: str, amount: str, way: str) -> Hands:
    return lambda panel: panel.around(label, amount, way)


def option(label: str, choice: str) -> Hands:
    return lambda panel: panel.option(label, choice)


def tick(*labels: str) -> Hands:
    return steps(*(partial(Panel.tick, label=label) for label in labels))


def press(button: str) -> Hands:
    return lambda panel: panel.press(button)


def row(number: int, *hands: Hands) -> Hands:
    return lambda panel: steps(*hands)(panel.row(number))


def where(fact: str, value: Any) -> dict[str, Any]:
    return {"type": "all", "rules": [{"type": "compare", "fact": fact, "op": "=", "value": value}]}


TO_THE_EVENT = steps(
    press("Add a condition"),
    choose("Field of the event", "store"),
    choose("Value", "web"),
    lambda p: p.says("Store is web"),
)
EMPTY: dict[str, Any] = {"schema": 1, "nodes": [], "edges": []}
ROWS = [
    Row(
        "trigger.event",
        steps(choose("Event", "cart", "Cart updated"), TO_THE_EVENT),
        "When cart.updated happens, if store is web",
        {"event": "cart.updated", "where": where("data.store", "web")},
        wrong=clear("Event"),
        says="Fill this in",
        right=choose("Event", "cart", "Cart updated"),
    ),
    Row(
        "trigger.segment",
        steps(choose("Segment", "sleep", "Sleeping"), option("When customers have", "Left it")),
        "When customers leave “Sleeping”",
        {"segment": "sleeping", "on": "left"},
        wrong=clear("Segment"),
        says="Fill this in",
        right=choose("Segment", "sleep", "Sleeping"),
    ),
    Row(
        "trigger.schedule",
        steps(
            choose("Segment", "vip", "VIP"),
            select("Every", "Month"),
            write("Day of the month", "15"),
            write("At", "09:30"),
        ),
        "On day 15 of each month at 09:30 for “VIP”",
        {"segment": "vip", "every": "month", "month_day": 15, "at": "09:30"},
        wrong=write("Day of the month", ""),
        says="Write a whole number",
        right=write("Day of the month", "15"),
    ),
    Row(
        "trigger.date",
        steps(around("When", "14", "before the date"), write("At", "08:00")),
        "14 days before birthday at 08:00",
        {"offset_days": -14, "at": "08:00", "date": "birthday"},
        wrong=clear("Date"),
        says="Fill this in",
        right=choose("Date", "birth", "Birthday"),
    ),
    Row(
        "trigger.journey",
        steps(
            choose("Journey", "Ласкаво", "Ласкаво просимо"),
            option("When customers come to", "One of its steps"),
            choose("Step", "goal", "Goal reached: First purchase"),
        ),
        "When “Ласкаво просимо” has come to “Goal reached: First purchase”",
        {"journey": "welcome", "when": "step", "step_id": "goal"},
        wrong=clear("Step"),
        says="Choose the step",
        right=choose("Step", "goal", "Goal reached: First purchase"),
    ),
    Row(
        "trigger.level",
        steps(
            option("When the level goes", "Up"),
            write("All levels, the lowest first", "Silver\nGold\nVIP"),
            choose("To", "Gold", "Gold"),
        ),
        "When the level goes up to Gold",
        {"way": "up", "levels": ["Silver", "Gold", "VIP"], "to": "Gold"},
        wrong=write("All levels, the lowest first", ""),
        says="Write all levels, the lowest first",
        right=write("All levels, the lowest first", "Silver\nGold\nVIP"),
    ),
    Row(
        "trigger.api",
        write("Name in the call", "spring"),
        "When a program starts spring",
        {"journey": "spring"},
        wrong=write("Name in the call", ""),
        says="Fill this in",
        right=write("Name in the call", "spring"),
    ),
    Row(
        "flow.wait",
        steps(write("How long", "3"), select("Unit", "Hours")),
        "Wait 3 hours",
        {"amount": 3, "unit": "hours"},
        wrong=write("How long", ""),
        says="Write a whole number",
        right=write("How long", "3"),
    ),
    Row(
        "flow.wait_until",
        steps(
            select("Until", "A date of the customer"),
            choose("Date of the customer", "since", "Customer since"),
            around("Months", "9", "after"),
            around("Days", "3", "before"),
        ),
        "Wait until created at +9 months -3 days 10:00",
        {"until": "profile", "fact": "created_at", "months": 9, "days": -3},
        ["Next", "Too late"],
        wrong=write("Months", ""),
        says="Write a whole number",
        right=write("Months", "9"),
    ),
    Row(
        "flow.wait_event",
        steps(TO_THE_EVENT, write("At most", "2"), select("Unit", "Weeks")),
        "Wait for purchase with store is web, at most 2 weeks",
        {"event": "purchase", "where": where("data.store", "web"), "amount": 2, "unit": "weeks"},
        ["It happened", "Time is over"],
        wrong=clear("Event"),
        says="Fill this in",
        right=choose("Event", "purch", "Purchase"),
    ),
    Row(
        "flow.window",
        steps(tick("Saturday", "Sunday"), write("Open from", "10:00"), write("Open until", "18:30")),
        "Mon, Tue, Wed, Thu, Fri 10:00–18:30",
        {"days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "opens": "10:00", "closes": "18:30"},
        wrong=tick("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        says="Choose at least one",
        right=tick("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    ),
    Row(
        "flow.split_rule",
        steps(
            write("Name", "VIP"),
            select("What is asked about", "Loyalty level"),
            choose("Value", "VIP", "VIP"),
            press("Add branch"),
            row(1, write("Name", "Kyiv"), select("What is asked about", "Segment"), choose("Segment", "Київ", "Київ")),
        ),
        "VIP, Kyiv, everyone else",
        {
            "branches": [
                {"port": "VIP", "when": where("level", "VIP")},
                {"port": "Kyiv", "when": {"type": "all", "rules": [{"type": "segment", "key": "kyiv"}]}},
            ]
        },
        ["VIP", "Kyiv", "Everyone else"],
        wrong=row(0, write("Name", "")),
        says="Fill this in",
        right=row(0, write("Name", "VIP")),
    ),
    Row(
        "flow.split_share",
        steps(
            row(0, write("Name", "Most"), write("Percent", "70")), row(1, write("Name", "Few"), write("Percent", "30"))
        ),
        "70 % Most, 30 % Few",
        {"shares": [{"port": "Most", "percent": "70"}, {"port": "Few", "percent": "30"}]},
        ["Most", "Few"],
        wrong=row(1, write("Percent", "20")),
        says="The shares add up to 90 percent; make it 100",
        right=row(1, write("Percent", "30")),
    ),
    Row(
        "flow.split_count",
        steps(write("How many", "500"), option("Counted", "Anew each day")),
        "First 500 a day, then everyone else",
        {"count": 500, "per": "day"},
        ["First", "Everyone else"],
        wrong=write("How many", ""),
        says="Write a whole number",
        right=write("How many", "500"),
    ),
    Row(
        "flow.experiment",
        steps(
            row(0, write("Name", "short")),
            option("Success", "An event"),
            choose("Event", "regis", "Registered"),
            write("Decide after", "200"),
        ),
        "50 % short, 50 % b; the best by customer.registered wins",
        {
            "variants": [{"port": "short", "percent": "50"}, {"port": "b", "percent": "50"}],
            "success": "event",
            "event": "customer.registered",
            "after_customers": 200,
            "after_days": 14,
        },
        ["short", "b"],
        wrong=steps(write("Decide after", ""), write("Or after", "")),
        says="Say after how many customers or days a variant wins",
        right=steps(write("Decide after", "200"), write("Or after", "14")),
    ),
    Row(
        "flow.best_channel",
        steps(press("Remove channel 3"), row(0, select("Channel", "SMS")), option("Purpose", "Transactional")),
        "Best of SMS, E-mail",
        {"channels": [{"channel": "sms"}, {"channel": "email"}], "purpose": "transactional"},
        ["SMS", "E-mail", "None"],
        wrong=row(1, select("Channel", "SMS")),
        says="A channel is there twice",
        right=row(1, select("Channel", "E-mail")),
    ),
    Row(
        "flow.throttle",
        steps(write("At most", "100"), select("In each", "day")),
        "At most 100 a day",
        {"count": 100, "per": "day"},
        wrong=write("At most", "0"),
        says="It must be at least 1",
        right=write("At most", "100"),
    ),
    Row("flow.merge", write("Name", "Everybody again"), "Everybody again", {"name": "Everybody again"}),
    Row(
        "flow.gate",
        steps(option("Opens by", "A date"), write("Date", "2027-03-08"), write("At", "09:00")),
        "Opens on 2027-03-08 at 09:00",
        {"opens": "date", "date": "2027-03-08", "at": "09:00"},
        wrong=write("Date", ""),
        says="Choose the date on which the gate opens",
        right=write("Date", "2027-03-08"),
    ),
    Row("flow.goal", write("Name of the goal", "Came back"), "Goal reached: Came back", {"name": "Came back"}),
    Row("flow.exit", write("Reason", "no interest"), "End: no interest", {"reason": "no interest"}, []),
    Row(
        "flow.journey",
        choose("Journey", "Sleeping", "Sleeping customers"),
        "Start “Sleeping customers”",
        {"journey": "win-back"},
        wrong=clear("Journey"),
        says="Fill this in",
        right=choose("Journey", "Sleeping", "Sleeping customers"),
    ),
    Row(
        "action.send",
        steps(
            choose("Channel", "sms", "SMS"), write("Text", "Hello "), select("Insert a value into Text", "First name")
        ),
        "SMS: Hello ‹First name›",
        {"channel": "sms", "body": 'Hello {{ first_name | default: "friend" }}'},
        wrong=write("Text", ""),
        says="Fill this in",
        right=write("Text", 'Hello {{ first_name | default: "friend" }}'),
    ),
    Row(
        "action.promo_code",
        steps(
            choose("Code batch", "spring"),
            write("Prefix", "SP-"),
            write("Days", "30"),
            tick("Only with the customer's phone number"),
        ),
        "Code of spring, valid 30 days",
        {"batch": "spring", "prefix": "SP-", "days": 30, "bind_phone": False},
        wrong=clear("Code batch"),
        says="Fill this in",
        right=choose("Code batch", "spring"),
    ),
    Row(
        "action.attribute",
        steps(choose("Attribute", "win_back"), write("Value", "first letter")),
        "Set win_back to first letter",
        {"name": "win_back", "value": "first letter"},
        wrong=clear("Attribute"),
        says="Fill this in",
        right=choose("Attribute", "win_back"),
    ),
    Row(
        "action.certificate",
        steps(write("Worth", "200"), write("Budget of this step", "600"), write("Valid for", "30")),
        "200 UAH each, for at most 3 customers",
        {"amount": 20_000, "budget": 60_000, "days": 30},
        ways=["Next", "None"],
    ),
    Row(
        "action.personal_price",
        steps(write("How much", "15"), write("Valid for", "3")),
        "15 % off the product of the event, 3 days",
        {"percent": "15", "days": 3},
        ways=["Next", "None"],
    ),
    Row(
        "action.points",
        steps(write("Points", "50"), write("They expire after", "90")),
        "Give 50 points, for 90 days",
        {"points": 50, "days": 90},
    ),
    Row(
        "action.list",
        steps(choose("List", "tea-lovers"), option("What to do", "Remove")),
        "Remove from tea-lovers",
        {"list": "tea-lovers", "do": "remove"},
        wrong=clear("List"),
        says="Fill this in",
        right=choose("List", "tea-lovers"),
    ),
    Row(
        "action.emit",
        steps(
            choose("Event", "gift.promised"),
            press("Add value"),
            row(0, write("Name", "kind"), write("Value", "mug")),
        ),
        "Event gift.promised",
        {"event": "gift.promised", "data": {"kind": "mug"}},
        wrong=clear("Event"),
        says="Fill this in",
        right=choose("Event", "gift.promised"),
    ),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A shop with published journeys, segments, and customers who did things."""
    from store.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('types') / 'shop.sqlite3'}"
    upgrade(url)
    web = a_web(url)
    yield web
    web.store.dispose()


@pytest.fixture(scope="module")
def world(shop: Web) -> World:
    """The engine of the shop."""
    return fill(shop, customers=20, days=4)


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the browser complains about."""
    return []


@pytest.fixture(scope="module")
def canvases(chromium: Browser, shop: Web, world: World, complaints: list[str]) -> Iterator[Callable[..., Canvas]]:
    """Open a canvas by the key of its journey; an empty one is made where there is none."""
    with shop.served() as base:
        context = chromium.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
        context.set_default_timeout(10_000)
        cookie = shop.sign_in("admin").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
        known: dict[str, Canvas] = {}

        def work(key: str, document: dict[str, Any] | None = None) -> Canvas:
            if key not in known:
                page: Page = context.new_page()
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
                known[key] = Canvas(page, base, a_draft(shop, key, document or EMPTY))
            return known[key]

        yield work
        context.close()


def test_every_built_in_step_has_a_row() -> None:
    assert sorted(row.type for row in ROWS) == sorted(one.key for one in builtin_types())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type)
def test_a_step_is_added_filled_in_corrected_and_stored(
    row: Row, canvases: Callable[..., Canvas], shop: Web, complaints: list[str]
) -> None:
    canvas = canvases(f"every-{row.type.partition('.')[0]}")  # the rows of a kind share a canvas
    panel = Panel(canvas)
    id = panel.add(row.type)
    row.done(panel)
    card = canvas.words(id)
    expect(card).to_contain_text(row.card)
    assert panel.ways() == row.ways
    if row.says:
        row.wrong(panel)
        panel.says(row.says)
        expect(card).to_contain_text("Not set up yet")
        row.right(panel)
        expect(card).to_contain_text(row.card)
        expect(panel.form.locator("[aria-invalid=true]")).to_have_count(0)
    canvas.saved()
    node = next(one for one in stored(shop, canvas.key)["nodes"] if one["id"] == id)
    assert node["type"] == row.type
    assert node["settings"] == row.stored
    assert complaints == []


EARLY = graph(
    {
        "come": {"type": "trigger.event", "event": "customer.registered"},
        "open": {"type": "flow.window", "opens": "00:00", "closes": "00:00"},
        "first": {"type": "flow.split_count", "count": 3},
        "list": {"type": "action.list", "list": "early-birds"},
        "slow": {"type": "flow.throttle", "count": 2, "per": "hour"},
        "tell": {"type": "action.emit", "event": "bird.late"},
        "gate": {"type": "flow.gate"},
        "again": {"type": "flow.merge"},
        "end": {"type": "flow.exit", "reason": "welcomed"},
    },
    [
        ("come", "next", "open"),
        ("open", "next", "first"),
        ("first", "first", "list"),
        ("first", "else", "slow"),
        ("list", "next", "again"),
        ("slow", "next", "tell"),
        ("tell", "next", "gate"),
        ("gate", "next", "again"),
        ("again", "next", "end"),
    ],
)


def test_a_journey_of_many_steps_is_published_and_its_numbers_stand_on_the_canvas(
    canvases: Callable[..., Canvas], shop: Web, world: World, complaints: list[str]
) -> None:
    canvas = canvases("early", EARLY)
    page = canvas.page
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish version 1").click()
    expect(page.locator("#status")).to_have_text("Live")
    world.now += timedelta(minutes=1)
    world.happens(world.customers(8), "customer.registered")
    world.settle()
    page.reload()

    def number(id: str, kind: str, count: int) -> None:
        expect(canvas.card(id).locator(f"[data-number={kind}] b")).to_have_text(str(count))

    for id, count in (("come", 8), ("first", 8), ("list", 3), ("slow", 5), ("tell", 2), ("gate", 2), ("end", 3)):
        number(id, "entered", count)
    number("slow", "here", 3)
    number("gate", "here", 2)
    expect(canvas.chip("first:else").locator("b")).to_contain_text("5")
    canvas.card("slow").locator("[data-number=here]").click()
    expect(page.get_by_role("dialog").locator("tbody tr")).to_have_count(3)
    page.keyboard.press("Escape")
    world.pass_time(hours=1)
    page.reload()
    number("slow", "here", 1)
    number("gate", "here", 4)
    assert world.scalar("SELECT count(*) FROM list_member") == 3
    assert complaints == []
