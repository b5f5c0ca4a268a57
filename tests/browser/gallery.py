"""The pictures of every page in both themes and widths: of which page each is, and all on one page."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

AXE = Axe().axe_script
"""Half a million characters, which a page that is asked again has read."""
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")

WALKED = {
    "queue": "/console/queue",
    "cases": "/console/cases",
    "case": "/console/cases/{case_id}",
    "case-free": "/console/cases/{case_id}",
    "case-settled-item": "/console/cases/{case_id}",
    "case-conversation": "/console/cases/{case_id}",
    "alike": "/console/cases/{case_id}/items/{item_id}/alike",
    "account-cases": "/console/cases/{case_id}/account",
    "find": "/console/find",
    "emergencies": "/console/emergencies",
    "emergency-asked": "/console/cases/{case_id}/emergency",
    "emergency": "/console/emergencies/{emergency_id}",
    "threads": "/console/threads",
    "authorities": "/console/authorities",
    "authority-report": "/console/authorities/{report_id}",
    "authority-report-filed": "/console/authorities/{report_id}",
    "ledger": "/console/ledger",
    "bundles": "/console/bundles",
    "lists": "/console/lists",
    "classifiers": "/console/classifiers",
    "classifier": "/console/classifiers/{name}",
    "base-rates": "/console/base-rates",
    "conflicts": "/console/conflicts",
    "support": "/console/support",
    "support-text": "/console/support/{text_id}",
    "policy": "/console/policy",
    "policy-version": "/console/policy/{version}",
    "overview": "/console/overview",
    "webhooks": "/console/webhooks",
    "jobs": "/console/jobs",
    "audit": "/console/audit",
    "people": "/console/people",
    "keys": "/console/keys",
    "account": "/console/account",
    "exposure": "/console/exposure",
    "exposure-of": "/console/exposure/of/{user_id}",
    "confirm": "/console/confirm",
}
"""Pages that somebody who may do everything walks through, by the name of their picture."""

OTHERS = {
    "sign-in": "/console/sign-in",
    "second-step": "/console/sign-in/second",
    "account-app": "/console/account/app",
    "bulk": "/console/bulk/{bulk_id}",
    "portal-report": "/report",
    "portal-appeal": "/appeal",
    "portal-status": "/report/status",
    "portal-transparency": "/transparency",
}
"""Pages that are pictured on the way to somewhere else."""

NO_PAGES = {
    "/": "leads to the first page",
    "/console": "leads there as well",
    "/favicon.ico": "a drawing",
    "/static/{version}/{path:path}": "what pages are made of",
    "/blank": "an empty page, for leaving quickly",
    "/transparency/lists.json": "the figures of a page, for programs",
    "/transparency/technology.json": "the same",
    "/transparency/figures.json": "the same",
    "/console/overview.csv": "the figures of a page, for spreadsheets",
    "/console/overview.json": "the figures of a page, for programs",
}
"""What answers to GET and is nothing to look at, each with its reason."""


CUT_OFF = """() => [...document.querySelectorAll("kbd")]
    .filter(key => key.scrollWidth > key.clientWidth + 1)
    .map(key => key.parentElement.textContent.trim())"""
TOUCHING = """() => [...document.querySelectorAll(".button + .button, .button + form .button")]
    .map(after => [after, after.previousElementSibling ?? after.closest("form").previousElementSibling])
    .map(pair => pair.map(each => each.getBoundingClientRect()).concat(pair[0]))
    .filter(([after, before]) => after.height > 0 && before.height > 0
        && after.top >= before.bottom - 1 && after.top < before.bottom + 3)
    .map(([after, before, button]) => button.textContent.trim())"""

SETTLED = """() => Promise.allSettled(document.getAnimations().map(each => each.finished))"""
"""Buttons take a moment to change their colours, also when the theme does: what is half-way has neither."""
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe whose answer hangs on the theme."""

REFUSED = "Protocol error (Page.captureScreenshot): Unable to capture screenshot"


def is_of(route: str, address: str) -> bool:
    """Say whether an address is one of this route."""
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route))
    return re.fullmatch(pattern, urlsplit(address).path) is not None


def take(page: Page, name: str, *, whole: bool = True) -> None:
    """Put a picture of the page among the others, the whole page or what the screen shows of it.

    A browser that is pressed for time may refuse one; it is asked up to three times. Other errors are raised.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for left in (2, 1, 0):
        try:
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)
        except Error as error:
            if left and REFUSED in error.message:
                continue
            raise
        return


def look_at(page: Page, name: str, *, whole: bool = True) -> list[str]:
    """Take a picture; return what is wrong: what axe finds, what is cut off, touches or is too wide."""
    take(page, name, whole=whole)
    wrong = found_by_axe(page, name)
    wrong += [f"{name}: the key of {each!r} is cut off" for each in page.evaluate(CUT_OFF)]
    wrong += [f"{name}: {each!r} touches the button above" for each in page.evaluate(TOUCHING)]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wrong + ([f"{name}: {wide} px too wide"] if wide > 0 else [])


def look_in_both_themes(page: Page, name: str, *, whole: bool = True) -> list[str]:
    """Look at the page in each theme, by the names NAME-light and NAME-dark, without loading it again.

    What does not hang on colours is the same in both, and asked of the first. The page stays in the last.
    """
    first, *others = THEMES
    page.emulate_media(color_scheme=first)
    wrong = look_at(page, f"{name}-{first}", whole=whole)
    for theme in others:
        page.emulate_media(color_scheme=theme)
        take(page, f"{name}-{theme}", whole=whole)
        wrong += _broken(page, f"{name}-{theme}", {"runOnly": OF_COLOURS})
    return wrong


def found_by_axe(page: Page, name: str = "") -> list[str]:
    """Return what breaks a rule of axe: the rule, and where."""
    page.evaluate(AXE)
    return _broken(page, name, {})


def _broken(page: Page, name: str, options: dict[str, Any]) -> list[str]:
    page.evaluate(SETTLED)
    # What was passed is left where it is: bringing it here takes a quarter as long as finding out.
    question = "options => axe.run(options).then(told => told.violations)"
    found = page.evaluate(question, {"resultTypes": ["violations"], **options})
    return [f"{name}: {each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


def write_index() -> None:
    """Write a page with every picture that is there, to be opened from the folder."""
    pictures = sorted(path.name for path in SCREENSHOTS.glob("*.png"))
    if not pictures:
        return
    shown = "".join(
        f'<figure><a href="{html.escape(name)}"><img src="{html.escape(name)}" loading="lazy" alt=""></a>'
        f"<figcaption>{html.escape(name.removesuffix('.png'))}</figcaption></figure>\n"
        for name in pictures
    )
    style = (
        "body{display:flex;flex-wrap:wrap;gap:16px;font:14px sans-serif;background:#888}"
        "figure{margin:0}img{max-width:320px;max-height:480px;display:block}"
    )
    head = f"<!doctype html><meta charset=utf-8><title>Every page</title><style>{style}</style>\n"
    (SCREENSHOTS / "index.html").write_text(head + shown, encoding="utf-8")
