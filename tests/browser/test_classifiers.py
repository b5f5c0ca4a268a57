"""Classifiers in the console: what each is worth, its switch, and what to expect of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from site_under_test import CLASSIFIER

from safehold.detect.classifiers import circuits
from safehold.model.assessment import Finding
from safehold.model.ids import ItemId
from safehold.model.permissions import Role
from safehold.testing.running import Installation

pytestmark = pytest.mark.browser

PAGE = f"/console/classifiers/{CLASSIFIER}"


@pytest.fixture(scope="module")
def decided(quiet_site, tmp_path_factory) -> Any:
    """Let three items be decided, one of them illegal, of which a classifier had an opinion."""
    quiet_site.add_person("lead-of-machines", Role.LEAD)
    quiet_site.add_person("auditor-1", Role.AUDITOR)
    house = Installation(quiet_site.machinery, quiet_site.url, tmp_path_factory.mktemp("house"))
    analyst = house.analyst("decides")
    for seed in (1, 2, 3):
        answer = quiet_site.upload(seed, account=f"account-{seed}")
        finding = Finding.ILLEGAL if seed == 1 else Finding.NOT_ILLEGAL
        house.assess(ItemId(UUID(str(answer.item_id))), finding, by=analyst)
        quiet_site.follow()
    quiet_site.estimate(lately=40)
    return quiet_site


@pytest.fixture
def site(decided):
    return decided


def test_a_page_says_what_it_is_what_was_found_and_that_it_has_shifted_and_claims_nothing(visit) -> None:
    page = visit("lead-of-machines")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/console/classifiers")
    assert "Nothing on this page says how well anything detects real harm" in page.inner_text("main")
    page.get_by_role("link", name=CLASSIFIER).click()
    page.wait_for_url("**" + PAGE)
    said = page.inner_text("main")
    assert "Nothing on this page says how well anything detects real harm" in said
    assert "It stays in the house." in said
    assert "open_nsfw 1.0" in said
    assert "A list knew it" in said
    assert "Not available: nothing that every check passed was drawn and decided." in said
    assert "Its bands have shifted" in said
    found = page.get_by_role("table", name="What was found, by band")
    assert found.get_by_role("row").all_inner_texts()[1:] == [
        "nothing\t1\t0.0 % (0.0 % to 79.3 %)",
        "high\t1\t100.0 % (20.7 % to 100.0 %)",
        "very high\t1\t0.0 % (0.0 % to 79.3 %)",
    ]
    chart = page.get_by_role("img", name="Shares by band, with intervals; the table below says the same")
    assert chart.locator("circle").count() == 3


def test_so_many_looks_are_reckoned_without_script(visit) -> None:
    page = visit("lead-of-machines", script=False)
    page.goto(PAGE)
    page.get_by_label("So many we can look at in a day").fill("200")
    page.get_by_role("button", name="Reckon").click()
    page.wait_for_url("**looks=200")
    assert "Of the last four weeks, that is" in page.inner_text("main")
    page.goto(PAGE + "?looks=many")
    assert page.get_by_label("So many we can look at in a day").input_value() == ""


def test_a_lead_switches_it_off_with_a_reason_and_on_again_and_both_are_on_record(site, visit) -> None:
    page = visit("lead-of-machines")
    page.goto(PAGE)
    page.get_by_label("Why, for whoever finds it off").fill("no")
    page.get_by_role("button", name="Switch it off").click()
    assert "3 to 500 characters" in page.locator("#what-is-wrong").inner_text()
    page.get_by_label("Why, for whoever finds it off").fill("it flags every <b>sunset</b>")
    page.get_by_role("button", name="Switch it off").click()
    page.wait_for_url("**done=classifier-stopped")
    assert "it flags every <b>sunset</b>" in page.inner_text("main")
    page.goto(PAGE)
    page.get_by_role("button", name="Let it go on").click()
    page.wait_for_url("**done=classifier-resumed")
    with site.machinery.database.begin() as tx:
        rows = tx.driver.execute(
            "select verb, actor from audit_record where object = %s order by at",
            (f"classifier:{CLASSIFIER}",),
        ).fetchall()
    assert [row[0] for row in rows] == ["classifier.stop", "classifier.resume"]
    assert all(row[1].startswith("user:") for row in rows)


def test_of_one_that_does_not_answer_it_says_so_with_why_and_since_when(site, visit) -> None:
    with site.machinery.database.begin() as tx:
        circuits.note(tx, CLASSIFIER, "timeout", site.machinery.clock())
    page = visit("lead-of-machines")
    page.goto("/console/classifiers")
    assert "does not answer" in page.get_by_role("row").filter(has_text=CLASSIFIER).inner_text()
    page.goto(PAGE)
    assert "it does not answer: it is too slow. It is left alone and tried now and then" in page.inner_text(
        "main"
    )
    assert "It is in the shadow: no upload waits for it." in page.inner_text("main")
    with site.machinery.database.begin() as tx:
        circuits.note(tx, CLASSIFIER, "", site.machinery.clock())
    page.reload()
    assert "does not answer" not in page.inner_text("main")


def test_whoever_may_only_read_has_no_switch_and_one_that_nobody_declared_is_not_found(visit) -> None:
    page = visit("auditor-1")
    page.goto(PAGE)
    assert page.get_by_role("button", name="Switch it off").count() == 0
    assert page.goto("/console/classifiers/none").status == 404


def test_the_calculator_says_in_plain_words_what_follows_without_script(visit) -> None:
    page = visit("lead-of-machines", script=False)
    page.goto("/console/base-rates")
    assert "Of what people look at, 0.9 % (" in page.inner_text("#reckoned")
    page.get_by_label("Of all others it asks for, in per cent").fill("0.01")
    page.get_by_role("button", name="Reckon").click()
    page.wait_for_url("**false_alarms=0.01**")
    rows = page.get_by_role("row").all_inner_texts()
    assert "Uploads that it is meant to find\t100 (81 to 120)" in rows
    assert "Of what people look at, 47.4 % (" in page.inner_text("#reckoned")


@pytest.mark.parametrize("written", ["much", "-1", "1e9", "NaN", "9" * 40, "", "<script>", "٣"])
def test_what_is_no_number_is_said_beside_its_field_and_nothing_is_reckoned(visit, written: str) -> None:
    page = visit("lead-of-machines")
    page.goto(f"/console/base-rates?uploads={written}&one_in=10000&finds=90&false_alarms=1&looks=200")
    assert page.locator("#what-is-wrong").count() == 1
    assert page.locator("#reckoned").count() == 0
    assert page.get_by_label("Uploads a day").input_value() == written
