"""Queues in the browser: notes, merging, a lock that ran out, and cases of which somebody may not know."""

from __future__ import annotations

import pytest
from gallery import look_in_both_themes
from keyboard import press
from site_under_test import ANN, PASSWORD, TESTS

from safehold.app.access.users import add_user
from safehold.model.hash_list import Purpose
from safehold.model.permissions import Role

pytestmark = pytest.mark.browser

BEN, ELSEWHERE = "analyst-2", "analyst-3"
PHONE = {"width": 390, "height": 844}


def sql(site, statement: str) -> None:
    with site.machinery.database.session() as connection:
        connection.exec_driver_sql(statement)


def opened(page) -> str:
    """Open the next case by keyboard and return its address."""
    page.goto("/console/queue")
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    return page.url.partition("?")[0]


def test_a_note_is_left_with_the_case_and_read_by_whoever_takes_it_next(site, visit) -> None:
    site.add_person(BEN, Role.ANALYST)
    site.upload(1)
    page = visit(ANN)
    case = opened(page)
    press(page, ". n")
    # Letters that are keys of the page as well: none of them may reach the form.
    page.keyboard.type("<b>The second page</b> is missing.")
    assert page.get_by_label("What whoever goes on should know").input_value().endswith(" is missing.")
    assert page.locator("input[type=radio]:checked").count() == 0
    press(page, "Tab Tab")
    assert page.evaluate("document.activeElement.innerText") == "Leave it and put the case back"
    press(page, "Enter")
    page.wait_for_url("**/console/queue?done=released")
    another = visit(BEN)
    assert opened(another) == case
    assert another.get_by_text("<b>The second page</b> is missing.").is_visible()
    assert another.get_by_text(f"{ANN} opened this case within the last five minutes.").is_visible()


def test_two_cases_are_merged_by_number_and_come_apart_again_without_any_script(site, visit) -> None:
    for seed, account in ((1, "account-17"), (2, "account-23")):
        site.upload(seed, account=account)
    page = visit(ANN, script=False)
    page.goto("/console/queue")
    numbers = page.locator("tbody tr td:nth-child(2) a").all_inner_texts()
    page.get_by_role("button", name="Open the next case").click()
    [other] = [each for each in numbers if f"Case {each}" != page.locator("main h1").inner_text()]
    page.get_by_text("Merge or split").click()
    page.get_by_label("Merge with case number").fill("999999")
    page.get_by_role("button", name="Merge", exact=True).click()
    assert page.get_by_role("alert").get_by_text("There is no such case.").is_visible()
    page.get_by_label("Merge with case number").fill(other)
    page.get_by_role("button", name="Merge", exact=True).click()
    assert page.get_by_text("Merged. What waits in both goes on here.").is_visible()
    assert page.get_by_role("link", name="Item 2").is_visible()
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_text("Undone. What still waited is back here.").is_visible()
    assert page.get_by_role("link", name="Item 2").count() == 0


def test_what_was_chosen_stays_when_the_time_ran_out_and_somebody_else_has_the_case(site, visit) -> None:
    site.add_person(BEN, Role.ANALYST)
    site.upload(1)
    page, another = visit(ANN), visit(BEN)
    case = opened(page)
    press(page, "b")
    sql(site, "update review_case set locked_until = now() - interval '1 minute'")
    another.goto(case)
    press(another, "Enter")
    another.wait_for_url("**done=taken")
    press(page, "Enter")
    page.get_by_text(f"{BEN} has taken the case meanwhile.").wait_for()
    assert page.locator("input[name=finding]:checked").count() == 1
    sql(site, "update review_case set locked_by = null, locked_until = null")
    press(page, "Enter")
    page.wait_for_url("**/console/queue?done=empty")


def test_to_somebody_of_another_queue_there_is_no_such_case(site, visit) -> None:
    now = site.machinery.clock()
    with site.machinery.database.begin() as tx:
        add_user(
            tx,
            name=ELSEWHERE,
            password=PASSWORD,
            roles=frozenset({Role.ANALYST}),
            queues=frozenset({Purpose.INTIMATE_IMAGES}),
            actor=TESTS,
            now=now,
        )
    site.upload(1)
    case = opened(visit(ANN))
    page = visit(ELSEWHERE)
    page.goto("/console/queue")
    assert page.get_by_text("Nothing waits.").is_visible()
    assert page.goto(case).status == 404
    assert page.goto(case[:-4] + "ffff").status == 404


def test_a_case_with_all_of_it_open_is_accessible_and_whole_on_a_phone(site, visit) -> None:
    for seed in (1, 2):
        site.upload(seed)
    page = visit(ANN, size=PHONE)
    opened(page)
    press(page, ". n")
    page.get_by_label("What whoever goes on should know").fill("A note.")
    page.get_by_role("button", name="Leave the note").click()
    page.get_by_text("Noted, for whoever goes on.").wait_for()
    press(page, ". m")
    press(page, ". n")
    assert look_in_both_themes(page, "case-arranging-phone") == []
