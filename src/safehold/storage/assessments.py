"""Assessments (one analyst's judgement) and outcomes (the settled result); both rest on people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Category, Finding, Tier
from safehold.model.case import Outcome
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, OutcomeId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, Uuid, metadata, one_of, owned_by, writes

# csam, and test in its place on a rehearsal, have categories; the other purposes do not.
CATEGORY_ONLY_WHEN_ILLEGAL = "category is null or (finding = 'illegal' and purpose in ('csam', 'test'))"
CATEGORY_WHEN_ILLEGAL_IMAGERY = (
    "form <> 'imagery' or finding <> 'illegal' or purpose not in ('csam', 'test') or category is not null"
)
AGAINST_TERMS_HAS_ITS_PURPOSES = "finding <> 'against_terms' or purpose in ('intimate_images', 'own_terms')"

assessment = sa.Table(
    "assessment",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("analyst_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("answers", Json, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("filed_at", Instant, nullable=False),
    one_of("finding", Finding),
    one_of("category", Category),
    one_of("tier", Tier),
    sa.CheckConstraint("form in ('imagery', 'conduct')", name="form_known"),
    sa.CheckConstraint(CATEGORY_ONLY_WHEN_ILLEGAL, name="category_only_when_illegal"),
    sa.CheckConstraint(CATEGORY_WHEN_ILLEGAL_IMAGERY, name="category_when_illegal_imagery"),
    sa.CheckConstraint(AGAINST_TERMS_HAS_ITS_PURPOSES, name="against_terms_has_its_purposes"),
    sa.ForeignKeyConstraint(
        ["case_id", "purpose"], ["review_case.id", "review_case.purpose"], name="fk_assessment_purpose"
    ),
    # An outcome refers to all of them: it says what this person found about this item in this case.
    sa.UniqueConstraint("id", "case_id", "item_id", "finding", "analyst_id", name="uq_assessment_whole"),
    sa.Index("ix_assessment_item_id", "item_id"),
    sa.Index("ix_assessment_case_id", "case_id"),
)

outcome = sa.Table(
    "outcome",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("settled_at", Instant, nullable=False),
    sa.Column("settled_by", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("rests_on", Uuid, nullable=False),
    sa.Column("reversed_at", Instant),
    sa.Column("reversed_by", sa.ForeignKey("app_user.id")),
    one_of("finding", Finding),
    one_of("category", Category),
    sa.CheckConstraint(CATEGORY_ONLY_WHEN_ILLEGAL, name="category_only_when_illegal"),
    sa.CheckConstraint(AGAINST_TERMS_HAS_ITS_PURPOSES, name="against_terms_has_its_purposes"),
    sa.ForeignKeyConstraint(
        ["case_id", "purpose"], ["review_case.id", "review_case.purpose"], name="fk_outcome_purpose"
    ),
    sa.ForeignKeyConstraint(
        ["rests_on", "case_id", "item_id", "finding", "settled_by"],
        [
            "assessment.id",
            "assessment.case_id",
            "assessment.item_id",
            "assessment.finding",
            "assessment.analyst_id",
        ],
        name="fk_outcome_rests_on",
    ),
    # By nobody: the rules did, because an entry was withdrawn; a trigger sees that one was.
    sa.CheckConstraint("reversed_by is null or reversed_at is not null", name="reversed_together"),
    sa.Index(
        "uq_outcome_standing",
        "item_id",
        "case_id",
        unique=True,
        postgresql_where=sa.text("reversed_at is null"),
    ),
)

outcome_assessment = sa.Table(
    "outcome_assessment",
    metadata,
    sa.Column("outcome_id", sa.ForeignKey("outcome.id"), primary_key=True),
    sa.Column("assessment_id", sa.ForeignKey("assessment.id"), primary_key=True),
)

owned_by("review", assessment, outcome, outcome_assessment)

STANDS = outcome.c.reversed_at.is_(None)
"""The condition that an outcome stands, for a statement."""
CONFIRMING_STANDS = STANDS & outcome.c.finding.in_([each.value for each in Finding if each.confirms])
"""The condition that an outcome confirms, and stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAssessment:
    """An assessment as it lies in the database. form: imagery or conduct. answers: it as JSON values."""

    id: AssessmentId
    case_id: CaseId
    item_id: ItemId
    purpose: Purpose
    analyst_id: AnalystId
    form: str
    finding: Finding
    category: Category | None
    answers: dict[str, Any]
    tier: Tier
    policy_version: str
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutcome:
    """An outcome and, once it was reversed, when and by whom: None also where a withdrawn entry did it."""

    outcome: Outcome
    reversed_at: datetime | None = None
    reversed_by: UserId | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has reversed it."""
        return self.reversed_at is None


@writes(assessment)
def insert(tx: Tx, filed: StoredAssessment) -> None:
    """Record an assessment."""
    tx.run(
        assessment.insert().values(
            id=filed.id,
            case_id=filed.case_id,
            item_id=filed.item_id,
            purpose=filed.purpose.value,
            analyst_id=filed.analyst_id,
            form=filed.form,
            finding=filed.finding.value,
            category=filed.category.value if filed.category else None,
            answers=filed.answers,
            tier=filed.tier.value,
            policy_version=filed.policy_version,
            filed_at=filed.filed_at,
        )
    )


def get(tx: Tx, assessment_id: AssessmentId) -> StoredAssessment | None:
    """Return one assessment, None when there is none."""
    row = tx.run(sa.select(assessment).where(assessment.c.id == assessment_id)).first()
    return _assessment(row) if row else None


def of_case(tx: Tx, case_id: CaseId) -> list[StoredAssessment]:
    """Return the assessments of a case, oldest first."""
    statement = (
        sa.select(assessment)
        .where(assessment.c.case_id == case_id)
        .order_by(assessment.c.filed_at, assessment.c.id)
    )
    return [_assessment(row) for row in tx.run(statement)]


def newest(tx: Tx, case_id: CaseId, item_id: ItemId) -> AssessmentId | None:
    """Return the assessment of this item in this case that was filed last, None when there is none."""
    statement = (
        sa.select(assessment.c.id)
        .where(assessment.c.case_id == case_id, assessment.c.item_id == item_id)
        .order_by(assessment.c.filed_at.desc(), assessment.c.id.desc())
        .limit(1)
    )
    row = tx.run(statement).first()
    return AssessmentId(row.id) if row else None


def has_assessed(tx: Tx, case_id: CaseId, item_id: ItemId, analyst: AnalystId) -> bool:
    """Say whether this analyst has filed an assessment of this item in this case."""
    statement = sa.select(
        sa.exists().where(
            assessment.c.case_id == case_id,
            assessment.c.item_id == item_id,
            assessment.c.analyst_id == analyst,
        )
    )
    return bool(tx.run(statement).scalar_one())


@writes(outcome, outcome_assessment)
def insert_outcome(tx: Tx, settled: Outcome, *, purpose: Purpose, rests_on: Sequence[AssessmentId]) -> None:
    """Record an outcome and the assessments that it rests on, at least one.

    settled.by: its first person settles it, and the first assessment is theirs, of the same item in the same
    case and with the same finding; the database refuses anything else.
    """
    tx.run(
        outcome.insert().values(
            id=settled.id,
            case_id=settled.case_id,
            item_id=settled.item_id,
            purpose=purpose.value,
            finding=settled.finding.value,
            category=settled.category.value if settled.category else None,
            settled_at=settled.settled_at,
            settled_by=settled.by[0],
            rests_on=rests_on[0],
        )
    )
    rows = [{"outcome_id": settled.id, "assessment_id": filed} for filed in rests_on]
    tx.run(outcome_assessment.insert(), rows)


@writes(outcome)
def set_reversed(tx: Tx, outcome_id: OutcomeId, *, by: UserId | None, at: datetime) -> bool:
    """Mark an outcome as reversed; say False when it was reversed before.

    by: None where the rules do, after an entry that the item matched was withdrawn. The database refuses
    that where none was.
    """
    statement = (
        outcome.update().where(outcome.c.id == outcome_id, STANDS).values(reversed_at=at, reversed_by=by)
    )
    return bool(tx.run(statement).rowcount)


def has_settled(tx: Tx, assessment_id: AssessmentId) -> bool:
    """Say whether some outcome, standing or reversed, rests on this assessment."""
    statement = sa.select(sa.exists().where(outcome_assessment.c.assessment_id == assessment_id))
    return bool(tx.run(statement).scalar_one())


def get_outcome(tx: Tx, outcome_id: OutcomeId) -> StoredOutcome | None:
    """Return one outcome, None when there is none."""
    found = _outcomes(tx, outcome.c.id == outcome_id)
    return found[0] if found else None


def behind(tx: Tx, outcome_id: OutcomeId) -> StoredAssessment | None:
    """Return the assessment that settled this outcome, None when there is no such outcome."""
    statement = (
        sa.select(assessment)
        .join(outcome, outcome.c.rests_on == assessment.c.id)
        .where(outcome.c.id == outcome_id)
    )
    row = tx.run(statement).first()
    return _assessment(row) if row else None


def standing_outcome(tx: Tx, case_id: CaseId, item_id: ItemId) -> Outcome | None:
    """Return the outcome that stands for this item in this case, None when there is none."""
    found = _outcomes(tx, outcome.c.case_id == case_id, outcome.c.item_id == item_id, STANDS)
    return found[0].outcome if found else None


def was_cleared(tx: Tx, case_id: CaseId, item_id: ItemId, finding: Finding) -> bool:
    """Say whether an outcome with this finding, which confirms nothing, was ever settled here."""
    settled = _outcome_of(case_id, item_id).where(outcome.c.finding == finding.value)
    return not finding.confirms and bool(tx.run(sa.select(settled)).scalar_one())


def was_reversed(tx: Tx, case_id: CaseId, item_id: ItemId) -> bool:
    """Say whether an outcome of this item in this case was ever reversed."""
    settled = _outcome_of(case_id, item_id).where(outcome.c.reversed_at.is_not(None))
    return bool(tx.run(sa.select(settled)).scalar_one())


def outcomes_of_case(tx: Tx, case_id: CaseId) -> list[StoredOutcome]:
    """Return the outcomes of a case, reversed ones too, oldest first."""
    return _outcomes(tx, outcome.c.case_id == case_id)


def standing_outcomes_of_item(tx: Tx, item_id: ItemId) -> list[Outcome]:
    """Return the outcomes that stand for this item, one per case in which it lies at most."""
    found = _outcomes(tx, outcome.c.item_id == item_id, STANDS)
    return [stored.outcome for stored in found]


def _outcome_of(case_id: CaseId, item_id: ItemId) -> sa.Exists:
    return sa.exists().where(outcome.c.case_id == case_id, outcome.c.item_id == item_id)


def _outcomes(tx: Tx, *where: sa.ColumnElement[bool]) -> list[StoredOutcome]:
    statement = sa.select(outcome).where(*where).order_by(outcome.c.settled_at, outcome.c.id)
    return [
        StoredOutcome(
            outcome=Outcome(
                id=OutcomeId(row.id),
                case_id=CaseId(row.case_id),
                item_id=ItemId(row.item_id),
                finding=Finding(row.finding),
                category=Category(row.category) if row.category else None,
                by=(AnalystId(row.settled_by),),
                settled_at=row.settled_at,
            ),
            reversed_at=row.reversed_at,
            reversed_by=row.reversed_by,
        )
        for row in tx.run(statement)
    ]


def _assessment(row: Any) -> StoredAssessment:
    return StoredAssessment(
        id=AssessmentId(row.id),
        case_id=CaseId(row.case_id),
        item_id=ItemId(row.item_id),
        purpose=Purpose(row.purpose),
        analyst_id=AnalystId(row.analyst_id),
        form=row.form,
        finding=Finding(row.finding),
        category=Category(row.category) if row.category else None,
        answers=dict(row.answers),
        tier=Tier(row.tier),
        policy_version=row.policy_version,
        filed_at=row.filed_at,
    )
