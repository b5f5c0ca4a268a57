"""What came in for practice alone: media of rehearsal surfaces that matched test lists and nothing else."""

from __future__ import annotations

import sqlalchemy as sa

from safehold.model.hash_list import Purpose
from safehold.model.ids import MediaId
from safehold.storage.database import Tx
from safehold.storage.evidence import OF_CLOCKS, retention
from safehold.storage.hash_lists import hash_list
from safehold.storage.items import item
from safehold.storage.matches import flag, match


def destroyable(tx: Tx, *, limit: int) -> list[MediaId]:
    """Return sealed media that came for practice alone, with nothing confirmed of it and no clock."""
    statement = (
        sa.select(retention.c.media_id)
        .where(
            retention.c.destroy_at.is_not(None),
            retention.c.rule.not_in(OF_CLOCKS),
            _for_practice(retention.c.media_id),
        )
        .order_by(retention.c.media_id)
        .limit(limit)
    )
    return [MediaId(media_id) for media_id in tx.run(statement).scalars()]


def is_for_practice(tx: Tx, media_id: MediaId) -> bool:
    """Say whether some media came on rehearsal surfaces alone, for test lists alone, without a flag."""
    return bool(tx.run(sa.select(_for_practice(sa.literal(media_id, item.c.media_id.type)))).scalar_one())


def _for_practice(media_id: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    of_test_list = match.join(hash_list, hash_list.c.id == match.c.list_id)
    matched = sa.exists().select_from(of_test_list).where(match.c.item_id == item.c.id)
    earnest = sa.or_(
        ~item.c.rehearsal,
        ~matched,
        matched.where(hash_list.c.purpose != Purpose.TEST.value),
        sa.exists().where(flag.c.item_id == item.c.id),
    )
    came = sa.exists().where(item.c.media_id == media_id)
    return came & ~came.where(earnest)
