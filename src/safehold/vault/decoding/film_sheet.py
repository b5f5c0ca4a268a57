"""Frames spread over a whole film, found by seeking: a long film must not take as long as watching it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from safehold.vault.decoding import video
from safehold.vault.decoding.frames import Frames, Unreadable

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SHORT_SECONDS = 20.0
"""A film no longer than this is read from its beginning to its end."""
_STEPS = 300
"""Frames that are decoded from where a seek led to until the wanted instant, at most."""
_MICROSECONDS = 1_000_000


def read(data: bytes, demuxer: str, frames: Frames, wanted: int) -> bool:
    """Hand `wanted` frames, evenly spread over the first video stream, to `frames`.

    False, with nothing handed on, when the film is short, does not say how long it is, or cannot be
    sought in: then it has to be read from its beginning.
    """
    if not video.AVAILABLE:
        return False
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=demuxer) as container:
            seconds = (container.duration or 0) / _MICROSECONDS
            if seconds <= _SHORT_SECONDS or not container.streams.video:
                return False
            stream = container.streams.video[0]
            video.prepare_stream(stream, frames)
            begun = (container.start_time or 0) / _MICROSECONDS
            times = [begun + seconds * place / wanted for place in range(wanted)]
            return _take(container, stream, times, begun, frames)
    except (av.error.FFmpegError, Unreadable, ValueError, MemoryError):
        return frames.count > 0


def _take(
    container: InputContainer, stream: VideoStream, times: list[float], begun: float, frames: Frames
) -> bool:
    latest = -1.0
    for number, wanted in enumerate(times):
        frames.check_time()
        container.seek(int(wanted * _MICROSECONDS), backward=True)
        frame = _first_from(container, stream, wanted, frames)
        if frame is None or frame.time is None or frame.time <= latest:
            continue
        latest = frame.time
        frames.make_room(frame.width, frame.height)
        frames.add(video.pixels_of(frame), number, frame.time - begun)
    return frames.count > 0


def _first_from(
    container: InputContainer, stream: VideoStream, wanted: float, frames: Frames
) -> av.VideoFrame | None:
    """Return the first frame from an instant on; the last one that was looked at where none comes soon."""
    last = None
    for count, frame in enumerate(container.decode(stream)):
        frames.check_time()
        last = frame
        if count >= _STEPS or frame.time is None or frame.time >= wanted:
            break
    return last
