"""No media byte reaches the browser before somebody deliberately asks, and every showing is on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from safehold.app.access.users import find_user
from safehold.model.assessment import Tier
from safehold.model.ids import RevealId
from safehold.model.permissions import Role
from safehold.review import viewing
from safehold.storage import audit, cases, reveals

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
SHOWN = "#panel img"
PICTURES, ASKED = "/v/", "**/reveals"
"""Where pictures come from, and where they are asked for."""


@pytest.fixture
def site(quiet_site: Any) -> Any:
    """A site at which pictures can be looked at. Each test has a person and a case of its own there."""
    return quiet_site


@pytest.fixture
def ann(site) -> str:
    """Somebody who has not looked at anything yet."""
    name = f"analyst-{uuid4().hex[:8]}"
    site.add_person(name, Role.ANALYST)
    return name


@pytest.fixture
def item_id(site):
    return site.upload(1, account=f"account-{uuid4().hex[:8]}").item_id


@pytest.fixture
def page(visit, site, ann, item_id):
    """The case page of an analyst who holds the case."""
    return open_case(visit(ann), site, item_id)


def open_case(page, site, item_id):
    with site.machinery.database.begin() as tx:
        [case] = cases.of_item(tx, item_id)
    page.goto(f"/console/cases/{case.id}")
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_selector("#panel")
    return page


def reveal_of(site, asked: Any):
    """Return what is recorded of the showing that a script asked for."""
    with site.machinery.database.begin() as tx:
        return reveals.get(tx, RevealId(UUID(asked.json()["reveal_id"])))


def ended(site, item_id) -> list[dict[str, object]]:
    with site.machinery.database.begin() as tx:
        lines = audit.of_object(tx, f"item:{item_id}")
    return [line.detail for line in lines if line.verb == "item.reveal_end"]


def test_pages_load_without_a_single_picture(site, visit, ann, item_id) -> None:
    page = visit(ann)
    fetched: list[tuple[str, str]] = []
    page.on("response", lambda answer: fetched.append((answer.url, answer.headers.get("content-type", ""))))
    open_case(page, site, item_id)
    page.goto("/console/queue")
    page.goto("/console/lists")
    pictures = [
        url for url, kind in fetched if kind.startswith(("image/", "video/")) and "favicon" not in url
    ]
    assert fetched
    assert pictures == []
    assert not [url for url, _ in fetched if "/reveals" in url or PICTURES in url]


def test_holding_the_key_shows_the_blurred_picture_and_letting_go_ends_it_and_logs_how_long(
    site, page, item_id
) -> None:
    with page.expect_response(ASKED) as asked, page.expect_response(f"**{PICTURES}*") as fetched:
        page.keyboard.down("r")
        page.wait_for_selector(SHOWN)
    assert fetched.value.headers["cache-control"] == "no-store"
    assert urlsplit(fetched.value.url).netloc != urlsplit(page.url).netloc
    assert "cookie" not in fetched.value.request.all_headers()
    assert page.locator(SHOWN).get_attribute("src").startswith("blob:")
    page.wait_for_function("document.querySelector('#panel img').naturalWidth > 0")
    assert page.eval_on_selector(SHOWN, "image => image.naturalWidth") == 320
    page.wait_for_timeout(150)
    with page.expect_response("**/close"):
        page.keyboard.up("r")
    assert page.locator(SHOWN).count() == 0
    reveal = reveal_of(site, asked.value)
    assert reveal.tier is Tier.BLURRED
    assert reveal.closed_at - reveal.fetched_at > timedelta()
    [line] = ended(site, item_id)
    assert line["seconds"] > 0


def test_the_clear_tier_is_a_key_of_its_own_and_letting_go_of_shift_ends_it(site, page, ann, item_id) -> None:
    with page.expect_response(ASKED) as asked:
        page.keyboard.down("Shift")
        page.keyboard.down("R")
        page.wait_for_selector(SHOWN)
    page.wait_for_function("document.querySelector('#panel img').naturalWidth === 640")
    with page.expect_response("**/close"):
        page.keyboard.up("Shift")
    assert page.locator(SHOWN).count() == 0
    assert reveal_of(site, asked.value).tier is Tier.CLEAR
    with site.machinery.database.begin() as tx:
        assert viewing.clearest_seen(tx, item_id, by=find_user(tx, ann).id) is Tier.CLEAR


def test_what_was_looked_at_counts_in_the_bar(page) -> None:
    assert page.get_by_text("You have not looked today").is_visible()
    with page.expect_response("**/close"):
        page.keyboard.down("r")
        page.wait_for_selector(SHOWN)
        page.wait_for_timeout(1100)
        page.keyboard.up("r")
    page.reload()
    assert page.get_by_text("s today").is_visible()


@pytest.mark.parametrize("leaving", ["blur", "hidden"])
def test_leaving_the_window_ends_a_showing(site, page, item_id, leaving) -> None:
    page.keyboard.down("r")
    page.wait_for_selector(SHOWN)
    with page.expect_request("**/close"):
        if leaving == "blur":
            page.evaluate("window.dispatchEvent(new Event('blur'))")
        else:
            page.evaluate(
                "Object.defineProperty(document, 'hidden', {value: true});"
                "document.dispatchEvent(new Event('visibilitychange'))"
            )
    assert page.locator(SHOWN).count() == 0
    page.wait_for_timeout(300)
    assert len(ended(site, item_id)) == 1


def test_going_to_another_page_ends_a_showing(site, page, item_id) -> None:
    page.keyboard.down("r")
    page.wait_for_selector(SHOWN)
    page.goto("/console/lists")
    for _ in range(50):
        if ended(site, item_id):
            break
        page.wait_for_timeout(100)
    assert len(ended(site, item_id)) == 1


def test_letting_go_before_the_picture_arrives_shows_nothing(page) -> None:
    held: list[object] = []
    page.route(f"**{PICTURES}*", lambda route: held.append(route))
    with page.expect_request("**/close"):
        page.keyboard.down("r")
        while not held:
            page.wait_for_timeout(20)
        page.keyboard.up("r")
    for route in held:
        route.abort()
    page.wait_for_timeout(100)
    assert page.locator(SHOWN).count() == 0


def test_on_a_phone_a_pressed_button_shows_it_and_releasing_ends_it(site, visit, ann, item_id) -> None:
    page = open_case(visit(ann, size=PHONE, touch=True), site, item_id)
    button = page.get_by_role("button", name="Hold to look, blurred")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_selector(SHOWN)
    with page.expect_response("**/close"):
        page.mouse.up()
    assert page.locator(SHOWN).count() == 0


def test_a_picture_is_fetched_once(page) -> None:
    with page.expect_response(f"**{PICTURES}*") as fetched:
        page.keyboard.down("r")
        page.wait_for_selector(SHOWN)
    page.keyboard.up("r")
    fetches = "address => fetch(address, {credentials: 'omit'}).then(answer => answer.status)"
    assert page.evaluate(fetches, fetched.value.url) == 404


def test_a_picture_does_not_open_in_a_tab_of_its_own_and_its_ticket_is_not_used_up(page) -> None:
    token = page.locator("meta[name=form-token]").get_attribute("content")
    reveals_at = page.locator("[data-reveals]").get_attribute("data-reveals")
    origin = f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}"
    asked = page.context.request.post(
        reveals_at, form={"form_token": token, "tier": "blurred"}, headers={"origin": origin}
    )
    picture = asked.json()["picture"]
    tab = page.context.new_page()
    assert tab.goto(picture).status == 404
    tab.close()
    fetches = "address => fetch(address, {credentials: 'omit'}).then(answer => answer.status)"
    assert page.evaluate(fetches, picture) == 200


def test_whoever_asks_to_see_too_much_is_told_so_in_words(site, page, item_id) -> None:
    with site.machinery.database.begin() as tx:
        tx.driver.execute(
            "insert into reveal (id, user_id, case_id, item_id, tier, opened_at, ends_by, kind, weight)"
            " select gen_random_uuid(), locked_by, id, item_id, 'blurred', now(),"
            " now() + interval '1 minute', 'unknown', 100"
            " from review_case join case_item on case_id = review_case.id, generate_series(1, 30)"
            " where item_id = %s",
            [item_id],
        )
    page.keyboard.down("r")
    page.get_by_text("that is the limit").wait_for()
    page.keyboard.up("r")
    assert page.locator(SHOWN).count() == 0


def test_writing_in_a_field_never_opens_the_shutter(page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("b")
    page.get_by_label("How many").focus()
    page.keyboard.press("r")
    page.wait_for_timeout(200)
    assert not [url for url in asked if "reveals" in url]


def test_only_the_primary_button_of_a_pointer_looks(page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Hold to look, blurred").hover()
    for button in ("right", "middle"):
        page.mouse.down(button=button)
        page.wait_for_timeout(200)
        page.mouse.up(button=button)
    assert not [url for url in asked if "reveals" in url]
    page.mouse.down()
    page.wait_for_selector(SHOWN)
    page.mouse.up()


@pytest.mark.parametrize("answer", [None, "<p>Another server</p>"], ids=["nobody", "no JSON"])
def test_where_nobody_answers_the_page_says_so_and_not_the_browser(page, answer) -> None:
    page.route(ASKED, lambda route: route.fulfill(body=answer) if answer else route.abort())
    page.keyboard.down("r")
    page.get_by_text("Pictures cannot be fetched just now. Try again in a few seconds.").wait_for()
    page.keyboard.up("r")
    assert page.locator(SHOWN).count() == 0
