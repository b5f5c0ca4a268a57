"""What review reads of other rooms' tables: matches, flags, holds, list settings, history. It writes none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Category, Finding
from safehold.model.exposure import ExposureKind, kind_of
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, FlagId, ItemId, MatchId, MediaId
from safehold.model.item import ItemKind
from safehold.model.match import Flag
from safehold.model.signal import PDQ, SignalTypeName, Turn
from safehold.storage import admission
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.audit import audit_record
from safehold.storage.cases import case_item
from safehold.storage.database import Tx
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.holds import hold
from safehold.storage.items import item
from safehold.storage.matches import flag, match
from safehold.storage.tables import is_among
from safehold.storage.withdrawn_matches import HAS_GONE

_LISTED = (
    sa.select(
        match,
        HAS_GONE.label("withdrawn"),
        hash_list.c.name,
        hash_list.c.purpose,
        hash_list.c.vetted,
        hash_list.c.max_distance,
        hash_list.c.hold_max_distance,
        hash_list.c.needs_second_source,
    )
    .join(hash_list, hash_list.c.id == match.c.list_id)
    .join(entry, entry.c.id == match.c.entry_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFacts:
    """A match beside what its list says of itself now.

    distance, max_distance, hold_max_distance: bits, inclusive. category, labels: the list's own words. turn:
    how the item has to be turned to match. withdrawn: whether the entry was taken off the list since.
    """

    id: MatchId
    item_id: ItemId
    list_name: str
    purpose: Purpose
    vetted: bool
    signal_type: SignalTypeName
    distance: int
    max_distance: int
    hold_max_distance: int
    needs_second_source: bool = False
    may_hold: bool
    category: str | None
    labels: tuple[str, ...]
    frame: int
    turn: Turn = Turn.NONE
    matched_at: datetime
    withdrawn: bool = False

    @property
    def vouched(self) -> bool:
        """Whether a vetted list knows the media this closely: its holding distance, or nearer.

        Where the list asks for a second source, that one must have confirmed it. An entry that was withdrawn
        vouches for nothing.
        """
        return self.would_vouch and not self.withdrawn

    @property
    def would_vouch(self) -> bool:
        """Whether it vouches, or did until its entry was withdrawn."""
        known = self.may_hold or not self.needs_second_source
        return self.vetted and known and self.near

    @property
    def near(self) -> bool:
        """Whether it is within the holding distance; for a type other than pdq, whether it may hold."""
        if self.signal_type == PDQ:
            return self.distance <= self.hold_max_distance
        return self.may_hold or self.distance == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFacts:
    """The hold of an item. released_at: None while it stands."""

    item_id: ItemId
    placed_at: datetime
    released_at: datetime | None
    release_reason: str | None

    @property
    def stands(self) -> bool:
        """Whether the item is blocked now."""
        return self.released_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierOutcome:
    """What people settled on an appearance of some media. It decides nothing about another appearance."""

    item_id: ItemId
    finding: Finding
    category: Category | None
    settled_at: datetime


KEPT = "scan.keep"
"""With this the history of an item begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One line of the audit log about a case or one of its items: ids, policy labels, counts."""

    at: datetime
    actor: str
    verb: str
    object: str
    detail: dict[str, Any]


def matches_of(tx: Tx, item_ids: Iterable[ItemId]) -> list[MatchFacts]:
    """Return the matches of these items: those that stand first, and of each kind the nearest."""
    order: tuple[sa.ColumnElement[Any], ...] = (sa.literal_column("withdrawn"), match.c.distance, match.c.id)
    statement = _LISTED.where(is_among(match.c.item_id, item_ids)).order_by(*order)
    return [_match(row) for row in tx.run(statement)]


def sorts_of_matches(tx: Tx, case_id: CaseId) -> list[MatchFacts]:
    """Return the nearest match of each sort in a case: of one list, category and signal type, gone or not."""
    sort = (match.c.list_id, match.c.signal_type, match.c.category, match.c.may_hold)
    ours = sa.select(case_item.c.item_id).where(case_item.c.case_id == case_id)
    statement = (
        _LISTED.where(match.c.item_id.in_(ours))
        .ext(postgresql.distinct_on(*sort, sa.literal_column("withdrawn")))
        .order_by(*sort, sa.literal_column("withdrawn"), match.c.distance, match.c.id)
    )
    return [_match(row) for row in tx.run(statement)]


def flags_of_case(tx: Tx, case_id: CaseId) -> list[Flag]:
    """Return the strongest flag of a case, if it has any."""
    ours = sa.select(case_item.c.item_id).where(case_item.c.case_id == case_id)
    statement = sa.select(flag).where(flag.c.item_id.in_(ours)).order_by(flag.c.score.desc()).limit(1)
    return [_flag(row) for row in tx.run(statement)]


def kinds_of_items(tx: Tx, item_ids: Iterable[ItemId], purpose: Purpose) -> dict[ItemId, ExposureKind]:
    """Return what one would look at in each of these items, as far as lists of this purpose tell."""
    named = (
        sa.select(match.c.item_id, match.c.category)
        .join(hash_list, hash_list.c.id == match.c.list_id)
        .where(hash_list.c.purpose == purpose.value)
        .subquery()
    )
    statement = (
        sa.select(item.c.id, item.c.kind, sa.func.array_agg(named.c.category).label("categories"))
        .outerjoin(named, named.c.item_id == item.c.id)
        .where(item.c.id.in_(list(item_ids)))
        .group_by(item.c.id)
    )
    return {
        ItemId(row.id): kind_of(purpose, row.categories, conversation=row.kind == ItemKind.MESSAGES.value)
        for row in tx.run(statement)
    }


def flags_of(tx: Tx, item_ids: Iterable[ItemId]) -> list[tuple[ItemId, Flag]]:
    """Return the flags of these items, oldest first."""
    statement = (
        sa.select(flag).where(is_among(flag.c.item_id, item_ids)).order_by(flag.c.flagged_at, flag.c.id)
    )
    return [(ItemId(row.item_id), _flag(row)) for row in tx.run(statement)]


def holds_of(tx: Tx, item_ids: Iterable[ItemId]) -> dict[ItemId, HoldFacts]:
    """Return the newest hold of each of these items that was ever held."""
    statement = (
        sa.select(hold)
        .where(hold.c.item_id.in_(list(item_ids)))
        .order_by(hold.c.released_at.is_(None), hold.c.placed_at, hold.c.id)
    )
    return {
        ItemId(row.item_id): HoldFacts(
            item_id=ItemId(row.item_id),
            placed_at=row.placed_at,
            released_at=row.released_at,
            release_reason=row.release_reason,
        )
        for row in tx.run(statement)
    }


def earlier_outcomes(
    tx: Tx, media_ids: Iterable[MediaId], *, reader: UUID | None = None
) -> list[tuple[MediaId, EarlierOutcome]]:
    """Return the standing outcomes of every appearance of these media, oldest first.

    reader: those alone in cases of which this person may know.
    """
    known = sa.true() if reader is None else admission.of_user_and_case(outcome.c.case_id, reader)
    statement = (
        sa.select(item.c.media_id, outcome)
        .join(outcome, outcome.c.item_id == item.c.id)
        .where(item.c.media_id.in_(list(media_ids)), STANDS, known)
        .order_by(outcome.c.settled_at, outcome.c.id)
    )
    return [
        (
            MediaId(row.media_id),
            EarlierOutcome(
                item_id=ItemId(row.item_id),
                finding=Finding(row.finding),
                category=Category(row.category) if row.category else None,
                settled_at=row.settled_at,
            ),
        )
        for row in tx.run(statement)
    ]


def history_of(tx: Tx, objects: Iterable[str], *, most: int | None = None) -> list[HistoryLine]:
    """Return the audit records about these objects, such as "case:018f…", oldest first; the newest `most`.

    Of what happened in one instant, that something was kept comes first: all else about it follows from that.
    """
    statement = (
        sa.select(audit_record)
        .where(audit_record.c.object.in_(list(objects)))
        .order_by(audit_record.c.at.desc(), audit_record.c.verb == KEPT, audit_record.c.id.desc())
        .limit(most)
    )
    found = [
        HistoryLine(at=row.at, actor=row.actor, verb=row.verb, object=row.object, detail=dict(row.detail))
        for row in tx.run(statement)
    ]
    return found[::-1]


def _match(row: Any) -> MatchFacts:
    return MatchFacts(
        id=MatchId(row.id),
        item_id=ItemId(row.item_id),
        list_name=row.name,
        purpose=Purpose(row.purpose),
        vetted=row.vetted,
        signal_type=SignalTypeName(row.signal_type),
        distance=row.distance,
        max_distance=row.max_distance,
        hold_max_distance=row.hold_max_distance,
        needs_second_source=row.needs_second_source,
        may_hold=row.may_hold,
        category=row.category,
        labels=tuple(row.labels),
        frame=row.frame,
        turn=Turn(row.turn),
        matched_at=row.matched_at,
        withdrawn=row.withdrawn,
    )


def _flag(row: Any) -> Flag:
    return Flag(id=FlagId(row.id), source=row.source, score=row.score, reason=row.reason, against=row.against)
