"""Films, by PyAV (extra `[video]`): frames at chosen instants and those that look new, in one thread."""

from __future__ import annotations

import importlib.util
import io
import math
import re
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from safehold.model.media import DecodeFailure, MediaKind
from safehold.model.signal import Signal
from safehold.signals.pdq import Pdq
from safehold.vault.decoding.boxes import first_box
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.sampling import Instants, Sketches
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

_MICROSECONDS = 1_000_000
_USUAL_RATE = 25
_GREY_FIRST = {"gray", "nv12", *(f"yuv{j}{form}p" for j in ("", "j") for form in ("420", "422", "444"))}
"""Forms of frames whose first plane is grey values of eight bits."""
_PDQ = Pdq()


def read_video(data: bytes, media_type: str, demuxer: str, frames: Frames) -> MediaKind:
    """Hand the chosen frames of every video stream to `frames`; numbers count decoded frames.

    Chosen are the first, the last, those that are wanted, one in every second by chance, and, as long as the
    limit on frames has room for both, each that looks unlike all that were chosen before it.

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

    most = _most_with_new(container, frames.limits.max_frames)
    samplers = {stream.index: _Sampler(stream, frames, most) for stream in container.streams.video}
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
    for sampler in samplers.values():
        sampler.finish()
    if damaged or not frames.count:
        raise Unreadable(DecodeFailure.TRUNCATED)


def _most_with_new(container: InputContainer, max_frames: int) -> int:
    """How many frames may have been taken when one is taken for its newness alone.

    The rest is for one in every second: half, or as many as the film says that it needs.
    """
    seconds = math.ceil((container.duration or 0) / _MICROSECONDS)
    return max_frames - max(max_frames // 2, (seconds + 2) * len(container.streams.video))


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
    """Picks the frames of one stream that are looked at."""

    def __init__(self, stream: VideoStream, frames: Frames, most_with_new: int) -> None:
        prepare_stream(stream, frames)
        self._frames = frames
        self._most_with_new = most_with_new
        self._instants = Instants(
            frames.chance,
            usual_rate=float(stream.average_rate or _USUAL_RATE),
            per_second=frames.limits.frames_per_second,
        )
        self._sketches = Sketches()
        self._number = self._looked_at = 0
        self._begun: float | None = None
        self._left_out: tuple[av.VideoFrame, int] | None = None

    def take(self, frame: av.VideoFrame) -> None:
        """Look at a frame, or leave it out."""
        number, self._number = self._number, self._number + 1
        picked, sketch = self._instants.picks(frame.time), sketch_of(frame)
        has_room = self._frames.count < self._most_with_new
        if picked or number in self._frames.wanted or (has_room and self._sketches.is_new(sketch)):
            self._look(frame, number)
            self._sketches.add(sketch)
        else:
            self._left_out = frame, number

    def finish(self) -> None:
        """Look at the last frame too, where there is room for it."""
        if self._left_out is not None and self._frames.count < self._frames.limits.max_frames:
            self._look(*self._left_out)
        self._frames.sampled |= self._looked_at < self._number

    def _look(self, frame: av.VideoFrame, number: int) -> None:
        self._left_out = None
        self._looked_at += 1
        self._frames.make_room(frame.width, frame.height)
        if self._begun is None:
            self._begun = frame.time
        seconds = None if frame.time is None or self._begun is None else frame.time - self._begun
        self._frames.add(pixels_of(frame), number, seconds)


def sketch_of(frame: av.VideoFrame) -> Signal:
    """Return a fingerprint of the grey values as they are stored: cheap enough for every frame."""
    if frame.format.name not in _GREY_FIRST or frame.planes[0].line_size <= 0:
        frame = frame.reformat(format="gray", threads=1)
    plane = frame.planes[0]
    stored = memoryview(cast("bytes", plane))[: plane.height * plane.line_size]
    rows = np.frombuffer(stored, dtype=np.uint8)
    return _PDQ.of_frame(rows.reshape(plane.height, plane.line_size)[:, : plane.width])


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
