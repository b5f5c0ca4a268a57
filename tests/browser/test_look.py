"""How every page looks: accessible, light, still, whole on a phone; with pictures for people to look at."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from gallery import SIZES, WALKED, is_of, look_at, look_in_both_themes, take
from site_under_test import ANN, CLASSIFIER, UNVETTED_SEED, running_site

from safehold.app import conversations, overview
from safehold.app.access.users import find_user
from safehold.app.conversations import Message, Told
from safehold.model.exposure import ExposureChoices
from safehold.model.permissions import Actor, Role, permissions_of
from safehold.review import conflicts, wellbeing
from safehold.review.appeals import receive_appeal
from safehold.review.facts import standing_of_item
from safehold.testing.running import TESTER

pytestmark = pytest.mark.browser

ALL = "all-roles"
LARGEST_PAGE = 300_000
"""Bytes, everything that a page loads together."""


@pytest.fixture(scope="module")
def full_site(quiet_site):
    """A site where every page has something to show: cases in all states, dead messages, a stuck step."""
    site = quiet_site
    site.add_person(ALL, *Role)
    site.add_person("analyst-2", Role.ANALYST)
    for seed, account in (
        (1, "account-17"),
        (2, "account-17"),
        (3, "account-23"),
        (5, "account-31"),
        (6, "account-34"),
        (UNVETTED_SEED, "account-58"),
    ):
        answer = site.upload(seed, account=account)
    site.upload(4, account="account-42", quality=25)
    with site.machinery.database.begin() as tx:
        receive_appeal(
            tx,
            item_id=answer.item_id,
            statement="This is a photo of a hill near my town. Please look again.",
            by="account-58",
            record=site.machinery.recorder.record,
            now=site.machinery.clock(),
        )
        analyst = find_user(tx, "analyst-2").id
        chosen = ExposureChoices(contact=find_user(tx, ALL).id)
        wellbeing.choose(
            tx,
            chosen,
            actor=Actor(permissions=permissions_of({Role.ANALYST}), user_id=analyst),
            rules=site.machinery.settings.exposure.rules(),
            now=site.machinery.clock(),
        )
        conflicts.declare_about_account(
            tx, "account-64", of=analyst, actor=TESTER, now=site.machinery.clock()
        )
    return site


@pytest.fixture
def site(full_site):
    return full_site


@pytest.fixture(scope="module")
def addresses(full_site, chromium):
    """The pages by name. One case is settled with a planned step, one message is dead, one step stuck."""
    context = chromium.new_context(base_url=full_site.url)
    page = context.new_page()
    page.goto("/console/sign-in")
    page.get_by_label("Name").fill(ALL)
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue")
    found = {"queue": "/console/queue"}
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    for key in ("b", "3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**done=filed")
    found["case"] = page.url.partition("?")[0]
    tell_the_platform_something(full_site, page)
    found["emergency"] = declare_a_risk_to_life(page)
    full_site.follow()
    found["authority-report"], found["authority-report-filed"] = report_to_an_agency(page)
    full_site.give_up_deliveries()
    full_site.get_one_step_stuck()
    full_site.note_sweeps()
    overview.sweep_days(full_site.machinery)
    page.goto("/console/queue")
    for row in page.locator("tbody tr").filter(has_text="nobody yet").all()[:1]:
        found["case-free"] = row.get_by_role("link").get_attribute("href")
    item = page.goto(found["case"]) and page.locator(".items a").filter(has_text="illegal").first
    found["case-settled-item"] = item.get_attribute("href")
    settled, _, item_id = str(found["case-settled-item"]).partition("?item=")
    for quality in (45, 50):
        full_site.upload(1, account=f"account-{quality}", quality=quality)
    found["alike"] = f"{settled}/items/{item_id}/alike"
    page.goto(found["alike"])
    page.get_by_role("heading", name="Nearly the same").wait_for()
    page.goto(found["case-settled-item"])
    found["policy-version"] = link_to(page, "/console/policy/")
    full_site.load_words()
    page.goto("/console/support")
    found["support-text"] = link_to(page, "/console/support/")
    full_site.estimate(lately=40)
    found["classifier"] = f"/console/classifiers/{CLASSIFIER}"
    found["exposure-of"] = f"/console/exposure/of/{somebody_else(full_site)}"
    found["case-conversation"] = talked_about(full_site)
    context.close()
    static = {name: route for name, route in WALKED.items() if "{" not in route}
    return (
        static
        | found
        | {
            "account-cases": found["case"] + "/account",
            "emergency-asked": f"{found['case-free']}/emergency",
        }
    )


def talked_about(site) -> str:
    """Let a conversation ask for a look, and return the address of its case."""
    now = site.machinery.clock()
    said = ("How old are you?", "Come over to the other app: add me on there", "Don't tell your parents")
    messages = tuple(
        Message(id=f"message-{place}", by="account-77", sent_at=now, language="en", text=text)
        for place, text in enumerate(said)
    )
    told = Told(reference="talk-7", surface="public_uploads", messages=messages)
    item_id = conversations.take(site.machinery, told, actor=TESTER).item_id
    site.follow()
    with site.machinery.database.begin() as tx:
        return f"/console/cases/{standing_of_item(tx, item_id).case_id}"


def link_to(page, prefix: str) -> str:
    """Return the first link of the page that begins so."""
    return page.locator(f"a[href^='{prefix}']").first.get_attribute("href")


def somebody_else(site) -> str:
    """Return who chose that whoever has every role may see their figures."""
    with site.machinery.database.begin() as tx:
        return find_user(tx, "analyst-2").id


def tell_the_platform_something(site, page) -> None:
    """Confirm the item of another case and approve what is planned: its platform would be told."""
    take_a_free_case(page)
    address = page.url.partition("?")[0]
    press(page, "b", "Enter")
    page.wait_for_url("**done=filed")
    site.follow()
    page.goto(address)
    press(page, ".", "a")
    page.wait_for_url("**done=approved**")


def declare_a_risk_to_life(page) -> str:
    """Declare one and report it, so that it is no alarm any more; return the address of its page."""
    take_a_free_case(page)
    press(page, "!")
    page.wait_for_url("**/emergency?item=*")
    press(page, "Enter")
    page.wait_for_url("**/console/emergencies/*")
    address = page.url.partition("?")[0]
    press(page, "t")
    page.keyboard.type("The police, reference 4711")
    press(page, "Enter")
    page.wait_for_url("**done=emergency-reported")
    return address


def report_to_an_agency(page) -> tuple[str, str]:
    """Send the report of the risk to life and file it; return the addresses of one that waits, and of it."""
    page.goto("/console/authorities")
    rows = page.locator("tbody tr")
    filed = rows.filter(has_text="unverified").get_by_role("link").get_attribute("href")
    waits = rows.filter(has_not_text="unverified").first.get_by_role("link").get_attribute("href")
    page.goto(filed)
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    press(page, "t")
    page.keyboard.type("NCA-4711")
    press(page, "Enter")
    page.wait_for_url("**done=authority-filed")
    return waits, filed


def take_a_free_case(page) -> None:
    """Take the last case of the queue that nobody has and a vetted list vouches for."""
    page.goto("/console/queue")
    free = page.locator("tbody tr").filter(has_text="nobody yet").filter(has_text="a vetted list")
    free.last.get_by_role("link").click()
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_url("**done=taken")


def press(page, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_is_accessible_and_fits_the_screen(visit, addresses, size) -> None:
    page = visit(ALL, size=SIZES[size])
    wrong = []
    for name, route in WALKED.items():
        page.goto(addresses[name])
        assert is_of(route, page.url), name
        wrong += look_in_both_themes(page, f"{name}-{size}")
    proves(page)
    for name in ("account", "people", "keys", "support-text"):
        page.goto(addresses[name])
        wrong += look_in_both_themes(page, f"{name}-confirmed-{size}")
    page.goto(addresses["audit"])
    page.get_by_role("button", name="Verify the chain").click()
    page.get_by_text("The log is what was written").wait_for()
    wrong += look_in_both_themes(page, f"verified-{size}")
    page.keyboard.press("?")
    wrong += look_in_both_themes(page, f"overlay-{size}", whole=False)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    wrong += look_in_both_themes(page, f"palette-{size}", whole=False)
    page.keyboard.press("Escape")
    page.goto("/console/nothing-here")
    wrong += look_in_both_themes(page, f"not-found-{size}")
    stranger = visit(size=SIZES[size])
    stranger.goto("/console/sign-in")
    wrong += look_in_both_themes(stranger, f"sign-in-{size}")
    assert wrong == []


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("phone", "dark")])
def test_a_form_that_is_shown_again_is_accessible_and_fits_the_screen(visit, addresses, size, theme) -> None:
    page = visit(ALL, size=SIZES[size], theme=theme)
    proves(page)
    wrong = []
    for name, button in (("people", "Add, and show a password"), ("keys", "Make it, and show")):
        page.goto(addresses[name])
        page.get_by_label(re.compile("Name to sign in with|Whose it is")).fill("without a tick")
        page.get_by_role("button", name=button).click()
        page.locator("#what-is-wrong").wait_for()
        wrong += look_at(page, f"{name}-refused-{size}-{theme}")
    assert wrong == []


@pytest.mark.parametrize("size", list(SIZES))
def test_what_is_shown_once_and_the_second_step_are_accessible(site, visit, size) -> None:
    name = f"new-here-{size}"
    site.add_person(name, Role.ADMIN)
    page = visit(name, size=SIZES[size])
    proves(page)
    page.goto("/console/account")
    page.get_by_role("button", name="Set up an app").click()
    page.wait_for_url("**/console/account/app")
    wrong = look_in_both_themes(page, f"account-app-{size}")
    app = pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.get_by_label("The code that it shows now").fill(app.now())
    page.keyboard.press("Enter")
    page.wait_for_url("**done=factor-added")
    page.get_by_role("button", name="Make ten codes").click()
    page.locator(".codes").wait_for()
    wrong += look_in_both_themes(page, f"recovery-codes-{size}")
    page.goto("/console/keys")
    page.get_by_label("Whose it is").fill("platform")
    page.get_by_label("scan", exact=True).check()
    page.get_by_role("button", name="Make it").click()
    page.locator("#secret").wait_for()
    wrong += look_in_both_themes(page, f"shown-once-{size}")
    page.goto("/console/keys")
    wrong += look_in_both_themes(page, f"keys-one-{size}")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in**")
    sign_in(page, name)
    wrong += look_in_both_themes(page, f"second-step-{size}")
    assert wrong == []


def sign_in(page, name: str) -> None:
    """Give name and password, up to where the second factor is asked for."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/sign-in/second")


def proves(page) -> None:
    """Confirm by the password that it is oneself: what changes who may come in is shown then."""
    page.goto("/console/confirm?next=/console/account")
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/account?done=confirmed")


def test_a_held_shutter_is_pictured_for_the_record(visit, addresses) -> None:
    page = visit(ALL)
    page.goto(addresses["case"])
    for key, name in (("r", "blurred"), ("Shift+R", "clear")):
        for part in key.split("+"):
            page.keyboard.down(part)
        page.wait_for_selector("#panel img")
        page.wait_for_function("document.querySelector('#panel img').complete")
        take(page, f"shutter-{name}", whole=False)
        for part in reversed(key.split("+")):
            page.keyboard.up(part)
        page.wait_for_selector("#panel img", state="detached")


def test_no_page_moves_while_it_loads_and_none_is_heavy(visit, addresses) -> None:
    page = visit(ALL)
    proves(page)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    for name in WALKED:
        # Each with everything to load, as on a first visit.
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        sizes.clear()
        page.goto(addresses[name], wait_until="networkidle")
        moved = page.evaluate(
            """() => new Promise(done => {
                let sum = 0;
                new PerformanceObserver(list => {
                    for (const entry of list.getEntries()) sum += entry.value;
                }).observe({type: "layout-shift", buffered: true});
                setTimeout(() => done(sum), 300);
            })"""
        )
        assert moved == 0, name
        assert 0 < sum(sizes) < LARGEST_PAGE, name


def test_every_control_can_be_reached_by_tab_and_shows_that_it_is_there(visit, addresses) -> None:
    page = visit(ALL)
    page.goto(addresses["case"])
    unseen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """() => {
                const at = document.activeElement;
                if (at === document.body) return null;
                const ringed = [at, at.closest("label")].some(
                    each => each && getComputedStyle(each).boxShadow !== "none");
                return [at.tagName + " " + (at.name ?? at.textContent), ringed];
            }"""
        )
        if state is None:
            break
        if not state[1]:
            unseen.append(state[0])
    assert unseen == []


def test_templates_hold_no_inline_script_or_style() -> None:
    templates = Path(__file__).parents[2] / "src" / "safehold" / "web" / "templates"
    found = [
        path.name
        for path in templates.rglob("*.html")
        if re.search(
            r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|\|\s*safe\b", path.read_text()
        )
    ]
    assert list(templates.rglob("*.html"))
    assert found == []


def test_an_empty_site_says_so_in_words(tmp_path, fresh_database_url, chromium) -> None:
    with running_site(tmp_path, fresh_database_url) as empty:
        context = chromium.new_context(base_url=empty.url)
        page = context.new_page()
        page.goto("/console/sign-in")
        page.get_by_label("Name").fill(ANN)
        page.get_by_label("Password").fill("a long enough password")
        page.keyboard.press("Enter")
        page.get_by_text("Nothing waits.").wait_for()
        take(page, "queue-empty", whole=False)
        context.close()
