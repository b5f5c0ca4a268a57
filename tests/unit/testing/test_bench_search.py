"""The bench of searching: what it measures with is what it says, and peers find the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safehold.signals.index import SegmentedIndex
from safehold.testing.bench import made_up, parts, peers, searching, segments

COUNT = 2000


def random() -> np.random.Generator:
    return np.random.default_rng(9)


def distances(rows: made_up.Bytes, others: made_up.Bytes) -> np.ndarray:
    return np.bitwise_count(rows ^ others).sum(axis=1)


@pytest.mark.parametrize("bits", [0, 1, 31, 256])
def test_digests_at_a_distance_differ_in_exactly_so_many_bits(bits: int) -> None:
    rows = made_up.unrelated(50, random())
    assert set(distances(rows, made_up.at_distance(rows, bits, random()))) == {bits}


def test_clusters_hold_as_many_as_they_say_within_reach_of_a_search(tmp_path: Path) -> None:
    values = made_up.clusters(COUNT, 20, random())
    segments.written(tmp_path, values, random())
    hits = SegmentedIndex(tmp_path).search_many(values[:50], 31)
    assert len(values) == COUNT
    assert {len(found) for found in hits} == {20}


def test_the_index_of_the_bench_holds_every_digest_under_its_id(tmp_path: Path) -> None:
    values, names = made_up.unrelated(COUNT, random()), made_up.ids_for(COUNT, random())
    segments.written(tmp_path, values, random(), names)
    [[hit]] = SegmentedIndex(tmp_path).search_many(values[7:8], 0)
    assert hit.entry_id.bytes == names[7].tobytes()


def test_no_search_of_ours_differs_from_comparing_with_every_entry() -> None:
    points: list[tuple[str, float, float]] = []
    [row] = searching.recall(COUNT, lambda _, name, bits, share: points.append((name, bits, share)))
    assert (row.value, row.met) == (0, True)
    assert {share for name, _, share in points if name == searching.OURS} == {100.0}
    assert {bits for name, bits, _ in points if name == searching.OURS} == set(range(32))


def test_a_search_that_misses_an_entry_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_answer", lambda *_: set())
    [row] = searching.recall(COUNT, lambda *_: None)
    assert row.met is False


def test_a_peer_that_is_absent_is_said_to_be_absent_beside_its_goal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "version", lambda name: None)
    monkeypatch.setitem(searching.GOALS, COUNT, searching.GOALS[100_000])
    rows = [row for row in searching.speed(COUNT, lambda *_: None) if row.goal is not None]
    assert [(row.met, row.why) for row in rows] == [(None, peers.absent(peers.THREATEXCHANGE))]


def test_every_goal_of_searching_is_measured_or_said_to_be_for_later() -> None:
    later = list(searching.later(parts.QUICK.later))
    assert [row.goal for row in later] == [80, 200, 1000]
    assert parts.FULL.later == []
    assert parts.QUICK.at_most(5000).counts == (5000,)


@pytest.mark.skipif(not peers.is_here(peers.FAISS), reason="the extra bench brings faiss")
def test_peers_find_the_same_entries() -> None:
    values = made_up.clusters(COUNT, 5, random())
    flat, hashed = peers.flat_of_faiss(values), peers.multi_hash_of_faiss(values)
    for row in values[:20]:
        assert peers.rows_of_faiss(flat(row)) == peers.rows_of_faiss(hashed(row))


@pytest.mark.skipif(not peers.is_here(peers.THREATEXCHANGE), reason="the extra bench brings threatexchange")
def test_threatexchange_is_asked_as_its_programs_ask() -> None:
    values = made_up.unrelated(COUNT, random())
    search = peers.index_of_threatexchange(values)
    assert [match.metadata for match in search(made_up.at_distance(values[5:6], 31, random())[0])] == [5]
