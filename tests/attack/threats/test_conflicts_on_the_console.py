"""On the console: a case is closed to whoever declared that they know somebody in it."""

from __future__ import annotations

import pytest

from safehold.app import console_view, proposals
from safehold.model.assessment import Finding
from safehold.model.errors import ConflictOfInterest
from safehold.model.ids import ProposalId
from safehold.model.permissions import Role
from safehold.review import conflicts
from safehold.testing.running import Installation, altered_copy

CONTEXT = {"surface": "rehearsal", "account_id": "account-1"}


def test_the_case_and_its_planned_steps_are_refused_and_the_queue_marks_it(safehold: Installation) -> None:
    ada, ben = safehold.analyst("ada"), safehold.analyst("ben", Role.LEAD)
    program = safehold.program
    sent = safehold.platform().upload(altered_copy(1), CONTEXT, media_type="image/jpeg").body
    again = safehold.platform().upload(altered_copy(2), CONTEXT, media_type="image/jpeg").body
    safehold.run_steps()
    safehold.assess(sent["item_id"], Finding.ILLEGAL, by=ben)
    safehold.run_steps()
    case_id, now = safehold.case_of(again["item_id"]), program.clock()
    [planned] = safehold.sql("select id from proposal")
    with program.database.begin() as tx:
        conflicts.declare_about_case(tx, case_id, actor=ada, now=now)
    with pytest.raises(ConflictOfInterest), program.database.begin() as tx:
        console_view.case(tx, case_id, actor=ada, now=now)
    with pytest.raises(ConflictOfInterest), program.database.begin() as tx:
        proposals.approve(tx, ProposalId(planned.id), actor=ada, record=program.recorder.record, now=now)
    with pytest.raises(ConflictOfInterest), program.database.begin() as tx:
        proposals.decline(tx, ProposalId(planned.id), actor=ada, now=now)
    with program.database.begin() as tx:
        assert console_view.queue(tx, actor=ada, now=now).kept_from == {case_id}
        assert console_view.queue(tx, actor=ben, now=now).kept_from == frozenset()
        assert console_view.case(tx, case_id, actor=ben, now=now).proposals
