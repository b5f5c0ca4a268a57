"""A list file on disk, read as a stream: entries and bad lines in their order, whatever the bytes are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from safehold.lists.formats import FORMATS, BadLine, EntryDraft, ListFormat, UnreadableLine
from safehold.lists.formats.base import LinesReader, Read, SignalTypes
from safehold.model.errors import BadListFile
from safehold.model.hash_list import Entry, Origin
from safehold.model.ids import EntryId, ListId, new_id

MAX_LINE_BYTES = 65_536
"""A longer line is a bad line: no entry needs as much, and memory must stay bounded."""

_SAMPLE_BYTES = 65_536
_AT_ONCE = 250
"""Lines that are parsed together."""
_LINES_NAMED = 20
_BOM = b"\xef\xbb\xbf"
_FORMS = (
    'Give JSON Lines ({"signal_type", "value"} a line), CSV with the headers signal_type and value, '
    "or lines of 64 hexadecimal characters (PDQ)."
)
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class ListFile:
    """An open list file. Use it in a `with` block; each iteration begins at the first line again.

    Raises BadListFile, with advice, when it cannot be opened or is of no form that we read.
    """

    def __init__(self, path: Path, kinds: SignalTypes) -> None:
        self._kinds = kinds
        self._file: BinaryIO = _opened(path)
        try:
            self.size_bytes = os.fstat(self._file.fileno()).st_size
            self.format = _recognised(self._file.read(_SAMPLE_BYTES))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ListFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def read_bytes(self) -> int:
        """How many bytes the present iteration has read."""
        return self._file.tell()

    def __iter__(self) -> Iterator[EntryDraft | BadLine]:
        """Yield what each line holds, in order; lines that are not meant to hold an entry yield nothing."""
        return chain.from_iterable(self.pieces(_AT_ONCE))

    def pieces(self, size: int) -> Iterator[list[EntryDraft | BadLine]]:
        """Yield what `iter` does, so many at a time; `read_bytes` then says how far these reach."""
        self._file.seek(0)
        read = self.format.reader(self._kinds)
        lines, before = _lines(self._file), 0
        piece: list[EntryDraft | BadLine] = []
        while some := list(islice(lines, min(_AT_ONCE, size - len(piece)))):
            piece += _found(_read(read, some), before + 1)
            before += len(some)
            if len(piece) == size:
                yield piece
                piece = []
        if piece:
            yield piece


def load(path: Path, kinds: SignalTypes, list_id: ListId) -> tuple[list[Entry], list[BadLine]]:
    """Return the entries of a list file and the lines that were left out, for use without a database.

    Raises BadListFile also where not one line holds an entry.
    """
    entries: list[Entry] = []
    bad: list[BadLine] = []
    with ListFile(path, kinds) as file:
        for found in file:
            if isinstance(found, BadLine):
                bad.append(found)
            else:
                entries.append(as_entry(found, list_id, Origin.FILE))
    if not entries:
        raise nothing_in_it(bad)
    return entries, bad


class Batch(NamedTuple):
    """Some lines of a file, in their order. read_bytes: how far into the file they reach."""

    drafts: list[EntryDraft]
    bad: list[BadLine]
    read_bytes: int


def in_batches(file: ListFile, size: int) -> Iterator[Batch]:
    """Yield up to `size` lines at a time, sorted into drafts and bad lines."""
    for chunk in file.pieces(size):
        drafts = [found for found in chunk if isinstance(found, EntryDraft)]
        bad = [found for found in chunk if isinstance(found, BadLine)] if len(drafts) < len(chunk) else []
        yield Batch(drafts, bad, file.read_bytes)


def as_entry(draft: EntryDraft, list_id: ListId, origin: Origin) -> Entry:
    """Give what a line says an id and a list."""
    return Entry(
        id=EntryId(new_id()),
        list_id=list_id,
        signal_type=draft.signal_type,
        value=draft.value,
        category=draft.category,
        labels=draft.labels,
        source_id=draft.source_id,
        origin=origin,
    )


def nothing_in_it(bad: Sequence[BadLine]) -> BadListFile:
    """Return the error for a file of which not one line holds an entry."""
    return BadListFile("No line of the list file holds an entry. " + named_lines(bad), advice=_FORMS)


def named_lines(bad: Sequence[BadLine]) -> str:
    """Say which lines were left out and why, the first twenty of them."""
    told = [f"Line {line.number}: {line.reason.rstrip('.')}." for line in bad[:_LINES_NAMED]]
    more = len(bad) - len(told)
    return " ".join([*told, f"And {more} more."] if more else told)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadListFile(
            f"The list file cannot be opened: {error.strerror}.", advice="Check the path and its permissions."
        ) from None


def _read(read: LinesReader, lines: Sequence[bytes | None]) -> list[Read]:
    """Return what became of each line; those that are no text never come to the reader."""
    with suppress(TypeError, UnicodeDecodeError):  # for a line that is too long, or none of UTF-8
        joined = b"\n".join(lines)  # type: ignore[arg-type]
        if b"\0" not in joined:
            return read(joined.decode().split("\n"))
    texts = [_text(line) for line in lines]
    readable = [text for text in texts if isinstance(text, str)]
    remaining = iter(read(readable))
    return [next(remaining) if isinstance(text, str) else text for text in texts]


def _found(read: Iterable[Read], first: int) -> Iterator[EntryDraft | BadLine]:
    """Yield what lines came to, of which the first has this number, without those that hold nothing."""
    for number, found in enumerate(read, start=first):
        if isinstance(found, UnreadableLine):
            yield BadLine(number, str(found))
        elif found is not None:
            yield found


def _text(line: bytes | None) -> str | UnreadableLine:
    if line is None:
        return UnreadableLine(f"longer than {MAX_LINE_BYTES} bytes")
    if b"\0" in line:
        return UnreadableLine("holds a NUL byte")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return UnreadableLine("not UTF-8")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield each line without its end and without a byte order mark, None for one that is too long.

    Files that were put together out of several have a mark in their middle, too.
    """
    while line := file.readline(MAX_LINE_BYTES + len(_BOM) + 2):
        whole = line.endswith(b"\n") or _skip_to_line_end(file)
        line = line.removeprefix(_BOM).rstrip(b"\r\n")
        yield line if whole and len(line) <= MAX_LINE_BYTES else None


def _skip_to_line_end(file: BinaryIO) -> bool:
    """Read on until the line ends. Say whether there was nothing to read: it was the file's last line."""
    rest = file.readline(MAX_LINE_BYTES)
    last = not rest
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(MAX_LINE_BYTES)
    return last


def _recognised(sample: bytes) -> ListFormat:
    _refuse_what_is_not_text(sample)
    text = sample.removeprefix(_BOM).decode(errors="replace")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise BadListFile("The list file has no lines.", advice=_FORMS)
    best = max(FORMATS, key=lambda form: form.reads(lines))
    if not best.reads(lines):
        raise BadListFile("The list file is of no form that we read.", advice=_FORMS)
    return best


def _refuse_what_is_not_text(sample: bytes) -> None:
    if sample.startswith(_COMPRESSED):
        raise BadListFile("The list file is compressed.", advice="Unpack it and give the file inside.")
    if sample.startswith(_UTF16):
        raise BadListFile("The list file is UTF-16 text.", advice="Save it as UTF-8.")
    if b"\0" in sample.partition(b"\n")[0]:
        raise BadListFile("The list file is not text.", advice=_FORMS)
