"""Signal types of other packages: found by entry point, read for what no plug-in may, and loaded."""

from __future__ import annotations

from importlib.metadata import entry_points

from safehold.model.errors import BadSettings
from safehold.signals.base import SignalType
from safehold.signals.plugin_rules import offences

SIGNAL_TYPE_GROUP = "safehold.signal_types"


def load(name: str) -> SignalType:
    """Return the signal type of an entry point of SIGNAL_TYPE_GROUP.

    Raises BadSettings where it is not installed, reaches for what no plug-in may, or fails to load.
    """
    found = entry_points(group=SIGNAL_TYPE_GROUP, name=name)
    if not found:
        raise BadSettings(
            f"plugins.signal_types: {name} is not installed.",
            advice="Install its package, or remove its name.",
        )
    wrong = offences(next(iter(found)).module)
    if wrong:
        raise BadSettings(
            f"plugins.signal_types: {name} reaches for what no plug-in may: {', '.join(wrong)}.",
            advice="Do not install it again before you know why it does. This is a check for honest mistakes"
            " and no sandbox: a plug-in that passes can still do harm.",
        )
    try:
        kind = next(iter(found)).load()()
    except Exception as error:
        raise BadSettings(f"plugins.signal_types: {name} does not load ({type(error).__name__}).") from error
    if not isinstance(kind, SignalType):
        raise BadSettings(f"plugins.signal_types: {name} is not a signal type.")
    return kind
