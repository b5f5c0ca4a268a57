"""The database goes away for a minute: the pages say so, nothing that was chosen is lost, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from gallery import SIZES, look_in_both_themes
from playwright.sync_api import Page, expect
from site_under_test import running_site

from safehold.model.permissions import Role
from safehold.storage import assessments, cases, emergencies, migrate
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer

pytestmark = pytest.mark.browser

AWAY = "The database does not answer."
NUMBER = "112"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A database server that a test may stop."""
    with EmbeddedServer(tmp_path_factory.mktemp("records") / "postgres", durable=False) as server:
        create_database(server, "safehold")
        migrate.upgrade(server.url("safehold"))
        yield server


@pytest.fixture(scope="module")
def site(records: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A whole Safehold on that server, at which pictures can be looked at."""
    folder, more = tmp_path_factory.mktemp("site"), {"emergency": {"number": NUMBER}}
    with running_site(folder, records.url("safehold"), looking=True, more=more) as running:
        yield running


@pytest.fixture
def case(site) -> Any:
    """A case of the test's own."""
    item_id = site.upload(1, account=f"account-{uuid4().hex[:8]}").item_id
    with site.machinery.database.begin() as tx:
        [found] = cases.of_item(tx, item_id)
    return found


@pytest.fixture
def page(site, visit, case) -> Page:
    """The page of that case, of an analyst who holds it."""
    name = f"analyst-{uuid4().hex[:8]}"
    site.add_person(name, Role.ANALYST)
    opened: Page = visit(name)
    opened.goto(f"/console/cases/{case.id}")
    opened.get_by_role("button", name="Take this case").click()
    opened.get_by_role("button", name="File").wait_for()
    return opened


def is_away(page: Page) -> None:
    """Check that the page says what is wrong, and nothing else."""
    expect(page.get_by_role("heading", level=1)).to_have_text(AWAY)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    expect(page.get_by_role("alert").locator("code")).to_have_text("safehold doctor")


def pictured(page: Page, size: str) -> list[str]:
    """Look at the page in one size and both themes, and give back what is wrong with it."""
    page.set_viewport_size(SIZES[size])
    return look_in_both_themes(page, f"records-gone-{size}")


def test_what_was_chosen_while_the_records_were_gone_is_filed_by_enter_once_they_are_back(
    site, records, page, case
) -> None:
    for key in ("b", "3", "f", "h"):
        page.keyboard.press(key)
    page.keyboard.type("2")
    page.keyboard.press("Escape")
    records.stop()
    try:
        for _ in range(2):
            page.keyboard.press("Enter")
            page.wait_for_url("**/assessment")
            is_away(page)
            expect(page.get_by_role("alert")).to_contain_text("nothing has to be chosen or written again")
        back = page.get_by_role("link", name="Back to the start")
        expect(back).to_have_attribute("href", "/console")
        assert [wrong for size in SIZES for wrong in pictured(page, size)] == []
    finally:
        records.start()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    site.follow()
    with site.machinery.database.begin() as tx:
        [item_id] = [each.item_id for each in cases.items_of(tx, case.id)]
        [filed] = assessments.of_case(tx, case.id, [item_id])
    told = {name: filed.answers[name] for name in ("category", "age_band", "sex", "count")}
    assert told == {"category": "B", "age_band": "7-10", "sex": "girls", "count": 2}


def test_a_page_that_could_not_be_shown_is_shown_again_by_enter_with_what_it_was_asked_for(
    site, records, page, case
) -> None:
    [address] = [f"/console/cases?queue={case.purpose.value}"]
    records.stop()
    try:
        answer = page.goto(address)
        assert answer is not None
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        is_away(page)
        page.keyboard.press("Enter")
        is_away(page)
    finally:
        records.start()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Cases").wait_for()
    assert page.url.endswith(address)


def test_a_look_meanwhile_says_why_it_shows_nothing_and_the_page_stays_usable(records, page) -> None:
    records.stop()
    try:
        page.keyboard.down("r")
        expect(page.locator("#panel")).to_contain_text(AWAY)
        page.keyboard.up("r")
        expect(page.locator("#panel img")).to_have_count(0)
        page.keyboard.press("b")
        expect(page.get_by_label("Category B")).to_be_checked()
    finally:
        records.start()
    page.keyboard.down("r")
    page.wait_for_selector("#panel img")
    page.keyboard.up("r")


def test_the_number_to_call_is_on_screen_whatever_is_down_and_the_declaration_goes_out_afterwards(
    site, records, page, case
) -> None:
    page.goto(f"/console/cases/{case.id}/emergency")
    records.stop()
    try:
        page.keyboard.press("Enter")
        is_away(page)
        expect(page.get_by_role("note")).to_have_text(f"Call {NUMBER}")
        page.goto("/console/emergencies")
        expect(page.get_by_role("note")).to_have_text(f"Call {NUMBER}")
        page.goto(f"/console/cases/{case.id}/emergency")
        expect(page.get_by_role("note")).to_have_text(f"Call {NUMBER}")
    finally:
        records.start()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Declare it").click()
    page.wait_for_url("**/console/emergencies/*")
    with site.machinery.database.begin() as tx:
        assert emergencies.standing_in(tx, case.id) is not None


def test_no_secret_is_handed_back(records, visit) -> None:
    page = visit()
    page.goto("/console/sign-in")
    page.get_by_label("Name").fill("somebody")
    page.get_by_label("Password").fill("a long enough password")
    records.stop()
    try:
        page.keyboard.press("Enter")
        is_away(page)
        assert "a long enough password" not in page.content()
        assert page.locator("input").count() == 0
    finally:
        records.start()


def test_what_another_site_sends_meanwhile_is_not_handed_on(site, records, page, case) -> None:
    records.stop()
    try:
        for sent_by in ({"origin": "http://127.0.0.1:9"}, {"sec-fetch-site": "cross-site"}, {}):
            answer = page.request.post(
                f"/console/cases/{case.id}/notes",
                form={"note": "Words of a stranger"},
                headers={"accept": "text/html", **sent_by},
            )
            assert answer.status == 503
            assert "Words of a stranger" not in answer.text()
    finally:
        records.start()
