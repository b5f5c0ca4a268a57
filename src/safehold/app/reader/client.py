"""The reader as everybody else sees it: questions over its socket, and clear words when it is down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from safehold.app.reader import messages
from safehold.model.errors import BadForm, NotFound, ReaderDown, Unavailable
from safehold.model.ids import (
    AuthorityReportId,
    BundleId,
    CaseId,
    ItemId,
    MediaId,
    PaperId,
    SessionId,
    ThreadRequestId,
    UserId,
)
from safehold.model.media import Examined
from safehold.vault.age import KeyOfOnce
from safehold.vault.channel import ChannelBroken, Line, Message, connect
from safehold.vault.decoding.kinds import kinds_of
from safehold.vault.decoding.wire import BadAnswer, read_document

LINES = 8
"""Connections at the same time; whoever comes on top waits for one."""
CONNECT_SECONDS = 5.0
"""How long to wait for a reader that is being started anew."""
ANSWER_SECONDS = 90.0
"""How long a request may take: decoding is tried twice before the reader gives up."""

_REST_SECONDS = 20.0
_PAUSE_SECONDS = 0.05


class ReaderClient:
    """Asks the reader at one socket. Safe to share between threads; connects when it is asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._free = threading.Semaphore(LINES)
        self._lock = threading.Lock()
        self._resting: list[tuple[Line, float]] = []

    def show(self, ticket: str) -> bytes:
        """Return the marked JPEG that a ticket is for, once.

        Raises NotFound for a ticket that opens nothing, whatever the reason; ErasedEvidence, NotShowable,
        VaultObjectDamaged, VaultDown, DecoderDown, DatabaseDown; ReaderDown.
        """
        try:
            return self._ask(messages.Show(ticket)).body
        except BadForm as error:
            raise ReaderDown("The reader did not understand a request.") from error

    def bundle(
        self,
        bundle_id: BundleId,
        *,
        user_id: UserId,
        write: Callable[[bytes], object],
        close: Callable[[Sequence[Mapping[str, Any]]], bytes],
    ) -> None:
        """Have a bundle made that two people have agreed to. It is asked for once, and never again by itself.

        write: takes the ciphertext, piece by piece. close: is told once what there was of each item, see
        `messages.found`, and returns the rest of the tar. Raises NotAllowed, ConflictOfInterest, NotFound,
        Refused, what `show` raises, and what `write` and `close` raise.
        """
        self._pack(messages.Bundle(bundle_id, user_id), write, close)

    def parcel(
        self,
        report_id: AuthorityReportId,
        *,
        items: Sequence[ItemId],
        recipients: Sequence[str],
        write: Callable[[bytes], object],
        close: Callable[[Sequence[Mapping[str, Any]]], bytes],
    ) -> None:
        """Have files of a report that a person has sent on packed, encrypted to its receivers.

        write, close: as of `bundle`. What is gone or damaged is told to `close`. Else raises as `file_item`
        does, and InvalidInput for a recipient that is none.
        """
        self._pack(messages.Parcel(report_id, tuple(items), tuple(recipients)), write, close)

    def _pack(
        self,
        request: messages.Bundle | messages.Parcel,
        write: Callable[[bytes], object],
        close: Callable[[Sequence[Mapping[str, Any]]], bytes],
    ) -> None:
        with self._free:
            line = self._connected()
            try:
                with suppress(ChannelBroken):  # see `_answer_on`
                    line.send(request.message(), seconds=ANSWER_SECONDS)
                self._take(line, write, close)
            except ChannelBroken:
                raise ReaderDown("The reader went away before it was packed.") from None
            finally:
                line.close()

    def _take(
        self,
        line: Line,
        write: Callable[[bytes], object],
        close: Callable[[Sequence[Mapping[str, Any]]], bytes],
    ) -> None:
        while (told := line.receive(seconds=ANSWER_SECONDS)) is not None:
            match messages.more(told):
                case "piece":
                    write(told.body)
                case "found":
                    line.send(messages.closing(close(messages.found_of(told))), seconds=ANSWER_SECONDS)
                case _:
                    messages.result(told)
                    return
        raise ReaderDown("The reader ended the line before it was packed.")

    def remake(self, media_id: MediaId) -> Examined:
        """Return what can be read of confirmed media today, its signals above all. Raises NotAllowed too."""
        try:
            return read_document(self._ask(messages.Remake(media_id)).body, None, kinds_of(()))
        except BadAnswer:
            raise ReaderDown("The reader did not answer in its form.") from None

    def contact(self, about: UUID) -> str:
        """Return the mail address that whoever reported an item left. Raises NotFound, VaultObjectDamaged."""
        return self._ask(messages.Contact(about)).body.decode(errors="replace")

    def file_item(self, report_id: AuthorityReportId, item_id: ItemId) -> bytes:
        """Return the bytes of an item as they came, for sending them with a report that a person has sent on.

        They travel sealed to a key that is made for this alone. Raises NotAllowed where the report is not
        being sent or does not tell about it, ErasedEvidence, NotFound, VaultObjectDamaged, VaultDown,
        DatabaseDown, ReaderDown.
        """
        return self._opened_here(lambda key: messages.File(report_id, key, item_id=item_id))

    def file_paper(self, report_id: AuthorityReportId, paper_id: PaperId) -> bytes:
        """Return what is in a paper of a report that a person has sent on. Raises as `file_item` does."""
        return self._opened_here(lambda key: messages.File(report_id, key, paper_id=paper_id))

    def entries(self, report_id: AuthorityReportId, *, user_id: UserId) -> dict[str, bytes]:
        """Return what people entered for a report's checklist, by item, for one of those who may send it.

        Raises NotAllowed, NotFound, ConflictOfInterest, VaultObjectDamaged, DatabaseDown, ReaderDown.
        """
        key = KeyOfOnce()
        told = json.loads(key.open(self._ask(messages.Entries(report_id, user_id, key.recipient)).body))
        return {item: said.encode() for item, said in told.items()}

    def reread(self, report_id: AuthorityReportId, paper_id: PaperId, *, user_id: UserId) -> bytes:
        """Return what is in a paper of a report, for one of those who may read again what was sent.

        Raises NotAllowed, NotFound, ConflictOfInterest, VaultObjectDamaged, DatabaseDown, ReaderDown.
        """
        return self._opened_here(lambda key: messages.Reread(report_id, paper_id, user_id, key))

    def words(
        self, case_id: CaseId, item_id: ItemId, *, user_id: UserId, session_id: SessionId
    ) -> list[dict[str, Any]]:
        """Return what rules saw in a conversation, message by message, for whoever holds its case.

        Each has "message", "by", "sent_at", and "pieces", see `spans.pieces`, or "why" it cannot be read.
        Raises NotAllowed, NotFound, ConflictOfInterest, Conflict, CaseLocked, TooManyViews, DatabaseDown,
        ReaderDown.
        """
        asking = partial(messages.Words, case_id, item_id, user_id, session_id)
        return cast("list[dict[str, Any]]", json.loads(self._opened_here(asking)))

    def thread(
        self, request_id: ThreadRequestId, *, user_id: UserId, session_id: SessionId
    ) -> list[dict[str, Any]]:
        """Return a whole conversation that two people have agreed to read, for one of them; else as `words`.

        Raises Refused where their time is over, and what `words` raises.
        """
        asking = partial(messages.Thread, request_id, user_id, session_id)
        return cast("list[dict[str, Any]]", json.loads(self._opened_here(asking)))

    def _opened_here(self, asking: Callable[[str], messages.Request]) -> bytes:
        key = KeyOfOnce()
        return key.open(self._ask(asking(key.recipient)).body)

    def status(self) -> Mapping[str, Any]:
        """Return how the reader is: pid, its walls, its decoders, and whether its store answers (vault)."""
        return messages.result(self._ask(messages.Status()))

    def is_ready(self) -> bool:
        """Say whether it answers, and whether the store that it opens from does."""
        try:
            return self.status().get("vault") is True
        except Unavailable:
            return False

    def close(self) -> None:
        """End the connections that rest."""
        with self._lock:
            resting, self._resting = self._resting, []
        for line, _ in resting:
            line.close()

    def _ask(self, request: messages.Request) -> Message:
        lost = False
        with self._free:
            resting = self._fresh()
            answer = self._answer_on(resting, request) if resting is not None else None
            if answer is None:
                lost = resting is not None
                answer = self._answer_on(self._connected(), request)
        if answer is None:
            raise ReaderDown()
        try:
            messages.result(answer)
        except NotFound as error:
            if lost:  # the one that died may have taken the ticket with it
                raise ReaderDown() from error
            raise
        return answer

    def _answer_on(self, line: Line, request: messages.Request) -> Message | None:
        """Ask on this connection and let it rest; None when it broke."""
        try:
            with suppress(ChannelBroken):  # whoever opens nothing for us has said so and ended the line
                line.send(request.message(), seconds=ANSWER_SECONDS)
            answer = line.receive(seconds=ANSWER_SECONDS)
        except ChannelBroken:
            answer = None
        except BaseException:
            line.close()
            raise
        if answer is None:
            line.close()
            return None
        with self._lock:
            self._resting.append((line, time.monotonic()))
        return answer

    def _fresh(self) -> Line | None:
        """Return a connection that rests, None when there is none that can be used."""
        while (resting := self._rested()) is not None:
            line, since = resting
            # The reader may have been started anew meanwhile.
            if time.monotonic() - since < _REST_SECONDS and line.is_fresh:
                return line
            line.close()
        return None

    def _rested(self) -> tuple[Line, float] | None:
        with self._lock:
            return self._resting.pop() if self._resting else None

    def _connected(self) -> Line:
        until = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                return connect(self.socket, seconds=CONNECT_SECONDS, max_body=messages.MAX_ANSWER_BODY)
            except OSError:
                if time.monotonic() > until:
                    raise ReaderDown() from None
                time.sleep(_PAUSE_SECONDS)
