"""Lists from the database, loaded by name for a run. Apart from `file_scan`, which needs no database.

Alembic and the job queue come with what is imported here: half a second at the start of each command.
"""

from __future__ import annotations

from collections.abc import Sequence

from safehold.app.operator import Operator
from safehold.detect.known import KnownLists
from safehold.lists import ledger


def load_named(operator: Operator, known: KnownLists, names: Sequence[str]) -> None:
    """Load lists from the database for this run: those of these names, all of them when none is named.

    Raises NotFound for a name that no list has, Refused for a list that was withdrawn.
    """
    with operator.database.begin() as tx:
        if not names:
            known.refresh(tx)
        for name in names:
            wanted = ledger.in_use(tx, name)
            known.load(wanted, ledger.live_entries(tx, wanted))
