"""Films, by PyAV (extra `[video]`): the first frame and then some per second, in one thread."""

from __future__ import annotations

import importlib.util
import io
import re
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from safehold.model.media import DecodeFailure, MediaKind
from safehold.vault.decoding.boxes import first_box
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.wholeness import is_whole

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

AVAILABLE = importlib.util.find_spec("av") is not None
"""Whether the extra is installed."""

# ContentEncodings, ContentEncoding, ContentEncryption, nested.
_MATROSKA_ENCRYPTED = re.compile(rb"\x6d\x80.{1,16}\x62\x40.{1,64}\x50\x35", re.DOTALL)
_MATROSKA_CLUSTER = b"\x1f\x43\xb6\x75"


def read_video(data: bytes, media_type: str, demuxer: str, frames: Frames) -> MediaKind:
    """Hand the sampled frames of every video stream to `frames`; numbers count decoded frames.

    Raises Unreadable: ENCRYPTED, UNSUPPORTED (no extra, unknown codec), NO_VIDEO (sound only), TRUNCATED
    (damaged; what could be decoded is in `frames`), LIMIT.
    """
    if is_encrypted(data, demuxer):
        raise Unreadable(DecodeFailure.ENCRYPTED)
    if not AVAILABLE:
        raise Unreadable(DecodeFailure.UNSUPPORTED)
    import av

    try:
        container = av.open(io.BytesIO(data), "r", format=demuxer)
    except av.error.FFmpegError:
        raise Unreadable(DecodeFailure.TRUNCATED) from None
    with container:
        if not container.streams.video:
            whole = is_whole(data, media_type)
            raise Unreadable(DecodeFailure.NO_VIDEO if whole else DecodeFailure.TRUNCATED)
        _read_streams(container, frames)
    return MediaKind.VIDEO


def _read_streams(container: InputContainer, frames: Frames) -> None:
    import av

    samplers = {stream.index: _Sampler(stream, frames) for stream in container.streams.video}
    damaged = False
    for packet in container.demux(*container.streams.video):
        frames.check_time()
        try:
            decoded = packet.decode()
        except av.error.FFmpegError:
            damaged = True  # players skip a bad packet and go on; so do we, and say so
            continue
        for frame in cast("list[av.VideoFrame]", decoded):
            samplers[packet.stream.index].take(frame)
    if damaged or not frames.count:
        raise Unreadable(DecodeFailure.TRUNCATED)


def prepare_stream(stream: VideoStream, frames: Frames) -> None:
    """Set a stream up for decoding within the limits. Raises Unreadable(UNSUPPORTED), Unreadable(LIMIT)."""
    if stream.codec_context is None:
        raise Unreadable(DecodeFailure.UNSUPPORTED)
    frames.make_room(stream.codec_context.width, stream.codec_context.height)
    stream.thread_count = 1
    stream.thread_type = "NONE"
    # A stream may change its size on the way; the decoder refuses before it allocates.
    stream.codec_context.options = {"max_pixels": str(frames.limits.max_pixels)}


class _Sampler:
    """Picks the frames of one stream that are due."""

    def __init__(self, stream: VideoStream, frames: Frames) -> None:
        prepare_stream(stream, frames)
        self._frames = frames
        self._step = 1 / frames.limits.frames_per_second
        self._rate = float(stream.average_rate or 25)
        self._number = 0
        self._due: float | None = None
        self._begun = 0.0

    def take(self, frame: av.VideoFrame) -> None:
        number, self._number = self._number, self._number + 1
        seconds = frame.time if frame.time is not None else number / self._rate
        if self._due is None:
            self._due = self._begun = seconds
        if seconds < self._due:
            return
        while self._due <= seconds:
            self._due += self._step
        self._frames.make_room(frame.width, frame.height)
        self._frames.add(pixels_of(frame), number, seconds - self._begun)


def pixels_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Return the frame as it is shown: RGB, turned as the container asks."""
    # One thread: the scaler else starts its own, which confinement forbids.
    pixels = frame.reformat(format="rgb24", threads=1).to_ndarray()
    turned = np.rot90(pixels, round(frame.rotation / 90))
    return np.ascontiguousarray(turned, dtype=np.uint8)


def is_encrypted(data: bytes, demuxer: str) -> bool:
    """Whether the container says that its streams are encrypted: what they decode to would mean nothing."""
    if demuxer == "matroska":
        head = data[: max(0, data.find(_MATROSKA_CLUSTER))] or data[:65536]
        return _MATROSKA_ENCRYPTED.search(head) is not None
    # Only the box that describes the streams: chance bytes in the film itself must not count.
    return demuxer == "mov" and b"encv" in first_box(data, b"moov")
