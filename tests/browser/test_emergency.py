"""A risk to life, by keyboard: declared with one key and a confirmation, while nothing else works."""

from __future__ import annotations

import base64
import shutil
import sys
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from gallery import look_in_both_themes
from keyboard import Keyboard, press, watch_for_pointers
from playwright.sync_api import expect
from site_under_test import ANN, AUTHORITIES, PASSWORD, running_site

from safehold.app.emergencies import send_calls
from safehold.model.permissions import Role
from safehold.review import conflicts
from safehold.testing.running import TESTER
from safehold.testing.webhook_receiver import Fault, WebhookReceiver

pytestmark = pytest.mark.browser

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()
NUMBER = "112, police"


@pytest.fixture
def pager():
    with WebhookReceiver(SECRET) as receiver:
        yield receiver
    assert not receiver.rejections


@pytest.fixture
def site(fresh_database_url, tmp_path, pager):
    """A site with somebody on call, without a reader, and with no worker but the test's own steps."""
    channel = {
        "kind": "webhook",
        "enabled": True,
        "url": pager.url,
        "secrets": [SECRET],
        "permitted_networks": [f"127.0.0.1:{pager.port}"],
    }
    more = {"emergency": {"number": NUMBER, "on_call": {"pager": channel}}, "authorities": AUTHORITIES}
    with running_site(tmp_path, fresh_database_url, more=more) as running:
        yield running


def declares(page) -> None:
    """Open the next case, press the key, confirm: three keys from the queue."""
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "!")
    page.wait_for_url("**/emergency?item=*")
    press(page, "Enter")
    page.wait_for_url("**/console/emergencies/*")


def asked(site, statement: str) -> list[tuple[object, ...]]:
    with site.machinery.database.begin() as tx:
        return [tuple(row) for row in tx.run(sa.text(statement))]


def test_with_the_vault_gone_and_no_worker_one_key_and_enter_reach_the_person_on_call(
    site, visit, pager
) -> None:
    answer = site.upload(1)
    shutil.rmtree(site.machinery.home.vault)
    page = visit(ANN)
    declares(page)
    expect(page.get_by_text("The person on call was reached.")).to_be_visible()
    expect(page.locator(".notice.urgent")).to_have_text(f"Call {NUMBER}")
    expect(page.get_by_text("the report is due by")).to_be_visible()
    expect(page.get_by_text("waits for one person to make it")).to_be_visible()
    [told] = pager.wait_for(1, timeout=10)
    [(number,)] = asked(site, "select number from review_case")
    assert told.payload["type"] == "risk_to_life_declared"
    assert told.payload["data"]["case_number"] == number
    assert told.payload["data"]["rehearsal"] is True
    assert asked(site, "select kind, state, item_id from proposal") == [
        ("urgent_report", "waiting", answer.item_id)
    ]
    assert asked(site, "select due_at - declared_at from emergency") == [(timedelta(minutes=15),)]
    press(page, "o")
    page.wait_for_url("**/console/cases/*")
    expect(page.get_by_text("risk to life declared")).to_be_visible()
    expect(page.get_by_text("Report a risk to life, unverified")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


class CountedKeys(Keyboard):
    """A keyboard that counts what is pressed."""

    pressed = 0

    def press(self, keys: str) -> None:
        """Press keys, each of which counts."""
        self.pressed += len(keys.split())
        super().press(keys)

    def leads(self, keys: str, to: str) -> None:
        """Press keys of which the last counts here, the others in `press`."""
        self.pressed += 1
        super().leads(keys, to)


def test_from_the_queue_to_a_sent_report_it_is_five_keys_and_no_mouse(
    site, chromium, pager, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five keys leave nearly all of a minute to somebody who reads; the seconds are printed, not asserted."""
    site.upload(1)
    context = chromium.new_context(base_url=site.url)
    pointed = watch_for_pointers(context)
    page = context.new_page()
    page.goto("/console/sign-in")
    keys = CountedKeys(page)
    page.wait_for_function("() => document.activeElement.name === 'name'")
    keys.types(ANN)
    keys.press("Tab")
    keys.types(PASSWORD)
    keys.leads("Enter", "**/console/queue")
    keys.pressed, began = 0, time.monotonic()
    keys.leads("Enter", "**/console/cases/*")
    keys.leads("!", "**/emergency?item=*")
    keys.leads("Enter", "**/console/emergencies/*")
    keys.sees(f"Call {NUMBER}")
    keys.leads("s", "**/console/authorities/*")
    keys.sees("Nothing in it is verified")
    keys.leads("Enter", "**done=authority-sent")
    took = time.monotonic() - began
    assert asked(site, "select state, priority, unverified from authority_report") == [("sending", 1, True)]
    assert len(pager.wait_for(1, timeout=10)) == 1
    assert (keys.pressed, pointed) == (5, [])
    context.close()
    with capsys.disabled():
        sys.stdout.write(
            f"\nFrom the queue to a sent report of a risk to life: 5 keys, {took:.1f} s, unread.\n"
        )


def test_who_is_not_reached_is_said_on_screen_and_tried_again(site, visit, pager) -> None:
    site.upload(1)
    pager.fail_next(1, Fault.SERVER_ERROR)
    page = visit(ANN)
    declares(page)
    expect(page.get_by_text("Nobody was reached yet.")).to_be_visible()
    expect(page.get_by_text("the channel answered 500; tried 1 time")).to_be_visible()
    with site.machinery.database.begin() as tx:
        tx.run(sa.text("update emergency_call set next_attempt_at = now()"))
    send_calls(site.machinery)
    press(page, "u")
    expect(page.get_by_text("The person on call was reached.")).to_be_visible()


def test_somebody_else_says_that_they_are_at_it_and_reports(site, visit, pager) -> None:
    site.add_person("lead-1", Role.LEAD)
    site.upload(1)
    declares(visit(ANN))
    lead = visit("lead-1")
    expect(lead.get_by_text("Risk to life: 1.")).to_be_visible()
    press(lead, "g r")
    lead.wait_for_url("**/console/emergencies")
    lead.locator("tbody").get_by_role("link").click()
    lead.wait_for_url(lambda url: not url.endswith("/console/emergencies"))
    press(lead, "Enter")
    lead.wait_for_url("**done=answered")
    press(lead, "c")
    lead.wait_for_url("**done=called")
    assert len(pager.wait_for(2, timeout=10)) == 2
    press(lead, "t")
    lead.keyboard.type("The police, reference 4711")
    lead.keyboard.press("Enter")
    lead.wait_for_url("**done=emergency-reported")
    expect(lead.get_by_text("The police, reference 4711")).to_be_visible()
    assert asked(site, "select state, approved_by is not null from proposal") == [("approved", True)]
    expect(lead.get_by_text("Risk to life: 1.")).to_have_count(0)


def test_a_wrong_alarm_is_taken_back_with_a_reason_without_scripts(site, visit, pager) -> None:
    site.upload(1)
    page = visit(ANN, script=False, size={"width": 390, "height": 844})
    page.get_by_role("button", name="Open the next case").click()
    page.get_by_role("link", name="Risk to life").click()
    page.get_by_role("button", name="Declare it").click()
    page.wait_for_url("**/console/emergencies/*")
    page.get_by_role("button", name="Take it back").click()
    page.get_by_label("Why").fill("  ")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("It cannot be left empty.").first).to_be_visible()
    page.get_by_label("Why").fill("Two cases were mixed up")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Two cases were mixed up")).to_be_visible()
    told = [one.payload["type"] for one in pager.wait_for(2, timeout=10)]
    assert told == ["risk_to_life_declared", "risk_to_life_withdrawn"]
    assert asked(site, "select state from proposal") == [("withdrawn",)]
    assert asked(site, "select 1 from alarm where cleared_at is null") == []


def test_whoever_is_kept_from_a_case_can_declare_it_by_its_number_and_sees_nothing_of_it(
    site, visit, pager
) -> None:
    site.upload(1)
    page = visit(ANN)
    [(number, case_id)] = asked(site, "select number, id from review_case")
    with site.machinery.database.begin() as tx:
        [(user_id,)] = tx.run(sa.text("select id from app_user where name = :name"), {"name": ANN})
        conflicts.declare_about_account(
            tx, "account-17", of=user_id, actor=TESTER, now=site.machinery.clock()
        )
    page.goto(f"/console/cases/{case_id}")
    expect(page.get_by_text("conflict of interest").first).to_be_visible()
    press(page, "g r")
    page.wait_for_url("**/console/emergencies")
    press(page, "n")
    page.keyboard.type("nothing")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No case has this number").first).to_be_visible()
    page.get_by_label("Case").fill(str(number))
    page.keyboard.press("Enter")
    page.wait_for_url("**/emergency")
    expect(page.get_by_text("account-17")).to_have_count(0)
    press(page, "Enter")
    page.wait_for_url("**/console/emergencies/*")
    expect(page.get_by_text("The person on call was reached.")).to_be_visible()


def test_its_pages_are_accessible_and_whole_on_a_phone(site, visit, pager) -> None:
    site.upload(1)
    page = visit(ANN, size={"width": 390, "height": 844})
    declares(page)
    [(emergency_id, case_id)] = asked(site, "select id, case_id from emergency")
    told = {
        "emergency": f"/console/emergencies/{emergency_id}",
        "emergencies": "/console/emergencies",
        "case": f"/console/cases/{case_id}",
    }
    for name, address in told.items():
        page.goto(address)
        assert look_in_both_themes(page, f"{name}-declared-phone") == []
    press(page, "!")
    page.wait_for_url("**/console/emergencies/*")
    page.get_by_label("Why").fill("A trial of the pages")
    page.get_by_role("button", name="Take it back").click()
    page.wait_for_url("**done=*")
    page.goto(f"/console/cases/{case_id}/emergency")
    assert look_in_both_themes(page, "emergency-taken-back-phone") == []
