"""The proof that nothing was done because a machine said so: acts of a period, and what is behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from safehold.model.permissions import Actor, Permission
from safehold.storage import causes as rows
from safehold.storage.causes import Act, Causes
from safehold.storage.database import Database
from safehold.storage.yearly import Span

__all__ = ["Act", "Causes", "Proof", "prove"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything was recorded."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at. causes: every kind of act there is. ends: exclusive."""

    begins: datetime | None
    ends: datetime
    causes: Sequence[Causes]

    @property
    def acts(self) -> int:
        """How many acts were looked at."""
        return sum(each.acts for each in self.causes)

    @property
    def without(self) -> int:
        """How many of them nobody is behind."""
        return sum(each.without for each in self.causes)


def prove(database: Database, *, begins: datetime | None, ends: datetime, actor: Actor) -> Proof:
    """Look behind every act of a period. begins: inclusive, None from the first one on. ends: exclusive.

    Raises NotAllowed without the permission to read the audit log.
    """
    actor.require(Permission.AUDIT_READ)
    with database.begin() as tx:
        return Proof(begins, ends, tuple(rows.causes(tx, Span(begins or BEGINNING, ends))))
