"""Admission: who may come near a case at all. Whatever shows or changes one asks here; the database asks too.

Need to know comes first: to somebody who does not work in all the queues that a case belongs to, there is
no such case. Then conflicts of interest: whoever knows somebody in it is told so, and kept from it.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from safehold.model.errors import NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, UserId
from safehold.model.queue import EVERY_QUEUE
from safehold.review import conflicts
from safehold.storage import admission as rows
from safehold.storage import case_urgency, users
from safehold.storage.database import Tx

__all__ = [
    "admit",
    "admit_to_items",
    "is_kept_from",
    "knows",
    "let_go",
    "queues_of",
    "refuse_outsider",
    "unknown_cases",
    "unknown_items",
]


def admit(tx: Tx, case_id: CaseId, person: UUID) -> None:
    """Let this person come near a case, or raise NotFound or ConflictOfInterest.

    NotFound where the case does not exist and where they do not work in its queues: both read the same.
    """
    refuse_outsider(tx, case_id, person)
    conflicts.refuse_conflicted(tx, case_id, person)


def admit_to_items(tx: Tx, item_ids: Collection[ItemId], person: UUID) -> None:
    """Let this person come near every case of these items, or raise as `admit` does."""
    for case_id in rows.cases_of_items(tx, item_ids):
        admit(tx, case_id, person)


def refuse_outsider(tx: Tx, case_id: CaseId, person: UUID) -> None:
    """Raise NotFound unless this person works in all the queues of the case. Conflicts are another matter."""
    if not knows(tx, case_id, person):
        raise NotFound("There is no such case.")


def knows(tx: Tx, case_id: CaseId, person: UUID) -> bool:
    """Say whether this person may know of a case; of one that does not exist nobody may."""
    return rows.may_know(tx, case_id, person)


def is_kept_from(tx: Tx, case_id: CaseId, person: UUID) -> bool:
    """Say whether `admit` would refuse this person."""
    return not knows(tx, case_id, person) or conflicts.has_conflict(tx, case_id, person)


def queues_of(tx: Tx, person: UUID | None) -> frozenset[Purpose]:
    """Return the queues in which this person works; all of them for None, whoever is no person."""
    return EVERY_QUEUE if person is None else users.queues_of(tx, UserId(person))


def unknown_cases(tx: Tx, person: UUID, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases that exist and that this person may not know of."""
    return rows.cases_unknown_to(tx, person, case_ids)


def unknown_items(tx: Tx, person: UUID, item_ids: Collection[ItemId]) -> set[ItemId]:
    """Return those of these items that lie in a case that this person may not know of."""
    return rows.items_unknown_to(tx, person, item_ids)


def let_go(tx: Tx, person: UUID) -> None:
    """Take from this person the cases that they hold and may know of no longer."""
    case_urgency.let_go_by(tx, UserId(person))
