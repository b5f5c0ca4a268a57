"""Who knows somebody in a case says so, and cannot open it until another person takes that back."""

from __future__ import annotations

import pytest
from keyboard import press
from site_under_test import ANN

from safehold.model.permissions import Role
from safehold.review import conflicts

pytestmark = pytest.mark.browser

ACCOUNT = "account-17"
LEAD = "lead-1"


@pytest.fixture
def site(own_site):
    """A site of the test's own."""
    return own_site


def standing(site) -> list[conflicts.Conflict]:
    with site.machinery.database.begin() as tx:
        return conflicts.standing(tx)


def test_a_case_disappears_for_whoever_knows_somebody_in_it_until_a_lead_takes_that_back(site, visit) -> None:
    site.add_person(LEAD, Role.ANALYST, Role.LEAD)
    site.upload(1, account=ACCOUNT)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    case = page.url
    press(page, ". k")
    page.wait_for_url("**/console/queue?done=conflict")
    row = page.locator("tbody tr")
    assert row.get_by_text("you know somebody in it").is_visible()
    assert row.get_by_role("link").count() == 0
    assert page.goto(case).status == 403
    assert page.get_by_text("You have declared a conflict of interest about this case.").is_visible()
    page.goto("/console/queue")
    press(page, "Enter")
    page.wait_for_url("**/console/queue?done=nothing")
    site.upload(2, account=ACCOUNT, quality=60)
    page.goto("/console/queue")
    assert page.locator("tbody tr").get_by_role("link").count() == 0, "what comes later is closed, too"

    another = visit(LEAD)
    press(another, "g i")
    another.wait_for_url("**/console/conflicts")
    told = another.locator("tbody tr")
    assert told.get_by_role("cell").all_inner_texts()[:2] == [ANN, f"account {ACCOUNT}"]
    told.get_by_role("button", name="End").click()
    another.wait_for_url("**/console/conflicts?done=conflict-ended")
    assert another.get_by_text("Nobody has declared a conflict.").is_visible()
    assert standing(site) == []

    assert page.goto(case).status == 200
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_url("**done=taken")


def test_a_lead_keeps_somebody_from_an_account_and_cannot_end_what_is_their_own(site, visit) -> None:
    site.add_person(LEAD, Role.ANALYST, Role.LEAD)
    site.upload(1, account=ACCOUNT)
    page = visit(LEAD)
    for name in (ANN, LEAD):
        page.goto("/console/conflicts")
        press(page, "n")
        page.keyboard.type(name)
        page.get_by_label("The account").fill(ACCOUNT)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/conflicts?done=conflict-declared")
    rows = page.locator("tbody tr")
    assert rows.count() == 2
    assert rows.get_by_role("button", name="End").count() == 1
    assert page.get_by_text("another lead can end yours").is_visible()
    [mine] = [one for one in standing(site) if one.user_id == one.declared_by]
    token = page.locator("meta[name=form-token]").get_attribute("content")
    refused = page.request.post(f"/console/conflicts/{mine.id}/end", form={"form_token": token})
    assert refused.status == 403
    assert len(standing(site)) == 2

    analyst = visit(ANN)
    assert analyst.locator("tbody tr").get_by_role("link").count() == 0
    analyst.goto("/console/conflicts")
    assert analyst.get_by_role("heading", name="Conflicts of interest").count() == 0
