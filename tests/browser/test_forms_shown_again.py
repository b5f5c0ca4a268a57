"""Forms that cannot be taken are shown again: what was typed, and what is wrong beside its field."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from site_under_test import PASSWORD

from safehold.app.access.users import list_users
from safehold.model.clock import utc_now
from safehold.model.ids import new_id
from safehold.model.permissions import Role
from safehold.storage import audit, cases

pytestmark = pytest.mark.browser


@pytest.fixture
def site(quiet_site):
    """Everybody here has a name of their own."""
    return quiet_site


@pytest.fixture
def plain(site, visit, request) -> Page:
    """Somebody with every role in a browser that runs no scripts, who just proved that it is them."""
    name = re.sub(r"\W", "-", request.node.name)
    site.add_person(name, *Role)
    page = visit(name, script=False)
    page.goto("/console/confirm?next=/console/account")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    assert page.url.endswith("done=confirmed")
    return page


def sent(page: Page, button: str) -> int:
    """Press a button and return the status of the page that follows."""
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name=button, exact=True).click()
    return answered.value.status


def shows_what_is_wrong(page: Page, label: str, said: str) -> None:
    """Expect a field with the focus, marked and described by these words, and a summary that leads to it."""
    wrong = page.get_by_label(label).and_(page.locator("[aria-invalid=true]"))
    expect(wrong).to_have_count(1)
    expect(wrong).to_be_focused()
    expect(wrong).to_have_accessible_description(re.compile(re.escape(said)))
    summary = page.get_by_role("alert").get_by_role("link")
    expect(summary).to_contain_text(re.compile(re.escape(said), re.IGNORECASE))
    assert summary.get_attribute("href") == f"#{wrong.get_attribute('id')}"


def test_a_wrong_code_keeps_the_secret_of_the_app_that_is_being_set_up(plain) -> None:
    plain.goto("/console/account")
    plain.get_by_role("button", name="Set up an app").click()
    secret, picture = plain.locator("#secret").inner_text(), plain.locator(".qr svg").inner_html()
    plain.get_by_label("The code that it shows now").fill("000 000")
    assert sent(plain, "Add the app") == 422
    assert (plain.locator("#secret").inner_text(), plain.locator(".qr svg").inner_html()) == (secret, picture)
    shows_what_is_wrong(plain, "The code that it shows now", "Wait for the next code")
    expect(plain.get_by_label("The code that it shows now")).to_have_value("")


def test_the_same_password_again_and_a_wrong_one_are_told_beside_their_fields_and_not_repeated(plain) -> None:
    plain.goto("/console/account")
    for old, new, label, said in (
        (PASSWORD, PASSWORD, "A new one", "one that you have not now"),
        ("not my password at all", "another long password", "Your password now", "This is not your password"),
    ):
        plain.get_by_label("Your password now").fill(old)
        plain.get_by_label("A new one").fill(new)
        assert sent(plain, "Change the password") == 422
        shows_what_is_wrong(plain, label, said)
        assert old not in plain.content()
        assert new not in plain.content()


def test_somebody_without_a_role_is_not_added_and_their_name_stays_in_the_form(plain) -> None:
    plain.goto("/console/people")
    plain.get_by_label("Name to sign in with").fill("somebody new")
    assert sent(plain, "Add, and show a password for one sign-in") == 422
    shows_what_is_wrong(plain, "analyst", "At least one of")
    expect(plain.get_by_label("Name to sign in with")).to_have_value("somebody new")


def test_a_name_that_is_taken_is_told_beside_it_and_the_roles_stay_ticked(site, plain) -> None:
    site.add_person("taken", Role.ANALYST)
    plain.goto("/console/people")
    plain.get_by_label("Name to sign in with").fill("taken")
    new = plain.locator("form").filter(has=plain.get_by_label("Name to sign in with"))
    new.get_by_label("lead").check()
    assert sent(plain, "Add, and show a password for one sign-in") == 422
    shows_what_is_wrong(plain, "Name to sign in with", "exists already")
    expect(new.get_by_label("lead")).to_be_checked()
    expect(new.get_by_label("analyst")).not_to_be_checked()


def test_whose_last_role_is_taken_keeps_it_and_the_row_says_why(site, plain) -> None:
    site.add_person("of one role", Role.ANALYST)
    site.add_person("another", Role.LEAD)
    plain.goto("/console/people")
    row = plain.get_by_role("row").filter(has_text="of one role")
    row.get_by_label("analyst").uncheck()
    assert sent(plain, "Set the roles of of one role") == 422
    shows_what_is_wrong(plain, "analyst", "At least one of")
    expect(row.locator("[aria-invalid]")).to_have_count(1)
    expect(row.get_by_label("analyst")).not_to_be_checked()
    expect(plain.get_by_role("row").filter(has_text="another").get_by_label("lead")).to_be_checked()


def test_a_key_without_a_scope_is_not_made_and_its_name_and_days_stay_in_the_form(plain) -> None:
    plain.goto("/console/keys")
    plain.get_by_label("Whose it is").fill("platform-17")
    plain.get_by_label("Ends after").fill("30")
    assert sent(plain, "Make it, and show its secret") == 422
    shows_what_is_wrong(plain, "appeal.file", "At least one of")
    expect(plain.get_by_label("Whose it is")).to_have_value("platform-17")
    expect(plain.get_by_label("Ends after")).to_have_value("30")


def test_a_conflict_of_somebody_who_is_not_known_is_not_lost(plain) -> None:
    plain.goto("/console/conflicts")
    plain.get_by_label("Their name").fill("nobody here")
    plain.get_by_label("The account").fill("account-77")
    assert sent(plain, "Keep them from it") == 422
    shows_what_is_wrong(plain, "Their name", "There is no person of this name")
    expect(plain.get_by_label("Their name")).to_have_value("nobody here")
    expect(plain.get_by_label("The account")).to_have_value("account-77")


def test_an_assessment_that_cannot_be_filed_keeps_every_answer(site, plain) -> None:
    site.upload(1, account="account-of-a-half-filled-form")
    plain.goto("/console/queue")
    plain.get_by_role("button", name="Open the next case").click()
    assert sent(plain, "File and open the next") == 422
    shows_what_is_wrong(plain, "Category A", "Choose one")
    plain.get_by_label("Category B").check()
    plain.get_by_label("11–13").check()
    plain.get_by_label("How many").fill("0")
    assert sent(plain, "File and open the next") == 422
    shows_what_is_wrong(plain, "How many", "1 to 1000")
    expect(plain.get_by_label("Category B")).to_be_checked()
    expect(plain.get_by_label("11–13")).to_be_checked()
    expect(plain.get_by_label("How many")).to_have_value("0")


def test_a_laxer_limit_than_there_is_keeps_every_other_choice_in_the_form(plain) -> None:
    plain.goto("/console/exposure")
    plain.get_by_label("Most minutes in a day").fill("241")
    plain.get_by_label("Minutes of a break").fill("25")
    plain.get_by_label("conversations").check()
    plain.get_by_label("Press once to show").check()
    assert sent(plain, "Keep this") == 422
    shows_what_is_wrong(plain, "Most minutes in a day", "You can be stricter with yourself")
    expect(plain.get_by_label("Most minutes in a day")).to_have_value("241")
    expect(plain.get_by_label("Minutes of a break")).to_have_value("25")
    expect(plain.get_by_label("conversations")).to_be_checked()
    expect(plain.get_by_label("category A")).not_to_be_checked()
    expect(plain.get_by_label("Press once to show")).to_be_checked()


def test_a_name_that_is_asked_for_without_a_reason_is_told_beside_the_record(site, plain) -> None:
    site.add_person("somebody who looked", Role.ANALYST)
    with site.machinery.database.begin() as tx:
        [looked] = [one.id for one in list_users(tx) if one.name == "somebody who looked"]
        audit.append(tx, at=utc_now(), actor=f"user:{looked}", verb="item.reveal", object="item:garden")
    plain.goto("/console/audit?object=item:garden")
    plain.get_by_text("Ask for the name").click()
    plain.get_by_label("Why it must be known").fill(" " * 12)
    assert sent(plain, "Ask") == 422
    shows_what_is_wrong(plain, "Why it must be known", "why, in 10 to 1000 characters")
    plain.goto("/console/audit?object=item:garden")
    expect(plain.get_by_role("cell", name="viewer")).to_be_visible()
    expect(plain.get_by_role("table")).not_to_contain_text("somebody who looked")


def test_what_cannot_be_decided_as_before_is_told_on_the_page_of_its_case(site, plain) -> None:
    item_id = site.upload(1, account="account-of-nothing-decided").item_id
    with site.machinery.database.begin() as tx:
        [case] = cases.of_item(tx, item_id)
    plain.goto(f"/console/cases/{case.id}")
    plain.get_by_role("button", name="Take this case").click()
    token = plain.locator("meta[name=form-token]").get_attribute("content")
    for earlier, status, said in (
        (str(new_id()), 409, "changed this in the meantime"),
        ("", 422, "is missing"),
    ):
        answer = plain.request.post(
            f"/console/cases/{case.id}/items/{item_id}/same",
            form={"form_token": token, "earlier": earlier, "revision": str(case.revision)},
            headers={"accept": "text/html"},
        )
        assert answer.status == status
        assert said in answer.text()
        assert f"Case {case.number}" in answer.text()


def test_a_failure_of_a_form_leads_back_to_the_page_of_the_form(site, plain) -> None:
    plain.goto("/console/people")
    token = plain.locator("meta[name=form-token]").get_attribute("content")
    for referer, back in (
        (f"{site.url}/console/people", "/console/people"),
        (f"{site.url}/console/sign-in", "/console"),
        ("http://[", "/console"),
    ):
        sent = plain.request.post(
            "/console/people/nobody/enable",
            form={"form_token": token},
            headers={"accept": "text/html", "referer": referer},
        )
        assert sent.status == 422
        assert f'href="{back}" data-primary' in sent.text()


def test_what_is_gone_meanwhile_is_told_on_the_page_where_it_was(site, plain) -> None:
    plain.goto("/console/conflicts")
    plain.get_by_label("Their name").fill("analyst-1")
    plain.get_by_label("The account").fill("account-of-two-leads")
    plain.get_by_role("button", name="Keep them from it").click()
    with site.machinery.database.begin() as tx:
        tx.driver.execute("update declared_conflict set ended_at = now(), ended_by = declared_by")
    row = plain.get_by_role("row").filter(has_text="account-of-two-leads")
    with plain.expect_response(lambda answer: answer.request.method == "POST") as answered:
        row.get_by_role("button", name="End").click()
    assert answered.value.status == 404
    expect(plain.get_by_role("alert")).to_contain_text("There is no such conflict, or it has ended.")
    expect(plain.get_by_role("heading", name="Conflicts of interest")).to_be_visible()
