"""Plug-ins: the built-in ones, and foreign ones by entry point when the settings name them."""

from __future__ import annotations

from collections.abc import Sequence

from safehold.model.errors import BadSettings
from safehold.signals.base import FrameSignal, SignalType
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.foreign import SIGNAL_TYPE_GROUP as SIGNAL_TYPE_GROUP
from safehold.signals.foreign import load
from safehold.signals.pdq import Pdq

BUILTIN_SIGNAL_TYPES: tuple[SignalType, ...] = (Md5(), Sha1(), Sha256(), Pdq())


def signal_types(named: Sequence[str] = ()) -> tuple[SignalType, ...]:
    """Return the built-in signal types and the foreign ones that the settings name.

    Raises BadSettings when one is not installed, reaches for what no plug-in may, fails to load, or takes the
    name of another: a plug-in that does not load stops the program, it is never left out in silence.
    """
    loaded = list(BUILTIN_SIGNAL_TYPES)
    for name in named:
        kind = load(name)
        if any(kind.name == other.name for other in loaded):
            raise BadSettings(f"plugins.signal_types: {name} takes the name of another signal type.")
        loaded.append(kind)
    return tuple(loaded)


def of_frames(named: Sequence[str]) -> tuple[str, ...]:
    """Return those of these plug-ins that fingerprint pictures: the decoders have to load them.

    Foreign types of bytes are not made of uploads yet; entries of theirs leave answers incomplete.
    """
    return tuple(name for name in named if isinstance(load(name), FrameSignal))
