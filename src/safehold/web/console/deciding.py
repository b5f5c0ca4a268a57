"""Deciding: filing an assessment, setting a part, approving a step, reversing an outcome."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import console_alike, policy_text, proposals
from safehold.app.program import Program
from safehold.app.review_policy import review_policy
from safehold.model.answers import Form
from safehold.model.assessment import ImageryForm
from safehold.model.case import SubjectPart
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import (
    AssessmentId,
    CaseId,
    ItemId,
    OutcomeId,
    ProposalId,
    SubjectId,
    UserId,
)
from safehold.model.item import ItemKind
from safehold.model.permissions import Permission
from safehold.review import same, settle, sitting, subjects
from safehold.review.admission import admit
from safehold.review.cases import existing_case
from safehold.review.facts import has_another, kind_of
from safehold.review.reopening import BY_PEOPLE
from safehold.review.settle import ReversalReason
from safehold.web.console.alike import path_to
from safehold.web.console.case import case_again
from safehold.web.console.forms import shown_again
from safehold.web.console.pages import go
from safehold.web.console.questions import read_conduct, read_imagery
from safehold.web.console.queue import onwards
from safehold.web.console.session import form_of
from safehold.web.console.sitting import read_rows
from safehold.web.guard import actor_of, needs

Word = TypeVar("Word", bound=StrEnum)


def add_deciding(router: APIRouter, program: Program) -> None:
    """Add every decision that a case page asks for."""
    _add_assessing(router, program)
    _add_parts(router, program)
    _add_proposals(router, program)
    _add_reversing(router, program)


def _add_assessing(router: APIRouter, program: Program) -> None:
    @router.post("/console/cases/{case_id}/items/{item_id}/assessment")
    @needs(Permission.CASE_ASSESS)
    @shown_again(partial(case_again, program))
    def assess(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """File an assessment and open what comes next: its copies, another item here, or the next case."""
        sent = form_of(request)
        more = _file(request, program, CaseId(case_id), ItemId(item_id), sent)
        with program.database.begin() as tx:
            copies = console_alike.has_copies(
                tx,
                program.settings,
                CaseId(case_id),
                ItemId(item_id),
                actor=actor_of(request),
                now=program.clock(),
            )
        if copies:
            return go(path_to(case_id, item_id), done="filed")
        return onwards(request, program, case_id, more)

    @router.post("/console/cases/{case_id}/items/{item_id}/same")
    @needs(Permission.CASE_ASSESS)
    @shown_again(partial(case_again, program))
    def decide_the_same(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """File what was found of the same picture elsewhere, and open what comes next."""
        analyst, sent = actor_of(request).analyst(), form_of(request)
        with program.database.begin() as tx:
            more = has_another(tx, CaseId(case_id), ItemId(item_id), analyst)
            same.decide_as_before(
                tx,
                CaseId(case_id),
                ItemId(item_id),
                _earlier(sent),
                by=analyst,
                policy_version=policy_text.beside(
                    tx, program.settings, shown=sent.get("policy", ""), now=program.clock()
                ),
                case_revision=_number(sent, "revision"),
                policy=review_policy(program.settings),
                record=program.recorder.record,
                now=program.clock(),
            )
        return onwards(request, program, case_id, more)


def _earlier(sent: dict[str, str]) -> AssessmentId:
    try:
        return AssessmentId(UUID(sent.get("earlier", "")))
    except ValueError:
        raise BadForm("earlier: it is missing.") from None


def _file(request: Request, program: Program, case_id: CaseId, item_id: ItemId, sent: dict[str, str]) -> bool:
    """File what was sent; say whether the case has another item that waits for a person."""
    analyst = actor_of(request).analyst()
    with program.database.begin() as tx:
        # What is wrong with a form would else tell what kind of case it is.
        admit(tx, case_id, analyst)
        purpose, kind = existing_case(tx, case_id).purpose, kind_of(tx, item_id)
        form = _read(program, purpose, kind, sent)
        shown = {}
        if isinstance(form, ImageryForm) and kind is ItemKind.PAGE:
            rows = sitting.shown_for(tx, case_id, item_id, viewer=analyst)
            mine = [each.item_id for each in rows if each.turn.may_file]
            shown = read_rows(sent, mine, form, purpose, us=program.settings.review.us_destination)
        return sitting.file_sitting(
            tx,
            case_id,
            item_id,
            form,
            shown,
            by=analyst,
            policy_version=policy_text.beside(
                tx, program.settings, shown=sent.get("policy", ""), now=program.clock()
            ),
            case_revision=_number(sent, "revision"),
            record=program.recorder.record,
            now=program.clock(),
        )


def _read(program: Program, purpose: Purpose, kind: ItemKind, sent: dict[str, str]) -> Form:
    if sent.get("form") == "conduct":
        return read_conduct(sent, purpose)
    page = kind is ItemKind.PAGE
    return read_imagery(sent, purpose, us=program.settings.review.us_destination, page=page)


def _add_parts(router: APIRouter, program: Program) -> None:
    @router.post("/console/cases/{case_id}/subjects/{subject_id}")
    @needs(Permission.CASE_ASSESS)
    @shown_again(partial(case_again, program))
    def set_part(request: Request, case_id: UUID, subject_id: UUID) -> Response:
        """Set what part somebody has in the case."""
        sent = form_of(request)
        with program.database.begin() as tx:
            subjects.set_part(
                tx,
                SubjectId(subject_id),
                _word(sent, "part", SubjectPart),
                by=actor_of(request).analyst(),
                revision=_number(sent, "revision"),
                now=program.clock(),
            )
        return _back(case_id, sent, "part")


def _add_proposals(router: APIRouter, program: Program) -> None:
    @router.post("/console/cases/{case_id}/proposals/{proposal_id}/approve")
    @needs(Permission.PROPOSAL_DECIDE)
    @shown_again(partial(case_again, program))
    def approve(request: Request, case_id: UUID, proposal_id: UUID) -> Response:
        """Let a planned step go ahead."""
        with program.database.begin() as tx:
            proposals.approve(
                tx,
                ProposalId(proposal_id),
                actor=actor_of(request),
                record=program.recorder.record,
                now=program.clock(),
            )
        return _back(case_id, form_of(request), "approved")

    @router.post("/console/cases/{case_id}/proposals/{proposal_id}/decline")
    @needs(Permission.PROPOSAL_DECIDE)
    @shown_again(partial(case_again, program))
    def decline(request: Request, case_id: UUID, proposal_id: UUID) -> Response:
        """Say no to a planned step."""
        with program.database.begin() as tx:
            proposals.decline(tx, ProposalId(proposal_id), actor=actor_of(request), now=program.clock())
        return _back(case_id, form_of(request), "declined")


def _add_reversing(router: APIRouter, program: Program) -> None:
    @router.post("/console/outcomes/{outcome_id}/reverse")
    @needs(Permission.CASE_REVERSE)
    @shown_again(partial(case_again, program))
    def reverse(request: Request, outcome_id: UUID) -> Response:
        """Undo an outcome; its item waits for an assessment again."""
        sent = form_of(request)
        reason = _word(sent, "reason", ReversalReason)
        if reason not in BY_PEOPLE:
            raise BadForm("reason: choose one.", field="reason")
        with program.database.begin() as tx:
            case_id = settle.reverse(
                tx,
                OutcomeId(outcome_id),
                by=UserId(actor_of(request).analyst()),
                reason_code=reason,
                policy=review_policy(program.settings),
                record=program.recorder.record,
                now=program.clock(),
            )
        return _back(case_id, sent, "reversed")


def _back(case_id: UUID, sent: dict[str, str], done: str) -> Response:
    """Lead back to the case, and to the item that was on screen."""
    try:
        shown = {"item": str(UUID(sent.get("item", "")))}
    except ValueError:
        shown = {}
    return go(f"/console/cases/{case_id}", done=done, **shown)


def _word(sent: dict[str, str], name: str, words: type[Word]) -> Word:
    try:
        return words(sent.get(name, ""))
    except ValueError:
        raise BadForm(f"{name}: choose one.") from None


def _number(sent: dict[str, str], name: str) -> int:
    try:
        return int(sent.get(name, ""))
    except ValueError:
        raise BadForm(f"{name}: it is missing.") from None
