"""Signal types of other packages, by entry point."""

from __future__ import annotations

from safehold.model.errors import BadSettings
from safehold.signals import entry_points
from safehold.signals.base import SignalType

SIGNAL_TYPE_GROUP = "safehold.signal_types"
_SETTING = "plugins.signal_types"


def load(name: str) -> SignalType:
    """Return the signal type of an entry point of SIGNAL_TYPE_GROUP.

    Raises BadSettings where it is not installed, reaches for what no plug-in may, or fails to load.
    """
    kind: object = entry_points.load(
        name, group=SIGNAL_TYPE_GROUP, setting=_SETTING, make=lambda declared: declared()
    )
    if not isinstance(kind, SignalType):
        raise BadSettings(f"{_SETTING}: {name} is not a signal type.")
    return kind
