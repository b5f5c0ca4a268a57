"""HEIF and HEIC pictures, by pillow-heif (extra `[heif]`); without it the answer is "unsupported"."""

from __future__ import annotations

import importlib.util

from safehold.model.media import DecodeFailure, MediaKind
from safehold.vault.decoding.boxes import first_box
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.images import read_frames

AVAILABLE = importlib.util.find_spec("pillow_heif") is not None
"""Whether the extra is installed."""


def prepare() -> None:
    """Register the reader with Pillow, single-threaded. Does nothing without the extra."""
    if not AVAILABLE:
        return
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    pillow_heif.options.DECODE_THREADS = 1


def read_heif(data: bytes, media_type: str, frames: Frames) -> MediaKind:
    """Hand every top-level picture to `frames`. Raises Unreadable(ENCRYPTED) for protected ones."""
    # "ipro" is the box that says how items are protected.
    if b"ipro" in first_box(data, b"meta"):
        raise Unreadable(DecodeFailure.ENCRYPTED)
    if not AVAILABLE:
        raise Unreadable(DecodeFailure.UNSUPPORTED)
    return read_frames(data, media_type, ("HEIF",), frames)
