"""Figures about a classifier, from rows: what was drawn, what shifted, and the alarm about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from safehold.app import alarms
from safehold.detect.classifiers import drift
from safehold.detect.classifiers.worth import worth_of
from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.storage import classifier_counts
from safehold.storage.classifier_counts import Said
from safehold.storage.database import Database, Tx

NOW = datetime(2030, 5, 20, 12, tzinfo=UTC)
NAME, VERSION = "first_look", "open_nsfw 1.0"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, pool_size=2)
    yield opened
    opened.close()


def count(tx: Tx, days_ago: int, uploads: int, band: Band | None, *, version: str = VERSION) -> None:
    said = Said(
        day=(NOW - timedelta(days=days_ago)).date(),
        classifier=NAME,
        version=version if band else "",
        in_shadow=True,
        known=False,
        answered=Answered.OK if band else Answered.TIMEOUT,
        band=band,
    )
    classifier_counts.add(tx, {said: uploads})


def put_weeks(tx: Tx, *, high_lately: int, version_lately: str = VERSION) -> None:
    for days_ago in range(8, 36):
        count(tx, days_ago, 1000, Band.NONE)
        count(tx, days_ago, 10, Band.HIGH)
    for days_ago in range(1, 8):
        count(tx, days_ago, 1000, Band.NONE, version=version_lately)
        count(tx, days_ago, high_lately, Band.HIGH, version=version_lately)


def test_counts_of_a_day_are_added_up_and_of_four_weeks_said_per_day(database: Database) -> None:
    with database.begin() as tx:
        for _ in range(2):
            count(tx, 1, 100, Band.NONE)
            count(tx, 2, 3, Band.HIGH)
            count(tx, 2, 1, None)
        count(tx, 0, 999, Band.NONE)
        count(tx, 60, 999, Band.NONE)
        found = worth_of(tx, NAME, version=VERSION, flags_from=Band.HIGH, looks=200, now=NOW)
    assert found.counted.answers == {Answered.OK: 206, Answered.TIMEOUT: 2}
    assert (found.counted.days, found.counted.uploads, found.counted.in_shadow) == (2, 208, 208)
    assert found.counted.a_day() == {Band.NONE: 100, Band.HIGH: 3}
    assert found.at_budget is not None
    assert (found.at_budget.looked, found.at_budget.unknown) == (3, 3)


def test_a_shift_of_its_bands_alarms_a_person_once_a_week_and_the_alarm_ends_with_it(
    database: Database,
) -> None:
    with database.begin() as tx:
        put_weeks(tx, high_lately=40)
        assert drift.of(tx, NAME, NOW).shifted
        assert drift.drifting(tx, NOW) == {drift.classifier_id(NAME): NAME}
        for _ in range(2):
            alarms.raise_for_drift(tx, now=NOW)
        [standing] = alarms.standing(tx)
        assert (standing.code, standing.subject) == (
            "classifier_drifts",
            f"classifier:{drift.classifier_id(NAME)}",
        )
        alarms.clear_what_is_over(tx, [alarms.CLASSIFIER_DRIFTS], now=NOW)
        assert alarms.standing(tx) == [standing]
        alarms.clear_what_is_over(tx, [alarms.CLASSIFIER_DRIFTS], now=NOW + timedelta(days=60))
        assert alarms.standing(tx) == []
        alarms.raise_for_drift(tx, now=NOW + timedelta(hours=1))
        assert alarms.standing(tx) == []


@pytest.mark.parametrize(("high", "version"), [(11, VERSION), (40, "open_nsfw 2.0")])
def test_chance_alarms_nobody_and_a_new_version_is_not_held_against_the_old(
    database: Database, high: int, version: str
) -> None:
    with database.begin() as tx:
        put_weeks(tx, high_lately=high, version_lately=version)
        assert drift.of(tx, NAME, NOW).version == version
        alarms.raise_for_drift(tx, now=NOW)
        assert alarms.standing(tx) == []


def test_counts_are_forgotten_after_their_time(database: Database) -> None:
    with database.begin() as tx:
        count(tx, 500, 1, Band.NONE)
        count(tx, 1, 1, Band.NONE)
        classifier_counts.forget(tx, before=(NOW - timedelta(days=400)).date())
        found = classifier_counts.counted(
            tx, NAME, since=(NOW - timedelta(days=999)).date(), before=NOW.date()
        )
    assert sum(found.values()) == 1
