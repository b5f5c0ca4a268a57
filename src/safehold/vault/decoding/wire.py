"""What parent and worker say to each other: small JSON messages; media and results lie in shared memory.

The worker reads hostile bytes and may be taken over by them, so its answers are hostile too: nothing is
believed that does not have exactly the form described here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from safehold.model.media import DecodeFailure, Examined, HashMode, MediaKind
from safehold.model.signal import TURNS, Signal, SignalTypeName, Turn
from safehold.signals.base import MOST_APPEARANCES
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits

MAX_MESSAGE = 16_384
MAX_RENDITION_BYTES = 256 * 1024
MAX_VIEW_BYTES = 8 * 1024 * 1024
READY = b"ready"
"""What the template says when its codecs are warm."""
_MAX_SIDE = 1 << 24
_MOST_FRAMES = DecodeLimits().max_frames
_HEAD, _AROUND_DIGEST = 1_024, 64
"""Characters of a document besides its signals, and of one signal besides its digest, at most."""


class BadAnswer(ValueError):
    """The worker's answer does not have the form it must have."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Sent once, before the template warms up.

    plugins: entry points of foreign signal types. without: layers left out, in measurements and tests alone.
    """

    limits: DecodeLimits
    plugins: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Write it as one message."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_bytes(message: bytes) -> Setup:
        """Read it from one message; the parent is trusted."""
        fields = json.loads(message)
        return Setup(
            DecodeLimits(**fields["limits"]),
            tuple(fields["plugins"]),
            tuple(fields["without"]),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One media to examine: the first `size` bytes of the shared memory.

    mode: how to make signals. turned: whether to make those of the picture turned as well. stamp: the lines
    of the mark where a view for a person is asked for instead, which comes as the rendition; so do samples.
    wanted: numbers of frames that a view has to show.
    """

    size: int
    claimed_type: str | None = None
    rendition: bool = False
    stamp: tuple[str, ...] = ()
    mode: HashMode = HashMode.EXACT
    turned: bool = False
    samples: bool = False
    wanted: tuple[int, ...] = ()

    @property
    def largest_picture(self) -> int:
        """How many bytes the picture in the answer may have."""
        return MAX_VIEW_BYTES if self.stamp or self.samples else MAX_RENDITION_BYTES

    def to_bytes(self) -> bytes:
        """Write it as one message."""
        # Its fields are plain values; asdict would take as long to copy them as all the rest.
        return json.dumps({name: getattr(self, name) for name in self.__slots__}).encode()

    @staticmethod
    def from_bytes(message: bytes) -> Job:
        """Read it from one message; the parent is trusted."""
        fields = json.loads(message)
        plain = {name: tuple(fields[name]) for name in ("stamp", "wanted")}
        return Job(**{**fields, **plain, "mode": HashMode(fields["mode"])})


@dataclass(frozen=True, slots=True)
class Answer:
    """Where in the shared memory the result lies: the document from the start, then the rendition."""

    document: int
    rendition: int

    def to_bytes(self) -> bytes:
        """Write it as one message."""
        return json.dumps([self.document, self.rendition]).encode()

    @staticmethod
    def from_bytes(message: bytes, *, room: int, picture: int = MAX_RENDITION_BYTES) -> Answer:
        """Read it from a message that may say anything. Raises BadAnswer; the lengths fit into `room`.

        picture: how long the rendition may be.
        """
        fields = _json(message)
        if not isinstance(fields, list) or len(fields) != 2:
            raise BadAnswer("not two lengths")
        document, rendition = _whole(fields[0], room), _whole(fields[1], picture)
        if document + rendition > room:
            raise BadAnswer("longer than the shared memory")
        return Answer(document, rendition)


def write_document(examined: Examined) -> bytes:
    """Write everything but the rendition."""
    return json.dumps(
        {
            "media_type": examined.media_type,
            "kind": examined.kind,
            "width": examined.width,
            "height": examined.height,
            "frames": examined.frames,
            "failure": examined.failure,
            "sampled": examined.sampled,
            "signals": [_row(signal) for signal in examined.signals],
            "turned": [_row(signal) for signal in examined.turned],
            "mode": examined.mode,
        }
    ).encode()


def longest_document(asked: Kinds, *, turned: bool, most_frames: int) -> int:
    """Return how many bytes a document can have that holds all that was asked for."""
    a_look = sum(2 * kind.digest_bytes + _AROUND_DIGEST for kind in asked.of_frames.values())
    whole = sum(2 * kind.digest_bytes + _AROUND_DIGEST for kind in asked.of_bytes)
    return _HEAD + whole + most_frames * a_look * (len(TURNS) if turned else 1) * MOST_APPEARANCES


def read_document(
    document: bytes,
    rendition: bytes | None,
    asked: Kinds,
    *,
    turned: bool = False,
    most_frames: int = _MOST_FRAMES,
) -> Examined:
    """Read a document that may say anything: it has no room for more than was asked for.

    Signals may only be of the types that were asked for, each of its exact length, and no more of them than
    the bytes and the frames that were read can have; of those there are at most `most_frames`. turned:
    whether signals of the turned picture were asked for too. Raises BadAnswer.
    """
    if len(document) > longest_document(asked, turned=turned, most_frames=most_frames):
        raise BadAnswer("too long")
    fields = _json(document)
    if not isinstance(fields, dict):
        raise BadAnswer("not an object")
    try:
        failure, frames = fields["failure"], _whole(fields["frames"], most_frames)
        return Examined(
            media_type=_media_type(fields["media_type"]),
            kind=MediaKind(fields["kind"]),
            width=_whole(fields["width"], _MAX_SIDE),
            height=_whole(fields["height"], _MAX_SIDE),
            frames=frames,
            signals=_signals(fields["signals"], asked, frames, TURNS[:1]),
            sampled=_truth(fields["sampled"]),
            failure=None if failure is None else DecodeFailure(failure),
            turned=_signals(fields["turned"], asked, frames, TURNS[1:] if turned else ()),
            mode=HashMode(fields["mode"]),
            rendition=rendition,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer("a field is missing or strange") from error


def _json(message: bytes) -> Any:
    try:
        return json.loads(message)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("not JSON") from error


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadAnswer("not a whole number in range")
    return value


def _media_type(value: object) -> str:
    # It ends up in answers and logs: a short plain name or nothing.
    if not isinstance(value, str) or len(value) > 64 or not value.isascii() or not value.isprintable():
        raise BadAnswer("not a media type")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadAnswer("neither true nor false")
    return value


def _row(signal: Signal) -> list[object]:
    return [signal.signal_type, signal.value.hex(), signal.quality, signal.frame, signal.turn]


def _signals(rows: object, asked: Kinds, frames: int, turns: Sequence[Turn]) -> tuple[Signal, ...]:
    # Else a worker that was taken over could send home, as signals, what it has read of other media.
    most = frames * len(asked.of_frames) * MOST_APPEARANCES * len(turns) + len(asked.of_bytes)
    if not isinstance(rows, list) or len(rows) > most:
        raise BadAnswer("more signals than the frames can have")
    lengths = asked.digest_bytes
    return tuple(_signal(row, lengths, turns) for row in rows)


def _signal(row: object, lengths: Mapping[SignalTypeName, int], turns: Sequence[Turn]) -> Signal:
    if not isinstance(row, list) or len(row) != 5:
        raise BadAnswer("not a signal")
    name, digest, quality, frame, turn = row
    if name not in lengths or not isinstance(digest, str) or turn not in turns:
        raise BadAnswer("not a signal")
    value = bytes.fromhex(digest)
    if len(value) != lengths[name] or value.hex() != digest:
        raise BadAnswer("not a digest of this type")
    checked = None if quality is None else _whole(quality, 100)
    return Signal(name, value, checked, _whole(frame, 1 << 32), Turn(turn))
