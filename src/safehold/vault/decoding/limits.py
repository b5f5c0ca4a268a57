"""What one decoding job may cost, in all and by codec."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

MEBIBYTE = 1024 * 1024


class CodecLimits(NamedTuple):
    """Bounds on one codec, below those of the job.

    max_pixels: of one frame. max_frames: pictures, pages or frames read. max_metadata_bytes: what lies
    beside the pixels: profiles, notes, previews, tables. why: what honest files need,
    or what hostile ones do.
    """

    max_pixels: int
    max_frames: int
    max_metadata_bytes: int
    why: str


_PHOTO = 210_000_000
_NOTES = 16 * MEBIBYTE
_FRAMES = 100_000  # the job's own limit is the narrower one

CODECS = {
    "image/jpeg": CodecLimits(
        _PHOTO,
        64,
        _NOTES,
        "Sensors of 200 megapixels exist; bursts hold some ten pictures, notes a depth map.",
    ),
    "image/png": CodecLimits(
        _PHOTO, _FRAMES, _NOTES, "One byte can unpack to a thousand: packed notes have a limit of their own."
    ),
    "image/gif": CodecLimits(
        64_000_000,
        _FRAMES,
        _NOTES,
        "256 colours: none is larger in earnest, and each frame costs a whole one.",
    ),
    "image/webp": CodecLimits(_PHOTO, _FRAMES, _NOTES, "The format itself ends at 16,383 pixels a side."),
    "image/avif": CodecLimits(_PHOTO, _FRAMES, MEBIBYTE, "A grid of tiles is described in some kilobytes."),
    "image/heic": CodecLimits(_PHOTO, 256, MEBIBYTE, "As AVIF; bursts hold up to some hundred pictures."),
    "image/heif": CodecLimits(_PHOTO, 256, MEBIBYTE, "As HEIC."),
    "image/tiff": CodecLimits(
        _PHOTO, 1_000, _NOTES, "Entries may all point at the same bytes, so what they name is added up."
    ),
    "image/bmp": CodecLimits(_PHOTO, 1, _NOTES, "Nothing is packed but runs of one colour."),
}
"""By media type. Films are bounded by the job, and by FILM_PIXELS."""

FILM_PIXELS = 36_000_000
"""Of one frame of a film: 8K in its wider form has 35.4 million, and a decoder keeps some sixteen of them."""

MAX_TEXT_BYTES = MEBIBYTE
"""Of one packed note or colour profile of a PNG, unpacked."""

MAX_TEXTS_BYTES = 8 * MEBIBYTE
"""Of all notes of a PNG together, unpacked."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Bounds on one job; what goes over any of them answers with failure `limit`.

    max_bytes: size of the media, and of the shared memory of each worker. max_pixels: of one frame; today's
    largest common phone sensors have 108 million. max_frames: frames read from an animation or video.
    seconds: after this the worker stops and answers with what it has; after half as long again it is
    killed. memory_bytes: address space a worker may take on top of what it has when warm; a 108-megapixel
    photo needs about 0.9 GiB. frames_per_second: how many frames of a video are looked at.
    media_per_worker: after so many a worker is replaced, whatever it met; 1: each has a process of its own.
    """

    max_bytes: int = 256 * MEBIBYTE
    max_pixels: int = 110_000_000
    max_frames: int = 1_000
    seconds: float = 20.0
    memory_bytes: int = 1_536 * MEBIBYTE
    frames_per_second: float = 1.0
    media_per_worker: int = 200

    @property
    def patience(self) -> float:
        """Seconds after which a worker that has not answered is killed."""
        return self.seconds * 1.5

    def of_codec(self, media_type: str) -> DecodeLimits:
        """Return these limits, narrowed to what this codec may cost."""
        codec = CODECS.get(media_type)
        if codec is None:
            return replace(self, max_pixels=min(self.max_pixels, FILM_PIXELS))
        return replace(
            self,
            max_pixels=min(self.max_pixels, codec.max_pixels),
            max_frames=min(self.max_frames, codec.max_frames),
        )
