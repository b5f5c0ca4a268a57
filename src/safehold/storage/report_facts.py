"""What a report to an authority reads of other rooms' tables, for many items at once. It writes none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from safehold.model.answers import readable
from safehold.model.assessment import Category, Finding, Tier
from safehold.model.authority_report import AuthorityReport, AuthorityReportState
from safehold.model.emergency import EmergencyEnd
from safehold.model.hash_list import Purpose
from safehold.model.ids import AssessmentId, CaseId, ItemId, MediaId, ObjectId, OutcomeId
from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.report_facts import (
    AssessmentOnRecord,
    ListMatch,
    MediaOnRecord,
    RiskToLife,
    StandingOutcome,
    WrongAlarm,
)
from safehold.model.signal import MD5, SHA1, SignalTypeName
from safehold.storage.assessments import STANDS, assessment, outcome, outcome_assessment
from safehold.storage.authority_reports import authority_report
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.emergencies import emergency
from safehold.storage.evidence import ObjectRole, sealed_object
from safehold.storage.golden import golden_item
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.inbound_reports import inbound_report
from safehold.storage.items import item
from safehold.storage.matches import match
from safehold.storage.media import media, media_signal
from safehold.storage.reported_items import reported_item
from safehold.storage.reveals import reveal
from safehold.storage.tables import is_among
from safehold.storage.withdrawn_matches import HAS_GONE

_OF_MEDIA = [
    media.c[name] for name in ("id", "sha256", "media_type", "kind", "size_bytes", "frames", "failure")
]
_OF_OUTCOMES = [outcome.c[name] for name in ("id", "item_id", "finding", "category", "settled_at")]
_OF_ASSESSMENTS = [
    assessment.c.id.label("assessment_id"),
    assessment.c.finding.label("found"),
    *(assessment.c[name] for name in ("analyst_id", "form", "answers", "tier", "filed_at")),
    assessment.c.same_as,
    assessment.c.bits,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """That media were fetched in one form as one item, the last time at `at`."""

    item_id: ItemId
    media_id: MediaId
    tier: Tier
    at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed of the bytes of some media. live: the object that holds them, None once destroyed."""

    live: ObjectId | None


def in_case(tx: Tx, case_id: CaseId, item_ids: Collection[ItemId]) -> list[ItemId]:
    """Return those of these items that lie in a case, in the order in which they joined it."""
    statement = (
        sa.select(case_item.c.item_id)
        .where(case_item.c.case_id == case_id, is_among(case_item.c.item_id, item_ids))
        .order_by(case_item.c.joined_at, case_item.c.item_id)
    )
    return [ItemId(each) for each in tx.run(statement).scalars()]


def media_on_record(
    tx: Tx, media_ids: Collection[MediaId], sealed: Mapping[MediaId, Sealed]
) -> dict[MediaId, MediaOnRecord]:
    """Return what is known of these media, with the digests that were kept. sealed: of `sealed_originals`."""
    wanted = list(media_ids)
    kept = sa.select(media_signal.c.media_id, media_signal.c.signal_type, media_signal.c.value).where(
        is_among(media_signal.c.media_id, wanted), media_signal.c.signal_type.in_([MD5, SHA1])
    )
    digests = {(row.media_id, row.signal_type): bytes(row.value).hex() for row in tx.run(kept).all()}
    rows = tx.run(sa.select(*_OF_MEDIA).where(is_among(media.c.id, wanted))).all()
    return {
        MediaId(row.id): MediaOnRecord(
            id=MediaId(row.id),
            sha256=bytes(row.sha256).hex(),
            md5=digests.get((row.id, MD5)),
            sha1=digests.get((row.id, SHA1)),
            media_type=row.media_type,
            kind=MediaKind(row.kind),
            size_bytes=row.size_bytes,
            frames=row.frames,
            failure=DecodeFailure(row.failure) if row.failure else None,
            original=sealed[row.id].live if row.id in sealed else None,
        )
        for row in rows
    }


def sealed_originals(tx: Tx, media_ids: Collection[MediaId]) -> dict[MediaId, Sealed]:
    """Return what was sealed of the bytes of these media; those of which nothing ever was are left out."""
    live = sealed_object.c.destroyed_at.is_(None)
    statement = (
        sa.select(sealed_object.c.media_id, sealed_object.c.id, live.label("live"))
        .where(
            is_among(sealed_object.c.media_id, media_ids),
            sealed_object.c.role == ObjectRole.ORIGINAL.value,
        )
        # A live one, of which there is one at most, comes last and counts.
        .order_by(live, sealed_object.c.id)
    )
    return {
        MediaId(row.media_id): Sealed(ObjectId(row.id) if row.live else None)
        for row in tx.run(statement).all()
    }


def fetched_of(tx: Tx, media_ids: Collection[MediaId]) -> list[Fetched]:
    """Return in which forms these media were sent to people, as each of the items that they appear as.

    What appeared for practice alone is shown as what it is; an item says whether it did.
    """
    statement = (
        sa.select(item.c.id, item.c.media_id, reveal.c.tier, sa.func.max(reveal.c.fetched_at).label("at"))
        .join(reveal, reveal.c.item_id == item.c.id)
        .where(is_among(item.c.media_id, media_ids), reveal.c.fetched_at.is_not(None))
        .group_by(item.c.id, item.c.media_id, reveal.c.tier)
    )
    return [
        Fetched(item_id=ItemId(row.id), media_id=MediaId(row.media_id), tier=Tier(row.tier), at=row.at)
        for row in tx.run(statement)
    ]


def standing_outcomes(tx: Tx, case_id: CaseId, item_ids: Collection[ItemId]) -> dict[ItemId, StandingOutcome]:
    """Return what stands in a case for these items, each with what it rests on; others are left out."""
    decides = outcome_assessment.c.assessment_id == outcome.c.rests_on
    statement = (
        sa.select(*_OF_OUTCOMES, *_OF_ASSESSMENTS)
        .outerjoin(outcome_assessment, outcome_assessment.c.outcome_id == outcome.c.id)
        .outerjoin(assessment, assessment.c.id == outcome_assessment.c.assessment_id)
        .where(outcome.c.case_id == case_id, is_among(outcome.c.item_id, item_ids), STANDS)
        .order_by(outcome.c.settled_at, outcome.c.id, decides.desc(), assessment.c.id)
    )
    # One outcome at most stands for an item in a case.
    by_item: dict[ItemId, list[Any]] = {}
    for row in tx.run(statement).all():
        by_item.setdefault(ItemId(row.item_id), []).append(row)
    return {item_id: _standing(rows) for item_id, rows in by_item.items()}


def _standing(rows: list[Any]) -> StandingOutcome:
    settled = rows[0]
    counted = [row for row in rows if row.assessment_id is not None]
    return StandingOutcome(
        id=OutcomeId(settled.id),
        finding=Finding(settled.finding),
        category=Category(settled.category) if settled.category else None,
        settled_at=settled.settled_at,
        people=len({row.analyst_id for row in counted if row.found == settled.finding}),
        assessments=tuple(_assessment(row) for row in counted),
    )


def _assessment(row: Any) -> AssessmentOnRecord:
    return AssessmentOnRecord(
        id=AssessmentId(row.assessment_id),
        # What a later version answered, or was damaged, counts as unknown: it keeps nobody from reporting.
        form=readable(row.form, row.answers, finding=Finding(row.found)),
        tier=Tier(row.tier),
        filed_at=row.filed_at,
        repeats=row.same_as is not None,
        bits=row.bits,
    )


def list_matches(tx: Tx, item_ids: Collection[ItemId]) -> dict[ItemId, list[ListMatch]]:
    """Return the matches of these items: those that stand first, and of each kind the nearest."""
    statement = (
        sa.select(
            match.c.item_id,
            hash_list.c.name,
            hash_list.c.purpose,
            match.c.signal_type,
            match.c.distance,
            match.c.category,
            HAS_GONE.label("withdrawn"),
        )
        .join(hash_list, hash_list.c.id == match.c.list_id)
        .join(entry, entry.c.id == match.c.entry_id)
        .where(is_among(match.c.item_id, item_ids))
        .order_by(sa.literal_column("withdrawn"), match.c.distance, match.c.id)
    )
    found: dict[ItemId, list[ListMatch]] = {}
    for row in tx.run(statement).all():
        told = ListMatch(
            list_name=row.name,
            purpose=Purpose(row.purpose),
            signal_type=SignalTypeName(row.signal_type),
            distance=row.distance,
            category=row.category,
            withdrawn=row.withdrawn,
        )
        found.setdefault(ItemId(row.item_id), []).append(told)
    return found


def told_to_us(tx: Tx, item_ids: Collection[ItemId]) -> set[UUID]:
    """Return those of these items that somebody reported: as a page, or as what a page shows."""
    wanted = list(item_ids)
    pages = sa.select(inbound_report.c.item_id).where(is_among(inbound_report.c.item_id, wanted))
    shown = sa.select(reported_item.c.item_id).where(is_among(reported_item.c.item_id, wanted))
    return set(tx.run(sa.union(pages, shown)).scalars())


def any_golden(tx: Tx, item_ids: Collection[ItemId]) -> bool:
    """Say whether one of these items is golden: a harmless picture, known to us, for practice."""
    golden = sa.exists().where(is_among(golden_item.c.item_id, item_ids))
    return bool(tx.run(sa.select(golden)).scalar_one())


def risk_to_life_in(tx: Tx, case_id: CaseId) -> RiskToLife | None:
    """Return the newest risk to life of a case that was not withdrawn, None where there is none."""
    statement = (
        sa.select(emergency.c.declared_at, emergency.c.ended_how)
        .where(
            emergency.c.case_id == case_id,
            emergency.c.ended_how.is_distinct_from(EmergencyEnd.WITHDRAWN.value),
        )
        .order_by(emergency.c.declared_at.desc(), emergency.c.id.desc())
        .limit(1)
    )
    row = tx.run(statement).first()
    return RiskToLife(declared_at=row.declared_at, stands=row.ended_how is None) if row else None


def wrong_alarm_told(tx: Tx, report: AuthorityReport, *, before: datetime) -> WrongAlarm | None:
    """Return the newest wrong alarm of a report's case of which its destination had been told.

    before: when both had happened. None where there was none.
    """
    statement = (
        sa.select(emergency.c.declared_at, emergency.c.ended_at)
        .join(authority_report, authority_report.c.emergency_id == emergency.c.id)
        .where(
            emergency.c.case_id == report.case_id,
            emergency.c.ended_how == EmergencyEnd.WITHDRAWN.value,
            emergency.c.ended_at <= before,
            authority_report.c.destination == report.destination,
            authority_report.c.state == AuthorityReportState.FILED.value,
            authority_report.c.filed_at <= before,
        )
        .order_by(emergency.c.declared_at.desc(), emergency.c.id.desc())
        .limit(1)
    )
    row = tx.run(statement).first()
    return WrongAlarm(declared_at=row.declared_at, ended_at=row.ended_at) if row else None
