"""Plug-ins: the built-in ones, and foreign ones by entry point when the settings name them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points

from safehold.app.plugin_rules import offences
from safehold.model.errors import BadSettings
from safehold.signals.base import SignalType
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq

SIGNAL_TYPE_GROUP = "safehold.signal_types"
BUILTIN_SIGNAL_TYPES: tuple[SignalType, ...] = (Md5(), Sha1(), Sha256(), Pdq())


def signal_types(named: Sequence[str] = ()) -> tuple[SignalType, ...]:
    """Return the built-in signal types and the foreign ones that the settings name.

    Raises BadSettings when one is not installed, reaches for what no plug-in may, fails to load, or takes the
    name of another: a plug-in that does not load stops the program, it is never left out in silence.
    """
    loaded = list(BUILTIN_SIGNAL_TYPES)
    for name in named:
        kind = _load(name)
        if any(kind.name == other.name for other in loaded):
            raise BadSettings(f"plugins.signal_types: {name} takes the name of another signal type.")
        loaded.append(kind)
    return tuple(loaded)


def _load(name: str) -> SignalType:
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
