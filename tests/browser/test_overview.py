"""The overview in the console: how the work goes, by keys, in any period and slice, and as files."""

from __future__ import annotations

import json

import pytest

from safehold.app import alarms, overview
from safehold.model.ids import new_id
from safehold.model.permissions import Role

pytestmark = pytest.mark.browser

LEAD = "lead-of-the-overview"
TABLE = "section:has(> h3:has-text('{title}')) table"


@pytest.fixture(scope="module")
def counted_site(quiet_site):
    """A site with three open cases and an alarm, of which the days were counted."""
    site = quiet_site
    site.add_person(LEAD, Role.LEAD)
    for seed in (1, 2, 3):
        site.upload(seed, account=f"account-{seed}")
    with site.machinery.database.begin() as tx:
        alarms.raise_alarm(tx, alarms.INDEX_DAMAGED, f"index:{new_id()}", now=site.machinery.clock())
    overview.sweep_days(site.machinery)
    return site


@pytest.fixture
def site(counted_site):
    return counted_site


def test_a_lead_goes_from_a_figure_to_the_cases_that_it_counts(visit) -> None:
    page = visit(LEAD)
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/console/overview")
    page.get_by_label("Practice").select_option("Practice")
    page.keyboard.press("Enter")
    page.wait_for_url("**practice=yes**")
    page.locator(TABLE.format(title="Open cases: 3")).get_by_role("link", name="test").click()
    page.wait_for_url("**/console/cases?queue=test&practice=yes")
    assert page.locator("tbody tr").count() == 3


def test_every_figure_says_what_it_counts(visit) -> None:
    page = visit(LEAD)
    page.goto("/console/overview")
    told = page.locator("main summary")
    assert told.count() > 12
    told.filter(has_text="Arrived: 0 items").click()
    query = "count item during the period where stage = arrived and practice = no by purpose"
    assert query in page.locator("main").inner_text()


def test_an_alarm_is_told_in_words_with_its_code_beside_it(visit) -> None:
    page = visit(LEAD)
    page.goto("/console/overview")
    for title in ("Alarms that stand: 1", "Alarms raised: 1"):
        row = page.locator(TABLE.format(title=title)).locator("tbody tr").first
        assert row.locator("td").first.inner_text() == ("Damaged files of a host’s index index_damaged")


def test_what_cannot_be_asked_is_said_at_its_field_and_this_week_is_shown(visit) -> None:
    page = visit(LEAD)
    answer = page.goto("/console/overview?period=dates&from=2026-03-02&to=2026-03-01")
    assert answer.status == 422
    assert page.locator("#what-is-wrong").inner_text() == "It ends before it begins."
    assert page.locator("[name=to]").input_value() == "2026-03-01"


def test_periods_follow_each_other_by_keys_and_keep_the_slice(visit) -> None:
    page = visit(LEAD)
    page.goto("/console/overview?period=month&of=2024-02-29&source=list")
    assert "2024" in page.locator("p.lead").first.inner_text()
    for key, day in (("p", "2024-01-01"), ("n", "2024-02-01"), ("n", "2024-03-01")):
        page.wait_for_load_state("load")
        page.keyboard.press(key)
        page.wait_for_url(f"**period=month&of={day}**")
    assert page.get_by_label("What brought it here").input_value() == "list"
    assert page.get_by_text("Nothing of this period is counted yet.").is_visible()


def test_the_page_is_saved_as_csv_and_as_json(visit) -> None:
    page = visit(LEAD)
    page.goto("/console/overview?period=day&practice=yes")
    with page.expect_download() as saved:
        page.keyboard.press(".")
        page.keyboard.press("c")
    lines = saved.value.path().read_text().splitlines()
    assert lines[0].startswith("measure,version,from,to,unit,answer,state,number")
    assert any(line.startswith("open,1,") and ",case,test,known,3," in line for line in lines)
    told = page.request.get("/console/overview.json?period=day").text()
    assert {each["measure"] for each in json.loads(told)["measures"]} >= {"arrived", "open", "filings.late"}


def test_whoever_only_assesses_is_shown_no_figures(visit, site) -> None:
    site.add_person("analyst-without-figures", Role.ANALYST)
    page = visit("analyst-without-figures")
    answer = page.goto("/console/overview")
    assert answer.status == 403
