"""The public portal in a real browser: without scripts, by keyboard, on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from gallery import look_in_both_themes
from playwright.sync_api import Browser, Page
from sqlalchemy import make_url
from visiting import note_complaints

from safehold.app import publishing, wiring
from safehold.app.program import open_program
from safehold.app.settings import Settings
from safehold.cli.opening import SHELL
from safehold.lists.ledger import NewList, add_list
from safehold.model.hash_list import Purpose
from safehold.storage import audit
from safehold.storage.databases import create_database, drop_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing import running
from safehold.testing.jobs import run_all_steps
from safehold.transparency.packs.pack import Period
from safehold.web.server import served

SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
NAME = "browser_portal"
PORTAL = frozenset({"portal"})


RUNNING = Settings.model_validate(
    {
        "surfaces": {
            "public_uploads": {
                "regions": ["GB", "IE"],
                "classifiers": ["estimate"],
                "lookback": {"basis": "a law"},
            },
            "letters": {"visibility": "private", "legal_bases": [{"region": "GB", "name": "The Act"}]},
        },
        "classifiers": {"estimate": {"shadow": False}},
    }
)


def publish(machinery: Any) -> None:
    """Publish what runs where, and figures of a month in which a dozen outcomes were reversed."""
    with machinery.database.begin() as tx:
        for _ in range(12):
            at, of = datetime(2026, 3, 7, tzinfo=UTC), "case:01990000-0000-7000-8000-000000000000"
            detail = {"reason": "mistake"}
            audit.append(tx, at=at, actor="system:t", verb="outcome.reverse", object=of, detail=detail)
    march = Period(date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("UTC"))
    with machinery.database.begin() as tx:
        now = datetime(2026, 5, 1, tzinfo=UTC)
        publishing.publish(tx, RUNNING, march, actor=SHELL, now=now)


@pytest.fixture(scope="module")
def portal(
    postgres_server: EmbeddedServer, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any]]:
    """Yield the address of a portal under its own role, and the machinery behind it."""
    drop_database(postgres_server, NAME)
    create_database(postgres_server, NAME, database_template)
    folder, url = tmp_path_factory.mktemp("portal"), postgres_server.url(NAME)
    inside = running.settings_of(folder / "inside", url)
    with open_program(inside, surfaces=frozenset({"worker"})) as machinery:
        declare_lists(machinery)
        publish(machinery)
        own = make_url(url).set(username="safehold_portal").render_as_string(hide_password=False)
        outside = Settings.model_validate(
            {
                "data_folder": str(folder / "outside"),
                "database": {"surface_urls": {"portal": own}},
                "vault": {"sealing_key": str(machinery.home.keys.sealing)},
                "portal": {"operator": "The hotline of Northland", "emergency_text": "Call the guards: 000."},
            }
        )
        with open_program(outside, surfaces=PORTAL) as program, served(program, PORTAL) as base:
            yield base, machinery
    drop_database(postgres_server, NAME)


@pytest.fixture
def visit(chromium: Browser, portal: tuple[str, Any]) -> Iterator[Any]:
    """Return what opens a page of the portal; a complaint of the browser fails the test."""
    contexts, complaints = [], []

    def open_one(*, size: str = "desk", script: bool = False) -> Page:
        context = chromium.new_context(
            base_url=portal[0],
            viewport=SIZES[size],
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        note_complaints(page, complaints)
        return page

    yield open_one
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert complaints == []


def declare_lists(machinery: Any) -> None:
    """Declare lists of every kind that the public is told of."""
    with machinery.database.begin() as tx:
        for name, purpose, may_hold in (
            ("northland-hotline-known-images-2026", Purpose.CSAM, True),
            ("fjordland", Purpose.INTIMATE_IMAGES, True),
            ("house-rules", Purpose.OWN_TERMS, False),
        ):
            wanted = NewList(
                name=name,
                purpose=purpose,
                may_hold=may_hold,
                vetted=may_hold,
                provenance="Made for the tests.",
                source="the-hotline-of-northland" if may_hold else "",
            )
            add_list(tx, wanted, actor=running.TESTER, now=machinery.clock())


def fill(page: Page, address: str = "https://example.org/gallery") -> None:
    page.goto("/report")
    page.get_by_label("Address of the page").fill(address)
    page.get_by_label("Somebody is putting a child under pressure").check()
    page.get_by_label("Anything that helps us find it").fill("At the bottom of the page.")


def test_somebody_without_scripts_reports_a_page_and_sees_how_far_it_is(
    visit: Any, portal: tuple[str, Any]
) -> None:
    page = visit()
    fill(page)
    page.get_by_role("button", name="Send the report").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you. We have your report."
    code = page.locator(".code").inner_text()
    assert len(code.replace("-", "")) == 26
    assert code not in page.url

    page.get_by_role("link", name="Status of a report").click()
    page.get_by_label("Your code").fill(code.lower())
    page.keyboard.press("Enter")
    page.locator("[aria-current=step]").wait_for()
    assert page.locator("[aria-current=step]").inner_text() == "Received"
    assert code not in page.url.upper()

    machinery = portal[1]
    wiring.take_in_reports(machinery)
    run_all_steps(machinery.database, machinery.recorder, wiring.handlers(machinery))


def test_the_form_is_filled_and_sent_with_the_keyboard_alone(visit: Any) -> None:
    page = visit()
    page.goto("/report")
    page.get_by_label("Address of the page").focus()
    page.keyboard.type("example.org/page")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Send the report"
    page.keyboard.press("Enter")
    page.locator(".code").wait_for()


def test_the_quick_exit_is_the_first_button_and_leads_to_a_page_that_says_nothing(visit: Any) -> None:
    page = visit()
    page.goto("/report")
    leave = page.get_by_role("link", name="Leave this page quickly")
    box = leave.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 120
    page.get_by_role("button", name="Send the report").scroll_into_view_if_needed()
    assert leave.bounding_box() == box
    leave.click()
    page.wait_for_url("**/blank")
    assert page.title() == "New page"
    assert page.locator("body").inner_text().strip() == ""


def test_what_is_wrong_stands_beside_its_field_and_what_was_written_stays(visit: Any) -> None:
    page = visit()
    fill(page, "not an address at all")
    page.get_by_role("button", name="Send the report").click()
    assert page.get_by_role("alert").inner_text().startswith("This was not sent yet.")
    link = page.get_by_role("alert").get_by_role("link", name="Address of the page")
    assert link.get_attribute("href") == "#address"
    assert page.evaluate("document.activeElement.id") == "address"
    assert "blank" in page.locator("#wrong-address").inner_text()
    field = page.get_by_label("Address of the page")
    assert field.input_value() == "not an address at all"
    assert field.get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Anything that helps us find it").input_value() == "At the bottom of the page."


@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_of_the_portal_is_accessible_and_fits_the_screen(visit: Any, size: str) -> None:
    page = visit(size=size, script=True)
    page.goto("/report")
    wrong = look_in_both_themes(page, f"portal-report-{size}")
    page.get_by_role("button", name="Send the report").click()
    page.get_by_role("alert").wait_for()
    wrong += look_in_both_themes(page, f"portal-wrong-{size}")
    fill(page)
    page.get_by_role("button", name="Send the report").click()
    page.locator(".code").wait_for()
    code = page.locator(".code").inner_text()
    wrong += look_in_both_themes(page, f"portal-thanks-{size}")
    page.goto("/report/status")
    page.get_by_label("Your code").fill("AAAA-BBBB")
    page.get_by_role("button", name="Show the status").click()
    page.get_by_role("alert").wait_for()
    wrong += look_in_both_themes(page, f"portal-unknown-{size}")
    page.get_by_label("Your code").fill(code)
    page.get_by_role("button", name="Show the status").click()
    page.locator("[aria-current=step]").wait_for()
    wrong += look_in_both_themes(page, f"portal-status-{size}")
    page.goto("/appeal")
    wrong += look_in_both_themes(page, f"portal-appeal-{size}")
    page.goto("/transparency")
    wrong += look_in_both_themes(page, f"portal-transparency-{size}")
    page.goto("/report/nothing")
    wrong += look_in_both_themes(page, f"portal-not-found-{size}")
    assert wrong == []
