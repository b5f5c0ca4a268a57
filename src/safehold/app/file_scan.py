"""Scanning files and folders: in order, a few at a time, and nothing is skipped in silence."""

from __future__ import annotations

import mimetypes
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from safehold.app.plugins import of_frames
from safehold.app.settings import Settings
from safehold.detect.checks import Circumstances
from safehold.detect.known import KnownLists, SignalTypes
from safehold.detect.media_scan import Compared, Reading, read_and_compare
from safehold.lists import list_file
from safehold.lists.formats.base import BadLine
from safehold.model.clock import utc_now
from safehold.model.errors import BadListFile, DecoderDown, NotFound
from safehold.model.hash_list import HashList, Purpose
from safehold.model.ids import ListId, new_id
from safehold.model.match import Match
from safehold.model.media import Examined, HashMode
from safehold.model.signal import SHA256, Signal
from safehold.model.surface import Surface
from safehold.signals.digests import digest_file
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.pool import DecoderPool

FILES = Surface(name="files", rehearsal=True)
"""The surface that files from the command line appear on: every list counts, and nothing can leave it."""
_PATH = "Check the path, and that you may read the folders above it."


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFile:
    """What was found in one file. error: why a check did not run, as codes joined by commas, else None.

    mode: how its perceptual signals were made.
    """

    path: Path
    sha256: str | None
    media_type: str | None
    signals: tuple[Signal, ...] = ()
    matches: tuple[Match, ...] = ()
    limits: tuple[str, ...] = ()
    error: str | None = None
    mode: HashMode = HashMode.EXACT


@contextmanager
def decoders(settings: Settings, workers: int) -> Iterator[DecoderPool]:
    """Start decoding workers for as long as the block lasts."""
    declared = settings.decoding
    limits = DecodeLimits(
        max_pixels=declared.max_pixels, seconds=declared.seconds, media_per_worker=declared.media_per_worker
    )
    with DecoderPool(workers, limits=limits, plugins=of_frames(settings.plugins.signal_types)) as pool:
        yield pool


def load_list_file(path: Path, kinds: SignalTypes, known: KnownLists, *, strict: bool) -> list[BadLine]:
    """Load a list file for this run and return the lines that were left out.

    Raises BadListFile: with `strict` for a single bad line too.
    """
    hash_list = HashList(
        id=ListId(new_id()), name=path.name, purpose=Purpose.TEST, may_hold=True, created_at=utc_now()
    )
    try:
        entries, bad = list_file.load(path, kinds, hash_list.id)
    except BadListFile as error:
        # Several may be given: which one it is has to be said.
        raise BadListFile(
            f"{str(path)!r}: {error.what}", kept="Nothing was loaded or scanned.", advice=error.advice_now
        ) from None
    if strict and bad:
        raise BadListFile(
            f"{str(path)!r} has bad lines. {list_file.named_lines(bad)}",
            kept="Nothing was loaded or scanned.",
        )
    known.load(hash_list, entries)
    return bad


def files_below(paths: Sequence[Path]) -> list[Path]:
    """Return the files that these paths name or hold, each folder in order of names, each file once.

    Folders that cannot be listed are among them, and so are links to folders elsewhere, which are not
    followed: `scan_file` says of each that it was not scanned. Raises NotFound for a path that does not
    exist, and when there is no file at all: scanning nothing must not look like finding nothing.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise NotFound(f"{str(path)!r} does not exist, or its folder may not be read.", advice=_PATH)
    roots = [path.resolve() for path in paths if path.is_dir()]
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_below(path, roots) if path.is_dir() else [path]))
    if not found:
        raise NotFound("There is no file in these folders.", advice="Name files or folders that hold some.")
    return list(found)


def scan_files(
    files: Sequence[Path],
    *,
    known: KnownLists,
    pool: DecoderPool,
    workers: int,
    mode: HashMode = HashMode.EXACT,
) -> Generator[ScannedFile, None, None]:
    """Yield what was found in each file, in the order given, `workers` at a time. mode: see `scan_file`.

    Closed before its end, it stops the pool: nobody waits for what is being decoded.
    """
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(workers, "scan"))
        waiting: deque[Future[ScannedFile]] = deque()
        stack.callback(lambda: [future.cancel() for future in waiting])
        try:
            for path in files:
                waiting.append(threads.submit(scan_file, path, known=known, pool=pool, mode=mode))
                if len(waiting) > 4 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except (GeneratorExit, KeyboardInterrupt):
            for future in waiting:
                future.cancel()
            pool.stop()
            raise


def scan_file(
    path: Path, *, known: KnownLists, pool: DecoderPool, mode: HashMode = HashMode.EXACT
) -> ScannedFile:
    """Scan one file. Whatever is wrong with it is said in `error`; nothing is raised for it.

    mode: in FAST mode what matches is read again exactly, and a list may ask for EXACT.
    """
    at = Circumstances(known=known, surface=FILES, now=utc_now())
    try:
        digests = _digests(path)
        compared, examined = read_and_compare(
            digests, lambda reading: _read(path, pool, reading), at, mode=mode
        )
    except OSError as error:
        return _unread(path, _why_unreadable(path, error))
    return _found(path, compared, examined)


def hash_file(path: Path, *, pool: DecoderPool) -> ScannedFile:
    """Make the signals of one file and compare them with nothing."""
    try:
        digests, examined = _digests(path), _read(path, pool, Reading(HashMode.EXACT))
    except OSError as error:
        return _unread(path, _why_unreadable(path, error))
    failure = "matcher_down" if examined is None else examined.failure and f"decoder:{examined.failure.value}"
    return ScannedFile(
        path=path,
        sha256=_sha256(digests),
        media_type=examined.media_type if examined else None,
        signals=(*digests, *(examined.signals if examined else ())),
        error=failure,
    )


def _below(folder: Path, roots: Sequence[Path]) -> Iterator[Path]:
    unlisted: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: unlisted.append(Path(error.filename))):
        folders.sort()
        links = [name for name in folders if _leads_elsewhere(Path(place, name), roots)]
        for name in sorted([*names, *links]):
            yield Path(place, name)
    yield from unlisted


def _leads_elsewhere(folder: Path, roots: Sequence[Path]) -> bool:
    """Say whether this is a link to a folder that is not scanned anyway."""
    if not folder.is_symlink():
        return False
    target = folder.resolve()
    return not any(target.is_relative_to(root) for root in roots)


def _digests(path: Path) -> tuple[Signal, ...]:
    if path.is_dir():
        raise _FolderNotRead
    if not path.is_file():
        raise FileNotFoundError
    if path.stat().st_size == 0:
        raise _EmptyFile
    return digest_file(path)


def _read(path: Path, pool: DecoderPool, reading: Reading) -> Examined | None:
    claimed, _ = mimetypes.guess_type(path.name)
    try:
        return pool.examine_file(path, claimed_type=claimed, mode=reading.mode, turned=reading.turned)
    except DecoderDown:
        return None


def _found(path: Path, compared: Compared, examined: Examined | None) -> ScannedFile:
    verdict = compared.verdict
    return ScannedFile(
        path=path,
        sha256=_sha256(compared.signals),
        media_type=examined.media_type if examined else None,
        signals=compared.signals,
        matches=verdict.matches,
        limits=verdict.limits,
        error=",".join(verdict.degraded) or None,
        mode=compared.mode,
    )


def _sha256(signals: Iterable[Signal]) -> str:
    return next(signal.text for signal in signals if signal.signal_type == SHA256)


def _unread(path: Path, code: str) -> ScannedFile:
    return ScannedFile(path=path, sha256=None, media_type=None, error=code)


def _why_unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, _EmptyFile):
        return "empty_file"
    if isinstance(error, _FolderNotRead):
        return "linked_folder" if path.is_symlink() else "unlisted_folder"
    if isinstance(error, FileNotFoundError):
        return "not_a_file" if path.exists() else "not_found"
    return "not_permitted" if isinstance(error, PermissionError) else "unreadable"


class _EmptyFile(OSError):
    """There is nothing in it to scan."""


class _FolderNotRead(OSError):
    """What it holds was not looked at."""
