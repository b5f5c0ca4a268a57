"""The form: it asks what applies, by keyboard and without scripts, with the policy text beside it."""

from __future__ import annotations

import pytest
from gallery import SIZES, found_by_axe, look_in_both_themes, take
from keyboard import press
from site_under_test import ANN

from safehold.app import golden_loading
from safehold.app.access.users import find_user
from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId
from safehold.review import golden
from safehold.review.facts import facts, standing_of_item
from safehold.testing.running import TESTER, picture

pytestmark = pytest.mark.browser

UNLISTED = 61


def view_of(site, item_id):
    with site.machinery.database.begin() as tx:
        case_id = standing_of_item(tx, item_id).case_id
        return facts(tx, case_id)


def test_only_what_applies_is_asked_and_its_keys_rest_until_then(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")

    def asked() -> list[str]:
        return [
            each.inner_text().split("\n")[0].split("  ")[0]
            for each in page.locator("#assessment legend").all()
            if each.is_visible()
        ]

    assert len(asked()) == 1
    press(page, "a")
    usual = len(asked())
    press(page, "Shift+L")
    assert page.locator("input[name=company]:checked").count() == 0
    press(page, "y")
    assert len(asked()) == usual + 2
    press(page, "Shift+F Shift+L e n l y s y 4")
    press(page, "d")
    assert len(asked()) < usual
    press(page, "n")
    assert len(asked()) == 1
    press(page, "a Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    [item] = view_of(site, answer.item_id).items
    [filed] = item.assessments
    form = filed.form
    assert (form.circumstances.value, form.company.value, form.commercial.value) == ("coerced", "alone", "no")
    assert (form.livestream.value, form.new_to_us.value, form.age_band.value) == ("yes", "yes", "11-13")


def test_the_form_works_without_scripts_and_leaves_out_what_does_not_apply(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN, script=False)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    assert not page.locator("legend", has_text="How that came about").is_visible()
    page.locator("input[value='illegal:B']").check()
    page.locator("input[name=self_generated][value=yes]").check()
    page.locator("input[name=circumstances][value=groomed]").check()
    page.locator("input[name=self_generated][value=no]").check()
    page.get_by_role("button", name="File and open the next").click()
    page.wait_for_url("**/console/queue**")
    site.follow()
    [item] = view_of(site, answer.item_id).items
    [filed] = item.assessments
    assert filed.form.self_generated.value == "no"
    assert filed.form.circumstances.value == "unknown"


def test_the_policy_text_stands_beside_the_form_and_can_be_read_as_it_was(site, visit) -> None:
    answer = site.upload(1)
    page = visit(ANN)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    case = page.url
    told = page.get_by_text("The youngest child shown, as they appear.")
    assert not told.is_visible()
    press(page, ". t")
    assert told.is_visible()
    press(page, "b Enter")
    page.wait_for_url("**/console/queue**")
    site.follow()
    page.goto(case)
    page.get_by_text("All answers").click()
    assert page.get_by_text("Industry classification").is_visible()
    version = page.locator("a[href^='/console/policy/']").inner_text()
    [item] = view_of(site, answer.item_id).items
    assert item.assessments[0].policy_version == version
    page.get_by_role("link", name=version).click()
    assert page.get_by_text("It stands beside the forms now.").is_visible()
    assert told.is_visible()


@pytest.mark.parametrize("size", list(SIZES))
def test_the_whole_form_is_accessible_in_both_themes_and_on_a_phone(site, visit, size) -> None:
    site.upload(1)
    page = visit(ANN, size=SIZES[size])
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "a y . t")
    assert look_in_both_themes(page, f"form-{size}") == []
    page.goto("/console/policy")
    assert look_in_both_themes(page, f"policy-applied-{size}") == []


def has_assessed_enough(program, analyst: AnalystId, *, percent: float) -> None:
    """Let somebody have assessed, a day ago, as much as makes a golden item due for them."""
    enough = next(
        count
        for count in range(1, 10_000)
        if golden.is_due(ordinary=count, met=0, percent=percent, drawn_by=str(analyst))
    )
    with program.database.begin() as tx:
        tx.driver.execute(
            "insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, answers, tier,"
            " policy_version, filed_at, round)"
            " select md5('assessment ' || n)::uuid, i.case_id, c.purpose, i.item_id, %s, 'imagery',"
            " 'not_illegal', '{}', 'clear', 'earlier', now() - interval '1 day', 0"
            " from generate_series(1, %s) n, case_item i join review_case c on c.id = i.case_id",
            (analyst, enough),
        )


def test_a_golden_item_is_a_case_like_others_and_its_figures_are_ones_own(site, visit) -> None:
    program = site.machinery
    with program.database.begin() as tx:
        ann = AnalystId(find_user(tx, ANN).id)
    item_id = golden_loading.load(
        program,
        picture(UNLISTED),
        surface="public_uploads",
        purpose=Purpose.CSAM,
        expected=Finding.NOT_ILLEGAL,
        actor=TESTER,
    )
    site.upload(1)
    # A case that is no rehearsal, in whose place it comes.
    with program.database.begin() as tx:
        tx.driver.execute("update review_case set rehearsal = false, purpose = 'csam'")
    has_assessed_enough(program, ann, percent=2)
    with program.database.begin() as tx:
        case = golden.instead_of_next(tx, ann, percent=2, now=program.clock())
    page = visit(ANN)
    page.goto(f"/console/cases/{case.id}")
    assert page.get_by_text("An image that the audit sample asks somebody to look at.").is_visible()
    assert "golden" not in page.content()
    press(page, "n Enter")
    page.wait_for_url("**done=*")
    page.goto("/console/account")
    assert page.get_by_text("you found what was expected in 100 %").is_visible()
    assert page.get_by_text("as expected", exact=True).is_visible()
    take(page, "account-known-answers")
    assert found_by_axe(page) == []
    assert standing_of(program, item_id) == []


def standing_of(program, item_id):
    with program.database.begin() as tx:
        return list(standing_of_item(tx, item_id).outcomes)
