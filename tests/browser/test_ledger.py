"""The ledger in the console: what is kept, why and until when, for auditors and legal, in ids alone."""

from __future__ import annotations

import pytest
from site_under_test import ANN

from safehold.evidence import clocks
from safehold.model.ids import MediaId, new_id
from safehold.model.permissions import Role
from safehold.model.retention import Basis

pytestmark = pytest.mark.browser

AUDITOR = "auditor-of-the-ledger"


@pytest.fixture(scope="module")
def kept_site(quiet_site):
    """A site where a report was filed about what was uploaded, and something else is undecided."""
    site = quiet_site
    site.add_person(AUDITOR, Role.AUDITOR)
    for seed in (1, 2):
        answer = site.upload(seed, account="account-91")
        site.follow()
    now = site.machinery.clock()
    with site.machinery.database.begin() as tx:
        [media_id] = tx.driver.execute(
            "select media_id from item where id = %(id)s", {"id": answer.item_id}
        ).fetchone()
        clocks.start(
            tx,
            media_ids=[MediaId(media_id)],
            basis=Basis.US_PRESERVATION,
            since=now,
            about=new_id(),
            now=now,
        )
    return site, media_id


@pytest.fixture
def site(kept_site):
    return kept_site[0]


@pytest.fixture
def clocked(kept_site):
    """The media that a report was filed about."""
    return kept_site[1]


def test_an_auditor_finds_by_keys_why_something_is_kept_and_sees_ids_alone(clocked, visit) -> None:
    page = visit(AUDITOR)
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/console/ledger")
    whole = page.locator("main").inner_text()
    assert f"media:{clocked}" in whole
    assert "Nobody has decided yet" in whole
    assert "account-91" not in whole
    page.keyboard.press("/")
    page.keyboard.type(f"media:{clocked}")
    page.keyboard.press("Enter")
    page.wait_for_url("**about=media*")
    lines = page.locator("table").last.locator("tbody tr")
    assert lines.count() == 1
    assert "A report to NCMEC: a year" in lines.first.inner_text()
    lines.first.get_by_role("link").last.click()
    page.wait_for_url("**/console/ledger?about=*")
    assert page.locator("table").last.locator("tbody tr").count() == 2


def test_a_filter_shows_what_it_says_and_what_is_no_id_is_said_to_be_left_out(visit) -> None:
    page = visit(AUDITOR)
    page.goto("/console/ledger?why=us_preservation&state=kept")
    assert set(page.locator("td[data-is=Why]").all_inner_texts()) >= {"A report to NCMEC: a year"}
    assert "Nobody has decided yet" not in page.locator("table").last.inner_text()
    page.goto("/console/ledger?state=destroyed")
    assert page.get_by_text("There is no such line.").is_visible()
    page.goto("/console/ledger?about=a+name&state=nonsense&why=nonsense")
    assert page.get_by_text("This is no id, so it was left out.").is_visible()
    assert page.locator("#state").input_value() == ""


def test_older_lines_are_a_key_away_and_keep_the_filter(site, visit) -> None:
    now = site.machinery.clock()
    with site.machinery.database.begin() as tx:
        for _ in range(60):
            clocks.start(tx, media_ids=[], basis=Basis.UK_REFERENCE, since=now, about=new_id(), now=now)
    page = visit(AUDITOR)
    page.goto("/console/ledger?why=uk_reference")
    first = page.locator("td.about").all_inner_texts()
    page.keyboard.press("n")
    page.wait_for_url("**before=*")
    second = page.locator("td.about").all_inner_texts()
    assert (len(first), len(second)) == (50, 10)
    assert not set(first) & set(second)
    assert page.locator("#why").input_value() == "uk_reference"


def test_an_analyst_is_not_shown_the_ledger(visit) -> None:
    page = visit(ANN)
    answer = page.goto("/console/ledger")
    assert answer is not None
    assert answer.status == 403
