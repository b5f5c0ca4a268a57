"""Nearly the same: one decision for the copies of a picture, by keyboard, and nothing preselected."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from site_under_test import ANN

from safehold.model.permissions import Role
from safehold.storage import assessments, cases

pytestmark = pytest.mark.browser


def copies(site: Any, *qualities: int, seed: int = 3) -> list[Any]:
    """Upload resaved copies of one landscape, each by another account; return their items."""
    return [
        site.upload(seed, account=f"account-{uuid4().hex[:8]}", quality=quality).item_id
        for quality in qualities
    ]


def copies_in_one_case(site: Any, *qualities: int) -> None:
    """Upload resaved copies by one account: whoever decides the first holds the case of all, and can look."""
    for quality in qualities:
        site.upload(3, account="account-17", quality=quality)


def finds_the_first(page: Any, site: Any) -> None:
    """Take the next case, and find it category B as the list does, without looking."""
    page.goto("/console/queue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/*")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alike?done=filed")
    site.follow()


def states(site: Any, items: list[Any]) -> list[str]:
    with site.machinery.database.begin() as tx:
        return [case.state.value for item in items for case in cases.of_item(tx, item)]


def test_copies_are_counted_listed_and_decided_by_one_confirmation(site: Any, visit: Any) -> None:
    items = copies(site, 70, 60, 80)
    page = visit(ANN)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    finds_the_first(page, site)
    page.reload()
    assert "2 items that wait are nearly the same as what you found illegal, category B" in (
        page.locator(".lead").inner_text()
    )
    assert page.locator("#alike input:checked").count() == 0
    assert page.locator("#alike tbody tr").count() == 2
    assert page.get_by_text("of 256").count() == 2
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="Choose at least one").wait_for()
    assert states(site, items).count("settled") == 1
    page.keyboard.press("1")
    assert page.locator("#alike input:checked").count() == 1
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue?done=empty")
    site.follow()
    assert states(site, items) == ["settled"] * 3
    assert not [url for url in asked if "reveals" in url]


def test_all_are_chosen_by_one_key_and_only_by_that(site: Any, visit: Any) -> None:
    copies(site, 70, 60, 80)
    page = visit(ANN)
    finds_the_first(page, site)
    page.keyboard.press("a")
    page.wait_for_url("**every=true")
    assert page.locator("#alike input:checked").count() == 2
    page.keyboard.press("x")
    page.wait_for_url("**/alike")
    assert page.locator("#alike input:checked").count() == 0


def test_whoever_goes_on_without_comes_to_the_next_case_and_can_come_back_from_it(
    site: Any, visit: Any
) -> None:
    items = copies(site, 70, 60)
    page = visit(ANN)
    finds_the_first(page, site)
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/*done=filed")
    assert states(site, items).count("settled") == 1
    assert page.get_by_role("heading", name="You decided one nearly the same").is_visible()
    page.keyboard.press(".")
    page.keyboard.press("l")
    page.wait_for_url("**/alike")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue?done=empty")
    site.follow()
    assert states(site, items) == ["settled"] * 2


def test_nobody_else_is_offered_them_and_an_address_that_offers_nothing_leads_to_the_item(
    site: Any, visit: Any
) -> None:
    copies(site, 70, 60)
    site.add_person("analyst-2", Role.ANALYST)
    page = visit(ANN)
    finds_the_first(page, site)
    other = visit("analyst-2")
    other.goto(page.url)
    other.wait_for_url("**/console/cases/*?item=*")
    assert other.get_by_role("heading", name="Nearly the same waits elsewhere").count() == 0


def test_each_look_button_names_its_item_and_the_overlay_lists_keys_alone(site: Any, visit: Any) -> None:
    copies_in_one_case(site, 70, 60, 80)
    page = visit(ANN)
    finds_the_first(page, site)
    buttons = page.locator("#lookers button").all()
    names = [button.get_attribute("aria-label") for button in buttons]
    assert len(set(names)) == len(names) == 2
    for button, name in zip(buttons, names, strict=True):
        assert name.startswith(f"{button.inner_text()}: Case ")
    page.keyboard.press("?")
    rows = page.locator("#keys .keys > div")
    rows.first.wait_for()
    assert [row for row in rows.all() if not row.locator("span").first.inner_text().strip()] == []
    assert [cap for cap in page.locator("#keys .keys kbd").all() if not cap.inner_text().strip()] == []


def test_a_look_that_nobody_answers_says_so_in_the_words_of_the_page(site: Any, visit: Any) -> None:
    copies_in_one_case(site, 70, 60)
    page = visit(ANN)
    finds_the_first(page, site)
    page.route("**/reveals", lambda route: route.abort())
    page.locator("#lookers button").first.hover()
    page.mouse.down()
    page.get_by_text("Pictures cannot be fetched just now. Try again in a few seconds.").wait_for()
    page.mouse.up()


def test_it_works_without_scripts(site: Any, visit: Any) -> None:
    items = copies(site, 70, 60)
    page = visit(ANN, script=False)
    page.goto("/console/queue")
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_label("Category B").check()
    page.get_by_role("button", name="File and open the next").click()
    page.wait_for_url("**/alike?done=filed")
    site.follow()
    page.get_by_label("Case").check()
    page.get_by_role("button", name="Decide those chosen").click()
    site.follow()
    assert states(site, items) == ["settled"] * 2


def test_a_tab_in_which_it_was_offered_before_it_was_decided_says_so_and_changes_nothing(
    site: Any, visit: Any
) -> None:
    items = copies(site, 70, 60)
    page = visit(ANN)
    finds_the_first(page, site)
    stale = page.context.new_page()
    stale.goto(page.url)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue?done=empty")
    site.follow()
    stale.get_by_label("Case").check()
    with stale.expect_response(lambda answer: answer.request.method == "POST") as answered:
        stale.keyboard.press("Enter")
    assert answered.value.status == 409
    stale.get_by_role("alert").filter(has_text="changed this in the meantime").wait_for()
    with site.machinery.database.begin() as tx:
        assert (
            sum(len(assessments.of_case(tx, one.id, items)) for i in items for one in cases.of_item(tx, i))
            == 2
        )


@pytest.mark.parametrize(
    ("name", "value"), [("chosen", "nothing"), ("earlier", ""), ("earlier", "' or true --")], ids=str
)
def test_what_no_list_of_copies_sends_is_refused_on_its_page(
    site: Any, visit: Any, name: str, value: str
) -> None:
    items = copies(site, 70, 60)
    page = visit(ANN)
    finds_the_first(page, site)
    sent = {"chosen": str(items[1]), "earlier": str(items[0]), "policy": "x"} | {name: value}
    sent["form_token"] = page.locator("meta[name=form-token]").get_attribute("content")
    answer = page.request.post(page.url.partition("?")[0], form=sent, headers={"accept": "text/html"})
    assert answer.status == 422
    assert "Nearly the same" in answer.text()
    assert states(site, items).count("settled") == 1
