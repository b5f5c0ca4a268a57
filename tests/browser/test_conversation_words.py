"""The words of a conversation in the console: what rules saw by one key, the whole by two people."""

from __future__ import annotations

import pytest
from gallery import SIZES, look_in_both_themes
from playwright.sync_api import expect
from reporting import ANN, AUDITOR, LEAD, add_people, asked, press
from site_under_test import PASSWORD

from safehold.app import conversations
from safehold.app.conversations import Message, Told
from safehold.review.facts import standing_of_item
from safehold.testing.running import TESTER

pytestmark = pytest.mark.browser

SAID = ("By the way, how old are you? I forgot.", "Add me on the other app", "Nice weather in the hills")
REASON = "What rules saw does not say who began it."


@pytest.fixture(scope="module")
def talked(quiet_site):
    """A site with a conversation about which somebody is asked, and the address of its case."""
    add_people(quiet_site)
    now = quiet_site.machinery.clock()
    said = tuple(
        Message(id=f"m-{at}", by="account-77", sent_at=now, language="en", text=text)
        for at, text in enumerate(SAID)
    )
    told = Told(reference="talk-7", surface="public_uploads", messages=said)
    item_id = conversations.take(quiet_site.machinery, told, actor=TESTER).item_id
    quiet_site.follow()
    with quiet_site.machinery.database.begin() as tx:
        case_id = standing_of_item(tx, item_id).case_id
    return quiet_site, f"/console/cases/{case_id}", str(item_id)


@pytest.fixture
def site(talked):
    return talked[0]


def confirms(page) -> None:
    page.get_by_role("link", name="Confirm that it is you").first.click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**done=confirmed")


def pictured(page, name: str) -> list[str]:
    wrong = []
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        wrong += look_in_both_themes(page, f"{name}-{size}")
    page.set_viewport_size(SIZES["desk"])
    return wrong


def test_words_are_seen_by_a_key_of_whoever_holds_the_case_and_the_whole_by_two(talked, visit) -> None:
    site, case, item_id = talked
    page = visit(ANN)
    page.goto(case)
    expect(page.get_by_text("how old are you")).to_have_count(0)
    expect(page.get_by_role("button", name="Show the words that rules saw")).to_have_count(0)
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_url("**done=taken")
    with page.expect_response("**/words") as answered:
        press(page, ". v")
    assert answered.value.headers["cache-control"] == "no-store"
    expect(page.locator("mark").first).to_contain_text("how old are you")
    for text in ("I forgot", SAID[2]):
        expect(page.get_by_text(text)).to_have_count(0)
    assert pictured(page, "conversation-words") == []
    press(page, "b")
    page.wait_for_url(f"**{case}?item={item_id}")
    page.get_by_text("Ask to read the whole conversation").click()
    confirms(page)
    page.get_by_text("Ask to read the whole conversation").click()
    page.get_by_label("Why the words that rules saw are not enough").fill(REASON)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**done=thread-asked")
    expect(page.get_by_text("Somebody asks to read the whole conversation")).to_be_visible()
    press(page, "g v")
    page.wait_for_url("**/console/threads")
    expect(page.get_by_role("button", name="Decline what you asked")).to_have_count(1)
    expect(page.get_by_role("button", name="Agree")).to_have_count(0)

    other = visit(LEAD)
    press(other, "g v")
    other.wait_for_url("**/console/threads")
    expect(other.get_by_text(REASON)).to_be_visible()
    expect(other.get_by_role("button", name="Agree")).to_have_count(0)
    confirms(other)
    assert pictured(other, "threads-waiting") == []
    other.get_by_role("button", name="Agree").click()
    other.wait_for_url("**done=thread-agreed")
    for reading in (other, page):
        reading.goto("/console/threads")
        reading.get_by_role("button", name="Read the conversation of case").click()
        expect(reading.get_by_text(SAID[2])).to_be_visible()
        expect(reading.locator("mark").first).to_contain_text("how old are you")
    assert pictured(page, "conversation-whole") == []
    auditor = visit(AUDITOR)
    auditor.goto("/console/threads")
    expect(auditor.get_by_text(REASON)).to_have_count(0)
    opened = "select count(*) from audit_record where verb = 'conversation.open'"
    assert asked(site, opened) == [(3,)]
