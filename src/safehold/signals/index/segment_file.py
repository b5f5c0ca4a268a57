"""The form of a segment on disk: entries that never change, and the tables to search them by.

    page        magic, version, parts, count, tags, length, checksum of all that follows; at its end its own
    values      count x 32 bytes
    ids         count x 16 bytes, ascending, in the order of the values
    tags        tags x 16 bytes: a tag, and how many entries have it
    tables      for each part its offsets (2^bits + 1 numbers), then its rows (count numbers); 32 bits each
    tag_of      count x 2 bytes: which of the tags an entry has
    zeros       up to a multiple of 8 bytes

All numbers are little-endian. A file is written under another name, brought to the disk, then renamed; after
that it is only read or unlinked, never changed or cut, for other processes may have it mapped.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged
from safehold.signals import kernels
from safehold.signals.index import checked
from safehold.signals.reference_search import FEWEST_PARTS, MOST_PARTS, ROW_BYTES, tables_length

ID_BYTES = 16
VERSION = 2
PARTIAL = ".partial"
"""What the name of a file ends with while it is being written."""

_MAGIC = b"SHIDX\r\n\x1a"  # a transfer that changes line ends, or stops at one, is noticed
_FIELDS = struct.Struct("<8sIIQQQQ")
_PAGE = 4096
_SUM = struct.Struct("<Q")
_PIECE = 1 << 20  # bytes read or added up at once; stays in the cache
_MOST_ROWS = 2**32 - 2
MOST_TAGS = 2**16

Bytes = NDArray[np.uint8]
Tags = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie in a segment of `count` entries in `parts` parts; all in bytes."""

    count: int
    parts: int
    kinds_of_tag: int

    @property
    def ids(self) -> int:
        """Where the ids begin."""
        return _PAGE + self.count * ROW_BYTES

    @property
    def tags(self) -> int:
        """Where the tags begin."""
        return self.ids + self.count * ID_BYTES

    @property
    def tables(self) -> int:
        """Where the tables begin."""
        return self.tags + 16 * self.kinds_of_tag

    @property
    def tag_of(self) -> int:
        """Where the tables end, and what tag each entry has begins."""
        return self.tables + 4 * tables_length(self.count, self.parts)

    @property
    def end(self) -> int:
        """Where what each entry has ends."""
        return self.tag_of + 2 * self.count

    @property
    def length(self) -> int:
        """The length of the file."""
        return -(-self.end // 8) * 8


@dataclass(frozen=True, slots=True)
class Mapped:
    """The arrays of a segment, in the memory that all processes share: read-only views of the file."""

    values: Bytes
    ids: Bytes
    tags: Tags
    counts: Tags
    tables: NDArray[np.uint32]
    tag_of: NDArray[np.uint16]
    parts: int


def parts_for(count: int) -> int:
    """Return into how many parts to cut: few long ones have less in a bucket, but more buckets to visit."""
    if count < 200_000:
        return 16
    return 12 if count < 3_000_000 else 11


def write_segment(path: Path, ids: Bytes, values: Bytes, tags: Tags, parts: int) -> None:
    """Write a segment; it appears under its name whole or not at all, and is on the disk before it does.

    ids: (count, 16), ascending, each once; values: (count, 32); tags: (count,), of which 65,536 may differ.
    Nobody but this user may read the file, for it holds digests. Memory: one part's table at a time. Raises
    OSError, for a full disk say, having removed what it had written.
    """
    if sys.byteorder != "little":
        raise OSError("segments are written and read on little-endian machines only")
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            _write(file, ids, values, tags, parts)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def map_segment(path: Path) -> Mapped:
    """See that a segment is what was written, then map it.

    The whole file is read, save where `checked` has it on record that somebody did, on this machine since it
    was started, and that nobody has touched the file since. Raises SegmentDamaged where it is not what was
    written: cut, grown, altered, of another version, no segment at all, missing or unreadable. Nothing is
    mapped by then.
    """
    try:
        with path.open("rb", buffering=0) as file:
            layout, checksum = _first_page(file)
            looks = checked.looks_of(file.fileno())
            if not checked.is_on_record(path, looks):
                _check_rest(file, checksum)
                checked.put_on_record(path, looks)
            memory = mmap.mmap(file.fileno(), layout.length, access=mmap.ACCESS_READ)
    except OSError as error:
        raise SegmentDamaged(f"A segment cannot be read: {error.strerror}.") from error
    whole = np.frombuffer(memory, dtype=np.uint8)
    whole[:: 16 * _PAGE].max()  # else the first searches wait for their pages, of which 16 come at a time
    tags = whole[layout.tags : layout.tables].view(np.uint64).reshape(-1, 2)
    return Mapped(
        values=whole[_PAGE : layout.ids].reshape(-1, ROW_BYTES),
        ids=whole[layout.ids : layout.tags].reshape(-1, ID_BYTES),
        tags=tags[:, 0],
        counts=tags[:, 1],
        tables=whole[layout.tables : layout.tag_of].view(np.uint32),
        tag_of=whole[layout.tag_of : layout.end].view(np.uint16),
        parts=layout.parts,
    )


def check_segment(path: Path) -> None:
    """Read a whole segment, whatever is on record. Raises SegmentDamaged as `map_segment` does."""
    try:
        with path.open("rb", buffering=0) as file:
            _, checksum = _first_page(file)
            _check_rest(file, checksum)
    except OSError as error:
        raise SegmentDamaged(f"A segment cannot be read: {error.strerror}.") from error


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Adding:
    """Writes behind the first page, and adds up what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._words = 0
        self._rest = b""  # what does not fill a word yet
        self.checksum = 0

    def write(self, array: NDArray[np.generic]) -> None:
        flat = array.reshape(-1).view(np.uint8)
        for start in range(0, len(flat), _PIECE):
            self._write(flat[start : start + _PIECE])

    def finish(self) -> None:
        if self._rest:
            self._write(np.zeros(8 - len(self._rest), np.uint8))

    def _write(self, piece: Bytes) -> None:
        self._file.write(piece.data)
        if self._rest:
            piece = np.concatenate([np.frombuffer(self._rest, np.uint8), piece])
        whole = len(piece) // 8 * 8
        self.checksum = (self.checksum + _sum_of(piece[:whole], self._words)) % 2**64
        self._words += whole // 8
        self._rest = piece[whole:].tobytes()


def _write(file: BinaryIO, ids: Bytes, values: Bytes, tags: Tags, parts: int) -> None:
    different, counts = np.unique(tags, return_counts=True)
    if len(different) > MOST_TAGS:
        raise OSError(f"a segment has room for {MOST_TAGS} tags")
    layout = Layout(len(ids), parts, len(different))
    file.write(bytes(_PAGE))
    body = _Adding(file)
    values = np.ascontiguousarray(values)
    body.write(values)
    body.write(np.ascontiguousarray(ids))
    body.write(np.stack([different, counts.astype(np.uint64)], axis=1))
    for index in range(layout.parts):
        for table in kernels.part_table(values, index, layout.parts):
            body.write(table)
    body.write(np.searchsorted(different, tags).astype(np.uint16))
    body.finish()
    numbers = (layout.parts, layout.count, layout.kinds_of_tag, layout.length, body.checksum)
    page = _FIELDS.pack(_MAGIC, VERSION, *numbers).ljust(_PAGE - _SUM.size, b"\0")
    file.seek(0)
    file.write(page + _SUM.pack(_sum_of(np.frombuffer(page, np.uint8), 0)))


def _first_page(file: FileIO) -> tuple[Layout, int]:
    """Return the layout of an open segment and the checksum of the rest, which is of the right length."""
    layout, checksum = _read_page(file.read(_PAGE))
    if os.fstat(file.fileno()).st_size != layout.length:
        raise SegmentDamaged("A segment is shorter or longer than it was written.")
    return layout, checksum


def _check_rest(file: FileIO, checksum: int) -> None:
    if _sum_of_rest(file) != checksum:
        raise SegmentDamaged("A segment has been altered: its checksum differs.")


def _read_page(page: bytes) -> tuple[Layout, int]:
    """Return the layout and the checksum of the rest that the first page tells."""
    if len(page) < _PAGE or not page.startswith(_MAGIC):
        raise SegmentDamaged("A file in the place of a segment is none.")
    _, version, parts, count, tags, length, checksum = _FIELDS.unpack_from(page)
    if version != VERSION:
        raise SegmentDamaged(f"A segment has version {version}; this program reads version {VERSION}.")
    words, own = page[: -_SUM.size], page[-_SUM.size :]
    if _SUM.unpack(own)[0] != _sum_of(np.frombuffer(words, np.uint8), 0):
        raise SegmentDamaged("The first page of a segment has been altered: its checksum differs.")
    layout = Layout(count, parts, tags)
    possible = FEWEST_PARTS <= parts <= MOST_PARTS and count <= _MOST_ROWS and tags <= MOST_TAGS
    if not possible or length != layout.length:
        raise SegmentDamaged("The first page of a segment contradicts itself.")
    return layout, checksum


def _sum_of_rest(file: FileIO) -> int:
    """Add up an open file from where it stands; a length that is no multiple of 8 is never right."""
    total, words = 0, 0
    piece = np.empty(_PIECE, np.uint8)
    while got := _fill(file, piece):
        total = (total + _sum_of(piece[: got // 8 * 8], words)) % 2**64
        words += got // 8
    return total


def _fill(file: FileIO, piece: Bytes) -> int:
    """Read until the piece is full or the file ends: an unbuffered read may bring less. Return how much."""
    got = 0
    while got < len(piece) and (more := file.readinto(piece[got:].data)):
        got += more
    return got


def _sum_of(data: Bytes, position: int) -> int:
    return kernels.checksum(data.view(np.uint64), position)
