"""The checklist on the page of a report: what people entered, and the form by which they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import authority_checklists
from safehold.app.authority_letters import Reading
from safehold.app.authority_reports import Desk
from safehold.app.program import Program
from safehold.authorities.checklist import Checklist, Entered, EnteredValue, ScheduleItem, State
from safehold.authorities.entries import Filled
from safehold.model.errors import BadForm, SafeholdError
from safehold.model.ids import AuthorityReportId, PaperId
from safehold.model.permissions import Permission
from safehold.web.console.forms import Form, Show, shown_again
from safehold.web.console.pages import go
from safehold.web.console.session import form_of
from safehold.web.guard import actor_of, needs

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What the form of a checklist stands at.

    held: with the words that were entered, where they could be opened for this person. is_open: whether
    something can be filled in. chosen: the item that was asked for, with what stands there. free: items for
    which nothing was entered. unread: whether words were entered that could not be opened.
    """

    held: Checklist
    is_open: bool
    free: tuple[ScheduleItem, ...] = ()
    chosen: ScheduleItem | None = None
    stands: EnteredValue | None = field(default=None, repr=False)
    was: str = ""
    unread: bool = False

    @property
    def state(self) -> str:
        """Return the state that is chosen at first."""
        no = self.stands is not None and not self.stands.values
        return (State.NOT_HELD if no else State.VALUE).value

    @property
    def text(self) -> str:
        """Return what stands in the field at first."""
        if self.stands is None:
            return ""
        return "\n".join(self.stands.values) or self.stands.not_held


def filling_of(
    program: Program, request: Request, reading: Reading, form: Form, *, may_decide: bool
) -> Filling | None:
    """Return how the form of a report stands, None for one without a checklist.

    What was entered is opened, on record, for those who may send the report, and for nobody else.
    """
    if reading.checklist is None:
        return None
    report, entries = reading.sheet.report, reading.entries
    words: Entered = {}
    if may_decide and entries:
        try:
            words = authority_checklists.opened(
                program.database, program.reader, report.id, actor=actor_of(request)
            )
        except SafeholdError as error:
            # A reader that is down keeps nobody from reading and sending the rest.
            _log.warning("entries_unread", report_id=str(report.id), error_code=error.code)
    asked = form.typed("item") or request.query_params.get("fill", "")
    chosen = ScheduleItem(asked) if asked in set(ScheduleItem) else None
    standing = entries.get(chosen) if chosen is not None else None
    return Filling(
        held=authority_checklists.with_words(reading.checklist, words),
        is_open=may_decide and report.state.is_open,
        free=tuple(each for each in ScheduleItem if each not in entries),
        chosen=chosen,
        stands=words.get(chosen) if chosen is not None else None,
        was=str(standing.paper_id) if standing is not None else "",
        unread=bool(entries) and not words,
    )


def add_filling_in(router: APIRouter, program: Program, address: str, show: Show) -> None:
    """Add filling in an item of the checklist. address: of a report. show: its page."""

    @router.post(address + "/checklist")
    @needs(Permission.AUTHORITY_READ)
    @shown_again(show)
    def fill(request: Request, report_id: UUID) -> Response:
        """Enter a value for an item, or why there is none, or that nobody has looked yet."""
        said = form_of(request)
        item = said.get("item", "")
        if item not in set(ScheduleItem):
            raise BadForm("item: choose one.", field="item")
        value = authority_checklists.as_entered(
            ScheduleItem(item), said.get("state", ""), said.get("value", ""), clock=program.clock
        )
        Desk.of(program).fill(
            AuthorityReportId(report_id),
            [Filled(ScheduleItem(item), value, _was(said.get("was", "")))],
            vault=program.vault,
            actor=actor_of(request),
        )
        return go(f"{address.format(report_id=report_id)}", done="authority-filled")


def _was(said: str) -> PaperId | None:
    try:
        return PaperId(UUID(said)) if said else None
    except ValueError:
        raise BadForm("was: it is no id.") from None
