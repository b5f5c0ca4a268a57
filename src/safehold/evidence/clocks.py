"""Starting retention clocks: what a filed report asks for, and the operator's term where no law says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from safehold.evidence import clock_records, retention
from safehold.model.authority_report import DestinationKind, Relation
from safehold.model.events import AuthorityReportFiled
from safehold.model.ids import ClockId, MediaId
from safehold.model.permissions import Actor, system_actor
from safehold.model.retention import OPERATOR_TERM, Basis
from safehold.storage import authority_reports, unfiled
from safehold.storage import evidence as evidence_rows
from safehold.storage.database import Database, Tx

_ACTOR = system_actor("evidence.clocks")


def start(
    tx: Tx,
    *,
    media_ids: Collection[MediaId],
    basis: Basis,
    since: datetime,
    about: UUID,
    now: datetime,
    actor: Actor = _ACTOR,
    operator_term: timedelta = OPERATOR_TERM,
) -> list[ClockId]:
    """Start one clock for each of these media, and one for the papers of the report that they go back to.

    about: the authority report; for the operator's term the case. since: when it was filed, sent or issued; a
    date before the newest one on record of the same media is a clock that was wrong, and that one counts.
    The papers have a clock of their own on the two legal bases for contents; UK_REFERENCE is for the
    reference alone, and `media_ids` is not looked at then. The operator's term is for media alone.

    Return the clocks that are new. Those that run already on this basis about the same stay as they are, so
    doing it again changes nothing. One audit record for each. It waits for whoever is at the same media.
    Raises ValueError for a hold and an order: people set those, see `orders`.
    """
    if not (basis.keeps_media or basis.keeps_papers):
        raise ValueError(f"{basis.value} is not started, a person sets it")
    begun, newest = [], [since]
    for media_id in sorted(set(media_ids)) if basis.keeps_media else ():
        retention.lock(tx, media_id)
        recorded = clock_records.newest_on_record(evidence_rows.histories(tx, media_id))
        newest.append(max([since, *recorded]))
        begun.append(
            _begin(tx, media_id, basis, newest[-1], about, now=now, actor=actor, operator_term=operator_term)
        )
        retention.keep(tx, media_id)
    if basis.keeps_papers:
        began = max(newest)
        begun.append(_begin(tx, None, basis, began, about, now=now, actor=actor, operator_term=operator_term))
    return [each for each in begun if each is not None]


BASES: Mapping[DestinationKind, tuple[Basis, ...]] = {
    DestinationKind.NCMEC_CYBERTIPLINE: (Basis.US_PRESERVATION,),
    DestinationKind.UK_NCA: (Basis.UK_CONTENT, Basis.UK_REFERENCE),
    DestinationKind.GENERIC: (Basis.OPERATOR_TERM,),
    DestinationKind.PARCEL: (Basis.OPERATOR_TERM,),
}
"""On which bases something is kept once a report to such a destination was filed."""


def start_of_report(
    tx: Tx, event: AuthorityReportFiled, *, operator_term: timedelta = OPERATOR_TERM, now: datetime
) -> None:
    """Handle authority_report_filed: what was told is kept for as long as the law behind it says.

    What was filed for practice has told nobody anything, and starts nothing. Doing it twice changes nothing.
    """
    report = authority_reports.get(tx, event.report_id)
    if report is None or report.filed_at is None or report.rehearsal:
        return
    told = authority_reports.items_of(tx, report.id)
    found = {evidence_rows.media_of_item(tx, one.item_id) for one in told}
    media = [] if report.relation is Relation.CORRECTION else sorted(one for one in found if one)
    for basis in BASES[report.kind]:
        start(
            tx,
            media_ids=media,
            basis=basis,
            since=report.filed_at,
            about=report.case_id if basis is Basis.OPERATOR_TERM else report.id,
            now=now,
            operator_term=operator_term,
        )


def start_operator_terms(database: Database, *, operator_term: timedelta, now: datetime, limit: int) -> int:
    """Start the operator's term for what was confirmed for its purposes and has none, from now on.

    That is what was confirmed before there were clocks, and what lost the step that does it. Return how many.
    """
    with database.begin() as tx:
        media = unfiled.without_operator_term(tx, limit=limit)
    for media_id, case_id in media:
        with database.begin() as tx:
            start(
                tx,
                media_ids=[media_id],
                basis=Basis.OPERATOR_TERM,
                since=now,
                about=case_id,
                now=now,
                operator_term=operator_term,
            )
    return len(media)


def _begin(
    tx: Tx,
    media_id: MediaId | None,
    basis: Basis,
    since: datetime,
    about: UUID,
    *,
    now: datetime,
    actor: Actor,
    operator_term: timedelta,
) -> ClockId | None:
    if basis is Basis.OPERATOR_TERM and media_id is not None:
        return clock_records.begin_operator_term(
            tx, media_id, about, since=since, term=operator_term, actor=actor, now=now
        )
    clock = clock_records.new_clock(media_id, basis, about, since=since, actor=actor)
    return clock_records.begin(tx, clock, actor=actor, now=now)
