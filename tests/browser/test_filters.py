"""Filters and many cases at once in the browser: by keyboard, without script, on a phone, in both themes."""

from __future__ import annotations

import pytest
from gallery import SIZES, look_in_both_themes
from keyboard import press
from site_under_test import ANN

from safehold.model.permissions import Role

pytestmark = pytest.mark.browser

LEA = "lead-1"


@pytest.fixture
def three(site):
    """Upload what becomes three cases, and add a lead."""
    site.add_person(LEA, Role.LEAD)
    for seed in (1, 2, 3):
        site.upload(seed, account=f"account-{seed}")
    return site


def sql(site, statement: str) -> list:
    with site.machinery.database.session() as connection:
        answer = connection.exec_driver_sql(statement)
        return list(answer) if answer.returns_rows else []


def test_a_filter_is_chosen_saved_and_reached_from_any_page_by_keyboard(three, visit) -> None:
    page = visit(ANN)
    page.goto("/console/queue")
    press(page, "f")
    page.wait_for_url("**/console/cases")
    assert page.locator("tbody tr").count() == 3
    page.get_by_label("Who works on it").focus()
    page.keyboard.type("nobody")
    page.get_by_role("button", name="Show these cases").focus()
    press(page, "Enter")
    page.wait_for_url("**/console/cases?**held=nobody**")
    press(page, "s")
    page.keyboard.type("Free <b>ones</b>")
    press(page, "Enter")
    page.get_by_text("Saved. It stands by its name").wait_for()
    assert "Free" not in page.url
    page.goto("/console/lists")
    press(page, "Control+k")
    page.keyboard.type("free <b")
    press(page, "Enter")
    hit = page.locator("#palette #found a")
    hit.wait_for()
    assert hit.inner_text() == "Free <b>ones</b>"
    press(page, "Enter")
    page.wait_for_url("**/console/cases?held=nobody")
    page.goto("/console/queue")
    press(page, "v 1")
    page.wait_for_url("**/console/cases?held=nobody")
    assert page.locator("tbody input[type=checkbox]").count() == 0


def test_a_lead_chooses_all_sees_the_count_confirms_and_takes_it_back_by_keyboard(three, visit) -> None:
    held = visit(ANN)
    held.goto("/console/queue")
    press(held, "Enter")
    held.wait_for_url("**/console/cases/*")
    page = visit(LEA)
    page.goto("/console/cases")
    press(page, "a d")
    page.keyboard.type("Let a lead")
    press(page, "Escape Enter")
    page.wait_for_url("**/console/bulk/*")
    assert page.get_by_role("heading", name="Let a lead take them: 2 cases").is_visible()
    assert "1, somebody else works on it" in page.locator("main").inner_text()
    assert sql(three, "select count(*) from review_case where for_lead")[0][0] == 0
    press(page, "Enter")
    page.get_by_text("Over since").wait_for()
    assert sql(three, "select count(*) from review_case where for_lead")[0][0] == 2
    page.get_by_role("button", name="Take it back").focus()
    press(page, "Enter")
    page.get_by_role("heading", name="Let everybody take them again: 2 cases").wait_for()
    press(page, "Enter")
    page.get_by_text("Over since").wait_for()
    assert sql(three, "select count(*) from review_case where for_lead")[0][0] == 0


def test_without_any_script_a_note_is_left_in_the_chosen_cases_and_what_changed_meanwhile_is_said(
    three, visit
) -> None:
    page = visit(LEA, script=False)
    page.goto("/console/cases")
    page.get_by_role("button", name="See what would happen").click()
    assert page.url.endswith("/console/cases")
    for box in page.locator("tbody input[type=checkbox]").all()[:2]:
        box.check()
    page.locator("[name=what]").select_option("note")
    page.get_by_role("button", name="See what would happen").click()
    assert page.get_by_role("alert").get_by_text("Words: 1 to 2000 characters.").is_visible()
    assert page.locator("tbody input:checked").count() == 2
    page.locator("[name=words]").fill("<i>Ask</i> the platform first.")
    page.get_by_role("button", name="See what would happen").click()
    assert page.get_by_text("<i>Ask</i> the platform first.").is_visible()
    [first] = sql(
        three,
        "update review_case set revision = revision + 1 where id ="
        " (select case_id from bulk_case order by case_id limit 1) returning number",
    )
    page.get_by_role("button", name="Do it with 2 cases").click()
    text = page.locator("main").inner_text()
    assert f"1, it has changed since you chose it: {first.number}" in text
    assert sql(three, "select count(*) from case_note")[0][0] == 1


def test_a_filter_that_cannot_be_read_shows_no_case_and_says_which_field(three, visit) -> None:
    page = visit(LEA)
    dates = ("open=yesterday", "open=2026-02-30", "due=-1", "due=1e3", "due=99999")
    for query in ("surface=nowhere", "list=x", "need=x", "queue=words+of+somebody", *dates):
        answer = page.goto(f"/console/cases?{query}")
        assert answer is not None
        assert answer.status == 422
        assert page.get_by_role("alert").get_by_text("hoose one of those that are there.").is_visible()
        assert page.locator("tbody tr").count() == 0
        assert "words of somebody" not in page.locator("main").inner_text()


def test_a_filter_that_finds_nothing_says_so_after_a_name_was_refused_too(site, visit) -> None:
    page = visit(ANN)
    page.goto("/console/cases")
    assert page.get_by_text("No open case that you may see is so.").is_visible()
    page.locator("[name=name]").fill(" ")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_text("No open case that you may see is so.").is_visible()
    page.goto("/console/cases?surface=nowhere")
    assert page.get_by_text("the filter could not be read").is_visible()


def test_an_analyst_may_not_arrange_many_cases_and_nobody_opens_what_another_asked(three, visit) -> None:
    lead, page = visit(LEA), visit(ANN)
    lead.goto("/console/cases")
    press(lead, "a d")
    lead.keyboard.type("Let a lead")
    press(lead, "Escape Enter")
    lead.wait_for_url("**/console/bulk/*")
    answer = page.goto(lead.url)
    assert answer is not None
    assert answer.status == 403
    token = page.locator("meta[name=form-token]").get_attribute("content")
    for path in ("/console/bulk", lead.url + "/carry-out"):
        sent = page.context.request.post(path, form={"form_token": token, "what": "note", "all": "yes"})
        assert sent.status == 403


@pytest.mark.parametrize("size", list(SIZES))
def test_filters_and_what_is_asked_of_many_cases_are_accessible_and_whole(three, visit, size: str) -> None:
    page = visit(LEA, size=SIZES[size])
    page.goto("/console/cases?need=25&why=vetted&queue=test")
    page.locator("[name=name]").fill("What comes first")
    press(page, "Enter")
    page.get_by_text("Saved. It stands").wait_for()
    wrong = look_in_both_themes(page, f"filter-{size}")
    press(page, "f")
    wrong += look_in_both_themes(page, f"filter-choosing-{size}")
    press(page, "a d")
    page.keyboard.type("Leave a note")
    page.locator("[name=words]").fill("A note.")
    page.get_by_role("button", name="See what would happen").click()
    page.wait_for_url("**/console/bulk/*")
    wrong += look_in_both_themes(page, f"bulk-asked-{size}")
    press(page, "Enter")
    page.get_by_text("Over since").wait_for()
    wrong += look_in_both_themes(page, f"bulk-{size}")
    page.goto("/console/queue")
    wrong += look_in_both_themes(page, f"queue-with-filters-{size}")
    assert wrong == []
