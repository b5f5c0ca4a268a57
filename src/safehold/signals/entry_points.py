"""Plug-ins of other packages: found by entry point, read for what none may, and only then loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.metadata import entry_points
from typing import Any, TypeVar

from safehold.model.errors import BadSettings
from safehold.signals.plugin_rules import ROOMS, offences

T = TypeVar("T")


def load(
    name: str, *, group: str, setting: str, make: Callable[[Any], T], rooms: Collection[str] = ROOMS
) -> T:
    """Return what `make` makes of the entry point of a group.

    setting: where the name was read, for errors. rooms: those of ours that it may use. Raises BadSettings
    where it is not installed, reaches for what no plug-in may, or fails to load.
    """
    found = entry_points(group=group, name=name)
    if not found:
        raise BadSettings(
            f"{setting}: {name} is not installed.",
            advice="Install its package, or remove its name.",
        )
    wrong = offences(next(iter(found)).module, rooms)
    if wrong:
        raise BadSettings(
            f"{setting}: {name} reaches for what no plug-in may: {', '.join(wrong)}.",
            advice="Do not install it again before you know why it does. This is a check for honest mistakes"
            " and no sandbox: a plug-in that passes can still do harm.",
        )
    try:
        return make(next(iter(found)).load())
    except Exception as error:
        raise BadSettings(f"{setting}: {name} does not load ({type(error).__name__}).") from error
