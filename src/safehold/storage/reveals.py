"""Reveals: each deliberate, logged showing of a rendition to one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from safehold.model.assessment import Tier
from safehold.model.exposure import Again, ExposureKind
from safehold.model.ids import CaseId, ItemId, RevealId, SessionId, UserId
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

reveal = sa.Table(
    "reveal",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("case_id", sa.ForeignKey("review_case.id"), nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id"), nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("fetched_at", Instant),
    sa.Column("closed_at", Instant),
    # Until when it may last: a minute at most, less where less of the person's budget is left.
    sa.Column("ends_by", Instant, nullable=False),
    # What was known of it before looking, and what a second of that counts, in hundredths.
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("weight", sa.SmallInteger, nullable=False),
    # Why it was shown to somebody who had seen it elsewhere; NULL where they had not.
    sa.Column("again", sa.Text),
    # Of the ticket that fetches this showing, until it is used. The ticket itself is kept nowhere.
    sa.Column("token_digest", sa.LargeBinary, unique=True),
    # The session in which it was asked for: a ticket does not outlive it.
    sa.Column("session_id", Uuid),
    one_of("tier", Tier),
    sa.CheckConstraint("tier <> 'none'", name="shows_something"),
    sa.CheckConstraint("fetched_at >= opened_at and closed_at >= opened_at", name="in_order"),
    one_of("kind", ExposureKind),
    one_of("again", Again),
    sa.CheckConstraint("weight >= 100", name="never_counts_for_less"),
    sa.CheckConstraint(
        "ends_by > opened_at and ends_by <= opened_at + interval '60 seconds'", name="a_minute_at_most"
    ),
    sa.CheckConstraint("fetched_at <= ends_by and closed_at <= ends_by", name="within_what_is_left"),
    sa.Index("ix_reveal_item_id", "item_id"),
    sa.Index("ix_reveal_user_day", "user_id", "opened_at"),
)

owned_by("review", reveal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """One showing: opened, then fetched once, then closed. Never fetched: nothing was seen.

    ends_by: until when it may last. kind: what was known before looking. weight: of a second, in hundredths.
    again: why it was shown to somebody who had seen it elsewhere.
    """

    id: RevealId
    user_id: UserId
    case_id: CaseId
    item_id: ItemId
    tier: Tier
    opened_at: datetime
    ends_by: datetime
    kind: ExposureKind
    weight: int
    again: Again | None = None
    fetched_at: datetime | None = None
    closed_at: datetime | None = None
    session_id: SessionId | None = None


@writes(reveal)
def insert(tx: Tx, opened: Reveal) -> None:
    """Record a reveal that has just been opened."""
    tx.run(
        reveal.insert().values(
            id=opened.id,
            user_id=opened.user_id,
            case_id=opened.case_id,
            item_id=opened.item_id,
            tier=opened.tier.value,
            opened_at=opened.opened_at,
            ends_by=opened.ends_by,
            kind=opened.kind.value,
            weight=opened.weight,
            again=opened.again.value if opened.again else None,
        )
    )


def get(tx: Tx, reveal_id: RevealId, *, for_change: bool = False) -> Reveal | None:
    """Return one reveal, None when there is none. for_change: nobody else changes it until the end."""
    statement = sa.select(reveal).where(reveal.c.id == reveal_id)
    row = tx.run(statement.with_for_update() if for_change else statement).first()
    return _reveal(row) if row else None


@writes(reveal)
def set_ticket(tx: Tx, reveal_id: RevealId, *, token_digest: bytes, session_id: SessionId) -> None:
    """Record the digest of the ticket that fetches this showing, and the session it was asked for in."""
    values = {"token_digest": token_digest, "session_id": session_id}
    tx.run(reveal.update().where(reveal.c.id == reveal_id).values(values))


def by_ticket(tx: Tx, token_digest: bytes) -> Reveal | None:
    """Return the showing that an unused ticket is for, locked until the end; None when there is none."""
    statement = sa.select(reveal).where(reveal.c.token_digest == token_digest).with_for_update()
    row = tx.run(statement).first()
    return _reveal(row) if row else None


@writes(reveal)
def use_ticket(tx: Tx, reveal_id: RevealId) -> None:
    """Forget the ticket of a showing: it fetches nothing any more."""
    tx.run(reveal.update().where(reveal.c.id == reveal_id).values(token_digest=None))


@writes(reveal)
def set_fetched(tx: Tx, reveal_id: RevealId, *, at: datetime) -> None:
    """Record that the bytes are about to be sent."""
    tx.run(reveal.update().where(reveal.c.id == reveal_id).values(fetched_at=at))


@writes(reveal)
def set_closed(tx: Tx, reveal_id: RevealId, *, at: datetime) -> None:
    """Record that the showing ended."""
    tx.run(reveal.update().where(reveal.c.id == reveal_id).values(closed_at=at))


@writes(reveal)
def close_overdue(tx: Tx, *, now: datetime) -> list[RevealId]:
    """Close what may last no longer, as ended when it had to, and return which those were."""
    statement = (
        reveal.update()
        .where(reveal.c.closed_at.is_(None), reveal.c.ends_by < now)
        .values(closed_at=reveal.c.ends_by)
        .returning(reveal.c.id)
    )
    return [RevealId(row.id) for row in tx.run(statement)]


def opened_since(tx: Tx, user_id: UserId, since: datetime) -> int:
    """Return how many showings this person has asked for after an instant."""
    statement = sa.select(sa.func.count()).where(reveal.c.user_id == user_id, reveal.c.opened_at > since)
    return int(tx.run(statement).scalar_one())


def tiers_seen(tx: Tx, user_id: UserId, item_id: ItemId) -> set[Tier]:
    """Return the tiers in which this person was sent this item."""
    statement = (
        sa.select(reveal.c.tier)
        .where(reveal.c.user_id == user_id, reveal.c.item_id == item_id, reveal.c.fetched_at.is_not(None))
        .distinct()
    )
    return {Tier(row.tier) for row in tx.run(statement)}


def of_user(tx: Tx, user_id: UserId, *, since: datetime, until: datetime) -> list[Reveal]:
    """Return this person's showings that were opened between two instants, both inclusive, oldest first."""
    statement = (
        sa.select(reveal)
        .where(reveal.c.user_id == user_id, reveal.c.opened_at.between(since, until))
        .order_by(reveal.c.opened_at, reveal.c.id)
    )
    return [_reveal(row) for row in tx.run(statement)]


def time_looked(tx: Tx, user_id: UserId, *, since: datetime, until: datetime) -> timedelta:
    """Return how long this person looked between two instants."""
    ended = sa.func.least(sa.func.coalesce(reveal.c.closed_at, until), reveal.c.ends_by, until)
    began = sa.func.greatest(reveal.c.fetched_at, since)
    span = sa.func.greatest(ended - began, timedelta())
    statement = sa.select(sa.func.coalesce(sa.func.sum(span), timedelta())).where(
        reveal.c.user_id == user_id,
        reveal.c.fetched_at.is_not(None),
        reveal.c.ends_by > since,
        reveal.c.opened_at > since - timedelta(minutes=1),
        reveal.c.opened_at <= until,
    )
    looked: timedelta = tx.run(statement).scalar_one()
    return looked


def _reveal(row: Any) -> Reveal:
    return Reveal(
        id=RevealId(row.id),
        user_id=UserId(row.user_id),
        case_id=CaseId(row.case_id),
        item_id=ItemId(row.item_id),
        tier=Tier(row.tier),
        opened_at=row.opened_at,
        ends_by=row.ends_by,
        kind=ExposureKind(row.kind),
        weight=row.weight,
        again=Again(row.again) if row.again else None,
        fetched_at=row.fetched_at,
        closed_at=row.closed_at,
        session_id=SessionId(row.session_id) if row.session_id is not None else None,
    )
