"""Filters: which open cases somebody wants to see, and those that they saved by name.

A filter narrows what a person may know of anyway. Whoever assesses finds what their queue has; whoever
arranges cases for others finds what waits for others as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safehold.model.case_filter import CaseFilter, fields_of
from safehold.model.errors import BadForm, NotAllowed, NotFound
from safehold.model.ids import AnalystId, CaseId, SavedFilterId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.queue import Lane, Stage
from safehold.model.wording import worded
from safehold.review import lanes
from safehold.review.admission import queues_of
from safehold.storage import audit, case_filters, case_queue, saved_filters
from safehold.storage.case_filters import Viewer
from safehold.storage.case_queue import CaseSummary
from safehold.storage.database import Tx
from safehold.storage.saved_filters import LONGEST_NAME, SavedFilter

__all__ = [
    "LONGEST_NAME",
    "Choices",
    "SavedFilter",
    "Shown",
    "choices",
    "forget",
    "save",
    "saved_for",
    "show",
]

COUNTED = 1_000
"""As far as cases of a filter are counted: as many as can be changed at once."""
MOST_SAVED = 50
"""Filters of one person."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The first cases of a filter in the order in which they are offered, and how many there are of them.

    total: at most COUNTED are looked through; counted_out: there may be more.
    """

    cases: tuple[CaseSummary, ...]
    total: int
    counted_out: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen besides what is the same everywhere: skills that are asked for, lists by name."""

    skills: tuple[str, ...]
    lists: tuple[tuple[UUID, str], ...]


def show(tx: Tx, wanted: CaseFilter, *, actor: Actor, limit: int, now: datetime) -> Shown:
    """Return the open cases of a filter that this person may know of, at most `limit`. Raises NotAllowed."""
    among, viewer = _offered(tx, actor)
    found, total, are_all = case_filters.first_and_count(
        tx, wanted, among, viewer, limit=limit, most=COUNTED, now=now
    )
    return Shown(tuple(case_queue.summaries(tx, found)), total, not are_all)


def first_of(tx: Tx, wanted: CaseFilter, *, actor: Actor, limit: int, now: datetime) -> list[CaseId]:
    """Return the ids of what `show` shows."""
    among, viewer = _offered(tx, actor)
    return case_filters.first(tx, wanted, among, viewer, limit=limit, now=now)


def choices(tx: Tx, *, actor: Actor) -> Choices:
    """Return what this person can choose in a filter."""
    skills = case_filters.known_skills(_known(tx, actor))
    return Choices(tuple(skills), tuple(case_filters.known_lists(tx, queues_of(tx, actor.user_id))))


def save(
    tx: Tx, name: str, wanted: CaseFilter, *, shared: bool, actor: Actor, now: datetime
) -> SavedFilterId:
    """Save a filter by a name of this person's; what had that name is replaced.

    shared: everybody who works in one of its queues has it as well, which is for whoever arranges cases.
    Raises NotAllowed, and BadForm for a name that is empty or too long, a filter that asks nothing, or one
    more than MOST_SAVED.
    """
    owner, name = _person(actor), " ".join(name.split())
    if shared:
        actor.require(Permission.CASE_ARRANGE)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadForm(worded("name: 1 to %(most)s characters.", most=LONGEST_NAME), field="name")
    if not fields_of(wanted):
        raise BadForm("This filter asks nothing.", advice="Choose something first.")
    tx.lock(f"filters of {owner}")
    mine = [each for each in saved_filters.of_person(tx, owner) if each.owner == owner]
    known = next((each.id for each in mine if each.name == name), None)
    if known is None and len(mine) >= MOST_SAVED:
        raise BadForm(f"These are {MOST_SAVED} filters already.", advice="Delete one that you do not use.")
    saved = SavedFilter(
        id=known or SavedFilterId(new_id()),
        owner=owner,
        name=name,
        fields=fields_of(wanted),
        shared=shared,
        saved_at=now,
    )
    saved_filters.put(tx, saved)
    detail = {"shared": shared}
    audit.append(
        tx, at=now, actor=actor.label, verb="filter.save", object=f"filter:{saved.id}", detail=detail
    )
    return saved.id


def forget(tx: Tx, filter_id: SavedFilterId, *, actor: Actor, now: datetime) -> None:
    """Delete a filter of this person's. Raises NotFound where they have none such."""
    if not saved_filters.delete(tx, filter_id, _person(actor)):
        raise NotFound("There is no such filter of yours.")
    audit.append(tx, at=now, actor=actor.label, verb="filter.delete", object=f"filter:{filter_id}")


def saved_for(tx: Tx, actor: Actor) -> list[SavedFilter]:
    """Return this person's filters, then what others share about queues in which this person works."""
    if actor.user_id is None:
        return []
    mine = {queue.value for queue in queues_of(tx, actor.user_id)}
    return [
        each
        for each in saved_filters.of_person(tx, actor.user_id)
        if each.owner == actor.user_id or not each.fields.get("queue") or mine & set(each.fields["queue"])
    ]


def called(tx: Tx, text: str, *, actor: Actor) -> list[SavedFilter]:
    """Return the filters of `saved_for` whose name has this text in it; none for an empty one."""
    typed = " ".join(text.split()).casefold()
    return [each for each in saved_for(tx, actor) if typed and typed in each.name.casefold()]


def _offered(tx: Tx, actor: Actor) -> tuple[list[Lane], Viewer]:
    """Return the lanes of which this person may know, and what they are shown of them."""
    actor.require(Permission.CASE_READ)
    known = _known(tx, actor)
    if actor.user_id is None or not actor.may(Permission.CASE_ASSESS):
        return known, Viewer(actor.user_id)
    analyst, arranges = AnalystId(actor.user_id), actor.may(Permission.CASE_ARRANGE)
    if not arranges:
        known = [lane for lane in known if lane.stage is not Stage.LEAD]
    return known, Viewer(analyst, analyst, None if arranges else analyst)


def _known(tx: Tx, actor: Actor) -> list[Lane]:
    return lanes.known_to(case_queue.lanes(tx), queues_of(tx, actor.user_id))


def _person(actor: Actor) -> UserId:
    actor.require(Permission.CASE_READ)
    if actor.user_id is None:
        raise NotAllowed("Only a person has filters.")
    return actor.user_id
