"""Checklist items as people fill them in: the words sealed, and who filled in what, and when, on record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from safehold.authorities import papers
from safehold.authorities.checklist import Entered, EnteredValue, ScheduleItem
from safehold.authorities.decisions import existing, require_sender
from safehold.model.authority_report import DestinationKind
from safehold.model.errors import BadForm, Conflict, StaleRevision
from safehold.model.ids import AuthorityReportId, PaperId, UserId
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage import checklist_entries as rows
from safehold.storage.authority_papers import PaperKind
from safehold.storage.checklist_entries import ChecklistEntry
from safehold.storage.database import Tx
from safehold.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody says of an item. value: None for nobody having looked yet. was: see `fill`."""

    item: ScheduleItem
    value: EnteredValue | None
    was: PaperId | None = None


def fill(
    tx: Tx,
    vault: Vault,
    report_id: AuthorityReportId,
    filled: Iterable[Filled],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Enter what somebody says of items; what was entered for them before is over.

    Each names what stood there when they began, by its paper, None for nothing. The words are sealed; what
    they replace stays sealed, opened by nobody, until the papers of the report go. Raises NotAllowed,
    NotFound; Conflict for a report that is not open or has no checklist; StaleRevision where something else
    stands there.
    """
    report = existing(tx, report_id)
    by = require_sender(report, actor)
    if report.kind is not DestinationKind.UK_NCA:
        raise Conflict("This authority asks for no checklist.")
    if not report.state.is_open:
        raise Conflict(
            "This report is not open any more.", advice="What is found later follows as a supplement."
        )
    stands = {each.item: each.paper_id for each in rows.of_report(tx, report_id)}
    for each in filled:
        if stands.get(each.item.value) != each.was:
            raise StaleRevision(
                "Somebody has filled this in before.", advice="Look at what stands there, then change it."
            )
        _put(tx, vault, report_id, each, by, now)
        audit.append(
            tx,
            at=now,
            actor=actor.label,
            verb="authority_report.fill",
            object=f"authority_report:{report_id}",
            detail={"case": str(report.case_id), "item": each.item.value, "state": _state(each.value)},
        )


def _put(
    tx: Tx, vault: Vault, report_id: AuthorityReportId, filled: Filled, by: UserId, now: datetime
) -> None:
    if filled.value is None:
        rows.remove(tx, report_id, filled.item.value)
        return
    paper_id = papers.add(tx, vault, report_id, PaperKind.ENTERED, as_paper(filled.value), now=now)
    rows.put(
        tx,
        ChecklistEntry(
            report_id=report_id,
            item=filled.item.value,
            has_value=bool(filled.value.values),
            paper_id=paper_id,
            entered_by=by,
            entered_at=now,
        ),
    )


def of_report(tx: Tx, report_id: AuthorityReportId) -> dict[ScheduleItem, ChecklistEntry]:
    """Return what was entered for a report, without the words."""
    return {ScheduleItem(each.item): each for each in rows.of_report(tx, report_id)}


def unopened(entries: Mapping[ScheduleItem, ChecklistEntry]) -> Entered:
    """Return entries as a checklist takes them, where nobody has opened the words."""
    return {
        item: EnteredValue(values=(SEALED,)) if each.has_value else EnteredValue(not_held=SEALED)
        for item, each in entries.items()
    }


SEALED = "entered by hand, and sealed"
"""What stands for words that nobody has opened."""


def as_paper(value: EnteredValue) -> bytes:
    """Return what was entered as it is sealed."""
    said = {"values": list(value.values)} if value.values else {"not_held": value.not_held}
    return json.dumps(said, ensure_ascii=False).encode()


def of_paper(paper: bytes) -> EnteredValue:
    """Return what `as_paper` wrote. Raises BadForm for anything else."""
    try:
        said = json.loads(paper)
        return EnteredValue(values=tuple(map(str, said.get("values", ()))), not_held=said.get("not_held", ""))
    except (ValueError, AttributeError, TypeError):
        raise BadForm("This is nothing that was entered for a checklist.") from None


def _state(value: EnteredValue | None) -> str:
    if value is None:
        return "not_yet_looked"
    return "value" if value.values else "not_held"
