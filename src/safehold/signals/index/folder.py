"""The folder of an index: which of its files count, written down in one file that is replaced as a whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from safehold.model.errors import SegmentDamaged
from safehold.signals.index.checked import NOTE
from safehold.signals.index.segment_file import PARTIAL, sync_folder

SEGMENT = ".segment"
_CONTENTS = "contents.json"
LOCK = "lock"
"""The file that whoever changes a folder holds."""
_VERSION = 2
_CHECKSUM_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Contents:
    """What an index consists of.

    generation: another word after each change, empty before the first. covers: up to which number of each of
    the caller's sequences of changes it goes; such a number only grows. heads: what the caller calls the
    change of that number, to tell one history from another. removed: for each segment, by its file's name,
    the rows that no longer count.
    """

    generation: str = ""
    covers: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)

    def covers_all_of(self, other: Contents) -> bool:
        """Say whether everything that had happened in the other had happened in this."""
        return all(self.covers.get(key, 0) >= number for key, number in other.covers.items())


def read_contents(folder: Path) -> Contents:
    """Return what the folder says; nothing at all where it says nothing yet.

    Raises SegmentDamaged where what it says is not what was written.
    """
    found = _read(folder, -1)
    if found is None:
        return Contents()
    checksum, _, text = found.partition(b"\n")
    if checksum != _checksum(text):
        raise SegmentDamaged("The contents of an index have been altered: their checksum differs.")
    told = json.loads(text)
    if told["version"] != _VERSION:
        raise SegmentDamaged("The contents of an index are of another version.")
    removed = {name: tuple(rows) for name, rows in told["removed"].items()}
    return Contents(told["generation"], told["covers"], removed, told["heads"])


def contents_mark(folder: Path) -> bytes | None:
    """Return a word that is another one for other contents, read without these; None where there are none.

    Raises SegmentDamaged where it cannot be read.
    """
    return _read(folder, _CHECKSUM_CHARACTERS)


def write_contents(folder: Path, contents: Contents) -> None:
    """Replace what the folder says, whole, on the disk. Raises OSError, the old contents staying."""
    told = {
        "version": _VERSION,
        "generation": contents.generation,
        "covers": dict(contents.covers),
        "heads": dict(contents.heads),
        "removed": {name: list(rows) for name, rows in contents.removed.items()},
    }
    text = json.dumps(told).encode()
    partial = folder / (_CONTENTS + PARTIAL)
    try:
        with partial.open("wb") as file:
            file.write(_checksum(text) + b"\n" + text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(folder / _CONTENTS)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(folder)


def sweep(folder: Path) -> None:
    """Unlink what does not count, half-written files too. For the holder of the lock only.

    Processes that still have such a segment mapped keep it until they let go. Raises SegmentDamaged, having
    unlinked nothing, where the folder does not say what counts.
    """
    contents = read_contents(folder)
    for path in folder.iterdir():
        if (
            path.name.endswith((SEGMENT, PARTIAL, NOTE))
            and path.name.removesuffix(NOTE) not in contents.removed
        ):
            path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Forget everything in a folder, damaged or not, so that the index can be built anew.

    Waits for a merge that is under way. Raises OSError.
    """
    with the_only_writer(folder, wait=True):
        (folder / _CONTENTS).unlink(missing_ok=True)
        sync_folder(folder)
        sweep(folder)


@contextmanager
def the_only_writer(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Yield whether this is now the only one to change the folder; let go at the end, or at death.

    wait: until it is. Raises OSError where the folder takes no files.
    """
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _read(folder: Path, size: int) -> bytes | None:
    """Return the beginning of what the folder says, all of it for -1; None where it says nothing yet."""
    try:
        with (folder / _CONTENTS).open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SegmentDamaged(f"The contents of an index cannot be read: {error.strerror}.") from error


def _checksum(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=_CHECKSUM_CHARACTERS // 2).hexdigest().encode()
