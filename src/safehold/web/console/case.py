"""The case page: a sentence first, facts that make looking unnecessary, then the form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from safehold.app import authority_lists, console_alike, console_finding, console_view, conversation_words
from safehold.app.console_view import CaseSheet
from safehold.app.policy_text import policy_text
from safehold.app.program import Program
from safehold.app.review_policy import review_policy
from safehold.model.case import CaseState, SubjectPart
from safehold.model.errors import NotFound
from safehold.model.ids import CaseId, ItemId
from safehold.model.item import ItemKind
from safehold.model.permissions import Actor, Permission
from safehold.review import cases, conflicts, emergencies
from safehold.review.cases import PassReason
from safehold.review.facts import PAGE, ItemView, item_at
from safehold.review.priority import waiting
from safehold.review.reopening import BY_PEOPLE
from safehold.review.sitting import Sitting, sitting_of
from safehold.web.console.asking import AGE_BAND, Question
from safehold.web.console.forms import UNSENT, Form, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.questions import conduct_questions, imagery_questions, page_questions
from safehold.web.console.session import form_of, is_proven
from safehold.web.console.sitting import finding_choices
from safehold.web.console.words import happened
from safehold.web.guard import actor_of, needs
from safehold.web.language import _

_Place = Annotated[int | None, Query(alias="from", ge=0, lt=2**31)]
"""How many items come before those that are shown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a case stands towards whoever looks at it."""

    mine: bool
    """They hold it."""
    free: bool
    """They can take it."""
    holder: str | None
    """Who holds it instead."""


def add_case_pages(router: APIRouter, program: Program) -> None:
    """Add the case page, and taking a case, passing it on, putting it back."""
    again = shown_again(partial(case_again, program))

    @router.get("/console/cases/{case_id}")
    @needs(Permission.CASE_READ)
    def show(request: Request, case_id: UUID, item: UUID | None = None, start: _Place = None) -> Response:
        """Show a case with one of its items: this one, or the first of those from a place on."""
        chosen = ItemId(item) if item else None
        if start is not None and chosen is None:
            with program.database.begin() as tx:
                chosen = item_at(tx, CaseId(case_id), start)
        return show_case(request, program, CaseId(case_id), item_id=chosen)

    @router.post("/console/cases/{case_id}/take")
    @needs(Permission.CASE_ASSESS)
    @again
    def take(request: Request, case_id: UUID) -> Response:
        """Take this very case."""
        with program.database.begin() as tx:
            cases.take(tx, CaseId(case_id), actor_of(request).analyst(), program.clock())
        return go(f"/console/cases/{case_id}", done="taken")

    @router.post("/console/cases/{case_id}/pass")
    @needs(Permission.CASE_ASSESS)
    @again
    def pass_on(request: Request, case_id: UUID) -> Response:
        """Leave the case to others."""
        sent = form_of(request).get("reason", "")
        reason = PassReason(sent) if sent in set(PassReason) else PassReason.NOT_NOW
        with program.database.begin() as tx:
            cases.pass_on(tx, CaseId(case_id), actor_of(request).analyst(), reason, program.clock())
            if reason is PassReason.KNOWS_SOMEBODY:
                conflicts.declare_about_case(
                    tx, CaseId(case_id), actor=actor_of(request), now=program.clock()
                )
                return go("/console/queue", done="conflict")
        return go("/console/queue", done="passed")

    @router.post("/console/cases/{case_id}/release")
    @needs(Permission.CASE_ASSESS)
    @again
    def release(request: Request, case_id: UUID) -> Response:
        """Put the case back into the queue."""
        with program.database.begin() as tx:
            cases.held_case(tx, CaseId(case_id), actor_of(request).analyst(), now=program.clock())
            cases.release_lock(tx, CaseId(case_id), actor_of(request).analyst(), program.clock())
        return go("/console/queue", done="released")


def show_case(
    request: Request,
    program: Program,
    case_id: CaseId,
    *,
    item_id: ItemId | None = None,
    form: Form = UNSENT,
) -> Response:
    """Render the page. form: what could not be done; what was chosen in it stays chosen."""
    actor, now = actor_of(request), program.clock()
    may_assess = actor.may(Permission.CASE_ASSESS)
    with program.database.begin() as tx:
        sheet = console_view.case(tx, case_id, actor=actor, around=item_id, now=now)
        shown = chosen_item(sheet.view.items, item_id or sheet.view.next_item)
        standing = standing_of(sheet, actor, now)
        policy = review_policy(program.settings)
        beside = console_alike.beside(tx, program.settings, sheet.view.case, shown, actor=actor, now=now)
        near = console_finding.near(tx, case_id, shown, actor=actor)
        emergency = emergencies.standing_in(tx, case_id)
        reports = authority_lists.of_case(tx, case_id, actor=actor)
        sitting = sitting_of(tx, case_id, shown.item, viewer=actor.analyst()) if may_assess else Sitting()
        thread = conversation_words.stands(tx, shown.item.id, now=now) if shown.cues else None
        looking = console_view.looking(tx, sheet, shown, actor=actor, policy=policy, now=now)
    return page(
        request,
        program,
        "case.html",
        place="queue",
        form=form,
        sheet=sheet,
        case=sheet.view.case,
        item=shown,
        told=[line for line in sheet.view.history if happened(line)],
        index=sheet.view.first + sheet.view.items.index(shown),
        page=PAGE,
        waited=waiting(sheet.view.case, now),
        standing=standing,
        emergency=emergency,
        reports=reports,
        looking=looking,
        thread=thread,
        proven=is_proven(request, program),
        questions=_questions(program, sheet, shown)
        if _can_assess(standing, shown) or _was_sent(form, shown)
        else (),
        policy=policy_text(program.settings),
        near=near,
        beside=beside,
        sitting=sitting,
        sitting_findings=finding_choices(sheet.view.case.purpose),
        ages=AGE_BAND.choices,
        pass_reasons=list(PassReason),
        parts=list(SubjectPart),
        reversal_reasons=BY_PEOPLE,
    )


def case_again(program: Program, request: Request, form: Form) -> Response:
    """Show the case that a form was sent from, with the item that was on screen."""
    actor_of(request).require(Permission.CASE_READ)
    known = form_of(request) | request.path_params
    case_id, item_id = known.get("case_id", ""), known.get("item_id") or known.get("item")
    return show_case(
        request, program, CaseId(_id(case_id)), item_id=ItemId(_id(item_id)) if item_id else None, form=form
    )


def chosen_item(items: tuple[ItemView, ...], wanted: ItemId | None) -> ItemView:
    """Return the item that was asked for, else the first that waits for this very person, else the first.

    Raises NotFound when the case has no such item.
    """
    if wanted is not None:
        found = next((one for one in items if one.item.id == wanted), None)
        if found is None:
            raise NotFound("There is no such item in this case.")
        return found
    if not items:
        raise NotFound("This case has no items.")
    return next((one for one in items if one.turn.may_file), items[0])


def standing_of(sheet: CaseSheet, actor: Actor, now: datetime) -> Standing:
    """Say who holds a case, and whether this person can take it."""
    case = sheet.view.case
    holder = case.holder(now)
    may_assess = actor.may(Permission.CASE_ASSESS)
    by_other = holder is not None and holder != actor.user_id
    return Standing(
        mine=holder is not None and not by_other,
        free=may_assess and holder is None and case.state is CaseState.OPEN and sheet.view.concerns,
        holder=sheet.people.get(holder, _("somebody")) if holder is not None and by_other else None,
    )


def _id(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise NotFound("There is no such case.") from None


def _can_assess(standing: Standing, item: ItemView) -> bool:
    return standing.mine and item.turn.may_file


def _was_sent(form: Form, item: ItemView) -> bool:
    """Say whether an assessment of this item was just sent: what was chosen in it is not to be lost."""
    return item.turn.may_file and form.action.endswith(f"/items/{item.item.id}/assessment")


def _questions(program: Program, sheet: CaseSheet, item: ItemView) -> tuple[Question, ...]:
    purpose = sheet.view.case.purpose
    if item.item.kind is ItemKind.MESSAGES:
        return conduct_questions(purpose)
    if item.item.kind is ItemKind.PAGE:
        return page_questions(purpose)
    return imagery_questions(purpose, us=program.settings.review.us_destination)
