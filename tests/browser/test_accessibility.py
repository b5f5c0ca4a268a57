"""What axe cannot see: zoom, text spacing, size of targets, focus that is in view, forced colours, motion."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from site_under_test import PASSWORD
from visiting import note_complaints, sign_in

from safehold.model.permissions import Role
from safehold.web.console.pages import PLACES as EVERYWHERE

pytestmark = pytest.mark.browser

ALL = "all-roles"
PLACES = (
    *("queue", "find", "emergencies", "authorities", "ledger", "lists", "conflicts", "webhooks", "jobs"),
    *("audit", "people", "keys", "support", "threads"),
    *("classifiers", "classifiers/first_look", "base-rates", "overview"),
)
OTHERS = ("account", "exposure", "policy", "confirm", "nothing-here")
ZOOMED = {"200 %": {"width": 640, "height": 512}, "400 %": {"width": 320, "height": 256}}
"""A screen of 1280 by 1024 pixels, as a page sees it."""

SCREENS = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SPACED = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
        + " word-spacing: 0.16em !important } p { margin-bottom: 2em !important }");
    document.adoptedStyleSheets = [sheet];
}"""
UNSPACED = "document.adoptedStyleSheets = []"
CUT_OFF = """() => [...document.querySelectorAll("a, button, kbd, label, td, th, h1, h2, .chip, .notice")]
    .filter(each => each.getClientRects().length && !each.closest(".unseen")
        && getComputedStyle(each).overflow !== "visible"
        && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1))
    .map(each => each.tagName + " " + each.textContent.trim().slice(0, 40))"""
TOO_SMALL = """() => {
    const all = [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary")];
    const shown = all.filter(each => each.getClientRects().length && !each.closest("dialog:not([open])")
        && getComputedStyle(each).visibility !== "hidden");
    const boxOf = each => (each.matches("input[type=checkbox], input[type=radio]") && each.closest("label")
        || each).getBoundingClientRect();
    const inWords = each => getComputedStyle(each).display === "inline" && [...each.parentElement.childNodes]
        .some(node => node !== each && node.textContent.trim());
    const far = (one, other) => {
        const [x, y] = [one.x + one.width / 2, one.y + one.height / 2];
        const dx = Math.max(other.left - x, 0, x - other.right);
        const dy = Math.max(other.top - y, 0, y - other.bottom);
        return Math.hypot(dx, dy) >= 12;
    };
    return shown.filter(each => {
        const box = boxOf(each);
        if (box.width >= 23.9 && box.height >= 23.9 || inWords(each) || each.matches(".skip")) return false;
        return !shown.filter(other => boxOf(other).x !== box.x || boxOf(other).y !== box.y)
            .every(other => far(box, boxOf(other)));
    }).map(each => { const box = boxOf(each);
        return `${each.tagName} ${each.textContent.trim().slice(0, 30)} ${box.width}x${box.height}`; });
}"""
MOVING = """() => [...document.querySelectorAll("*")].filter(each => {
    const style = getComputedStyle(each);
    const lasts = style.transitionDuration.split(",").some(part => parseFloat(part) > 0);
    return style.animationName !== "none" || lasts;
}).map(each => each.tagName)"""
LAST_IN_BAR = """() => [...document.querySelectorAll("header.bar button, header.bar a")].at(-1)?.id ?? null"""
FOCUSED = """() => {
    const at = document.activeElement;
    if (at === document.body || at === document.documentElement) return null;
    const box = (at.matches(".options input") ? at.closest("label") : at).getBoundingClientRect();
    const inset = 2, spots = [
        [box.x + box.width / 2, box.y + box.height / 2], [box.left + inset, box.top + inset],
        [box.right - inset, box.top + inset], [box.left + inset, box.bottom - inset],
        [box.right - inset, box.bottom - inset]];
    const seen = spots.some(([x, y]) => {
        const there = document.elementFromPoint(x, y);
        return there && (at.contains(there) || there.contains(at));
    });
    const style = getComputedStyle(at), label = at.closest("label");
    const lined = [at, label].some(each => each && getComputedStyle(each).outlineStyle !== "none"
        && parseFloat(getComputedStyle(each).outlineWidth) >= 2
        && getComputedStyle(each).outlineColor !== "rgba(0, 0, 0, 0)");
    return {name: at.tagName + " " + (at.name || at.textContent.trim().slice(0, 30)), seen, lined};
}"""


@pytest.fixture(scope="module")
def furnished(quiet_site):
    """A site where pages have rows, two items wait in one case, and an alarm stands."""
    quiet_site.add_person(ALL, *Role)
    quiet_site.add_person("another", Role.ANALYST)
    for seed in (1, 2):
        quiet_site.upload(seed)
    quiet_site.upload(3, account="account-with-a-rather-long-name-that-nobody-thought-of-before")
    quiet_site.give_up_deliveries()
    quiet_site.get_one_step_stuck()
    quiet_site.note_sweeps()
    return quiet_site


@pytest.fixture
def site(furnished):
    return furnished


@pytest.fixture(scope="module")
def addresses(furnished, chromium) -> list[str]:
    """Every page of the console, a case that somebody holds among them."""
    context = chromium.new_context(base_url=furnished.url)
    page = context.new_page()
    sign_in(page, ALL)
    page.get_by_role("button", name="Open the next case").click()
    page.wait_for_url("**/console/cases/*")
    case = page.url.partition("?")[0].removeprefix(furnished.url)
    context.close()
    return [
        case,
        f"{case}/emergency",
        f"{case}/account",
        *(f"/console/{name}" for name in (*PLACES, *OTHERS)),
    ]


def opens(page, addresses: list[str]):
    """Go to each page, by the password where it wants to know that it is oneself; yield the address."""
    page.goto("/console/confirm?next=/console/account")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/account?done=confirmed")
    for address in addresses:
        page.goto(address)
        yield address
        if "/cases/" in address and address.count("/") == 3:
            page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
            yield f"{address}, everything unfolded"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured of one page; what is too wide or too small by the names of ZOOMED and SCREENS."""

    too_wide: dict[str, int]
    too_small: dict[str, list[str]]
    moving: list[str]
    title: str
    headings: int
    in_english: int
    helps: int
    last_in_bar: str | None
    cut_off_when_spaced: list[str]
    too_wide_when_spaced: int


@pytest.fixture(scope="module")
def seen(furnished, addresses, chromium) -> dict[str, Seen]:
    """Every page by its address, measured after one load: no script of the console asks how large it is."""
    context = chromium.new_context(base_url=furnished.url, reduced_motion="reduce", viewport=SCREENS["desk"])
    page = context.new_page()
    complaints: list[str] = []
    note_complaints(page, complaints)
    sign_in(page, ALL)
    found = {address: measured(page) for address in opens(page, addresses)}
    context.close()
    assert complaints == []
    return found


def measured(page) -> Seen:
    """Measure the page that is open, and leave it as it was."""
    too_small = {name: at_size(page, size, TOO_SMALL) for name, size in SCREENS.items()}
    too_wide = {name: at_size(page, size, TOO_WIDE) for name, size in ZOOMED.items()}
    page.set_viewport_size(SCREENS["desk"])
    page.evaluate(SPACED)
    cut_off, too_wide_when_spaced = page.evaluate(CUT_OFF), page.evaluate(TOO_WIDE)
    page.evaluate(UNSPACED)
    return Seen(
        too_wide=too_wide,
        too_small=too_small,
        moving=page.evaluate(MOVING),
        title=page.title(),
        headings=page.locator("main h1, main > header h1").count(),
        in_english=page.locator("html[lang=en]").count(),
        helps=page.locator("#show-keys").count(),
        last_in_bar=page.evaluate(LAST_IN_BAR),
        cut_off_when_spaced=cut_off,
        too_wide_when_spaced=too_wide_when_spaced,
    )


def at_size(page, size: dict[str, int], question: str):
    """Make the window this large and ask the page."""
    page.set_viewport_size(size)
    return page.evaluate(question)


@pytest.mark.parametrize("zoom", list(ZOOMED))
def test_zoomed_in_no_page_scrolls_sideways(seen, zoom: str) -> None:
    assert {address: wide for address, each in seen.items() if (wide := each.too_wide[zoom]) > 0} == {}


def test_with_wider_spacing_of_text_nothing_is_cut_off_or_too_wide(seen) -> None:
    assert {at: each.cut_off_when_spaced for at, each in seen.items() if each.cut_off_when_spaced} == {}
    assert [address for address, each in seen.items() if each.too_wide_when_spaced > 0] == []


@pytest.mark.parametrize("size", list(SCREENS))
def test_what_is_pressed_is_24_pixels_large_or_has_room_around_it(seen, size: str) -> None:
    assert {address: small for address, each in seen.items() if (small := each.too_small[size])} == {}


@pytest.mark.parametrize("size", [{"width": 1280, "height": 500}, {"width": 390, "height": 500}])
def test_what_has_the_focus_is_never_hidden_behind_something_else(visit, addresses, size) -> None:
    page = visit(ALL, size=size)
    wrong = []
    for address in opens(page, [*addresses[:3], "/console/people", "/console/account", "/console/exposure"]):
        for _ in range(70):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            if at is None:
                break
            wrong += [] if at["seen"] else [f"{address}: {at['name']}"]
    assert wrong == []


def test_the_bar_of_whoever_may_go_everywhere_is_one_line_high(visit) -> None:
    page = visit(ALL)
    middles = page.locator(".bar > .name, .bar nav > *, .meter, .who > a, .who > form > button").evaluate_all(
        "all => all.map(each => { const box = each.getBoundingClientRect(); return box.y + box.height / 2 })"
    )
    assert len(middles) > 10
    assert max(middles) - min(middles) < 4


@pytest.mark.parametrize("script", [True, False])
def test_what_the_bar_has_no_room_for_is_in_its_menu_which_tab_and_enter_open(visit, script: bool) -> None:
    page = visit(ALL, script=script)
    page.goto("/console/audit")
    menu = page.locator(".bar nav details")
    assert menu.locator("summary[aria-current]").count() == 1
    in_view = page.get_by_role("navigation", name="Main").get_by_role("link")
    before = in_view.all_inner_texts()
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    after = in_view.all_inner_texts()
    assert after[: len(before)] == before
    assert after == [place.label for place in EVERYWHERE]
    for _ in range(len(after) - len(before)):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{EVERYWHERE[-1].path}*")


def test_the_menu_closes_on_escape_and_when_somebody_goes_on(visit) -> None:
    page = visit(ALL)
    menu = page.locator(".bar nav details")
    summary, is_open = menu.locator("summary"), "each => each.open"
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.keyboard.press("Shift+Tab"),
        lambda: page.locator("main h1").click(),
    ):
        summary.focus()
        page.keyboard.press("Enter")
        assert menu.evaluate(is_open)
        leave()
        assert not menu.evaluate(is_open)
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert summary.evaluate("each => each === document.activeElement")


def test_where_colours_are_forced_the_focus_and_what_is_chosen_are_seen_by_lines(
    site, chromium, addresses
) -> None:
    context = chromium.new_context(base_url=site.url, forced_colors="active")
    page = context.new_page()
    sign_in(page, ALL)
    page.goto(addresses[0])
    unlined = []
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None:
            break
        unlined += [] if at["lined"] else [at["name"]]
    assert unlined == []
    answers = page.locator(".options label")
    plain = answers.nth(0).evaluate("each => getComputedStyle(each).backgroundColor")
    page.keyboard.press("a")
    chosen = answers.nth(0).evaluate("each => getComputedStyle(each).backgroundColor")
    assert chosen != plain
    context.close()


def test_whoever_wants_less_motion_gets_none(seen) -> None:
    assert {address: each.moving for address, each in seen.items() if each.moving} == {}


def test_every_page_has_a_name_of_its_own_one_heading_and_help_in_the_same_place(seen) -> None:
    # What is not there is a failure's page, which knows nobody and has no keys to show.
    pages = {at: each for at, each in seen.items() if "," not in at and not at.endswith("nothing-here")}
    told = {at: (each.headings, each.in_english, each.helps, each.last_in_bar) for at, each in pages.items()}
    assert told == dict.fromkeys(pages, (1, 1, 1, "show-keys"))
    assert len({each.title for each in pages.values()}) == len(pages)
