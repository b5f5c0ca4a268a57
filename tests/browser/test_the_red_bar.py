"""What is broken stands in red on every page: a stale list, no matching, a late report, a dead message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from site_under_test import ANN, CLASSIFIER

from safehold.act import deliver
from safehold.app import alarms, emergencies, outages
from safehold.app.access.users import find_user
from safehold.detect.classifiers import circuits
from safehold.lists.ledger import NewList, add_list
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ScanId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of, system_actor
from safehold.storage import scans
from safehold.storage.deliveries import DeliveryState

pytestmark = pytest.mark.browser


@pytest.fixture
def site(quiet_site):
    return quiet_site


def makes_a_list_stale(site, page=None) -> None:
    wanted = NewList(name="hourly", purpose=Purpose.TEST, stale_after_seconds=60, provenance="tests")
    with site.machinery.database.begin() as tx:
        add_list(tx, wanted, actor=system_actor("tests"), now=site.machinery.clock() - timedelta(hours=1))


def cannot_compare(site, page) -> None:
    with site.machinery.database.begin() as tx:
        scans.insert_incomplete(
            tx,
            ScanId(new_id()),
            key_id=None,
            surface="public_uploads",
            codes=("matcher_down",),
            now=site.machinery.clock(),
        )


def leaves_a_report_unsent(site, page) -> None:
    site.upload(1, account="account-64")
    with site.machinery.database.begin() as tx:
        ann = find_user(tx, ANN)
        open_cases = "select id from review_case where state = 'open' limit 1"
        [case_id] = [row.id for row in tx.connection.exec_driver_sql(open_cases)]
    analyst = Actor(permissions=permissions_of(frozenset({Role.ANALYST})), user_id=ann.id)
    assert analyst.may(Permission.EMERGENCY_DECLARE)
    declared = emergencies.declare(site.machinery, CaseId(case_id), item_id=None, actor=analyst)
    with site.machinery.database.begin() as tx:
        outages.raise_for_outages(tx, now=declared.due_at + timedelta(seconds=1))


def gives_a_message_up(site, page) -> None:
    """Confirm an item, approve what follows, and let every attempt to tell the platform fail."""
    site.upload(2, account="account-23")
    page.goto("/console/queue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/*")
    address = page.url
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=**")
    site.follow()
    page.goto(address)
    page.keyboard.press(".")
    page.keyboard.press("a")
    page.wait_for_url("**done=approved**")
    site.follow()
    site.give_up_deliveries()
    with site.machinery.database.begin() as tx:
        for each in deliver.listed(tx, state=DeliveryState.DEAD):
            alarms.raise_alarm(tx, alarms.DELIVERY_DEAD, f"delivery:{each.id}", now=site.machinery.clock())


def is_left_alone(site, page) -> None:
    with site.machinery.database.begin() as tx:
        circuits.note(tx, CLASSIFIER, "timeout", site.machinery.clock())


@pytest.mark.parametrize(
    ("breaks", "says", "theme"),
    [
        (gives_a_message_up, "Messages to platforms that were given up: ", "dark"),
        (makes_a_list_stale, "Lists that are older than they may be: 1.", "light"),
        (cannot_compare, "Uploads that could not be compared with every list: 1.", "dark"),
        (leaves_a_report_unsent, "Reports to authorities that are past their time: 1.", "light"),
        (is_left_alone, "Classifiers that do not answer: 1.", "dark"),
    ],
    ids=["webhook dead", "stale list", "matcher down", "report unsent", "classifier down"],
)
def test_what_is_broken_stands_in_red_on_every_page(site, visit, breaks, says: str, theme: str) -> None:
    page = visit(ANN, theme=theme)
    assert says not in page.locator("body").inner_text()
    breaks(site, page)
    with site.machinery.database.begin() as tx:
        outages.raise_for_outages(tx, now=site.machinery.clock())
    for address in ("/console/queue", "/console/find", "/console/lists"):
        page.goto(address)
        bar = page.locator(".notice.stop")
        assert says in bar.inner_text()
        red = bar.evaluate("each => getComputedStyle(each).color")
        assert red == {"light": "rgb(163, 48, 43)", "dark": "rgb(240, 146, 140)"}[theme]


def test_whoever_runs_the_machine_is_led_to_what_can_be_done_about_it(site, visit) -> None:
    site.add_person("runs-it", Role.ADMIN)
    if "hourly" not in names_of_lists(site):
        makes_a_list_stale(site)
    with site.machinery.database.begin() as tx:
        outages.raise_for_outages(tx, now=site.machinery.clock())
    page = visit("runs-it")
    page.get_by_role("link", name="See the alarms").click()
    page.wait_for_url("**/console/jobs#alarms")
    row = page.locator("tbody tr").filter(has_text="A list is older than it may be")
    assert "import it again" in row.inner_text()


def names_of_lists(site) -> list[str]:
    with site.machinery.database.begin() as tx:
        return [row.name for row in tx.connection.exec_driver_sql("select name from hash_list")]
