"""Frames spread over a whole film, found by seeking: a long film must not take as long as watching it.

The first, and then one at an instant set by chance in each of equal parts: nobody can know which are shown.
Besides these, what is wanted by its number.
"""

from __future__ import annotations

import bisect
import io
import itertools
from collections.abc import Iterable
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
_BACK = (0.0, 2.0, 10.0)
"""Seconds before a wanted frame that a seek aims at, by turns: in some forms of films seeks lead too far."""
_MICROSECONDS = 1_000_000


def read(data: bytes, found: Sniffed, frames: Frames, spread: int) -> bool:
    """Hand `spread` frames of the first video stream to `frames`, and those that it wants, in order.

    Numbers are those of `read_video` where any frame is wanted.

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
            places = [0.0, *(place + frames.chance.random() for place in range(1, spread))]
            whole = _Seeker(container, stream, frames).take([seconds * place / spread for place in places])
    except Unreadable:
        if frames.count:
            raise
        return False
    except (av.error.FFmpegError, ValueError, MemoryError):
        whole = False
    if frames.count and not (whole and is_whole(data, found.media_type)):
        raise Unreadable(DecodeFailure.TRUNCATED)
    return frames.count > 0


class _Seeker:
    """Hands on frames of one stream, found by their instants, which count as the film counts them."""

    def __init__(self, container: InputContainer, stream: VideoStream, frames: Frames) -> None:
        self._container, self._stream, self._frames = container, stream, frames
        self._instants = _instants(container, stream, frames)
        self._begun = self._instants[0] if self._instants else 0.0
        known = (number for number in frames.wanted if number < len(self._instants))
        self._wanted = {self._instants[number] for number in known}
        self._taken: set[float] = set()

    def take(self, times: Iterable[float]) -> bool:
        """Hand on the frames at these times, and those that are wanted, in order.

        False when one could not be had: those after it may be there.
        """
        import av

        whole = True
        for instant in sorted({self._begun + each for each in times} | self._wanted):
            self._frames.check_time()
            try:
                frame = self._sought(instant)
            except av.error.FFmpegError:
                whole = False
                continue
            if frame is not None and frame.time is not None and frame.time not in self._taken:
                self._hand_on(frame, frame.time)
        return whole

    def _hand_on(self, frame: av.VideoFrame, instant: float) -> None:
        self._taken.add(instant)
        self._frames.make_room(frame.width, frame.height)
        number = bisect.bisect_left(self._instants, instant)
        self._frames.add(video.pixels_of(frame), number, instant - self._begun)

    def _sought(self, instant: float) -> av.VideoFrame | None:
        if instant not in self._wanted:
            return self._first_from(instant)
        tried = (self._first_from(instant, back=back) for back in _BACK if instant not in self._taken)
        return next((each for each in tried if each is not None and each.time == instant), None)

    def _first_from(self, instant: float, *, back: float = 0.0) -> av.VideoFrame | None:
        """Return the first frame from an instant on; the last one that was looked at where none comes soon.

        One that was taken before is passed over: its time may be false, and hide what comes after it.
        """
        self._container.seek(int((instant - back) * _MICROSECONDS), backward=True)
        last = None
        for count, frame in enumerate(self._container.decode(self._stream)):
            self._frames.check_time()
            last = frame
            if count >= _STEPS or frame.time is None:
                break
            if frame.time >= instant and frame.time not in self._taken:
                break
        return last


def _instants(container: InputContainer, stream: VideoStream, frames: Frames) -> list[float]:
    """Return when frames are shown, in order: all where one is wanted by its number, else the earliest ones.

    Not of the first alone, whose time may be false. Nothing is decoded.
    """
    packets = itertools.islice(container.demux(stream), None if frames.wanted else _STEPS)
    found = []
    for count, one in enumerate(packets):
        if count % _STEPS == 0:
            frames.check_time()
        if one.pts is not None and not one.is_discard:
            found.append(float(one.pts * one.time_base))
    return sorted(found)
