"""What somebody reported, as an analyst sees it: an address that leads nowhere, and a way to close it."""

from __future__ import annotations

from typing import Any

import pytest
from gallery import found_by_axe, take
from site_under_test import ANN

from safehold.app import wiring
from safehold.intake import inbound_reports
from safehold.model.ids import ItemId
from safehold.storage import reported_items

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
    words = page.get_by_text("<i>At the bottom.</i>", exact=True)
    assert not words.is_visible()
    page.keyboard.press(".")
    page.keyboard.press("w")
    assert words.is_visible()
    assert page.locator("a[href*='example.org']").count() == 0
    assert page.get_by_text("A page that somebody reported").is_visible()
    assert page.locator("#panel").count() == 0
    with site.machinery.database.begin() as tx:
        [item_id] = tx.driver.execute("select id from item").fetchone()
    assert page.locator(".id").inner_text() == str(item_id)
    take(page, "case-reported-page")
    assert found_by_axe(page) == []

    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    take_in(site)

    with site.machinery.database.begin() as tx:
        assert inbound_reports.state_of(tx, code) is inbound_reports.ReportState.LOOKED_AT


def reported_with(site: Any, *items: ItemId) -> None:
    """Report a page that shows these items, as a platform does."""
    program = site.machinery
    reported_page = inbound_reports.read(address=ADDRESS, seen="child_images", statement="", contact="")
    with program.database.begin() as tx:
        inbound_reports.receive(tx, reported_page, vault=program.vault, now=program.clock())
        [report_id] = tx.driver.execute("select id from inbound_report").fetchone()
        reported_items.insert(tx, report_id, items)
    take_in(site)


@pytest.mark.parametrize("script", [True, False])
def test_a_page_and_what_it_shows_are_assessed_in_one_sitting(visit: Any, site: Any, script: bool) -> None:
    shown = [ItemId(site.upload(seed).item_id) for seed in (1, 2, 3)]
    reported_with(site, *shown)
    page = visit(ANN, script=script)
    page.goto("/console/queue")
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_role("link", name="The page that shows this").click()
    page.get_by_role("heading", name="Your assessment of the whole page").wait_for()
    assert page.get_by_role("group", name="What the page shows").get_by_role("row").count() == 4

    if script:
        for name, theme, width in (("", "light", 1280), ("-dark-phone", "dark", 390)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": 844})
            assert found_by_axe(page) == []
            take(page, f"case-sitting{name}")
        page.keyboard.press("b")
        page.keyboard.press("h")
        page.keyboard.press(".")
        page.keyboard.press("i")
        assert page.get_by_label("Finding of item 1").evaluate("each => each === document.activeElement")
        page.keyboard.type("Category C")
        page.keyboard.press("Escape")
    else:
        page.get_by_label("Category B").check()
        page.get_by_label("What is left open below is the same as the page").check()
        page.get_by_label("Finding of item 1").select_option(label="Category C")
    page.get_by_role("button", name="File and open the next").click()
    page.wait_for_url("**done=*")
    take_in(site)

    with site.machinery.database.begin() as tx:
        found = dict(tx.driver.execute("select item_id, category from outcome").fetchall())
    assert sorted(found.values()) == ["B", "B", "B", "C"]
    assert found[shown[0]] == "C"


def test_a_row_that_does_not_fit_the_page_is_named_and_nothing_is_lost(visit: Any, site: Any) -> None:
    reported_with(site, ItemId(site.upload(1).item_id))
    page = visit(ANN)
    page.goto("/console/queue")
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_role("link", name="The page that shows this").click()
    page.get_by_label("Category C").check()
    page.get_by_label("Finding of item 1").select_option(label="Category A")
    page.get_by_role("button", name="File and open the next").click()
    page.get_by_text("Something on the page was found more severe than the page.").first.wait_for()
    assert page.get_by_label("Finding of item 1").input_value() == "illegal:A"
    assert found_by_axe(page) == []
