"""`safehold doctor`: what works here, and what does not."""

from __future__ import annotations

import sys


def doctor() -> int:
    """Try every part and every wall, and say how each fares. Exit code 75 when one is not as it must be."""
    from safehold.app.doctor import examine
    from safehold.app.findings import Level
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import settings
    from safehold.model.errors import Unavailable

    marks = {Level.OK: "ok  ", Level.ADVICE: "note", Level.RED: "FAIL"}
    findings = examine(settings())
    for finding in findings:
        sys.stdout.write(f"{marks[finding.level]}  {finding.part:<18} {finding.what}\n")
    return 0 if all(finding.ok for finding in findings) else EXIT_CODES[Unavailable]
