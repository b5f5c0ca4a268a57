"""What others use, called as they call it. The extra `bench` brings it; nothing else of ours needs it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PDQHASH, THREATEXCHANGE, FAISS, VPDQ = NAMES = ("pdqhash", "threatexchange", "faiss-cpu", "vpdq")
RADIUS = 31

Bytes = NDArray[np.uint8]
Search = Callable[[Bytes], Any]
"""Searches near one digest, a row of 32 bytes, and returns what the peer returns."""


def version(name: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def is_here(name: str) -> bool:
    """Say whether a peer is installed. name: one of NAMES."""
    return version(name) is not None


def absent(name: str) -> str:
    """Return in words that a peer is not here, and how it comes."""
    how = "it is built against FFmpeg's headers" if name == VPDQ else "it comes with the extra `bench`"
    return f"{name} is not installed; {how}"


def hasher() -> tuple[str, Callable[[bytes], object]] | None:
    """Return the name of who makes PDQ of a file's bytes, and how; None where nobody is here."""
    if is_here(THREATEXCHANGE):
        from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

        return THREATEXCHANGE, pdq_from_bytes
    return (PDQHASH, published) if is_here(PDQHASH) else None


def published(data: bytes) -> tuple[bytes, int]:
    """Return the PDQ of a picture's bytes, and its quality, by `pdqhash`."""
    with Image.open(io.BytesIO(data)) as image:
        return published_of(np.asarray(image.convert("RGB")))


def published_of(pixels: Bytes) -> tuple[bytes, int]:
    """Return the PDQ of pixels, (height, width, 3), and its quality, by `pdqhash`."""
    import pdqhash

    bits, quality = pdqhash.compute(pixels)
    return np.packbits(bits.astype(np.uint8)).tobytes(), int(quality)


def frames_of_vpdq(film: Path) -> int:
    """Fingerprint every frame of a film; return how many there are."""
    import vpdq

    return len(vpdq.computeHash(str(film), seconds_per_hash=0))


def index_of_threatexchange(values: Bytes) -> Search:
    """Return a search near a digest among rows of 32 bytes, as the peer's programs ask: by hexadecimal."""
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    index = PDQIndex((row.tobytes().hex(), number) for number, row in enumerate(values))
    return lambda query: index.query(query.tobytes().hex())


def flat_of_faiss(values: Bytes) -> Search:
    """Return a search that compares with every row, in one thread."""
    import faiss

    return _range_search(faiss.IndexBinaryFlat(256), values)


def multi_hash_of_faiss(values: Bytes) -> Search:
    """Return an exact search by 16 tables of 16 bits, one bit of which may differ, in one thread."""
    import faiss

    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = 1
    return _range_search(index, values)


def lists_of_faiss(values: Bytes) -> Search:
    """Return an approximate search through the 32 of 512 inverted lists that are the nearest."""
    import faiss

    centres = faiss.IndexBinaryFlat(256)
    index = faiss.IndexBinaryIVF(centres, 256, 512)
    index.cp.min_points_per_centroid = 1
    index.nprobe = 32
    index.train(values[: 512 * 64])
    search = _range_search(index, values)
    return lambda query: (search(query), centres)[0]  # which must live as long as the lists do


def _range_search(index: Any, values: Bytes) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index.add(values)
    return lambda query: index.range_search(query.reshape(1, -1), RADIUS + 1)


def rows_of_faiss(found: Sequence[Bytes]) -> set[int]:
    """Return the numbers of the rows that one of its searches found."""
    return {int(row) for row in found[2]}
