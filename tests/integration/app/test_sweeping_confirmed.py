"""What the settings say about confirmed evidence reaches the steps and the sweep, and people are alarmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from safehold.app import wiring
from safehold.model.assessment import Finding
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId, MediaId
from safehold.testing import running
from safehold.testing.running import Installation, MovableClock, altered_copy, settings_of
from safehold.web.server import served

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def safehold(fresh_database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Installation]:
    settings = settings_of(
        tmp_path / "data",
        fresh_database_url,
        evidence={"operator_term_days": 40, "unfiled_alarm_days": 5},
    )
    with running.installation(settings, serve=served, clock=clock) as opened:
        yield opened


def confirmed(opened: Installation, purpose: Purpose, finding: Finding) -> MediaId:
    """Return the media of an upload to a surface in earnest that people confirmed."""
    opened.add_list(purpose.value, seeds=[1], purpose=purpose, may_hold=purpose is Purpose.CSAM)
    item_id = opened.platform().upload(altered_copy(1), {"surface": "public"}).body["item_id"]
    opened.run_steps()
    opened.assess(ItemId(item_id), finding, by=opened.analyst())
    opened.run_steps()
    [row] = opened.sql("select media_id from item")
    return MediaId(row.media_id)


def standing(opened: Installation) -> list[tuple[str, str]]:
    alarms = opened.sql("select code, subject from alarm where cleared_at is null")
    return [(row.code, row.subject) for row in alarms]


def test_what_is_confirmed_against_the_terms_is_kept_for_the_declared_days(
    safehold: Installation, clock: MovableClock
) -> None:
    media_id = confirmed(safehold, Purpose.OWN_TERMS, Finding.AGAINST_TERMS)
    [kept] = safehold.sql("select rule, destroy_at - since as term from retention")
    assert (kept.rule, kept.term) == ("operator_term", 40 * DAY)
    for days in (39.9, 40.1):
        clock.ahead = days * DAY
        done = wiring.sweep_retention(safehold.program)
        assert len(done.destroyed) == (0 if days < 40 else 2)
    assert standing(safehold) == []
    [line] = safehold.sql("select distinct media_id, rule from destruction")
    assert (line.media_id, line.rule) == (media_id, "operator_term")
    assert safehold.sql("select 1 from item_context") == []


def test_a_person_is_alarmed_once_about_what_was_confirmed_and_not_reported(
    safehold: Installation, clock: MovableClock
) -> None:
    media_id = confirmed(safehold, Purpose.CSAM, Finding.ILLEGAL)
    for days, alarmed in ((4.9, 0), (5.1, 1), (6, 1)):
        clock.ahead = days * DAY
        wiring.sweep_retention(safehold.program)
        assert standing(safehold) == [("confirmed_unfiled", f"media:{media_id}")] * alarmed
    safehold.sql("update alarm set cleared_at = now()")
    wiring.sweep_retention(safehold.program)
    assert standing(safehold) == []
    assert safehold.sql("select rule, destroy_at from retention")[0].destroy_at is None
