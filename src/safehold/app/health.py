"""Readiness: whether scans can be answered now, part by part."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.app.program import Program
from safehold.detect.known import KnownLists
from safehold.model.errors import SafeholdError, SegmentDamaged, SegmentNotWritten

NEEDED = ("database", "decoders")
LATE = "list_late"


@dataclass(frozen=True, slots=True)
class Readiness:
    """How each part fares: "ok" or the code of what is wrong."""

    parts: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether scans are answered.

        Lists that are late, or whose index is built anew, do not count: scans say so themselves. A large
        import makes them late on every host at once, and then none would be left to ask.
        """
        return all(self.parts[part] == "ok" for part in NEEDED)


def check(program: Program) -> Readiness:
    """Try the database and look at the decoders. Nothing is changed."""
    parts = {"database": "ok", "decoders": "ok" if program.scanner.decoders_alive else "decoder_down"}
    try:
        program.database.ping()
    except SafeholdError as error:
        parts["database"] = error.code
    known = program.scanner.known
    parts["index"] = _index(known)
    parts["lists"] = LATE if any(each.late for each in known.lists) else "ok"
    return Readiness(parts)


def _index(known: KnownLists) -> str:
    if known.damaged:
        return SegmentDamaged.code
    return SegmentNotWritten.code if known.unwritten else "ok"
