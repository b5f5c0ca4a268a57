"""Words about reports to authorities: how far each is, why it goes there, when it is due."""

from __future__ import annotations

from datetime import datetime

from safehold.authorities.checklist import Checklist, State
from safehold.model.authority_question import THEIR_CLOCK, AuthorityQuestion
from safehold.model.authority_report import (
    AuthorityReport,
    AuthorityReportState,
    DestinationKind,
    PlanReason,
    Priority,
    Relation,
)
from safehold.web.console.words import span, waiting_seconds
from safehold.web.language import N_, _, translated
from safehold.web.templating import instant

STATES = N_(
    {
        AuthorityReportState.PLANNED: "waits for a person",
        AuthorityReportState.SENDING: "is being filed",
        AuthorityReportState.STUCK: "stuck",
        AuthorityReportState.FILED: "filed",
        AuthorityReportState.DECLINED: "declined",
        AuthorityReportState.WITHDRAWN: "withdrawn",
    }
)
_BY_HAND, _SECOND = N_("to be taken there"), N_("waits for a second person")

DESTINATIONS = N_(
    {
        DestinationKind.NCMEC_CYBERTIPLINE: "the CyberTipline of NCMEC; the machine files",
        DestinationKind.UK_NCA: "the National Crime Agency; a person takes it to the portal",
        DestinationKind.GENERIC: "a person takes it there",
        DestinationKind.PARCEL: "the machine sends it as one file that only they can open",
    }
)

PRIORITIES = N_(
    {
        Priority.ONE: "1: at once",
        Priority.TWO: "2: serious harm is likely soon",
        Priority.THREE: "3: anything else",
    }
)

RELATIONS = N_(
    {
        Relation.SUPPLEMENT: "adds to an earlier report",
        Relation.CORRECTION: "corrects an earlier report",
    }
)

REASONS = N_(
    {
        PlanReason.OPERATOR_IN_US: "The operator is in the US, whose law asks for it.",
        PlanReason.OPERATOR_IN_UK: "The operator is in the UK, whose law asks for it.",
        PlanReason.LINKED_TO_UK: "The account or the host is in the UK, whose law asks for it.",
        PlanReason.HOTLINE_OF_COUNTRY: "The settings name it for a country of the operator, the account"
        " or the host.",
        PlanReason.VOLUNTARY: "No law that is known here asks for it; the settings say that the operator"
        " reports there.",
        PlanReason.RISK_TO_LIFE: "A person declared a risk to life.",
        PlanReason.REVERSED: "Something that was reported turned out otherwise.",
        PlanReason.MORE_FOUND: "It was told of this case before, and more was found.",
        PlanReason.FILES_FOLLOW: "They were told without these files, which could not be opened then,"
        " or did not arrive.",
        PlanReason.ALREADY_REPORTED: "It has been told already.",
        PlanReason.DUPLICATE_FORBIDDEN: "Another has been told, and this one asks for no duplicates.",
        PlanReason.NOT_ILLEGAL: "It was not found illegal.",
        PlanReason.OUTSIDE_PURPOSE: "Cases of this purpose are told to nobody.",
        PlanReason.PRACTICE_OVER: "It was practice, and nobody sent it within two weeks.",
        PlanReason.NO_DESTINATION: "The settings name none that would take it.",
        PlanReason.DESTINATION_OFF: "Another would come first, and is not enabled in the settings.",
    }
)
"""Why a destination is the right one, in sentences."""

STUCK = N_(
    {
        "begun_too_often": "They lost it, or it was spoilt on the way, five times.",
        "tried_too_long": "They could not be reached, or took nothing, for days.",
        "invalid": "What it says would be refused. That is a mistake of this program, or of the settings"
        " about who reports.",
        "not_a_rehearsal": "It is no practice, and two people have not switched production on for this"
        " destination: `safehold authorities production`.",
        "not_harmless": "Without production only practice goes out, and a file of it is on no list of"
        " harmless ones.",
        "rehearsal_for_real": "It is practice, and reports to this destination are meant.",
        "contents": "Nothing was left to say when it was made.",
        "paper": "What was sealed for sending could not be opened.",
        "status": "They did not let us in, or did not understand who we are: see the user name and the"
        " password.",
        "refused": "They refused it, with status %(detail)s, and do not have it. Ask them why. Where that is"
        " mended, let it go on.",
        "no_reference": "They answered, and named no reference, so nobody knows whether they have it. Ask"
        " them. Let go on, it is sent under the same id, by which they know a repeat.",
        "mail": "The mail server did not let us in (%(detail)s). See the server, the user name and the"
        " password in the settings.",
        "parcel": "It could not be packed (%(detail)s): a file is not what the report says of it. Withdraw"
        " it, and see what became of the evidence.",
        "address_refused": "Its address may not be reached. See the address and the permitted networks in the"
        " settings.",
        "code": "They refused what was sent, with their code %(detail)s.",
    }
)
"""Why the machine cannot go on with a report, by the beginning of the code."""


def stuck(why: str) -> str:
    """Return why a report is stuck, in a sentence."""
    kind, _colon, detail = why.partition(":")
    said = STUCK.get(kind)
    return translated(said) % {"detail": detail} if said is not None else why


CHECKED = N_(
    {
        State.VALUE: "on record",
        State.NOT_HELD: "not held",
        State.NOT_YET_LOOKED: "not looked for yet",
    }
)
"""The three states of the checklist."""

ENTERED = N_(
    {
        State.VALUE: "There is a value",
        State.NOT_HELD: "It is not held: why",
        State.NOT_YET_LOOKED: "Nobody has looked yet",
    }
)
"""The three states, as somebody chooses one."""


def state(report: AuthorityReport) -> str:
    """Return how far a report is, in the words of a chip."""
    if report.state is AuthorityReportState.SENDING and report.kind.by_hand:
        return translated(_BY_HAND)
    if report.state is AuthorityReportState.PLANNED and report.approved_by is not None:
        return translated(_SECOND)
    return translated(STATES[report.state])


def is_late(report: AuthorityReport, now: datetime) -> bool:
    """Say whether it should have been filed by now."""
    return report.state.is_open and now > report.due_at


def due(report: AuthorityReport, now: datetime) -> str:
    """Return until when it is to be filed, and how far off that is; when it ended, where it has."""
    if report.ended_at is not None:
        return _("ended %(at)s", at=instant(report.ended_at))
    if is_late(report, now):
        late = span(waiting_seconds(report.due_at, now))
        return _("was due %(at)s, %(span)s ago", at=instant(report.due_at), span=late)
    left = span(waiting_seconds(now, report.due_at))
    return _("due %(at)s, in %(span)s", at=instant(report.due_at), span=left)


def answered(held: Checklist) -> str:
    """Say how much of the checklist is answered."""
    share = int(100 * held.score)
    return _(
        "%(answered)s of %(all)s answered, %(share)s %%",
        answered=held.answered,
        all=len(held.lines),
        share=share,
    )


def question_due(question: AuthorityQuestion, now: datetime) -> str:
    """Return until when a question is to be answered, by clocks in London, and how far off that is."""
    at = question.due_at.astimezone(THEIR_CLOCK).strftime("%Y-%m-%d %H:%M")
    if now >= question.due_at:
        late = span(waiting_seconds(question.due_at, now))
        return _("was due %(at)s in London, %(span)s ago", at=at, span=late)
    left = span(waiting_seconds(now, question.due_at))
    return _("due %(at)s in London, in %(span)s", at=at, span=left)


def question_answered(question: AuthorityQuestion) -> str:
    """Return when a question was answered, and how where that has a name."""
    assert question.answered_at is not None
    at = instant(question.answered_at)
    if question.answer is None:
        return _("answered %(at)s by a report", at=at)
    return _("answered %(at)s: %(words)s", at=at, words=question.answer)


def question_is_late(question: AuthorityQuestion, now: datetime) -> bool:
    """Say whether a question should have been answered by now."""
    return question.answered_at is None and now >= question.due_at
