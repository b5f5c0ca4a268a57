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


class HashMode(StrEnum):
    """How perceptual signals are made.

    EXACT: from every pixel, with the published bits; entries of lists are made so. FAST: of a JPEG that
    its decoder has scaled down: some bits may differ; of anything else as EXACT.
    """

    FAST = "fast"
    EXACT = "exact"


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
    frames of a film were left out on purpose. turned: those of every frame turned in each way but none,
    where they were asked for. mode: FAST where signals may differ in some bits from those that exact reading
    makes. rendition: a small grey blurred JPEG, or None where none was asked for or none could be made. A
    failure may come with the signals of the frames that were read before it.
    """

    media_type: str
    kind: MediaKind = MediaKind.UNKNOWN
    width: int = 0
    height: int = 0
    frames: int = 0
    signals: tuple[Signal, ...] = ()
    sampled: bool = False
    failure: DecodeFailure | None = None
    turned: tuple[Signal, ...] = ()
    mode: HashMode = HashMode.EXACT
    rendition: bytes | None = field(default=None, repr=False)
