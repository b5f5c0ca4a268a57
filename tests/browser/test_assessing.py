"""The form: it asks what applies, by keyboard and without scripts, with the policy text beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from site_under_test import ANN

from safehold.review.facts import facts, standing_of_item

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"


def press(page, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}])
def test_the_whole_form_is_accessible_in_both_themes_and_on_a_phone(site, visit, theme, size) -> None:
    site.upload(1)
    page = visit(ANN, theme=theme, size=size)
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "a y . t")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"form-{theme}-{size['width']}.png", full_page=True)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.goto("/console/policy")
    page.screenshot(path=SCREENSHOTS / f"policy-{theme}-{size['width']}.png", full_page=True)
    assert Axe().run(page).response["violations"] == []
