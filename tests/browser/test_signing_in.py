"""Signing in with a second factor, as people do it: passkeys by a virtual authenticator, an app, codes."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Page
from site_under_test import PASSWORD
from sqlalchemy import text

from safehold.app.access import users
from safehold.model.permissions import Role

pytestmark = pytest.mark.browser


@pytest.fixture
def site(quiet_site):
    """Everybody here has a name of their own."""
    return quiet_site


@pytest.fixture
def by_name(site) -> str:
    """The site's address by a name: browsers bind passkeys to names, never to numbers."""
    return f"http://localhost:{urlsplit(site.url).port}"


class Authenticator:
    """A virtual one, in the browser that a page belongs to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        self.id = self.plug_in()

    def plug_in(self) -> str:
        """Plug in an empty security key whose holder is there and agrees."""
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(made["authenticatorId"])

    def credential(self) -> dict[str, object]:
        """Return the only credential in it."""
        named = {"authenticatorId": self.id}
        [found] = self.session.send("WebAuthn.getCredentials", named)["credentials"]
        return dict(found)

    def copy_counting(self, sign_count: int) -> None:
        """Put in its place a copy of the credential that counts from here."""
        # The browser does not say for whom a key is that was not made resident, and asks for it all the same.
        whose = str(urlsplit(self.page.url).hostname)
        copied = self.credential() | {"signCount": sign_count, "rpId": whose}
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})
        self.id = self.plug_in()
        self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": copied})


def signs_in(page: Page, name: str, base: str = "") -> None:
    """Give name and password, by the keyboard."""
    page.goto(f"{base}/console/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/console/sign-in"))


def proves(page: Page, path: str, base: str = "") -> None:
    """Go to a page that asks for a proof, and confirm by the password that it is the person it seems."""
    page.goto(f"{base}{path}")
    page.get_by_role("link", name="Confirm that it is you").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}?done=confirmed")


def person(site, visit, name: str, *roles: Role) -> Page:
    """Add somebody and return a page of theirs that is not signed in."""
    site.add_person(name, *(roles or (Role.ANALYST,)))
    return visit()


def with_passkey(site, visit, by_name: str, name: str, *roles: Role) -> tuple[Page, Authenticator]:
    """Add somebody who signs in and adds a passkey."""
    page = person(site, visit, name, *roles)
    authenticator = Authenticator(page)
    signs_in(page, name, by_name)
    proves(page, "/console/account", by_name)
    page.get_by_label("A name for it").fill("Key on my ring")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**done=factor-added")
    return page, authenticator


def signed_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in**")


def sql(site, statement: str, **values: object) -> list:
    with site.machinery.database.begin() as tx:
        done = tx.run(text(statement), values)
        return list(done) if done.returns_rows else []


def age_proof(site) -> None:
    """Let everybody's last proof be a quarter of an hour old."""
    sql(site, "update session set proved_at = proved_at - interval '15 minutes'")


def test_a_passkey_is_added_signs_in_and_confirms(site, visit, by_name) -> None:
    page, _ = with_passkey(site, visit, by_name, "keyed", Role.ADMIN)
    assert page.get_by_role("cell", name="Key on my ring", exact=True).is_visible()
    assert page.get_by_text("You have none").is_visible()
    signed_out(page)
    signs_in(page, "keyed", by_name)
    assert "/console/sign-in/second" in page.url
    page.goto(f"{by_name}/console/lists")
    assert "/console/sign-in" in page.url
    page.goto(f"{by_name}/console/sign-in/second")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/lists")

    page.goto(f"{by_name}/console/keys")
    assert page.get_by_role("button", name="Make it").count() == 0
    page.get_by_role("link", name="Confirm that it is you").click()
    page.wait_for_url("**/console/confirm**")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/keys?done=confirmed")
    assert page.get_by_role("button", name="Make it").is_visible()


@pytest.mark.parametrize("answer", [None, "<p>Another server</p>"], ids=["nobody", "no JSON"])
def test_where_nobody_answers_a_passkey_the_page_says_so_and_not_the_browser(
    site, visit, by_name, answer
) -> None:
    name = "not-understood" if answer else "not-answered"
    page = person(site, visit, name)
    Authenticator(page)
    signs_in(page, name, by_name)
    proves(page, "/console/account", by_name)
    page.route("**/passkey-options", lambda route: route.fulfill(body=answer) if answer else route.abort())
    page.get_by_label("A name for it").fill("Key on my ring")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("alert").get_by_text("It cannot be done just now.").wait_for()


def test_a_copy_of_a_passkey_that_counts_backwards_is_refused_and_alarms(site, visit, by_name) -> None:
    page, authenticator = with_passkey(site, visit, by_name, "copied")
    signed_out(page)
    authenticator.copy_counting(40)
    signs_in(page, "copied", by_name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue")
    signed_out(page)
    authenticator.copy_counting(3)
    signs_in(page, "copied", by_name)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("This does not prove that it is you.").wait_for()
    page.goto(f"{by_name}/console/queue")
    assert "/console/sign-in" in page.url
    codes = sql(site, "select code from alarm where cleared_at is null")
    assert ("passkey_copied",) in codes
    sql(site, "update alarm set cleared_at = now()")


def test_an_answer_of_a_passkey_counts_once(site, visit, by_name) -> None:
    page, _ = with_passkey(site, visit, by_name, "replayed")
    signed_out(page)
    signs_in(page, "replayed", by_name)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue")
    [body] = [each for each in sent if "credential=%7B" in each]
    signed_out(page)
    signs_in(page, "replayed", by_name)
    again = page.request.post(
        f"{by_name}/console/sign-in/second",
        data=body,
        headers={"content-type": "application/x-www-form-urlencoded", "origin": by_name},
    )
    assert again.status == 401
    page.goto(f"{by_name}/console/queue")
    assert "/console/sign-in" in page.url


def test_at_an_address_without_a_name_passkeys_are_not_offered_and_the_page_says_why(site, visit) -> None:
    page = person(site, visit, "numbered")
    signs_in(page, "numbered")
    page.goto("/console/account")
    assert page.get_by_text("Passkeys cannot be used at this address").is_visible()
    assert page.get_by_role("button", name="Add a passkey").count() == 0


def add_app(page: Page) -> pyotp.TOTP:
    """Set up an app by what the page shows, and return it."""
    proves(page, "/console/account")
    page.get_by_role("button", name="Set up an app").click()
    page.wait_for_url("**/console/account/app")
    assert page.get_by_role("img", name="QR code").is_visible()
    app = pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.get_by_label("The code that it shows now").fill(app.now())
    page.keyboard.press("Enter")
    page.wait_for_url("**done=factor-added")
    return app


def next_code(app: pyotp.TOTP) -> str:
    """Return the code of the step after this one: this one was used."""
    return app.at(datetime.now(UTC), counter_offset=1)


def test_an_app_is_set_up_and_its_codes_sign_in_once(site, visit) -> None:
    page = person(site, visit, "with-app")
    signs_in(page, "with-app")
    app = add_app(page)
    signed_out(page)
    signs_in(page, "with-app")
    used = next_code(app)
    page.get_by_label("Code of your app").fill("000000")
    page.keyboard.press("Enter")
    page.get_by_text("This does not prove that it is you.").wait_for()
    page.get_by_label("Code of your app").fill(used)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/queue")
    signed_out(page)
    signs_in(page, "with-app")
    page.get_by_label("Code of your app").fill(used)
    page.keyboard.press("Enter")
    page.get_by_text("This does not prove that it is you.").wait_for()


def test_a_recovery_code_is_shown_once_and_signs_in_once(site, visit) -> None:
    page = person(site, visit, "recovering")
    signs_in(page, "recovering")
    add_app(page)
    page.get_by_role("button", name="Make ten codes").click()
    codes = page.locator(".codes li").all_inner_texts()
    assert len(set(codes)) == 10
    page.keyboard.press("Enter")
    page.get_by_text("10 of them are unused").wait_for()
    signed_out(page)
    for code, gets_in in ((codes[0], True), (codes[0], False), (codes[1], True)):
        signs_in(page, "recovering")
        page.get_by_label("recovery code").fill(code)
        page.keyboard.press("Enter")
        if gets_in:
            page.wait_for_url("**/console/queue")
            signed_out(page)
        else:
            page.get_by_text("This does not prove that it is you.").wait_for()


def test_too_many_failures_are_told_with_how_long_to_wait_and_a_known_browser_still_gets_in(
    site, visit
) -> None:
    page = person(site, visit, "hammered")
    signs_in(page, "hammered")
    signed_out(page)
    stranger = visit()
    for _ in range(12):
        stranger.goto("/console/sign-in")
        stranger.get_by_label("Name").fill("hammered")
        stranger.get_by_label("Password").fill("wrong")
        with stranger.expect_navigation() as answered:
            stranger.keyboard.press("Enter")
        if answered.value.status == 429:
            break
    said = stranger.get_by_role("alert").inner_text()
    assert "Try again in" in said
    assert int(answered.value.headers["retry-after"]) >= 1
    sql(site, "update sign_in_failure set blocked_until = now() + interval '5 minutes'")
    signs_in(page, "hammered")
    page.wait_for_url("**/console/queue")
    sql(site, "delete from sign_in_failure")


def test_a_stolen_token_that_comes_back_after_its_owner_went_on_ends_both(site, visit) -> None:
    page = person(site, visit, "robbed")
    signs_in(page, "robbed")
    [stolen] = [each for each in page.context.cookies() if each["name"] == "safehold"]
    sql(site, "update session set rotated_at = rotated_at - interval '16 minutes'")
    page.goto("/console/queue")
    page.goto("/console/lists")
    [present] = [each for each in page.context.cookies() if each["name"] == "safehold"]
    assert present["value"] != stolen["value"]
    sql(site, "update spent_token set spent_at = spent_at - interval '1 hour'")
    thief = visit()
    thief.context.add_cookies([stolen])
    thief.goto("/console/queue")
    assert "/console/sign-in" in thief.url
    page.goto("/console/queue")
    assert "/console/sign-in" in page.url
    sql(site, "update alarm set cleared_at = now()")


def test_what_was_sent_without_a_fresh_proof_is_told_to_be_repeated(site, visit) -> None:
    page = person(site, visit, "slow", Role.ADMIN)
    signs_in(page, "slow")
    proves(page, "/console/keys")
    page.get_by_label("Whose it is").fill("platform of the slow")
    page.get_by_label("scan", exact=True).check()
    age_proof(site)
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/console/confirm**")
    assert page.get_by_text("was not carried out").is_visible()
    page.get_by_label("Password").fill("wrong password")
    page.keyboard.press("Enter")
    page.get_by_text("This does not prove that it is you.").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/keys?done=repeat")
    assert page.get_by_text("please do it once more").is_visible()
    assert sql(site, "select * from api_key where name = 'platform of the slow'") == []


def test_an_admin_adds_somebody_who_chooses_a_password_before_anything_else(site, visit) -> None:
    page = person(site, visit, "boss", Role.ADMIN)
    signs_in(page, "boss")
    page.goto("/console/people")
    assert page.get_by_label("Name to sign in with").count() == 0
    proves(page, "/console/people")
    adding = page.locator("form", has=page.get_by_label("Name to sign in with"))
    adding.get_by_label("Name to sign in with").fill("fresh")
    adding.get_by_label("analyst").check()
    adding.get_by_role("button").click()
    password = page.locator("#secret").inner_text()
    fresh = visit()
    fresh.goto("/console/sign-in")
    fresh.get_by_label("Name").fill("fresh")
    fresh.get_by_label("Password").fill(password)
    fresh.keyboard.press("Enter")
    fresh.wait_for_url("**/console/account")
    fresh.goto("/console/queue")
    assert fresh.url.endswith("/console/account")
    fresh.get_by_label("Your password now").fill(password)
    fresh.get_by_label("A new one").fill("a password of my own")
    fresh.get_by_role("button", name="Change the password").click()
    fresh.wait_for_url("**done=password")
    fresh.goto("/console/queue")
    assert fresh.url.endswith("/console/queue")


def test_whoever_must_add_a_factor_first_confirms_by_the_password_and_adds_it(site, visit) -> None:
    page = person(site, visit, "required")
    signs_in(page, "required")
    sql(site, "update session set must_enrol = true")
    page.goto("/console/queue")
    assert page.url.endswith("/console/account")
    assert page.get_by_role("button", name="Set up an app").count() == 0
    add_app(page)
    page.goto("/console/queue")
    assert page.url.endswith("/console/queue")


def test_a_cookie_that_was_copied_at_the_sign_in_does_no_key_work(site, visit) -> None:
    page = person(site, visit, "watched", Role.ADMIN)
    signs_in(page, "watched")
    [stolen] = [each for each in page.context.cookies() if each["name"] == "safehold"]
    thief = visit()
    thief.context.add_cookies([stolen])
    for path in ("/console/keys", "/console/people", "/console/account"):
        thief.goto(path)
        assert thief.get_by_role("link", name="Confirm that it is you").is_visible()
    thief.goto("/console/keys")
    token = thief.locator("meta[name=form-token]").get_attribute("content")
    form = {"form_token": token, "name": "of the thief", "scope": "scan", "days": "10"}
    for _ in range(2):
        sent = thief.request.post("/console/keys", form=form, headers={"origin": site.url})
        assert (sent.status, sent.json()["code"]) == (403, "step_up_needed")
        if "done=confirmed" not in page.url:
            proves(page, "/console/keys")
    assert sql(site, "select * from api_key where name = 'of the thief'") == []


def test_nobody_changes_themselves_and_a_person_who_is_shut_out_is_out_at_once(site, visit) -> None:
    page = person(site, visit, "chief", Role.ADMIN)
    signs_in(page, "chief")
    proves(page, "/console/people")
    site.add_person("leaving", Role.ANALYST)
    other = visit("leaving")
    page.goto("/console/people")
    mine = page.get_by_role("row").filter(has_text="this is you")
    assert mine.get_by_role("button").count() == 0
    token = page.locator("meta[name=form-token]").get_attribute("content")
    with site.machinery.database.begin() as tx:
        own = users.find_user(tx, "chief").id
    refused = page.request.post(f"/console/people/{own}/disable", form={"form_token": token})
    assert refused.status == 403
    page.get_by_role("button", name="Shut leaving out").click()
    page.wait_for_url("**done=person")
    other.goto("/console/queue")
    assert "/console/sign-in" in other.url
    page.get_by_role("button", name="Let leaving in again").click()
    page.wait_for_url("**done=person")


def test_a_key_is_made_shown_once_warned_of_and_revoked(site, visit) -> None:
    page = person(site, visit, "keeper", Role.ADMIN)
    signs_in(page, "keeper")
    proves(page, "/console/keys")
    page.get_by_label("Whose it is").fill("platform-17")
    page.get_by_label("scan", exact=True).check()
    page.get_by_label("Ends after").fill("10")
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("sfh_")
    page.get_by_role("link", name="I have it").click()
    row = page.get_by_role("row").filter(has_text="platform-17")
    assert row.get_by_text("in 9 days").is_visible()
    assert secret not in page.content()
    row.get_by_role("button", name="Revoke").click()
    page.wait_for_url("**done=key-revoked")
    assert page.get_by_role("row").filter(has_text="platform-17").get_by_text("revoked").is_visible()


def test_a_session_elsewhere_is_seen_and_ended_and_a_browser_is_forgotten(site, visit) -> None:
    page = person(site, visit, "roaming")
    signs_in(page, "roaming")
    elsewhere = visit("roaming")
    proves(page, "/console/account")
    assert page.get_by_role("cell", name="Chrome on Linux").count() >= 2
    page.get_by_role("button", name="End all others").click()
    page.wait_for_url("**done=session-ended")
    elsewhere.goto("/console/queue")
    assert "/console/sign-in" in elsewhere.url
    before = page.get_by_role("button", name="Forget").count()
    page.get_by_role("button", name="Forget").first.click()
    page.wait_for_url("**done=device-forgotten")
    assert page.get_by_role("button", name="Forget").count() == before - 1
