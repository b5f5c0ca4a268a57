"""Assessments (one analyst's judgement) and outcomes (the settled result); both rest on people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Category, Finding, Tier
from safehold.model.case import Outcome
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, AssessmentId, CaseId, ItemId, MediaId, OutcomeId, UserId
from safehold.storage.database import Tx
from safehold.storage.items import item
from safehold.storage.tables import Instant, Json, Uuid, is_among, metadata, one_of, owned_by, writes

# csam, and test in its place on a rehearsal, have categories; the other purposes do not.
CATEGORY_ONLY_WHEN_ILLEGAL = "category is null or (finding = 'illegal' and purpose in ('csam', 'test'))"
CATEGORY_WHEN_ILLEGAL_IMAGERY = (
    "form <> 'imagery' or finding <> 'illegal' or purpose not in ('csam', 'test') or category is not null"
)
AGAINST_TERMS_HAS_ITS_PURPOSES = "finding <> 'against_terms' or purpose in ('intimate_images', 'own_terms')"
# What no vetted list vouches for is confirmed only by somebody who saw it clearly.
CONFIRMED_AS_SEEN = (
    "form <> 'imagery' or finding not in ('illegal', 'against_terms') or listed or tier = 'clear'"
)
# What one vouches for is let go only by somebody who saw it clearly, or by two people.
LET_GO_AS_SEEN = (
    "form <> 'imagery' or finding in ('illegal', 'against_terms') or not listed or tier = 'clear'"
    " or second_by is not null"
)

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
    # The assessment of the same bytes elsewhere that it repeats, where nobody looked again.
    sa.Column("same_as", sa.ForeignKey("assessment.id")),
    # Where that is of other bytes: by how many bits of PDQ their picture differs. NULL: of the same ones.
    sa.Column("bits", sa.SmallInteger),
    # The round of the item in this case in which it was filed: only those of the newest decide.
    sa.Column("round", sa.Integer, nullable=False, server_default="1"),
    # False: whoever filed it had been shown what others found.
    sa.Column("blind", sa.Boolean, nullable=False, server_default=sa.true()),
    one_of("finding", Finding),
    one_of("category", Category),
    one_of("tier", Tier),
    sa.CheckConstraint("form in ('imagery', 'conduct')", name="form_known"),
    sa.CheckConstraint("same_as <> id", name="same_as_another"),
    # Further apart nobody decides of one picture by another, whatever the settings say.
    sa.CheckConstraint(
        "bits is null or (same_as is not null and bits between 0 and 8 and form = 'imagery')",
        name="bits_of_what_it_repeats",
    ),
    sa.CheckConstraint(CATEGORY_ONLY_WHEN_ILLEGAL, name="category_only_when_illegal"),
    sa.CheckConstraint(CATEGORY_WHEN_ILLEGAL_IMAGERY, name="category_when_illegal_imagery"),
    sa.CheckConstraint(AGAINST_TERMS_HAS_ITS_PURPOSES, name="against_terms_has_its_purposes"),
    sa.ForeignKeyConstraint(
        ["case_id", "purpose"], ["review_case.id", "review_case.purpose"], name="fk_assessment_purpose"
    ),
    # An outcome refers to all of them: it says what this person found about this item in this case.
    sa.UniqueConstraint("id", "case_id", "item_id", "finding", "analyst_id", name="uq_assessment_whole"),
    sa.UniqueConstraint("id", "case_id", "item_id", "analyst_id", name="uq_assessment_person"),
    sa.Index("ix_assessment_item_id", "item_id"),
    sa.Index("ix_assessment_case_id", "case_id"),
    sa.Index("ix_assessment_same_as", "same_as", postgresql_where=sa.text("same_as is not null")),
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
    # Somebody else's assessment that was counted as well, and how many people the policy had asked for.
    sa.Column("second_by", sa.ForeignKey("app_user.id")),
    sa.Column("second_assessment", Uuid),
    sa.Column("people_asked", sa.SmallInteger, nullable=False, server_default="1"),
    # The clearest tier that those who agreed have seen, and whether a vetted list vouched for the media.
    sa.Column("form", sa.Text, nullable=False, server_default="imagery"),
    sa.Column("tier", sa.Text, nullable=False, server_default=Tier.NONE.value),
    sa.Column("listed", sa.Boolean, nullable=False, server_default=sa.false()),
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
    sa.ForeignKeyConstraint(
        ["second_assessment", "case_id", "item_id", "second_by"],
        ["assessment.id", "assessment.case_id", "assessment.item_id", "assessment.analyst_id"],
        name="fk_outcome_second",
    ),
    # An appeal says whose decision it contests, and that another person decides.
    sa.UniqueConstraint("id", "settled_by", name="uq_outcome_person"),
    one_of("tier", Tier),
    sa.CheckConstraint("form in ('imagery', 'conduct')", name="form_known"),
    sa.CheckConstraint("(second_by is null) = (second_assessment is null)", name="second_together"),
    sa.CheckConstraint("second_by <> settled_by", name="second_is_another"),
    sa.CheckConstraint(
        "people_asked = 1 or (people_asked = 2 and second_by is not null)", name="enough_people"
    ),
    sa.CheckConstraint(CONFIRMED_AS_SEEN, name="confirmed_as_seen"),
    sa.CheckConstraint(LET_GO_AS_SEEN, name="let_go_as_seen"),
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
CONFIRMING = [each.value for each in Finding if each.confirms]
"""The findings that confirm, as they are stored."""
CONFIRMING_STANDS = STANDS & outcome.c.finding.in_(CONFIRMING)
"""The condition that an outcome confirms, and stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAssessment:
    """An assessment as it lies in the database. form: imagery or conduct. answers: it as JSON values.

    same_as: the assessment elsewhere that it repeats: of the same bytes, or, where bits is set, of a picture
    that differs by so many bits of PDQ. round: which of the item's rounds in the case it belongs to. blind:
    whether its analyst had been shown nothing of what others found.
    """

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
    same_as: AssessmentId | None = None
    bits: int | None = None
    round: int = 1
    blind: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an outcome rests on.

    assessments: all that were counted, each of another person, the deciding one first, then those who
    agree with it. asked: how many people the policy wanted. tier: the clearest that those who agreed saw.
    listed: whether a vetted list vouched for the media. form: imagery or conduct.
    """

    assessments: tuple[AssessmentId, ...]
    people: tuple[AnalystId, ...]
    asked: int
    form: str
    tier: Tier
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an earlier finding rests on: how many people found it by themselves, and the clearest they saw."""

    people: int
    tiers: frozenset[Tier]


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
            same_as=filed.same_as,
            bits=filed.bits,
            round=filed.round,
            blind=filed.blind,
        )
    )


def get(tx: Tx, assessment_id: AssessmentId) -> StoredAssessment | None:
    """Return one assessment, None when there is none."""
    row = tx.run(sa.select(assessment).where(assessment.c.id == assessment_id)).first()
    return _assessment(row) if row else None


def of_case(tx: Tx, case_id: CaseId, item_ids: Iterable[ItemId]) -> list[StoredAssessment]:
    """Return the assessments of these items in a case, oldest first."""
    statement = (
        sa.select(assessment)
        .where(assessment.c.case_id == case_id, is_among(assessment.c.item_id, item_ids))
        .order_by(assessment.c.filed_at, assessment.c.id)
    )
    return [_assessment(row) for row in tx.run(statement).all()]


def standing_of_media(
    tx: Tx, media_id: MediaId, *, purpose: Purpose, rehearsal: bool, but: ItemId
) -> list[StoredAssessment]:
    """Return the assessments on which standing outcomes of these media rest, the newest outcome first.

    but: an item that is left out, as are assessments that only repeat another.
    """
    statement = (
        sa.select(assessment)
        .join(outcome, outcome.c.rests_on == assessment.c.id)
        .join(item, item.c.id == outcome.c.item_id)
        .where(
            item.c.media_id == media_id,
            item.c.id != but,
            item.c.rehearsal == rehearsal,
            outcome.c.purpose == purpose.value,
            assessment.c.same_as.is_(None),
            STANDS,
        )
        .order_by(outcome.c.settled_at.desc(), outcome.c.id.desc())
    )
    return [_assessment(row) for row in tx.run(statement)]


def found_with(tx: Tx, assessment_id: AssessmentId) -> Found:
    """Return who found the same in the outcome that rests on this assessment, itself counted, repeats not.

    Nobody, where no outcome that stands rests on it.
    """
    deciding = assessment.alias("deciding")
    same = sa.and_(
        assessment.c.finding == deciding.c.finding,
        assessment.c.category.is_not_distinct_from(deciding.c.category),
        assessment.c.same_as.is_(None),
    )
    statement = (
        sa.select(assessment.c.analyst_id, assessment.c.tier)
        .select_from(outcome)
        .join(deciding, deciding.c.id == outcome.c.rests_on)
        .join(outcome_assessment, outcome_assessment.c.outcome_id == outcome.c.id)
        .join(assessment, sa.and_(assessment.c.id == outcome_assessment.c.assessment_id, same))
        .where(deciding.c.id == assessment_id, STANDS)
    )
    rows = tx.run(statement).all()
    return Found(
        people=len({row.analyst_id for row in rows}), tiers=frozenset(Tier(row.tier) for row in rows)
    )


def of_round(tx: Tx, case_id: CaseId, item_id: ItemId, round: int) -> list[StoredAssessment]:
    """Return what was filed of an item in one of its rounds in a case, oldest first, repeats too."""
    statement = (
        sa.select(assessment)
        .where(assessment.c.case_id == case_id, assessment.c.item_id == item_id, assessment.c.round == round)
        .order_by(assessment.c.filed_at, assessment.c.id)
    )
    return [_assessment(row) for row in tx.run(statement)]


@writes(outcome, outcome_assessment)
def insert_outcome(tx: Tx, settled: Outcome, *, purpose: Purpose, basis: Basis) -> None:
    """Record an outcome and what it rests on, at least one assessment.

    The first of the assessments is that of the first person in settled.by, of the same item in the same
    case and with the same finding; the database refuses anything else, and fewer people than were asked for.
    """
    others = list(zip(basis.assessments, basis.people, strict=True))[1:]
    second_assessment, second_by = others[0] if others else (None, None)
    tx.run(
        outcome.insert().values(
            id=settled.id,
            case_id=settled.case_id,
            item_id=settled.item_id,
            purpose=purpose.value,
            finding=settled.finding.value,
            category=settled.category.value if settled.category else None,
            settled_at=settled.settled_at,
            settled_by=basis.people[0],
            rests_on=basis.assessments[0],
            second_by=second_by,
            second_assessment=second_assessment,
            people_asked=basis.asked,
            form=basis.form,
            tier=basis.tier.value,
            listed=basis.listed,
        )
    )
    rows = [{"outcome_id": settled.id, "assessment_id": filed} for filed in basis.assessments]
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


def get_outcome(tx: Tx, outcome_id: OutcomeId) -> StoredOutcome | None:
    """Return one outcome, None when there is none."""
    found = _outcomes(tx, outcome.c.id == outcome_id)
    return found[0] if found else None


def repeats_of(tx: Tx, outcome_id: OutcomeId) -> list[Outcome]:
    """Return the outcomes that stand and rest on a repeat of what this one rests on, by item."""
    copied = sa.select(outcome_assessment.c.assessment_id).where(
        outcome_assessment.c.outcome_id == outcome_id
    )
    repeats = sa.select(assessment.c.id).where(assessment.c.same_as.in_(copied))
    found = _outcomes(tx, outcome.c.rests_on.in_(repeats), STANDS)
    return sorted((stored.outcome for stored in found), key=lambda one: one.item_id)


def repeated_items(tx: Tx, item_id: ItemId) -> list[ItemId]:
    """Return the items elsewhere of which anybody repeated a finding for this one, by id."""
    repeated = assessment.alias("repeated")
    statement = (
        sa.select(repeated.c.item_id)
        .join(assessment, assessment.c.same_as == repeated.c.id)
        .where(assessment.c.item_id == item_id)
        .distinct()
    )
    return sorted(ItemId(each) for each in tx.run(statement).scalars())


def people_of(tx: Tx, outcome_id: OutcomeId) -> list[AnalystId]:
    """Return everybody whose assessment was counted for an outcome, repeats and what they repeat included."""
    repeated = assessment.alias("repeated")
    statement = (
        sa.select(assessment.c.analyst_id, repeated.c.analyst_id.label("first"))
        .join(outcome_assessment, outcome_assessment.c.assessment_id == assessment.c.id)
        .outerjoin(repeated, repeated.c.id == assessment.c.same_as)
        .where(outcome_assessment.c.outcome_id == outcome_id)
    )
    people = {each for row in tx.run(statement) for each in (row.analyst_id, row.first) if each is not None}
    return sorted(AnalystId(each) for each in people)


def confirms_unseen(tx: Tx, outcome_id: OutcomeId) -> bool:
    """Say whether this outcome confirms media that nobody saw clearly, on the word of a list."""
    unseen = outcome.c.listed & (outcome.c.form == "imagery") & (outcome.c.tier != Tier.CLEAR.value)
    found = sa.exists().where(outcome.c.id == outcome_id, unseen, outcome.c.finding.in_(CONFIRMING))
    return bool(tx.run(sa.select(found)).scalar_one())


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


def outcomes_of_case(
    tx: Tx, case_id: CaseId, item_ids: Iterable[ItemId] | None = None
) -> list[StoredOutcome]:
    """Return the outcomes of a case, or of these items in it, reversed ones too, oldest first."""
    chosen = sa.true() if item_ids is None else is_among(outcome.c.item_id, item_ids)
    return _outcomes(tx, outcome.c.case_id == case_id, chosen)


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
                by=tuple(AnalystId(one) for one in (row.settled_by, row.second_by) if one is not None),
                settled_at=row.settled_at,
            ),
            reversed_at=row.reversed_at,
            reversed_by=row.reversed_by,
        )
        for row in tx.run(statement).all()
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
        same_as=AssessmentId(row.same_as) if row.same_as else None,
        bits=row.bits,
        round=row.round,
        blind=row.blind,
    )
