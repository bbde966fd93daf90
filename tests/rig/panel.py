"""Hands for the builder's panel: they work on its controls as a person does, by what the labels say.

panel = Panel(canvas)
id = panel.add("flow.wait")
panel.write("How long", "3")
panel.select("Unit", "Hours")
assert panel.shows("Wait 3 hours")
"""

import re

from playwright.sync_api import Locator, Page, expect

from rig.canvas import Canvas


class Panel:
    """The form of the step that is open; with `row`, one of its repeating rows."""

    def __init__(self, canvas: Canvas, row: Locator | None = None) -> None:
        self.canvas = canvas
        self.page: Page = canvas.page
        self.form = row or self.page.locator("#panel-form form")

    def add(self, type: str) -> str:
        """Add a step from the palette, beside all others; return its id when its form is there."""
        before = set(self.canvas.ids())
        self.page.locator("#panel-title").press("Escape") if self.page.locator("#panel").is_visible() else None
        pick = self.page.locator(f'.palette .pick[data-type="{type}"]')
        pick.click()
        expect(self.page.locator("#panel-title")).to_have_text(pick.locator("b").inner_text())
        expect(self.form).to_be_visible()
        (id,) = set(self.canvas.ids()) - before
        return id

    def field(self, label: str) -> Locator:
        """The control that a label belongs to."""
        return self.form.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(\*|\(optional\))?\s*$")).locator(
            "visible=true"
        )

    def write(self, label: str, text: str) -> None:
        """Type into a field and leave it."""
        field = self.field(label)
        field.fill(text)
        field.press("Tab")

    def choose(self, label: str, typed: str, row: str = "") -> None:
        """Type into a picker, and take the row of these words; without words what was typed counts itself."""
        picker = self.field(label)
        picker.click()
        picker.press("ControlOrMeta+a")
        self.page.keyboard.type(typed)
        if row:
            self.page.get_by_role("option", name=row).first.click()
            expect(self.page.get_by_role("listbox")).to_be_hidden()
        else:
            picker.press("Enter")

    def clear(self, label: str) -> None:
        """Empty a picker."""
        picker = self.field(label)
        picker.fill("")
        picker.press("Tab")

    def select(self, label: str, option: str) -> None:
        """Take an option of a list."""
        self.field(label).select_option(label=option)

    def option(self, label: str, choice: str) -> None:
        """Take one of a few options that stand side by side."""
        group = self.form.get_by_role("group", name=label)
        group.get_by_label(choice, exact=True).check()

    def around(self, label: str, amount: str, way: str) -> None:
        """Set a distance from a date: so many days before or after it."""
        field = self.form.locator(".field", has=self.page.get_by_text(label, exact=True))
        field.locator(".around select").select_option(label=way)
        expect(field.locator(".around input[inputmode]")).to_be_visible()
        self.write(label, amount)

    def tick(self, label: str) -> None:
        """Turn a box on or off."""
        self.field(label).click()

    def press(self, button: str) -> None:
        """Press a button, and wait for what it does."""
        with self.page.expect_response(re.compile(r"/settings$")):
            self.form.get_by_role("button", name=button, exact=True).click()

    def row(self, number: int) -> "Panel":
        """One of the repeating rows, opened if it is folded."""
        row = self.form.locator(".row-box").nth(number)
        expect(row).to_be_visible()
        if row.locator("details.row-fold:not([open])").count():
            row.locator("summary").first.click()
        return Panel(self.canvas, row)

    def says(self, words: str) -> None:
        """Wait until the form says something."""
        expect(self.page.locator("#panel-form form")).to_contain_text(words)

    def ways(self) -> list[str]:
        """What the ways out of the step are called."""
        return [one.strip() for one in self.page.locator("#panel-next .next label").all_inner_texts()]
