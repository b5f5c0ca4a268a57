"""How to reach whoever reported is locked away at once, opened by nobody on this side, destroyed in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.app import wiring
from safehold.app.contacts import open_contact
from safehold.model.assessment import Finding
from safehold.model.errors import NotFound
from safehold.model.ids import ObjectId
from safehold.model.permissions import Role, system_actor
from safehold.review.settle import ReversalReason, reverse
from safehold.vault.sealing import open_

CONTACT = "somebody@example.org"


def settle(portal: Any) -> None:
    """Let an analyst close the report."""
    portal.follow()
    [row] = portal.sql("select item_id from inbound_report")
    analyst = portal.behind.analyst("analyst", Role.ANALYST)
    portal.behind.assess(str(row.item_id), Finding.NOT_ILLEGAL, by=analyst)
    portal.follow()


def contacts(portal: Any) -> int:
    return len(portal.sql("select 1 from report_contact"))


def test_a_contact_is_on_record_sealed_and_in_a_table_of_its_own(portal: Any) -> None:
    portal.report(contact=f" {CONTACT} ")
    portal.follow()
    [row] = portal.sql("select * from report_contact")
    for table in portal.behind.counts():
        assert CONTACT not in str(portal.sql(f"select * from {table}")), table
    key = portal.behind.program.home.opening_key()
    opened = open_(bytes(row.sealed), bytes(row.wrapped), key, object_id=ObjectId(row.report_id))
    assert opened.decode() == CONTACT


def test_the_portal_has_no_key_that_opens_what_it_sealed(portal: Any) -> None:
    home = portal.program.home
    assert not home.keys.opening.exists()
    assert not (home.folder / "keys" / "vault-opening.key.pem").exists()
    assert list((home.folder / "vault").iterdir()) == []


def test_somebody_with_the_private_key_can_ask_back_and_that_is_on_record(portal: Any) -> None:
    portal.report(contact=CONTACT)
    portal.follow()
    program = portal.behind.program
    [report] = portal.sql("select id, item_id from inbound_report")
    asking = {"actor": system_actor("command_line"), "now": program.clock()}
    found = open_contact(program.database, program.home, report.item_id, **asking)
    assert found == CONTACT
    [record] = portal.sql("select actor, detail from audit_record where verb = 'inbound_report.open_contact'")
    assert (record.actor, record.detail) == ("system:command_line", {"report": str(report.id)})
    portal.sql("delete from report_contact")
    with pytest.raises(NotFound):
        open_contact(program.database, program.home, report.item_id, **asking)


def test_a_report_without_a_contact_has_none(portal: Any) -> None:
    portal.report()
    assert contacts(portal) == 0


def test_a_contact_is_destroyed_90_days_after_the_outcome_and_not_before(portal: Any) -> None:
    portal.report(contact=CONTACT)
    settle(portal)
    portal.clock.ahead = timedelta(days=89)
    wiring.sweep_retention(portal.behind.program)
    assert contacts(portal) == 1

    portal.clock.ahead = timedelta(days=90, minutes=1)
    wiring.sweep_retention(portal.behind.program)

    assert contacts(portal) == 0
    [record] = portal.sql("select object from audit_record where verb = 'inbound_report.forget_contact'")
    assert record.object.startswith("inbound_report:")


def test_a_contact_stays_while_the_case_is_open_again(portal: Any) -> None:
    portal.report(contact=CONTACT)
    settle(portal)
    program = portal.behind.program
    [stands] = portal.sql("select id from outcome")
    with program.database.begin() as tx:
        reverse(
            tx,
            stands.id,
            by=portal.behind.analyst("lead", Role.LEAD).user_id,
            reason_code=ReversalReason.MISTAKE,
            record=program.recorder.record,
            now=program.clock(),
        )
    wiring.take_in_reports(portal.behind.program)
    portal.clock.ahead = timedelta(days=400)
    wiring.sweep_retention(portal.behind.program)
    assert contacts(portal) == 1
    assert [row.state for row in portal.sql("select state from inbound_report")] == ["being_looked_at"]


def test_what_was_written_about_an_unconfirmed_page_is_erased_with_its_context(portal: Any) -> None:
    portal.report()
    settle(portal)
    portal.clock.ahead = timedelta(days=91)
    wiring.sweep_retention(portal.behind.program)
    [page] = portal.sql("select url from page")
    [report] = portal.sql("select statement, state from inbound_report")
    assert (page.url, report.statement, report.state) == (None, None, "looked_at")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from inbound_report",
        "select sealed from report_contact",
        "select url from page",
        "update inbound_report set state = 'looked_at'",
        "delete from report_contact",
        "insert into inbound_report (id, seen, address, reference_digest, received_at, state)"
        " values (gen_random_uuid(), 'other', 'x', sha256('x'), now(), 'looked_at')",
        "insert into event (id, kind, version, fields, at)"
        " values (gen_random_uuid(), 'item_confirmed', 1, '{}', now())",
        "insert into page (id, url, seen_at) values (gen_random_uuid(), 'x', now())",
        "insert into procrastinate_jobs (task_name) values ('safehold.step')",
        "select has_conflict(gen_random_uuid(), gen_random_uuid())",
        "set role safehold_app",
    ],
)
def test_whoever_takes_the_portal_over_gets_nothing_from_its_database(portal: Any, statement: str) -> None:
    portal.report(contact=CONTACT)
    with (
        pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
        portal.program.database.begin() as tx,
    ):
        tx.run(sa.text(statement))


def test_whoever_takes_the_portal_over_can_leave_no_more_than_a_report_holds(portal: Any) -> None:
    statement = sa.text(
        "insert into inbound_report (id, seen, address, statement, reference_digest, received_at)"
        " values (gen_random_uuid(), 'other', 'https://example.org', :statement, sha256('y'), now())"
    )
    with pytest.raises(sa.exc.IntegrityError), portal.program.database.begin() as tx:
        tx.run(statement, {"statement": "a" * 4001})


def test_a_portal_without_the_public_key_does_not_start_and_makes_none(portal: Any, tmp_path: Any) -> None:
    from safehold.app.program import open_program
    from safehold.model.errors import BadSettings

    lost = portal.program.settings.model_copy(
        update={
            "data_folder": tmp_path / "lost",
            "vault": portal.program.settings.vault.model_copy(update={"sealing_key": None}),
        }
    )
    with pytest.raises(BadSettings, match="sealing_key"), open_program(lost, surfaces=frozenset({"portal"})):
        pass
    assert not (tmp_path / "lost").exists()
