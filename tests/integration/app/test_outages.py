"""A stale list, matching that is down and a late report alarm a person for as long as they last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from safehold.app import alarms, emergencies, outages
from safehold.detect.classifiers import circuits
from safehold.lists.ledger import NewList, add_list
from safehold.model.emergency import EmergencyEnd
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ScanId, new_id
from safehold.model.item import Context
from safehold.model.permissions import Role, system_actor
from safehold.storage import hash_lists, scans
from safehold.storage.database import Database
from safehold.testing import running
from safehold.testing.running import Installation, MovableClock, altered_copy

TESTS = system_actor("tests")


@dataclass(frozen=True, slots=True)
class Watch:
    """A program, a clock to move, the worker that looks, and the surface that scans."""

    safehold: Installation
    clock: MovableClock
    worker: Database
    surface: Database

    def looks(self) -> list[str]:
        """Sweep as the worker's role does; return the codes of the alarms that stand."""
        with self.worker.begin() as tx:
            outages.raise_for_outages(tx, now=self.clock())
            alarms.clear_what_is_over(tx, now=self.clock())
            return [one.code for one in alarms.standing(tx)]

    def acknowledges(self) -> None:
        admin = self.safehold.analyst(f"admin-{new_id()}", Role.ADMIN)
        with self.safehold.program.database.begin() as tx:
            for one in alarms.standing(tx):
                alarms.acknowledge(tx, one.id, actor=admin, now=self.clock())


@pytest.fixture
def watch(tmp_path: Path, fresh_database_url: str) -> Iterator[Watch]:
    clock = MovableClock()
    settings = running.settings_of(tmp_path / "data", fresh_database_url)
    apart = "&" if "?" in fresh_database_url else "?"
    as_role = f"{fresh_database_url}{apart}options=-crole%3Dsafehold_"
    worker, surface = Database(f"{as_role}worker"), Database(f"{as_role}api")
    with running.installation(settings, clock=clock) as safehold:
        yield Watch(safehold, clock, worker, surface)
    worker.close()
    surface.close()


def test_a_list_that_is_older_than_it_may_be_alarms_until_it_is_refreshed(watch: Watch) -> None:
    wanted = NewList(name="hourly", purpose=Purpose.TEST, stale_after_seconds=3600, provenance="tests")
    with watch.safehold.program.database.begin() as tx:
        made = add_list(tx, wanted, actor=TESTS, now=watch.clock())
    assert watch.looks() == []
    watch.clock.ahead += timedelta(hours=2)
    assert watch.looks() == ["list_stale"]
    watch.acknowledges()
    assert watch.looks() == []
    with watch.safehold.program.database.begin() as tx:
        hash_lists.mark_refreshed(tx, made.id, watch.clock())
    watch.clock.ahead += timedelta(hours=2)
    assert watch.looks() == ["list_stale"]
    with watch.safehold.program.database.begin() as tx:
        hash_lists.mark_refreshed(tx, made.id, watch.clock())
    assert watch.looks() == []


def note(watch: Watch, why: str, *names: str) -> None:
    """Say as the surface does that scans that these are left alone, or that they answer."""
    with watch.surface.begin() as tx:
        for name in names or ("one",):
            circuits.note(tx, name, why, watch.clock())


def test_a_classifier_that_does_not_answer_alarms_until_it_does(watch: Watch) -> None:
    assert watch.looks() == []
    note(watch, "timeout", "one", "other")
    assert watch.looks() == ["classifier_down", "classifier_down"]
    note(watch, "")
    assert watch.looks() == ["classifier_down"]
    note(watch, "", "other")
    assert watch.looks() == []


def test_while_it_is_tried_in_vain_the_alarm_stands_and_a_quarter_of_an_hour_after_it_ends(
    watch: Watch,
) -> None:
    for _ in range(3):
        note(watch, "down")
        assert watch.looks() == ["classifier_down"]
        watch.clock.ahead += timedelta(minutes=10)
    watch.clock.ahead += timedelta(minutes=6)
    assert watch.looks() == []
    note(watch, "down")
    assert watch.looks() == ["classifier_down"]


def test_an_alarm_about_a_classifier_that_was_taken_note_of_comes_back_with_its_next_silence(
    watch: Watch,
) -> None:
    note(watch, "garbled")
    assert watch.looks() == ["classifier_down"]
    watch.acknowledges()
    note(watch, "garbled")
    assert watch.looks() == []
    watch.clock.ahead += timedelta(minutes=16)
    note(watch, "garbled")
    assert watch.looks() == ["classifier_down"]


def test_a_list_from_the_future_of_a_wrong_clock_alarms_once_a_day(watch: Watch) -> None:
    wanted = NewList(name="hourly", purpose=Purpose.TEST, stale_after_seconds=3600, provenance="tests")
    with watch.safehold.program.database.begin() as tx:
        made = add_list(tx, wanted, actor=TESTS, now=watch.clock())
        hash_lists.mark_refreshed(tx, made.id, watch.clock() + timedelta(days=9))
    assert watch.looks() == ["list_stale"]
    watch.acknowledges()
    assert watch.looks() == []
    watch.clock.ahead += timedelta(days=1, hours=1)
    assert watch.looks() == ["list_stale"]


def test_a_scan_that_could_not_be_compared_alarms_for_a_quarter_of_an_hour(watch: Watch) -> None:
    def goes_wrong(code: str) -> None:
        with watch.safehold.program.database.begin() as tx:
            scans.insert_incomplete(
                tx, ScanId(new_id()), key_id=None, surface="rehearsal", codes=(code,), now=watch.clock()
            )

    goes_wrong("decoder:truncated")
    assert watch.looks() == []
    goes_wrong("matcher_down")
    assert watch.looks() == ["matcher_down"]
    watch.acknowledges()
    assert watch.looks() == []
    watch.clock.ahead += timedelta(minutes=16)
    assert watch.looks() == []
    goes_wrong("matcher_down")
    assert watch.looks() == ["matcher_down"]
    watch.clock.ahead += timedelta(minutes=16)
    assert watch.looks() == []


@pytest.mark.parametrize("how", EmergencyEnd)
def test_a_report_about_a_risk_to_life_that_is_late_alarms_until_it_is_made(watch: Watch, how) -> None:
    analyst = watch.safehold.analyst()
    watch.safehold.add_list("northland", seeds=[1])
    context = Context(surface="rehearsal", account_id="account-1")
    watch.safehold.program.scanner.scan_bytes(altered_copy(1), context, actor=TESTS)
    watch.safehold.run_steps()
    [case] = watch.safehold.sql("select id from review_case")
    declared = emergencies.declare(watch.safehold.program, CaseId(case.id), item_id=None, actor=analyst)
    assert watch.looks() == ["risk_to_life"]
    watch.clock.ahead += declared.due_at - declared.declared_at + timedelta(seconds=1)
    assert watch.looks() == ["risk_to_life", "report_unsent"]
    emergencies.end(watch.safehold.program, declared.id, how, "told at 12:00", actor=analyst)
    with watch.safehold.program.database.begin() as tx:
        assert alarms.standing(tx) == []
    assert watch.looks() == []
