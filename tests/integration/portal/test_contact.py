"""How to reach whoever reported is locked away at once, opened by nobody on this side, destroyed in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from safehold.app import wiring
from safehold.app.reader import orders
from safehold.app.reader.opening import OPERATING, reading
from safehold.app.records import running as records_running
from safehold.model.assessment import Finding
from safehold.model.errors import NotAllowed, NotFound, VaultObjectDamaged
from safehold.model.ids import ObjectId
from safehold.model.permissions import Role
from safehold.review.settle import ReversalReason, reverse
from safehold.storage import roles
from safehold.vault.sealing import open_

CONTACT = "somebody@example.org"
OPENED = "inbound_report.open_contact"


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


def test_the_reader_opens_a_contact_for_the_operator_and_puts_that_on_record(
    portal: Any, database_url: str
) -> None:
    portal.report(contact=CONTACT)
    portal.follow()
    program = portal.behind.program
    [report] = portal.sql("select id, item_id from inbound_report")
    as_reader = make_url(database_url).set(username=roles.READER).render_as_string(False)
    urls = program.settings.database.model_copy(update={"surface_urls": {"reader": as_reader}})
    settings = program.settings.model_copy(update={"database": urls})
    with records_running(settings, program.home) as addresses:
        with reading(settings, program.home, addresses, purposes=OPERATING) as reader:
            by_itself = settings.reader.model_copy(update={"socket": reader.socket})
            asked = settings.model_copy(update={"reader": by_itself})
            assert orders.contact(asked, report.item_id) == CONTACT
            [case] = portal.sql("select id from review_case")
            assert orders.contact(asked, case.id) == CONTACT
            record, _ = portal.sql(f"select actor, object, detail from audit_record where verb = '{OPENED}'")
            assert (record.actor, record.detail) == ("system:shell", {"report": str(report.id)})
            assert record.object == f"item:{report.item_id}"

            portal.sql("update report_contact set sealed = sealed || 'x'::bytea")
            with pytest.raises(VaultObjectDamaged):
                orders.contact(asked, report.item_id)
            [failed] = portal.sql("select detail from audit_record where verb = 'evidence.open_failed'")
            assert failed.detail == {"what": str(report.id), "code": "vault_object_damaged"}

            portal.sql("delete from report_contact")
            with pytest.raises(NotFound):
                orders.contact(asked, report.item_id)
        with reading(settings, program.home, addresses) as showing, pytest.raises(NotAllowed):
            showing.contact(report.item_id)
    assert len(portal.sql(f"select 1 from audit_record where verb = '{OPENED}'")) == 3


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


def test_a_contact_goes_with_the_address_of_a_page_that_nobody_ever_decides(portal: Any) -> None:
    portal.report(contact=CONTACT)
    portal.follow()
    portal.clock.ahead = timedelta(days=89)
    wiring.sweep_retention(portal.behind.program)
    assert contacts(portal) == 1

    portal.clock.ahead = timedelta(days=91)
    wiring.sweep_retention(portal.behind.program)

    [page] = portal.sql("select url from page")
    assert (page.url, contacts(portal)) == (None, 0)
    [record] = portal.sql("select object from audit_record where verb = 'inbound_report.forget_contact'")
    assert record.object.startswith("inbound_report:")


def test_a_contact_outlives_the_address_of_a_page_that_was_decided_late(portal: Any) -> None:
    portal.report(contact=CONTACT)
    portal.follow()
    portal.clock.ahead = timedelta(days=80)
    settle(portal)
    portal.clock.ahead = timedelta(days=91)
    wiring.sweep_retention(portal.behind.program)
    [page] = portal.sql("select url from page")
    assert (page.url, contacts(portal)) == (None, 1)

    portal.clock.ahead = timedelta(days=171)
    wiring.sweep_retention(portal.behind.program)
    assert contacts(portal) == 0


def test_a_contact_stays_while_the_case_is_open_again(portal: Any) -> None:
    code = portal.report(contact=CONTACT)
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
    portal.clock.ahead = timedelta(days=400)
    wiring.sweep_retention(portal.behind.program)
    assert contacts(portal) == 1
    assert portal.status(code) == "Being looked at"


def test_what_was_written_about_an_unconfirmed_page_is_erased_with_its_context(portal: Any) -> None:
    code = portal.report()
    settle(portal)
    portal.clock.ahead = timedelta(days=91)
    wiring.sweep_retention(portal.behind.program)
    [page] = portal.sql("select url from page")
    [report] = portal.sql("select statement from inbound_report")
    assert (page.url, report.statement, portal.status(code)) == (None, None, "Looked at")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from inbound_report",
        "select sealed from report_contact",
        "select url from page",
        "update inbound_report set item_id = gen_random_uuid(), address = null",
        "delete from report_contact",
        "insert into inbound_report (id, seen, item_id, reference_digest, received_at)"
        " values (gen_random_uuid(), 'other', gen_random_uuid(), sha256('x'), now())",
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
