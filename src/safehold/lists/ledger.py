"""The ledger of lists: declaring one, saying who stands behind it, showing what is on it in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from safehold.model.errors import BadForm, NameTaken, NotFound
from safehold.model.hash_list import (
    DEFAULT_HOLD_MAX_DISTANCE,
    DEFAULT_MAX_DISTANCE,
    HOLDING_PURPOSES,
    Entry,
    HashList,
    Purpose,
)
from safehold.model.ids import ListId, new_id
from safehold.model.permissions import Actor
from safehold.storage import audit, list_changes
from safehold.storage import hash_lists as list_rows
from safehold.storage.database import Tx
from safehold.storage.list_changes import ListChangeKind as ListChangeKind
from safehold.storage.list_changes import PublicChange as PublicChange

LARGEST_MAX_DISTANCE = 64
"""Bits. Unrelated pictures differ in about 128; beyond 64 a list would match what it does not hold."""

LONGEST_SOURCE = 100
"""Characters."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewList:
    """What a list shall be.

    max_distance, hold_max_distance: bits, inclusive; hold_max_distance None for 15, or max_distance where
    that is less. may_hold needs a purpose that may hold and, save for a test list, a vetted provenance.
    source: who stands behind the entries; needed where needs_second_source is set, and for confirming others.
    needs_second_source: a match holds only where a list of another source confirms it.
    needs_exact: nothing is compared with it in fast mode. match_turned: rotated and mirrored pictures match.
    stale_after_seconds: None for a list that does not change by itself.
    """

    name: str
    purpose: Purpose
    max_distance: int = DEFAULT_MAX_DISTANCE
    hold_max_distance: int | None = None
    may_hold: bool = False
    vetted: bool = False
    provenance: str = ""
    source: str = ""
    needs_second_source: bool = False
    needs_exact: bool = False
    match_turned: bool = False
    stale_after_seconds: int | None = None

    @property
    def hold_radius(self) -> int:
        """The distance in bits up to which the list may hold."""
        if self.hold_max_distance is None:
            return min(DEFAULT_HOLD_MAX_DISTANCE, self.max_distance)
        return self.hold_max_distance


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as it may be shown to people: counts and provenance, never values. entries: the live ones."""

    hash_list: HashList
    entries: int
    counts: tuple[list_rows.Count, ...]


def add_list(tx: Tx, wanted: NewList, *, actor: Actor, now: datetime) -> HashList:
    """Declare a list without entries and return it.

    Raises BadForm for a name or a combination that cannot be, NameTaken where the name is in use.
    """
    new = HashList(
        id=ListId(new_id()),
        name=wanted.name,
        purpose=wanted.purpose,
        max_distance=wanted.max_distance,
        hold_max_distance=wanted.hold_radius,
        may_hold=wanted.may_hold,
        vetted=wanted.vetted,
        provenance=wanted.provenance,
        source=wanted.source.strip(),
        needs_second_source=wanted.needs_second_source,
        needs_exact=wanted.needs_exact,
        match_turned=wanted.match_turned,
        stale_after_seconds=wanted.stale_after_seconds,
        created_at=now,
    )
    _refuse_what_cannot_be(new)
    if not list_rows.insert(tx, new):
        raise NameTaken("A list of this name exists already.")
    detail = {
        "purpose": new.purpose.value,
        "may_hold": new.may_hold,
        "vetted": new.vetted,
        "max_distance": new.max_distance,
        "hold_max_distance": new.hold_max_distance,
        "needs_second_source": new.needs_second_source,
        "needs_exact": new.needs_exact,
        "match_turned": new.match_turned,
    }
    list_changes.append(tx, new.id, ListChangeKind.DECLARED, at=now)
    audit.append(tx, at=now, actor=actor.label, verb="list.add", object=f"list:{new.id}", detail=detail)
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProperties:
    """What may change of a list after it was declared, as in `NewList`. None leaves it as it is."""

    source: str | None = None
    needs_second_source: bool | None = None
    needs_exact: bool | None = None
    match_turned: bool | None = None


def change_list(tx: Tx, name: str, wanted_of_it: ListProperties, *, actor: Actor, now: datetime) -> HashList:
    """Change who stands behind a list, or how it is compared and holds; return the list.

    That it was changed is public, and so are its source and whether it needs a second one. Raises NotFound,
    Refused where the list was withdrawn, BadForm for a combination that cannot be.
    """
    before = in_use(tx, name)
    asked = {name: value for name, value in asdict(wanted_of_it).items() if value is not None}
    if "source" in asked:
        asked["source"] = asked["source"].strip()
    wanted = replace(before, **asked)
    _refuse_what_cannot_be(wanted)
    if wanted == before:
        return before
    list_rows.set_changeable(tx, wanted)
    detail = {"source_before": before.source} | {name: getattr(wanted, name) for name in list_rows.CHANGEABLE}
    list_changes.append(tx, before.id, ListChangeKind.CHANGED, at=now)
    audit.append(tx, at=now, actor=actor.label, verb="list.change", object=f"list:{before.id}", detail=detail)
    return wanted


def show(tx: Tx, name: str) -> ListSummary:
    """Return a list's settings, provenance and counts. Raises NotFound."""
    return _summary(tx, named(tx, name))


def show_all(tx: Tx) -> list[ListSummary]:
    """Return what `show` does for every list that is in use, by name."""
    return [_summary(tx, each) for each in list_rows.in_use(tx)]


def public_history(tx: Tx) -> list[PublicChange]:
    """Return what the public is told of every list, the newest change first: settings, counts and dates."""
    return list_changes.public_history(tx)


def live_entries(tx: Tx, wanted: HashList) -> Iterator[Entry]:
    """Yield the entries that are on a list now, for use in this process alone: values are never shown."""
    found = list_rows.changes(tx, wanted.id, after_seq=0, up_to_seq=wanted.last_seq, batch=5000)
    return (change.entry for change in found if change.entry is not None)


def in_use(tx: Tx, name: str) -> HashList:
    """Return the list of this name. Raises NotFound, and Refused where it was withdrawn."""
    found = named(tx, name)
    if found.withdrawn_at is not None:
        raise list_rows.withdrawn()
    return found


def named(tx: Tx, name: str) -> HashList:
    """Return the list of this name, withdrawn or not. Raises NotFound."""
    # What cannot be a name is not looked for: the database would refuse some of it.
    found = list_rows.by_name(tx, name) if _NAME.fullmatch(name) else None
    if found is None:
        raise NotFound(
            "There is no list of this name.", advice="`safehold lists show` names the lists there are."
        )
    return found


def _summary(tx: Tx, shown: HashList) -> ListSummary:
    counts = tuple(list_rows.counts(tx, shown.id))
    return ListSummary(shown, sum(count.entries for count in counts), counts)


def _refuse_what_cannot_be(new: HashList) -> None:
    checked = new.vetted or new.purpose is Purpose.TEST
    stale_after = new.stale_after_seconds
    rules = (
        (
            _NAME.fullmatch(new.name) is not None,
            "name: 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit.",
        ),
        (
            0 <= new.max_distance <= LARGEST_MAX_DISTANCE,
            f"max_distance: 0 to {LARGEST_MAX_DISTANCE} bits; unrelated pictures differ in about 128.",
        ),
        (
            0 <= new.hold_max_distance <= new.max_distance,
            "hold_max_distance: from 0 up to max_distance, for what does not match cannot hold.",
        ),
        (
            not new.may_hold or new.purpose in HOLDING_PURPOSES,
            f"may_hold: a list of purpose {new.purpose.value} can only ask for review.",
        ),
        (
            not new.may_hold or checked,
            "may_hold: only once a person here has vetted the list's provenance.",
        ),
        (
            not new.needs_second_source or new.source != "",
            "source: say who stands behind the list, or no other can be told from it.",
        ),
        (len(new.source) <= LONGEST_SOURCE, f"source: at most {LONGEST_SOURCE} characters; it is public."),
        (not new.vetted or new.provenance.strip() != "", "provenance: say where a vetted list comes from."),
        (stale_after is None or stale_after > 0, "stale_after_seconds: above 0, or none at all."),
    )
    broken = [words for fits, words in rules if not fits]
    if broken:
        raise BadForm(" ".join(broken))
