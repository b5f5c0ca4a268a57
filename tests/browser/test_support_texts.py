"""A lead reads a text that helps and approves it; what is missing is said beside its field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from site_under_test import PASSWORD

from safehold.model.permissions import Role

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def loaded(quiet_site):
    quiet_site.load_words()
    quiet_site.add_person("lead-of-words", Role.LEAD)
    return quiet_site


@pytest.fixture
def site(loaded):
    return loaded


def test_a_lead_reads_a_draft_approves_it_and_withdraws_it(visit) -> None:
    page = visit("lead-of-words")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/console/support")
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "Language: de",
        "Language: en",
    ]
    page.get_by_role("link", name="Childline", exact=True).last.click()
    page.get_by_text("0800 1111").wait_for()
    assert page.get_by_role("button", name="Approve it for production").count() == 0
    page.get_by_role("link", name="Confirm").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Approve it for production").wait_for()

    page.get_by_label("As what it was reviewed").fill("a")
    page.get_by_label("Checked on").fill(datetime.now(UTC).date().isoformat())
    page.get_by_role("button", name="Approve it for production").click()
    assert "100 characters" in page.locator("#what-is-wrong").inner_text()
    page.get_by_label("As what it was reviewed").fill("child-safety professional")
    page.get_by_role("button", name="Approve it for production").click()
    page.wait_for_url("**done=text-approved")
    row = page.locator("tr").filter(has_text="child-safety professional")
    assert "approved" in row.inner_text()

    row.get_by_role("link").click()
    page.get_by_role("button", name="Withdraw it").click()
    page.wait_for_url("**done=text-withdrawn")
    assert page.locator("tr").filter(has_text="child-safety professional").count() == 0
