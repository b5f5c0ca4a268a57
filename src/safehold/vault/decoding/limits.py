"""What one decoding job may cost."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Bounds on one job; what goes over any of them answers with failure `limit`.

    max_bytes: size of the media, and of the shared memory of each worker. max_pixels: of one frame; today's
    largest common phone sensors have 108 million. max_frames: frames read from an animation or video.
    seconds: after this the worker stops and answers with what it has; after half as long again it is
    killed. memory_bytes: address space a worker may take on top of what it has when warm; a 108-megapixel
    photo needs about 0.9 GiB. frames_per_second: how many frames of a video are looked at.
    """

    max_bytes: int = 256 * MEBIBYTE
    max_pixels: int = 110_000_000
    max_frames: int = 1_000
    seconds: float = 20.0
    memory_bytes: int = 1_536 * MEBIBYTE
    frames_per_second: float = 1.0

    @property
    def patience(self) -> float:
        """Seconds after which a worker that has not answered is killed."""
        return self.seconds * 1.5
