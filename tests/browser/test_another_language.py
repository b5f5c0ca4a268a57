"""Every page in a language that runs from right to left and is longer: nothing is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from gallery import found_by_axe, take
from playwright.sync_api import Browser, Page
from pyotp import TOTP
from site_under_test import AUTHORITIES, PASSWORD, UNVETTED_SEED, running_site

from safehold.app import overview, wiring
from safehold.app.program import open_program
from safehold.intake import inbound_reports
from safehold.model.ids import ItemId
from safehold.model.permissions import Role
from safehold.review.appeals import receive_appeal
from safehold.storage import cases, reported_items
from safehold.storage.databases import create_database, drop_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.pseudo_language import TAG, write_pseudo_language
from safehold.web.server import served

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "src" / "safehold" / "web" / "locale" / "safehold.pot"
ALL = "all-roles"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}

AS_IT_IS = "bdi, .mono, code, kbd, .whole, .policy, body [lang], script, style, noscript, [hidden]"
"""Elements whose text is content, a code or a command; the policy text is versioned and stays as filed."""
CODES = re.compile(
    # What is isolated is content; then the name of the product, the time zone, a format of files, units.
    r"[\u2066\u2068][^\u2069]*\u2069|\bSafehold\b|\bUTC\b|\bJPEG\b|\b[a-z_]+:[\w:-]+|\b(case|item):…|\b1000\b"
)
READ = """(asItIs) => {
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (!walker.currentNode.parentElement.closest(asItIs)) found.push(walker.currentNode.data);
    }
    const names = ["title", "aria-label", "placeholder", "alt", "data-does", "data-is"];
    for (const element of document.querySelectorAll("*")) {
        for (const { name, value } of element.attributes) {
            if (names.includes(name) || name.startsWith("data-says")) found.push(value);
        }
    }
    return found;
}"""


@pytest.fixture(scope="module")
def site(
    postgres_server: EmbeddedServer, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Run a site that can speak the pseudo-language, and has something to show on every page."""
    words, folder = tmp_path_factory.mktemp("words"), tmp_path_factory.mktemp("site")
    write_pseudo_language(TEMPLATE, words)
    name = f"browser_{uuid4().hex}"
    create_database(postgres_server, name, database_template)
    with running_site(
        folder,
        postgres_server.url(name),
        more={"web": {"translations": str(words)}, "authorities": AUTHORITIES},
    ) as running:
        running.add_person(ALL, *Role)
        for seed, account in ((1, "17"), (2, "17"), (3, "23"), (UNVETTED_SEED, "58")):
            running.upload(seed, account=account)
        running.note_sweeps()
        yield running
    drop_database(postgres_server, name)


@pytest.fixture(scope="module")
def portal(site: Any) -> Iterator[str]:
    """Serve the public pages too."""
    surfaces = frozenset({"portal"})
    with (
        open_program(site.machinery.settings, surfaces=surfaces) as program,
        served(program, surfaces) as base,
    ):
        yield base


def opened(chromium: Browser, base: str, *, size: str = "desk", theme: str = "light") -> Page:
    """Open a browser whose person reads the pseudo-language."""
    context = chromium.new_context(
        base_url=base,
        viewport=SIZES[size],
        color_scheme=theme,
        reduced_motion="reduce",
        extra_http_headers={"Accept-Language": f"{TAG}, en;q=0.5"},
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def signed_in(page: Page) -> Page:
    """Sign in, by what does not depend on a language."""
    page.goto("/console/sign-in")
    page.fill("input[name=name]", ALL)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue")
    return page


@pytest.fixture(scope="module")
def case(site: Any, chromium: Browser) -> str:
    """Return a case with an item that was settled, and one that waits."""
    page = signed_in(opened(chromium, site.url))
    page.click("form[action='/console/queue/next'] button")
    page.wait_for_url("**/console/cases/*")
    for key in ("b", "3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**done=filed")
    address = page.url.partition("?")[0]
    site.follow()
    site.give_up_deliveries()
    site.get_one_step_stuck()
    page.context.close()
    return address


def english_on(page: Page) -> list[str]:
    """Return what people read on a page that stayed English, codes and content apart."""
    texts = [CODES.sub("", text) for text in page.evaluate(READ, AS_IT_IS)]
    return sorted({" ".join(text.split()) for text in texts if re.search(r"[A-Za-z]{2,}", text)})


def wrong_about(page: Page, name: str, *, look: bool = True) -> list[str]:
    """Return what is wrong about a page in the pseudo-language; keep a picture of it for people."""
    root = page.locator("html")
    wrong = [f"{name}: English: {text}" for text in english_on(page)]
    if (root.get_attribute("lang"), root.get_attribute("dir")) != (TAG, "rtl"):
        wrong.append(f"{name}: says that it is in another language")
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append(f"{name}: too wide")
    if look:
        take(page, f"rtl-{name}")
        wrong += found_by_axe(page, name)
    return wrong


PAGES = (
    "/console/queue",
    "/console/find",
    "/console/emergencies",
    "/console/authorities",
    "/console/lists",
    "/console/classifiers",
    "/console/classifiers/first_look",
    "/console/base-rates",
    "/console/conflicts",
    "/console/support",
    "/console/webhooks",
    "/console/webhooks?state=dead",
    "/console/jobs",
    "/console/audit",
    "/console/people",
    "/console/keys",
    "/console/account",
    "/console/exposure",
    "/console/confirm",
    "/console/nothing-here",
)


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("phone", "dark")])
def test_no_page_of_the_console_keeps_a_word_of_english(
    site: Any, chromium: Browser, case: str, size: str, theme: str
) -> None:
    page, wrong = signed_in(opened(chromium, site.url, size=size, theme=theme)), []
    pages = {address.removeprefix("/console/").replace("?", "-"): address for address in PAGES}
    pages |= {"case": case, "case-account": f"{case}/account", "case-emergency": f"{case}/emergency"}
    for name, address in pages.items():
        page.goto(address)
        wrong += wrong_about(page, f"{name}-{size}-{theme}")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_the_overview_is_in_the_language_before_and_after_its_days_were_counted(
    site: Any, chromium: Browser
) -> None:
    page, wrong = signed_in(opened(chromium, site.url)), []
    for counted in (False, True):
        if counted:
            overview.sweep_days(site.machinery)
        for asked in ("practice=yes", "practice=yes&surface=public_uploads"):
            page.goto(f"/console/overview?{asked}")
            wrong += wrong_about(page, f"overview-{asked}-{counted}", look=False)
    wrong += both(page, "overview")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_a_report_to_an_authority_is_in_the_language_around_a_letter_that_is_not(
    site: Any, chromium: Browser, case: str
) -> None:
    page, wrong = signed_in(opened(chromium, site.url)), []
    page.goto("/console/authorities")
    page.click("a[data-key='o']")
    for button, name in (("", "waits"), ("form[action$='/send']", "sending")):
        if button:
            page.click(f"{button} button")
        page.locator("main h1").wait_for()
        wrong += wrong_about(page, f"authority-report-{name}")
    page.goto("/console/authorities")
    wrong += wrong_about(page, "authorities-sending")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_pages_that_ask_for_a_proof_are_in_the_language_too(site: Any, chromium: Browser) -> None:
    page = signed_in(opened(chromium, site.url))
    page.goto("/console/confirm?next=/console/account")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/account?done=confirmed")
    wrong = wrong_about(page, "account-confirmed")
    page.goto("/console/people")
    wrong += wrong_about(page, "people-confirmed")
    page.locator("form[action='/console/people'] button").click()
    wrong += wrong_about(page, "people-refused")
    page.goto("/console/keys")
    wrong += wrong_about(page, "keys-confirmed")
    page.goto("/console/audit")
    page.click("form[action='/console/audit/verify'] button")
    wrong += wrong_about(page, "audit-verified")
    page.keyboard.press("?")
    wrong += wrong_about(page, "overlay", look=False)
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_a_page_and_what_it_shows_are_assessed_in_the_language(site: Any, chromium: Browser) -> None:
    item_id, program = ItemId(site.upload(4, account="77").item_id), site.machinery
    told = inbound_reports.read(
        address="https://example.org/gallery", seen="child_images", statement="", contact=""
    )
    with program.database.begin() as tx:
        inbound_reports.receive(tx, told, vault=program.vault, now=program.clock())
        [report_id] = tx.driver.execute("select id from inbound_report").fetchone()
        reported_items.insert(tx, report_id, [item_id])
    wiring.take_in_reports(program)
    site.follow()
    with program.database.begin() as tx:
        [case] = cases.of_item(tx, item_id)
    page = signed_in(opened(chromium, site.url))
    page.goto(f"/console/cases/{case.id}?item={item_id}")
    page.click("form[action$='/take'] button")
    page.click("a[data-key='. p']")
    page.locator(f"select[name='item-{item_id}']").wait_for()
    wrong = wrong_about(page, "sitting")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def both(page: Page, name: str) -> list[str]:
    """Return what is wrong about a page on a desk in light and on a phone in dark."""
    wrong = []
    for size, theme in (("phone", "dark"), ("desk", "light")):
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=theme)
        wrong += wrong_about(page, f"{name}-{size}-{theme}")
    return wrong


def taken(page: Page, site: Any, item_id: ItemId) -> str:
    """Take the case of an item; return its address."""
    with site.machinery.database.begin() as tx:
        case_id = cases.current_of_item(tx, item_id)
    page.goto(f"/console/cases/{case_id}?item={item_id}")
    page.click("form[action$='/take'] button")
    page.wait_for_url("**done=taken")
    return f"/console/cases/{case_id}"


def confirmed(page: Page) -> None:
    """Prove by the password who it is."""
    page.goto("/console/confirm?next=/console/account")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/account?done=confirmed")


def test_a_declared_risk_to_life_is_in_the_language_to_its_end(site: Any, chromium: Browser) -> None:
    item_id = ItemId(site.upload(5, account="81").item_id)
    page = signed_in(opened(chromium, site.url))
    case = taken(page, site, item_id)
    page.goto(f"{case}/emergency?item={item_id}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/emergencies/*")
    emergency, wrong = page.url, both(page, "emergency-declared")
    page.goto("/console/emergencies")
    wrong += both(page, "emergencies-one-stands")
    page.goto(case)
    wrong += both(page, "case-at-risk")
    page.goto(emergency)
    page.keyboard.press("Enter")
    page.wait_for_url("**done=answered")
    page.locator("form[action$='/withdraw'] [name=words]").evaluate("field => field.required = false")
    page.locator("form[action$='/withdraw'] button").click()
    page.get_by_role("alert").wait_for()
    wrong += both(page, "emergency-refused")
    page.fill("form[action$='/withdraw'] [name=words]", "123")
    page.locator("form[action$='/withdraw'] button").click()
    page.wait_for_url("**done=emergency-withdrawn")
    wrong += both(page, "emergency-ended")
    page.goto("/console/emergencies")
    wrong += both(page, "emergencies-over")
    page.goto(case)
    wrong += both(page, "case-after-an-emergency")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_what_is_contested_and_decided_afresh_is_in_the_language(site: Any, chromium: Browser) -> None:
    item_id, program = ItemId(site.upload(6, account="82").item_id), site.machinery
    page = signed_in(opened(chromium, site.url))
    case = taken(page, site, item_id)
    for key in ("b", "3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**done=filed**")
    site.follow()
    with program.database.begin() as tx:
        receive_appeal(
            tx, item_id=item_id, statement="1", by="2", record=program.recorder.record, now=program.clock()
        )
    site.follow()
    page.goto(case)
    wrong = both(page, "case-contested")
    page.select_option("select[name=reason]", "appeal")
    page.click("form[action$='/reverse'] button")
    page.wait_for_url("**done=reversed**")
    site.follow()
    page.goto(case)
    wrong += both(page, "case-reversed-on-appeal")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_merging_splitting_notes_and_passing_on_are_in_the_language(site: Any, chromium: Browser) -> None:
    first, second = (ItemId(site.upload(seed, account=f"9{seed}").item_id) for seed in (1, 2))
    page = signed_in(opened(chromium, site.url))
    with site.machinery.database.begin() as tx:
        [other] = cases.of_item(tx, second)
    case = taken(page, site, first)
    page.keyboard.press(".")
    page.keyboard.press("m")
    page.fill("[name=number]", "0")
    page.click("form[action$='/merge'] button")
    page.get_by_role("alert").wait_for()
    wrong = both(page, "case-not-merged")
    page.fill("[name=number]", str(other.number))
    page.click("form[action$='/merge'] button")
    page.wait_for_url("**done=merged**")
    wrong += both(page, "case-merged")
    for part in page.locator("summary").all():
        part.click()
    wrong += both(page, "case-all-of-it-open")
    page.fill("[name=note]", "1")
    page.locator("form[action$='/notes'] button").first.click()
    page.wait_for_url("**done=noted**")
    wrong += both(page, "case-noted")
    page.click("form[action*='/moves/'] button")
    page.wait_for_url("**done=undone**")
    wrong += both(page, "case-unmerged")
    page.goto(f"/console/cases/{other.id}")
    wrong += both(page, "case-that-was-merged")
    page.goto(case)
    page.click("form[action$='/release'] button")
    page.wait_for_url("**done=released")
    wrong += both(page, "queue-released")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_filters_and_what_is_asked_of_many_cases_are_in_the_language(site: Any, chromium: Browser) -> None:
    site.upload(3, account="95")
    page = signed_in(opened(chromium, site.url))
    page.goto("/console/cases?need=25&why=vetted&queue=test&held=nobody")
    wrong = both(page, "cases")
    page.fill("[name=name]", "1")
    page.click("form[action^='/console/filters'] button")
    page.wait_for_url("**done=filter-saved**")
    wrong += both(page, "cases-saved")
    page.check("input[name=all]")
    page.select_option("select[name=what]", "note")
    page.click("button[data-primary]")
    page.get_by_role("alert").wait_for()
    wrong += both(page, "cases-refused")
    page.fill("[name=words]", "1")
    page.click("button[data-primary]")
    page.wait_for_url("**/console/bulk/*")
    wrong += both(page, "bulk")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    wrong += both(page, "bulk-under-way")
    site.follow()
    page.reload()
    wrong += both(page, "bulk-over")
    page.goto("/console/cases?need=x")
    wrong += both(page, "cases-unreadable")
    page.goto("/console/policy")
    wrong += both(page, "policy")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_a_second_factor_and_its_recovery_codes_are_in_the_language(site: Any, chromium: Browser) -> None:
    name = f"new-here-{uuid4().hex[:8]}"
    site.add_person(name, Role.ADMIN)
    page = opened(chromium, site.url)
    page.goto("/console/sign-in")
    wrong = both(page, "sign-in")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "sign-in" not in address)
    confirmed(page)
    page.click("form[action='/console/account/app'] button")
    page.wait_for_url("**/console/account/app")
    wrong += both(page, "account-app")
    app = TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.fill("main input[name=code]", "000000")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    wrong += both(page, "account-app-refused")
    page.fill("main input[name=code]", app.now())
    page.keyboard.press("Enter")
    page.wait_for_url("**done=factor-added")
    wrong += both(page, "account-with-an-app")
    page.click("form[action$='recovery-codes'] button")
    page.locator(".codes").wait_for()
    wrong += both(page, "recovery-codes")
    page.goto("/console/keys")
    page.fill("main input[name=name]", "1")
    page.check("input[name=scope][value=scan]")
    page.click("form[action='/console/keys'] button")
    page.locator("#secret").wait_for()
    wrong += both(page, "shown-once")
    page.goto("/console/account")
    page.click("form[action='/console/sign-out'] button")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/sign-in/second")
    wrong += both(page, "second-step")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_the_layout_is_mirrored_and_no_picture_is(site: Any, chromium: Browser, case: str) -> None:
    page = signed_in(opened(chromium, site.url))
    places = [link.bounding_box() for link in page.locator("header nav a").all()]
    assert places[0]["x"] > places[1]["x"]
    assert page.locator("main h1").bounding_box()["x"] > page.locator("main header form").bounding_box()["x"]
    page.goto(case)
    turned = "() => [...document.querySelectorAll('*')].map(e => getComputedStyle(e).transform)"
    assert not [each for each in page.evaluate(turned) if each.startswith("matrix(-1")]
    page.context.close()


@pytest.mark.parametrize(("size", "theme"), [("desk", "light"), ("phone", "dark")])
def test_the_public_pages_are_in_the_language_of_whoever_reads_them(
    portal: str, chromium: Browser, size: str, theme: str
) -> None:
    page, wrong = opened(chromium, portal, size=size, theme=theme), []
    for address in ("/report", "/report/status", "/appeal", "/transparency", "/report/nothing-here"):
        page.goto(address)
        wrong += wrong_about(page, f"portal{address.replace('/', '-')}-{size}-{theme}")
    for form in ("report", "appeal"):
        page.goto(f"/{form}")
        page.click("form button")
        wrong += wrong_about(page, f"portal-{form}-refused-{size}-{theme}")
    page.fill("[name=reference]", str(uuid4()))
    page.fill("[name=statement]", "1")
    page.click("form button")
    page.get_by_role("status").wait_for()
    wrong += wrong_about(page, f"portal-appealed-{size}-{theme}")
    page.context.close()
    assert not wrong, "\n".join(wrong)
