"""Reports to authorities in the console: read as a letter, then sent, by keyboard, by whoever may."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import sqlalchemy as sa
from gallery import found_by_axe, look_in_both_themes
from playwright.sync_api import expect
from reporting import AUDITOR, LEAD, LEGAL, add_people, asked, confirmed, opened, press
from site_under_test import ANN, AUTHORITIES

from safehold.app import wiring
from safehold.app.access.users import find_user
from safehold.evidence import clocks
from safehold.model.case import SubjectPart
from safehold.model.ids import MediaId, SubjectId
from safehold.model.retention import Basis
from safehold.review import conflicts
from safehold.review.subjects import set_part
from safehold.testing.running import TESTER

pytestmark = pytest.mark.browser

BY_API = {
    "kind": "ncmec_cybertipline",
    "enabled": True,
    "url": "https://filing.example",
    "username": "us",
    "password": "a password for tests",
}


@pytest.fixture
def site(kept_sites):
    """A site that reports to an agency by hand, with people of every kind who may read it."""
    with kept_sites.as_it_began({"authorities": AUTHORITIES}) as running:
        add_people(running)
        yield running


@pytest.fixture
def site_of_two(kept_sites):
    """A site where two people send each report."""
    more = {"authorities": {**AUTHORITIES, "second_person": True}}
    with kept_sites.as_it_began(more) as running:
        add_people(running)
        yield running


@pytest.fixture
def site_with_machine(kept_sites):
    """A site whose reports a machine files."""
    more = {"authorities": {**AUTHORITIES, "country": "US", "destinations": {"tipline": BY_API}}}
    with kept_sites.as_it_began(more) as running:
        add_people(running)
        yield running


def files(site) -> None:
    """Let a worker file what is due."""
    [due] = [one for one in wiring.schedules(site.machinery) if one.name == "authority filings"]
    due.run()


def states(site) -> list[str]:
    return [str(state) for (state,) in asked(site, "select state from authority_report order by planned_at")]


def sets_part(site, part: SubjectPart) -> None:
    """Say what the account of the only case is in it."""
    with site.machinery.database.begin() as tx:
        [(subject_id, revision)] = tx.run(sa.text("select id, revision from subject"))
        by = find_user(tx, ANN).id
        set_part(
            tx,
            SubjectId(UUID(str(subject_id))),
            part,
            by=by,
            revision=revision,
            now=site.machinery.clock(),
        )


def test_what_was_confirmed_is_read_as_a_letter_sent_with_enter_and_filed_by_its_reference(
    site, visit
) -> None:
    confirmed(site, visit)
    sets_part(site, SubjectPart.SUSPECTED)
    page = visit(LEGAL)
    opened(page)
    for heading in ("Who reports whom", "What is reported", "Files, and what was viewed", "What is missing"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("Hillside Photos Ltd reports to agency.")).to_be_visible()
    expect(page.get_by_text("It names account-17 as the person reported.")).to_be_visible()
    expect(page.get_by_text("The operator is in the UK, whose law asks for it.")).to_be_visible()
    expect(page.get_by_text("Nobody has been told anything yet.")).to_be_visible()
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    expect(page.get_by_text("to be taken there")).to_be_visible()
    press(page, "t")
    page.keyboard.type("NCA-4711")
    press(page, "Enter")
    page.wait_for_url("**done=authority-filed")
    expect(page.get_by_text("NCA-4711")).to_be_visible()
    assert asked(site, "select state, reference, subject_id is not null from authority_report") == [
        ("filed", "NCA-4711", True)
    ]
    press(page, "g t")
    expect(page.get_by_text("No report is open.")).to_be_visible()
    expect(page.get_by_role("cell", name="NCA-4711")).to_be_visible()


def test_the_page_of_a_report_says_until_when_its_papers_and_evidence_are_kept(site, visit) -> None:
    confirmed(site, visit)
    page = visit(AUDITOR)
    opened(page)
    kept = page.locator("section").filter(has=page.get_by_role("heading", name="Until when it is kept"))
    expect(kept.get_by_text("1 piece of media: confirmed, and not reported yet, no end")).to_be_visible()
    [(report_id, media_id)] = asked(site, "select r.id, i.media_id from authority_report r, item i")
    now = site.machinery.clock()
    for basis in (Basis.UK_CONTENT, Basis.UK_REFERENCE):
        with site.machinery.database.begin() as tx:
            media = [MediaId(media_id)]
            clocks.start(tx, media_ids=media, basis=basis, since=now, about=report_id, now=now)
    page.reload()
    expect(kept.get_by_text("1 piece of media: a report to the NCA: a year, until ")).to_be_visible()
    kept.get_by_text("3 clocks").click()
    reference = kept.get_by_role("row").filter(has_text="The reference that the NCA gave: five years")
    expect(reference.get_by_role("cell", name="the reference", exact=True)).to_be_visible()
    kept.get_by_role("link", name="Its lines in the ledger").click()
    page.wait_for_url("**/console/ledger?about=*")
    expect(page.locator("td.about")).to_have_count(3)


def test_nobody_is_named_while_no_part_is_known_and_that_is_said_where_it_is_sent(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    expect(page.get_by_text("It names nobody as the person reported.")).to_be_visible()
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    assert asked(site, "select state, subject_id from authority_report") == [("sending", None)]


def test_what_is_sent_is_what_was_read_or_nothing(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    sets_part(site, SubjectPart.SUSPECTED)
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("has changed since you read it. Nothing was sent.")
    expect(page.get_by_text("It names account-17 as the person reported.")).to_be_visible()
    assert states(site) == ["planned"]
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    assert states(site) == ["sending"]


def test_a_page_that_somebody_else_has_overtaken_says_so_calmly(site, visit) -> None:
    confirmed(site, visit)
    late, early = visit(LEGAL), visit(LEAD)
    opened(late)
    opened(early)
    press(early, ". d")
    early.wait_for_url("**done=authority-declined")
    press(late, "Enter")
    expect(late.get_by_role("alert")).to_contain_text("Somebody else changed this in the meantime.")
    expect(late.get_by_text("It was told to nobody.")).to_be_visible()
    assert states(site) == ["declined"]


def test_the_checklist_stands_with_its_three_states_and_how_much_is_answered(site, visit) -> None:
    confirmed(site, visit)
    page = visit(AUDITOR)
    opened(page)
    table = page.get_by_role("table", name="What a report holds where it is there")
    expect(table.get_by_text("on record").first).to_be_visible()
    expect(table.get_by_text("not looked for yet").first).to_be_visible()
    expect(table.get_by_text("not held").first).to_be_visible()
    expect(page.get_by_text(" of 24 answered")).to_be_visible()


def test_a_priority_is_chosen_and_moves_the_clock_and_what_is_none_is_refused(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    press(page, "p")
    page.keyboard.type("2")
    page.get_by_role("button", name="Set").click()
    page.wait_for_url("**done=authority-priority")
    assert asked(site, "select priority, due_at - planned_at < interval '5 hours' from authority_report") == [
        (2, True)
    ]
    page.locator("#priority option").first.evaluate("each => each.value = '7'")
    page.locator("#priority").select_option(index=0)
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#what-is-wrong")).to_have_text("Choose one.")


def test_everything_works_without_scripts_and_a_missing_reference_is_said_beside_its_field(
    site, visit
) -> None:
    confirmed(site, visit)
    page = visit(LEGAL, script=False)
    page.get_by_role("link", name="Authorities").click()
    page.get_by_role("link", name="Open the one that is due first").click()
    page.get_by_role("button", name="Send it").click()
    page.get_by_label("Their reference").fill("   ")
    page.get_by_role("button", name="They have it").click()
    expect(page.locator("#what-is-wrong")).to_contain_text("1 to 200 characters on one line.")
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("Withdrawn. Nobody is told.")).to_be_visible()
    assert states(site) == ["withdrawn"]


def test_an_analyst_reads_and_cannot_send_and_an_auditor_neither(site, visit) -> None:
    confirmed(site, visit)
    for name in (ANN, AUDITOR):
        page = visit(name)
        opened(page)
        expect(page.get_by_text("A lead or somebody of legal sends it.")).to_be_visible()
        expect(page.get_by_role("button", name="Send it")).to_have_count(0)
        expect(page.get_by_role("button", name="Decline it")).to_have_count(0)
        press(page, "Enter")
    assert states(site) == ["planned"]


def test_whoever_has_a_conflict_of_interest_sees_no_report_about_it(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    report = page.url
    with site.machinery.database.begin() as tx:
        conflicts.declare_about_account(
            tx, "account-17", of=find_user(tx, LEGAL).id, actor=TESTER, now=site.machinery.clock()
        )
    page.goto("/console/authorities")
    expect(page.get_by_text("No report is open.")).to_be_visible()
    answer = page.goto(report)
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_text("conflict of interest").first).to_be_visible()
    expect(page.get_by_text("account-17")).to_have_count(0)


def test_whoever_works_in_other_queues_finds_no_such_report(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL)
    opened(page)
    report = page.url
    with site.machinery.database.begin() as tx:
        tx.run(
            sa.text("update app_user set queues = '{csam}' where id = :id"), {"id": find_user(tx, LEGAL).id}
        )
    page.goto("/console/authorities")
    expect(page.get_by_text("No report is open.")).to_be_visible()
    answer = page.goto(report)
    assert answer is not None
    assert answer.status == 404
    nothing = page.goto("/console/authorities/00000000-0000-7000-8000-000000000000")
    assert nothing is not None
    assert nothing.status == 404


def test_the_page_of_a_case_shows_its_reports_and_leads_to_them(site, visit) -> None:
    case = confirmed(site, visit)
    page = visit(LEAD)
    page.goto(case)
    section = page.locator("section").filter(has=page.get_by_role("heading", name="Reports to authorities"))
    expect(section.get_by_text("waits for a person")).to_be_visible()
    press(page, ". f")
    page.wait_for_url("**/console/authorities/*")
    press(page, "c")
    page.wait_for_url("**/console/cases/*")
    page.goto(f"{case}/account")
    page.get_by_role("cell").get_by_role("link", name="agency").click()
    page.wait_for_url("**/console/authorities/*")


class TestTwoPeople:
    @pytest.fixture
    def site(self, site_of_two):
        return site_of_two

    def test_two_people_send_a_report_and_never_the_same_one_twice(self, site, visit) -> None:
        confirmed(site, visit)
        first, second = visit(LEGAL), visit(LEAD)
        opened(first)
        expect(first.get_by_text("Two people send it")).to_be_visible()
        press(first, "Enter")
        first.wait_for_url("**done=authority-first")
        expect(first.get_by_text("You have sent it on. Ask a colleague.")).to_be_visible()
        expect(first.get_by_role("button", name="Send it")).to_have_count(0)
        opened(second)
        expect(second.get_by_text("It goes once somebody else does too.")).to_be_visible()
        press(second, "Enter")
        second.wait_for_url("**done=authority-sent")
        assert asked(site, "select state, approved_by <> second_by from authority_report") == [
            ("sending", True)
        ]


class TestByMachine:
    @pytest.fixture
    def site(self, site_with_machine):
        return site_with_machine

    def test_while_the_machine_files_that_is_said_and_when_it_is_stuck_a_person_takes_it_back(
        self, site, visit
    ) -> None:
        confirmed(site, visit)
        page = visit(LEGAL)
        opened(page)
        expect(page.get_by_text("The machine then files it by itself.")).to_be_visible()
        expect(page.get_by_role("heading", name="The checklist of the law")).to_have_count(0)
        press(page, "Enter")
        page.wait_for_url("**done=authority-sent")
        expect(page.get_by_text("A worker files it")).to_be_visible()
        expect(page.get_by_label("Their reference")).to_have_count(0)
        with site.machinery.database.begin() as tx:
            tx.run(sa.text("update authority_report set state = 'stuck', revision = revision + 1"))
        press(page, "u")
        expect(page.get_by_role("heading", name="It is stuck")).to_be_visible()
        press(page, ". w")
        page.wait_for_url("**done=authority-withdrawn")
        assert states(site) == ["withdrawn"]

    def test_what_is_no_practice_file_stops_before_a_call_says_why_and_goes_on_by_a_person(
        self, site, visit
    ) -> None:
        confirmed(site, visit)
        page = visit(LEGAL)
        opened(page)
        press(page, "Enter")
        page.wait_for_url("**done=authority-sent")
        files(site)
        press(page, "u")
        expect(page.get_by_text("a file of it is on no list of harmless ones")).to_be_visible()
        press(page, "m")
        page.wait_for_url("**done=authority-goes-on")
        assert states(site) == ["sending"]


def declares(page) -> None:
    press(page, "Enter")
    page.wait_for_url("**/console/cases/*")
    press(page, "!")
    page.wait_for_url("**/emergency?item=*")
    press(page, "Enter")
    page.wait_for_url("**/console/emergencies/*")


def test_from_a_declared_risk_to_life_an_analyst_sends_its_report_with_two_keys(site, visit) -> None:
    site.upload(1)
    page = visit(ANN)
    declares(page)
    press(page, "s")
    page.wait_for_url("**/console/authorities/*")
    expect(page.get_by_text("Nothing in it is verified")).to_be_visible()
    expect(page.get_by_text("It names nobody as the person reported.")).to_be_visible()
    expect(page.get_by_role("combobox", name="How soon")).to_have_count(0)
    press(page, "Enter")
    page.wait_for_url("**done=authority-sent")
    press(page, "!")
    page.wait_for_url("**/console/emergencies/*")
    expect(page.get_by_text("sent on by you")).to_be_visible()
    expect(page.get_by_role("link", name="Read and send the report")).to_have_count(0)
    page.get_by_role("link", name="See the report").click()
    page.wait_for_url("**/console/authorities/*")
    press(page, "t")
    page.keyboard.type("NCA-1")
    press(page, "Enter")
    page.wait_for_url("**done=authority-filed")
    press(page, "!")
    page.wait_for_url("**/console/emergencies/*")
    expect(page.get_by_text("NCA-1")).to_be_visible()
    assert asked(site, "select state, unverified, priority from authority_report") == [("filed", True, 1)]
    expect(page.get_by_text("has the report.")).to_be_visible()
    expect(page.locator("dd", has_text="stopped")).to_contain_text("reported")
    expect(page.get_by_text("waits for one person to make it")).to_have_count(0)
    expect(page.get_by_label("I told those who can help")).to_have_value(re.compile(".+, NCA-1"))
    press(page, "w")
    page.keyboard.type("a film set")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=emergency-withdrawn")
    expect(page.locator("dd", has_text="stopped")).to_contain_text("reported")
    assert asked(site, "select ended_how from emergency") == [("withdrawn",)]


def test_whoever_declares_a_risk_and_is_kept_from_its_case_is_told_that_somebody_else_sends_it(
    site, visit
) -> None:
    site.upload(1)
    page = visit(ANN)
    [(number,)] = asked(site, "select number from review_case")
    with site.machinery.database.begin() as tx:
        conflicts.declare_about_account(
            tx, "account-17", of=find_user(tx, ANN).id, actor=TESTER, now=site.machinery.clock()
        )
    page.goto("/console/emergencies")
    page.get_by_label("Case").fill(str(number))
    page.keyboard.press("Enter")
    page.wait_for_url("**/emergency")
    press(page, "Enter")
    page.wait_for_url("**/console/emergencies/*")
    expect(page.get_by_text("waits for somebody else to read and send it")).to_be_visible()
    expect(page.get_by_role("link", name="Read and send the report")).to_have_count(0)


def test_its_pages_are_accessible_and_whole_on_a_phone_in_every_state(site, visit) -> None:
    confirmed(site, visit)
    page = visit(LEGAL, size={"width": 390, "height": 844})
    opened(page)
    report = page.url
    for keys, done in (("", ""), ("Enter", "authority-sent"), (". w", "authority-withdrawn")):
        if done:
            press(page, keys)
            page.wait_for_url(f"**done={done}")
        for name, address in (("authority-report", report), ("authorities", "/console/authorities")):
            page.goto(address)
            assert look_in_both_themes(page, f"{name}-{done or 'waits'}-phone") == []
        page.goto(report)


class TestNothingDeclared:
    @pytest.fixture
    def site(self, kept_sites):
        with kept_sites.as_it_began() as running:
            add_people(running)
            yield running

    def test_where_the_settings_name_no_authority_the_empty_page_says_what_it_takes(
        self, site, visit
    ) -> None:
        page = visit(LEGAL)
        press(page, "g t")
        page.wait_for_url("**/console/authorities")
        expect(page.get_by_text("The settings name no authority.")).to_be_visible()
        expect(page.get_by_text("authorities.country")).to_be_visible()
        expect(page.get_by_text("authorities.destinations.NAME")).to_be_visible()
        assert found_by_axe(page) == []
