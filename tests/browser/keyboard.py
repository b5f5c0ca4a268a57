"""Somebody at a keyboard and nothing else: keys are pressed and the screen is read, never a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page

SHOWN = "#panel img"
ASKED, CLOSED = "**/reveals", "**/close"
LONGEST_WALK = 160
"""So many stops of Tab, and no page of ours has more."""
POINTED = """
for (const kind of ["pointerdown", "mousedown", "touchstart", "wheel"])
  addEventListener(kind, () => window.somebodyPointed(kind), true);
"""


def watch_for_pointers(context: BrowserContext) -> list[str]:
    """Return a list to which every use of a mouse or a finger in these pages is added."""
    pointed: list[str] = []
    context.expose_function("somebodyPointed", lambda kind: pointed.append(kind))
    context.add_init_script(POINTED)
    return pointed


def press(page: Page, keys: str) -> None:
    """Press keys one after the other: "b 3 Enter". Before the page has loaded no key does anything."""
    page.wait_for_load_state()
    for key in keys.split():
        page.keyboard.press(key)


class Keyboard:
    """Drives one page. looks: how many pictures were shown; is_holding: whether one may be shown now."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.looks = 0
        self.is_holding = False

    def press(self, keys: str) -> None:
        """Press keys one after the other, as press does."""
        press(self.page, keys)

    def types(self, text: str) -> None:
        """Type into what has the focus."""
        self.page.keyboard.type(text)

    def leads(self, keys: str, to: str | re.Pattern[str] | Callable[[str], bool]) -> None:
        """Press keys of which the last leads to another page."""
        *before, last = keys.split()
        self.press(" ".join(before))
        with self.page.expect_navigation(url=to):
            self.page.keyboard.press(last)

    def walks_to(self, text: str) -> None:
        """Press Tab until what has the focus says or is labelled by this text, else fail."""
        for _ in range(LONGEST_WALK):
            self.page.keyboard.press("Tab")
            if text in str(self.page.evaluate(_WHAT_HAS_THE_FOCUS)):
                return
        raise AssertionError(f"Tab never reaches {text!r} on {self.page.url}")

    def says(self, text: str) -> bool:
        """Say whether the page shows this text now."""
        return self.page.get_by_text(text).first.is_visible()

    def sees(self, text: str) -> None:
        """Wait until the page shows this text."""
        self.page.get_by_text(text).first.wait_for()

    def looks_at(self, keys: str) -> bool:
        """Hold keys until a picture is shown, and let go: "r", or "Shift R". False where it is refused."""
        *before, last = keys.split()
        for key in before:
            self.page.keyboard.down(key)
        self.is_holding = True
        with self.page.expect_response(ASKED) as asked:
            self.page.keyboard.down(last)
        if not asked.value.ok:
            self._let_go([*before, last])
            return False
        self.page.wait_for_function("() => document.querySelector('#panel img')?.naturalWidth > 0")
        self.looks += 1
        with self.page.expect_response(CLOSED):
            self._let_go([*before, last])
        assert self.page.locator(SHOWN).count() == 0
        return True

    def _let_go(self, held: list[str]) -> None:
        for key in reversed(held):
            self.page.keyboard.up(key)
        self.is_holding = False


_WHAT_HAS_THE_FOCUS = """() => {
    const at = document.activeElement;
    const labels = [...(at.labels ?? [])].map(each => each.textContent);
    return [at.textContent, ...labels].join(" ").replace(/\\s+/g, " ");
}"""
