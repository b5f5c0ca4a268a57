"""Writing what was found in files: a table for people, JSON Lines, CSV, or Parquet."""

from __future__ import annotations

import csv
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from safehold.app.file_scan import ScannedFile
from safehold.cli.opening import printable
from safehold.model.errors import BadSettings, InvalidInput
from safehold.model.signal import PDQ

Write = Callable[[ScannedFile], None]
COLUMNS = ("path", "sha256", "media_type", "pdq", "quality", "list", "entry_id", "signal_type", "distance",
           "category", "labels", "limits", "error")  # fmt: skip


@contextmanager
def writer(format: str, output: Path | None) -> Iterator[Write]:
    """Return a function that writes one file's findings at a time, and finish the output at the end."""
    if format == "parquet":
        assert output is not None
        with _parquet(output) as write:
            yield write
        return
    with ExitStack() as stack:
        stream: TextIO = sys.stdout
        if output is not None:
            stream = stack.enter_context(_opened(output))
        yield {"json": _json, "csv": _csv, "table": _table}[format](stream)


def as_json(row: ScannedFile) -> dict[str, Any]:
    """Return the one JSON object of a file.

    JSON has no place for bytes that are not UTF-8: such a path is shown with escapes, and whole, in base64,
    as path_base64, which is null for all others.
    """
    path, path_base64 = _as_text(row.path)
    return {
        "path": path,
        "sha256": row.sha256,
        "media_type": row.media_type,
        "signals": [
            {
                "type": signal.signal_type,
                "value": signal.text,
                "quality": signal.quality,
                "frame": signal.frame,
            }
            for signal in row.signals
        ],
        "matches": [
            {
                "list": match.list_name,
                "entry_id": str(match.entry_id),
                "signal_type": match.signal_type,
                "distance": match.distance,
                "category": match.category,
                "labels": list(match.labels),
                "turn": match.turn.value,
            }
            for match in row.matches
        ],
        "limits": list(row.limits),
        "error": row.error,
        "mode": row.mode.value,
        "path_base64": path_base64,
    }


def as_records(row: ScannedFile) -> Iterator[dict[str, Any]]:
    """Yield flat records of a file: one per match, or a single one without a match."""
    pdq = next((signal for signal in row.signals if signal.signal_type == PDQ), None)
    shared = {
        "path": _as_cell(row.path),
        "sha256": row.sha256,
        "media_type": row.media_type,
        "pdq": pdq.text if pdq else None,
        "quality": pdq.quality if pdq else None,
        "limits": " ".join(row.limits),
        "error": row.error,
    }
    blank: dict[str, Any] = dict.fromkeys(COLUMNS)
    if not row.matches:
        yield {**blank, **shared}
    for match in row.matches:
        found = {
            "list": match.list_name,
            "entry_id": str(match.entry_id),
            "signal_type": match.signal_type,
            "distance": match.distance,
            "category": match.category,
            "labels": ";".join(match.labels),
        }
        yield {**blank, **shared, **found}


def _as_text(path: Path) -> tuple[str, str | None]:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raw = os.fsencode(path)
        return raw.decode("utf-8", "backslashreplace"), b64encode(raw).decode()
    return str(path), None


def _as_cell(path: Path) -> str:
    """Return a path that no spreadsheet takes for a formula, and that still names the same file."""
    text = printable(path)
    return f"./{text}" if text.startswith(("=", "+", "-", "@")) else text


def _opened(output: Path) -> TextIO:
    try:
        return output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _cannot_write(error) from None


def _cannot_write(error: OSError) -> InvalidInput:
    return InvalidInput(
        f"The output file cannot be written: {error.strerror or 'the system gave no reason'}.",
        advice="Check the path of --output and its permissions.",
    )


def _json(stream: TextIO) -> Write:
    def write(row: ScannedFile) -> None:
        stream.write(json.dumps(as_json(row)) + "\n")
        stream.flush()

    return write


def _csv(stream: TextIO) -> Write:
    rows = csv.DictWriter(stream, COLUMNS)
    rows.writeheader()

    def write(row: ScannedFile) -> None:
        rows.writerows(as_records(row))

    return write


def _table(stream: TextIO) -> Write:
    stream.write(f"{'distance':>8}  {'list':<24} {'error':<28} path\n")

    def write(row: ScannedFile) -> None:
        best = row.matches[0] if row.matches else None
        distance = str(best.distance) if best else "—"
        name = best.list_name if best else "—"
        stream.write(f"{distance:>8}  {name:<24} {row.error or '—':<28} {printable(row.path)}\n")

    return write


@contextmanager
def _parquet(output: Path) -> Iterator[Write]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise BadSettings(
            "Parquet needs a package that is not installed.", advice="Run `pip install 'safehold[parquet]'`."
        ) from None
    whole = {"quality": pa.int16(), "distance": pa.int16()}
    schema = pa.schema([(name, whole.get(name, pa.string())) for name in COLUMNS])
    waiting: list[dict[str, Any]] = []
    # Under another name until it is whole: a file that was cut short would read like one that was not.
    draft = output.with_name(output.name + ".part")
    try:
        file = pq.ParquetWriter(draft, schema)
    except OSError as error:
        raise _cannot_write(error) from None

    def flush() -> None:
        file.write_table(pa.Table.from_pylist(waiting, schema=schema))
        waiting.clear()

    def write(row: ScannedFile) -> None:
        waiting.extend(as_records(row))
        if len(waiting) >= 10_000:
            flush()

    try:
        with file:
            yield write
            flush()
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
