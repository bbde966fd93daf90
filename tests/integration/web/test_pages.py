"""The pages of journeys, customers, messages and segments, by request: who sees what, and what changes what."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rig.people import a_customer
from rig.shop import fill
from rig.statements import counted
from rig.web import Browser, Web, a_web

PAGES: tuple[str, ...] = (
    *("/", "/journeys", "/journeys/welcome", "/journeys/cart", "/journeys/welcome/customers?kind=entered"),
    *("/customers", "/customers/c-1001", "/messages", "/messages?status=uncertain", "/messages/1"),
    *("/segments", "/segments/sleeping"),
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's database in a file, filled once."""
    from store.migrate import upgrade

    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    upgrade(f"sqlite:///{path}")
    web = a_web(f"sqlite:///{path}")
    fill(web, customers=18, days=8)
    web.store.run(lambda conn: conn.execute(text("UPDATE message SET status = 'uncertain' WHERE id IN (2, 3)")))
    with web.store.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    web.store.dispose()
    return path


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Iterator[Web]:
    """A copy of the shop that a test may change."""
    path = tmp_path / "wayfare.sqlite3"
    path.write_bytes(filled.read_bytes())
    web = a_web(f"sqlite:///{path}")
    yield web
    web.store.dispose()


def _state(web: Web) -> list[Any]:
    """Return all rows that pages could change by mistake."""
    tables = ("journey", "enrollment", "message", "customer", "audit", "segment", "event", "step_count")
    with web.store.read() as conn:
        return [conn.execute(text(f"SELECT * FROM {name}")).all() for name in tables]


def _status(web: Web, key: str) -> str:
    with web.store.read() as conn:
        return str(conn.execute(text("SELECT status FROM journey WHERE key = :key"), {"key": key}).scalar_one())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_a_page_and_its_fragment_is_part_of_it(shop: Web, path: str) -> None:
    marta = shop.sign_in("marketer")
    whole = marta.get(path)
    assert whole.status_code == 200
    assert "<html" in whole.text
    part = marta.fragment(path)
    assert part.status_code == 200
    if path != "/segments/sleeping":
        assert "<html" not in part.text


GOALS = ("/journeys/win-back", "/journeys/welcome")


def test_a_journey_without_a_goal_has_no_rate(shop: Web) -> None:
    marta = shop.sign_in("marketer")
    assert "it has no goal" in marta.get("/journeys/win-back").text
    assert "it has no goal" not in marta.get("/journeys/welcome").text
    rows = marta.get("/journeys").text.split("<tr>")
    rate = {key: one.split('data-label="Goal rate" class="num">')[1][:1] for one in rows for key in GOALS if key in one}
    assert rate["/journeys/win-back"] == "–"
    assert rate["/journeys/welcome"].isdigit()


def test_looking_changes_nothing(shop: Web) -> None:
    admin = shop.sign_in("admin")
    before = _state(shop)
    for path in PAGES:
        admin.get(path)
        admin.fragment(path)
    assert _state(shop) == before


@pytest.mark.parametrize("path", ["/", "/journeys", "/customers", "/messages", "/segments"])
def test_an_empty_database_says_what_to_do_next(sqlite_url: str, path: str) -> None:
    web = a_web(sqlite_url)
    answer = web.sign_in("admin").get(path)
    assert answer.status_code == 200
    assert re.search(r"wayfare import|/journeys/new|shows up here|/segments/new", answer.text)
    web.store.dispose()


@pytest.mark.parametrize(
    "path",
    [
        "/journeys/none",
        "/journeys/welcome?version=9",
        "/journeys/welcome/customers?kind=odd",
        "/journeys/cart/customers?kind=here",
        "/customers/nobody",
        "/messages/999999",
        "/segments/none",
        "/messages/1/text",
    ],
)
def test_what_does_not_exist_is_not_found(shop: Web, path: str) -> None:
    assert shop.sign_in("admin").get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=9999999999", "page=x", "sort=key; drop", "q=%00", "q=%25"]
)
@pytest.mark.parametrize("path", ["/journeys", "/customers", "/messages", "/segments"])
def test_odd_addresses_are_answered(shop: Web, path: str, query: str) -> None:
    assert shop.sign_in("admin").get(f"{path}?{query}&before=x&after=1~2~3").status_code == 200


@pytest.mark.parametrize(
    "mark", ["2026-11-24~event~1", "x~y~z", "2026-11-24T00:00:00+00:00~event~99999999999999999999", ""]
)
def test_a_timeline_from_an_odd_place_begins_at_the_top(shop: Web, mark: str) -> None:
    answer = shop.sign_in("admin").get(f"/customers/c-1001?after={mark.replace('+', '%2B')}")
    assert answer.status_code == 200
    assert "Timeline" in answer.text


def _personal(shop: Web) -> list[str]:
    with shop.store.read() as conn:
        rows = conn.execute(text("SELECT email, phone, last_name || ' ', first_name || ' ' || last_name FROM customer"))
        return sorted({value for row in rows for value in row})


@pytest.mark.parametrize("role", ["admin", "marketer", "support", "analyst", "approver", "integrator"])
def test_nobody_sees_personal_data_by_the_way(shop: Web, role: str) -> None:
    somebody = shop.sign_in(role)
    places = [*PAGES, "/customers/c-1004", "/messages/2", "/customers?q=c-1001", "/messages?q=c-1001"]
    pages = [somebody.get(path).text for path in places]
    leaks = [value for value in _personal(shop) for page in pages if value in page]
    assert leaks == []


def test_an_analyst_sees_numbers_and_not_a_single_customer(shop: Web) -> None:
    ann = shop.sign_in("analyst")
    for path in ("/", "/journeys", "/journeys/welcome", "/segments", "/segments/sleeping"):
        page = ann.get(path)
        assert page.status_code == 200
        assert not re.search(r"c-10\d\d", page.text), path
    for path in ("/customers", "/customers/c-1001", "/messages", "/journeys/welcome/customers?kind=entered"):
        assert ann.get(path).status_code == 403


def test_support_finds_one_customer_at_a_time(shop: Web) -> None:
    sam = shop.sign_in("support")
    for path in ("/customers", "/customers?q=c-10", "/customers?q=client", "/customers?segment=never", "/messages"):
        assert not re.search(r"c-10\d\d", sam.get(path).text), path
    assert "c-1001" in sam.get("/customers?q=067%20000%200001").text
    assert "c-1001" in sam.get("/customers?q=client1@mail.example").text
    found = set(re.findall(r"c-10\d\d", sam.get("/messages?q=c-1001").text))
    assert found == {"c-1001"}
    assert sam.get("/customers/c-1001").status_code == 200


def test_an_admin_sees_one_customer_in_full_with_a_reason_that_is_kept(shop: Web) -> None:
    admin = shop.sign_in("admin")
    with shop.store.read() as conn:
        id, email = conn.execute(text("SELECT id, email FROM customer WHERE key = 'c-1001'")).one()
    assert email not in admin.get("/customers/c-1001").text
    assert admin.post(f"/customers/reveal/{id}", {"reason": "  "}).status_code == 303
    assert email not in admin.get("/customers/c-1001").text
    admin.post(f"/customers/reveal/{id}", {"reason": "called about a code", "next": "//evil.example"})
    assert email in admin.get("/customers/c-1001").text
    other = admin.get("/customers/c-1002").text
    assert not [value for value in _personal(shop) if value in other]
    with shop.store.read() as conn:
        row = conn.execute(text("SELECT action, subject, detail FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert row[:2] == ("customer.revealed", "customer:c-1001")
    assert "called about a code" in str(row[2])
    admin.post(f"/customers/hide/{id}")
    assert email not in admin.get("/customers/c-1001").text


def test_seeing_in_full_ends_by_itself_and_with_the_role(shop: Web) -> None:
    from datetime import timedelta

    user = shop.user("admin")
    admin = shop.sign_in("admin", user)
    with shop.store.read() as conn:
        id, email = conn.execute(text("SELECT id, email FROM customer WHERE key = 'c-1001'")).one()
    admin.post(f"/customers/reveal/{id}", {"reason": "test"})
    assert email in admin.get("/customers/c-1001").text
    shop.at += timedelta(minutes=16)
    assert email not in admin.get("/customers/c-1001").text
    assert shop.sign_in("marketer").post(f"/customers/reveal/{id}", {"reason": "curious"}).status_code == 403


def test_the_place_to_go_on_to_is_one_of_ours(shop: Web) -> None:
    admin = shop.sign_in("admin")
    for place in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = admin.post("/customers/reveal/1", {"reason": "test", "next": place})
        assert answer.headers["Location"].startswith("/customers/")


def test_the_text_of_a_message_is_for_those_who_may_read_it_and_can_do_nothing(shop: Web) -> None:
    with shop.store.read() as conn:
        query = "SELECT id, customer_id FROM message WHERE body IS NOT NULL AND channel = 'email' LIMIT 1"
        id, customer = conn.execute(text(query)).one()
    admin = shop.sign_in("admin")
    assert admin.get(f"/messages/{id}/text").status_code == 404
    assert "<iframe" not in admin.get(f"/messages/{id}").text
    admin.post(f"/customers/reveal/{customer}", {"reason": "test"})
    assert re.search(r"<iframe[^>]* sandbox[ >]", admin.get(f"/messages/{id}").text)
    answer = admin.get(f"/messages/{id}/text")
    assert "HI-4F7K2" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert admin.get(f"/messages/{id}").headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("role", ["admin", "marketer", "approver"])
def test_a_journey_is_paused_resumed_and_stopped(shop: Web, role: str) -> None:
    somebody = shop.sign_in(role)
    for action, status in (("pause", "paused"), ("resume", "live"), ("close", "closing"), ("stop", "stopped")):
        assert somebody.post(f"/journeys/welcome/draft/{action}").status_code == 303
        assert _status(shop, "welcome") == status
    with shop.store.read() as conn:
        rows = conn.execute(text("SELECT action FROM audit WHERE subject = 'journey:welcome' ORDER BY id")).scalars()
        live = conn.execute(
            text(
                "SELECT count(*) FROM enrollment e JOIN journey j ON j.id = e.journey_id "
                "WHERE j.key = 'welcome' AND e.status IN ('active', 'waiting')"
            )
        ).scalar_one()
        assert list(rows)[1:] == ["journey.pause", "journey.resume", "journey.close", "journey.stop"]
        assert live == 0
    assert somebody.post("/journeys/welcome/draft/resume").status_code == 409
    assert _status(shop, "welcome") == "stopped"


@pytest.mark.parametrize("role", ["analyst", "support", "integrator"])
def test_who_may_not_operate_sees_no_button_and_is_refused(shop: Web, role: str) -> None:
    somebody = shop.sign_in(role)
    assert "/draft/pause" not in somebody.get("/journeys/welcome").text
    assert somebody.post("/journeys/welcome/draft/pause").status_code == 403
    assert _status(shop, "welcome") == "live"


def test_uncertain_messages_are_decided_about_once_and_by_name(shop: Web) -> None:
    marta = shop.sign_in("marketer")
    assert "Send again" in marta.get("/messages?status=uncertain").text
    assert marta.post("/messages/decide", {"decision": "again", "id": ["2", "1", "x", "9999999"]}).status_code == 303
    assert marta.post("/messages/decide", {"decision": "sent", "id": ["3"]}).status_code == 303
    assert marta.post("/messages/decide", {"decision": "burn", "id": ["3"]}).status_code == 303
    with shop.store.read() as conn:
        rows = conn.execute(text("SELECT status FROM message WHERE id IN (2, 3) ORDER BY id")).scalars()
        assert list(rows) == ["pending", "sent"]
        actions = conn.execute(text("SELECT action FROM audit WHERE action LIKE 'message.%' ORDER BY id")).scalars()
        assert list(actions) == ["message.sent_again", "message.treated_as_sent"]
    assert shop.sign_in("support").post("/messages/decide", {"decision": "sent", "id": ["2"]}).status_code == 403


def test_a_journeys_page_costs_the_same_for_few_and_for_many(shop: Web) -> None:
    admin = shop.sign_in("admin")

    def cost(path: str) -> int:
        admin.get(path)
        with counted(shop.store) as statements:
            admin.get(path)
        return len(statements)

    few = [cost(path) for path in PAGES]
    with shop.store.write() as conn:
        for number in range(60):
            a_customer(conn, f"more-{number}")
        conn.execute(
            text(
                """INSERT INTO enrollment (journey_id, version_id, customer_id, entry_key, status, node, visit, seq,
                depth, since, wake_at, attempts, entered_at)
                SELECT 2, 2, id, 'more', 'waiting', 'wait', 0, 2, 0, created_at, created_at, 0, created_at FROM customer
                WHERE key LIKE 'more-%'"""
            )
        )
    many = [cost(path) for path in PAGES]
    assert max(few) < 60
    assert [n for n, m in zip(many, few, strict=True) if n > m + 6] == []  # halving over keys asks a little more


def test_the_list_of_journeys_is_searched_filtered_and_sorted(shop: Web) -> None:
    marta = shop.sign_in("marketer")

    def keys(path: str) -> list[str]:
        return re.findall(r'class="title" href="/journeys/([\w-]+)"', _fragment(marta, path))

    assert keys("/journeys?q=ЛАСКАВО") == ["welcome"]
    assert keys("/journeys?status=draft") == ["cart"]
    assert keys("/journeys?sort=name") == ["cart", "birthday", "win-back", "welcome", "survey"]
    assert keys("/journeys?sort=-entered")[0] == "welcome"
    assert keys("/journeys?q=nothing") == []


def _fragment(browser: Browser, path: str) -> str:
    return browser.fragment(path).text
