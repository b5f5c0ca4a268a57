"""How far a filing is, between the form in which the machine knows it and that in which it is kept."""

from __future__ import annotations

from typing import Any

from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Progress, SentFile, Stage
from safehold.storage.filings import Filing, FilingSent

UNHINDERED: dict[str, Any] = {"attempts": 0, "waited_seconds": 0, "waits_for": None}
"""What is kept of a filing that goes on."""


def progress_of(read: Filing) -> Progress:
    """Return how far a filing is, as the machine knows it."""
    return Progress(
        files=tuple(
            SentFile(file_id=each.file_id, described=each.described, left_out=each.left_out)
            for each in read.sent
        ),
        stage=Stage(read.stage),
        report_id=int(read.remote_id) if read.remote_id is not None else None,
        pending=Call(read.pending) if read.pending is not None else None,
        beginnings=read.beginnings,
        missing=read.missing,
        unconfirmed=read.unconfirmed,
        why=read.why,
    )


def fields_of(progress: Progress) -> dict[str, Any]:
    """Return what is kept of a filing where it is so far."""
    return {
        "stage": progress.stage.value,
        "pending": progress.pending.value if progress.pending is not None else None,
        "remote_id": str(progress.report_id) if progress.report_id is not None else None,
        "beginnings": progress.beginnings,
        "sent": tuple(
            FilingSent(file_id=each.file_id, described=each.described, left_out=each.left_out)
            for each in progress.files
        ),
        "missing": progress.missing,
        "unconfirmed": progress.unconfirmed,
        "why": progress.why,
    }
