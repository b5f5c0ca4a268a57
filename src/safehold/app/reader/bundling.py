"""Packing where evidence is opened, bundles and parcels: what leaves this process is encrypted to recipients.

The files go into a tar, one at a time, and the tar into one age stream that is sent while it grows. When all
files are in, whoever asked is told what there was of each, and answers with what the tar ends with: the
inventory, signed. They see digests and sizes, and nothing of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from safehold.app.reader import messages
from safehold.app.reader.talk import Talk
from safehold.model.errors import ErasedEvidence, NotFound, VaultObjectDamaged
from safehold.model.ids import ItemId, MediaId
from safehold.vault import age, tar

SIGNALS_ONLY, NEVER_SEALED, DESTROYED, UNREADABLE = "signals_only", "never_sealed", "destroyed", "unreadable"
"""Why bytes are not held: none came; none were sealed; destroyed; the vault does not give them back."""

_WHY = {NotFound: NEVER_SEALED, ErasedEvidence: DESTROYED, VaultObjectDamaged: UNREADABLE}
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/avif": "avif",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
}


class Files:
    """The files of these items, opened one at a time; media that several items are of goes in once.

    media: of each item, None where none came. open: returns the media type and the bytes of an item.
    """

    def __init__(
        self,
        items: Sequence[ItemId],
        media: Mapping[ItemId, MediaId | None],
        *,
        open: Callable[[ItemId], tuple[str, bytes]],
    ) -> None:
        self._items = items
        self._media = media
        self._open = open
        self._known: dict[MediaId, dict[str, Any]] = {}
        self.found: list[dict[str, Any]] = []
        """What there was of each item, in their order, once it was read: see `messages.found`."""

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of each file. What cannot be had is noted, and keeps no other back."""
        for item_id in self._items:
            media_id = self._media[item_id]
            if media_id is None:
                self._note(item_id, {"not_held": SIGNALS_ONLY})
                continue
            if media_id not in self._known:
                yield from self._first(item_id, media_id)
            self._note(item_id, self._known[media_id])

    def _first(self, item_id: ItemId, media_id: MediaId) -> Iterator[tuple[str, bytes]]:
        try:
            media_type, data = self._open(item_id)
        except (NotFound, ErasedEvidence, VaultObjectDamaged) as error:
            self._known[media_id] = {"not_held": _WHY[type(error)]}
            return
        name = f"media/{len(self._known) + 1:04}-{media_id}.{_EXTENSIONS.get(media_type, 'bin')}"
        sha256 = hashlib.sha256(data).hexdigest()
        self._known[media_id] = {"name": name, "size_bytes": len(data), "sha256": sha256}
        yield name, data

    def _note(self, item_id: ItemId, fate: Mapping[str, Any]) -> None:
        self.found.append({"item": str(item_id), **fate})


def send(files: Files, *, recipients: Sequence[str], at: datetime, talk: Talk) -> None:
    """Send it whole, encrypted, piece by piece. at: the time that all files in it bear.

    Raises InvalidInput for a recipient that is none, Unavailable, and what opening raises.
    """
    age.encrypt(_tar(files, at, talk), recipients, to=lambda piece: talk.say(messages.piece(piece)))


def _tar(files: Files, at: datetime, talk: Talk) -> Iterator[bytes]:
    for name, data in files.read():
        yield from tar.member(name, data, at=int(at.timestamp()))
        del data
    talk.say(messages.found(files.found))
    closing = talk.hear(most=messages.MAX_CLOSING_BODY)
    yield messages.closing_of(closing)
