"""The prober: whoever uploads variants to learn where a list ends learns no distance and is noticed."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from safehold.app import alarms, probing, wiring
from safehold.model.permissions import Permission
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import shown_pixels
from safehold.testing.pictures import landscape
from safehold.testing.platform import Platform
from safehold.testing.running import Installation, MovableClock

SURFACE = {"surface": "rehearsal"}
NEAR = range(32, 40)


def cropped(seed: int, edge: int) -> bytes:
    """Return a landscape with this many pixels cut off each side, as a file."""
    picture = landscape(seed)
    file = io.BytesIO()
    picture.crop((edge, edge, picture.width - edge, picture.height - edge)).save(file, "PNG")
    return file.getvalue()


def distance(seed: int, edge: int) -> int:
    """Return how far a cropped landscape is from the whole one, in bits."""
    pdq, picture = Pdq(), landscape(seed)
    inner = picture.crop((edge, edge, picture.width - edge, picture.height - edge))
    values = [pdq.of_frame(shown_pixels(each)).value for each in (picture, inner)]
    return pdq.distance(*values)


@pytest.fixture(scope="module")
def sequence() -> list[tuple[int, int]]:
    """Return crops of one listed picture, from what matches to what has just slipped past."""
    measured = [(edge, distance(1, edge)) for edge in range(1, 40)]
    within = [(edge, bits) for edge, bits in measured if bits <= 31][-2:]
    slipped = [(edge, bits) for edge, bits in measured if bits in NEAR][:4]
    assert len(within) == 2
    assert len(slipped) >= 3
    return [*within, *slipped]


def prober(safehold: Installation) -> Platform:
    return safehold.platform(Permission.SCAN)


def probe(
    safehold: Installation, platform: Platform, sequence: list[tuple[int, int]], **context: str
) -> list[Any]:
    """Upload the sequence and write the counters down."""
    answers = [
        platform.upload(cropped(1, edge), SURFACE | context, media_type="image/png").body
        for edge, _ in sequence
    ]
    safehold.program.scanner.counters.flush()
    return answers


def standing(safehold: Installation) -> list[str]:
    with safehold.program.database.begin() as tx:
        return [one.subject for one in alarms.standing(tx) if one.code == alarms.PROBING]


def test_a_sequence_of_altered_copies_by_one_account_raises_exactly_one_alarm(
    safehold: Installation, sequence: list[tuple[int, int]]
) -> None:
    platform = prober(safehold)
    answers = probe(safehold, platform, sequence, account_id="somebody-1")
    assert {one["result"] for one in answers} >= {"clear"}
    for _ in range(2):
        probe(safehold, platform, sequence, account_id="somebody-1")
    (subject,) = standing(safehold)
    assert subject.startswith("account:")
    [noticed] = safehold.sql("select detail from audit_record where verb = 'probing.notice'")
    assert noticed.detail["near_misses"] + noticed.detail["matches"] >= 5
    [key] = safehold.sql("select id from api_key")
    assert noticed.detail["key"] == str(key.id)


def test_the_answer_says_neither_how_near_it_was_nor_that_it_was_near(
    safehold: Installation, sequence: list[tuple[int, int]]
) -> None:
    platform = prober(safehold)
    for answer in probe(safehold, platform, sequence, account_id="somebody-1"):
        assert not answer.keys() & {"matches", "flags", "signals"}
    slipped = probe(safehold, platform, sequence[-1:], account_id="somebody-2")[0]
    far = platform.upload(cropped(77, 1), SURFACE, media_type="image/png").body
    assert {**slipped, "scan_id": None} == {**far, "scan_id": None}


def test_neither_the_account_nor_anything_that_was_sent_is_kept_of_a_near_miss(
    safehold: Installation, sequence: list[tuple[int, int]]
) -> None:
    slipped = [(edge, bits) for edge, bits in sequence if bits in NEAR]
    probe(safehold, prober(safehold), slipped * 2, account_id="somebody-1")
    assert not safehold.sql("select 1 from media")
    assert not safehold.sql("select 1 from item")
    kept = safehold.sql("select row_to_json(c)::text as line from close_call c")
    kept += safehold.sql("select row_to_json(a)::text as line from alarm a")
    kept += safehold.sql("select row_to_json(r)::text as line from audit_record r")
    assert kept
    assert not [one.line for one in kept if "somebody-1" in one.line]


def test_ordinary_uploads_never_alarm_anybody_and_leave_no_trace_here(safehold: Installation) -> None:
    platform = prober(safehold)
    for seed in range(50, 62):
        answer = platform.upload(cropped(seed, 3), SURFACE | {"account_id": "a"}, media_type="image/png")
        assert answer.body["result"] == "clear"
    platform.upload(cropped(2, 1), SURFACE | {"account_id": "b"}, media_type="image/png")
    safehold.program.scanner.counters.flush()
    assert not standing(safehold)
    kept = safehold.sql("select subject, key_id, near_misses, matches from close_call")
    assert [(one.near_misses, one.matches) for one in kept] == [(0, 1), (0, 1)]


def test_an_account_is_noticed_once_a_day_even_after_somebody_took_note(
    safehold: Installation, sequence: list[tuple[int, int]], clock: MovableClock
) -> None:
    platform = prober(safehold)
    probe(safehold, platform, sequence, account_id="somebody-1")
    safehold.sql("update alarm set cleared_at = now()")
    probe(safehold, platform, sequence, account_id="somebody-1")
    assert not standing(safehold)
    clock.ahead = timedelta(hours=25)
    wiring.sweep_alarms(safehold.program)
    probe(safehold, platform, sequence, account_id="somebody-1")
    assert len(standing(safehold)) == 1


def test_an_alarm_ends_a_day_after_the_last_close_call_and_the_hours_are_forgotten_after_seven(
    safehold: Installation, sequence: list[tuple[int, int]], clock: MovableClock
) -> None:
    probe(safehold, prober(safehold), sequence, account_id="somebody-1")
    assert standing(safehold)
    clock.ahead = timedelta(hours=26)
    wiring.sweep_alarms(safehold.program)
    assert not standing(safehold)
    assert safehold.sql("select 1 from close_call")
    clock.ahead = timedelta(days=8, hours=2)
    with safehold.program.database.begin() as tx:
        probing.forget(tx, now=clock())
    assert not safehold.sql("select 1 from close_call")


@pytest.mark.slow
def test_a_key_that_spreads_its_probing_over_many_accounts_is_noticed_itself(
    safehold: Installation, sequence: list[tuple[int, int]]
) -> None:
    platform = prober(safehold)
    for number in range(9):
        probe(safehold, platform, sequence, account_id=f"somebody-{number}-a")
        assert all(one.startswith("account:") for one in standing(safehold))
    safehold.sql("delete from alarm")
    for number in range(9):
        probe(safehold, platform, sequence[:3], account_id=f"somebody-{number}-b")
    [key] = safehold.sql("select id from api_key")
    assert standing(safehold) == [f"key:{key.id}"]


@pytest.mark.slow
def test_a_busy_key_with_a_few_close_calls_among_very_many_uploads_is_not(
    safehold: Installation, sequence: list[tuple[int, int]]
) -> None:
    platform = prober(safehold)
    platform.upload(cropped(60, 3), SURFACE, media_type="image/png")
    safehold.program.scanner.counters.flush()
    safehold.sql("update scan_counter set scans = 100000")
    for number in range(18):
        probe(safehold, platform, sequence[:3], account_id=f"somebody-{number}")
    assert not standing(safehold)
