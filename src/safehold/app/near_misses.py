"""Near misses, sought by the worker: what is found is weighed with what else is known of its case."""

from __future__ import annotations

from safehold.app.program import Program
from safehold.detect import near_misses
from safehold.review import weighing


def seek(program: Program) -> int:
    """Seek what is near the flagged items that wait for it; return to how many something is near."""
    with program.database.begin() as tx:
        found = near_misses.seek(tx, now=program.clock())
        weighing.weigh_soon(tx, found, now=program.clock())
    return len(found)
