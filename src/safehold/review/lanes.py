"""Lanes: which open cases one person is offered, by their queues, their skills and whether they are a lead.

It is asked who is really there, not how large the team says it is: what nobody has a skill for goes to
leads, and what waits for a lead where there is none goes to everybody. So nothing waits for somebody who
does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from safehold.model.exposure import ExposureKind
from safehold.model.hash_list import Purpose
from safehold.model.queue import Lane, Reviewer, Stage


def known_to(lanes: Sequence[Lane], queues: Collection[Purpose]) -> list[Lane]:
    """Return the lanes of whose cases somebody who works in these queues may know."""
    return [lane for lane in lanes if lane.need_to_know <= set(queues)]


def offered_to(
    lanes: Sequence[Lane],
    person: Reviewer,
    everybody: Sequence[Reviewer],
    *,
    purposes: Collection[Purpose],
    opted_out: Collection[ExposureKind],
) -> list[Lane]:
    """Return the lanes from which this person is offered cases. everybody: who assesses, this person too."""
    return [
        lane
        for lane in known_to(lanes, person.queues)
        if lane.purpose in purposes
        and not set(lane.kinds) & set(opted_out)
        and _may_go_on(lane, person)
        and _is_theirs(lane, person, [each for each in everybody if lane.need_to_know <= each.queues])
    ]


def without(lanes: Sequence[Lane], kinds: Collection[ExposureKind]) -> list[Lane]:
    """Return the lanes without material of these kinds."""
    return [lane for lane in lanes if not set(lane.kinds) & set(kinds)]


def by_budget(lanes: Sequence[Lane], *, limited: bool, spent: bool) -> list[list[Lane]]:
    """Return which of these lanes are offered first, and which only where those have nothing for somebody.

    limited: whether a budget is set for what machines alone ask for; without one all are offered together.
    The strongest band comes with everything else, each weaker one after it. spent: of such cases no more are
    offered today, and everything else is as before.
    """
    if not limited:
        return [list(lanes)]
    others = [lane for lane in lanes if lane.band is None]
    bands = sorted({lane.band for lane in lanes if lane.band is not None}, key=lambda band: -band.rank)
    if spent or not bands:
        return [others]
    return [
        [*others, *(lane for lane in lanes if lane.band in bands[: count + 1])] for count in range(len(bands))
    ]


def _may_go_on(lane: Lane, person: Reviewer) -> bool:
    if lane.stage is Stage.LEAD:
        return person.is_lead
    return lane.stage is not Stage.NOBODY


def _is_theirs(lane: Lane, person: Reviewer, insiders: Sequence[Reviewer]) -> bool:
    """Say whether a case is offered to this person first, of all who may know of it."""
    leads = [each for each in insiders if each.is_lead]
    skilled = [each for each in insiders if set(lane.skills) <= each.skills]
    if lane.for_lead and leads:
        # A lead without the skill takes it only where no lead has it.
        return person.is_lead and _has_skills(lane, person, [each for each in skilled if each.is_lead])
    if skilled or not leads:
        return _has_skills(lane, person, skilled)
    return person.is_lead


def _has_skills(lane: Lane, person: Reviewer, skilled: Sequence[Reviewer]) -> bool:
    return not skilled or set(lane.skills) <= person.skills
