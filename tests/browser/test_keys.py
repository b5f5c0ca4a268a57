"""Keys in a real browser: what the table says is what pages do, and none does what it was not pressed for."""

from __future__ import annotations

import pytest
from site_under_test import ANN

from safehold.model.permissions import Role
from safehold.web.console.keyboard import ALWAYS, CASE, OTHERS, forms

pytestmark = pytest.mark.browser

ALL = "all-roles"
WORDS_BY_STATE = ("Choose the ", "Only ")
"""What begins so is put together from what a page knows; its keys are compared all the same."""
CONTROLS = """() => [...document.querySelectorAll("[data-key], [data-hold]")].map(
    each => [each.dataset.key ?? each.dataset.hold, each.dataset.does, each.getClientRects().length > 0])"""


@pytest.fixture(scope="module")
def keyed_site(quiet_site):
    """A site with a case of two items, a dead message and a stuck step."""
    quiet_site.add_person(ALL, *Role)
    for seed, account in ((1, "account-17"), (2, "account-17"), (3, "account-23"), (4, "account-42")):
        quiet_site.upload(seed, account=account)
    quiet_site.give_up_deliveries()
    quiet_site.get_one_step_stuck()
    return quiet_site


@pytest.fixture
def site(keyed_site):
    return keyed_site


def test_every_control_with_a_key_does_what_the_table_says_and_none_shares_it(visit) -> None:
    page = visit(ALL)
    known = {
        (each.key, words)
        for part in (ALWAYS, CASE, *OTHERS, *forms())
        for each in part.keys
        for words in each.does
    }
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    case = page.url.partition("?")[0]
    declared, report = declares_a_risk(page)
    wrong, met = [], set()
    of_case = (case, f"{case}/emergency", f"{case}/account", declared, report)
    for address in (*of_case, *map("/console/{}".format, PLACES)):
        page.goto(address)
        controls = page.evaluate(CONTROLS)
        met |= {key for key, _, _ in controls}
        wrong += [
            f"{address}: {key} {does}"
            for key, does, _ in controls
            if (key, does) not in known and not does.startswith(WORDS_BY_STATE)
        ]
        shown = [key for key, _, is_shown in controls if is_shown]
        wrong += [f"{address}: {key} twice" for key in set(shown) if shown.count(key) > 1]
    assert wrong == []
    assert {"r", "shift+r", "j", ". b", "g r", "!", "a", "t", "/"} <= met


def declares_a_risk(page) -> tuple[str, str]:
    """Declare a risk to life in another case; return the pages of it and of its report."""
    page.goto("/console/queue")
    page.locator("tbody tr").filter(has_text="nobody yet").last.get_by_role("link").click()
    page.wait_for_url("**/console/cases/*")
    page.keyboard.press("!")
    page.wait_for_url("**/emergency?item=*")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/emergencies/*")
    declared = page.url
    page.keyboard.press("s")
    page.wait_for_url("**/console/authorities/*")
    return declared, page.url


PLACES = (
    "queue",
    "find",
    "emergencies",
    "authorities",
    "lists",
    "conflicts",
    "webhooks",
    "jobs",
    "overview",
    "audit",
    "account",
    "exposure",
)


def test_the_second_of_two_keys_never_opens_the_shutter(visit) -> None:
    page = visit(ANN)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/reveals" in request.url else None)
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/console/emergencies")
    assert asked == []


def test_where_keys_are_switched_off_no_letter_opens_the_shutter_and_the_button_still_does(visit) -> None:
    page = visit(ANN)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    page.keyboard.press("?")
    page.get_by_label("Use these keys in this browser").uncheck()
    page.keyboard.press("Escape")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/reveals" in request.url else None)
    page.keyboard.down("r")
    page.wait_for_timeout(300)
    page.keyboard.up("r")
    assert asked == []
    page.get_by_role("button", name="Hold to look, blurred").focus()
    with page.expect_request("**/reveals"):
        page.keyboard.down("Space")
    page.keyboard.up("Space")
    page.wait_for_selector("#panel img", state="detached")


@pytest.mark.parametrize("with_what", ["Control", "Alt", "Meta"])
def test_what_is_pressed_with_a_key_of_the_system_is_the_browsers(visit, with_what: str) -> None:
    page = visit(ANN)
    page.goto("/console/find")
    page.locator("main").focus()
    for key in ("/", "?", "g", "l"):
        page.keyboard.press(f"{with_what}+{key}")
    page.wait_for_timeout(200)
    assert page.url.endswith("/console/find")
    assert page.locator("dialog[open]").count() == 0
