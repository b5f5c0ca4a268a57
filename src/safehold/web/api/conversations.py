"""POST /v1/conversations/{id}/messages: a platform has messages read that may reach a child."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, field_validator, model_validator

from safehold.app import conversations
from safehold.app.conversations import Message, Read, Told
from safehold.app.program import Program
from safehold.model.assessment import AgeBand
from safehold.model.conversation import ADULT, OLDEST, Evidence, Participant, Role, Years
from safehold.model.permissions import Permission
from safehold.web.api.bodies import EARLIEST, LATEST, Body, Text
from safehold.web.guard import actor_of, needs

LONGEST_ID = 128
MOST_MESSAGES, MOST_PARTICIPANTS = 100, 50
AGE_BANDS = (*(band.value for band in AgeBand), ADULT)

Id = Annotated[Text, Field(min_length=1, max_length=LONGEST_ID)]
Aware = Annotated[datetime, Field(description="Without a zone it is UTC.")]


def _aware(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise ValueError("a time between 1970 and 9999")
    return aware


class ParticipantBody(Body):
    """Somebody who takes part, as far as the platform knows them."""

    id: Id = Field(description="The platform's id of the account.")
    age: int | None = Field(None, ge=0, le=OLDEST, strict=True)
    age_band: str | None = Field(
        None,
        description=f"Where no age is known: {', '.join(AGE_BANDS)}. Without either they may be a child.",
    )
    role: Role = Role.USER
    account_created_at: Aware | None = None

    @field_validator("age_band")
    @classmethod
    def _known(cls, band: str | None) -> str | None:
        if band is not None and band not in AGE_BANDS:
            raise ValueError("no age band of ours")
        return band

    _in_utc = field_validator("account_created_at")(_aware)

    def participant(self) -> Participant:
        """Return them in our words."""
        years = Years.of(age=self.age, band=self.age_band)
        return Participant(
            id=self.id, years=years, role=self.role, account_created_at=self.account_created_at
        )


class MessageBody(Body):
    """One message. The same id again changes nothing."""

    id: Id = Field(description="The platform's id of the message.")
    by: Id = Field(description="The account that wrote it.")
    sent_at: Aware
    language: Text | None = Field(None, max_length=35, description="Such as `en` or `en-GB`, where known.")
    text: str | None = Field(None, description="Without it only behaviour is looked at.")

    _in_utc = field_validator("sent_at")(_aware)

    def message(self) -> Message:
        """Return it in our words."""
        return Message(id=self.id, by=self.by, sent_at=self.sent_at, language=self.language, text=self.text)


class ConversationBody(Body):
    """Messages of one conversation, in any order."""

    surface: Text = Field(min_length=1, max_length=500, description="One that the settings declare.")
    region: Text | None = Field(None, max_length=500, description="The region whose law applies.")
    participants: list[ParticipantBody] = Field(default_factory=list, max_length=MOST_PARTICIPANTS)
    first_contact_at: Aware | None = Field(None, description="When these first had to do with each other.")
    messages: list[MessageBody] = Field(min_length=1, max_length=MOST_MESSAGES)

    _in_utc = field_validator("first_contact_at")(_aware)

    @model_validator(mode="after")
    def _each_once(self) -> ConversationBody:
        if len({each.id for each in self.messages}) < len(self.messages):
            raise ValueError("a message stands twice")
        if len({each.id for each in self.participants}) < len(self.participants):
            raise ValueError("a participant stands twice")
        return self


class CueBody(BaseModel):
    """One piece of evidence."""

    message: str
    cue: str
    rule: str
    start: int = Field(description="First character of the span, 0 where no text shows it.")
    end: int


class OfferBody(BaseModel):
    """Words that help, to be fetched with `POST /v1/support-messages` and shown to this account alone."""

    account_id: str = Field(description="The child's. Nobody else may notice anything of it.")
    moment: str = Field(description="To be sent as `moment`; never to be shown.")


class ConversationAnswer(BaseModel):
    """What the messages amount to. Nothing acts on it: a person is asked to look, or nobody is."""

    conversation_id: UUID | None = Field(description="None where nothing was kept.")
    item_id: UUID | None = Field(description="What a person is asked to look at, else none.")
    result: str = Field(description="clear, review, incomplete or not_scanned")
    taken: int = Field(description="Messages that had not come before.")
    repeated: int
    degraded: list[str] = Field(description="What could not be done, such as `no_rules:sv`.")
    limits: list[str] = Field(
        description="What there was little of: no_text, no_words, text_cut, sent_in_future, no_child."
    )
    band: str | None = Field(None, description="none, low, medium or high, for keys with scan:detail.")
    evidence: list[CueBody] | None = None
    against: list[str] | None = Field(None, description="What speaks against looking.")
    support: OfferBody | None = Field(
        None, description="Words for the child alone, for keys with child.support; None where none fit."
    )


def add_conversation_routes(router: APIRouter, program: Program) -> None:
    """Add the endpoint to a guarded router."""

    @router.post(
        "/v1/conversations/{conversation_id}/messages",
        response_model=ConversationAnswer,
        response_model_exclude_none=False,
        summary="Have messages of a conversation read",
    )
    @needs(Permission.CONVERSATION)
    def post_messages(
        request: Request,
        conversation_id: Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern="^[^\\x00]*$")],
        body: ConversationBody,
    ) -> ConversationAnswer:
        """Take messages in and read them by rules; where there is enough, ask a person to look.

        Nothing is ever held, removed or told to anybody because of it. A message that was sent before changes
        nothing, so sending again is harmless. On a private surface without a current legal basis nothing is
        read or kept.
        """
        actor = actor_of(request)
        told = Told(
            reference=conversation_id,
            surface=body.surface,
            region=body.region,
            participants=tuple(each.participant() for each in body.participants),
            first_contact_at=body.first_contact_at,
            messages=tuple(each.message() for each in body.messages),
        )
        found = conversations.take(program, told, actor=actor)
        return _answer(
            found, detail=actor.may(Permission.SCAN_DETAIL), support=actor.may(Permission.CHILD_SUPPORT)
        )


def _answer(found: Read, *, detail: bool, support: bool) -> ConversationAnswer:
    judged, offer = found.judgement, found.offer if support else None
    return ConversationAnswer(
        conversation_id=found.conversation_id,
        item_id=found.item_id,
        result=found.result.value,
        taken=found.taken,
        repeated=found.repeated,
        degraded=list(found.degraded),
        limits=list(found.limits),
        band=judged.band.value if detail else None,
        evidence=[_cue(each) for each in judged.evidence] if detail else None,
        against=[each.value for each in judged.against] if detail else None,
        support=OfferBody(account_id=offer.account_id, moment=offer.moment.value) if offer else None,
    )


def _cue(each: Evidence) -> CueBody:
    return CueBody(message=each.message, cue=each.cue.value, rule=each.rule, start=each.start, end=each.end)
