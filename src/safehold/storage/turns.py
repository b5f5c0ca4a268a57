"""Whose turn it is: which items wait for one certain person, as a condition for statements."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Tier
from safehold.model.case import WaitsFor
from safehold.model.ids import AnalystId, UserId
from safehold.model.permissions import Role
from safehold.storage import recusals
from safehold.storage.assessments import assessment
from safehold.storage.database import Tx
from safehold.storage.tables import Uuid
from safehold.storage.users import active_with, app_user

A_LOOK = (WaitsFor.VIEW, WaitsFor.CLEAR_VIEW)
"""What waits for somebody who looks, though they have assessed it."""
ANOTHERS = (WaitsFor.SECOND, WaitsFor.THIRD)
"""What waits for somebody who has not assessed it."""


def waits_for_this_person(case_item: sa.Table, analyst: AnalystId) -> sa.ColumnElement[bool]:
    """Return the condition that an item of a case waits for this analyst, for a statement.

    A second and a third assessment wait for those who have filed none in this round; a look for whoever has
    not seen the item clearly in it; a lead's for leads alone, who may have assessed it. Nothing waits for
    whoever decided what is contested.
    """
    mine = (
        sa.select(sa.literal(True))
        .where(
            assessment.c.case_id == case_item.c.case_id,
            assessment.c.item_id == case_item.c.item_id,
            assessment.c.analyst_id == analyst,
            assessment.c.round == case_item.c.round,
            # Whoever only repeated what was found elsewhere has assessed nothing by themselves.
            assessment.c.same_as.is_(None),
        )
        .correlate(case_item)
        .limit(1)
    )
    mine_clearly = mine.where(assessment.c.tier == Tier.CLEAR.value)
    is_lead = sa.exists().where(
        app_user.c.id == sa.literal(analyst, Uuid), app_user.c.roles.contains([Role.LEAD.value])
    )
    waits_for = case_item.c.waits_for
    theirs = sa.or_(
        waits_for == WaitsFor.ASSESSMENT.value,
        sa.and_(waits_for.in_([each.value for each in A_LOOK]), _none(mine_clearly)),
        sa.and_(waits_for.in_([each.value for each in ANOTHERS]), _none(mine)),
        sa.and_(waits_for == WaitsFor.LEAD.value, is_lead),
    )
    return sa.and_(theirs, _none(recusals.of_analyst(case_item, analyst)))


def is_lead(tx: Tx, person: AnalystId) -> bool:
    """Say whether this person is a lead."""
    return UserId(person) in active_with(tx, Role.LEAD)


def _none(found: sa.Select[Any]) -> sa.ColumnElement[bool]:
    # Asked for each row that is looked at: as "exists" it would be worked out for all assessments there are.
    return found.scalar_subquery().is_(None)
