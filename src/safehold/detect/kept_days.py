"""Signals kept for look-back: a folder a day, written once a second, sealed into a segment, destroyed whole.

    FOLDER/SURFACE/YYYY-MM-DD/rows              what came today: 16 bytes reference, 32 value, 4 checksum
                             /COUNT-ID.segment  the day, once it is over
                             /lock              held by whoever writes, seals or destroys

A row is a signal and an opaque reference; the day is the folder's name. There is nothing else: no account, no
address, no hour. The only question that can be asked is which references lie near entries of a list.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from safehold.model.errors import SegmentDamaged
from safehold.signals import kernels
from safehold.signals.index.folder import SEGMENT, the_only_writer
from safehold.signals.index.segment import Segment
from safehold.signals.index.segment_file import PARTIAL, parts_for, sync_folder, write_segment
from safehold.signals.reference_search import ROW_BYTES

MOST_SIGNALS = 20_000_000
"""Kept at once, over all surfaces; beyond it the oldest day goes."""
LONGEST_DAYS = 30
"""No term may be longer."""
MOST_PER_REFERENCE = 256
"""Signals of one item that are kept: the frames of a film, say. Others are not."""

_ID_BYTES = 16
_ROW_BYTES = _ID_BYTES + ROW_BYTES + 4
_ENTRIES_AT_ONCE = 256
_ROWS = "rows"
_SURFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class KeptMatch:
    """An entry, by its number among those that were asked, near a signal that was kept."""

    entry: int
    surface: str
    reference: UUID
    day: date


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
        waiting = rows.stat().st_size // _ROW_BYTES if rows.exists() else 0
        return waiting + sum(int(path.name.partition("-")[0]) for path in self._segments())

    def seal(self) -> None:
        """Write what came in into a segment, then drop the rows; after a crash in between, both are found."""
        with the_only_writer(self.folder, wait=True):
            for path in self.folder.glob("*" + PARTIAL):
                path.unlink()
            ids, values = _read(self.folder / _ROWS)
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

    def near(self, entries: Bytes, max_distance: int) -> Iterator[tuple[int, UUID]]:
        """Yield each entry's number with each reference that has a signal within max_distance, once."""
        # Rows first: what is sealed meanwhile is then found twice rather than not at all.
        ids, values = _read(self.folder / _ROWS)
        segments = [Segment(path) for path in self._segments()]
        seen: set[tuple[int, bytes]] = set()
        for begin in range(0, len(entries), _ENTRIES_AT_ONCE):
            some = entries[begin : begin + _ENTRIES_AT_ONCE]
            found = [(ids, kernels.scan_rows(some, values, max_distance, 1))] if len(ids) else []
            found += [(segment.ids, segment.search(some, max_distance)) for segment in segments]
            for names, (numbers, rows, _) in found:
                for number, name in zip(numbers.tolist(), names[rows], strict=True):
                    pair = (begin + number, name.tobytes()[:-1] + b"\0")
                    if pair not in seen:
                        seen.add(pair)
                        yield pair[0], UUID(bytes=pair[1])

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("*" + SEGMENT))


class KeptDays:
    """What is kept on this host. Several processes write into one folder; one of them seals and destroys."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not exist yet; only this user may look into it."""
        self._folder = folder
        self._waiting: dict[tuple[str, date], list[bytes]] = defaultdict(list)
        self._changing = threading.Lock()

    def keep(self, surface: str, day: date, reference: UUID, values: Sequence[bytes]) -> None:
        """Have the signals of one item kept from the next `flush` on.

        reference: as `new_reference` makes it. values: digests of 32 bytes, of which 256 are kept.
        """
        if not _SURFACE.fullmatch(surface):
            raise ValueError("the name of a surface is expected")
        if any(len(value) != ROW_BYTES for value in values):
            raise ValueError(f"expected digests of {ROW_BYTES} bytes")
        stem = reference.bytes[:-1]
        rows = [stem + bytes([number]) + value for number, value in enumerate(values[:MOST_PER_REFERENCE])]
        with self._changing:
            self._waiting[surface, day] += rows

    def flush(self) -> None:
        """Bring what waits to the disk: called every second, so a crash loses no more.

        Raises OSError, for a full disk say; what was to be written there is lost, the other days are not.
        """
        with self._changing:
            waiting, self._waiting = self._waiting, defaultdict(list)
        failed: list[OSError] = []
        for (surface, day), rows in waiting.items():
            try:
                self._write(self._folder / surface / day.isoformat(), rows)
            except FileNotFoundError:
                # The day was destroyed at this moment, and these rows with it.
                continue
            except OSError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _write(self, folder: Path, rows: list[bytes]) -> None:
        new = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with the_only_writer(folder, wait=True), (folder / _ROWS).open("ab") as file:
            os.fchmod(file.fileno(), 0o600)
            # A row that a crash has cut would shift all that follow.
            file.truncate(file.tell() // _ROW_BYTES * _ROW_BYTES)
            file.write(b"".join(row + zlib.crc32(row).to_bytes(4, "little") for row in rows))
            file.flush()
            os.fsync(file.fileno())
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
        """Seal every day before this one. May be done again at any time."""
        for kept in self.days():
            if kept.day < today and (kept.folder / _ROWS).exists():
                kept.seal()

    def destroy(self, *, today: date, terms: Mapping[str, int], most: int = MOST_SIGNALS) -> list[KeptDay]:
        """Destroy what may not be kept any longer and return it.

        terms: for each surface that keeps signals now, for how many days, 1 to 30: today is the first. Days
        of any other surface go at once. Then the oldest days go until no more than `most` signals are left.
        """
        if any(not 1 <= term <= LONGEST_DAYS for term in terms.values()):
            raise ValueError(f"a term is 1 to {LONGEST_DAYS} days")
        days = self.days()
        gone = [kept for kept in days if kept.day <= today - timedelta(days=terms.get(kept.surface, 0))]
        stays = [kept for kept in days if kept not in gone]
        total = sum(kept.signals for kept in stays)
        for kept in stays:
            if total <= most:
                break
            total -= kept.signals
            gone.append(kept)
        for kept in gone:
            kept.destroy()
        return gone

    def look_back(self, entries: Bytes, max_distance: int) -> Iterator[KeptMatch]:
        """Yield what was kept within max_distance bits of entries of a list.

        entries: (count, 32). For the step that follows entries_changed, and for rehearsal, alone: nobody may
        ask for a digest or a picture of their own. A day that is destroyed meanwhile is passed over. Raises
        SegmentDamaged where a day is not what was written.
        """
        if max_distance < 0:
            raise ValueError("expected max_distance of 0 or more")
        for kept in self.days():
            try:
                for number, reference in kept.near(np.ascontiguousarray(entries), max_distance):
                    yield KeptMatch(number, kept.surface, reference, kept.day)
            except (SegmentDamaged, OSError):
                if kept.folder.exists():
                    raise


def new_reference() -> UUID:
    """Return an opaque reference: random, so that it says neither when nor what. Its last byte is 0."""
    return UUID(bytes=os.urandom(_ID_BYTES - 1) + b"\0", version=4)


def _read(path: Path) -> tuple[Bytes, Bytes]:
    """Return ids and values of the rows, none without a file; rows that a crash has spoilt are left out."""
    data = b""
    with suppress(FileNotFoundError):
        data = path.read_bytes()
    rows = (data[begin : begin + _ROW_BYTES] for begin in range(0, len(data) - _ROW_BYTES + 1, _ROW_BYTES))
    whole = b"".join(row[:-4] for row in rows if zlib.crc32(row[:-4]).to_bytes(4, "little") == row[-4:])
    table = np.frombuffer(whole, np.uint8).reshape(-1, _ID_BYTES + ROW_BYTES)
    return np.ascontiguousarray(table[:, :_ID_BYTES]), np.ascontiguousarray(table[:, _ID_BYTES:])
