"""Anybody can tell us about a page; it is written down, looked at by a person, and fetched by nobody."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from safehold.intake import inbound_reports
from safehold.model.assessment import Finding
from safehold.model.permissions import Role
from safehold.review import cases
from safehold.storage.database import Tx

ADDRESS = "https://example.org/gallery?page=2"
HOSTILE = [
    "https://example.org/<script>alert(1)</script>",
    "https://example.org/';drop/**/table/**/inbound_report;--",
    "http://127.0.0.1:22/",
    "https://[::1]/",
    "https://bücher.example/ä",
    "HTTPS://EXAMPLE.ORG",
]

TEN_THOUSAND = (
    "insert into page (id, url, seen_at)"
    " select md5('page ' || n)::uuid, 'https://example.org/', now() from generate_series(1, 10000) n",
    "insert into item (id, kind, surface, page_id, scan_id, result, rehearsal, received_at)"
    " select id, 'page', 'public_report', id, id, 'review', false, seen_at from page"
    " where id not in (select page_id from item)",
    "insert into inbound_report (id, seen, reference_digest, received_at, item_id)"
    " select id, 'other', sha256(id::text::bytea), received_at, id from item"
    " where id not in (select item_id from inbound_report)",
    "analyze page, item, inbound_report",
)
"""Statements that add reports which a worker has taken in, and nobody has looked at."""


def settled(portal: Any, finding: Finding = Finding.NOT_ILLEGAL) -> None:
    """Let an analyst settle the newest report."""
    [row] = portal.sql("select item_id from inbound_report order by received_at desc limit 1")
    analyst = portal.behind.analyst(f"analyst-{row.item_id}", Role.ANALYST)
    portal.behind.assess(str(row.item_id), finding, by=analyst)
    portal.follow()


def test_a_report_becomes_a_page_an_item_and_a_case_and_nothing_else(portal: Any) -> None:
    portal.report(statement="At the bottom.\r\nThree of them.\x00")
    assert portal.behind.counts().keys() == {"inbound_report"}

    portal.follow()

    [item] = portal.sql(
        "select i.kind, i.surface, i.media_id, p.url from item i join page p on p.id = i.page_id"
    )
    assert (item.kind, item.surface, item.media_id, item.url) == ("page", "public_report", None, ADDRESS)
    [report] = portal.sql("select * from inbound_report")
    assert (report.address, report.statement) == (None, "At the bottom.\nThree of them.")
    [case] = portal.sql("select purpose, state, rehearsal from review_case")
    assert (case.purpose, case.state, case.rehearsal) == ("csam", "open", False)
    assert [row.kind for row in portal.sql("select kind from event order by seq")] == [
        "inbound_report_received",
        "case_opened",
    ]
    left = portal.behind.counts().keys() & {
        "hold",
        "proposal",
        "delivery",
        "sealed_object",
        "subject",
        "match",
    }
    assert left == set()


def test_taking_reports_in_again_makes_nothing_twice(portal: Any) -> None:
    portal.report()
    portal.follow()
    before = portal.behind.counts()

    portal.follow()

    after = portal.behind.counts()
    assert {name: count for name, count in after.items() if before.get(name) != count} == {}


def test_intimate_images_are_looked_at_under_their_own_purpose(portal: Any) -> None:
    portal.report(seen="intimate_images")
    portal.follow()
    assert [row.purpose for row in portal.sql("select purpose from review_case")] == ["intimate_images"]


@pytest.mark.parametrize("address", HOSTILE)
def test_whatever_the_address_is_it_is_kept_as_text(portal: Any, address: str) -> None:
    portal.report(address=address)
    portal.follow()
    [page] = portal.sql("select url from page")
    assert page.url == address


def test_an_address_without_a_scheme_is_taken_as_people_copy_it(portal: Any) -> None:
    portal.report(address="  example.org/gallery ")
    [report] = portal.sql("select address from inbound_report")
    assert report.address == "https://example.org/gallery"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": ""}, "This needs the address of a page"),
        ({"address": "javascript:alert(1)"}, "This is no address yet"),
        ({"address": "mailto:somebody@example.org"}, "This is no address yet"),
        ({"address": "somebody@example.org"}, "This is no address yet"),
        ({"address": "gallery"}, "This is no address yet"),
        ({"address": "ftp://example.org/"}, "This is not the address of a page"),
        ({"address": "https://exa mple.org/"}, "There is a blank in it"),
        ({"address": "example.org/a and example.org/b"}, "There is a blank in it"),
        ({"address": "https://example.org/" + "a" * 2050}, "This is not the address of a page"),
        ({"seen": ""}, "Choose what comes nearest."),
        ({"seen": "something of my own"}, "Choose what comes nearest."),
        ({"statement": "a" * 4001}, "This is too long."),
        ({"contact": "nobody"}, "This does not look like a mail address."),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_its_field_and_nothing_is_kept(
    portal: Any, fields: dict[str, str], said: str
) -> None:
    given = {"address": ADDRESS, "seen": "other", "statement": "kept on the form", "contact": ""} | fields
    answer = portal.send("/report", given)
    assert answer.status_code == 422
    assert said in answer.text
    assert "kept on the form" in answer.text or "statement" in fields
    assert f'value="{given["address"]}"' in answer.text
    assert portal.behind.counts() == {}


def test_a_form_that_came_back_holds_what_was_written_and_no_markup_of_it(portal: Any) -> None:
    answer = portal.send("/report", {"address": '"><script>x</script>', "seen": "other"})
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text
    assert 'value="other" required checked' in answer.text


def test_the_code_shows_how_far_the_report_is_and_nothing_of_what_was_found(portal: Any) -> None:
    code = portal.report()
    assert portal.status(code) == "Received"
    portal.follow()
    assert portal.status(code) == "Received"
    settled(portal)
    assert portal.status(code) == "Looked at"
    shown = portal.send("/report/status", {"code": code.lower().replace("-", " ")}).text
    assert "Looked at" in shown
    assert not {"not illegal", "not_illegal", ADDRESS, "child"} & set(shown.split('"'))
    assert "illegal" not in shown


def test_a_case_that_somebody_has_or_has_assessed_is_being_looked_at(portal: Any) -> None:
    code = portal.report()
    portal.follow()
    [row] = portal.sql("select item_id from inbound_report")
    analyst = portal.behind.analyst("analyst", Role.ANALYST)
    case_id, program = portal.behind.case_of(str(row.item_id)), portal.behind.program
    with program.database.begin() as tx:
        cases.take(tx, case_id, analyst.analyst(), program.clock())
    assert portal.status(code) == "Being looked at"
    portal.behind.assess(str(row.item_id), Finding.ILLEGAL, by=analyst)
    with program.database.begin() as tx:
        cases.release_lock(tx, case_id, analyst.analyst(), program.clock())
    portal.follow()
    [place] = portal.sql("select waits_for from case_item")
    assert (place.waits_for, portal.status(code)) == ("clear_view", "Being looked at")


@pytest.mark.parametrize("finding", [Finding.CANNOT_DETERMINE, Finding.OUT_OF_REMIT, Finding.NOT_ILLEGAL])
def test_every_finding_that_confirms_nothing_looks_the_same_to_whoever_reported(
    portal: Any, finding: Finding
) -> None:
    code = portal.report()
    portal.follow()
    settled(portal, finding)
    assert portal.status(code) == "Looked at"
    assert portal.sql("select * from delivery") == []


@pytest.mark.parametrize("code", ["", "x", "AAAA-AAAA", "A" * 26, "'; select 1; --", "\x00", "🙂" * 20])
def test_a_code_that_was_never_given_out_is_unknown(portal: Any, code: str) -> None:
    portal.report()
    answer = portal.send("/report/status", {"code": code})
    assert answer.status_code == 200
    assert "There is no report with this code." in answer.text


def test_only_the_digest_of_a_code_is_kept(portal: Any) -> None:
    code = portal.report()
    [report] = portal.sql("select reference_digest from inbound_report")
    assert len(bytes(report.reference_digest)) == 32
    dumped = str(portal.sql("select * from inbound_report"))
    assert code not in dumped
    assert code.replace("-", "") not in dumped


def test_two_reports_of_the_same_address_are_answered_alike(portal: Any) -> None:
    first = portal.send("/report", {"address": ADDRESS, "seen": "other"})
    portal.follow()
    settled(portal)
    second = portal.send("/report", {"address": ADDRESS, "seen": "other"})
    [one, other] = (answer.text.split('<p class="code"')[0] for answer in (first, second))
    assert one == other
    assert {first.status_code, second.status_code} == {201}
    portal.follow()
    assert len(portal.sql("select id from review_case")) == 2


def test_a_platform_passes_on_what_its_users_reported(portal: Any) -> None:
    program = portal.behind.program
    told = inbound_reports.read(address=ADDRESS, seen="other", statement="", contact="")
    key = portal.behind.key()
    [row] = portal.sql("select id from api_key")
    with program.database.begin() as tx:
        code = inbound_reports.receive(tx, told, vault=program.vault, key_id=row.id, now=program.clock())
    portal.follow()
    assert key
    assert [each.surface for each in portal.sql("select surface from item")] == ["platform_report"]
    assert portal.status(code) == "Received"


def test_among_ten_thousand_reports_only_what_waits_and_what_is_asked_about_is_read(portal: Any) -> None:
    code = portal.report()
    portal.follow()
    for statement in TEN_THOUSAND:
        portal.sql(statement)
    program = portal.behind.program
    with program.database.begin() as tx:
        record, now, before = program.recorder.record, program.clock(), rows_read(tx)
        assert inbound_reports.pick_up(tx, record=record, now=now) == 0
        assert rows_read(tx) == before
        assert inbound_reports.state_of(tx, code) is inbound_reports.ReportState.RECEIVED
        # Small tables beside it may be read from one end to the other.
        assert 1 <= rows_read(tx) - before < 50


def rows_read(tx: Tx) -> int:
    """Return how many rows of our tables this connection has read of late."""
    statement = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int from pg_stat_xact_user_tables"
    found: int = tx.run(sa.text(statement)).scalar_one()
    return found
