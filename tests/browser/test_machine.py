"""What an admin and an auditor do: messages, stuck steps, the audit log."""

from __future__ import annotations

import pytest
from site_under_test import ANN
from sqlalchemy import text

from safehold.act import deliver
from safehold.app import alarms
from safehold.model.permissions import Role
from safehold.storage.deliveries import DeliveryState

pytestmark = pytest.mark.browser


def test_a_stuck_step_is_tried_again_by_key_and_its_alarm_goes(site, visit) -> None:
    site.add_person("admin-1", Role.ADMIN)
    site.get_one_step_stuck()
    page = visit("admin-1")
    assert page.get_by_text("Steps that wait for a person: 1.").is_visible()
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/console/jobs")
    assert page.get_by_text("review.open_case").is_visible()
    page.keyboard.press("t")
    page.wait_for_url("**done=retry")
    assert page.get_by_text("Nothing is stuck.").is_visible()
    assert page.get_by_text("Steps that wait for a person").count() == 0
    site.follow()
    with site.machinery.database.begin() as tx:
        assert alarms.standing(tx) == []


def test_an_alarm_is_read_in_words_and_acknowledged_by_key_and_the_step_stays_stuck(site, visit) -> None:
    site.add_person("admin-1", Role.ADMIN)
    site.get_one_step_stuck()
    page = visit("admin-1")
    page.get_by_role("link", name="See the alarms").click()
    page.wait_for_url("**/console/jobs#alarms")
    assert page.get_by_role("heading", name="Jobs and alarms").is_visible()
    row = page.get_by_role("row").filter(has_text="A step is stuck")
    assert row.get_by_text("Find the cause, then try the step again").is_visible()
    assert row.get_by_role("button", name="Acknowledge").is_visible()
    page.keyboard.press("a")
    page.wait_for_url("**done=acknowledged")
    assert page.get_by_text("No alarm stands.").is_visible()
    assert page.get_by_text("Steps that wait for a person").count() == 0
    assert page.get_by_role("button", name="Try again").is_visible()
    site.follow()
    with site.machinery.database.begin() as tx:
        assert alarms.standing(tx) == []
        done = tx.run(text("select actor from audit_record where verb = 'alarm.acknowledge'")).scalar_one()
    assert done.startswith("user:")


def test_somebody_who_may_only_read_sees_the_alarms_and_cannot_acknowledge_them(site, visit) -> None:
    site.add_person("auditor-1", Role.AUDITOR)
    site.get_one_step_stuck()
    page = visit("auditor-1")
    page.goto("/console/jobs")
    assert page.get_by_text("an admin can acknowledge it").is_visible()
    with site.machinery.database.begin() as tx:
        [alarm] = alarms.standing(tx)
    token = page.locator("meta[name=form-token]").get_attribute("content")
    path = f"/console/alarms/{alarm.id}/acknowledge"
    assert page.context.request.post(path, form={"form_token": token}).status == 403
    with site.machinery.database.begin() as tx:
        assert alarms.standing(tx) == [alarm]


def test_a_message_that_was_given_up_is_found_by_its_state_and_tried_again(site, visit) -> None:
    site.add_person("admin-1", Role.ADMIN)
    site.upload(1)
    analyst = visit(ANN)
    analyst.keyboard.press("Enter")
    analyst.wait_for_url("**/console/cases/*")
    address = analyst.url
    analyst.keyboard.press("b")
    analyst.keyboard.press("Enter")
    analyst.wait_for_url("**/console/queue**")
    site.follow()
    analyst.goto(address)
    analyst.keyboard.press(".")
    analyst.keyboard.press("a")
    analyst.wait_for_url("**done=approved**")
    site.follow()
    site.give_up_deliveries()
    page = visit("admin-1")
    page.goto("/console/webhooks?state=dead")
    assert page.get_by_text("proposal approved").is_visible()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**done=retry")
    with site.machinery.database.begin() as tx:
        assert deliver.counted(tx)[DeliveryState.WAITING] == 1


def test_somebody_who_may_only_read_cannot_retry(site, visit) -> None:
    site.add_person("auditor-1", Role.AUDITOR)
    site.get_one_step_stuck()
    page = visit("auditor-1")
    page.goto("/console/jobs")
    assert page.get_by_text("an admin can retry it").is_visible()
    token = page.locator("meta[name=form-token]").get_attribute("content")
    step = "00000000-0000-7000-8000-000000000000"
    refused = page.context.request.post(f"/console/jobs/{step}/retry", form={"form_token": token})
    assert refused.status == 403


def test_an_auditor_finds_what_happened_to_an_item_and_the_reading_is_on_record(site, visit) -> None:
    site.add_person("auditor-1", Role.AUDITOR)
    item_id = site.upload(1).item_id
    page = visit("auditor-1")
    page.goto("/console/audit")
    page.keyboard.press("/")
    page.keyboard.type(f"item:{item_id}")
    page.keyboard.press("Enter")
    page.wait_for_url("**object=**")
    assert page.get_by_text("hold.place").is_visible()
    site.follow()
    page.goto("/console/audit")
    assert page.get_by_role("cell", name="audit.read").count() >= 2


def test_verifying_says_intact_until_somebody_changes_a_record(site, visit) -> None:
    site.add_person("auditor-1", Role.AUDITOR)
    site.upload(1)
    page = visit("auditor-1")
    page.goto("/console/audit")
    page.keyboard.press("Enter")
    page.get_by_text("The log is what was written").wait_for()
    assert page.get_by_text("Unanchored since").is_visible()
    with site.machinery.database.begin() as tx:
        tx.run(text("set session_replication_role = replica"))
        tx.run(text("update audit_record set verb = 'hold.never' where verb = 'hold.place'"))
    page.keyboard.press("Enter")
    page.get_by_text("The log is not what was written").wait_for()
    assert page.get_by_text("its record was changed").is_visible()
