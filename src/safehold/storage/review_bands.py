"""How strongly a case asks for a look, with reasons; and when somebody first looked, at which band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Finding
from safehold.model.band import Band
from safehold.model.ids import CaseId
from safehold.model.judged import Judged, Way
from safehold.model.review_band import ReviewBand, readable_reasons
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.cases import review_case
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Json, metadata, one_of, owned_by, writes

review_band = sa.Table(
    "review_band",
    metadata,
    sa.Column("case_id", sa.ForeignKey("review_case.id"), primary_key=True),
    sa.Column("band", sa.Text, nullable=False),
    sa.Column("speak_for", Json, nullable=False),
    sa.Column("against", Json, nullable=False),
    sa.Column("reckoned_at", Instant, nullable=False),
    # When somebody first took a case for which machines alone had asked, and its band then.
    sa.Column("looked_at", Instant),
    sa.Column("looked_band", sa.Text),
    one_of("band", Band),
    one_of("looked_band", Band),
    sa.CheckConstraint("(looked_at is null) = (looked_band is null)", name="looked_together"),
    sa.Index("ix_review_band_looked_at", "looked_at", postgresql_where=sa.text("looked_at is not null")),
)

owned_by("review", review_band)

_FOUND = outcome.c.finding.in_([Finding.ILLEGAL.value, Finding.AGAINST_TERMS.value])


@writes(review_band)
def put(tx: Tx, case_id: CaseId, found: ReviewBand, *, now: datetime) -> None:
    """Store what is known now; when it was first looked at stays."""
    values = {
        "band": found.band.value,
        "speak_for": [asdict(each) for each in found.speak_for],
        "against": [asdict(each) for each in found.against],
        "reckoned_at": now,
    }
    statement = postgresql.insert(review_band).values(case_id=case_id, **values)
    tx.run(statement.on_conflict_do_update(index_elements=["case_id"], set_=values))


@writes(review_band, review_case)
def note_look(tx: Tx, case_id: CaseId, now: datetime) -> None:
    """Count a look where machines alone had asked for it; from then on the case waits for no budget."""
    rationed = sa.exists().where(review_case.c.id == review_band.c.case_id, review_case.c.band != "")
    tx.run(
        review_band.update()
        .where(review_band.c.case_id == case_id, review_band.c.looked_at.is_(None), rationed)
        .values(looked_at=now, looked_band=review_band.c.band)
    )
    tx.run(review_case.update().where(review_case.c.id == case_id, review_case.c.band != "").values(band=""))


@writes(review_band)
def forget_reasons(tx: Tx, case_ids: Iterable[CaseId]) -> None:
    """Erase why these cases asked for a look, which says something of an account; the band stays."""
    statement = review_band.update().where(review_band.c.case_id.in_(list(case_ids)))
    tx.run(statement.values(speak_for=[], against=[]))


def of_case(tx: Tx, case_id: CaseId) -> ReviewBand | None:
    """Return how strongly a case asks for a look, None where no machine asked for one."""
    row = tx.run(sa.select(review_band).where(review_band.c.case_id == case_id)).first()
    if row is None:
        return None
    return ReviewBand(
        band=Band(row.band),
        speak_for=readable_reasons(row.speak_for),
        against=readable_reasons(row.against),
    )


def was_looked_at(tx: Tx, case_id: CaseId) -> bool:
    """Say whether somebody has taken the case since machines asked for it."""
    looked = review_band.c.looked_at.is_not(None)
    statement = sa.select(review_band.c.case_id).where(review_band.c.case_id == case_id, looked)
    return tx.run(statement).first() is not None


def looks_since(tx: Tx, since: datetime) -> int:
    """Return how many cases that machines alone had asked for were first looked at since then, inclusive."""
    statement = sa.select(sa.func.count()).select_from(review_band).where(review_band.c.looked_at >= since)
    return int(tx.run(statement).scalar_one())


def judged(tx: Tx) -> list[Judged]:
    """Return what came of the cases that machines alone had asked for, by the band at the first look.

    A case counts once, when an outcome stands in it: as found where something in it was confirmed.
    """
    each = (
        sa.select(review_band.c.case_id, review_band.c.looked_band, sa.func.bool_or(_FOUND).label("found"))
        .join(outcome, sa.and_(outcome.c.case_id == review_band.c.case_id, STANDS))
        .where(review_band.c.looked_at.is_not(None))
        .group_by(review_band.c.case_id, review_band.c.looked_band)
        .subquery()
    )
    counted = sa.select(
        each.c.looked_band,
        sa.func.count().label("cases"),
        sa.func.count().filter(each.c.found).label("found"),
    ).group_by(each.c.looked_band)
    return [
        Judged(way=Way.ASKED, band=Band(row.looked_band), tenth=None, items=row.cases, found=row.found)
        for row in tx.run(counted)
    ]


def opened_since(tx: Tx, since: datetime) -> tuple[dict[Band, int], datetime | None]:
    """Return how many cases for which machines alone ask were opened since then, by band, and the first."""
    band = sa.func.coalesce(review_band.c.looked_band, review_band.c.band)
    rationed = sa.or_(review_band.c.looked_at.is_not(None), review_case.c.band != "")
    statement = (
        sa.select(band.label("band"), sa.func.count().label("cases"), sa.func.min(review_case.c.opened_at))
        .join(review_case, review_case.c.id == review_band.c.case_id)
        .where(review_case.c.opened_at >= since, rationed)
        .group_by(band)
    )
    rows = tx.run(statement).all()
    return {Band(row.band): row.cases for row in rows}, min((row.min for row in rows), default=None)
