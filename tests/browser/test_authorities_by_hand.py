"""What people write down about reports to authorities: the checklist, and what they are asked."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from reporting import AUDITOR, LEAD, LEGAL, add_people, asked, confirmed, opened, press
from site_under_test import AUTHORITIES, running_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(fresh_database_url, tmp_path):
    """A site that reports to an agency by hand, with a reader, which alone opens what people enter."""
    more = {"authorities": AUTHORITIES}
    with running_site(tmp_path, fresh_database_url, looking=True, more=more) as running:
        add_people(running)
        yield running


def test_what_they_ask_is_written_down_counted_down_and_answered_by_keyboard(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    press(page, "t")
    page.keyboard.type("NCA-4711")
    press(page, "Enter")
    page.wait_for_url("**done=authority-filed")
    press(page, "q")
    page.keyboard.type("Q-1")
    press(page, "Tab")
    page.keyboard.type("soon")
    press(page, "Enter")
    expect(page.get_by_label("When it came")).to_be_focused()
    expect(page.get_by_label("What they call the question")).to_have_value("Q-1")
    page.get_by_label("When it came").fill(site.machinery.clock().isoformat())
    press(page, "Enter")
    page.wait_for_url("**done=authority-asked")
    expect(page.locator("#questions")).to_contain_text("in 6 days")
    assert Axe().run(page).response["violations"] == []
    press(page, "g t")
    page.wait_for_url("**/console/authorities")
    expect(page.get_by_role("heading", name="Questions to answer")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.locator("tbody tr").filter(has_text="Q-1").get_by_role("link").click()
    page.wait_for_url("**#questions")
    expect(page.get_by_role("heading", name="What they ask")).to_be_visible()
    press(page, "a")
    page.keyboard.type("by mail, NCA-4711/2")
    press(page, "Enter")
    page.wait_for_url("**done=authority-answered")
    expect(page.locator("#questions")).to_contain_text("by mail, NCA-4711/2")
    assert asked(site, "select answer from authority_question") == [("by mail, NCA-4711/2",)]


def test_the_checklist_is_filled_in_by_keyboard_and_without_a_script_and_says_who_did(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    report = page.url
    press(page, "v")
    page.keyboard.type("The account's phone")
    press(page, "Tab Tab")
    page.keyboard.type("no number")
    press(page, "Tab Enter")
    expect(page.get_by_text("line 1: a phone number").first).to_be_visible()
    expect(page.get_by_role("combobox", name="Fill in")).to_have_value("phone")
    assert Axe().run(page).response["violations"] == []
    wrong = page.get_by_role("textbox", name="The value, or why it is not held")
    expect(wrong).to_be_focused()
    wrong.fill("+44 20 7946 0000")
    press(page, "Tab Enter")
    page.wait_for_url("**done=authority-filled")
    row = page.locator("tbody tr").filter(has_text="The account's phone number")
    expect(row).to_contain_text("+44 20 7946 0000")
    expect(row).to_contain_text("entered by you")
    plain = visit(LEAD, script=False)
    plain.goto(report)
    row = plain.locator("tbody tr").filter(has_text="The account's phone number")
    row.get_by_role("link", name="Change").click()
    field = plain.get_by_role("textbox", name="The value, or why it is not held")
    expect(field).to_have_value("+44 20 7946 0000")
    plain.get_by_label("It is not held: why").check()
    field.fill("they never gave one")
    plain.get_by_role("button", name="Write it down").click()
    row = plain.locator("tbody tr").filter(has_text="The account's phone number")
    expect(row).to_contain_text("they never gave one")
    expect(row).to_contain_text("not held")
    # Who may not send the report sees that there is something, and not what.
    auditor = visit(AUDITOR)
    auditor.goto(report)
    expect(auditor.get_by_text("entered by hand, and sealed")).to_be_visible()
    expect(auditor.get_by_text("they never gave one")).to_have_count(0)
    expect(auditor.get_by_role("button", name="Write it down")).to_have_count(0)
