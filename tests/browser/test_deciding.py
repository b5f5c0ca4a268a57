"""A case from the queue to its outcome, by keyboard alone, and what a person can do besides."""

from __future__ import annotations

import pytest
from keyboard import press
from site_under_test import ANN, UNVETTED_SEED

from safehold.app import proposals
from safehold.model.assessment import AgeBand, Category, Finding, MadeBy, Sex, Tier
from safehold.model.permissions import Role
from safehold.review.appeals import receive_appeal
from safehold.review.facts import facts, standing_of_item

pytestmark = pytest.mark.browser


def view_of(site, item_id, viewer=None):
    with site.machinery.database.begin() as tx:
        case_id = standing_of_item(tx, item_id).case_id
        return facts(tx, case_id, viewer=viewer)


def test_an_analyst_takes_a_case_decides_and_gets_the_next_by_keyboard_alone(site, visit) -> None:
    first = site.upload(1, account="account-1")
    site.upload(2, account="account-2")
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    opened = page.get_by_role("heading", level=1).inner_text()
    assert page.locator("input[type=radio]:checked").count() == 0
    press(page, "b 3 f x Shift+C h")
    page.keyboard.type("2")
    press(page, "Escape Enter")
    page.wait_for_url("**/console/cases/*done=filed")
    assert page.get_by_role("heading", level=1).inner_text() != opened
    assert page.get_by_text("Filed. Here is what comes next.").is_visible()
    site.follow()
    [item] = view_of(site, first.item_id).items
    assert item.outcome is not None
    assert (item.outcome.finding, item.outcome.category) == (Finding.ILLEGAL, Category.B)
    [filed] = item.assessments
    assert filed.tier is Tier.NONE
    form = filed.form
    assert (form.age_band, form.sex, form.count, form.made_by) == (
        AgeBand.FROM_7_TO_10,
        Sex.GIRLS,
        2,
        MadeBy.CAMERA,
    )


def test_a_form_without_a_finding_is_not_filed_and_keeps_what_was_chosen(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "3 Enter")
    page.get_by_role("alert").filter(has_text="Finding: choose one").wait_for()
    assert page.locator("input[type=radio]:checked").count() == 0
    press(page, "n Enter")
    page.wait_for_url("**/console/queue?done=empty")


def test_what_stays_open_is_filed_as_unknown(site, visit) -> None:
    answer = site.upload(3)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "b Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    [item] = view_of(site, answer.item_id).items
    [filed] = item.assessments
    assert (filed.form.age_band, filed.form.sex, filed.form.count) == (AgeBand.UNKNOWN, Sex.UNKNOWN, None)


def test_what_a_vetted_list_knows_is_not_let_go_unseen_and_the_page_says_why(site, visit) -> None:
    answer = site.upload(3)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    assert page.get_by_text("To let it go takes a clear view, or a second person.").is_visible()
    address = page.url
    press(page, "n Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(address)
    assert page.get_by_text("It must be seen clearly before it can be settled.").is_visible()
    [item] = view_of(site, answer.item_id).items
    assert item.outcome is None
    assert item.is_held


def test_passing_takes_two_keys_and_the_case_is_not_offered_again(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "p")
    assert page.evaluate("document.activeElement.textContent") == "Not now"
    press(page, "Enter")
    page.wait_for_url("**/console/queue?done=passed")
    press(page, "Enter")
    page.wait_for_url("**/console/queue?done=nothing")


def test_a_case_that_somebody_holds_can_be_read_and_not_decided_by_others(site, visit) -> None:
    site.add_person("analyst-2", Role.ANALYST)
    site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    other = visit("analyst-2")
    other.goto(page.url)
    assert other.get_by_role("heading", name="Somebody is at work here").is_visible()
    assert other.locator("#assessment").count() == 0
    assert other.locator("[data-reveals]").count() == 0


def test_a_second_item_of_a_case_comes_before_the_next_case(site, visit) -> None:
    site.upload(1, account="account-1")
    site.upload(2, account="account-1")
    site.upload(3, account="account-3")
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    opened = page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_text("Item 1 of 2").is_visible()
    press(page, "j")
    page.wait_for_url("**item=*")
    assert page.get_by_text("Item 2 of 2").is_visible()
    press(page, "u Enter")
    page.wait_for_url("**done=filed")
    assert page.get_by_role("heading", level=1).inner_text() == opened
    assert page.get_by_text("Item 1 of 2").is_visible()


def test_a_subject_is_unknown_until_a_person_says_otherwise(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    chooser = page.get_by_role("combobox", name="Part")
    assert chooser.input_value() == "unknown"
    press(page, ". s")
    page.keyboard.type("victim")
    page.get_by_role("button", name="Set").click()
    page.wait_for_url("**done=part**")
    [subject] = view_of(site, answer.item_id).subjects
    assert subject.part == "victim"


def test_a_planned_step_waits_for_a_person_who_approves_it_by_key(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url
    press(page, "a Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(address)
    assert page.get_by_text("Ask the platform to remove the item").is_visible()
    press(page, ". a")
    page.wait_for_url("**done=approved**")
    with site.machinery.database.begin() as tx:
        [stored] = proposals.of_case(tx, standing_of_item(tx, answer.item_id).case_id)
    assert stored.proposal.state == "approved"


def test_a_lead_reverses_an_outcome_and_the_item_waits_again(site, visit) -> None:
    site.add_person("lead-1", Role.LEAD)
    answer = site.upload(1)
    page = visit("lead-1")
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url
    press(page, "a Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(address)
    page.get_by_label("Reverse it").select_option("mistake")
    page.get_by_role("button", name="Reverse").click()
    page.wait_for_url("**done=reversed**")
    site.follow()
    [item] = view_of(site, answer.item_id).items
    assert item.outcome is None
    page.goto(address)
    planned = page.get_by_text("Ask the platform to remove the item")
    assert planned.locator(".chip").inner_text() == "withdrawn"


def test_an_analyst_cannot_reverse_an_outcome(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url
    press(page, "a Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(address)
    assert page.get_by_label("Reverse it").count() == 0
    token = page.locator("meta[name=form-token]").get_attribute("content")
    [item] = view_of(site, answer.item_id).items
    refused = page.context.request.post(
        f"/console/outcomes/{item.outcome.id}/reverse", form={"form_token": token, "reason": "mistake"}
    )
    assert refused.status == 403


def test_without_a_vetted_list_the_page_says_that_confirming_takes_a_clear_look(site, visit) -> None:
    site.upload(UNVETTED_SEED)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    assert page.get_by_text("No vetted list vouches for it").is_visible()
    address = page.url
    press(page, "c Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(address)
    assert page.get_by_text("It must be seen clearly before it can be settled.").is_visible()


def test_an_appeal_is_read_as_text_whatever_it_contains(site, visit) -> None:
    answer = site.upload(1)
    with site.machinery.database.begin() as tx:
        receive_appeal(
            tx,
            item_id=answer.item_id,
            statement="<img src=x onerror=alert(1)> This is a hill.",
            by="account-17",
            record=site.machinery.recorder.record,
            now=site.machinery.clock(),
        )
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    assert "<img src=x onerror=alert(1)>" in page.locator(".statement").inner_text()
    assert page.locator(".statement img").count() == 0


def test_an_assessment_made_from_a_page_that_is_out_of_date_is_refused_in_words(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    site.upload(2)
    press(page, "n Enter")
    refused = page.get_by_role("alert").filter(has_text="Somebody else changed this in the meantime")
    refused.wait_for()


def test_everything_that_decides_a_case_works_without_scripts(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN, script=False)
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_label("Category B").click()
    page.get_by_role("button", name="File and open the next").click()
    site.follow()
    [item] = view_of(site, answer.item_id).items
    assert item.outcome is not None
    assert item.outcome.finding is Finding.ILLEGAL


def test_no_two_controls_of_a_page_answer_to_the_same_key(site, visit) -> None:
    site.add_person("all-roles", *Role)
    site.upload(1)
    site.upload(2)
    page = visit("all-roles")
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    paths = [
        page.url,
        "/console/queue",
        "/console/lists",
        "/console/webhooks",
        "/console/jobs",
        "/console/audit",
    ]
    for path in paths:
        page.goto(path)
        keys = page.eval_on_selector_all(
            "[data-key], [data-hold]", "all => all.map(each => each.dataset.key ?? each.dataset.hold)"
        )
        assert len(keys) == len(set(keys)), path
        # A key that begins a chord of two would never be reached, or hide the chord.
        begins = {key.split(" ")[0] for key in keys if " " in key}
        assert begins.isdisjoint(keys), path
        named = page.eval_on_selector_all("[data-key], [data-hold]", "all => all.every(e => e.dataset.does)")
        assert named, path
