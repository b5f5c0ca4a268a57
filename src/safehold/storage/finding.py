"""Where somebody's id leads: to cases, by any id of ours or of the platform. It reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from safehold.model.assessment import Finding
from safehold.model.case import Case, CaseState, SubjectPart
from safehold.model.ids import AnalystId, CaseId, ItemId, UserId
from safehold.model.proposal import ProposalKind, ProposalState
from safehold.storage import admission, conflicts, golden
from safehold.storage.appeals import appeal
from safehold.storage.assessments import STANDS, assessment, outcome
from safehold.storage.cases import case_item, case_of, review_case
from safehold.storage.database import Tx
from safehold.storage.inbound_reports import inbound_report
from safehold.storage.items import item, item_context
from safehold.storage.media import bits_apart, media_signal, nearly_the_same
from safehold.storage.proposals import proposal
from safehold.storage.subjects import subject
from safehold.storage.tables import Uuid

_APPROVED = ProposalState.APPROVED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A case to which something leads. item_id: the item in it that was meant, None for the whole case."""

    case: Case
    item_id: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCase:
    """What became of a case about an account.

    part: the account's in it, None where it is no subject. waiting: of its items. findings: how many outcomes
    stand, by finding. actions: how many were approved, by kind.
    """

    case: Case
    part: SubjectPart | None
    items: int
    waiting: int
    findings: Mapping[Finding, int]
    actions: Mapping[ProposalKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An item of an open case that looks nearly like another. bits: by which their PDQ differ."""

    case: Case
    item_id: ItemId
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one may come across: cases of which they may know, but for those about which they have a conflict.

    Another person's golden item is nobody else's to find. user_id: None for whoever is no person, and may
    know of all. despite_conflicts: also cases about which they have a conflict, for a risk to life waits for
    nobody.
    """

    user_id: UserId | None
    despite_conflicts: bool = False

    def condition(self) -> sa.ColumnElement[bool]:
        """Return it for a statement over cases."""
        analyst = AnalystId(self.user_id) if self.user_id is not None else None
        seen = golden.not_of_others(review_case, analyst)
        if self.user_id is None:
            return seen
        seen &= admission.of_user_and_case(review_case.c.id, self.user_id)
        if self.despite_conflicts:
            return seen
        return seen & ~conflicts.of_user_and_case(review_case.c.id, self.user_id)


def by_number(tx: Tx, number: int, sight: Sight) -> list[Found]:
    """Return the case of this number, if there is one."""
    return _of_cases(tx, sa.select(review_case.c.id).where(review_case.c.number == number), sight, most=1)


def by_id(tx: Tx, wanted: UUID, sight: Sight, *, most: int) -> list[Found]:
    """Return the cases to which this id leads, the newest first, at most `most`.

    It may be that of a case, item, medium, assessment, outcome, proposal, appeal or inbound report.
    """
    items = sa.union_all(
        sa.select(sa.literal(wanted).label("id")),
        sa.select(item.c.id).where(item.c.media_id == wanted),
        sa.select(appeal.c.item_id).where(appeal.c.id == wanted),
        sa.select(inbound_report.c.item_id).where(inbound_report.c.id == wanted),
    )
    filed = [
        sa.select(table.c.case_id, table.c.item_id).where(table.c.id == wanted)
        for table in (assessment, outcome, proposal)
    ]
    whole = _of_cases(tx, sa.select(review_case.c.id).where(review_case.c.id == wanted), sight, most=most)
    in_cases = sa.union_all(
        sa.select(case_item.c.case_id, case_item.c.item_id).where(case_item.c.item_id.in_(items)), *filed
    )
    return whole or _of_places(tx, in_cases, sight, most=most)


def by_platforms_id(tx: Tx, wanted: str, sight: Sight, *, most: int) -> list[Found]:
    """Return the cases about the account, then those with the content, that a platform names so."""
    content = (
        sa.select(case_item.c.case_id, case_item.c.item_id)
        .join(item_context, item_context.c.item_id == case_item.c.item_id)
        .where(item_context.c.content_id == wanted)
    )
    found = _of_cases(tx, _about(wanted), sight, most=most)
    return found + _of_places(tx, content, sight, most=most - len(found))


def of_account(tx: Tx, account_id: str, sight: Sight, *, most: int) -> list[AccountCase]:
    """Return the cases about an account, or with it as a subject, the newest first; see `AccountCase`."""
    cases = [found.case for found in _of_cases(tx, _about(account_id), sight, most=most)]
    ids = [case.id for case in cases]
    parts = tx.run(
        sa.select(subject.c.case_id, subject.c.part).where(
            subject.c.case_id.in_(ids), subject.c.account_id == account_id
        )
    )
    part_in = {row.case_id: SubjectPart(row.part) for row in parts}
    return [
        AccountCase(
            case=case,
            part=part_in.get(case.id),
            items=sum(count for _, count in waits.items()),
            waiting=sum(count for state, count in waits.items() if state is not None),
            findings={Finding(name): count for name, count in found.items() if name is not None},
            actions={ProposalKind(name): count for name, count in done.items() if name is not None},
        )
        for case, waits, found, done in zip(
            cases,
            _counts(tx, ids, case_item.c.case_id, case_item.c.waits_for),
            _counts(tx, ids, outcome.c.case_id, outcome.c.finding, STANDS),
            _counts(tx, ids, proposal.c.case_id, proposal.c.kind, proposal.c.state == _APPROVED),
            strict=True,
        )
    ]


def near(
    tx: Tx, item_id: ItemId, case: Case, sight: Sight, *, among: Collection[CaseId], bits: int, most: int
) -> list[Near]:
    """Return items of other open cases whose picture is within so many bits of this item's, nearest first.

    case: the item's; a rehearsal is compared with rehearsals. among: with which cases; they are compared one
    by one. Pictures without detail are not compared, for their fingerprints are alike without their being so.
    """
    own, other = media_signal.alias("own"), media_signal.alias("other")
    of_item = item.alias("of_item")
    apart = bits_apart(own, other)
    # One value: thousands of parameters would take longer than what is asked.
    compared = sa.cast(list(among), postgresql.ARRAY(Uuid))
    found = (
        sa.select(
            case_item.c.case_id,
            item.c.id.label("near_item"),
            sa.func.min(apart).label("bits"),
        )
        .select_from(of_item)
        .join(own, own.c.media_id == of_item.c.media_id)
        .join(case_item, case_item.c.case_id == sa.any_(compared))
        .join(item, item.c.id == case_item.c.item_id)
        .join(other, other.c.media_id == item.c.media_id)
        .where(
            of_item.c.id == item_id,
            case_item.c.case_id != case.id,
            item.c.media_id != of_item.c.media_id,
            nearly_the_same(own, other, bits=bits),
        )
        .group_by(case_item.c.case_id, item.c.id)
        .cte("found")
        .prefix_with("materialized")
    )
    # Who may know of a case is dear to ask: it is asked of the few cases with something near.
    statement = (
        sa.select(review_case, found.c.near_item, found.c.bits)
        .join(found, found.c.case_id == review_case.c.id)
        .where(
            review_case.c.state == CaseState.OPEN.value,
            review_case.c.rehearsal == case.rehearsal,
            sight.condition(),
        )
        .order_by(found.c.bits, found.c.near_item)
        .limit(most)
    )
    return [
        Near(case=case_of(row), item_id=ItemId(row.near_item), bits=row.bits) for row in tx.run(statement)
    ]


def _of_cases(tx: Tx, wanted: sa.Select[tuple[UUID]], sight: Sight, *, most: int) -> list[Found]:
    statement = (
        sa.select(review_case)
        .where(review_case.c.id.in_(wanted), sight.condition())
        .order_by(review_case.c.opened_at.desc(), review_case.c.id.desc())
        .limit(most)
    )
    return [Found(case=case_of(row)) for row in tx.run(statement)]


def _of_places(tx: Tx, places: sa.SelectBase, sight: Sight, *, most: int) -> list[Found]:
    place = places.subquery()
    statement = (
        sa.select(review_case, place.c.item_id.label("found_item"))
        .distinct()
        .join(place, place.c.case_id == review_case.c.id)
        .where(sight.condition())
        .order_by(review_case.c.opened_at.desc(), review_case.c.id.desc(), place.c.item_id)
        .limit(most)
    )
    return [Found(case=case_of(row), item_id=ItemId(row.found_item)) for row in tx.run(statement)]


def _about(account_id: str) -> sa.Select[tuple[UUID]]:
    as_subject = sa.select(subject.c.case_id).where(subject.c.account_id == account_id)
    return sa.select(review_case.c.id).where(
        sa.or_(review_case.c.account_id == account_id, review_case.c.id.in_(as_subject))
    )


def _counts(
    tx: Tx, ids: list[CaseId], case: sa.Column[UUID], what: sa.Column[str], *where: sa.ColumnElement[bool]
) -> list[dict[str | None, int]]:
    """Return for each of these cases how many rows there are of each value."""
    statement = sa.select(case.label("of"), what.label("what"), sa.func.count().label("times"))
    counted: dict[CaseId, dict[str | None, int]] = {one: {} for one in ids}
    for row in tx.run(statement.where(case.in_(ids), *where).group_by(case, what)):
        counted[CaseId(row.of)][row.what] = int(row.times)
    return [counted[one] for one in ids]
