"""What a classifier is worth is said with its interval, and not at all where too little is known."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safehold.detect.classifiers import evaluation
from safehold.detect.classifiers.evaluation import ENOUGH_DRAWN, ENOUGH_FOUND, WhyNot
from safehold.model.band import Band
from safehold.model.judged import Judged, SampleDay, Way

DAY = SampleDay(UUID(int=1), chosen=100, share=0.001)


def seen(
    way: Way, band: Band, items: int, found: int, *, tenth: int | None = None, day: SampleDay = DAY
) -> Judged:
    drawn = day if way is Way.DRAWN else None
    return Judged(way=way, band=band, tenth=tenth, items=items, found=found, day=drawn)


@st.composite
def several(draw: st.DrawFn) -> list[Judged]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        items = draw(st.integers(1, 400))
        found.append(
            seen(
                draw(st.sampled_from(Way)),
                draw(st.sampled_from(Band)),
                items,
                draw(st.integers(0, items)),
                tenth=draw(st.none() | st.integers(0, 9)),
                day=SampleDay(UUID(int=draw(st.integers(1, 3))), draw(st.integers(1, 500)), 0.001),
            )
        )
    return found


def test_what_a_list_knew_is_told_apart_from_what_it_asked_for_and_what_was_drawn() -> None:
    worths = evaluation.band_worths(
        [
            seen(Way.ASKED, Band.HIGH, 10, 1),
            seen(Way.LISTED, Band.HIGH, 4, 4),
            seen(Way.DRAWN, Band.NONE, 50, 0),
            seen(Way.ASKED, Band.HIGH, 10, 3),
        ]
    )
    assert [(row.way, row.band, row.found.units, row.found.value) for row in worths] == [
        (Way.LISTED, Band.HIGH, 4, 1.0),
        (Way.ASKED, Band.HIGH, 20, 0.2),
        (Way.DRAWN, Band.NONE, 50, 0.0),
    ]
    assert worths[2].found.high == pytest.approx(0.0713, abs=1e-3)


def test_tenths_of_the_score_leave_out_what_a_list_knew() -> None:
    rows = [
        seen(Way.ASKED, Band.HIGH, 8, 2, tenth=8),
        seen(Way.LISTED, Band.HIGH, 9, 9, tenth=8),
        seen(Way.DRAWN, Band.NONE, 5, 0, tenth=0),
        seen(Way.ASKED, Band.HIGH, 5, 0),
    ]
    worths = evaluation.tenth_worths(rows)
    assert [(row.tenth, row.found.value) for row in worths] == [(0, 0.0), (8, 0.25)]


def test_false_alarms_are_of_what_it_asks_for_alone() -> None:
    rows = [
        seen(Way.ASKED, Band.HIGH, 8, 2),
        seen(Way.ASKED, Band.LOW, 90, 0),
        seen(Way.LISTED, Band.VERY_HIGH, 10, 9),
    ]
    assert evaluation.false_alarms(rows, Band.HIGH, listed=False).value == 0.75
    assert evaluation.false_alarms(rows, Band.HIGH, listed=True).value == pytest.approx(0.1)
    assert evaluation.false_alarms(rows, Band.VERY_HIGH, listed=False).value is None


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], WhyNot.NOTHING_DRAWN),
        ([seen(Way.ASKED, Band.HIGH, 500, 400)], WhyNot.NOTHING_DRAWN),
        (
            [seen(Way.ASKED, Band.HIGH, 500, 400), seen(Way.DRAWN, Band.NONE, ENOUGH_DRAWN - 1, 0)],
            WhyNot.TOO_FEW_DRAWN,
        ),
        (
            [
                seen(Way.ASKED, Band.HIGH, 500, ENOUGH_FOUND - 1),
                seen(Way.DRAWN, Band.NONE, ENOUGH_DRAWN, 0),
            ],
            WhyNot.TOO_FEW_FOUND,
        ),
    ],
)
def test_recall_is_not_available_until_enough_was_drawn_and_found(rows: list[Judged], why: WhyNot) -> None:
    found = evaluation.recall(rows, Band.HIGH)
    assert (found.why_not, found.figure.value) == (why, None)


def test_a_sample_without_a_miss_still_leaves_room_for_many() -> None:
    rows = [seen(Way.ASKED, Band.HIGH, 100, 50), seen(Way.DRAWN, Band.NONE, 100, 0)]
    found = evaluation.recall(rows, Band.HIGH).figure
    # 100,000 uploads passed, and up to 3.7 % of them may be what was missed.
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(50 / (50 + 100_000 * 0.037), rel=0.01)


def test_one_miss_in_the_sample_stands_for_all_the_uploads_that_nobody_saw() -> None:
    rows = [
        seen(Way.ASKED, Band.HIGH, 100, 50),
        seen(Way.DRAWN, Band.NONE, 199, 0),
        seen(Way.DRAWN, Band.LOW, 1, 1),
    ]
    found = evaluation.recall(rows, Band.HIGH).figure
    assert found.value == pytest.approx(50 / (50 + 500))
    assert found.low is not None
    assert found.low < 50 / 550 < 1.0


def test_what_only_somebody_else_asked_for_counts_as_missed() -> None:
    rows = [
        seen(Way.ASKED, Band.HIGH, 20, 15),
        seen(Way.ASKED, Band.NONE, 5, 5),
        seen(Way.DRAWN, Band.NONE, 100, 0),
    ]
    assert evaluation.recall(rows, Band.HIGH).figure.value == 0.75


def test_in_the_shadow_the_sample_tells_both_what_it_would_have_asked_for_and_what_not() -> None:
    rows = [
        seen(Way.DRAWN, Band.HIGH, 40, 9),
        seen(Way.DRAWN, Band.NONE, 160, 3),
        seen(Way.LISTED, Band.NONE, 1000, 1000),
    ]
    found = evaluation.recall(rows, Band.HIGH)
    assert found.figure.value == pytest.approx(0.75)
    assert found.drawn == 200


@given(several(), st.sampled_from(Band))
def test_recall_lies_within_its_interval_and_what_a_list_knew_changes_nothing(
    rows: list[Judged], flags_from: Band
) -> None:
    found = evaluation.recall(rows, flags_from)
    assert (found.figure.value is None) == (found.why_not is not None)
    if found.figure.value is not None:
        assert found.figure.low is not None
        assert found.figure.high is not None
        assert 0 <= found.figure.low <= found.figure.value <= found.figure.high <= 1
    unlisted = [row for row in rows if row.way is not Way.LISTED]
    assert evaluation.recall(unlisted, flags_from) == found
    turned = evaluation.recall(list(reversed(rows)), flags_from).figure
    assert turned.value == pytest.approx(found.figure.value)


@given(several())
def test_a_miss_more_in_the_sample_never_raises_recall(rows: list[Judged]) -> None:
    before = evaluation.recall(rows, Band.MEDIUM).figure
    after = evaluation.recall([*rows, seen(Way.DRAWN, Band.NONE, 1, 1)], Band.MEDIUM).figure
    if before.value is not None and before.value > 0 and after.value is not None:
        drawn_here = any(row.day is not None and row.day.id == DAY.id for row in rows)
        if not drawn_here:
            assert after.value <= before.value + 1e-9


def test_so_many_looks_go_to_the_strongest_band_first() -> None:
    rows = [
        seen(Way.ASKED, Band.VERY_HIGH, 100, 50),
        seen(Way.ASKED, Band.HIGH, 100, 10),
        seen(Way.LISTED, Band.HIGH, 1000, 1000),
    ]
    a_day = {Band.VERY_HIGH: 50.0, Band.HIGH: 400.0, Band.LOW: 9000.0}
    found = evaluation.at_budget(200, a_day, rows, flags_from=Band.HIGH)
    assert (found.looked, found.unknown) == (200, 0)
    assert found.precision.value == pytest.approx((50 * 0.5 + 150 * 0.1) / 200)
    few = evaluation.at_budget(40, a_day, rows, flags_from=Band.HIGH)
    assert few.precision.value == 0.5


def test_a_band_of_which_nobody_decided_anything_is_said_to_be_unknown() -> None:
    found = evaluation.at_budget(200, {Band.HIGH: 30.0}, [], flags_from=Band.HIGH)
    assert (found.looked, found.unknown, found.precision.value) == (30, 30, None)


@example([], 1, {Band.HIGH: 1.2e-121}, Band.LOW)
@given(
    several(),
    st.integers(1, 1000),
    st.dictionaries(st.sampled_from(Band), st.floats(0, 1e6)),
    st.sampled_from(Band),
)
def test_nobody_looks_at_more_than_they_can_and_precision_lies_within_its_interval(
    rows: list[Judged], looks: int, a_day: dict[Band, float], flags_from: Band
) -> None:
    found = evaluation.at_budget(looks, a_day, rows, flags_from=flags_from)
    assert 0 <= found.unknown <= found.looked <= looks
    figure = found.precision
    if figure.value is not None:
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
