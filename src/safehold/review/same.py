"""Same picture: what people decided about these very bytes elsewhere can be decided here without looking.

One decision covers every appearance, and each appearance still has an outcome of its own that a person
signed. Only an assessment that somebody made by looking, or that a list vouches for, is offered, and never a
copy of one. To repeat what was found is no independent assessment: it is offered where the rules are content
with it, and only before somebody has assessed the item by themselves.
"""

from __future__ import annotations

from datetime import datetime

from safehold.jobs.record import Record
from safehold.model.answers import from_answers
from safehold.model.case import Case, WaitsFor
from safehold.model.errors import NotFound, StaleRevision
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId
from safehold.model.item import Item
from safehold.review import admission
from safehold.review.assess import file_assessment
from safehold.review.cases import existing_case
from safehold.review.rules import Policy, Settled, decide
from safehold.review.situations import situation_if_repeated
from safehold.storage import appeals as appeal_rows
from safehold.storage import assessments as assessment_rows
from safehold.storage import cases as case_rows
from safehold.storage import items as item_rows
from safehold.storage.assessments import StoredAssessment
from safehold.storage.database import Tx

__all__ = ["StoredAssessment", "decide_as_before", "decided_before", "offered"]


def decided_before(tx: Tx, item: Item, purpose: Purpose) -> StoredAssessment | None:
    """Return the newest assessment that stands for the same bytes elsewhere in this purpose, else None.

    None also where people found different things of them, or somebody contests this item: then it is looked
    at.
    """
    if item.media_id is None or appeal_rows.of_item(tx, item.id):
        return None
    standing = assessment_rows.standing_of_media(
        tx, item.media_id, purpose=purpose, rehearsal=item.rehearsal, but=item.id
    )
    found = {(one.finding, one.category) for one in standing}
    return standing[0] if len(found) == 1 else None


def offered(tx: Tx, case: Case, item: Item, *, by: AnalystId, policy: Policy) -> StoredAssessment | None:
    """Return what this person can repeat of the same bytes here and now.

    None where the item has to be looked at, and where they may not know of the case elsewhere.
    """
    place = case_rows.item_in(tx, case.id, item.id)
    if place is None or place.waits_for in (None, WaitsFor.SETTLING):
        return None
    if any(one.same_as is None for one in assessment_rows.of_round(tx, case.id, item.id, place.round)):
        return None
    earlier = decided_before(tx, item, case.purpose)
    if earlier is None or not admission.knows(tx, earlier.case_id, by):
        return None
    would_be = decide(situation_if_repeated(tx, case, item.id, earlier, policy))
    return earlier if isinstance(would_be, Settled) else None


def decide_as_before(  # noqa: PLR0913 - a signed form names all that it rests on
    tx: Tx,
    case_id: CaseId,
    item_id: ItemId,
    earlier: AssessmentId,
    *,
    by: AnalystId,
    policy_version: str,
    case_revision: int,
    policy: Policy,
    record: Record,
    now: datetime,
) -> AssessmentId:
    """File what was found of the same bytes elsewhere, as this analyst's own assessment of this item.

    earlier: the assessment that they were shown. It names it for ever; the tier is what this analyst saw of
    this item, mostly none. Raises StaleRevision when it is not offered any more, and what `file_assessment`
    raises.
    """
    case, stored = existing_case(tx, case_id), item_rows.get(tx, item_id)
    if stored is None:
        raise NotFound("There is no such item in this case.")
    stands = offered(tx, case, stored.item, by=by, policy=policy)
    if stands is None or stands.id != earlier:
        raise StaleRevision()
    return file_assessment(
        tx,
        case_id,
        item_id,
        from_answers(stands.form, stands.answers),
        by=by,
        policy_version=policy_version,
        case_revision=case_revision,
        same_as=stands.id,
        record=record,
        now=now,
    )
