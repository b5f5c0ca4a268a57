"""One job in the worker: bytes in, what was seen in them out. Whatever the bytes are, this answers."""

from __future__ import annotations

from PIL import Image

from safehold.model.media import DecodeFailure, Examined, HashMode, MediaKind
from safehold.model.signal import Signal
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.heif import read_heif
from safehold.vault.decoding.images import read_image
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.metadata import has_too_much
from safehold.vault.decoding.sniff import Reading, Sniffed, sniff, unreadable
from safehold.vault.decoding.video import read_video
from safehold.vault.decoding.wholeness import is_whole

_KINDS = {
    Reading.IMAGE: MediaKind.IMAGE,
    Reading.HEIF: MediaKind.IMAGE,
    Reading.VIDEO: MediaKind.VIDEO,
    Reading.NONE: MediaKind.UNKNOWN,
}


def examine(
    data: bytes,
    *,
    claimed_type: str | None,
    rendition: bool,
    kinds: Kinds,
    limits: DecodeLimits,
    mode: HashMode = HashMode.EXACT,
    turned: bool = False,
) -> Examined:
    """Read what can be read of `data` and say why the rest could not be. Raises nothing."""
    found = sniff(data)
    of_bytes, broken = _of_bytes(data, kinds)
    if found.reading is Reading.NONE:
        return Examined(found.media_type, signals=of_bytes, failure=unreadable(found, claimed_type))
    frames = Frames(
        kinds.of_frames, limits.of_codec(found.media_type), rendition=rendition, mode=mode, turned=turned
    )
    kind, failure = read_into(data, found, frames)
    return Examined(
        media_type=found.media_type,
        kind=kind,
        width=frames.width,
        height=frames.height,
        frames=frames.count,
        signals=(*frames.signals, *of_bytes),
        sampled=frames.sampled,
        failure=failure or broken,
        turned=tuple(frames.turned),
        mode=frames.mode,
        rendition=frames.rendition(),
    )


def _of_bytes(data: bytes, kinds: Kinds) -> tuple[tuple[Signal, ...], DecodeFailure | None]:
    """Return what foreign types make of the bytes, and a failure where one of them fails."""
    try:
        return tuple(kind.of_bytes(data) for kind in kinds.of_bytes), None
    except Exception:  # noqa: BLE001 - a plug-in raises anything
        return (), DecodeFailure.UNSUPPORTED


def read_into(data: bytes, found: Sniffed, frames: Frames) -> tuple[MediaKind, DecodeFailure | None]:
    """Hand every frame that can be read to `frames`; return what it is and why the rest could not be read."""
    kind = _KINDS[found.reading]
    try:
        kind = _reader(data, found, frames)
    except Unreadable as reason:
        return kind, reason.failure
    except (MemoryError, Image.DecompressionBombError):
        return kind, DecodeFailure.LIMIT
    except NotImplementedError:
        return kind, DecodeFailure.UNSUPPORTED
    except Exception as error:  # noqa: BLE001 - decoders raise anything on hostile bytes
        # Pillow names text and profiles that unpack to far too much only in its message.
        too_much = any(words in str(error).lower() for words in ("too large", "too much memory"))
        return kind, DecodeFailure.LIMIT if too_much else DecodeFailure.TRUNCATED
    return kind, None if is_whole(data, found.media_type) else DecodeFailure.TRUNCATED


def _reader(data: bytes, found: Sniffed, frames: Frames) -> MediaKind:
    if has_too_much(data, found.media_type):
        raise Unreadable(DecodeFailure.LIMIT)
    if found.reading is Reading.HEIF:
        return read_heif(data, found.media_type, frames)
    if found.reading is Reading.VIDEO:
        return read_video(data, found.media_type, found.demuxer, frames)
    return read_image(data, found.media_type, frames)
