"""An appeal, by keyboard: somebody else reads it, assesses the item afresh, and it is undone or stands."""

from __future__ import annotations

from uuid import UUID

import pytest
from gallery import found_by_axe
from playwright.sync_api import Page, expect
from site_under_test import ANN

from safehold.model.assessment import Finding
from safehold.model.permissions import Role
from safehold.review.appeals import receive_appeal
from safehold.review.facts import facts, standing_of_item

pytestmark = pytest.mark.browser

WORDS = "This is the hill behind my school."


@pytest.fixture
def site(kept_sites):
    with kept_sites.as_it_began({"team": {"size_policy": "full"}}) as running:
        running.add_person("analyst-2", Role.ANALYST)
        running.add_person("analyst-3", Role.ANALYST)
        yield running


def files(page, keys: str) -> str:
    page.goto("/console/queue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url.partition("?")[0]
    for key in keys.split():
        page.keyboard.press(key)
    page.wait_for_url("**done=*")
    return address


def contested(site, visit) -> tuple[UUID, Page, str]:
    """Return an item that the first person found illegal and somebody appealed, a page and its address."""
    item_id = site.upload(1).item_id
    ann = visit(ANN)
    address = files(ann, "b Enter")
    site.follow()
    program = site.machinery
    with program.database.begin() as tx:
        receive_appeal(
            tx,
            item_id=item_id,
            statement=WORDS,
            by="account-17",
            record=program.recorder.record,
            now=program.clock(),
        )
    site.follow()
    return item_id, ann, address


def test_what_two_others_find_harmless_is_released_and_whoever_had_decided_reads_so(site, visit) -> None:
    item_id, ann, address = contested(site, visit)
    for name in ("analyst-2", "analyst-3"):
        other = visit(name)
        other.goto(address)
        # Nobody reads what the others found before an outcome stands.
        expect(other.get_by_text("Not illegal", exact=True)).not_to_be_visible()
        assert files(other, "n Enter") == address
        site.follow()
    for page in (ann, other):
        page.goto(address)
        expect(page.locator(".lead")).to_contain_text("It was settled as not illegal.")
        expect(page.get_by_text("appeal upheld")).to_be_visible()
        expect(page.get_by_text("and it was looked at again")).to_be_visible()
        expect(page.get_by_text("released 2")).to_be_visible()
        expect(page.get_by_text("withdrawn")).to_be_visible()
    with site.machinery.database.begin() as tx:
        [item] = facts(tx, standing_of_item(tx, item_id).case_id).items
    assert item.outcome is not None
    assert item.outcome.finding is Finding.NOT_ILLEGAL


@pytest.mark.parametrize(("category", "state"), [("b", "rejected"), ("a", "rejected")])
def test_somebody_else_decides_and_whoever_had_decided_is_not_offered_it(
    site, visit, category, state
) -> None:
    item_id, ann, address = contested(site, visit)
    other = visit("analyst-2", size={"width": 390, "height": 844}, theme="dark")
    ann.goto("/console/queue")
    ann.keyboard.press("Enter")
    ann.wait_for_url("**done=nothing")
    ann.goto(address)
    expect(ann.locator(".lead")).to_contain_text("is contested. It waits for an assessment")
    expect(ann.get_by_text("there is nothing more for you to do")).to_be_visible()

    other.goto(address)
    expect(other.get_by_text(WORDS)).to_be_visible()
    expect(other.get_by_text("The outcome stands until somebody else")).to_be_visible()
    assert found_by_axe(other) == []
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    assert files(other, f"{category} Enter") == address
    site.follow()
    other.goto(address)
    expect(other.get_by_text(f"appeal {state}")).to_be_visible()
    with site.machinery.database.begin() as tx:
        [item] = facts(tx, standing_of_item(tx, item_id).case_id).items
    assert item.outcome is not None
    assert item.outcome.category is not None
    assert item.outcome.category.value.lower() == category
    assert len(item.outcomes) == (1 if category == "b" else 2)
