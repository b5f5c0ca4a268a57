"""`safehold doctor`: what works here, and what does not."""

from __future__ import annotations

import sys


def doctor() -> int:
    """Try every part and say how it fares. Exit code 75 when one does not work."""
    from safehold.app.doctor import examine
    from safehold.cli.exits import EXIT_CODES
    from safehold.cli.opening import settings
    from safehold.model.errors import Unavailable

    findings = examine(settings())
    for finding in findings:
        sys.stdout.write(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part:<18} {finding.what}\n")
    return 0 if all(finding.ok for finding in findings) else EXIT_CODES[Unavailable]
