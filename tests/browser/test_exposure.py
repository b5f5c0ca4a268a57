"""Looking rests by itself: an enforced break, choices of one's own, one decision for the same picture."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from safehold.app.access.users import find_user
from safehold.model.permissions import Role
from safehold.storage import cases

pytestmark = pytest.mark.browser

SHOWN = "#panel img"
ASKED = "**/reveals"


@pytest.fixture
def site(quiet_site: Any) -> Any:
    """A site at which pictures can be looked at. Each test has a person and pictures of its own there."""
    return quiet_site


@pytest.fixture
def ann(site) -> str:
    name = f"analyst-{uuid4().hex[:8]}"
    site.add_person(name, Role.ANALYST)
    return name


def open_case(page, site, seed: int):
    """Take the case of another appearance of a landscape: the same bytes for the same seed."""
    item_id = site.upload(seed, account=f"account-{uuid4().hex[:8]}").item_id
    with site.machinery.database.begin() as tx:
        [case] = cases.of_item(tx, item_id)
    page.goto(f"/console/cases/{case.id}")
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_selector("#panel")
    return item_id


def hold(page, key: str = "r") -> None:
    """Hold a key until something is shown, then let go."""
    page.keyboard.down(key)
    page.locator(SHOWN).wait_for()
    with page.expect_response("**/close"):
        page.keyboard.up(key)


def test_after_an_hour_at_it_nothing_is_shown_until_the_break_is_over(site, visit, ann) -> None:
    page = visit(ann)
    item_id = open_case(page, site, 1)
    with site.machinery.database.begin() as tx:
        tx.driver.execute(
            "insert into reveal"
            " (id, user_id, case_id, item_id, tier, opened_at, fetched_at, closed_at, ends_by, kind, weight)"
            " select gen_random_uuid(), %s, c.case_id, c.item_id, 'blurred', at, at,"
            " at + interval '1 second', at + interval '1 minute', 'B', 150"
            " from case_item c, generate_series(now() - interval '61 minutes', now() - interval '1 minute',"
            " interval '5 minutes') at where c.item_id = %s",
            [find_user(tx, ann).id, item_id],
        )
    page.reload()
    assert "Break until" in page.locator(".meter").inner_text()
    page.keyboard.down("r")
    page.get_by_text("a break is due until").wait_for()
    page.keyboard.up("r")
    assert page.locator(SHOWN).count() == 0


def test_people_choose_for_themselves(site, visit, ann) -> None:
    page = visit(ann)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/console/exposure")
    page.get_by_label("Most minutes in a day").fill("30")
    page.get_by_label("category A").check()
    page.get_by_role("button", name="Keep this").click()
    page.get_by_text("It holds from now on").wait_for()
    assert page.get_by_label("Most minutes in a day").input_value() == "30"
    assert page.get_by_label("category A").is_checked()
    assert "0 of 30 min" in page.locator(".meter").inner_text()


def test_whoever_chose_to_press_sees_it_for_three_seconds(site, visit, ann) -> None:
    page = visit(ann)
    page.goto("/console/exposure")
    page.get_by_label("Press once to show").check()
    page.get_by_role("button", name="Keep this").click()
    page.get_by_text("It holds from now on").wait_for()
    open_case(page, site, 2)
    page.keyboard.press("r")
    page.locator(SHOWN).wait_for()
    page.locator(SHOWN).wait_for(state="detached")
    assert page.locator(SHOWN).count() == 0


def test_the_same_picture_is_decided_by_one_key_without_looking(site, visit, ann) -> None:
    page = visit(ann)
    open_case(page, site, 3)
    hold(page)
    page.keyboard.press("b")
    with page.expect_response("**/assessment"):
        page.keyboard.press("Enter")
    site.follow()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    again = open_case(page, site, 3)
    assert "You have seen this picture" in page.locator("#panel").inner_text()
    with page.expect_response("**/same"):
        page.keyboard.press("=")
    site.follow()
    with site.machinery.database.begin() as tx:
        [case] = cases.of_item(tx, again)
    assert case.state.value == "settled"
    assert not [url for url in asked if "reveals" in url]


def test_what_was_seen_before_is_shown_again_only_when_asked_for_knowingly(site, visit, ann) -> None:
    page = visit(ann)
    open_case(page, site, 4)
    hold(page)
    open_case(page, site, 4)
    with page.expect_request(ASKED) as asked:
        hold(page)
    assert "own_request" in (asked.value.post_data or "")
    with site.machinery.database.begin() as tx:
        rows = tx.driver.execute(
            "select again from reveal r join app_user u on u.id = r.user_id where u.name = %s"
            " order by opened_at",
            [ann],
        ).fetchall()
    assert [row[0] for row in rows] == [None, "own_request"]
