"""What people write down about reports to authorities: the checklist, and what they are asked."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from gallery import SIZES, found_by_axe, look_in_both_themes
from playwright.sync_api import expect
from reporting import AUDITOR, LEAD, LEGAL, add_people, asked, confirmed, opened, press
from site_under_test import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def staffed(quiet_site):
    """A site that reports to an agency by hand, with a reader, which alone opens what people enter."""
    add_people(quiet_site)
    return quiet_site


@pytest.fixture
def site(staffed):
    return staffed


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
    assert found_by_axe(page) == []
    press(page, "g t")
    page.wait_for_url("**/console/authorities")
    expect(page.get_by_role("heading", name="Questions to answer")).to_be_visible()
    assert found_by_axe(page) == []
    page.locator("tbody tr").filter(has_text="Q-1").get_by_role("link").click()
    page.wait_for_url("**#questions")
    expect(page.get_by_role("heading", name="What they ask")).to_be_visible()
    press(page, "a")
    page.keyboard.type("by mail, NCA-4711/2")
    press(page, "Enter")
    page.wait_for_url("**done=authority-answered")
    expect(page.locator("#questions")).to_contain_text("by mail, NCA-4711/2")
    assert asked(site, "select answer from authority_question") == [("by mail, NCA-4711/2",)]


def downloads(page) -> list[bytes]:
    """Download the pack in each of its forms; of the zip, what it holds for machines."""
    taken = []
    for name, kind in (("to read and print", "html"), ("for machines", "json"), ("Download the pack", "zip")):
        with page.expect_download() as downloading:
            page.get_by_role("button", name=name).click()
        assert downloading.value.suggested_filename.endswith(f".{kind}")
        taken.append(downloading.value.path().read_bytes())
    with ZipFile(BytesIO(taken.pop())) as archive:
        assert archive.namelist() == ["pack.json", "pack.html"]
        return [*taken, archive.read("pack.json")]


def test_the_checklist_is_filled_in_by_keyboard_and_without_a_script_and_says_who_did(site, visit) -> None:
    confirmed(site, visit, seed=2)
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
    assert found_by_axe(page) == []
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


def test_the_pack_is_downloaded_in_each_form_by_whoever_may_send_the_report_and_nobody_else(
    site, visit
) -> None:
    confirmed(site, visit, seed=3)
    page = visit(LEGAL, script=False)
    page.goto("/console/authorities")
    page.get_by_role("link", name="Open the one that is due first").click()
    page.get_by_label("Fill in").select_option("billing")
    page.get_by_role("textbox", name="The value, or why it is not held").fill("a card that ends with 42")
    page.get_by_role("button", name="Write it down").click()
    for data in downloads(page):
        assert b"a card that ends with 42" in data
    packed = "select count(*) from audit_record where verb = 'authority_report.pack'"
    assert asked(site, packed) == [(3,)]
    auditor = visit(AUDITOR)
    auditor.goto(page.url)
    expect(auditor.get_by_role("button", name="Download the pack")).to_have_count(0)
    token = auditor.locator("input[name=form_token]").first.get_attribute("value")
    report = page.url.partition("?")[0]
    refused = auditor.request.post(
        f"{report}/pack", form={"form": "zip", "form_token": token}, headers={"origin": site.url}
    )
    assert (refused.status, asked(site, packed)) == (403, [(3,)])


def test_what_was_taken_there_is_read_again_after_a_proof_and_nothing_of_it_stays(site, visit) -> None:
    confirmed(site, visit, seed=4)
    page = visit(LEGAL)
    opened(page)
    report = page.url.partition("?")[0]
    with page.expect_download():
        press(page, "d")
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    card = page.locator("section").filter(has=page.get_by_role("heading", name="What was sent"))
    expect(card.get_by_role("button")).to_have_count(0)
    card.get_by_role("link", name="Confirm that it is you").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**done=confirmed")
    with page.expect_response(f"{report}/sent") as answered:
        press(page, "s")
    assert answered.value.headers["cache-control"] == "no-store"
    expect(page.get_by_role("heading", name="The pack that somebody took there").first).to_be_visible()
    expect(page.get_by_text("byte for byte what was put on record then").first).to_be_visible()
    expect(page.get_by_text("duty@hillside.example").first).to_be_visible()
    expect(page.get_by_text("A person carries this one there")).to_be_visible()
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        assert look_in_both_themes(page, f"authority-sent-{size}") == []
    press(page, "b")
    page.wait_for_url(report)
    read = "select count(*) from audit_record where verb = 'authority_report.reread'"
    assert asked(site, read) == [(1,)]
    # Nobody comes to it by an address, an old form or another role.
    page.goto(f"{report}/sent")
    expect(page.get_by_text("duty@hillside.example")).to_have_count(0)
    for name in (AUDITOR, LEAD):
        other = visit(name)
        other.goto(report)
        expect(other.get_by_role("button", name="Read again what was sent")).to_have_count(0)
        token = other.locator("input[name=form_token]").first.get_attribute("value")
        answer = other.request.post(
            f"{report}/sent", form={"form_token": token}, headers={"origin": site.url, "referer": report}
        )
        assert "duty@hillside.example" not in answer.text()
    assert asked(site, read) == [(1,)]
