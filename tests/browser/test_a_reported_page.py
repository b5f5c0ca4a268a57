"""What somebody reported, as an analyst sees it: an address that leads nowhere, and a way to close it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from site_under_test import ANN

from safehold.app import wiring
from safehold.intake import inbound_reports

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ADDRESS = "https://example.org/gallery?<b>page</b>=2"


def reported(site: Any) -> str:
    """Report a page as the public does, let it be taken in, and return its code."""
    program = site.machinery
    told = inbound_reports.read(
        address=ADDRESS, seen="child_images", statement="<i>At the bottom.</i>", contact=""
    )
    with program.database.begin() as tx:
        code = inbound_reports.receive(tx, told, vault=program.vault, now=program.clock())
    take_in(site)
    return code


def take_in(site: Any) -> None:
    wiring.take_in_reports(site.machinery)
    site.follow()


def test_a_reported_page_is_shown_as_text_and_closed_with_a_key(visit: Any, site: Any) -> None:
    code = reported(site)
    page = visit(ANN)
    page.goto("/console/queue")
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_role("heading", name="What somebody wrote").wait_for()
    assert page.get_by_text(ADDRESS, exact=True).is_visible()
    assert page.get_by_text("<i>At the bottom.</i>", exact=True).is_visible()
    assert page.locator("a[href*='example.org']").count() == 0
    assert page.get_by_text("A page that somebody reported").is_visible()
    assert page.locator("#panel").count() == 0
    with site.machinery.database.begin() as tx:
        [item_id] = tx.driver.execute("select id from item").fetchone()
    assert page.locator(".id").inner_text() == str(item_id)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "case-reported-page.png", full_page=True)
    assert Axe().run(page).response["violations"] == []

    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    take_in(site)

    with site.machinery.database.begin() as tx:
        assert inbound_reports.state_of(tx, code) is inbound_reports.ReportState.LOOKED_AT
