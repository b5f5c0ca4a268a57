"""What the operator has the reader do by command: reach whoever reported an item, take signals anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from safehold.app.operator import Operator, open_operator
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, open_reader
from safehold.app.settings import Settings
from safehold.intake import uploads
from safehold.model.errors import Damaged, ErasedEvidence, NotAllowed, NotFound
from safehold.model.ids import MediaId
from safehold.storage import evidence as evidence_rows

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Remade:
    """How one media fared. signals: how many there are now; failed: the code of what stood in the way."""

    media_id: MediaId
    signals: int = 0
    failed: str | None = None


def contact(settings: Settings, about: UUID) -> str:
    """Return the mail address that whoever reported an item left; that it was opened is on record before.

    about: the item, or a case that has no other. Raises NotFound where nobody reported it, or left nothing,
    or it was destroyed; Conflict for a case of several items; what the reader raises.
    """
    with open_reader(settings, purposes=OPERATING) as reader:
        return reader.contact(about)


def remake_signals(settings: Settings, media_id: MediaId | None = None) -> Iterator[Remade]:
    """Take the signals of confirmed media anew, of one or of all, and yield how each fared.

    Signals that were there before stay as they are; those that can be made today and were not there are
    added. What is damaged, destroyed or not confirmed any more does not keep it from the next. Killing it
    harms nothing: run it again. Raises what opening raises, and NotAllowed for one that nobody confirmed.
    """
    with (
        open_operator(settings) as operator,
        open_reader(settings, purposes=OPERATING) as reader,
    ):
        if media_id is not None:
            yield _remade(operator, reader, media_id)
            return
        for each in _all_confirmed(operator):
            try:
                yield _remade(operator, reader, each)
            except NotAllowed as error:  # its outcome was reversed a moment ago
                yield Remade(each, failed=error.code)


def _remade(operator: Operator, reader: ReaderClient, media_id: MediaId) -> Remade:
    try:
        examined = reader.remake(media_id)
    except (Damaged, ErasedEvidence, NotFound) as error:
        return Remade(media_id, failed=error.code)
    with operator.database.begin() as tx:
        added = uploads.add_signals(tx, media_id, examined.signals, now=operator.clock())
    failed = f"decoder:{examined.failure.value}" if examined.failure and not examined.signals else None
    return Remade(media_id, added, failed)


def _all_confirmed(operator: Operator) -> Iterator[MediaId]:
    last: MediaId | None = None
    while True:
        with operator.database.begin() as tx:
            found = evidence_rows.confirmed(tx, after=last, limit=_BATCH)
        yield from found
        if len(found) < _BATCH:
            return
        last = found[-1]
