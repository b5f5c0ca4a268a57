"""Frames spread over a whole film, found by seeking: a long film must not take as long as watching it.

The first, and then one at an instant set by chance in each of equal parts: nobody can know which are shown.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Container
from typing import TYPE_CHECKING

from safehold.model.media import DecodeFailure
from safehold.vault.decoding import video
from safehold.vault.decoding.frames import Frames, Unreadable
from safehold.vault.decoding.sniff import Sniffed
from safehold.vault.decoding.wholeness import is_whole

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SHORT_SECONDS = 20.0
"""A film no longer than this is read from its beginning to its end."""
_STEPS = 300
"""Frames that are decoded from where a seek led to until the wanted instant, at most."""
_MICROSECONDS = 1_000_000


def read(data: bytes, found: Sniffed, frames: Frames, wanted: int) -> bool:
    """Hand `wanted` frames, spread over the first video stream, to `frames`.

    False, with nothing handed on, when the film is short, encrypted, does not say how long it is, or cannot
    be sought in: then it has to be read from its beginning. Raises Unreadable when something of it is
    damaged or missing, or over a limit; what could be read is in `frames`.
    """
    if not video.AVAILABLE or video.is_encrypted(data, found.demuxer):
        return False
    import av

    try:
        with av.open(io.BytesIO(data), "r", format=found.demuxer) as container:
            seconds = (container.duration or 0) / _MICROSECONDS
            if seconds <= _SHORT_SECONDS or not container.streams.video:
                return False
            stream = container.streams.video[0]
            video.prepare_stream(stream, frames)
            begun = _beginning(container, stream)
            places = [0.0, *(place + frames.chance.random() for place in range(1, wanted))]
            times = [begun + seconds * place / wanted for place in places]
            whole = _take(container, stream, times, begun, frames)
    except Unreadable:
        if frames.count:
            raise
        return False
    except (av.error.FFmpegError, ValueError, MemoryError):
        whole = False
    if frames.count and not (whole and is_whole(data, found.media_type)):
        raise Unreadable(DecodeFailure.TRUNCATED)
    return frames.count > 0


def _beginning(container: InputContainer, stream: VideoStream) -> float:
    """Return the earliest time near the beginning: that of the very first frame alone may be false."""
    packets = itertools.islice(container.demux(stream), _STEPS)
    return min((float(one.pts * one.time_base) for one in packets if one.pts is not None), default=0.0)


def _take(
    container: InputContainer, stream: VideoStream, times: list[float], begun: float, frames: Frames
) -> bool:
    """Take the frame at each of these times; False when one could not be had: those after it may be there."""
    import av

    taken: set[float] = set()
    whole = True
    for number, wanted in enumerate(times):
        frames.check_time()
        try:
            container.seek(int(wanted * _MICROSECONDS), backward=True)
            frame = _first_from(container, stream, wanted, frames, taken)
        except av.error.FFmpegError:
            whole = False
            continue
        if frame is None or frame.time is None or frame.time in taken:
            continue
        taken.add(frame.time)
        frames.make_room(frame.width, frame.height)
        frames.add(video.pixels_of(frame), number, frame.time - begun)
    return whole


def _first_from(
    container: InputContainer, stream: VideoStream, wanted: float, frames: Frames, taken: Container[float]
) -> av.VideoFrame | None:
    """Return the first frame from an instant on; the last one that was looked at where none comes soon.

    One that was taken before is passed over: its time may be false, and hide what comes after it.
    """
    last = None
    for count, frame in enumerate(container.decode(stream)):
        frames.check_time()
        last = frame
        if count >= _STEPS or frame.time is None or (frame.time >= wanted and frame.time not in taken):
            break
    return last
