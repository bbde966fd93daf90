"""The shelf of journeys in a real browser: templates, files, many at once; and a node type of one file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builder.publish import publish
from builder.starters import starter
from builder.text import from_document, write
from engine.drain import settle
from engine.runtime import Runtime
from nodes.registry import open_registry
from rig.canvas import Canvas, findings
from rig.web import Web, a_web
from rig.world import World
from store import drafts, shelf
from store.db import Store
from wayfare.vault import Vault

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SECRET = b"a secret for tests, long enough!"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "nodes"
    place.mkdir(mode=0o755)
    shutil.copy(ROOT / "examples" / "plugins" / "one_file" / "rainy_day.py", place)
    (place / "rainy_day.py").chmod(0o644)
    return place


@pytest.fixture
def runtime(sqlite_url: str, folder: Path) -> Iterator[Runtime]:
    """An engine that knows the node type of one file."""
    store = Store(sqlite_url, Vault(SECRET))
    yield Runtime(store, open_registry([], folder), store.vault)
    store.dispose()


@pytest.fixture
def web(sqlite_url: str, runtime: Runtime) -> Iterator[Web]:
    made = a_web(sqlite_url, runtime=runtime)
    runtime.now = lambda: made.at
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
def marta(web: Web, base: str, page: Page) -> Page:
    """A page of a marketer."""
    cookie = web.sign_in("marketer").client.get_cookie("wayfare", domain="127.0.0.1")
    assert cookie
    page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": base}])
    return page


def published(web: Web, *keys: str) -> None:
    world = World(str(web.store.engine.url.render_as_string(hide_password=False)), now=web.at)
    for key in keys:
        world.journey(key, {"t": {"type": "trigger.event", "event": "go"}})
    world.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_long_names_and_tags_leave_the_list_in_shape(
    web: Web, base: str, marta: Page, complaints: list[str], npm_folder: Path, width: int
) -> None:
    published(web, "long", "short")
    with web.store.write() as conn:
        drafts.rename_journey(conn, "long", "W" * 200, now=web.at)
        shelf.set_tags(conn, drafts.find_journey(conn, "long").id, ["a" * 40, "б" * 40])
    marta.set_viewport_size({"width": width, "height": 860})
    marta.goto(f"{base}/journeys")
    assert marta.evaluate("document.documentElement.scrollWidth") <= width
    title = marta.get_by_role("link", name="W" * 200, exact=True)
    expect(title).to_have_attribute("title", "W" * 200)
    (box,) = [title.bounding_box()]
    assert box
    assert box["height"] < 60, "two lines of it and no more"
    assert findings(marta, npm_folder) == []
    marta.get_by_label("Search journeys").fill("nothing is called so")
    marta.keyboard.press("Enter")
    expect(marta.get_by_text("No journey matches")).to_be_visible(timeout=20_000)
    marta.get_by_role("link", name="Show all journeys").click()
    expect(title).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_template_becomes_a_journey(
    base: str, marta: Page, complaints: list[str], npm_folder: Path, width: int
) -> None:
    marta.set_viewport_size({"width": width, "height": 860})
    marta.goto(f"{base}/journeys")
    marta.get_by_role("link", name="Choose a template").click()
    assert marta.evaluate("document.documentElement.scrollWidth") <= width
    assert findings(marta, npm_folder) == []
    marta.get_by_role("link", name="Birthday A week before").click()
    expect(marta.get_by_label("Name")).to_have_value("Birthday")
    expect(marta.get_by_role("heading", name="Its 9 steps")).to_be_visible()
    expect(marta.get_by_text("These segments are made with it")).to_be_visible()
    assert marta.evaluate("document.documentElement.scrollWidth") <= width
    assert findings(marta, npm_folder) == []
    marta.get_by_label("Name").fill("Birthday of VIPs")
    marta.keyboard.press("Enter")
    expect(marta.locator("#builder[data-ready]")).to_be_attached(timeout=20_000)
    expect(marta.locator(".react-flow__node")).to_have_count(9)
    assert marta.url.endswith("/journeys/birthday-of-vips/edit")
    assert complaints == []


def test_a_file_comes_in_and_a_broken_one_is_explained(
    base: str, marta: Page, complaints: list[str], tmp_path: Path, npm_folder: Path
) -> None:
    marta.goto(f"{base}/journeys/import")
    assert findings(marta, npm_folder) == []
    broken, good = tmp_path / "broken.json", tmp_path / "my_cart.json"
    broken.write_text('{"nodes": [,]}')
    good.write_text(write(starter("abandoned-cart").graph))
    marta.get_by_label("File").set_input_files(broken)
    marta.get_by_role("button", name="Import").click()
    expect(marta.get_by_role("alert")).to_contain_text("line 1, column 12")
    complaints.clear()  # the browser notes the 422
    marta.get_by_label("File").set_input_files(good)
    marta.get_by_role("button", name="Import").click()
    expect(marta.locator("#builder[data-ready]")).to_be_attached(timeout=20_000)
    assert marta.url.endswith("/journeys/my-cart/edit")
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_many_are_paused_and_tagged_by_keyboard(
    web: Web, base: str, marta: Page, complaints: list[str], npm_folder: Path, width: int
) -> None:
    published(web, "one", "two", "three")
    marta.set_viewport_size({"width": width, "height": 860})
    marta.goto(f"{base}/journeys")
    assert findings(marta, npm_folder) == []
    expect(marta.get_by_role("button", name="Pause")).to_be_hidden()
    for name in ("One", "Two"):
        marta.get_by_label(f"Tick {name}", exact=True).focus()
        marta.keyboard.press("Space")
    assert findings(marta, npm_folder) == []
    marta.get_by_role("button", name="Pause").focus()
    marta.keyboard.press("Enter")
    expect(marta.get_by_role("heading", name="Pause 2 journeys")).to_be_visible()
    assert findings(marta, npm_folder) == []
    marta.get_by_role("button", name="Pause 2").click()
    expect(marta.get_by_role("heading", name="2 of 2 paused")).to_be_visible()
    marta.get_by_role("link", name="Back to the journeys").click()
    marta.get_by_label("Tick Three", exact=True).check()
    marta.get_by_role("button", name="Tag", exact=True).click()
    marta.get_by_label("Tag", exact=True).fill("Autumn")
    marta.keyboard.press("Enter")
    expect(marta.get_by_role("heading", name="1 of 1 tagged")).to_be_visible()
    marta.goto(f"{base}/journeys?tag=Autumn")
    expect(marta.locator(".shelf .title")).to_have_text(["Three"])
    assert complaints == []


def test_a_name_is_changed_and_a_draft_deleted_in_a_dialog(
    web: Web, base: str, marta: Page, complaints: list[str], npm_folder: Path
) -> None:
    web.sign_in("marketer").post("/journeys/new", {"name": "Old"})
    web.sign_in("marketer").post("/journeys/new", {"name": "Other"})
    marta.goto(f"{base}/journeys")
    marta.get_by_label("Name, tags and more of Old").click()
    dialog = marta.get_by_role("dialog")
    assert findings(marta, npm_folder) == []
    dialog.get_by_label("Name").fill("New name")
    dialog.get_by_label("Tags").fill("a, b")
    dialog.get_by_role("button", name="Save").click()
    expect(marta.locator(".shelf .tag")).to_have_text(["a", "b"])
    marta.get_by_label("Name, tags and more of New name").click()
    dialog.get_by_role("button", name="Delete").click()
    marta.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(marta.locator(".shelf .title")).to_have_text(["Other"])
    assert complaints == []


def test_a_node_type_of_one_file_has_palette_form_card_checks_and_numbers(
    web: Web, runtime: Runtime, base: str, marta: Page, complaints: list[str]
) -> None:
    web.sign_in("marketer").post("/journeys/new", {"name": "Umbrella"})
    canvas = Canvas(marta, base, "umbrella")
    marta.locator("#first").get_by_role("button", name="Event Customers").click()
    expect(canvas.card("n1")).to_be_visible()
    marta.keyboard.press("n")
    canvas.pick("weather")
    expect(canvas.card("n2")).to_contain_text("Rain from shower on")
    canvas.saved()
    expect(marta.locator("#panel")).to_contain_text("It rains from")
    marta.locator("#panel label", has_text="Storm").click()
    expect(canvas.card("n2")).to_contain_text("Rain from storm on")
    canvas.saved()
    nodes = [
        {"id": "n1", "type": "trigger.event", "settings": {"event": "go"}},
        {"id": "n2", "type": "acme.weather", "settings": {"rain": "storm"}},
        *({"id": f"n{n}", "type": "flow.exit", "settings": {}} for n in (3, 4, 5)),
    ]
    edges = [
        {"from": "n1", "to": "n2"},
        *({"from": "n2", "port": port, "to": f"n{n}"} for n, port in ((3, "rain"), (4, "dry"), (5, "unknown"))),
    ]
    graph = from_document({"nodes": nodes, "edges": edges})
    publish(web.store, runtime.registry, "umbrella", graph, web.at, "test")
    world = World(str(web.store.engine.url.render_as_string(hide_password=False)), now=web.at)
    people = world.customers([{"attributes": {"weather": one}} for one in ("storm", "storm", "dry")])
    world.happens(people, "go")
    world.close()
    settle(runtime)
    canvas = Canvas(marta, base, "umbrella")
    expect(canvas.chip("n2:rain")).to_contain_text("2")
    expect(canvas.chip("n2:dry")).to_contain_text("1")
    assert complaints == []
