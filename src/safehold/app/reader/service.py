"""What the reader does with a request: check, put on record, open, and hand out only what was asked for.

The check and the record are one transaction that is committed before a byte is read. What fails after
that leaves a record of failing. Bytes as they came never leave here in the clear.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar, assert_never
from uuid import UUID

import structlog

from safehold.app.reader import bundling, messages
from safehold.app.reader.access import (
    CHECKS,
    FILING,
    OPERATOR,
    Asked,
    BundleFile,
    Denied,
    FoundMessages,
    FoundPaper,
    Grant,
    Opening,
    ParcelFile,
    to_bundle,
    to_enter,
    to_parcel,
    to_reach,
    to_reread,
    to_send,
    to_thread,
    to_words,
)
from safehold.app.reader.bundling import Files
from safehold.app.reader.spans import pieces
from safehold.app.reader.talk import Talk
from safehold.app.reader.throttle import Throttle
from safehold.evidence import reading
from safehold.model.clock import Clock
from safehold.model.errors import NotAllowed, NotFound, NotShowable, SafeholdError, VaultObjectDamaged
from safehold.model.ids import AnalystId, ItemId, MediaId, ObjectId
from safehold.review import viewing
from safehold.storage import audit
from safehold.storage import evidence as evidence_rows
from safehold.storage.bundles import BundleRequest
from safehold.storage.conversations import StoredMessage
from safehold.storage.database import Database, Tx
from safehold.storage.evidence import Openable
from safehold.vault import age
from safehold.vault.channel import Message
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.decoding.wire import write_document
from safehold.vault.sealing import Sealed
from safehold.vault.vault import Reader

_REACHED = "inbound_report.open_contact"
_SENT = "authority_paper.open"
_READ = "conversation.open"
_PACKED = "evidence.parcel_pack"
_log = structlog.get_logger()
Papered = TypeVar("Papered", messages.File, messages.Reread)


class Service:
    """Answers requests. Safe to share between threads."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Reader,
        decoders: DecoderPool,
        clock: Clock,
        session_idle: timedelta,
        throttle: Throttle,
        walls: Mapping[str, bool],
    ) -> None:
        self._database = database
        self._vault = vault
        self._decoders = decoders
        self._clock = clock
        self._session_idle = session_idle
        self._throttle = throttle
        self._walls = walls

    def answer(self, request: messages.Request, talk: Talk) -> Message:
        """Answer one request. Raises SafeholdError in words that may be told.

        talk: what is said and heard before the answer: bundles and parcels have much, and nothing else any.
        """
        match request:
            case messages.Show():
                return self._show(request)
            case messages.Bundle() | messages.Parcel():
                return self._packed(request, talk)
            case messages.Remake():
                return self._remake(request)
            case messages.Contact():
                return self._contact(request)
            case messages.File():
                return self._file(request)
            case messages.Entries() | messages.Reread() | messages.Words() | messages.Thread():
                return self._for_somebody(request)
            case messages.Status():
                how = {"walls": dict(self._walls), "vault": self._vault.answers(), **self._decoding()}
                return messages.answer(pid=os.getpid(), **how)
            case _:
                assert_never(request)

    def end_decoding(self) -> None:
        """End decoding for good: requests that wait for it fail, and note that."""
        self._decoders.stop()

    def _show(self, request: messages.Show) -> Message:
        try:
            grant, found = self._granted(request)
        except Denied:
            # Why is on record. Whoever has the ticket of another learns nothing from the answer.
            raise NotFound("There is no such ticket.") from None
        assert grant.reveal is not None
        reveal = grant.reveal
        with self._noting_failure(grant.actor, grant.about, str(found.object.id)):
            self._throttle.count(reveal.user_id, now=self._clock())
            data, stamp = self._opened(found), _stamp(grant, self._clock)
            seen = self._decoders.view(data, stamp=stamp, wanted=grant.frames)
            if seen.rendition is None:
                raise NotShowable()
            now = self._clock()
            with self._database.begin() as tx:
                viewing.mark_fetched(tx, reveal.id, by=AnalystId(reveal.user_id), now=now)
        return messages.answer(seen.rendition, media_type="image/jpeg")

    def _packed(self, request: messages.Bundle | messages.Parcel, talk: Talk) -> Message:
        return (
            self._bundle(request, talk)
            if isinstance(request, messages.Bundle)
            else self._parcel(request, talk)
        )

    def _bundle(self, request: messages.Bundle, talk: Talk) -> Message:
        agreed, media = self._begun(request)
        files = Files(agreed.items, media, open=lambda item_id: self._for_bundle(request, item_id))
        with self._noting_failure(f"user:{request.user_id}", f"bundle:{agreed.id}", request.purpose):
            bundling.send(files, recipients=agreed.recipients, at=agreed.asked_at, talk=talk)
        return messages.answer()

    def _begun(self, request: messages.Bundle) -> tuple[BundleRequest, Mapping[ItemId, MediaId | None]]:
        """Check, count and put on record. Raises what stands in the way, which is on record by then."""
        now = self._clock()
        try:
            with self._database.begin() as tx:
                agreed = to_bundle(tx, request, Asked(now, self._session_idle))
                media = {item: evidence_rows.media_of_item(tx, item) for item in agreed.items}
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise denied.cause from None
        return agreed, media

    def _for_bundle(self, request: messages.Bundle, item_id: ItemId) -> tuple[str, bytes]:
        asked = BundleFile(request.bundle_id, item_id, request.user_id)
        try:
            grant, found = self._granted(asked)
        except Denied:
            # Whatever the reason, which is on record: it is no file that is missing.
            raise NotAllowed("Whoever makes it may not come near all that is in it any more.") from None
        with self._noting_failure(grant.actor, grant.about, request.purpose):
            return found.object.media_type, self._opened(found)

    def _remake(self, request: messages.Remake) -> Message:
        grant, found = self._granted_to_operator(request)
        with self._noting_failure(grant.actor, grant.about, str(found.object.id)):
            return messages.answer(write_document(self._decoders.examine(self._opened(found))))

    def _contact(self, request: messages.Contact) -> Message:
        now = self._clock()
        with self._database.begin() as tx:
            found = to_reach(tx, request)
            detail = {"report": str(found.report_id)}
            audit.append(tx, at=now, actor=OPERATOR, verb=_REACHED, object=found.about, detail=detail)
        with self._noting_failure(OPERATOR, found.about, str(found.report_id)):
            return messages.answer(self._vault.open_beside(found.sealed, object_id=found.object_id))

    def _file(self, request: messages.File) -> Message:
        if request.paper_id is not None:
            paper = self._paper(request, to_send, by=FILING)
            return messages.answer(age.encrypt_whole(paper, request.recipient))
        grant, found = self._granted_to_operator(request)
        with self._noting_failure(grant.actor, grant.about, str(found.object.id)):
            return messages.answer(age.encrypt_whole(self._opened(found), request.recipient))

    def _parcel(self, request: messages.Parcel, talk: Talk) -> Message:
        now, about = self._clock(), f"authority_report:{request.report_id}"
        try:
            with self._database.begin() as tx:
                to_parcel(tx, request)
                media = {item: evidence_rows.media_of_item(tx, item) for item in request.items}
                detail = {"items": len(request.items), "recipients": len(request.recipients)}
                audit.append(tx, at=now, actor=FILING, verb=_PACKED, object=about, detail=detail)
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise denied.cause from None
        files = Files(request.items, media, open=lambda item_id: self._for_parcel(request, item_id))
        with self._noting_failure(FILING, about, request.purpose):
            bundling.send(files, recipients=request.recipients, at=now, talk=talk)
        return messages.answer()

    def _for_parcel(self, request: messages.Parcel, item_id: ItemId) -> tuple[str, bytes]:
        grant, found = self._granted_to_operator(ParcelFile(request.report_id, item_id))
        with self._noting_failure(grant.actor, grant.about, str(found.object.id)):
            return found.object.media_type, self._opened(found)

    def _for_somebody(
        self, request: messages.Entries | messages.Reread | messages.Words | messages.Thread
    ) -> Message:
        """Answer a person with words, sealed to whoever asked for them in that person's name."""
        match request:
            case messages.Entries():
                opened = self._entries(request)
            case messages.Reread():
                opened = self._paper(request, to_reread, by=f"user:{request.user_id}")
            case _:
                opened = self._messages(request)
        return messages.answer(age.encrypt_whole(opened, request.recipient))

    def _paper(self, request: Papered, check: Callable[[Tx, Papered], FoundPaper], *, by: str) -> bytes:
        """Check, put on record, open one paper of a report."""
        now = self._clock()
        try:
            with self._database.begin() as tx:
                found = check(tx, request)
                detail = {"paper": str(found.paper_id), "kind": found.kind.value, "purpose": request.purpose}
                audit.append(tx, at=now, actor=by, verb=_SENT, object=found.about, detail=detail)
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise denied.cause from None
        with self._noting_failure(by, found.about, str(found.paper_id)):
            return self._vault.open_beside(found.sealed, object_id=found.object_id)

    def _messages(self, request: messages.Words | messages.Thread) -> bytes:
        """Check, put on record, open: each message in pieces, or the code of why it cannot be read."""
        now, actor = self._clock(), f"user:{request.user_id}"
        asked = Asked(now, self._session_idle)
        try:
            with self._database.begin() as tx:
                found = (
                    to_words(tx, request, asked)
                    if isinstance(request, messages.Words)
                    else to_thread(tx, request, asked)
                )
                detail = {**found.detail, "messages": len(found.messages), "purpose": request.purpose}
                audit.append(tx, at=now, actor=actor, verb=_READ, object=found.about, detail=detail)
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise denied.cause from None
        with self._noting_failure(actor, found.about, request.purpose):
            self._throttle.count(request.user_id, now=now)
            return json.dumps([self._message(each, found) for each in found.messages]).encode()

    def _message(self, sent: StoredMessage, found: FoundMessages) -> dict[str, Any]:
        told = {"message": sent.message_id, "by": sent.account_id, "sent_at": sent.sent_at.isoformat()}
        assert sent.sealed is not None
        assert sent.wrapped is not None
        assert sent.sealed_as is not None
        try:
            text = self._vault.open_beside(
                Sealed(sent.sealed, sent.wrapped), object_id=ObjectId(sent.sealed_as)
            ).decode(errors="replace")
        except VaultObjectDamaged as damaged:
            return {**told, "why": damaged.code}
        spans = [(each.start, each.end) for each in found.cues if each.message == sent.message_id]
        return {**told, "pieces": pieces(text, spans, whole=found.whole)}

    def _entries(self, request: messages.Entries) -> bytes:
        now, actor = self._clock(), f"user:{request.user_id}"
        about = f"authority_report:{request.report_id}"
        try:
            with self._database.begin() as tx:
                found = to_enter(tx, request)
                detail = {"items": [each.item for each in found], "purpose": request.purpose}
                audit.append(tx, at=now, actor=actor, verb=_SENT, object=about, detail=detail)
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise denied.cause from None
        with self._noting_failure(actor, about, request.purpose):
            opened = {
                each.item: self._vault.open_beside(
                    Sealed(each.sealed.sealed, each.sealed.wrapped), object_id=ObjectId(each.paper_id)
                ).decode()
                for each in found
            }
            return json.dumps(opened).encode()

    def _granted_to_operator(
        self, request: messages.Remake | messages.File | ParcelFile
    ) -> tuple[Grant, Openable]:
        try:
            return self._granted(request)
        except Denied as denied:
            raise denied.cause from None

    def _granted(self, request: Opening) -> tuple[Grant, Openable]:
        """Check and put on record. Raises Denied, which is on record by then, and SafeholdError."""
        now = self._clock()
        failed: SafeholdError | None = None
        found: Openable | None = None
        try:
            with self._database.begin() as tx:
                grant = CHECKS[type(request)](tx, request, Asked(now, self._session_idle))
                said = {"purpose": request.purpose, **grant.detail}
                try:
                    found = reading.find(tx, grant.media_id, grant.role)
                    verb, said = "evidence.open", {**said, "object": str(found.object.id)}
                except SafeholdError as error:
                    failed = _nothing_to_show() if isinstance(error, NotFound) and grant.reveal else error
                    verb, said = "evidence.open_failed", {**said, "code": failed.code}
                audit.append(tx, at=now, actor=grant.actor, verb=verb, object=grant.about, detail=said)
        except Denied as denied:
            self._note(denied.actor, "evidence.refused", denied.about, request.purpose, denied.cause)
            raise
        if failed is not None or found is None:
            raise failed or NotFound()
        return grant, found

    def _opened(self, found: Openable) -> bytes:
        return self._vault.open(found.object.id, found.wrapped_key)

    @contextlib.contextmanager
    def _noting_failure(self, actor: str, about: str, what: str) -> Iterator[None]:
        """Put on record that what was opened led to nothing, whatever the failure was."""
        try:
            yield
        except Exception as error:
            cause = error if isinstance(error, SafeholdError) else unforeseen()
            try:
                self._note(actor, "evidence.open_failed", about, what, cause)
            except SafeholdError as second:
                _log.error("failure_not_noted", about=about, error_code=cause.code, why=second.code)
            raise

    def _note(self, actor: str, verb: str, about: str, what: str, cause: SafeholdError) -> None:
        with self._database.begin() as tx:
            detail = {"what": what, "code": cause.code}
            audit.append(tx, at=self._clock(), actor=actor, verb=verb, object=about, detail=detail)

    def _decoding(self) -> dict[str, Any]:
        level = self._decoders.confinement
        return {"decoders": list(self._decoders.pids), "confined": level.whole}


def unforeseen() -> SafeholdError:
    """Return what is told and put on record where a failure has no name."""
    return SafeholdError("Something failed that we did not foresee.")


def _nothing_to_show() -> SafeholdError:
    """Return what is told where a ticket is good and no such form of the media was ever sealed."""
    return NotShowable("No such picture of it could be made when it came, so there is none to show.")


def _stamp(grant: Grant, clock: Clock) -> tuple[str, ...]:
    """Return the lines of the mark: whose eyes, the day and minute in UTC, which showing."""
    assert grant.reveal is not None
    now = clock()
    return (_short(grant.reveal.user_id), f"{now:%Y-%m-%d}", f"{now:%H:%M}Z", _short(grant.reveal.id))


def _short(id: UUID) -> str:
    # The beginning of our ids is the time; the end is chance.
    return id.hex[-8:]
