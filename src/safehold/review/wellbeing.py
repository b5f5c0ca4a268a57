"""Wellbeing: how long one person may look, what they are offered next, and what they choose for themselves.

The stops act by themselves, at any team size. Nothing here takes another person's id to lift or loosen
anything: a person's choices are their own and can only be stricter than what the organisation allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.model.case import Case
from safehold.model.errors import BadForm, BreakDue, Conflict, DayIsFull, NotAllowed
from safehold.model.exposure import MINUTES_OF_A_DAY, ExposureChoices, ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, UserId
from safehold.model.permissions import Actor, Permission
from safehold.model.queue import QueueRules
from safehold.model.wording import worded
from safehold.review import budget as reckoning
from safehold.review import cases, golden
from safehold.review.budget import Budget, ExposureRules, Showing, strictest
from safehold.review.weighing import AS_NOTHING_SET
from safehold.storage import audit, viewers
from safehold.storage import exposure as rows
from safehold.storage import reveals as reveal_rows
from safehold.storage.database import Tx
from safehold.storage.exposure import Turn
from safehold.storage.reveals import Reveal

__all__ = [
    "Budget",
    "ExposureRules",
    "Leave",
    "choices_of",
    "choose",
    "leave_to_look",
    "next_case",
    "standing",
]

_A_SHIFT = timedelta(hours=12)
"""How long what somebody was offered still counts as in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Leave for one showing: until when it may last, and what a second of it counts, in hundredths."""

    ends_by: datetime
    weight: int


def standing(tx: Tx, user_id: UserId, *, rules: ExposureRules, now: datetime) -> Budget:
    """Return how this person stands now, by the organisation's rules and their own choices together."""
    choices = rows.choices_of(tx, user_id)
    since, until = now - reckoning.LOOKED_AT, now + reckoning.CLOCK_WENT_BACK
    showings = [as_showing(one) for one in reveal_rows.of_user(tx, user_id, since=since, until=until)]
    own = strictest(rules, choices)
    return reckoning.reckon(showings, own, day_begins=choices.day_begins, now=now)


def as_showing(reveal: Reveal) -> Showing:
    """Return a showing as the budget sees it."""
    return Showing(
        opened_at=reveal.opened_at,
        fetched_at=reveal.fetched_at,
        closed_at=reveal.closed_at,
        ends_by=reveal.ends_by,
        weight=reveal.weight,
    )


def leave_to_look(
    tx: Tx, user_id: UserId, kind: ExposureKind, *, rules: ExposureRules, now: datetime
) -> Leave:
    """Return how long this person may look at something of this kind now.

    The caller holds the lock of this person's showings and records the showing in the same transaction, so
    that no other is given the same time. Raises DayIsFull and BreakDue, which say when it goes on, and
    Conflict while all that is left is set aside for a showing that still runs.
    """
    stands, weight = standing(tx, user_id, rules=rules, now=now), rules.weight_of(kind)
    if stands.day_ends_at is not None:
        raise DayIsFull(stands.day_ends_at)
    if stands.break_ends_at is not None:
        raise BreakDue(stands.break_ends_at)
    longest = stands.longest(weight, now)
    if longest >= reckoning.SHORTEST_SHOWING:
        return Leave(ends_by=now + longest, weight=weight)
    if stands.set_aside:
        raise Conflict("Another showing of yours still runs.", advice="Let go of it first.")
    raise DayIsFull(stands.day_turns_at)


def next_case(
    tx: Tx,
    analyst: AnalystId,
    now: datetime,
    *,
    rules: ExposureRules,
    purposes: Iterable[Purpose] = tuple(Purpose),
    golden_percent: float = 0.0,
    queues: QueueRules = AS_NOTHING_SET,
) -> Case | None:
    """Give this analyst the next case, as `cases.take_next` does, and not one severe case after another.

    golden_percent: how often a golden item comes in its place, see `golden`. queues: the rules of the queues.

    After rules.interleave_after severe cases in a row, and from the soft stop on, severe ones come last:
    another kind is offered where one waits. Kinds that the analyst opted out of are never offered.
    """
    user_id = UserId(analyst)
    before = rows.turn_of(tx, user_id, since=now - _A_SHIFT)
    in_a_row = before.severe_in_a_row if before else 0
    severe_last = in_a_row >= rules.interleave_after or standing(tx, user_id, rules=rules, now=now).soft
    last = rules.severe if severe_last else frozenset()
    among = tuple(purposes)
    case = golden.instead_of_next(tx, analyst, percent=golden_percent, now=now, purposes=among, queues=queues)
    if case is None:
        case = cases.take_next(tx, analyst, now, purposes=among, last=last, looks_a_day=queues.looks_a_day)
    if case is not None and (before is None or before.case_id != case.id):
        severe = bool(case.exposure_kinds & rules.severe)
        rows.put_turn(tx, user_id, Turn(case.id, in_a_row + 1 if severe else 0), at=now)
    return case


def choices_of(tx: Tx, user_id: UserId) -> ExposureChoices:
    """Return what a person chose for themselves."""
    return rows.choices_of(tx, user_id)


def choose(tx: Tx, chosen: ExposureChoices, *, actor: Actor, rules: ExposureRules, now: datetime) -> None:
    """Store what somebody chose for themselves; nobody can do it for another.

    That they chose is on record, what they chose is not. Raises NotAllowed for keys and the system, BadForm
    for what would be laxer than the organisation's rules, or for a contact who cannot be one.
    """
    if actor.user_id is None:
        raise NotAllowed("Only a person has choices of their own.")
    actor.require(Permission.SIGNED_IN)
    _check(chosen, rules)
    if chosen.contact == actor.user_id:
        raise BadForm("contact: somebody other than yourself.", field="contact")
    if chosen.contact is not None and viewers.roles_of(tx, chosen.contact) is None:
        raise BadForm("contact: choose one of the list.", field="contact")
    rows.put_choices(tx, actor.user_id, chosen)
    about = f"user:{actor.user_id}"
    audit.append(tx, at=now, actor=actor.label, verb="exposure.choose", object=about)


def _check(chosen: ExposureChoices, rules: ExposureRules) -> None:
    _within("day_minutes", chosen.day_minutes, 1, rules.day_seconds // 60)
    _within("spell_minutes", chosen.spell_minutes, 1, rules.spell_seconds // 60)
    _within("break_minutes", chosen.break_minutes, rules.break_seconds // 60, MINUTES_OF_A_DAY)
    _within("day_begins", chosen.day_begins, 0, MINUTES_OF_A_DAY - 1)


def _within(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise BadForm(
            worded(
                "%(field)s: %(least)s to %(most)s. You can be stricter with yourself, not laxer.",
                field=name,
                least=least,
                most=most,
            ),
            field=name,
        )
