"""Journeys, customers, messages and segments in a real browser: by mouse, by keyboard, on a phone, under attack."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from rig.people import a_customer, add
from rig.shop import fill, graph
from rig.web import Web, a_web
from store.tables import metadata

pytestmark = pytest.mark.browser

POLYGLOT = """jaVasCript:/*-/*`/*'/*"/**/(window.__xss=1)//</title></textarea></script><svg/onload=window.__xss=1>"""
MARKUP = '"><img src=x onerror=window.__xss=1><b hx-get="/account" hx-trigger="load" hx-on::load="window.__xss=1">'
LETTER = f"<!doctype html><p style='color:red'>Dear {POLYGLOT}</p><script>window.__xss=1;parent.__xss=1</script>"
PAGES = (
    *("/", "/journeys", "/journeys/welcome", "/journeys/birthday?period=week", "/journeys/cart", "/customers"),
    *("/customers/c-1001", "/messages", "/messages?status=uncertain", "/messages/1", "/segments", "/segments/sleeping"),
    "/journeys/welcome/customers?kind=passed&node=wait&port=timeout",
)
MISSING_ICONS = """async (uses) => {
  const names = uses.map((use) => use.getAttribute("href").split("#")[1]);
  const sprite = await (await fetch(uses[0].getAttribute("href").split("#")[0])).text();
  return names.filter((name) => !sprite.includes(`id="${name}"`));
}"""
SignIn = Callable[[str], None]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's database in a file, filled once."""
    from store.migrate import upgrade

    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    upgrade(f"sqlite:///{path}")
    web = a_web(f"sqlite:///{path}")
    fill(web, customers=30, days=10)
    with web.store.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    web.store.dispose()
    return path


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Iterator[Web]:
    path = tmp_path / "wayfare.sqlite3"
    path.write_bytes(filled.read_bytes())
    web = a_web(f"sqlite:///{path}")
    yield web
    web.store.dispose()


@pytest.fixture
def base(shop: Web) -> Iterator[str]:
    with shop.served() as address:
        yield address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: broken policies, errors of scripts, files that are not there."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def sign_in(shop: Web, base: str, page: Page) -> SignIn:
    """Sign the browser in with a role."""

    def work(role: str) -> None:
        cookie = shop.sign_in(role).client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])

    return work


@pytest.mark.parametrize("role", ["admin", "marketer"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_renders_in_its_width_without_a_complaint(
    base: str, page: Page, complaints: list[str], sign_in: SignIn, role: str, width: int
) -> None:
    sign_in(role)
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(page.locator("h1")).to_be_visible()
        assert page.locator("use").evaluate_all(MISSING_ICONS) == [], path
    assert complaints == []


def test_a_click_on_a_count_shows_the_customers_behind_it(
    base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    sign_in("marketer")
    page.goto(f"{base}/journeys/welcome")
    chip = page.locator("a.chip", has_text="Time is over")
    count = int(chip.locator("b").inner_text())
    chip.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Left “Wait for event” by “Time is over”")
    expect(dialog.locator("tbody tr")).to_have_count(min(count, 25))
    expect(dialog.locator("tbody tr").first).to_contain_text("no purchase within 5 days")
    dialog.locator("tbody a.title").first.click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Wait for event → Time is over")
    expect(page.locator(".timeline")).to_contain_text("No purchase within 5 days")
    assert complaints == []


def test_counts_and_dialogs_work_by_keyboard(base: str, page: Page, sign_in: SignIn) -> None:
    sign_in("marketer")
    page.goto(f"{base}/journeys/welcome")
    page.locator("a.count.here").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("At “Wait for event” now")
    expect(dialog.locator("tbody tr").first).to_contain_text("until")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("a.count.here").first).to_be_focused()


def test_an_open_dialog_survives_the_refresh_and_counts_move_on(
    shop: Web, base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    sign_in("marketer")
    page.goto(f"{base}/journeys/welcome")
    before = int(page.locator(".chip", has_text="happened").locator("b").inner_text())
    page.locator("a.chip", has_text="Time is over").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    with shop.store.write() as conn:
        version = conn.execute(text("SELECT live_version_id FROM journey WHERE key = 'welcome'")).scalar_one()
        add(conn, "step_count", version_id=version, node="wait", port="happened", day="2026-11-24", n=7)
    expect(page.locator(".chip", has_text="happened").locator("b")).to_have_text(str(before + 7), timeout=15_000)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert complaints == []


def test_a_journey_is_paused_after_a_question_and_resumed(
    shop: Web, base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    sign_in("marketer")
    page.goto(f"{base}/journeys/welcome")
    page.get_by_role("link", name="Pause").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("they stay where they are until you resume")
    question.get_by_role("link", name="Cancel").click()
    expect(question).to_have_count(0)
    assert _status(shop) == "live"
    page.get_by_role("link", name="Pause").click()
    question.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_contain_text("is paused")
    expect(page.get_by_role("link", name="Resume")).to_be_visible()
    assert _status(shop) == "paused"
    page.get_by_role("link", name="Resume").click()
    question.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("link", name="Pause")).to_be_visible()
    assert _status(shop) == "live"
    page.get_by_label("More").click()
    page.get_by_role("link", name="Stop Take everybody out").click()
    expect(question).to_contain_text("all of them leave at once")
    question.get_by_role("button", name="Stop and take everybody out").click()
    expect(page.get_by_role("status")).to_contain_text("is stopped")
    assert _status(shop) == "stopped"
    assert complaints == []


def test_an_analyst_sees_counts_that_lead_nowhere(base: str, page: Page, sign_in: SignIn) -> None:
    sign_in("analyst")
    page.goto(f"{base}/journeys/welcome")
    expect(page.locator(".node").first).to_be_visible()
    expect(page.locator("a.chip, a.count, a.tile")).to_have_count(0)
    expect(page.get_by_role("link", name="Pause")).to_have_count(0)


def test_branches_stand_side_by_side_in_their_order(base: str, page: Page, sign_in: SignIn) -> None:
    sign_in("marketer")
    page.goto(f"{base}/journeys/birthday")
    chips = [page.locator(".chip", has_text=name).bounding_box() for name in ("VIP", "Gold", "else")]
    lefts = [box["x"] for box in chips if box]
    assert lefts == sorted(lefts)
    assert len(lefts) == 3


def test_a_customer_is_shown_in_full_with_a_reason(
    base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    sign_in("admin")
    page.goto(f"{base}/customers/c-1001")
    expect(page.locator(".facts").first).not_to_contain_text("client1@")
    page.get_by_role("button", name="Show in full").click()
    page.get_by_label("Reason").fill("called about a code")
    page.keyboard.press("Enter")
    expect(page.locator(".facts").first).to_contain_text("client1@mail.example")
    expect(page.get_by_text("You see personal data in full until")).to_be_visible()
    page.get_by_role("button", name="Hide again").click()
    expect(page.locator(".facts").first).not_to_contain_text("client1@")
    assert complaints == []


def test_uncertain_messages_are_ticked_and_sent_again(
    shop: Web, base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    with shop.store.write() as conn:
        conn.execute(text("UPDATE message SET status = 'uncertain' WHERE id IN (1, 2, 3)"))
    sign_in("marketer")
    page.goto(f"{base}/messages?status=uncertain")
    rows = page.locator("tbody tr")
    count = rows.count()
    page.get_by_label("Message 2 to").check()
    page.get_by_role("button", name="Treat as sent").click()
    page.locator("#confirm").get_by_role("button", name="Treat as sent").click()
    expect(page.get_by_role("status")).to_contain_text("1 message counts as sent")
    expect(rows).to_have_count(count - 1)
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Send again").click()
    page.locator("#confirm").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
    assert complaints == []


def test_lists_filter_and_page_without_scripts(shop: Web, base: str, page: Page) -> None:
    browser = page.context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    cookie = shop.sign_in("marketer").client.get_cookie("wayfare", domain="127.0.0.1")
    assert cookie
    context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
    plain = context.new_page()
    plain.goto(f"{base}/journeys/welcome")
    plain.locator("a.chip", has_text="Time is over").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("Left “Wait for event”")
    plain.locator("tbody a.title").first.click()
    plain.get_by_role("link", name="Orders").click()
    expect(plain.get_by_role("heading", name="Timeline")).to_be_visible()
    plain.goto(f"{base}/customers")
    plain.get_by_role("searchbox").fill("c-1001")
    plain.get_by_role("button", name="Search").click()
    expect(plain.locator("tbody tr")).to_have_count(1)
    context.close()


def test_nothing_that_is_stored_runs_anywhere(
    shop: Web, base: str, page: Page, complaints: list[str], sign_in: SignIn
) -> None:
    places = _hostile_world(shop)
    sign_in("admin")
    page.goto(f"{base}/customers/hostile")
    page.get_by_role("button", name="Show in full").click()
    page.get_by_label("Reason").fill(MARKUP)
    page.keyboard.press("Enter")
    expect(page.get_by_text("You see personal data in full until")).to_be_visible()
    for path in ["/", *places, f"/customers?q={MARKUP}", f"/journeys?q={MARKUP}", f"/messages?q={MARKUP}", "/audit"]:
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.__xss") is None, path
        assert page.evaluate("localStorage.length") == 0, path
        assert page.evaluate("sessionStorage.getItem('htmx-history-cache')") is None, path
        for link in page.locator("a[href]").evaluate_all("links => links.map(link => link.protocol)"):
            assert link in ("http:", "https:"), path
    page.goto(f"{base}/journeys/hostile")
    page.locator("a.count, a.chip").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("window.__xss") is None
    mine = [text for text in complaints if "Blocked script execution" not in text]  # the frame says so of the letter
    assert mine == []


def _status(shop: Web) -> str:
    with shop.store.read() as conn:
        return str(conn.execute(text("SELECT status FROM journey WHERE key = 'welcome'")).scalar_one())


def _hostile_world(shop: Web) -> list[str]:
    """Put attacks into every field that pages show; return the pages that show them."""
    nasty, seal, at = POLYGLOT, shop.store.vault.seal, shop.at
    short = MARKUP[:100]

    def work(conn: Any) -> int:
        profile = {"first_name": nasty, "last_name": MARKUP, "email": f"{short}@x.example", "phone": short[:20]}
        profile |= {"city": nasty, "level": short[:60], "sex": "<b>x</b>"[:10], "locale": "<svg onload=1>"}
        customer = a_customer(conn, "hostile", {nasty: MARKUP, "list": [nasty], "map": {nasty: nasty}}, **profile)
        nodes: dict[str, dict[str, Any]] = {
            "a": {"type": "trigger.event", "event": "purchase"},
            "b": {"type": "action.send", "channel": "email", "subject": nasty, "body": MARKUP},
            "c": {"type": nasty[:100]},
            "d": {"type": "flow.exit", "reason": MARKUP},
            "e": {
                "type": "flow.split_share",
                "shares": [{"port": "yes", "percent": "50"}, {"port": "no", "percent": 50}],
            },
        }
        edges = [("a", "next", "e"), ("e", "yes", "b"), ("e", "no", "c"), ("b", "next", "d")]
        document = graph(nodes, edges)
        document["nodes"][1]["note"] = nasty
        document["edges"].append({"from": "c", "port": MARKUP[:64], "to": "d"})
        common = {"pause_epoch": 0, "rev": 1, "created_at": at, "updated_at": at}
        journey = add(
            conn, "journey", key="hostile", name=nasty, description=MARKUP, status="live", draft=document, **common
        )
        version = add(
            conn,
            "journey_version",
            journey_id=journey,
            number=1,
            graph=document,
            node_order=list(nodes),
            published_at=at,
            published_by=nasty,
            note=MARKUP,
        )
        conn.execute(metadata.tables["journey"].update().where(text(f"id = {journey}")).values(live_version_id=version))
        enrollment = add(
            conn,
            "enrollment",
            journey_id=journey,
            version_id=version,
            customer_id=customer,
            entry_key=nasty,
            status="quarantined",
            node="b",
            since=at,
            reason=MARKUP,
            entered_at=at,
            ended_at=at,
            wait_type=short,
        )
        for port, n in (("@entered", 1), ("@quarantined", 1)):
            add(conn, "step_count", version_id=version, node="", port=port, day="2026-11-24", n=n)
        add(conn, "step_count", version_id=version, node="a", port="next", day="2026-11-24", n=1)
        step = {"enrollment_id": enrollment, "version_id": version, "at": at, "reason": nasty}
        add(conn, "step_log", node="a", port="next", seq=0, **step)
        add(conn, "step_log", node="e", port=MARKUP[:64], seq=1, **step)
        message = add(
            conn,
            "message",
            enrollment_id=enrollment,
            node="b",
            channel=short[:32],
            customer_id=customer,
            version_id=version,
            purpose=short[:32],
            status="uncertain",
            created_at=at,
            due_at=at,
            reason=nasty,
            provider=short[:64],
            provider_id=MARKUP,
            subject=seal(nasty.encode()),
            body=seal(LETTER.encode()),
        )
        add(
            conn,
            "attempt",
            message_id=message,
            number=1,
            started_at=at,
            ended_at=at + timedelta(seconds=1),
            outcome="uncertain",
            provider=short[:64],
            idempotency_key=short,
            body_hash=b"",
            detail=nasty,
        )
        event = {"at": at, "received_at": at, "body_hash": b"", "matched_at": at, "customer_id": customer}
        data = {nasty: MARKUP, "url": "javascript:window.__xss=1", "referer": nasty, "utm": [MARKUP]}
        add(conn, "event", source=short[:64], key=nasty, type=short, data=data, note=nasty, **event)
        order = {"customer_id": customer, "at": at, "currency": "<b>", "total": 100}
        id = add(conn, "sales_order", source="x", key=nasty, store=short, channel=short[:32], **order)
        add(conn, "order_line", order_id=id, number=1, sku=short, quantity=1, price=100)
        add(conn, "product", sku=short, name=nasty, categories=[nasty], updated_at=at)
        add(conn, "attribute_change", customer_id=customer, name=nasty, old=MARKUP, new=[nasty], at=at, source=nasty)
        consent = {"customer_id": customer, "channel": short[:32], "purpose": short[:32], "granted": True}
        add(conn, "consent", **consent, source=nasty, at=at)
        add(conn, "consent_change", **consent, source=nasty, at=at, received_at=at)
        rule = {"type": "compare", "fact": "city", "op": "=", "value": nasty}
        named = {"description": MARKUP, "rev": 1, "built_rev": 1, "created_at": at, "updated_at": at}
        segment = add(conn, "segment", key="hostile", name=nasty, rule=rule, **named)
        add(conn, "segment_member", segment_id=segment, customer_id=customer, since=at)
        add(conn, "segment_span", segment_id=segment, customer_id=customer, from_at=at)
        static = add(conn, "customer_list", key=short, name=nasty, created_at=at)
        add(conn, "list_member", list_id=static, customer_id=customer, since=at)
        add(conn, "channel_state", channel=short[:32], stopped_reason=nasty, updated_at=at)
        return message

    message = shop.store.run(work)
    people = [
        f"/journeys/hostile/customers?kind={kind}" for kind in ("entered", "quarantined", "passed&node=a&port=next")
    ]
    places = ["/journeys", "/journeys/hostile", *people, "/customers", "/customers/hostile", "/messages"]
    return [*places, f"/messages/{message}", "/messages?status=uncertain", "/segments", "/segments/hostile"]
