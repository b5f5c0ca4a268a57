"""The words of a conversation: what rules saw, for whoever holds the case; the whole, for two who agree."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from safehold.app import conversation_words
from safehold.app.conversation_words import MessageWords, Piece, Standing
from safehold.app.program import Program
from safehold.model.ids import CaseId, ItemId, ThreadRequestId
from safehold.model.permissions import Permission
from safehold.review import threads
from safehold.web.console.case import case_again
from safehold.web.console.forms import UNSENT, Form, changing, shown_again
from safehold.web.console.pages import go, page
from safehold.web.console.session import form_of, is_proven, require_proof, session_of
from safehold.web.guard import actor_of, needs
from safehold.web.language import N_

THREADS = "/console/threads"
_ITEM = "/console/cases/{case_id}/items/{item_id}"
STANDINGS = N_(
    {
        Standing.WAITS: "waits for a second person",
        Standing.AGREED: "agreed: both may read it",
        Standing.DECLINED: "declined",
        Standing.OVER: "its time is over",
    }
)


def add_conversation_words(router: APIRouter, program: Program) -> None:
    """Add showing what rules saw, asking for the whole, and the page where two people agree to that."""
    again = shown_again(partial(case_again, program))

    @router.post(_ITEM + "/words")
    @needs(Permission.CASE_REVEAL)
    @again
    def show_seen(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Show the words that rules saw. They are shown as an answer alone: no address leads to them."""
        told = conversation_words.read_seen(
            program.reader,
            CaseId(case_id),
            ItemId(item_id),
            actor=actor_of(request),
            session_id=session_of(request).session_id,
        )
        return _shown(program, request, told, back=f"/console/cases/{case_id}?item={item_id}", whole=False)

    @router.post(_ITEM + "/thread")
    @needs(Permission.CASE_THREAD)
    @again
    def ask(request: Request, case_id: UUID, item_id: UUID) -> Response:
        """Ask to read the whole."""
        reason = form_of(request).get("reason", "")
        with changing(request, program) as tx:
            threads.ask(
                tx, CaseId(case_id), ItemId(item_id), reason, actor=actor_of(request), now=program.clock()
            )
        return go(f"/console/cases/{case_id}", item=str(item_id), done="thread-asked")

    _add_agreeing(router, program)


def _add_agreeing(router: APIRouter, program: Program) -> None:
    show = partial(_threads_page, program)

    @router.get(THREADS)
    @needs(Permission.CASE_THREAD)
    def show_threads(request: Request) -> Response:
        """Show what was asked for last."""
        return show(request, UNSENT)

    @router.post(THREADS + "/{request_id}/agree")
    @needs(Permission.CASE_THREAD)
    @shown_again(show)
    def agree(request: Request, request_id: UUID) -> Response:
        """Agree, as somebody else than who asked."""
        with changing(request, program) as tx:
            threads.agree(tx, ThreadRequestId(request_id), actor=actor_of(request), now=program.clock())
        return go(THREADS, done="thread-agreed")

    @router.post(THREADS + "/{request_id}/decline")
    @needs(Permission.CASE_THREAD)
    @shown_again(show)
    def decline(request: Request, request_id: UUID) -> Response:
        """Say no, or take one's own request back."""
        with changing(request, program) as tx:
            threads.decline(tx, ThreadRequestId(request_id), actor=actor_of(request), now=program.clock())
        return go(THREADS, done="thread-declined")

    @router.post(THREADS + "/{request_id}/open")
    @needs(Permission.CASE_THREAD)
    @shown_again(show)
    def open_whole(request: Request, request_id: UUID) -> Response:
        """Show the whole, to one of the two. It is shown as an answer alone: no address leads to it."""
        require_proof(request, program)
        told = conversation_words.read_whole(
            program.reader,
            ThreadRequestId(request_id),
            actor=actor_of(request),
            session_id=session_of(request).session_id,
        )
        return _shown(program, request, told, back=THREADS, whole=True)


def _shown(
    program: Program, request: Request, told: tuple[MessageWords, ...], *, back: str, whole: bool
) -> Response:
    place = "threads" if whole else "queue"
    return page(
        request,
        program,
        "conversation_words.html",
        place=place,
        told=told,
        back=back,
        whole=whole,
        pieces=Piece,
    )


def _threads_page(program: Program, request: Request, form: Form) -> Response:
    with program.database.begin() as tx:
        shown = conversation_words.requests(tx, actor=actor_of(request), now=program.clock())
    return page(
        request,
        program,
        "threads.html",
        place="threads",
        form=form,
        shown=shown,
        standings=STANDINGS,
        hours=int(threads.OPEN_FOR.total_seconds() // 3600),
        proven=is_proven(request, program),
    )
