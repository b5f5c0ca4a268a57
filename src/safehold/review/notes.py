"""Notes: what somebody leaves for whoever goes on with a case. Words for people, never for a log."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from safehold.model.errors import BadForm
from safehold.model.ids import AnalystId, CaseId, CaseNoteId, new_id
from safehold.model.wording import worded
from safehold.review.admission import admit, is_kept_from
from safehold.review.cases import person
from safehold.storage import audit, case_moves
from safehold.storage import case_notes as rows
from safehold.storage.case_moves import MoveKind
from safehold.storage.case_notes import LONGEST, Note
from safehold.storage.database import Tx

__all__ = ["LONGEST", "Note", "leave", "notes_of"]

_SHOWN = 50


def leave(tx: Tx, case_id: CaseId, words: str, *, by: AnalystId, now: datetime) -> CaseNoteId:
    """Leave a note in a case, whoever holds it. It goes when the account of the case is forgotten.

    Raises NotFound, ConflictOfInterest, and BadForm for an empty one or one that is too long.
    """
    admit(tx, case_id, by)
    if not 1 <= len(words.strip()) <= LONGEST:
        raise BadForm(worded("note: 1 to %(most)s characters.", most=LONGEST), field="note")
    note = Note(id=CaseNoteId(new_id()), case_id=case_id, by=by, at=now, words=words.strip())
    rows.insert(tx, note)
    detail = {"note": str(note.id)}
    audit.append(
        tx, at=now, actor=person(by).label, verb="case.note", object=f"case:{case_id}", detail=detail
    )
    return note.id


def notes_of(tx: Tx, case_id: CaseId, *, viewer: UUID | None) -> list[Note]:
    """Return the newest notes of a case and of those that it came from or took in, oldest first.

    viewer: who may come near this case; notes of another from which they are kept are left out. None: a
    key. Of a case from which this one was split, what was noted before that; of one that was taken in and
    went back, nothing.
    """
    until: dict[CaseId, datetime | None] = {case_id: None}
    for move in case_moves.of_case(tx, case_id):
        if move.to_case != case_id or move.undone_at is not None:
            continue
        if viewer is None or not is_kept_from(tx, move.from_case, viewer):
            until[move.from_case] = move.at if move.kind is MoveKind.SPLIT else None
    return rows.of_cases(tx, until, limit=_SHOWN)
