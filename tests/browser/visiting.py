"""Coming to the console: signing in, and hearing what the browser complains of."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page
from site_under_test import PASSWORD


def note_complaints(page: Page, complaints: list[str]) -> None:
    """Add to these what the browser complains of on a page: a script that throws, what the policy refused."""

    def note(message: ConsoleMessage) -> None:
        # A refusal that the page asked for and handles is no complaint.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def sign_in(page: Page, name: str) -> None:
    """Sign in with the keyboard."""
    page.goto("/console/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
