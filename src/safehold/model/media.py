"""Media: unique bytes, and what could be read from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from safehold.model.signal import Signal


class MediaKind(StrEnum):
    """What the bytes turned out to be."""

    IMAGE = "image"
    ANIMATION = "animation"
    VIDEO = "video"
    UNKNOWN = "unknown"


class DecodeFailure(StrEnum):
    """Why bytes could not be read. Shown to platforms as `decoder:<value>`."""

    TRUNCATED = "truncated"
    MISLABELLED = "mislabelled"
    UNSUPPORTED = "unsupported"
    LIMIT = "limit"
    ENCRYPTED = "encrypted"
    NO_VIDEO = "no_video"


@dataclass(frozen=True, slots=True)
class Examined:
    """What a decoding worker saw in some bytes.

    media_type: an IANA media type such as "image/jpeg", from the bytes and never from the name;
    "application/octet-stream" when nothing we know. width, height: pixels as shown (orientation
    applied). frames: how many were read. signals: those of every frame that was read. sampled: whether
    frames of a film were left out on purpose. rendition: a small grey blurred JPEG, or None where none was
    asked for or none could be made. A failure may come with the signals of the frames that were read
    before it.
    """

    media_type: str
    kind: MediaKind = MediaKind.UNKNOWN
    width: int = 0
    height: int = 0
    frames: int = 0
    signals: tuple[Signal, ...] = ()
    sampled: bool = False
    failure: DecodeFailure | None = None
    rendition: bytes | None = field(default=None, repr=False)
