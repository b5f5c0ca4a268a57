"""Handing evidence over in the console: two people, each proves who they are, and words for them alone."""

from __future__ import annotations

from uuid import uuid4

import pytest
from gallery import SIZES, look_at
from playwright.sync_api import expect
from pyrage import x25519
from site_under_test import ANN, PASSWORD, running_site

from safehold.app.access.users import find_user
from safehold.model.permissions import Role
from safehold.review import conflicts
from safehold.storage import bundles as rows
from safehold.storage.databases import create_database, drop_database
from safehold.testing.running import TESTER

pytestmark = pytest.mark.browser

ONE, OTHER, KEPT_FROM = "legal-1", "legal-2", "legal-3"
PURPOSE = "An order of the court, 12/26"


@pytest.fixture(scope="module")
def bundles_site(postgres_server, database_template, tmp_path_factory):
    """A site of a small team, where three of legal work; one of them knows the person behind the account."""
    name, folder = f"bundles_{uuid4().hex}", tmp_path_factory.mktemp("bundles")
    create_database(postgres_server, name, database_template)
    more = {"team": {"size_policy": "small"}}
    with running_site(folder, postgres_server.url(name), more=more) as running:
        yield prepared(running)
    drop_database(postgres_server, name)


def prepared(site):
    for name in (ONE, OTHER, KEPT_FROM):
        site.add_person(name, Role.LEGAL)
    answer = site.upload(3, account="account-77")
    site.follow()
    with site.machinery.database.begin() as tx:
        of = find_user(tx, KEPT_FROM).id
        conflicts.declare_about_account(tx, "account-77", of=of, actor=TESTER, now=site.machinery.clock())
    return site, str(answer.item_id)


@pytest.fixture
def site(bundles_site):
    return bundles_site[0]


@pytest.fixture
def item_id(bundles_site):
    return bundles_site[1]


def comes(visit, name: str):
    """Return the page for somebody who confirmed that it is them."""
    page = visit(name)
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/console/bundles")
    expect(page.get_by_role("button", name="Ask that it be handed over")).to_have_count(0)
    page.get_by_role("link", name="Confirm that it is you").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/bundles?done=confirmed")
    return page


def asks(page, item_id: str, *, key: str | None = None) -> None:
    page.keyboard.press("i")
    page.keyboard.type(item_id)
    page.get_by_label("public keys").fill(key or str(x25519.Identity.generate().to_public()))
    page.get_by_label("Who has the private key").fill("The county court")
    page.get_by_label("What for").fill(PURPOSE)
    page.get_by_role("button", name="Ask that it be handed over").click()


def newest(site):
    with site.machinery.database.begin() as tx:
        return rows.newest(tx, limit=1)[0]


def test_one_asks_another_agrees_and_nobody_does_both(site, item_id, visit) -> None:
    page = comes(visit, ONE)
    asks(page, item_id)
    page.wait_for_url("**done=bundle-asked")
    asked = newest(site)
    assert (str(asked.items[0]), asked.purpose, asked.approved) == (item_id, PURPOSE, None)
    expect(page.get_by_text("1, of which 1 has its bytes now")).to_be_visible()
    expect(page.get_by_role("button", name="Agree to what")).to_have_count(0)
    token = page.locator("meta[name=form-token]").get_attribute("content")
    answer = page.context.request.post(
        f"/console/bundles/{asked.id}/approve", form={"form_token": token}, max_redirects=0
    )
    assert answer.status == 403
    assert newest(site).approved is None
    other = comes(visit, OTHER)
    expect(other.get_by_text(PURPOSE)).to_be_visible()
    expect(other.get_by_text(asked.recipients[0])).to_be_visible()
    other.get_by_role("button", name="Agree to what").click()
    other.wait_for_url("**done=bundle-approved")
    decided = newest(site)
    with site.machinery.database.begin() as tx:
        assert (decided.approved, decided.decided_by) == (True, find_user(tx, OTHER).id)
    expect(other.get_by_text(f"safehold evidence bundle make {asked.id}")).to_be_visible()


def test_whoever_is_kept_from_a_case_reads_no_word_of_it_and_cannot_agree(site, item_id, visit) -> None:
    page = comes(visit, ONE)
    asks(page, item_id)
    page.wait_for_url("**done=bundle-asked")
    asked = newest(site)
    kept_from = comes(visit, KEPT_FROM)
    card = kept_from.locator("section").filter(has_text=str(asked.id))
    expect(card.get_by_text("It is about a case that you are kept from")).to_be_visible()
    assert PURPOSE not in card.inner_text()
    assert asked.recipients[0] not in card.inner_text()
    expect(card.get_by_role("button")).to_have_count(0)
    token = kept_from.locator("meta[name=form-token]").get_attribute("content")
    address = f"/console/bundles/{asked.id}/approve"
    answer = kept_from.context.request.post(address, form={"form_token": token}, max_redirects=0)
    assert answer.status == 403
    assert newest(site).approved is None
    page.reload()
    page.get_by_role("button", name="Decline what").first.click()
    page.wait_for_url("**done=bundle-declined")
    assert newest(site).approved is False


def test_what_cannot_be_taken_is_said_where_it_was_written_and_nothing_typed_is_lost(
    site, item_id, visit
) -> None:
    before = newest(site).id
    page = comes(visit, ONE)
    asks(page, "no-id")
    expect(page.locator("#what-is-wrong")).to_contain_text("Ids of items or cases")
    assert page.get_by_label("What for").input_value() == PURPOSE
    page.get_by_label("Items").fill(item_id)
    page.get_by_label("public keys").fill("no-key")
    page.get_by_role("button", name="Ask that it be handed over").click()
    expect(page.get_by_role("alert")).to_contain_text("no public key of age")
    assert newest(site).id == before


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("phone", "dark")])
def test_requests_and_the_form_are_accessible_and_fit_the_screen(site, item_id, visit, size, theme) -> None:
    page = comes(lambda name: visit(name, size=SIZES[size], theme=theme), OTHER)
    asks(page, item_id)
    page.wait_for_url("**done=bundle-asked")
    assert look_at(page, f"bundles-asked-{size}-{theme}") == []


def test_nothing_is_asked_or_agreed_to_on_a_screen_that_was_found_open(site, item_id, visit) -> None:
    before = newest(site).id
    page = visit(ONE)
    token = page.locator("meta[name=form-token]").get_attribute("content")
    form = {"form_token": token, "items": item_id, "to": "age1", "recipient_name": "abc", "purpose": PURPOSE}
    answer = page.context.request.post(
        "/console/bundles", form=form, headers={"Accept": "text/html"}, max_redirects=0
    )
    assert answer.status == 303
    assert "/console/confirm" in answer.headers["location"]
    assert newest(site).id == before


def test_an_analyst_sees_no_request(visit) -> None:
    answer = visit(ANN).goto("/console/bundles")
    assert answer is not None
    assert answer.status == 403
