"""Readiness: whether scans can be answered now, part by part."""

from __future__ import annotations

from dataclasses import dataclass

from safehold.app.program import Program
from safehold.model.errors import SafeholdError


@dataclass(frozen=True, slots=True)
class Readiness:
    """How each part fares: "ok" or the code of what is wrong. ready: whether all that a scan needs is ok."""

    parts: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether every part is ok."""
        return all(state == "ok" for state in self.parts.values())


def check(program: Program) -> Readiness:
    """Try the database and look at the decoders. Nothing is changed."""
    parts = {"database": "ok", "decoders": "ok" if program.scanner.decoders_alive else "decoder_down"}
    try:
        program.database.ping()
    except SafeholdError as error:
        parts["database"] = error.code
    return Readiness(parts)
