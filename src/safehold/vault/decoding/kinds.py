"""What a worker makes of media: the signal types it was asked for, foreign ones among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safehold.model.signal import SignalTypeName
from safehold.signals import foreign
from safehold.signals.base import ByteSignal, FrameSignal, SignalType
from safehold.signals.pdq import Pdq


@dataclass(frozen=True, slots=True)
class Kinds:
    """The signal types of frames by name, and the foreign ones of bytes; ours of bytes need no decoder."""

    of_frames: Mapping[SignalTypeName, FrameSignal]
    of_bytes: tuple[ByteSignal, ...] = ()

    @property
    def names(self) -> tuple[SignalTypeName, ...]:
        """All of them, by name."""
        return tuple(self.digest_bytes)

    @property
    def digest_bytes(self) -> Mapping[SignalTypeName, int]:
        """How long the digests of each are."""
        return {kind.name: kind.digest_bytes for kind in (*self.of_frames.values(), *self.of_bytes)}


def kinds_of(plugins: Sequence[str]) -> Kinds:
    """Return pdq and what these plug-ins bring. Raises BadSettings as `signals.foreign.load` does."""
    loaded: list[SignalType] = [Pdq(), *(foreign.load(name) for name in plugins)]
    return Kinds(
        {kind.name: kind for kind in loaded if isinstance(kind, FrameSignal)},
        tuple(kind for kind in loaded if isinstance(kind, ByteSignal)),
    )
