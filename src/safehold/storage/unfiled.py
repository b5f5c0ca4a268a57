"""Confirmed media that no clock covers: it waits for a report to be filed, or for the operator's term."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from safehold.model.ids import CaseId, MediaId
from safehold.model.retention import OPERATORS_OWN, Basis
from safehold.storage.alarms import CONFIRMED_UNFILED, alarm
from safehold.storage.assessments import CONFIRMING_STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.evidence import Rule, retention
from safehold.storage.items import item
from safehold.storage.retention_clocks import retention_clock


def unfiled(tx: Tx, *, now: datetime, patience: timedelta, limit: int) -> list[MediaId]:
    """Return media that has waited for its first clock for longer than `patience`, the oldest first.

    Left out is what came for practice alone, and what an alarm was raised about since then: one occurrence,
    one alarm.
    """
    alarmed = sa.exists().where(
        alarm.c.code == CONFIRMED_UNFILED,
        alarm.c.subject == sa.func.concat("media:", retention.c.media_id),
        alarm.c.raised_at >= retention.c.since + patience,
    )
    statement = (
        sa.select(retention.c.media_id)
        .where(
            retention.c.rule == Rule.CONFIRMED,
            retention.c.since <= now - patience,
            sa.exists().where(item.c.media_id == retention.c.media_id, ~item.c.rehearsal),
            ~alarmed,
        )
        .order_by(retention.c.since, retention.c.media_id)
        .limit(limit)
    )
    return [MediaId(row.media_id) for row in tx.run(statement)]


def still_unfiled(tx: Tx, media: Collection[UUID]) -> set[UUID]:
    """Return which of these media wait for their first clock."""
    statement = sa.select(retention.c.media_id).where(
        retention.c.media_id.in_(media), retention.c.rule == Rule.CONFIRMED
    )
    return set(tx.run(statement).scalars())


def without_operator_term(tx: Tx, *, limit: int) -> list[tuple[MediaId, CaseId]]:
    """Return media that waits for a clock though it was confirmed for a purpose of the operator's own term.

    Each with the case of that confirmation.
    """
    covered = (
        sa.select(retention_clock.c.id)
        .where(
            retention_clock.c.media_id == retention.c.media_id,
            retention_clock.c.basis == Basis.OPERATOR_TERM,
            retention_clock.c.ended_at.is_(None),
            retention_clock.c.until > outcome.c.settled_at,
        )
        .exists()
    )
    statement = (
        sa.select(retention.c.media_id, outcome.c.case_id)
        .distinct()
        .join(item, item.c.media_id == retention.c.media_id)
        .join(outcome, outcome.c.item_id == item.c.id)
        .where(
            retention.c.rule == Rule.CONFIRMED,
            CONFIRMING_STANDS,
            outcome.c.purpose.in_(sorted(OPERATORS_OWN)),
            ~covered,
        )
        .order_by(retention.c.media_id, outcome.c.case_id)
        .limit(limit)
    )
    return [(MediaId(row.media_id), CaseId(row.case_id)) for row in tx.run(statement)]
