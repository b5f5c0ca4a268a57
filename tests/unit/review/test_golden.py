"""When somebody meets a golden item: seldom, by draw, and never oftener than two in a hundred."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.review.golden import MOST_PERCENT, is_due


@given(percent=st.floats(0, 50), who=st.text(max_size=8), cases=st.integers(1, 3000))
def test_nobody_ever_meets_more_than_the_share_and_never_more_than_two_in_a_hundred(
    percent: float, who: str, cases: int
) -> None:
    ordinary = met = 0
    for _ in range(cases):
        if is_due(ordinary=ordinary, met=met, percent=percent, drawn_by=who):
            met += 1
        else:
            ordinary += 1
        assert 100 * met <= min(percent, MOST_PERCENT) * (ordinary + met)


def test_over_a_long_time_it_comes_close_to_the_share_at_places_that_cannot_be_foretold() -> None:
    places: dict[str, list[int]] = {}
    for who in ("one", "another"):
        ordinary = met = 0
        for place in range(5000):
            if is_due(ordinary=ordinary, met=met, percent=2, drawn_by=who):
                met += 1
                places.setdefault(who, []).append(place)
            else:
                ordinary += 1
        assert 80 <= met <= 100
    assert places["one"] != places["another"]


@pytest.mark.parametrize("ordinary", [0, 1, 48])
def test_who_has_assessed_little_meets_none(ordinary: int) -> None:
    assert not any(is_due(ordinary=ordinary, met=0, percent=2, drawn_by=str(who)) for who in range(200))
