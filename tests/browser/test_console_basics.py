"""Getting in and out, errors, and what works without scripts."""

from __future__ import annotations

import pytest
from site_under_test import ANN, PASSWORD

from safehold.model.permissions import Role

pytestmark = pytest.mark.browser


@pytest.fixture
def site(quiet_site):
    """Nothing here changes what another test looks at."""
    return quiet_site


def test_the_root_of_the_site_leads_a_stranger_to_the_sign_in_and_from_there_to_the_page_they_wanted(
    visit,
) -> None:
    page = visit()
    page.goto("/")
    assert page.url.endswith("/console/sign-in")
    page.goto("/console/lists")
    assert "/console/sign-in?next=%2Fconsole%2Flists" in page.url
    page.get_by_label("Name").fill(ANN)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/lists")
    assert page.get_by_role("heading", name="Lists").is_visible()


def test_a_wrong_password_is_answered_in_words_that_do_not_say_whether_the_name_exists(visit) -> None:
    page = visit()
    said = []
    for name in (ANN, "nobody-here"):
        page.goto("/console/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        said.append(page.get_by_role("alert").inner_text())
    assert said[0] == said[1]
    assert "wrong" in said[0]


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(visit) -> None:
    page = visit(ANN)
    cookies = page.context.cookies()
    assert {cookie["name"] for cookie in cookies} == {"safehold", "safehold-devices"}
    assert {(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies} == {(True, "Strict")}


def test_signing_out_ends_the_session_on_the_server(visit) -> None:
    page = visit(ANN)
    [cookie] = [each for each in page.context.cookies() if each["name"] == "safehold"]
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in**")
    assert page.get_by_text("You are signed out.").is_visible()
    page.context.add_cookies([cookie])
    page.goto("/console/queue")
    assert "/console/sign-in" in page.url


def test_signing_in_and_reading_the_lists_work_without_scripts(visit) -> None:
    page = visit(ANN, script=False)
    page.goto("/console/lists")
    assert page.get_by_text("northland").is_visible()
    assert page.get_by_text("holds up to 15 bits").first.is_visible()


def test_a_page_that_a_role_may_not_see_is_refused_in_words_and_is_not_in_the_navigation(visit) -> None:
    page = visit(ANN)
    assert page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == [
        "Cases",
        "Find",
        "Emergencies",
        "Conversations",
        "Authorities",
        "Lists",
    ]
    answer = page.goto("/console/audit")
    assert answer is not None
    assert answer.status == 403
    assert page.get_by_role("heading", name="This needs the permission audit.read.").is_visible()


def test_a_missing_page_and_a_missing_case_are_answered_as_pages(visit) -> None:
    page = visit(ANN)
    for path in ("/console/nothing-here", "/console/cases/00000000-0000-7000-8000-000000000000"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/queue")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://somewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "null"},
        {"Origin": "null"},
    ],
)
def test_a_form_that_another_site_sends_is_refused_even_with_the_right_token(visit, headers) -> None:
    page = visit(ANN)
    token = page.locator("meta[name=form-token]").get_attribute("content")
    answer = page.context.request.post("/console/queue/next", form={"form_token": token}, headers=headers)
    assert answer.status == 403


def test_a_form_without_its_token_is_refused(visit) -> None:
    page = visit(ANN)
    for form in ({}, {"form_token": "guessed"}):
        assert page.context.request.post("/console/queue/next", form=form).status == 403


def test_the_overlay_lists_every_key_and_a_person_can_switch_the_keys_off(visit) -> None:
    page = visit(ANN)
    page.keyboard.press("?")
    overlay = page.get_by_role("dialog", name="Keys on this page")
    assert overlay.get_by_text("Open the next case").is_visible()
    assert overlay.get_by_text("Go to Lists").is_visible()
    overlay.get_by_label("Use these keys in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_timeout(200)
    assert page.url.endswith("/console/queue")
    page.get_by_role("button", name="Show every key").click()
    overlay.get_by_label("Use these keys in this browser").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/console/lists")


def test_the_skip_link_is_the_first_stop_and_leads_past_the_bar(visit) -> None:
    page = visit(ANN)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'main'")


def test_an_admin_sees_the_machine_and_no_case(site, visit) -> None:
    site.add_person("admin-1", Role.ADMIN)
    page = visit("admin-1")
    assert page.url.endswith("/console/lists")
    assert page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == [
        "Lists",
        "Overview",
        "Classifiers",
        "Webhooks",
        "Jobs",
        "Audit",
        "People",
        "Keys",
    ]
