"""Two people, a disagreement, and a lead: each on a page of their own, by keyboard."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from gallery import found_by_axe
from keyboard import press
from playwright.sync_api import expect
from site_under_test import ANN

from safehold.model.assessment import Category
from safehold.model.ids import new_id
from safehold.model.permissions import Role
from safehold.review.facts import facts, standing_of_item

pytestmark = pytest.mark.browser


@pytest.fixture
def team(site):
    """Return the site of a team of three: everything takes two, and where they differ a lead decides."""
    settings = site.machinery.settings.model_copy(
        update={
            "team": site.machinery.settings.team.model_copy(update={"size_policy": "small"}),
            "review": site.machinery.settings.review.model_copy(update={"second_for": ["all"]}),
        }
    )
    site.add_person("analyst-2", Role.ANALYST)
    site.add_person("lead-1", Role.LEAD)
    return replace(site, machinery=replace(site.machinery, settings=settings))


@pytest.fixture
def site(own_site):
    """A site of the test's own."""
    return own_site


def files(page, keys: str) -> str:
    """Open the next case from the queue, file what the keys say, and return the address of the case."""
    page.goto("/console/queue")
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url.partition("?")[0]
    press(page, keys)
    page.wait_for_url("**done=*")
    return address


def test_two_who_disagree_stay_blind_to_each_other_and_a_lead_decides(team, visit) -> None:
    answer = team.upload(1)
    ann, other, lead = visit(ANN), visit("analyst-2"), visit("lead-1")
    address = files(ann, "a Enter")
    team.follow()
    ann.goto(address)
    expect(ann.locator(".lead")).to_contain_text("waits for somebody else to assess it as well")
    expect(ann.get_by_text("there is nothing more for you to do")).to_be_visible()
    expect(ann.locator("#assessment")).to_have_count(0)
    ann.goto("/console/queue")
    expect(ann.get_by_text("1 more open case waits for somebody else")).to_be_visible()

    other.goto(address)
    expect(
        other.get_by_text("What they found stays hidden from you until an outcome stands.")
    ).to_be_visible()
    expect(other.get_by_text("filed illegal")).to_have_count(0)
    files(other, "b Enter")
    team.follow()
    other.goto(address)
    expect(other.locator(".lead")).to_contain_text("waits for a lead to decide it")

    lead.goto(address)
    expect(lead.get_by_text("filed illegal")).to_have_count(0)
    files(lead, "c Enter")
    team.follow()
    lead.goto(address)
    expect(lead.get_by_text("what you file decides")).to_be_visible()
    expect(lead.get_by_text("filed illegal")).to_have_count(3)
    files(lead, "b Enter")
    team.follow()
    with team.machinery.database.begin() as tx:
        standing = standing_of_item(tx, answer.item_id)
        [item] = facts(tx, standing.case_id).items
    assert item.outcome is not None
    assert item.outcome.category is Category.B
    lead.goto(address)
    expect(lead.get_by_text("settled").first).to_be_visible()


def both_assessed(site, item_id, findings: tuple[str, str]) -> None:
    """Let two people have assessed an item outside of any rehearsal, each by themselves."""
    with site.machinery.database.begin() as tx:
        case_id = new_id()
        tx.run(
            sa.text(
                "insert into review_case (id, purpose, gathered_by, rehearsal, state, priority,"
                " priority_parts, opened_at) values (:id, 'csam', :by, false, 'open', 1, '[]', now())"
            ),
            {"id": case_id, "by": f"item:{item_id}"},
        )
        for name, finding in zip((ANN, "analyst-2"), findings, strict=True):
            category = "B" if finding == "illegal" else None
            tx.run(
                sa.text(
                    "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding,"
                    " category, answers, tier, policy_version, filed_at) select :id, :case, 'csam', :item,"
                    " u.id, 'imagery', :finding, :category, cast(:answers as jsonb), 'clear', '1', now()"
                    " from app_user u where u.name = :name"
                ),
                {
                    "id": new_id(),
                    "case": case_id,
                    "item": item_id,
                    "finding": finding,
                    "category": category,
                    "answers": json.dumps({"finding": finding, "category": category, "sex": "unknown"}),
                    "name": name,
                },
            )


def test_analysts_see_on_their_own_account_how_far_they_and_others_agree(team, visit) -> None:
    page = visit(ANN)
    page.goto("/console/account")
    expect(page.get_by_text("Nobody else has assessed what you assessed.")).to_be_visible()
    for seed, findings in ((1, ("illegal", "illegal")), (2, ("not_illegal", "illegal"))):
        both_assessed(team, team.upload(seed).item_id, findings)
    both_assessed(team, team.upload(3).item_id, ("not_illegal", "not_illegal"))
    page.reload()
    finding = page.get_by_role("row", name="Finding")
    expect(finding).to_contain_text("0.40 (-0.37 to 1.00), 3 items")
    expect(page.get_by_role("row", name="Category")).to_contain_text("always the same answer, 1 item")
    assert found_by_axe(page) == []
    lead = visit("lead-1")
    lead.goto("/console/account")
    expect(lead.get_by_text("Nobody else has assessed what you assessed.")).to_be_visible()
    lead.goto("/console/lists")
    expect(lead.get_by_text("nothing settled in 90 days").first).to_be_visible()
