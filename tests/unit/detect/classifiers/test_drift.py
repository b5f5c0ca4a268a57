"""Drift is told where it is both sure and large, and never of a handful of uploads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.classifiers import drift
from safehold.model.band import Band

USUAL = {Band.NONE: 95_000, Band.LOW: 4_000, Band.MEDIUM: 900, Band.HIGH: 100}
COUNTS = st.dictionaries(st.sampled_from(Band), st.integers(0, 10**6))


def week(**changes: int) -> dict[Band, int]:
    return {band: uploads // 4 for band, uploads in USUAL.items()} | {
        Band(name): uploads for name, uploads in changes.items()
    }


def test_the_same_shares_do_not_drift() -> None:
    found = drift.compare(USUAL, week())
    assert found.is_told
    assert not found.drifts


def test_a_band_that_grows_five_times_drifts_though_it_is_rare() -> None:
    found = drift.compare(USUAL, week(high=125))
    assert found.shifted
    assert [each.band for each in found.bands if each.is_large] == [Band.HIGH]


def test_a_band_that_vanishes_drifts() -> None:
    assert drift.compare(USUAL, week(medium=0)).shifted


def test_a_shift_that_is_sure_and_small_does_not_drift() -> None:
    found = drift.compare(
        {band: 100 * uploads for band, uploads in USUAL.items()},
        {band: 25 * uploads for band, uploads in USUAL.items()} | {Band.LOW: 110_000},
    )
    assert found.chi_squared is not None
    assert found.critical is not None
    assert found.chi_squared > found.critical
    assert not found.drifts


@pytest.mark.parametrize(("before", "lately"), [(99, 10_000), (10_000, 99), (0, 0)])
def test_too_few_uploads_tell_nothing(before: int, lately: int) -> None:
    found = drift.compare({Band.NONE: before}, {Band.HIGH: lately})
    assert not found.is_told
    assert not found.drifts


def test_one_band_alone_says_that_nothing_shifted() -> None:
    found = drift.compare({Band.NONE: 5000}, {Band.NONE: 700})
    assert (found.is_told, found.drifts) == (True, False)


def test_chi_squared_is_that_of_the_textbook() -> None:
    found = drift.compare({Band.HIGH: 20, Band.NONE: 80}, {Band.HIGH: 40, Band.NONE: 60})
    assert found.chi_squared == pytest.approx(9.524, abs=1e-3)
    assert found.critical == pytest.approx(10.828)


@given(COUNTS, COUNTS)
def test_it_is_the_same_whichever_way_they_are_held_against_each_other(
    before: dict[Band, int], lately: dict[Band, int]
) -> None:
    found, turned = drift.compare(before, lately), drift.compare(lately, before)
    assert found.shifted == turned.shifted
    if found.chi_squared is not None:
        assert found.chi_squared == pytest.approx(turned.chi_squared)
        assert found.chi_squared >= 0


@given(COUNTS, st.integers(1, 50))
def test_multiples_of_the_same_counts_never_drift(counts: dict[Band, int], times: int) -> None:
    assert not drift.compare(counts, {band: uploads * times for band, uploads in counts.items()}).drifts


def test_ids_by_which_alarms_know_a_classifier_are_its_own_and_stay() -> None:
    assert drift.classifier_id("one") == drift.classifier_id("one")
    assert drift.classifier_id("one") != drift.classifier_id("two")
