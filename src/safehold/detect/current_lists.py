"""The lists that count on a surface at one moment, and what follows from them for what is near nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from safehold.detect.looking import LoadedList
from safehold.model.ids import ListId
from safehold.model.scan import CheckReport
from safehold.model.signal import SignalTypeName


@dataclass(frozen=True, slots=True, eq=False)
class CurrentLists:
    """The lists that count on a rehearsal surface, or any other, as they are loaded and as late as they are.

    lists: by name. held: the signal types that any of them holds. exact: those that are compared by equality.
    near_nothing: what was reported about inputs that were near nothing, by all that makes a difference there:
    nearly every input is one of a few kinds. Another state of the lists is another object.
    """

    lists: tuple[LoadedList, ...]
    held: frozenset[SignalTypeName]
    exact: frozenset[SignalTypeName]
    near_nothing: dict[Hashable, list[CheckReport]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, lists: Iterable[LoadedList], *, by_equality: Iterable[SignalTypeName]) -> CurrentLists:
        """Take lists in order of their names. by_equality: signal types that are not compared by nearness."""
        chosen = tuple(lists)
        held = frozenset(name for each in chosen for name in each.held)
        # A type that is not loaded cannot be compared exactly: nobody sends it, and the check says so.
        return cls(chosen, held, held & frozenset(by_equality))


@dataclass(frozen=True, slots=True)
class Shown:
    """What was current a moment ago: of which state of the lists, and which of them were late."""

    snapshot: Mapping[ListId, LoadedList]
    late: frozenset[ListId]
    current: CurrentLists
