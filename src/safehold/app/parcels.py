"""Packing parcels for hotlines and other authorities: the reader encrypts files; the rest is signed here."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safehold.app.bundles import signing
from safehold.app.reader.client import ReaderClient
from safehold.authorities.destinations.generic.parcel import Order, Packed, documents
from safehold.model.clock import Clock
from safehold.model.errors import ReaderDown, VaultObjectDamaged
from safehold.model.ids import ItemId
from safehold.vault import age

_README = f"""\
A report
========

What is here
  letter.html        the report, to be read; the page fetches nothing
  letter.json        the same, for machines
  media/             the files that go with it, byte for byte as they came; where none do, there is no folder
  inventory.json     what each file is; where its bytes are not here it says so, and why
  SHA256SUMS         the digests of all files here but itself and the one below
  SHA256SUMS.sig     a signature over SHA256SUMS (Ed25519)
  signing-key.pub.pem  the public key that the signature fits

"report" in inventory.json is its id: whatever comes under the same id is the same report, sent again.
What "earlier_references" names is corrected by it where "correction" is true, else added to.

{signing.HOW_TO_CHECK}
{signing.OPENSSL}"""


@dataclass(frozen=True, slots=True)
class Packer:
    """Makes parcels. folder: where there is room for one. key: gives what signs them, as it signs bundles."""

    folder: Path
    key: Callable[[], Ed25519PrivateKey]
    reader: ReaderClient | None
    clock: Clock

    @contextmanager
    def pack(self, order: Order) -> Iterator[Packed]:
        """Yield what was ordered, packed and encrypted into a file without a name, gone when the block ends.

        Raises what the reader raises; VaultObjectDamaged where a file is not the one on record; ReaderDown
        without a reader, where files are to go.
        """
        # What is written is encrypted, and lies where there is room for evidence.
        with tempfile.TemporaryFile(dir=self.folder) as file:
            packing = _Packing(order, self.key(), self.clock, file)
            if not order.going:
                age.encrypt([packing.close([])], order.recipients, to=packing.write)
            elif self.reader is None:
                raise ReaderDown()
            else:
                self.reader.parcel(
                    order.report_id,
                    items=order.going,
                    recipients=order.recipients,
                    write=packing.write,
                    close=packing.close,
                )
            yield packing.packed()


@dataclass(slots=True)
class _Packing:
    """One parcel on its way into a file."""

    order: Order
    key: Ed25519PrivateKey = field(repr=False)
    clock: Clock
    file: BinaryIO
    found: Sequence[Mapping[str, Any]] = ()
    signed: bytes = b""

    def write(self, piece: bytes) -> None:
        self.file.write(piece)

    def close(self, found: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the end of the tar. found: what there was of each item that was to go."""
        self.found = found
        media = {each["name"]: each["sha256"] for each in found if "name" in each}
        self._check(media)
        written = {**documents(self.order, found), signing.README: _README.encode("ascii")}
        files = signing.signed(written, media, key=self.key)
        self.signed = hashlib.sha256(files[signing.SUMS]).digest()
        return signing.tail(files, self.clock())

    def packed(self) -> Packed:
        """Return what was packed."""
        self.file.flush()
        by_id = {str(each): each for each in self.order.going}
        names = {by_id[each["item"]]: str(each["name"]) for each in self.found if "name" in each}
        missing = {by_id[each["item"]]: str(each["not_held"]) for each in self.found if "not_held" in each}
        size = self.file.tell()
        return Packed(file=self.file, size=size, signed=self.signed, names=names, missing=missing)

    def _check(self, media: Mapping[str, str]) -> None:
        """Raise VaultObjectDamaged where what was opened is not what the report says of it."""
        said: Mapping[ItemId, str] = {each.item_id: each.said for each in self.order.files}
        by_id = {str(item_id): words for item_id, words in said.items()}
        for each in self.found:
            if "name" in each and media[each["name"]] not in by_id[each["item"]]:
                raise VaultObjectDamaged("What was opened is not what the report says of it.")
