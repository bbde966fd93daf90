"""A person at mouse and keyboard who counts what they do, for flows that must stay short.

hand = Hand(page)
hand.click(page.get_by_role("button", name="Publish"))
hand.type("VIP")
assert hand.clicks == 1 and hand.keys == 3
"""

from playwright.sync_api import Locator, Page, expect

KEY, POINT, DECIDE = 0.28, 1.1, 1.35
"""Seconds of the keystroke-level model: a key or button, pointing at something, making up one's mind."""


class Hand:
    """Counts clicks (each one is pointed at first), keys and decisions; a chord is as many keys as it has."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.keys = self.decisions = 0

    def decide(self) -> None:
        """Make up one's mind about what comes next."""
        self.decisions += 1

    def click(self, what: Locator) -> None:
        """Point at something that can be seen, and click."""
        expect(what).to_be_visible()
        what.click()
        self.clicks += 1

    def choose(self, what: Locator, option: str) -> None:
        """Open a list of the browser's own, and click one of its options."""
        what.select_option(label=option)
        self.clicks += 2

    def type(self, text: str) -> None:
        """Type where the focus is."""
        self.page.keyboard.type(text)
        self.keys += len(text)

    def press(self, *keys: str) -> None:
        """Press keys one after the other; Control+a are two."""
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += len(key.split("+"))

    @property
    def seconds(self) -> float:
        """How long a person takes for all this, without waiting for the page."""
        return self.clicks * (POINT + KEY) + self.keys * KEY + self.decisions * DECIDE
