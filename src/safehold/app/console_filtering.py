"""What a person in the console is shown of a filter: its cases, what can be chosen, and filters by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from safehold.app.access.users import names
from safehold.app.console_view import QUEUE_SHOWN, People
from safehold.app.plugins import BUILTIN_SIGNAL_TYPES
from safehold.app.settings import Settings
from safehold.model.case_filter import CaseFilter, Said, fields_of, filter_from
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId
from safehold.model.permissions import Actor
from safehold.review import admission, conflicts, filters
from safehold.review.filters import Choices, SavedFilter, Shown
from safehold.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen in a filter: queues of this person, names of surfaces and signals, skills, lists."""

    queues: tuple[Purpose, ...]
    surfaces: tuple[str, ...]
    signals: tuple[str, ...]
    choices: Choices


@dataclass(frozen=True, slots=True)
class Listing:
    """The cases of a filter. fields: what it asks, as an address has it. saved: filters by name.

    kept_from: those of the cases in which the viewer knows somebody.
    """

    shown: Shown
    offered: Offered
    saved: tuple[SavedFilter, ...]
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    people: People = field(default_factory=dict)
    kept_from: frozenset[CaseId] = frozenset()


NOTHING = Shown((), 0, False)


def listing(tx: Tx, wanted: CaseFilter | None, *, settings: Settings, actor: Actor, now: datetime) -> Listing:
    """Return the cases of a filter as this person may see them; none for a filter that could not be read.

    Raises NotAllowed.
    """
    offered = offered_to(tx, settings=settings, actor=actor)
    saved = tuple(filters.saved_for(tx, actor))
    if wanted is None:
        return Listing(NOTHING, offered, saved)
    shown = filters.show(tx, wanted, actor=actor, limit=QUEUE_SHOWN, now=now)
    ids = [summary.case.id for summary in shown.cases]
    kept_from = conflicts.kept_from(tx, ids, actor.user_id) if actor.user_id else set()
    return Listing(shown, offered, saved, fields_of(wanted), names(tx), frozenset(kept_from))


def offered_to(tx: Tx, *, settings: Settings, actor: Actor) -> Offered:
    """Return what this person can choose in a filter."""
    mine = admission.queues_of(tx, actor.user_id)
    signals = [kind.name for kind in BUILTIN_SIGNAL_TYPES]
    return Offered(
        tuple(each for each in Purpose if each in mine),
        tuple(sorted(settings.surfaces)),
        tuple(sorted({*signals, *settings.plugins.signal_types})),
        filters.choices(tx, actor=actor),
    )


def read(tx: Tx, said: Said, *, settings: Settings, actor: Actor) -> CaseFilter:
    """Return the filter that a form or an address says. Raises BadForm for what cannot be chosen."""
    wanted = filter_from(said)
    if not fields_of(wanted):
        return wanted
    offered = offered_to(tx, settings=settings, actor=actor)
    checked = (
        ("queue", wanted.queues, offered.queues),
        ("surface", {wanted.surface} - {""}, offered.surfaces),
        ("signal", wanted.signals, offered.signals),
        ("list", {wanted.list_id} - {None}, [list_id for list_id, _ in offered.choices.lists]),
    )
    for name, chosen, there in checked:
        if not chosen <= set(there):
            raise BadForm(f"{name}: choose one of those that are there.", field=name)
    return wanted
