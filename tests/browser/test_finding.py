"""Ctrl-K over any page finds any id and does what the page can do; what was filled in stays."""

from __future__ import annotations

from uuid import uuid4

import pytest
from site_under_test import ANN

pytestmark = pytest.mark.browser


def opened(page) -> str:
    """Take the next case, and return its address."""
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/*")
    return page.url.partition("?")[0]


def test_an_id_is_found_over_a_half_filled_form_which_stays_as_it_was(site, visit) -> None:
    site.upload(1, account="account-1")
    other = site.upload(2, account="account-2")
    page = visit(ANN)
    opened(page)
    page.keyboard.press("b")
    page.keyboard.press("Control+k")
    page.keyboard.type(str(other.item_id))
    page.keyboard.press("Enter")
    hit = page.locator("#palette #found a")
    hit.wait_for()
    assert page.evaluate("document.activeElement === document.querySelector('#palette #found a')")
    page.keyboard.press("Escape")
    assert page.locator("input[type=radio]:checked").count() == 1
    page.keyboard.press("Control+k")
    page.keyboard.type(str(other.item_id))
    page.keyboard.press("Enter")
    hit.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**?item={other.item_id}")
    assert str(other.item_id) in page.locator("main").inner_text()


def test_an_id_that_leads_nowhere_is_said_to(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    page.keyboard.press("Control+k")
    page.keyboard.type(str(uuid4()))
    page.keyboard.press("Enter")
    page.get_by_text("Nothing that you may see is called so.").wait_for()


def test_a_word_does_what_the_pages_control_of_that_name_does(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    page.keyboard.press("Control+k")
    page.keyboard.type("time with")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/exposure")


def test_without_scripts_the_page_of_the_search_leads_to_the_one_case(site, visit) -> None:
    answer = site.upload(1, account="account-9")
    page = visit(ANN, script=False)
    page.goto("/console/find")
    page.get_by_label("A number, an id").fill("account-9")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/console/cases/*")
    assert str(answer.item_id) in page.locator("main").inner_text()
    assert "account-9" not in page.url
    page.get_by_role("link", name="account account-9").click()
    page.wait_for_url("**/account")
    assert page.get_by_role("heading", name="Account account-9").is_visible()
    assert page.get_by_text("this one").is_visible()


def test_what_was_looked_for_is_on_record_without_what_was_typed(site, visit) -> None:
    site.upload(1, account="account-9")
    page = visit(ANN)
    page.goto("/console/find")
    page.get_by_label("A number, an id").fill("account-9")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/*")
    case_id = page.url.partition("?")[0].rpartition("/")[2]
    with site.machinery.database.begin() as tx:
        rows = tx.driver.execute("select detail::text from audit_record where verb = 'case.find'").fetchall()
    assert len(rows) == 1
    assert case_id in rows[0][0]
    assert "account-9" not in rows[0][0]
