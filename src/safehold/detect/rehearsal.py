"""What a whole list would have found among kept signals: in numbers, and never in few."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from safehold.detect.kept_days import Bytes, KeptDays
from safehold.model.errors import Refused

FEWEST_ENTRIES = 1000
"""A shorter list could be made of one person's pictures."""
FEWEST_TOLD = 5
"""A smaller number is not told: it would be about somebody."""


def rehearse(kept: KeptDays, entries: Bytes, max_distance: int) -> dict[str, int | None]:
    """Return for each surface how many references lie within max_distance bits of the entries.

    entries: all of a list that is stored, (count, 32), whose order says nothing. None stands for one to four;
    a surface without any is left out as if it kept nothing. Raises Refused for fewer than 1,000 different
    entries, and SegmentDamaged where a day is not what was written.
    """
    if len({entry.tobytes() for entry in entries}) < FEWEST_ENTRIES:
        raise Refused(
            f"A list is rehearsed from {FEWEST_ENTRIES} different entries on.",
            advice="Rehearse it when it has grown, or together with the list that it belongs to.",
        )
    found: dict[str, set[UUID]] = defaultdict(set)
    for match in kept.look_back(entries, max_distance):
        found[match.surface].add(match.reference)
    return {
        surface: len(references) if len(references) >= FEWEST_TOLD else None
        for surface, references in sorted(found.items())
    }
