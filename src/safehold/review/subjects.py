"""Subjects: what part an account or a person has in a case, which only a person says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from safehold.model.case import Subject, SubjectPart
from safehold.model.errors import CaseLocked, NotFound, StaleRevision
from safehold.model.ids import AnalystId, SubjectId
from safehold.review.admission import admit
from safehold.review.cases import existing_case, person
from safehold.storage import audit
from safehold.storage import cases as case_rows
from safehold.storage import subjects as subject_rows
from safehold.storage.database import Tx


def set_part(
    tx: Tx, subject_id: SubjectId, part: SubjectPart, *, by: AnalystId, revision: int, now: datetime
) -> Subject:
    """Set a subject's part and return the subject as it is now. The case's revision rises too.

    revision: the subject's, as the person saw it. Raises NotFound; StaleRevision when somebody has set
    the part since; CaseLocked while another analyst holds the case; ConflictOfInterest; Refused when the
    new part is unknown or victim and an account action that names the subject is planned or was approved.
    """
    found = subject_rows.get(tx, subject_id)
    if found is None:
        raise NotFound("There is no such subject.")
    admit(tx, found.case_id, by)
    if existing_case(tx, found.case_id, for_change=True).is_locked_for(by, now):
        raise CaseLocked()
    current = subject_rows.get(tx, subject_id, for_change=True)
    if current is None or current.revision != revision:
        raise StaleRevision()
    subject_rows.set_part(tx, subject_id, part, by=by, at=now)
    case_rows.raise_revision(tx, current.case_id)
    audit.append(
        tx,
        at=now,
        actor=person(by).label,
        verb="subject.set_part",
        object=f"case:{current.case_id}",
        detail={"subject": str(subject_id), "from": current.part.value, "to": part.value},
    )
    return replace(current, part=part, revision=current.revision + 1)
