"""Making a bundle: the reader encrypts the files; what goes with them is written, signed and stamped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from safehold.app.access.at_the_shell import proved
from safehold.app.audit.sequencer import sequence
from safehold.app.bundles import signing
from safehold.app.bundles.inventory import Found, Making, inventory, written
from safehold.app.bundles.signing import Closing, Stamped
from safehold.app.operator import Operator, open_operator
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import OPERATING, open_reader
from safehold.app.settings import Settings
from safehold.evidence import bundles
from safehold.model.errors import NotAllowed, Unavailable
from safehold.model.ids import BundleId, UserId
from safehold.model.permissions import Actor
from safehold.model.team import TeamSize
from safehold.storage import audit
from safehold.vault.files import new_file


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it. held: items whose bytes are in it. not_held: how many are not, by why.

    signed: the SHA-256 of its signed sums, by which whoever has it knows that it is this one.
    """

    size_bytes: int
    held: int
    signed: bytes
    not_held: Mapping[str, int] = field(default_factory=dict)
    stamped: Stamped = field(default_factory=Stamped)


def make(settings: Settings, bundle_id: BundleId, *, name: str, password: str, out: Path) -> Made:
    """Write a bundle that two people stand behind into a new file (0600), encrypted to the recipients.

    name, password: of the person who makes it, one who may edit evidence and come near the cases. Files are
    in the clear in the reader alone, one at a time. The file has its name once it is whole and on the disk:
    a full disk and a killed process leave nothing under it. Each try counts, and is on record before anything
    is opened. Raises NameTaken, NotAuthenticated, NotAllowed, ConflictOfInterest, NotFound, Refused,
    Unavailable when the disk is full, and what the reader raises.
    """
    with open_operator(settings) as operator:
        actor = proved(operator.database, name=name, password=password, now=operator.clock())
        if actor.user_id is None:
            raise NotAllowed("Only people hand evidence over.")
        with open_reader(settings, purposes=OPERATING) as reader:
            try:
                with new_file(out) as file:
                    made = _Bundle(operator, bundle_id, file).fill(reader, actor.user_id)
            except OSError as error:
                raise _full(error) from None
        _note(operator, bundle_id, actor, made)
    return made


class _Bundle:
    """One bundle on its way into a file."""

    def __init__(self, operator: Operator, bundle_id: BundleId, file: BinaryIO) -> None:
        self._operator = operator
        self._bundle_id = bundle_id
        self._file = file
        self._found: Sequence[Found] = ()
        self._closing = Closing(b"", Stamped(), b"")

    def fill(self, reader: ReaderClient, person: UserId) -> Made:
        reader.bundle(self._bundle_id, user_id=person, write=self._file.write, close=self._close)
        why = Counter(str(each["not_held"]) for each in self._found if "not_held" in each)
        held = len(self._found) - why.total()
        return Made(self._file.tell(), held, self._closing.signed, dict(why), self._closing.stamped)

    def _close(self, found: Sequence[Mapping[str, Any]]) -> bytes:
        self._found, settings, now = found, self._operator.settings, self._operator.clock()
        # What was just put on record about these items gets its place on the chain, and so its hash.
        sequence(self._operator.database, now=now)
        with self._operator.database.begin() as tx:
            making = Making(
                agreed=bundles.agreed(tx, self._bundle_id, now=now),
                size=TeamSize(settings.team.size_policy),
                key=self._operator.home.request_secret(),
                now=now,
            )
            content = written(inventory(tx, making, found))
        self._closing = signing.closing(
            content,
            {each["name"]: each["sha256"] for each in found if "name" in each},
            key=self._operator.home.bundles_key(),
            settings=settings,
            now=now,
            at=making.agreed.asked_at,
        )
        return self._closing.tail


def _note(operator: Operator, bundle_id: BundleId, actor: Actor, made: Made) -> None:
    with operator.database.begin() as tx:
        bundles.note_made(tx, bundle_id, signed=made.signed, held=made.held, not_held=made.not_held)
        audit.append(
            tx,
            at=operator.clock(),
            actor=actor.label,
            verb="evidence.bundle_made",
            object=f"bundle:{bundle_id}",
            detail={
                "held": made.held,
                "not_held": dict(made.not_held),
                "stamped": made.stamped.response is not None,
            },
        )


def _full(error: OSError) -> Unavailable:
    return Unavailable(
        f"The bundle could not be written: {error.strerror or 'it gave no reason'}.",
        kept="Nothing is left of it. This try is on record and counted.",
        advice="Look at the free space and the permissions of the folder, and make it again.",
    )
