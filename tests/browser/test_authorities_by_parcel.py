"""A report that goes to a hotline as a parcel: where it goes, why it is stuck, the receipt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from gallery import look_at
from playwright.sync_api import expect
from reporting import LEGAL, add_people, asked, confirmed, opened, press
from site_under_test import AUTHORITIES

from safehold.app import wiring
from safehold.testing.hotline import Desk, Fault, Hotline
from safehold.testing.hotline.webhook import SECRET

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hotline() -> Iterator[Hotline]:
    with Hotline(Desk()) as running:
        yield running


@pytest.fixture
def site(kept_sites: Any, hotline: Hotline) -> Iterator[Any]:
    """A site that sends letters to a hotline on this machine."""
    declared = {
        "kind": "generic",
        "enabled": True,
        "delivery": "webhook",
        "url": hotline.url,
        "secrets": [SECRET],
        "age_recipients": [hotline.desk.recipient],
        "permitted_networks": [f"127.0.0.1:{hotline.port}"],
        "send_files": False,
        "voluntary": True,
    }
    more = {"authorities": {**AUTHORITIES, "destinations": {"hotline": declared}}}
    with kept_sites.as_it_began(more) as running:
        add_people(running)
        yield running


def files(site: Any) -> None:
    """Let a worker file what is due."""
    [due] = [one for one in wiring.schedules(site.machinery) if one.name == "authority filings"]
    due.run()


def test_a_parcel_is_read_sent_refused_let_go_on_and_filed_with_its_receipt(
    site: Any, visit: Any, hotline: Hotline
) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    letter = page.get_by_text("The machine sends it as one file that only they can open, to their address")
    expect(letter).to_be_visible()
    expect(page.get_by_text("No file goes along: by the settings, files do not go there.")).to_be_visible()
    expect(page.get_by_role("button", name="Download the pack")).to_have_count(0)
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    hotline.fail_next(Fault.REFUSED)
    files(site)
    press(page, "u")
    expect(page.get_by_text("They refused it, with status 422")).to_be_visible()
    wrong = look_at(page, "authority-report-parcel-stuck")
    page.get_by_label("Say what the record says now").check()
    press(page, "m")
    page.wait_for_url("**done=authority-goes-on")
    assert asked(site, "select state from authority_report") == [("sending",)]
    files(site)
    press(page, "u")
    [taken] = hotline.desk.taken
    expect(page.get_by_text("They have it.")).to_be_visible()
    expect(page.get_by_text(taken.reference)).to_be_visible()
    assert not wrong + look_at(page, "authority-report-parcel-filed")


def test_what_they_may_have_goes_on_only_as_it_was(site: Any, visit: Any, hotline: Hotline) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    hotline.fail_next(Fault.REPLY_LOST)
    files(site)
    press(page, "u")
    expect(page.get_by_text("It was tried 1 time and did not get further.")).to_be_visible()
    expect(page.get_by_text("They may have it: it was sent")).to_be_visible()
    press(page, ". w")
    expect(page.get_by_text("They may have it by now.")).to_be_visible()
    assert asked(site, "select state from authority_report") == [("sending",)]
