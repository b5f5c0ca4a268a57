"""Who may have what opened, for which purpose: one check for each, made in the reader's own transaction.

A further purpose is one more kind of request, one check here that asks the records whether a person has
approved exactly this, and one line in CHECKS; nothing else opens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from safehold.app.reader import messages
from safehold.evidence import bundles
from safehold.model.assessment import Tier
from safehold.model.authority_report import FILED_BY_MACHINE, DestinationKind
from safehold.model.conversation import Evidence
from safehold.model.errors import Conflict, NotAllowed, NotFound, SafeholdError
from safehold.model.ids import (
    AuthorityReportId,
    BundleId,
    CaseId,
    InboundReportId,
    ItemId,
    MediaId,
    ObjectId,
    PaperId,
    SessionId,
    UserId,
)
from safehold.model.permissions import Permission, permissions_of, system_actor
from safehold.review import admission, threads, viewing
from safehold.storage import (
    authority_papers,
    checklist_entries,
    conversations,
    filings,
    flag_cues,
    inbound_reports,
    matches,
    viewers,
)
from safehold.storage import authority_reports as report_rows
from safehold.storage import cases as case_rows
from safehold.storage import evidence as evidence_rows
from safehold.storage.authority_papers import REREAD_KINDS, SENT_KINDS, PaperKind
from safehold.storage.bundles import BundleRequest
from safehold.storage.checklist_entries import SealedEntry
from safehold.storage.conversations import StoredMessage
from safehold.storage.database import Tx
from safehold.storage.evidence import ObjectRole
from safehold.storage.reveals import Reveal
from safehold.vault.decoding.views import MOST_WANTED
from safehold.vault.sealing import Sealed

OPERATOR = system_actor("shell").label
FILING = system_actor("authorities").label


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What may be opened, and what the audit log says of it. about: kind and id. actor: who has it done.

    frames: of a film that is shown, numbers of those that matched.
    """

    media_id: MediaId
    role: ObjectRole
    actor: str
    about: str
    detail: Mapping[str, str] = field(default_factory=dict)
    reveal: Reveal | None = None
    frames: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Reachable:
    """How to reach whoever reported an item, still sealed. about: kind and id."""

    report_id: InboundReportId
    sealed: Sealed
    about: str

    @property
    def object_id(self) -> ObjectId:
        """What it was sealed as."""
        return ObjectId(self.report_id)


@dataclass(frozen=True, slots=True)
class FoundPaper:
    """A paper of a report that may be opened, still sealed. about: kind and id."""

    paper_id: PaperId
    kind: PaperKind
    sealed: Sealed
    about: str

    @property
    def object_id(self) -> ObjectId:
        """What it was sealed as."""
        return ObjectId(self.paper_id)


@dataclass(frozen=True, slots=True)
class FoundMessages:
    """Messages that may be opened, still sealed, by time. cues: what rules saw in them.

    whole: whether all of each is told, or the words that rules saw alone. about: kind and id.
    """

    messages: tuple[StoredMessage, ...]
    cues: tuple[Evidence, ...]
    whole: bool
    about: str
    detail: Mapping[str, str]


class Denied(Exception):
    """Somebody whom we know may not have this opened. cause: why, as they may be told."""

    def __init__(self, cause: SafeholdError, *, actor: str, about: str) -> None:
        self.cause, self.actor, self.about = cause, actor, about
        super().__init__(cause.code)


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One item's turn in a bundle that is being made. Nobody asks for it from outside."""

    purpose: ClassVar[str] = messages.Bundle.purpose
    bundle_id: BundleId
    item_id: ItemId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """One item's turn in a parcel that is being packed. Nobody asks for it from outside."""

    purpose: ClassVar[str] = messages.Parcel.purpose
    report_id: AuthorityReportId
    item_id: ItemId


@dataclass(frozen=True, slots=True)
class Asked:
    """What the checks are made against. session_idle: how long a session stands without being used."""

    now: datetime
    session_idle: timedelta


Opening = messages.Show | BundleFile | messages.Remake | messages.File | ParcelFile
"""What stored media is opened for."""
Check = Callable[[Tx, Any, Asked], Grant]


def to_show(tx: Tx, request: messages.Show, asked: Asked) -> Grant:
    """Let a ticket be used once: by somebody active, in a session that stands, who still holds the case.

    Raises NotFound for a ticket that opens nothing, Denied.
    """
    reveal = viewing.showing_of(tx, viewing.digest_of_ticket(request.ticket), now=asked.now)
    actor, about = f"user:{reveal.user_id}", f"item:{reveal.item_id}"
    with _denying(actor, about):
        _require(tx, reveal.user_id, Permission.CASE_REVEAL)
        _require_session(tx, reveal.session_id, reveal.user_id, asked)
        viewing.use_ticket(tx, reveal, now=asked.now)
        media_id = evidence_rows.media_of_item(tx, reveal.item_id)
        if media_id is None:
            raise NotFound("This item came without bytes.")
    return Grant(
        media_id=media_id,
        role=ObjectRole.ORIGINAL if reveal.tier is Tier.CLEAR else ObjectRole.RENDITION,
        actor=actor,
        about=about,
        detail={"case": str(reveal.case_id), "reveal": str(reveal.id), "tier": reveal.tier.value},
        reveal=reveal,
        frames=matches.matched_frames(tx, reveal.item_id, most=MOST_WANTED),
    )


def to_bundle(tx: Tx, request: messages.Bundle, asked: Asked) -> BundleRequest:
    """Let somebody active who may edit evidence have a bundle made that two people stand behind; count it.

    Whoever asked for it and whoever agreed still may edit evidence; whoever makes it may come near all cases
    that it touches. Raises Denied.
    """
    actor, about = f"user:{request.user_id}", f"bundle:{request.bundle_id}"
    with _denying(actor, about):
        _require(tx, request.user_id, Permission.EVIDENCE_EDIT)
        agreed = bundles.begin(tx, request.bundle_id, actor=actor, now=asked.now)
        for person in (agreed.asked_by, agreed.decided_by):
            if person is not None:
                _require(tx, person, Permission.EVIDENCE_EDIT)
        admission.admit_to_items(tx, agreed.items, request.user_id)
    return agreed


def to_bundle_file(tx: Tx, request: BundleFile, asked: Asked) -> Grant:
    """Let one item's bytes go into a bundle that is being made: what was agreed to, and for nobody else.

    Raises NotFound for what came without bytes, Denied.
    """
    actor, about = f"user:{request.user_id}", f"item:{request.item_id}"
    with _denying(actor, about):
        _require(tx, request.user_id, Permission.EVIDENCE_EDIT)
        agreed = bundles.agreed(tx, request.bundle_id, now=asked.now)
        if request.item_id not in agreed.items:
            raise NotAllowed("Nobody has agreed to hand this item over.")
        admission.admit_to_items(tx, [request.item_id], request.user_id)
    media_id = evidence_rows.media_of_item(tx, request.item_id)
    if media_id is None:
        raise NotFound("This item came without bytes.")
    detail = {"bundle": str(request.bundle_id), "asked_by": OPERATOR}
    return Grant(media_id=media_id, role=ObjectRole.ORIGINAL, actor=actor, about=about, detail=detail)


def to_remake(tx: Tx, request: messages.Remake, asked: Asked) -> Grant:
    """Let the operator have signals taken anew, of media that people have confirmed. Raises Denied."""
    about = f"media:{request.media_id}"
    with _denying(OPERATOR, about):
        if not evidence_rows.is_confirmed(tx, request.media_id):
            raise NotAllowed(
                "No confirming outcome of this media stands.",
                advice="Signals are taken anew of confirmed media alone.",
            )
    return Grant(media_id=request.media_id, role=ObjectRole.ORIGINAL, actor=OPERATOR, about=about)


def to_reach(tx: Tx, request: messages.Contact) -> Reachable:
    """Let the operator reach whoever reported an item.

    Raises NotFound where nobody reported it, or left nothing, or it was destroyed; Conflict for a case of
    several items.
    """
    item_id = _item(tx, request.about)
    found = inbound_reports.contact_of_item(tx, item_id)
    if found is None:
        raise NotFound("Nobody can be reached about this item: nothing was left, or it is destroyed.")
    report_id, contact = found
    return Reachable(report_id, Sealed(contact.sealed, contact.wrapped), about=f"item:{item_id}")


def to_file(tx: Tx, request: messages.File, asked: Asked) -> Grant:
    """Let a file be sent to an authority: of a report that is being sent, and that tells about its item.

    What goes as a parcel leaves in a parcel alone. Raises Denied.
    """
    assert request.item_id is not None
    return _to_go(tx, request.report_id, request.item_id, FILED_BY_MACHINE - {DestinationKind.PARCEL})


def to_parcel(tx: Tx, request: messages.Parcel) -> None:
    """Let files go as a parcel: of a report that a person has sent on, to go so. Raises Denied."""
    with _denying(FILING, f"authority_report:{request.report_id}"):
        _require_sending(tx, request.report_id, {DestinationKind.PARCEL})


def to_parcel_file(tx: Tx, request: ParcelFile, asked: Asked) -> Grant:
    """Let one item's bytes go into a parcel that is being packed. Raises as `to_file` does."""
    return _to_go(tx, request.report_id, request.item_id, {DestinationKind.PARCEL})


def to_send(tx: Tx, request: messages.File) -> FoundPaper:
    """Let a paper be sent to an authority: of a report that is being sent. Raises Denied."""
    assert request.paper_id is not None
    about = f"authority_report:{request.report_id}"
    with _denying(FILING, about):
        _require_sending(tx, request.report_id, FILED_BY_MACHINE)
        found = authority_papers.sealed(tx, request.report_id, request.paper_id)
        if found is None or found[0] not in SENT_KINDS:
            raise NotFound("The report has no such paper that is sent.")
    kind, paper = found
    return FoundPaper(request.paper_id, kind, Sealed(paper.sealed, paper.wrapped), about)


def to_enter(tx: Tx, request: messages.Entries) -> list[SealedEntry]:
    """Let somebody active who may send a report, and come near its case, have what was entered for it.

    That of a risk to life opens for those too who may declare one. Raises Denied.
    """
    actor, about = f"user:{request.user_id}", f"authority_report:{request.report_id}"
    with _denying(actor, about):
        found = checklist_entries.about(tx, request.report_id)
        if found is None:
            raise NotFound("There is no such authority report.")
        roles = viewers.roles_of(tx, request.user_id)
        held = permissions_of(roles) if roles is not None else frozenset()
        if not (Permission.AUTHORITY_SEND in held or (found.urgent and Permission.EMERGENCY_DECLARE in held)):
            raise NotAllowed(f"This needs the permission {Permission.AUTHORITY_SEND.value}.")
        admission.admit(tx, found.case_id, request.user_id)
    return checklist_entries.sealed_of(tx, request.report_id)


def to_reread(tx: Tx, request: messages.Reread) -> FoundPaper:
    """Let somebody active who may, and who may come near the case, read again what was sent, or came back.

    Raises Denied.
    """
    actor, about = f"user:{request.user_id}", f"authority_report:{request.report_id}"
    with _denying(actor, about):
        _require(tx, request.user_id, Permission.AUTHORITY_REREAD)
        report = checklist_entries.about(tx, request.report_id)
        found = authority_papers.sealed(tx, request.report_id, request.paper_id)
        if report is None or found is None or found[0] not in REREAD_KINDS:
            raise NotFound("The report has no such paper.")
        admission.admit(tx, report.case_id, request.user_id)
    kind, paper = found
    return FoundPaper(request.paper_id, kind, Sealed(paper.sealed, paper.wrapped), about)


def to_words(tx: Tx, request: messages.Words, asked: Asked) -> FoundMessages:
    """Let whoever holds the case, in a session that stands, have what rules saw. Raises Denied."""
    about = f"item:{request.item_id}"
    with _denying(f"user:{request.user_id}", about):
        _require(tx, request.user_id, Permission.CASE_REVEAL)
        _require_session(tx, request.session_id, request.user_id, asked)
        conversation_id = threads.seen_by_rules(
            tx, request.case_id, request.item_id, by=request.user_id, now=asked.now
        )
    cues = _textual(tx, request.item_id)
    shown = {each.message for each in cues}
    window = [each for each in conversations.window_of(tx, conversation_id) if each.message_id in shown]
    detail = {"case": str(request.case_id)}
    return FoundMessages(tuple(window), cues, whole=False, about=about, detail=detail)


def to_thread(tx: Tx, request: messages.Thread, asked: Asked) -> FoundMessages:
    """Let one of two people who agreed to it, in a session that stands, have the whole. Raises Denied."""
    about = f"thread_request:{request.request_id}"
    with _denying(f"user:{request.user_id}", about):
        _require(tx, request.user_id, Permission.CASE_THREAD)
        _require_session(tx, request.session_id, request.user_id, asked)
        agreed, conversation_id = threads.agreed(tx, request.request_id, by=request.user_id, now=asked.now)
        for person in (agreed.asked_by, agreed.decided_by):
            if person is not None:
                _require(tx, person, Permission.CASE_THREAD)
    window = conversations.window_of(tx, conversation_id)
    return FoundMessages(
        tuple(window),
        _textual(tx, agreed.item_id),
        whole=True,
        about=f"item:{agreed.item_id}",
        detail={"request": str(agreed.id)},
    )


CHECKS: Mapping[type[Opening], Check] = {
    messages.Show: to_show,
    BundleFile: to_bundle_file,
    messages.Remake: to_remake,
    messages.File: to_file,
    ParcelFile: to_parcel_file,
}
"""The check of each purpose for which stored media is opened. What has none is never opened."""


def _item(tx: Tx, about: UUID) -> ItemId:
    """Return the only item of the case of this id; without such a case, the id is an item's, or nothing's."""
    found = [place.item_id for place in case_rows.items_of(tx, CaseId(about))]
    if len(found) > 1:
        raise Conflict(
            f"This case has {len(found)} items.", advice=f"Name one of them: {', '.join(map(str, found))}."
        )
    return found[0] if found else ItemId(about)


@contextmanager
def _denying(actor: str, about: str) -> Iterator[None]:
    try:
        yield
    except SafeholdError as cause:
        raise Denied(cause, actor=actor, about=about) from cause


def _require(tx: Tx, user_id: UserId, permission: Permission) -> None:
    roles = viewers.roles_of(tx, user_id)
    if roles is None or permission not in permissions_of(roles):
        raise NotAllowed(f"This needs the permission {permission.value}.")


def _to_go(
    tx: Tx, report_id: AuthorityReportId, item_id: ItemId, kinds: Collection[DestinationKind]
) -> Grant:
    about = f"item:{item_id}"
    with _denying(FILING, about):
        _require_sending(tx, report_id, kinds)
        if item_id not in {each.item_id for each in report_rows.items_of(tx, report_id)}:
            raise NotAllowed("The report does not tell about this item.")
        media_id = evidence_rows.media_of_item(tx, item_id)
        if media_id is None:
            raise NotFound("This item came without bytes.")
    detail = {"report": str(report_id)}
    return Grant(media_id=media_id, role=ObjectRole.ORIGINAL, actor=FILING, about=about, detail=detail)


def _require_sending(tx: Tx, report_id: AuthorityReportId, kinds: Collection[DestinationKind]) -> None:
    if not filings.is_sent_on(tx, report_id, kinds=kinds):
        raise NotAllowed("No person has sent this report on, or nobody wants it sent any more.")


def _require_session(tx: Tx, session_id: SessionId | None, user_id: UserId, asked: Asked) -> None:
    if session_id is None or not viewers.session_stands(
        tx, session_id, user_id, now=asked.now, idle=asked.session_idle
    ):
        raise NotAllowed("The session in which it was asked for is over.")


def _textual(tx: Tx, item_id: ItemId) -> tuple[Evidence, ...]:
    """Return what rules saw in texts; what behaviour shows has no words."""
    found = flag_cues.of_items(tx, [item_id]).get(item_id, [])
    return tuple(each for each in found if each.end > each.start)
