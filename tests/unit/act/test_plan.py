"""Claims about which steps are proposed for a preserved item."""

from datetime import UTC, datetime

import pytest

from safehold.act.plan import Draft, plan
from safehold.model.assessment import Category, Finding
from safehold.model.case import Outcome
from safehold.model.events import ItemPreserved
from safehold.model.ids import AnalystId, CaseId, ItemId, OutcomeId, new_id
from safehold.model.proposal import ProposalKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEM, CASE = ItemId(new_id()), CaseId(new_id())


def preserved(absent: str | None = None) -> ItemPreserved:
    return ItemPreserved(at=NOW, item_id=ITEM, case_id=CASE, absent=absent)


def outcome(finding: Finding, item_id: ItemId = ITEM, case_id: CaseId = CASE) -> Outcome:
    return Outcome(
        id=OutcomeId(new_id()),
        case_id=case_id,
        item_id=item_id,
        finding=finding,
        category=Category.C if finding is Finding.ILLEGAL else None,
        by=(AnalystId(new_id()),),
        settled_at=NOW,
    )


@pytest.mark.parametrize("finding", [Finding.ILLEGAL, Finding.AGAINST_TERMS])
@pytest.mark.parametrize("absent", [None, "never_sealed"])
def test_a_confirmed_item_is_proposed_for_removal_also_when_its_bytes_are_absent(
    finding: Finding, absent: str | None
) -> None:
    settled = outcome(finding)
    assert plan(preserved(absent), settled) == [
        Draft(kind=ProposalKind.REMOVE_ITEM, item_id=ITEM, case_id=CASE, outcome_id=settled.id)
    ]


@pytest.mark.parametrize("finding", [finding for finding in Finding if not finding.confirms])
def test_an_item_that_is_not_confirmed_gets_no_step(finding: Finding) -> None:
    assert plan(preserved(), outcome(finding)) == []


def test_a_reversed_outcome_gets_no_step() -> None:
    assert plan(preserved(), None) == []


def test_the_outcome_of_another_item_or_case_gets_no_step() -> None:
    assert plan(preserved(), outcome(Finding.ILLEGAL, item_id=ItemId(new_id()))) == []
    assert plan(preserved(), outcome(Finding.ILLEGAL, case_id=CaseId(new_id()))) == []
