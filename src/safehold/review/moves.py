"""Merging and splitting cases: items that wait go on in another case as they stand, and can come back.

Their rounds, and what was assessed in them, go along; outcomes and what was planned on them stay where
they are, and holds are the items' own. Who may know of the cases, and who is kept from them, goes along
as well. One person who holds the case does it, whatever the size of the team: nothing is decided by it,
and it can be undone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from safehold.jobs.record import Record
from safehold.model.case import Case, CaseState
from safehold.model.errors import BadForm, CaseLocked, Conflict, NotFound
from safehold.model.events import CaseOpened
from safehold.model.ids import AnalystId, CaseId, CaseMoveId, ItemId, SubjectId, new_id
from safehold.model.wording import worded
from safehold.review.admission import admit, is_kept_from
from safehold.review.cases import existing_case, held_case, person
from safehold.storage import appeals, audit, case_moves, case_urgency, emergencies, golden, reported_items
from safehold.storage import cases as case_rows
from safehold.storage import subjects as subject_rows
from safehold.storage.case_moves import CaseMove, MoveKind
from safehold.storage.database import Tx

__all__ = ["CaseMove", "MoveKind", "merge", "moves_of", "split", "stay_alone", "undo"]


def merge(tx: Tx, case_id: CaseId, number: int, *, by: AnalystId, now: datetime) -> CaseId:
    """Make one case of two and return it: the one that was opened first, whose waiting counts on.

    case_id: the one that this person holds. number: of the other. Where the other is no case that they
    may know of, it does not exist. What later joins either joins the one. Raises NotFound, BadForm where
    the two differ in purpose or one is for practice alone, Conflict when one is settled, while a risk to
    life or an appeal about one is open, where a page would be parted from what was settled of it, or where
    one stays by itself; CaseLocked, ConflictOfInterest.
    """
    other_id = case_rows.id_of_number(tx, number)
    if other_id is None:
        raise NotFound("There is no such case.", field="number")
    if other_id == case_id:
        raise BadForm("number: that is this very case.", field="number")
    admit(tx, other_id, by)
    if golden.is_of_another(tx, other_id, by):
        raise NotFound("There is no such case.", field="number")
    _lock_in_order(tx, case_id, other_id)
    mine, other = held_case(tx, case_id, by, now=now), existing_case(tx, other_id)
    _check_alike(mine, other, by, now)
    if stay_alone(tx, [case_id, other_id]):
        raise Conflict("These cannot be merged or split.", advice="Go on with each case by itself.")
    _refuse_entangled(tx, (mine, other), None)
    source, target = sorted((mine, other), key=lambda case: (case.opened_at, case.id), reverse=True)
    _go_on(tx, MoveKind.MERGE, source, target, None, by=by, now=now)
    case_rows.set_lock(tx, target.id, analyst=by, until=mine.locked_until)
    return target.id


def split(
    tx: Tx, case_id: CaseId, item_ids: Collection[ItemId], *, by: AnalystId, record: Record, now: datetime
) -> CaseId:
    """Let some items that wait go on in a case of their own, and return it: it has waited as long.

    Raises BadForm where none of them waits, or nothing would stay; Conflict while a risk to life stands in
    the case, somebody contests it or one of these, or a page would be parted from what it shows; and what
    `held_case` raises.
    """
    case = held_case(tx, case_id, by, now=now)
    chosen = case_moves.waiting_items(tx, case_id, item_ids)
    if not chosen:
        raise BadForm("item: choose some that wait.", field="item")
    if len(chosen) == case_rows.size(tx, case_id):
        raise BadForm("item: something has to stay in this case.", field="item")
    _refuse_entangled(tx, (case,), chosen)
    apart = CaseId(new_id())
    fresh = replace(case, id=apart, number=0, revision=1, locked_by=None, locked_until=None)
    # It gathers nothing more: what comes for the account joins the case that it was split from.
    opened = case_rows.insert(tx, case=fresh, gathered_by=f"case:{apart}")
    record(tx, CaseOpened(at=now, case_id=apart, purpose=case.purpose))
    _go_on(tx, MoveKind.SPLIT, case, opened, chosen, by=by, now=now)
    return apart


def undo(tx: Tx, move_id: CaseMoveId, *, by: AnalystId, now: datetime) -> CaseId:
    """Let what still waits of a merge or split come back where it came from, and return that case.

    This person holds the case in which it waits. Raises NotFound, Conflict when it was undone before, nothing
    of it waits any more, another case was opened meanwhile for the same account, a page would be parted from
    what it shows, or a risk to life or an appeal about one is open, and CaseLocked.
    """
    move = case_moves.get(tx, move_id)
    if move is None:
        raise NotFound("There is no such merge or split.")
    admit(tx, move.from_case, by)
    _lock_in_order(tx, move.from_case, move.to_case)
    source, target = held_case(tx, move.to_case, by, now=now), existing_case(tx, move.from_case)
    back = case_moves.waiting_items(tx, source.id, case_moves.items_of(tx, move_id))
    if move.undone_at is not None or not back:
        raise Conflict("Nothing of it waits here any more.", advice="What was settled stays where it is.")
    if target.is_locked_for(by, now):
        raise CaseLocked()
    _refuse_entangled(tx, (source, target), back)
    _open(tx, target)
    case_moves.set_undone(tx, move_id, by=by, at=now)
    _move(tx, source, target, back, now=now)
    _audit(tx, f"case.un{move.kind.value}", source, target, len(back), by=by, now=now)
    return target.id


def moves_of(tx: Tx, case_id: CaseId, *, viewer: UUID | None) -> list[CaseMove]:
    """Return what was merged into a case or split from it, and where it went on itself, oldest first.

    viewer: who may come near this case; what concerns another from which they are kept is left out. None: a
    key.
    """
    every = case_moves.of_case(tx, case_id)
    if viewer is None:
        return every
    others = {each for move in every for each in (move.from_case, move.to_case)} - {case_id}
    hidden = {each for each in others if is_kept_from(tx, each, viewer)}
    return [move for move in every if not hidden & {move.from_case, move.to_case}]


def stay_alone(tx: Tx, case_ids: Collection[CaseId]) -> set[CaseId]:
    """Return those of these cases that are merged with no other: each one item that was flagged, no more.

    It has no account, and neither a list nor a report knows it. Golden items are among these and look like
    the rest, so that trying to merge one tells nobody what it is.
    """
    return case_moves.single_and_flagged(tx, case_ids) | golden.among(tx, case_ids)


def _go_on(
    tx: Tx,
    kind: MoveKind,
    source: Case,
    target: Case,
    item_ids: Collection[ItemId] | None,
    *,
    by: AnalystId,
    now: datetime,
) -> None:
    moved = case_moves.waiting_items(tx, source.id, item_ids)
    move = CaseMove(
        id=CaseMoveId(new_id()),
        kind=kind,
        from_case=source.id,
        to_case=target.id,
        purpose=source.purpose,
        by=by,
        at=now,
    )
    case_moves.insert(tx, move, moved)
    for subject in subject_rows.of_case(tx, source.id):
        if subject.account_id is not None:
            subject_rows.put(tx, target.id, subject_id=SubjectId(new_id()), account_id=subject.account_id)
    subject_rows.carry_parts(tx, source.id, target.id)
    _move(tx, source, target, moved, now=now)
    _audit(tx, f"case.{kind.value}", source, target, len(moved), by=by, now=now)


def _refuse_entangled(tx: Tx, ours: tuple[Case, ...], item_ids: Collection[ItemId] | None) -> None:
    """Refuse what would part a risk to life or an appeal from its case. None: all items."""
    for case in ours:
        if emergencies.standing_in(tx, case.id) is not None:
            raise Conflict(
                worded("A risk to life stands in case %(number)s.", number=case.number),
                advice="Its report comes first; end it, then try again.",
            )
        if appeals.waits_in(tx, case.id, item_ids):
            raise Conflict(
                worded("Somebody contests what was found in case %(number)s.", number=case.number),
                advice="Assess what is contested where it is, then try again.",
            )


def _move(tx: Tx, source: Case, target: Case, item_ids: Collection[ItemId], *, now: datetime) -> None:
    if case_moves.has_outcome(tx, target.id, item_ids):
        raise Conflict("An outcome of one of them stands in that case.")
    _keep_pages_whole(tx, source, item_ids)
    case_moves.move_items(tx, item_ids, source.id, target.id, at=now)
    case_urgency.take_over(tx, source.id, target.id)
    for case in (source, target):
        case_rows.raise_revision(tx, case.id)
        case_urgency.weigh_soon(tx, case.id, now)
    if not case_moves.waiting_items(tx, source.id):
        case_rows.set_settled(tx, source.id, at=now)


def _keep_pages_whole(tx: Tx, source: Case, moved: Collection[ItemId]) -> None:
    """Refuse to part a page from what it shows here: it is confirmed by that, and by nothing elsewhere."""
    going = set(moved)
    if any(
        (page in going) is not (shown in going) for page, shown in reported_items.pages_within(tx, source.id)
    ):
        raise Conflict(
            worded("A page in case %(number)s would be parted from what it shows.", number=source.number),
            advice="Let the page and all that it shows go together, or let both stay.",
        )


def _open(tx: Tx, target: Case) -> None:
    if target.state is CaseState.OPEN:
        return
    gathering = case_rows.gathering_of(tx, target.id)
    if gathering is None:
        raise NotFound("There is no such case.")
    case_rows.lock_gathering(tx, gathering)
    if case_rows.find_open(tx, gathering) is not None:
        raise Conflict("Another case was opened meanwhile for the same account.", advice="Leave them merged.")
    case_rows.set_settled(tx, target.id, at=None)


def _check_alike(mine: Case, other: Case, by: AnalystId, now: datetime) -> None:
    if (mine.purpose, mine.rehearsal) != (other.purpose, other.rehearsal):
        raise BadForm(
            "number: both must be of one queue, and both real or both for practice.", field="number"
        )
    if other.state is CaseState.SETTLED:
        raise Conflict("The other case is settled.", field="number")
    if other.is_locked_for(by, now):
        raise CaseLocked("Another analyst is working on the other case.", field="number")


def _lock_in_order(tx: Tx, *case_ids: CaseId) -> None:
    # Two people who merge the same cases crosswise would else wait for each other.
    for case_id in sorted(case_ids):
        existing_case(tx, case_id, for_change=True)


def _audit(
    tx: Tx, verb: str, source: Case, target: Case, items: int, *, by: AnalystId, now: datetime
) -> None:
    for case, name, other in ((source, "to", target), (target, "from", source)):
        detail = {name: str(other.id), "number": other.number, "items": items}
        audit.append(tx, at=now, actor=person(by).label, verb=verb, object=f"case:{case.id}", detail=detail)
