"""What people found of the items of which a classifier had an opinion: read for figures, written
elsewhere."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from safehold.model.assessment import Finding
from safehold.model.band import Band
from safehold.model.judged import Judged, SampleDay, Way
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.audit_samples import audit_draw, audit_sample_day
from safehold.storage.database import Tx
from safehold.storage.matches import match
from safehold.storage.opinions import opinion

_FOUND = outcome.c.finding.in_([Finding.ILLEGAL.value, Finding.AGAINST_TERMS.value])
_TENTH = sa.func.least(9, sa.func.floor(opinion.c.score * 10)).cast(sa.Integer)


def judged(
    tx: Tx,
    classifier: str,
    version: str,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[Judged]:
    """Return what came of the items of which this version of a classifier had an opinion.

    An item counts once for each purpose for which its outcome stands; a rehearsal's count like others. since,
    before: when the opinion was heard, inclusive and exclusive.
    """
    listed = sa.exists().where(match.c.item_id == opinion.c.item_id)
    way = sa.case(
        (listed, Way.LISTED.value),
        (audit_draw.c.item_id.is_not(None), Way.DRAWN.value),
        else_=Way.ASKED.value,
    )
    asked = [
        opinion.c.classifier == classifier,
        opinion.c.version == version,
        opinion.c.band.is_not(None),
        STANDS,
    ]
    if since is not None:
        asked.append(opinion.c.heard_at >= since)
    if before is not None:
        asked.append(opinion.c.heard_at < before)
    each = (
        sa.select(
            way.label("way"),
            opinion.c.band,
            _TENTH.label("tenth"),
            audit_sample_day.c.id.label("day_id"),
            audit_sample_day.c.chosen,
            audit_sample_day.c.share,
            _FOUND.label("found"),
        )
        .join(outcome, outcome.c.item_id == opinion.c.item_id)
        .outerjoin(audit_draw, audit_draw.c.item_id == opinion.c.item_id)
        .outerjoin(audit_sample_day, audit_sample_day.c.id == audit_draw.c.day_id)
        .where(*asked)
        .subquery()
    )
    parts = (each.c.way, each.c.band, each.c.tenth, each.c.day_id, each.c.chosen, each.c.share)
    counted = sa.select(
        *parts, sa.func.count().label("items"), sa.func.count().filter(each.c.found).label("found")
    ).group_by(*parts)
    return [_judged(row) for row in tx.run(counted)]


def _judged(row: sa.Row[tuple[object, ...]]) -> Judged:
    way = Way(row.way)
    drawn = SampleDay(UUID(str(row.day_id)), row.chosen, row.share) if way is Way.DRAWN else None
    return Judged(way=way, band=Band(row.band), tenth=row.tenth, items=row.items, found=row.found, day=drawn)
