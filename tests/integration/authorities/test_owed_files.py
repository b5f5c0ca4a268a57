"""Claims about files that a report of a risk to life went without: they follow once, as a supplement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from safehold.app import alarms
from safehold.authorities import decisions, filings, plans
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReportState, FileOwed, PlanReason, Priority, Relation
from safehold.model.emergency import EmergencyEnd
from safehold.model.events import ItemPreserved
from safehold.model.ids import AuthorityReportId
from safehold.model.permissions import Role
from safehold.storage import authority_reports as rows
from safehold.storage import emergencies
from safehold.testing.cybertipline import Fault, Moment

State = AuthorityReportState


@contextmanager
def vault_stopped(office: Any) -> Iterator[Any]:
    """Take the store away while this lasts; yield what a worker files with then."""
    # Whoever opens a store makes its folder, so that is done before.
    means, vault = office.means(), Path(office.safehold.program.home.vault)
    aside = vault.with_name("aside")
    vault.rename(aside)
    try:
        yield means
    finally:
        aside.rename(vault)


@pytest.fixture
def urgent(office: Any) -> AuthorityReportId:
    """Return the report of a risk to life that went while the vault was stopped."""
    report_id: AuthorityReportId = office.sent_on(**office.emergency())
    with vault_stopped(office) as means:
        office.works(means)
    assert office.report(report_id).state is State.FILED
    return report_id


def files(office: Any, report_id: AuthorityReportId) -> set[FileOwed | None]:
    with office.safehold.program.database.begin() as tx:
        return {one.file for one in rows.items_of(tx, report_id, standing=False)}


def supplements(office: Any) -> list[Any]:
    return [one for one in office.reports() if one.relation is Relation.SUPPLEMENT]


def confirms(office: Any, *items: Any, by: Any = None) -> None:
    """Let a person find these illegal, and the step that follows plan."""
    analyst = by or office.safehold.analyst("who confirms")
    for item_id in items:
        office.safehold.assess(str(item_id), Finding.ILLEGAL, by=analyst)
        office.safehold.run_steps()
    plan_again(office, *items)


def plan_again(office: Any, *items: Any) -> None:
    """Let the step that follows a confirmation run."""
    rules, now = plans.Rules(takers=(taker(office),)), office.clock()
    for item_id in items:
        event = ItemPreserved(at=now, item_id=item_id, case_id=office.safehold.case_of(str(item_id)))
        with office.safehold.program.database.begin() as tx:
            plans.plan(tx, event, rules=rules, now=now)


def taker(office: Any) -> plans.Taker:
    [first, *_] = office.reports()
    return plans.Taker(name=first.destination, kind=first.kind, enabled=True)


def ends(office: Any, report_id: AuthorityReportId, how: EmergencyEnd) -> None:
    """End the risk to life that a report is about, as its page does."""
    emergency_id = office.report(report_id).emergency_id
    with office.safehold.program.database.begin() as tx:
        by, now = office.person.user_id, office.clock()
        assert emergencies.set_ended(tx, emergency_id, how=how, words="because", by=by, at=now)
        about = emergencies.get(tx, emergency_id)
        if how is EmergencyEnd.WITHDRAWN:
            plans.withdraw_urgent(tx, about, now=now)


def test_files_that_went_missing_follow_by_themselves_once_the_vault_is_back_when_a_person_sends_them(
    office: Any,
) -> None:
    first = office.sent_on(**office.emergency())
    with vault_stopped(office) as means:
        office.works(means)
        assert [each.files for each in office.server.filed] == [()]
        assert files(office, first) == {FileOwed.OWED}
        assert office.plans_owed_files(means) == 0
        assert len(office.reports()) == 1
    assert office.plans_owed_files() == 1
    [supplement] = supplements(office)
    assert (supplement.follows, supplement.state, supplement.reasons) == (
        first,
        State.PLANNED,
        (PlanReason.FILES_FOLLOW,),
    )
    assert (supplement.unverified, supplement.priority) == (True, Priority.ONE)
    office.works()
    assert len(office.server.filed) == 1
    office.sends(supplement)
    office.works()
    [_, brought] = office.server.filed
    assert office.is_whole(brought)
    assert (files(office, first), files(office, supplement.id)) == ({None}, {FileOwed.BROUGHT})
    assert office.plans_owed_files() == 0
    assert len(office.reports()) == 2


def test_while_the_vault_is_stopped_again_the_supplement_waits_and_goes_without_nothing(
    office: Any, urgent: AuthorityReportId
) -> None:
    office.plans_owed_files()
    [supplement] = supplements(office)
    office.sends(supplement)
    with vault_stopped(office) as means:
        office.works(means, passes=5)
    assert office.report(supplement.id).state is State.SENDING
    office.works()
    assert office.is_whole(office.server.filed[1])


@pytest.mark.parametrize("how", ["again", "declined", "without a reader"])
def test_nothing_is_planned_twice_nor_against_a_person_nor_while_nothing_can_be_opened(
    office: Any, urgent: AuthorityReportId, how: str
) -> None:
    if how == "without a reader":
        assert office.plans_owed_files(office.means(opening=None)) == 0
        assert (
            office.plans_owed_files(office.means(opening=replace(office.opening(), ready=lambda: False))) == 0
        )
        assert supplements(office) == []
        return
    office.plans_owed_files()
    [supplement] = supplements(office)
    if how == "declined":
        with office.safehold.program.database.begin() as tx:
            decisions.decline(
                tx, supplement.id, actor=office.person, revision=supplement.revision, now=office.clock()
            )
    assert office.plans_owed_files() == 0
    assert [one.id for one in supplements(office)] == [supplement.id]


def test_the_database_lets_no_two_reports_bring_the_same_file_nor_the_first_that_tells(
    office: Any, urgent: AuthorityReportId
) -> None:
    office.plans_owed_files()
    for refusal, change in (
        (
            "brings_what_was_told_before",
            "update authority_report_item set file = 'brought' where report_id = %(id)s",
        ),
        (
            "uq_authority_report_item_brought",
            "update authority_report_item set file = 'brought', first_told = false where report_id = %(id)s",
        ),
    ):
        with pytest.raises(psycopg.IntegrityError, match=refusal):
            office.safehold.sql(change, id=urgent)


def test_what_is_gone_is_owed_no_more(office: Any) -> None:
    report_id = office.sent_on(**office.emergency())
    office.safehold.program.vault.destroy(office.object_of(office.items[0]))
    office.works()
    assert office.filing(report_id).sent[0].left_out == "vault_object_damaged"
    assert files(office, report_id) == {None}
    assert office.plans_owed_files() == 0


def test_a_file_that_they_do_not_name_raises_an_alarm_until_a_person_takes_note_and_is_owed(
    office: Any,
) -> None:
    report_id = office.sent_on()
    confirms(office, *office.items)
    office.server.fail_next(Moment.FINISH, Fault.FILE_FORGOTTEN)
    office.works()
    assert office.filing(report_id).missing == (2,)
    assert office.alarms() == ["report_incomplete"]
    office.sweeps_alarms()
    assert office.alarms() == ["report_incomplete"]
    assert office.plans_owed_files() == 1
    [supplement] = supplements(office)
    assert (office.told(supplement.id), supplement.unverified) == (office.items[2:], False)
    lead = office.safehold.analyst("lead", Role.ADMIN)
    with office.safehold.program.database.begin() as tx:
        [standing] = alarms.standing(tx)
        alarms.acknowledge(tx, standing.id, actor=lead, now=office.clock())
    office.sweeps_alarms()
    assert office.alarms() == []


def test_what_people_confirm_while_files_wait_joins_the_supplement_and_is_verified_in_it(
    office: Any, urgent: AuthorityReportId
) -> None:
    office.plans_owed_files()
    [supplement] = supplements(office)
    analyst = office.safehold.analyst("who confirms all")
    confirms(office, *office.items[:2], by=analyst)
    plan_again(office, office.items[0])
    assert [(one.id, one.unverified) for one in supplements(office)] == [(supplement.id, True)]
    confirms(office, office.items[2], by=analyst)
    [supplement] = supplements(office)
    assert not supplement.unverified
    office.sends(supplement)
    office.works()
    assert office.is_whole(office.server.filed[1])
    plan_again(office, *office.items)
    assert len(supplements(office)) == 1


def test_what_is_confirmed_before_the_vault_is_back_brings_its_file_itself(
    office: Any, urgent: AuthorityReportId
) -> None:
    confirms(office, office.items[0])
    [verified] = supplements(office)
    assert not verified.unverified
    assert files(office, verified.id) == {FileOwed.BROUGHT}
    office.sends(verified)
    office.works()
    assert office.plans_owed_files() == 1
    [_, others] = supplements(office)
    assert set(office.told(others.id)) == set(office.items[1:])


def test_of_a_wrong_alarm_no_file_follows_but_of_what_people_found_illegal(
    office: Any, urgent: AuthorityReportId
) -> None:
    office.plans_owed_files()
    [supplement] = supplements(office)
    confirms(office, office.items[0])
    ends(office, urgent, EmergencyEnd.WITHDRAWN)
    [supplement] = supplements(office)
    assert (supplement.state, supplement.unverified) == (State.PLANNED, False)
    assert office.told(supplement.id) == office.items[:1]


def test_of_a_wrong_alarm_that_was_known_before_the_vault_was_back_nothing_is_planned(
    office: Any, urgent: AuthorityReportId
) -> None:
    ends(office, urgent, EmergencyEnd.WITHDRAWN)
    office.plans_owed_files()
    assert supplements(office) == []
    assert files(office, urgent) == {None}


def test_files_follow_also_once_the_risk_to_life_was_reported(office: Any, urgent: AuthorityReportId) -> None:
    ends(office, urgent, EmergencyEnd.REPORTED)
    assert office.plans_owed_files() == 1
    assert filings.plan_owed_files(office.means(), plans.Rules()) == 0
    [supplement] = supplements(office)
    assert supplement.unverified
