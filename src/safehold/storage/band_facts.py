"""What is known of a case that machines flagged: read for its review band, written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Finding
from safehold.model.band import Band
from safehold.model.case import Case
from safehold.model.classifier import Answered
from safehold.model.ids import CaseId
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.case_moves import case_move
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Tx
from safehold.storage.items import item, item_context
from safehold.storage.matches import flag
from safehold.storage.near_misses import near_miss
from safehold.storage.opinions import opinion

_CONFIRMING = (Finding.ILLEGAL.value, Finding.AGAINST_TERMS.value)


@dataclass(frozen=True, slots=True)
class Asking:
    """Flags of one source for one reason: their highest score, and everything that they say against."""

    source: str
    reason: str
    score: float
    against: frozenset[str]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the platform said of the account. age: when the newest item came, None where it did not say."""

    age: timedelta | None
    is_child: bool


def asking(tx: Tx, case_id: CaseId) -> list[Asking]:
    """Return what asks for a look at the items of a case that wait."""
    against = sa.func.array_agg(sa.distinct(flag.c.against))
    statement = (
        sa.select(flag.c.source, flag.c.reason, sa.func.max(flag.c.score).label("score"), against)
        .where(flag.c.item_id.in_(_waiting(case_id)))
        .group_by(flag.c.source, flag.c.reason)
    )
    return [
        Asking(
            row.source,
            row.reason,
            row.score,
            frozenset(word for text in row.array_agg for word in text.split(", ") if word),
        )
        for row in tx.run(statement)
    ]


def opinions(tx: Tx, case_id: CaseId) -> dict[str, Band]:
    """Return the strongest band that each classifier put something waiting into; the shadow's left out."""
    statement = (
        sa.select(opinion.c.classifier, opinion.c.band)
        .where(
            opinion.c.item_id.in_(_waiting(case_id)),
            ~opinion.c.in_shadow,
            opinion.c.answered == Answered.OK.value,
        )
        .distinct()
    )
    strongest: dict[str, Band] = {}
    for row in tx.run(statement):
        band = Band(row.band)
        strongest[row.classifier] = max(strongest.get(row.classifier, band), band, key=lambda one: one.rank)
    return strongest


def bits_beyond(tx: Tx, case_id: CaseId) -> int | None:
    """Return how far the nearest listed fingerprint lies beyond a list's radius, None where none is."""
    statement = sa.select(sa.func.min(near_miss.c.bits_beyond)).where(
        near_miss.c.item_id.in_(_waiting(case_id))
    )
    found: int | None = tx.run(statement).scalar_one()
    return found


def account(tx: Tx, case_id: CaseId) -> AccountFacts:
    """Return what the platform said of whose items wait in a case."""
    age = item.c.received_at - item_context.c.account_created_at
    statement = (
        sa.select(sa.func.max(age).label("age"), sa.func.bool_or(item_context.c.account_is_child))
        .join(item, item.c.id == item_context.c.item_id)
        .where(item_context.c.item_id.in_(_waiting(case_id)))
    )
    row: Any = tx.run(statement).one()
    # Whoever's clock is ahead of ours has an account that is made now.
    return AccountFacts(None if row.age is None else max(row.age, timedelta(0)), bool(row.bool_or))


def findings_before(tx: Tx, case: Case) -> tuple[int, int]:
    """Return in how many cases of the account something was confirmed, and found not illegal.

    Of cases alone of which everybody knows who may know of this one. An item that is contested counts
    nowhere: its outcome is what is asked about.
    """
    if case.account_id is None:
        return 0, 0
    this = review_case.alias("this")
    known = sa.select(this.c.other_purposes).where(this.c.id == case.id).scalar_subquery()
    waits = sa.exists().where(
        case_item.c.case_id == outcome.c.case_id,
        case_item.c.item_id == outcome.c.item_id,
        case_item.c.waits_for.is_not(None),
    )

    def in_cases(*findings: str) -> sa.ColumnElement[int]:
        return sa.func.count(sa.distinct(outcome.c.case_id)).filter(outcome.c.finding.in_(findings))

    statement = (
        sa.select(
            in_cases(*_CONFIRMING).label("confirmed"), in_cases(Finding.NOT_ILLEGAL.value).label("nothing")
        )
        .join(review_case, review_case.c.id == outcome.c.case_id)
        .where(
            review_case.c.account_id == case.account_id,
            review_case.c.purpose == case.purpose.value,
            review_case.c.rehearsal == case.rehearsal,
            review_case.c.other_purposes.contained_by(known),
            STANDS,
            ~waits,
        )
    )
    row = tx.run(statement).one()
    return int(row.confirmed), int(row.nothing)


def is_begun(tx: Tx, case_id: CaseId) -> bool:
    """Say whether somebody has assessed anything in the case, or merged something into it or split it off."""
    assessed = sa.exists().where(assessment.c.case_id == case_id)
    moved = sa.exists().where(case_move.c.to_case == case_id)
    return bool(tx.run(sa.select(sa.or_(assessed, moved))).scalar_one())


def _waiting(case_id: CaseId) -> sa.Select[Any]:
    return sa.select(case_item.c.item_id).where(
        case_item.c.case_id == case_id, case_item.c.waits_for.is_not(None)
    )
