"""Search within 31 bits of a digest: by our index, by what peers use, and held against every entry.

Times are those of the processor for this thread, so that a neighbour who takes it away does not count. "By
turns" means that all contenders are asked the same, one after the other, and find their tables out of the
cache; "in a row" that one is asked again and again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import numpy as np

from safehold.signals import kernels
from safehold.signals.index import SegmentedIndex
from safehold.signals.index.segment import Segment
from safehold.testing.bench import made_up, peers
from safehold.testing.bench.made_up import Bytes
from safehold.testing.bench.report import Row, unmeasured
from safehold.testing.bench.segments import written

RADIUS = peers.RADIUS
BY_TURNS, IN_A_ROW = "by turns", "in a row"
OURS, THREATEXCHANGE, FLAT, MULTI_HASH, LISTS = CONTENDERS = (
    *("safehold", "threatexchange", "faiss flat"),
    *("faiss multi-hash", "faiss IVF (approximate)"),
)
GOALS: Mapping[int, Sequence[tuple[str, str, float]]] = {
    100_000: [(THREATEXCHANGE, BY_TURNS, 10)],
    1_000_000: [(THREATEXCHANGE, BY_TURNS, 12), (THREATEXCHANGE, IN_A_ROW, 25)],
    10_000_000: [(FLAT, IN_A_ROW, 80), (MULTI_HASH, IN_A_ROW, 200)],
}
"""By how many entries there are: which peer takes how many times as long, asked how."""
SLOWEST = 1000.0
"""The goal for the slowest hundredth of our searches among ten million: microseconds."""
CLUSTERED = 2.0
"""How many times as long a search may take where there are clusters of near-duplicates."""

_OURS_ASKED, _TURNS, _OTHERS_ASKED = 2000, 300, 100
_HITS_EVERY = 100  # one query in so many resembles an entry, as on a platform most uploads match nothing
_EACH_DISTANCE = 24
_UP_TO = RADIUS + 8  # a scan looks some bits farther, to count close calls
_SMALLEST_OF_APPROXIMATE = 100_000

Ask = Callable[[Bytes], object]
Point = Callable[[str, str, float, float], None]
"""Takes a point of a curve in: `Report.point`."""


def speed(count: int, point: Point) -> Iterator[Row]:
    """Measure searches among so many unrelated digests, ours beside each peer's, with the goals for them."""
    random = np.random.default_rng(1)
    values = made_up.unrelated(count, random)
    with TemporaryDirectory() as folder:
        written(Path(folder), values, random)
        index = SegmentedIndex(Path(folder))
        asked = _asked(values, _OURS_ASKED, random)
        contenders: dict[str, Ask] = {OURS: partial(_ours, index), **_peers(values)}
        turns = _by_turns(contenders, asked[:_TURNS])
        row = {
            name: _times(ask, asked if name == OURS else asked[:_OTHERS_ASKED])
            for name, ask in contenders.items()
        }
    middle = {
        BY_TURNS: {name: float(np.median(times)) for name, times in turns.items()},
        IN_A_ROW: {name: float(np.median(times)) for name, times in row.items()},
    }
    for name, value in middle[IN_A_ROW].items():
        point("latency", name, count, value)
    yield from _rows(count, middle, float(np.quantile(row[OURS], 0.99)))


def recall(count: int, point: Point) -> Iterator[Row]:
    """Look for entries of which so and so many bits were changed; hold each answer against all entries."""
    random = np.random.default_rng(2)
    values = made_up.unrelated(count, random)
    names = made_up.ids_for(count, random)
    contenders = _recallers(values, count)
    differing = searches = 0
    with TemporaryDirectory() as folder:
        written(Path(folder), values, random, names)
        index = SegmentedIndex(Path(folder))
        for bits in range(_UP_TO + 1):
            members = random.integers(0, count, _EACH_DISTANCE)
            queries = made_up.at_distance(values[members], bits, random)
            answers = [_answer(index, query, _UP_TO) for query in queries]
            for query, answer in zip(queries, answers, strict=True):
                differing += answer != _by_all(values, names, query, _UP_TO)
                searches += 1
            if bits > RADIUS:
                continue
            wanted = [UUID(bytes=names[member].tobytes()) for member in members]
            found = [
                (one, bits) in answer and bits <= RADIUS for one, answer in zip(wanted, answers, strict=True)
            ]
            point("recall", OURS, bits, 100 * float(np.mean(found)))
            for name, finds in contenders.items():
                told = [int(member) in finds(query) for member, query in zip(members, queries, strict=True)]
                point("recall", name, bits, 100 * float(np.mean(told)))
    what = f"{_spoken(count)}: of {searches} searches, other than by comparing with all"
    yield Row(what, differing, "", 0.0, at_most=True)


def clusters(count: int) -> Iterator[Row]:
    """Measure what searches near a member of a cluster of near-duplicates take, and those near nothing."""
    random = np.random.default_rng(3)
    times: dict[int, tuple[float, float]] = {}
    for each in (1, 20, 1000):
        values = made_up.clusters(count, each, random)
        misses = made_up.unrelated(_OURS_ASKED // 4, random)
        hits = made_up.changed(values[random.integers(0, count, len(misses))], 0.03, random)
        with TemporaryDirectory() as folder:
            # A segment by itself: without an object for each of a thousand entries that were found.
            near = partial(_near, Segment(written(Path(folder), values, random)))
            missed, hit = (float(np.median(_times(near, queries))) for queries in (misses, hits))
        times[each] = (missed, hit)
        if each > 1:
            of = f"{_spoken(count)}, clusters of {each}"
            for what, now, alone in (("miss", missed, times[1][0]), ("hit", hit, times[1][1])):
                yield Row(f"{of}: a {what}, to one without", now / alone, "x", CLUSTERED, at_most=True)


def later(counts: Sequence[int]) -> Iterator[Row]:
    """Yield the goals for sizes that are not measured now."""
    for count in counts:
        for peer, asked, goal in GOALS[count]:
            yield unmeasured(_ratio(count, peer, asked), "x", "needs more entries (--full)", goal)
        if count == max(GOALS):
            name = f"{_spoken(count)}: slowest hundredth, {IN_A_ROW}"
            yield unmeasured(name, "us", "needs more entries (--full)", SLOWEST, at_most=True)


def _rows(count: int, middle: Mapping[str, Mapping[str, float]], slowest: float) -> Iterator[Row]:
    size = _spoken(count)
    for asked, times in middle.items():
        for name, value in times.items():
            yield Row(f"{size}: {name}, {asked}", value, "us")
    goal = SLOWEST if count == max(GOALS) else None
    yield Row(f"{size}: slowest hundredth, {IN_A_ROW}", slowest, "us", goal, at_most=True)
    for peer, asked, goal in GOALS.get(count, ()):
        name, times = _ratio(count, peer, asked), middle[asked]
        if peer in times:
            yield Row(name, times[peer] / times[OURS], "x", goal)
        else:
            missing = peers.THREATEXCHANGE if peer == THREATEXCHANGE else peers.FAISS
            yield unmeasured(name, "x", peers.absent(missing), goal)


def _ratio(count: int, peer: str, asked: str) -> str:
    return f"{_spoken(count)}: {peer} takes, to one of ours, {asked}"


def _peers(values: Bytes) -> dict[str, Ask]:
    """Return the peers that are here: each of them among as many entries as it was made for."""
    found: dict[str, Ask] = {}
    if peers.is_here(peers.THREATEXCHANGE) and len(values) < max(GOALS):
        found[THREATEXCHANGE] = peers.index_of_threatexchange(values)
    if peers.is_here(peers.FAISS):
        found[FLAT] = peers.flat_of_faiss(values)
        if len(values) == max(GOALS):
            found[MULTI_HASH] = peers.multi_hash_of_faiss(values)
    return found


def _recallers(values: Bytes, count: int) -> dict[str, Callable[[Bytes], set[int]]]:
    """Return what finds numbers of rows near a query, to be compared with ours."""
    found: dict[str, Callable[[Bytes], set[int]]] = {}
    if count > _SMALLEST_OF_APPROXIMATE:
        return found
    if peers.is_here(peers.THREATEXCHANGE):
        theirs = peers.index_of_threatexchange(values)
        found[THREATEXCHANGE] = lambda query: {match.metadata for match in theirs(query)}
    if peers.is_here(peers.FAISS):
        lists = peers.lists_of_faiss(values)
        found[LISTS] = lambda query: peers.rows_of_faiss(lists(query))
    return found


def _near(segment: Segment, query: Bytes) -> object:
    return segment.search(query.reshape(1, -1), RADIUS)


def _ours(index: SegmentedIndex, query: Bytes) -> object:
    return index.search(query.tobytes(), RADIUS)


def _asked(values: Bytes, count: int, random: np.random.Generator) -> Bytes:
    """Return digests to search near: most resemble nothing, one in a hundred resembles an entry."""
    queries = made_up.unrelated(count, random)
    some = queries[::_HITS_EVERY]
    some[:] = made_up.changed(values[random.integers(0, len(values), len(some))], 0.03, random)
    return queries


def _by_turns(contenders: Mapping[str, Ask], queries: Bytes) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for query in queries:
        for name, ask in contenders.items():
            taken[name].append(_time(ask, query))
    return taken


def _times(ask: Ask, queries: Bytes) -> list[float]:
    return [_time(ask, query) for query in queries]


def _time(ask: Ask, query: Bytes) -> float:
    """Return what one search takes of the processor, in microseconds."""
    begun = time.thread_time_ns()
    ask(query)
    return (time.thread_time_ns() - begun) / 1000


def _answer(index: SegmentedIndex, query: Bytes, radius: int) -> set[tuple[UUID, int]]:
    return {(hit.entry_id, hit.distance) for hit in index.search(query.tobytes(), radius)}


def _by_all(values: Bytes, names: Bytes, query: Bytes, radius: int) -> set[tuple[UUID, int]]:
    """Return what comparing with every entry finds."""
    _, rows, distances = kernels.scan_rows(query.reshape(1, -1), values, radius)
    found = zip(names[rows], distances.tolist(), strict=True)
    return {(UUID(bytes=name.tobytes()), distance) for name, distance in found}


def _spoken(count: int) -> str:
    return f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1000} k"
