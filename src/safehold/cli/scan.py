"""`safehold scan`: which of these files are known?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.app.settings import Settings
    from safehold.detect.known import KnownLists

LIST_SUFFIXES = frozenset({".jsonl", ".json", ".csv", ".txt", ".ndjson"})
BAD_LINES_SHOWN = 1000


class Mode(StrEnum):
    """How pictures are fingerprinted."""

    FAST = "fast"
    EXACT = "exact"


class Format(StrEnum):
    """How findings are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def scan(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", help="List file, or name of a loaded list. Default: all loaded."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write to this file instead; Parquet needs it.")
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", help="How pictures are fingerprinted. Default: as in the settings."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a list file with a bad line.")] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Files side by side. Default: one per core."),
    ] = None,
) -> int:
    """Scan files and folders against lists of known media.

    Exit code 0: all scanned, none matched. 1: some matched, all scanned. 2: none matched, some not
    scanned. 3: some matched, some not scanned. A file for which a check could not run counts as not scanned
    and has `error`.
    """
    from safehold.app.confined import in_words
    from safehold.app.file_scan import decoders, files_below, scan_files
    from safehold.cli.opening import settings
    from safehold.cli.progress import tracked
    from safehold.cli.scan_output import writer
    from safehold.model.media import HashMode

    if format is Format.PARQUET and output is None:
        raise typer.BadParameter("--format parquet needs --output FILE.")
    read = settings()
    files = files_below(paths)
    known = known_lists(read, lists or [], strict=strict)
    at_once = min(workers or len(os.sched_getaffinity(0)), len(files))
    matched = unscanned = False
    with decoders(read, at_once) as pool, writer(format.value, output) as write:
        if not pool.confinement.whole:
            sys.stderr.write(f"{in_words(pool.confinement)}\n")
        wanted = HashMode(mode.value) if mode else read.decoding.mode
        found = scan_files(files, known=known, pool=pool, workers=at_once, mode=wanted)
        # On a terminal that shows the rows, they themselves tell how far it has come.
        shown = output is None and sys.stdout.isatty()
        with closing(found), closing(tracked(found, total=len(files), noun="files", bar=not shown)) as rows:
            for row in rows:
                write(row)
                matched = matched or bool(row.matches)
                unscanned = unscanned or row.error is not None
    return exit_code(matched=matched, unscanned=unscanned)


def exit_code(*, matched: bool, unscanned: bool) -> int:
    """Return the exit code for what was found: 1 for a match, plus 2 where not all could be scanned."""
    return (1 if matched else 0) + (2 if unscanned else 0)


def known_lists(settings: Settings, named: Sequence[str], *, strict: bool) -> KnownLists:
    """Load list files, and loaded lists by name from the database, which is opened only when one is named.

    Without any name every loaded list counts. Raises BadListFile and NotFound.
    """
    from safehold.app.file_scan import load_list_file
    from safehold.app.plugins import signal_types
    from safehold.cli.opening import printable
    from safehold.detect.known import KnownLists

    kinds = {kind.name: kind for kind in signal_types(settings.plugins.signal_types)}
    known = KnownLists(kinds)
    for path in [Path(name) for name in named if is_file_name(name)]:
        bad = load_list_file(path, kinds, known, strict=strict)
        for line in bad[:BAD_LINES_SHOWN]:
            sys.stderr.write(f"{printable(path.name)}: line {line.number} left out: {line.reason}\n")
        if len(bad) > BAD_LINES_SHOWN:
            sys.stderr.write(
                f"{printable(path.name)}: and {len(bad) - BAD_LINES_SHOWN} more lines left out\n"
            )
    names = [name for name in named if not is_file_name(name)]
    if names or not named:
        _load_by_name(settings, known, names)
    return known


def is_file_name(name: str) -> bool:
    """Say whether this names a list file rather than a loaded list."""
    return os.sep in name or Path(name).suffix in LIST_SUFFIXES or Path(name).is_file()


def _load_by_name(settings: Settings, known: KnownLists, names: Sequence[str]) -> None:
    from safehold.app.home import has_records
    from safehold.app.named_lists import load_named
    from safehold.app.operator import open_operator
    from safehold.model.errors import NotFound

    if not has_records(settings):
        raise NotFound(
            "There is no database here, and --list names no file.",
            advice="Give --list a list file, or set up with `safehold db init`.",
        )
    with open_operator(settings) as operator:
        load_named(operator, known, names)
