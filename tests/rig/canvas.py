"""The builder in a browser: drafts to open, and hands to work on the canvas with.

canvas = Canvas(page, base, "welcome")
canvas.drag_from_palette("flow.wait", canvas.on("arrow", "hello:next"))
assert canvas.arrows()["hello:next"] == "n1"
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from builder.layout import lay_out
from builder.text import from_document, to_document
from builder.tidy import SPACE
from rig.people import add
from rig.waiting import until
from rig.web import NOON, Web
from store import draft_log
from store.drafts import draft_of, find_journey

Point = tuple[float, float]
DAY = timedelta(days=1)


def a_draft(web: Web, key: str, document: dict[str, Any], name: str = "") -> str:
    """Store a draft whose cards stand where tidying would put them; return its key."""
    nodes = document["nodes"]
    edges = [(edge["from"], edge["port"], edge["to"]) for edge in document["edges"]]
    boxes = lay_out([node["id"] for node in nodes], edges, None, SPACE).boxes
    placed = [{**node, "position": [round(boxes[node["id"]].x), round(boxes[node["id"]].y)]} for node in nodes]
    draft = to_document(from_document({**document, "nodes": placed}))
    row = {"description": "", "status": "draft", "pause_epoch": 0, "rev": 1}
    with web.store.write() as conn:
        add(conn, "journey", key=key, name=name or key, draft=draft, created_at=web.at, updated_at=web.at, **row)
    return key


class Canvas:
    """One person's builder, open at a journey."""

    def __init__(self, page: Page, base: str, key: str) -> None:
        self.page = page
        self.key = key
        page.goto(f"{base}/journeys/{key}/edit")
        expect(page.locator("#builder[data-ready]")).to_be_attached(timeout=20_000)

    def card(self, id: str) -> Locator:
        """The card of a step, or a note."""
        return self.page.locator(f'.react-flow__node[data-id="{id}"]')

    def words(self, id: str) -> Locator:
        """The words on a card: a click there opens it and hits no button."""
        return self.card(id).locator(".step-text")

    def chip(self, arrow: str) -> Locator:
        """What stands on an arrow, such as "hello:next"."""
        return self.page.locator(f'[data-edge="{arrow}"]')

    def ids(self) -> list[str]:
        """The ids of all cards and notes that are drawn."""
        found: list[str] = self.page.locator(".react-flow__node").evaluate_all(
            "all => all.map((one) => one.dataset.id)"
        )
        return found

    def saved(self) -> None:
        """Wait until everything is saved."""
        expect(self.page.locator("#saved")).to_have_attribute("data-state", "saved", timeout=15_000)
        expect(self.page.locator("#saved-words")).to_have_text("Saved")

    def middle(self, what: Locator) -> Point:
        """The middle of something on the screen, once it stands still."""
        what.scroll_into_view_if_needed()
        seen: list[Any] = []

        def is_still() -> Any:
            seen.append(what.bounding_box())
            return len(seen) > 1 and seen[-1] and seen[-1] == seen[-2] and seen[-1]

        box = until(is_still, "a place that stands still")
        return float(box["x"] + box["width"] / 2), float(box["y"] + box["height"] / 2)

    def drag(self, start: Point, end: Point, over: Callable[[], object] | None = None) -> None:
        """Press the mouse, move it and let go; `over` is called before."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + 12, start[1] + 6, steps=3)
        mouse.move(*end, steps=8)
        if over:
            over()
        mouse.up()

    def drag_from_palette(self, type: str, end: Point, over: Callable[[], object] | None = None) -> None:
        """Drag a step type from the palette."""
        self.drag(self.middle(self.page.locator(f'.palette .pick[data-type="{type}"]')), end, over)

    def pick(self, words: str) -> None:
        """Choose a step type in the list that is open."""
        search = self.page.locator(".picker input")
        expect(search).to_be_focused()
        search.fill(words)
        self.page.keyboard.press("Enter")

    def focused(self) -> str:
        """The id of the card that has the focus."""
        found: str = self.page.evaluate("document.activeElement.closest('.react-flow__node')?.dataset.id || ''")
        return found


def arrows(web: Web, key: str) -> dict[str, str]:
    """Return the arrows of the stored draft: {"node:port": node}."""
    return {f"{edge['from']}:{edge['port']}": edge["to"] for edge in stored(web, key)["edges"]}


def stored(web: Web, key: str) -> dict[str, Any]:
    """Return the stored draft."""
    with web.store.read() as conn:
        return draft_of(conn, key)


def present(web: Web, key: str) -> list[str]:
    """Return who is written down as having the journey open, by name."""
    with web.store.read() as conn:
        return sorted(one.by for one in draft_log.present(conn, find_journey(conn, key).id, since=NOON - DAY))


def findings(page: Page, npm_folder: Path) -> list[str]:
    """Return what axe-core finds serious on the page. The debugger runs it: the content policy stays as it is."""
    page.evaluate((npm_folder / "node_modules/axe-core/axe.min.js").read_text() + ";0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations)")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['html'][:200]}" for one in serious for node in one["nodes"][:3]]
