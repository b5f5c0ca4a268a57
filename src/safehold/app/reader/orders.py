"""What the operator has the reader do by command: export an item to somebody, take signals anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from safehold.app.access import users
from safehold.app.operator import Operator, open_operator
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, open_reader
from safehold.app.settings import Settings
from safehold.intake import uploads
from safehold.model.errors import Damaged, ErasedEvidence, NotAllowed, NotFound
from safehold.model.ids import MediaId
from safehold.storage import evidence as evidence_rows
from safehold.vault.files import write_new
from safehold.vault.keys import load_opening_key
from safehold.vault.parcels import Opened, unpack

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Remade:
    """How one media fared. signals: how many there are now; failed: the code of what stood in the way."""

    media_id: MediaId
    signals: int = 0
    failed: str | None = None


def export(settings: Settings, about: UUID, *, name: str, recipient: bytes, out: Path) -> int:
    """Write an item's bytes, sealed to a recipient, into a new file (0600); return its size in bytes.

    about: the item, or a case that has no other. name: of the person who has it done; they must be active
    and may edit evidence. recipient: PEM of a public key. The bytes are in the clear in the reader alone.
    Raises NameTaken for a file that exists, NotFound, Conflict for a case of several items, NotAllowed,
    ConflictOfInterest, InvalidInput and what the reader raises.
    """
    with open_operator(settings) as operator, operator.database.begin() as tx:
        user_id = users.find_user(tx, name).id
    with open_reader(settings, purposes=OPERATING) as reader:
        parcel = reader.export(about, user_id=user_id, recipient=recipient)
    write_new(out, parcel)
    return len(parcel)


def contact(settings: Settings, about: UUID) -> str:
    """Return the mail address that whoever reported an item left; that it was opened is on record before.

    about: the item, or a case that has no other. Raises NotFound where nobody reported it, or left nothing,
    or it was destroyed; Conflict for a case of several items; what the reader raises.
    """
    with open_reader(settings, purposes=OPERATING) as reader:
        return reader.contact(about)


def open_parcel(path: Path, *, key: Path, out: Path) -> Opened:
    """Open a parcel with the recipient's private key and write its bytes into a new file (0600).

    Raises BadSettings for the key, InvalidInput, VaultObjectDamaged, NameTaken.
    """
    opened = unpack(path.read_bytes(), load_opening_key(key, called="The recipient's private key"))
    write_new(out, opened.data)
    return opened


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
