"""What is measured, part by part: a quick run and a full one, each yielding its figures as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from safehold.storage import migrate
from safehold.storage.database import Database
from safehold.storage.databases import create_database
from safehold.storage.embedded import EmbeddedServer
from safehold.testing.bench import (
    corpus,
    films,
    hashing,
    http_paths,
    importing,
    searching,
    segments,
    spreading,
)
from safehold.testing.bench.report import Row

Point = Callable[[str, str, float, float], None]

RECALL_AMONG = 100_000
_SERVER = (sys.executable, "-m", "safehold.cli.bench_server")
_DATABASE = "bench"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    each: pictures of each size. sizes: keys of `corpus.SIZES`. counts: among how many entries is searched.
    clustered: how many entries lie in clusters. held: how many entries an index holds that processes share.
    listed: how many entries are imported, and stay while more are spread. seconds: for how long these are
    written, and at most how long a load over HTTP lasts. served: how many entries are compared with
    over HTTP.
    """

    each: int
    sizes: tuple[str, ...]
    counts: tuple[int, ...]
    clustered: int
    held: int
    listed: int
    seconds: float
    served: int

    def at_most(self, entries: int) -> Extent:
        """Return the same with no more entries than so many anywhere."""
        counts = tuple(count for count in self.counts if count <= entries) or (entries,)
        fewer = {
            name: min(getattr(self, name), entries) for name in ("clustered", "held", "listed", "served")
        }
        return replace(self, counts=counts, **fewer)

    @property
    def later(self) -> list[int]:
        """The numbers of entries that have goals and are not measured."""
        return [count for count in searching.GOALS if count > max(self.counts)]


_SIZES = tuple(corpus.SIZES)
QUICK = Extent(6, _SIZES, (10_000, 100_000, 1_000_000), 1_000_000, 1_000_000, 1_000_000, 10.0, 100_000)
FULL = Extent(
    12,
    _SIZES,
    (10_000, 100_000, 1_000_000, 10_000_000),
    1_000_000,
    10_000_000,
    10_000_000,
    20.0,
    1_000_000,
)

Section = tuple[str, Iterator[Row]]
"""A title, and the figures below it. One is done before the next begins."""


def sections(
    part: str, extent: Extent, photos: Sequence[Image.Image], point: Point, server: Sequence[str] = _SERVER
) -> Iterator[Section]:
    """Yield the sections of a part, a key of PARTS.

    photos: to measure hashing with. point: takes a point of a curve in: plot, line, x, y. server: see
    `http_paths.over_http`.
    """
    if part == "hashing":
        samples = list(corpus.samples(photos, extent.sizes, extent.each))
        yield "hashing: speed", hashing.speed(samples)
        yield "hashing: fidelity", hashing.fidelity(samples)
        yield "hashing: recall", hashing.recall(corpus.reduced(photos, extent.sizes), point)
    elif part == "films":
        yield "films", films.films()
    elif part == "search":
        for count in extent.counts:
            yield f"search: {count:,} entries", searching.speed(count, point)
        yield "search: larger", searching.later(extent.later)
        yield "search: exactness", _exactness(extent, point)
        yield "search: near-duplicates", searching.clusters(extent.clustered)
    elif part == "index":
        yield "index", segments.holding(extent.held)
        if extent.held < segments.TEN_MILLION:
            yield "index: larger", segments.later()
    elif part == "lists":
        yield from _lists(extent)
    else:
        yield "http", http_paths.over_http(server, extent.served, min(extent.seconds, http_paths.SECONDS))


PARTS: Mapping[str, str] = {
    "hashing": "from a JPEG's bytes to PDQ, copies that are found",
    "films": "every frame of a film",
    "search": "entries near a digest",
    "index": "files and memory that processes share",
    "lists": "a list imported, entries until they match everywhere",
    "http": "scans over HTTP",
}
"""What can be asked for, and what it is about."""


def _exactness(extent: Extent, point: Point) -> Iterator[Row]:
    among = min(RECALL_AMONG, max(extent.counts))
    yield from searching.recall(among, point)
    if max(extent.counts) > among:
        yield from searching.recall(max(extent.counts), lambda *_: None)


def _lists(extent: Extent) -> Iterator[Section]:
    with TemporaryDirectory() as name, EmbeddedServer(Path(name) / "postgres") as server:
        folder = Path(name)
        create_database(server, _DATABASE)
        url = server.url(_DATABASE)
        migrate.upgrade(url)
        database = Database(url)
        try:
            of = importing.new_list(database)
            yield "lists: import", importing.importing(database, server, folder, extent.listed)
            spread = spreading.spreading(database, url, folder / "index", of, extent.seconds)
            yield "lists: propagation", spread
            if extent.listed < max(spreading.GOALS):
                yield "lists: larger", spreading.later(max(spreading.GOALS))
        finally:
            database.close()
