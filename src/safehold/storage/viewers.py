"""What the reader may know of a person: what they are, and whether a session of theirs stands. No secrets."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from safehold.model.ids import SessionId, UserId
from safehold.model.permissions import Role
from safehold.storage.database import Tx
from safehold.storage.sessions import session, that_stand
from safehold.storage.users import app_user


def roles_of(tx: Tx, user_id: UserId) -> frozenset[Role] | None:
    """Return the roles of a person, None when there is no such person or they are shut out."""
    statement = sa.select(app_user.c.roles).where(app_user.c.id == user_id, app_user.c.disabled_at.is_(None))
    row = tx.run(statement).first()
    return frozenset(Role(role) for role in row.roles) if row else None


def session_stands(tx: Tx, session_id: SessionId, user_id: UserId, *, now: datetime, idle: timedelta) -> bool:
    """Say whether this person's session stands, as `StoredSession.stands` says it."""
    statement = sa.select(sa.literal(1)).where(
        session.c.id == session_id,
        session.c.user_id == user_id,
        that_stand(now=now, idle=idle),
    )
    return tx.run(statement).first() is not None
