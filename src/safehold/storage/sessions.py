"""Sessions on the server: the present token, the one that is to follow it, and those that are spent.

Tokens are kept as digests. A browser is offered the next token first; the present one is spent when the
next comes back, so an answer that is lost on its way costs nobody their session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from safehold.model.ids import SessionId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, owned_by, writes

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("token_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("next_digest", sa.LargeBinary, unique=True),
    sa.Column("next_proved_at", Instant),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("form_token", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("must_enrol", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("rotated_at", Instant, nullable=False),
    sa.Column("proved_at", Instant),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_session_user_id", "user_id"),
)

spent_token = sa.Table(
    "spent_token",
    metadata,
    sa.Column("token_digest", sa.LargeBinary, primary_key=True),
    sa.Column("session_id", sa.ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    sa.Column("spent_at", Instant, nullable=False),
    sa.Index("ix_spent_token_session_id", "session_id"),
)

owned_by("app", session, spent_token)

SKEW = timedelta(seconds=30)
"""So far apart the clocks of several machines may be. What lies further ahead was noted by a wrong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A sign-in that lasts.

    form_token: what every form of this session must carry. client: a coarse description of the program
    behind it. proved_at: when the holder of the present token last proved who they are, None for never.
    must_enrol: nothing but adding a second factor is open to it.
    """

    id: SessionId
    token_digest: bytes
    user_id: UserId
    form_token: str
    client: str
    created_at: datetime
    last_seen_at: datetime
    rotated_at: datetime
    expires_at: datetime
    proved_at: datetime | None = None
    must_enrol: bool = False
    next_digest: bytes | None = None
    next_proved_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the id only."""
        return f"StoredSession({self.id})"

    def stands(self, *, now: datetime, idle: timedelta) -> bool:
        """Say whether it is neither over, nor at rest for so long, nor from a future that was taken back."""
        return now < self.expires_at and now - idle < self.last_seen_at <= now + SKEW


def that_stand(*, now: datetime, idle: timedelta) -> sa.ColumnElement[bool]:
    """Return as a condition what `StoredSession.stands` says."""
    seen = session.c.last_seen_at
    return (session.c.expires_at > now) & (seen > now - idle) & (seen <= now + SKEW)


@writes(session)
def insert_session(tx: Tx, opened: StoredSession) -> None:
    """Add a session."""
    tx.run(session.insert().values({column.name: getattr(opened, column.name) for column in session.c}))


def by_id(tx: Tx, session_id: SessionId) -> StoredSession | None:
    """Find a session by its id."""
    row = tx.run(sa.select(session).where(session.c.id == session_id)).mappings().first()
    return StoredSession(**row) if row else None


def by_token(tx: Tx, digest: bytes) -> StoredSession | None:
    """Find a session by the digest of its present token, or of the next one that it was offered."""
    its = (session.c.token_digest == digest) | (session.c.next_digest == digest)
    row = tx.run(sa.select(session).where(its)).mappings().first()
    return StoredSession(**row) if row else None


def by_spent_token(tx: Tx, digest: bytes) -> tuple[StoredSession, datetime] | None:
    """Find a session by the digest of a token that it has spent; return it with when that was."""
    joined = session.join(spent_token, spent_token.c.session_id == session.c.id)
    statement = (
        sa.select(session, spent_token.c.spent_at)
        .select_from(joined)
        .where(spent_token.c.token_digest == digest)
    )
    row = tx.run(statement).mappings().first()
    if row is None:
        return None
    return StoredSession(**{column.name: row[column.name] for column in session.c}), row["spent_at"]


def of_user(tx: Tx, user_id: UserId) -> list[StoredSession]:
    """Return the sessions of a person, the one that was used last first; some may be over."""
    statement = sa.select(session).where(session.c.user_id == user_id)
    found = tx.run(statement.order_by(session.c.last_seen_at.desc(), session.c.id)).mappings()
    return [StoredSession(**row) for row in found]


@writes(session)
def touch(tx: Tx, session_id: SessionId, now: datetime) -> None:
    """Note that a session is in use."""
    tx.run(session.update().where(session.c.id == session_id).values(last_seen_at=now))


@writes(session)
def offer(tx: Tx, found: StoredSession, following: bytes, *, no_proof_since: datetime) -> bool:
    """Name the token that follows the present one in its turn.

    False when another is present by now, or when one that carries a later proof is to follow: that one is
    for whoever proved it, and stays.
    """
    proven = session.c.next_proved_at > no_proof_since
    values = {"next_digest": following, "next_proved_at": None}
    done = session.update().where(_as_found(found), proven.is_not(True)).values(values)
    return tx.run(done).rowcount == 1


@writes(session)
def offer_proven(tx: Tx, found: StoredSession, following: bytes, *, proved_at: datetime) -> bool:
    """Name the token that follows the present one because of a proof, in place of any other.

    Once it is used, the session's proof is from that instant. False when another is present by now.
    """
    values = {"next_digest": following, "next_proved_at": proved_at}
    return tx.run(session.update().where(_as_found(found)).values(values)).rowcount == 1


@writes(session, spent_token)
def accept_next(tx: Tx, found: StoredSession, *, now: datetime) -> None:
    """Make the next token the present one and spend the one before. Doing so again changes nothing."""
    its = (session.c.id == found.id) & (session.c.next_digest == found.next_digest)
    values = {
        "token_digest": session.c.next_digest,
        "next_digest": None,
        "next_proved_at": None,
        "proved_at": sa.func.coalesce(session.c.next_proved_at, session.c.proved_at),
        "rotated_at": now,
    }
    if tx.run(session.update().where(its).values(values)).rowcount:
        spent = {"token_digest": found.token_digest, "session_id": found.id, "spent_at": now}
        tx.run(insert(spent_token).values(spent).on_conflict_do_nothing())


@writes(session)
def clear_enrolment(tx: Tx, user_id: UserId) -> None:
    """Open the sessions of a person fully: they have a second factor now."""
    tx.run(session.update().where(session.c.user_id == user_id).values(must_enrol=False))


@writes(session)
def delete(tx: Tx, session_id: SessionId, *, user_id: UserId | None = None) -> bool:
    """End one session; with user_id, only if it is theirs. False when there is none."""
    its = session.c.id == session_id
    if user_id is not None:
        its &= session.c.user_id == user_id
    return tx.run(session.delete().where(its)).rowcount == 1


@writes(session)
def delete_of(tx: Tx, user_id: UserId, *, but: SessionId | None = None) -> int:
    """End every session of a person, but for one if it is named, and return how many there were."""
    theirs = session.c.user_id == user_id
    if but is not None:
        theirs &= session.c.id != but
    return tx.run(session.delete().where(theirs)).rowcount


@writes(session)
def delete_ended(tx: Tx, *, now: datetime, idle: timedelta) -> int:
    """Remove sessions that do not stand any more; return how many there were."""
    return tx.run(session.delete().where(~that_stand(now=now, idle=idle))).rowcount


def _as_found(found: StoredSession) -> sa.ColumnElement[bool]:
    return (session.c.id == found.id) & (session.c.token_digest == found.token_digest)
