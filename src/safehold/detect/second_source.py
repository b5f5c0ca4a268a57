"""Two independent sources: a list that asks for it holds only what a list of another source knows as well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from safehold.model.hash_list import HOLDING_PURPOSES, HashList, Purpose
from safehold.model.ids import ListId
from safehold.model.match import Match
from safehold.model.signal import PDQ


def confirmed(
    matches: Sequence[Match], lists: Mapping[ListId, HashList], *, others: Collection[Match] = ()
) -> list[Match]:
    """Return the matches of one signal; what lacks the second source that its list asks for does not hold.

    lists: every list that the matches name. others: further matches of the same input that can confirm.
    Nothing else about a match changes, so it still asks for review. Confirming takes a vetted list of the
    same purpose and of another named source that has an entry within its own holding distance: a source
    that nobody named confirms nothing and is confirmed by nothing.
    """
    witnesses = [*matches, *others]
    return [
        replace(match, may_hold=False) if _lacks_second(match, witnesses, lists) else match
        for match in matches
    ]


def _lacks_second(match: Match, witnesses: Sequence[Match], lists: Mapping[ListId, HashList]) -> bool:
    known = lists[match.list_id]
    if not match.may_hold or not known.needs_second_source:
        return False
    return not any(_confirms(lists[one.list_id], one, known) for one in witnesses)


def _confirms(witness: HashList, match: Match, known: HashList) -> bool:
    return (
        witness.purpose is known.purpose
        and witness.purpose in HOLDING_PURPOSES
        and (witness.vetted or witness.purpose is Purpose.TEST)
        and _is_near(witness, match)
        and _are_independent(witness.source, known.source)
    )


def _is_near(witness: HashList, match: Match) -> bool:
    # The list's own distance is for pdq; of another type a match that may hold is near, and an equal digest.
    if match.signal_type == PDQ:
        return match.distance <= witness.hold_max_distance
    return match.may_hold or match.distance == 0


def _are_independent(one: str, other: str) -> bool:
    named = one.strip().casefold(), other.strip().casefold()
    return all(named) and named[0] != named[1]
