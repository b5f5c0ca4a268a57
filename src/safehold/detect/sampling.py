"""The audit sample: of what every check passed, the lot says which a person looks at all the same.

Nobody else sees what checks pass, so without it nothing is known of what they miss. The lot knows nothing of
the upload: neither what it shows, nor whose it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from safehold.model.ids import FlagId, new_id
from safehold.model.match import BY_LOT, Flag
from safehold.model.scan import CheckReport, CheckState
from safehold.model.surface import Surface
from safehold.storage import audit_samples as rows
from safehold.storage.audit_samples import Draw
from safehold.storage.database import Tx

SOURCE = BY_LOT
"""What is said to ask for a look at it."""

Lot = Callable[[], float]
"""Returns a number from 0, inclusive, to 1, exclusive, that nobody can foresee."""

chance: Lot = secrets.SystemRandom().random


def falls_on(surface: Surface, now: datetime, lot: Lot | None = None) -> bool:
    """Say whether the lot falls on a clear upload here: never where none is drawn. lot: `chance`."""
    terms = surface.sampled(now)
    return terms is not None and (lot or chance)() < terms.share


def draw(tx: Tx, surface: Surface, now: datetime) -> Draw | None:
    """Count that the lot fell on an upload; None where the day is full, or nothing is drawn here."""
    terms = surface.sampled(now)
    if terms is None:
        return None
    day_id = rows.choose(tx, surface.name, now.date(), share=terms.share, a_day=terms.a_day)
    return None if day_id is None else Draw(day_id, now + timedelta(days=terms.days))


def drawn_flag() -> Flag:
    """Return what asks that a person look: the lot, and no suspicion. That of a golden item is the same."""
    return Flag(id=FlagId(new_id()), source=SOURCE, score=0.0, reason="drawn")


def drawn_report() -> CheckReport:
    """Return the report by which a clear upload comes to review."""
    return CheckReport(name=SOURCE, state=CheckState.OK, flags=(drawn_flag(),))
