"""The bench of hashing: what it measures is what it says, and a missed goal is told."""

from __future__ import annotations

import pytest

from safehold.detect.media_scan import FAST_QUALITY_ERROR
from safehold.model.clock import utc_now
from safehold.model.media import HashMode
from safehold.signals.pdq import Pdq
from safehold.testing.bench import corpus, hashing
from safehold.testing.bench.report import Row, as_json

SMALL = "0.3 MP"


@pytest.fixture(scope="module")
def samples() -> list[corpus.Sample]:
    return list(corpus.samples(corpus.sources(None)[:2], [SMALL], 2))


def test_the_corpus_is_the_same_in_every_run(samples: list[corpus.Sample]) -> None:
    assert list(corpus.samples(corpus.sources(None)[:2], [SMALL], 2)) == samples


def test_it_hashes_as_decoding_workers_do_and_the_exact_mode_has_the_published_bits(
    samples: list[corpus.Sample],
) -> None:
    for sample in samples:
        exact, fast = (hashing.of_jpeg(sample.data, mode) for mode in (HashMode.EXACT, HashMode.FAST))
        assert (exact.value, exact.quality) == hashing.published(sample.data)
        assert Pdq().distance(fast.value, exact.value) <= 16
        assert abs((fast.quality or 0) - (exact.quality or 0)) <= FAST_QUALITY_ERROR


def test_every_contender_has_a_time_and_each_goal_a_ratio(samples: list[corpus.Sample]) -> None:
    names = [row.name for row in hashing.speed(samples)]
    assert names == [
        f"{SMALL}: {what}"
        for what in (
            "fast",
            "exact",
            "floor",
            "peer",
            "pdqhash takes, to one of fast",
            "pdqhash takes, to one of exact",
            "fast takes, to one entropy decoding",
        )
    ]
    fidelity = {row.name: row for row in hashing.fidelity(samples)}
    assert all(row.met for row in fidelity.values())


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 12.0, "x", 12.0), True),
        (Row("a", 11.9, "x", 12.0), False),
        (Row("a", 1.4, "x", 1.4, at_most=True), True),
        (Row("a", 1.41, "x", 1.4, at_most=True), False),
        (Row("a", 1.4, "ms"), None),
    ],
)
def test_a_goal_is_met_at_its_edge(row: Row, met: bool | None) -> None:
    assert row.met is met
    assert ("MISSED" in row.line()) is (met is False)
    assert as_json({"one": [row]}, utc_now())["sections"]["one"][0]["met"] is met
