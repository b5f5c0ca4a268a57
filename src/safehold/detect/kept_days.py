"""Signals kept for look-back: a folder a day, written once a second, sealed into a segment, destroyed whole.

    FOLDER/SURFACE/YYYY-MM-DD/rows              what came today: 16 bytes id, 32 value, 4 checksum
                             /references        whose they are: 15 bytes id, the platform's own reference
                             /COUNT-ID.segment  the day's rows, once it is over
                             /lock              held by whoever writes, seals or destroys

A row is a signal and, by way of a random id, an opaque reference; the day is the folder's name. There is
nothing else: no account, no address, no hour. The only question that can be asked is which references lie
near entries of a list.
"""

from __future__ import annotations

import os
import shutil
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged
from safehold.model.surface import FOLDER_NAME, LONGEST_TERM
from safehold.signals import kernels
from safehold.signals.index.folder import LOCK, SEGMENT, the_only_writer
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import PARTIAL, parts_for, sync_folder, write_segment
from safehold.signals.reference_search import ROW_BYTES

MOST_SIGNALS = 20_000_000
"""Kept at once, over all surfaces; beyond it the oldest day goes."""
MOST_PER_REFERENCE = 256
"""Signals of one item that are kept: the frames of a film, say. Others are not."""
MOST_WAITING = 100_000
"""Signals that wait in memory for the disk; what comes beyond them is lost, and counted."""
MANY_ROWS = 50_000
"""Rows of the present day beyond which they are sealed: they are read one by one for each look."""
LONGEST_REFERENCE = 64
"""Bytes of a reference."""

_ID_BYTES = 16
_STEM_BYTES = _ID_BYTES - 1
"""All signals of one item share these; the last byte of the id numbers them."""
_CHECKSUM_BYTES = 4
_ROW = _ID_BYTES + ROW_BYTES
_REFERENCE = _STEM_BYTES + LONGEST_REFERENCE
_ENTRIES_AT_ONCE = 256
_ROWS, _REFERENCES = "rows", "references"

Bytes = NDArray[np.uint8]


class Gone(StrEnum):
    """Why a day is destroyed."""

    TERM = "term"
    OFF = "off"
    """The surface keeps nothing any more."""
    FULL = "full"
    """There are more signals than may be kept at once, and these are the oldest."""


@dataclass(frozen=True, slots=True)
class KeptMatch:
    """An entry, by its number among those that were asked, near a signal that was kept."""

    entry: int
    surface: str
    reference: str = field(repr=False)
    day: date


@dataclass(slots=True)
class _Waiting:
    """What comes to the disk with the next flush, of one surface and day."""

    rows: list[bytes] = field(default_factory=list)
    references: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KeptDay:
    """One surface's day on the disk."""

    folder: Path
    surface: str
    day: date

    @property
    def signals(self) -> int:
        """How many signals it holds."""
        rows = self.folder / _ROWS
        waiting = rows.stat().st_size // (_ROW + _CHECKSUM_BYTES) if rows.exists() else 0
        return waiting + sum(int(path.name.partition("-")[0]) for path in self._segments())

    def seal(self) -> None:
        """Write what came in into a segment, then drop the rows; after a crash in between, both are found."""
        with the_only_writer(self.folder, wait=True):
            for path in self.folder.glob("*" + PARTIAL):
                path.unlink()
            ids, values = _rows(self.folder / _ROWS)
            if len(ids):
                order = np.argsort(ids.view(f"S{_ID_BYTES}").reshape(-1), kind="stable")
                path = self.folder / f"{len(ids)}-{uuid4().hex}{SEGMENT}"
                tags = np.zeros(len(ids), np.uint64)
                write_segment(path, ids[order], values[order], tags, parts_for(len(ids)))
            (self.folder / _ROWS).unlink(missing_ok=True)
            sync_folder(self.folder)

    def destroy(self) -> None:
        """Remove the day with everything in it; whoever searches it meanwhile comes to its end."""
        with the_only_writer(self.folder, wait=True):
            shutil.rmtree(self.folder)
        sync_folder(self.folder.parent)

    def near(self, entries: Bytes, max_distance: int) -> Iterator[tuple[int, str]]:
        """Yield each entry's number with each reference that has a signal within max_distance, once."""
        found = self._ids_near(entries, max_distance)
        names = self._references({stem for _, stem in found}) if found else {}
        # A platform may give one reference to several uploads.
        pairs = ((number, names[stem]) for number, stem in found if stem in names)
        yield from dict.fromkeys(pairs)

    def _ids_near(self, entries: Bytes, max_distance: int) -> dict[tuple[int, bytes], None]:
        # Rows first: what is sealed meanwhile is then found twice rather than not at all.
        ids, values = _rows(self.folder / _ROWS)
        segments = [Segment(path) for path in self._segments()]
        seen: dict[tuple[int, bytes], None] = {}
        for begin in range(0, len(entries), _ENTRIES_AT_ONCE):
            some = entries[begin : begin + _ENTRIES_AT_ONCE]
            found = [(ids, kernels.scan_rows(some, values, max_distance, 1))] if len(ids) else []
            found += [(segment.ids, segment.search(some, max_distance)) for segment in segments]
            for names, (numbers, rows, _) in found:
                for number, name in zip(numbers.tolist(), names[rows], strict=True):
                    seen[begin + number, name.tobytes()[:_STEM_BYTES]] = None
        return seen

    def _references(self, stems: set[bytes]) -> dict[bytes, str]:
        table, kind = _table(self.folder / _REFERENCES, _REFERENCE), f"S{_STEM_BYTES}"
        keys = np.ascontiguousarray(table[:, :_STEM_BYTES]).view(kind).reshape(-1)
        rows = np.flatnonzero(np.isin(keys, np.frombuffer(b"".join(stems), kind)))
        named = [row for row in map(bytes, table[rows]) if _is_whole(row)]
        return {row[:_STEM_BYTES]: row[_STEM_BYTES:_REFERENCE].rstrip(b"\0").decode("ascii") for row in named}

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("*" + SEGMENT))


class KeptDays:
    """What is kept on this host. Several processes write into one folder; one of them seals and destroys."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not exist yet: then only this user may look into it.

        In one that exists, a group that may write into it may write into everything that is made there.
        """
        self._folder = folder
        self._waiting: dict[tuple[str, date], _Waiting] = defaultdict(_Waiting)
        self._changing = threading.Lock()
        self._rows_waiting = 0
        self.lost = 0
        """How many signals found no room in memory, or did not come to the disk, since this was made."""

    def keep(self, surface: str, day: date, reference: str, values: Sequence[bytes]) -> None:
        """Have the signals of one item kept from the next `flush` on. It never waits for the disk.

        reference: 1 to 64 ASCII characters that can be printed. values: digests of 32 bytes, of which 256
        are kept.
        """
        if not FOLDER_NAME.fullmatch(surface):
            raise ValueError("the name of a surface is expected")
        if not (reference.isascii() and reference.isprintable() and 1 <= len(reference) <= LONGEST_REFERENCE):
            raise ValueError(f"a reference has 1 to {LONGEST_REFERENCE} printable characters of ASCII")
        if any(len(value) != ROW_BYTES for value in values):
            raise ValueError(f"expected digests of {ROW_BYTES} bytes")
        stem = _stem()
        rows = [stem + bytes([number]) + value for number, value in enumerate(values[:MOST_PER_REFERENCE])]
        with self._changing:
            if self._rows_waiting + len(rows) > MOST_WAITING:
                self.lost += len(rows)
                return
            self._rows_waiting += len(rows)
            waiting = self._waiting[surface, day]
            waiting.rows += rows
            waiting.references.append(stem + reference.encode("ascii").ljust(LONGEST_REFERENCE, b"\0"))

    def flush(self) -> None:
        """Bring what waits to the disk: called every second, so a crash loses no more.

        Raises OSError, for a full disk say; what was to be written there is lost and counted, the other days
        are not.
        """
        with self._changing:
            waiting, self._waiting = self._waiting, defaultdict(_Waiting)
            self._rows_waiting = 0
        failed: list[OSError] = []
        for (surface, day), came in waiting.items():
            try:
                self._write(self._folder / surface / day.isoformat(), came)
            except FileNotFoundError:
                # The day was destroyed at this moment, and these rows with it.
                continue
            except OSError as error:
                self.lost += len(came.rows)
                failed.append(error)
        if failed:
            raise failed[0]

    def _write(self, folder: Path, came: _Waiting) -> None:
        new = not folder.exists()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = shared_mode(self._folder)
        for part in (folder.parent, folder):
            if not part.exists():
                part.mkdir(exist_ok=True)
                part.chmod(mode)
        with the_only_writer(folder, wait=True):
            if new:
                (folder / LOCK).chmod(mode & 0o660)
            # References first: a row without one would be found and say nothing.
            _append(folder / _REFERENCES, came.references, _REFERENCE, mode & 0o660)
            _append(folder / _ROWS, came.rows, _ROW, mode & 0o660)
        if new:
            for above in (folder, folder.parent, self._folder):
                sync_folder(above)

    def days(self) -> list[KeptDay]:
        """Return what is kept, the oldest day first."""
        found = [
            KeptDay(folder, folder.parent.name, date.fromisoformat(folder.name))
            for folder in self._folder.glob("*/????-??-??")
        ]
        return sorted(found, key=lambda kept: (kept.day, kept.surface))

    def seal(self, *, today: date) -> None:
        """Seal every day before this one, and what has come in by now where it is much. May be done again."""
        for kept in self.days():
            rows = kept.folder / _ROWS
            if rows.exists() and (kept.day < today or rows.stat().st_size > MANY_ROWS * _ROW):
                with suppress(FileNotFoundError):
                    kept.seal()

    def due(
        self, *, today: date, terms: Mapping[str, int], most: int = MOST_SIGNALS
    ) -> list[tuple[KeptDay, Gone]]:
        """Return which days may not be kept any longer, and why; `KeptDay.destroy` ends each.

        terms: for each surface that keeps signals now, for how many days, 1 to 30: today is the first. Days
        of any other surface go at once. Then the oldest days go until no more than `most` signals are left.
        """
        if any(not 1 <= term <= LONGEST_TERM for term in terms.values()):
            raise ValueError(f"a term is 1 to {LONGEST_TERM} days")
        days = self.days()
        gone = [
            (kept, Gone.TERM if kept.surface in terms else Gone.OFF)
            for kept in days
            if not is_within(kept.surface, kept.day, today=today, terms=terms)
        ]
        over = {kept for kept, _ in gone}
        stays = [kept for kept in days if kept not in over]
        total = sum(kept.signals for kept in stays)
        for kept in stays:
            if total <= most:
                break
            total -= kept.signals
            gone.append((kept, Gone.FULL))
        return gone

    def look_back(
        self,
        entries: Bytes,
        max_distance: int,
        *,
        today: date,
        terms: Mapping[str, int],
        on_damaged: Callable[[KeptDay], None] | None = None,
    ) -> Iterator[KeptMatch]:
        """Yield what was kept within max_distance bits of entries of a list.

        entries: (count, 32). terms: as in `due`; only these surfaces are looked at, and no day whose term is
        over, destroyed or not. For what follows entries_changed, and for rehearsal, alone: nobody may ask
        for a digest or a picture of their own. A day that is destroyed meanwhile is passed over. One that is
        not what was written is handed to on_damaged and passed over; without it SegmentDamaged is raised.
        """
        if max_distance < 0:
            raise ValueError("expected max_distance of 0 or more")
        asked = np.ascontiguousarray(entries)
        for kept in self.days():
            if not is_within(kept.surface, kept.day, today=today, terms=terms):
                continue
            try:
                for number, reference in kept.near(asked, max_distance):
                    yield KeptMatch(number, kept.surface, reference, kept.day)
            except (SegmentDamaged, OSError):
                if not kept.folder.exists():
                    continue
                if on_damaged is None:
                    raise
                on_damaged(kept)


def is_within(surface: str, day: date, *, today: date, terms: Mapping[str, int]) -> bool:
    """Say whether a day of a surface may still be kept; terms as in `KeptDays.due`."""
    return day > today - timedelta(days=terms.get(surface, 0))


def ends_on(day: date, term: int) -> date:
    """Return the first day on which what came on this one is not kept any more."""
    return day + timedelta(days=term)


def _stem() -> bytes:
    """Return a random id, which says neither when nor what; no byte is 0: arrays lose those at the end."""
    return bytes(1 + number % 255 for number in os.urandom(_STEM_BYTES))


def shared_mode(folder: Path) -> int:
    """Return the mode of folders below this one: for this user, and its group where that may write here."""
    mode = folder.stat().st_mode
    return 0o700 | (mode & 0o2070 if mode & 0o020 else 0)


def _append(path: Path, rows: Sequence[bytes], size: int, mode: int) -> None:
    new = not path.exists()
    with path.open("ab") as file:
        if new:
            os.fchmod(file.fileno(), mode)
        # A row that a crash has cut would shift all that follow.
        whole = size + _CHECKSUM_BYTES
        file.truncate(file.tell() // whole * whole)
        file.write(b"".join(row + zlib.crc32(row).to_bytes(_CHECKSUM_BYTES, "little") for row in rows))
        file.flush()
        os.fsync(file.fileno())


def _rows(path: Path) -> tuple[Bytes, Bytes]:
    """Return ids and values of the rows, none without a file; rows that a crash has spoilt are left out."""
    whole = [row[:_ROW] for row in map(bytes, _table(path, _ROW)) if _is_whole(row)]
    table = np.frombuffer(b"".join(whole), np.uint8).reshape(-1, _ROW)
    return np.ascontiguousarray(table[:, :_ID_BYTES]), np.ascontiguousarray(table[:, _ID_BYTES:])


def _table(path: Path, size: int) -> Bytes:
    """Return the rows of a file with their checksums, (count, size + 4); none without a file."""
    data = b""
    with suppress(FileNotFoundError):
        data = path.read_bytes()
    whole = size + _CHECKSUM_BYTES
    return np.frombuffer(data[: len(data) // whole * whole], np.uint8).reshape(-1, whole)


def _is_whole(row: bytes) -> bool:
    end = len(row) - _CHECKSUM_BYTES
    return zlib.crc32(row[:end]).to_bytes(_CHECKSUM_BYTES, "little") == row[end:]
