"""What orders the queue: a turn that does not move, so that nobody is overtaken for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.case import Case, CaseState
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, new_id
from safehold.model.queue import AT_RISK_COUNTS, POINT_COUNTS, checked_skills, turn_at

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADVANTAGE = 100 * POINT_COUNTS + AT_RISK_COUNTS
"""The most that one case can be ahead of another that was opened at the same time."""

WAITS = st.tuples(st.integers(0, 2000), st.integers(0, 100), st.booleans())
"""Hours after noon at which a case is opened, its priority, and whether a child is at risk."""


def turn(opened: int, priority: int, at_risk: bool) -> datetime:
    case = Case(
        id=CaseId(new_id()),
        number=1,
        purpose=Purpose.CSAM,
        account_id=None,
        state=CaseState.OPEN,
        priority=priority,
        priority_parts=(),
        opened_at=NOON + timedelta(hours=opened),
        revision=1,
    )
    return turn_at(case, priority=priority, at_risk=at_risk)


@given(waits=st.lists(WAITS, min_size=1, max_size=60), arrivals=st.integers(1, 3))
def test_no_case_is_overtaken_by_one_that_was_opened_more_than_the_greatest_advantage_later(
    waits: list[tuple[int, int, bool]], arrivals: int
) -> None:
    """However urgent those are that keep arriving, and however few are decided."""
    coming = sorted(waits)
    waiting: list[tuple[int, int, bool]] = []
    while coming or waiting:
        waiting, coming = [*waiting, *coming[:arrivals]], coming[arrivals:]
        served = min(waiting, key=lambda case: turn(*case))
        waiting.remove(served)
        for left in waiting:
            assert timedelta(hours=served[0] - left[0]) <= ADVANTAGE


@given(waits=WAITS)
def test_a_child_at_risk_now_comes_before_whatever_was_opened_less_than_a_month_earlier(
    waits: tuple[int, int, bool],
) -> None:
    opened, priority, _ = waits
    urgent = turn(opened, 100, True)
    assert urgent <= turn(opened - 30 * 24, priority, False)


@pytest.mark.parametrize("said", ["Swedish!", "a" * 31, "-x", "two words"])
def test_a_skill_is_a_short_plain_tag(said: str) -> None:
    with pytest.raises(BadForm):
        checked_skills([said])


def test_skills_are_kept_in_lower_case_once_each_and_at_most_ten() -> None:
    assert checked_skills([" Language:SV ", "language:sv", ""]) == {"language:sv"}
    with pytest.raises(BadForm):
        checked_skills(f"skill-{number}" for number in range(11))
