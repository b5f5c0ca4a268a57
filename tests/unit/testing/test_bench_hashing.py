"""The bench of hashing: what it measures is what it says, and a missed goal is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehold.detect.media_scan import FAST_QUALITY_ERROR
from safehold.model.media import HashMode
from safehold.signals.pdq import Pdq
from safehold.testing.bench import corpus, hashing, peers
from safehold.testing.pictures import landscape

SMALL = "0.3 MP"


@pytest.fixture(scope="module")
def samples() -> list[corpus.Sample]:
    return list(corpus.samples(corpus.sources(None)[:2], [SMALL], 2))


def test_the_corpus_is_the_same_in_every_run(samples: list[corpus.Sample]) -> None:
    assert list(corpus.samples(corpus.sources(None)[:2], [SMALL], 2)) == samples


def test_of_a_folder_of_photos_some_of_all_of_it_are_taken_and_broken_files_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MOST_PHOTOS", 3)
    photo = landscape(1, (64, 48))
    for number, ending in enumerate((".jpg", ".JPG", ".jpeg", ".JPEG", ".jpg", ".jpg")):
        (tmp_path / "camera").mkdir(exist_ok=True)
        photo.resize((64 + number, 48)).save(tmp_path / "camera" / f"{number}{ending}", "JPEG")
    (tmp_path / "camera" / "2.jpeg").write_bytes(b"\xff\xd8\xff and no more")
    (tmp_path / "notes.txt").write_text("not a photo")
    assert [taken.width for taken in corpus.sources(tmp_path)] == [64, 68]


def test_it_hashes_as_decoding_workers_do_and_the_exact_mode_has_the_published_bits(
    samples: list[corpus.Sample],
) -> None:
    for sample in samples:
        exact, fast = (hashing.of_jpeg(sample.data, mode) for mode in (HashMode.EXACT, HashMode.FAST))
        assert (exact.value, exact.quality) == peers.published(sample.data)
        assert Pdq().distance(fast.value, exact.value) <= 16
        assert abs((fast.quality or 0) - (exact.quality or 0)) <= FAST_QUALITY_ERROR


def test_every_contender_has_a_time_and_each_goal_a_ratio(samples: list[corpus.Sample]) -> None:
    names = [row.name for row in hashing.speed(samples)]
    # The development environment has pdqhash; where threatexchange is, it is measured in its place.
    peer = "threatexchange" if peers.is_here(peers.THREATEXCHANGE) else "pdqhash"
    assert names == [
        f"{SMALL}: {what}"
        for what in (
            "fast",
            "exact",
            "floor",
            peer,
            f"{peer} takes, to one of fast",
            f"{peer} takes, to one of exact",
            "fast takes, to one entropy decoding",
        )
    ]
    fidelity = {row.name: row for row in hashing.fidelity(samples)}
    assert all(row.met for row in fidelity.values())


def test_a_copy_that_is_found_counts_at_the_distance_that_an_exact_look_gives() -> None:
    points: list[tuple[str, str, float, float]] = []
    rows = {row.name: row for row in hashing.recall(corpus.sources(None)[:2], lambda *at: points.append(at))}
    found = rows["cropped copies that an exact look finds"].value
    assert found is not None
    assert 0 < len(points) <= found
    assert all(plot == "recall" and 0 <= bits <= 31 and 0 <= share <= 100 for plot, _, bits, share in points)
