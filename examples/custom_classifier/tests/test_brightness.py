"""Our classifier keeps the promises that Safehold relies on."""

from __future__ import annotations

from safehold.detect.classifiers.foreign import open_foreign
from safehold.model.band import Band
from safehold.testing.classifier_kit import check_classifier_plugin, painted


def test_brightness_keeps_every_promise_of_a_classifier_and_reaches_for_nothing() -> None:
    check_classifier_plugin("brightness")


def test_the_brighter_a_picture_is_the_higher_its_band() -> None:
    opened = open_foreign("ours", "brightness")
    opinions = opened.classify([painted(number) for number in range(5)], seconds=1)
    ranks = [each.band.rank for each in opinions if each.band is not None]
    assert ranks == sorted(ranks)
    assert (ranks[0], ranks[-1]) == (Band.NONE.rank, Band.HIGH.rank)
