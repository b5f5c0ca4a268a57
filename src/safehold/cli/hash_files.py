"""`safehold hash`: the fingerprints of files."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from safehold.app.file_scan import ScannedFile


class Format(StrEnum):
    """How fingerprints are written."""

    TABLE = "table"
    JSON = "json"


def hash_files(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    format: Annotated[Format, typer.Option("--format", help="How fingerprints are written.")] = Format.TABLE,
) -> int:
    """Print the fingerprints of files. Exit code 71 when one could not be read in full."""
    from safehold.app.file_scan import decoders, files_below, hash_file
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import settings
    from safehold.cli.progress import tracked
    from safehold.cli.scan_output import as_json
    from safehold.model.errors import InvalidInput

    read, files, incomplete = settings(), files_below(paths), False
    with decoders(read, 1) as pool:
        rows = (hash_file(path, pool=pool) for path in files)
        for row in tracked(rows, total=len(files), noun="files", bar=not sys.stdout.isatty()):
            incomplete = incomplete or row.error is not None
            sys.stdout.write(json.dumps(as_json(row)) + "\n" if format is Format.JSON else _lines(row))
    return EXIT_CODES[InvalidInput] if incomplete else 0


def _lines(row: ScannedFile) -> str:
    from safehold.cli.opening import printable

    lines = [f"{printable(row.path)}  {row.media_type or ''}  {row.error or ''}".rstrip()]
    for signal in row.signals:
        quality = f"  quality {signal.quality}" if signal.quality is not None else ""
        lines.append(f"  {signal.signal_type:<7} {signal.text}{quality}")
    return "\n".join(lines) + "\n"
