"""`safehold doctor`: what works here, and what does not."""

from __future__ import annotations

import sys


def doctor() -> int:
    """Try every part and every wall, and say how each fares. Exit code 75 when one is not as it must be."""
    from safehold.app.conditions import Level
    from safehold.app.doctor import examine
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import settings
    from safehold.model.errors import Unavailable

    marks = {Level.OK: "ok  ", Level.ADVICE: "note", Level.RED: "FAIL"}
    conditions = examine(settings())
    for condition in conditions:
        sys.stdout.write(f"{marks[condition.level]}  {condition.part:<18} {condition.what}\n")
    return 0 if all(condition.ok for condition in conditions) else EXIT_CODES[Unavailable]
