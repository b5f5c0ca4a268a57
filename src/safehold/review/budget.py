"""The exposure budget of one person, reckoned from their showings: pure, and never kinder than the clock.

Time with pictures is weighed by kind and added up for the day in UTC and for the person's own day; the fuller
of the two counts. Whoever has been at it for a spell is due a break, which is a while in which nothing is
shown. What a showing may still use is set aside when it is opened, so that two at once cannot both have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from safehold.model.exposure import ExposureChoices, ExposureKind

LONGEST_SHOWING = timedelta(seconds=60)
"""A showing ends by then at the latest; whoever wants to go on looking asks again."""
SHORTEST_SHOWING = timedelta(seconds=1)
"""Where less is left nothing is shown: a flash helps nobody."""
LOOKED_AT = timedelta(hours=48)
"""How far back showings matter: to the start of either day, and of a spell that goes on."""
CLOCK_WENT_BACK = timedelta(hours=24)
"""Showings so far ahead of the clock still count: it was set back. Further ahead, the clock was wrong."""
PERCENT = 100
_DAY = timedelta(days=1)

WEIGHTS: Mapping[ExposureKind, float] = {ExposureKind.A: 2.0, ExposureKind.B: 1.5}
"""How much a second counts, where it is not one. Nothing counts for less than its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRules:
    """What the organisation allows one person.

    day_seconds: most weighted seconds in a day. soft_percent: from this share of them on, severe kinds are
    offered last. spell_seconds: after so long a break is due, of at least break_seconds. weights: of a
    second, at least 1, where it is not 1. severe: kinds of which no more than interleave_after are offered in
    a row.
    """

    day_seconds: int = 4 * 3600
    soft_percent: int = 75
    spell_seconds: int = 3600
    break_seconds: int = 600
    weights: Mapping[ExposureKind, float] = field(default_factory=lambda: dict(WEIGHTS))
    severe: frozenset[ExposureKind] = frozenset({ExposureKind.A, ExposureKind.B})
    interleave_after: int = 5

    def weight_of(self, kind: ExposureKind) -> int:
        """Return what a second of this kind counts, in hundredths, at least 100."""
        return max(PERCENT, round(self.weights.get(kind, 1.0) * PERCENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One showing as the budget sees it. fetched_at: None while nothing was sent. weight: in hundredths."""

    opened_at: datetime
    fetched_at: datetime | None
    closed_at: datetime | None
    ends_by: datetime
    weight: int = PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How a person stands at an instant.

    used, limit: weighted seconds of the fuller day. set_aside: what showings that still run may use.
    spell_ends_at: when the next break is due, None while no spell goes on. break_ends_at, day_ends_at: until
    when nothing is shown, None while that is no reason. day_turns_at: when the fuller day is over.
    """

    used: float
    limit: int
    soft_at: float
    set_aside: float
    spell_ends_at: datetime | None = None
    break_ends_at: datetime | None = None
    day_ends_at: datetime | None = None
    day_turns_at: datetime

    @property
    def soft(self) -> bool:
        """Whether the soft stop is reached: severe kinds are offered last from here on."""
        return self.used >= self.soft_at

    @property
    def rests_until(self) -> datetime | None:
        """Until when nothing is shown to this person, None while they may look."""
        return max(filter(None, (self.break_ends_at, self.day_ends_at)), default=None)

    def longest(self, weight: int, now: datetime) -> timedelta:
        """Return how long a showing of this weight may last that is opened now: 0 to a minute."""
        left = max(0.0, self.limit - self.used - self.set_aside)
        longest = min(LONGEST_SHOWING, timedelta(seconds=left * PERCENT / weight))
        if self.spell_ends_at is not None:
            longest = min(longest, self.spell_ends_at - now)
        return max(longest, timedelta())


def strictest(rules: ExposureRules, choices: ExposureChoices) -> ExposureRules:
    """Return the rules for one person: what they chose counts where it is stricter, and nowhere else."""
    return replace(
        rules,
        day_seconds=min(rules.day_seconds, _seconds(choices.day_minutes, rules.day_seconds)),
        spell_seconds=min(rules.spell_seconds, _seconds(choices.spell_minutes, rules.spell_seconds)),
        break_seconds=max(rules.break_seconds, _seconds(choices.break_minutes, rules.break_seconds)),
    )


def reckon(
    showings: Sequence[Showing], rules: ExposureRules, *, day_begins: int = 0, now: datetime
) -> Budget:
    """Return how somebody stands now.

    showings: theirs, of the last LOOKED_AT and up to CLOCK_WENT_BACK ahead, in any order. rules: theirs, see
    `strictest`. day_begins: when their own day begins, in minutes after midnight UTC; other days begin at
    midnight UTC. A clock that goes back frees nothing and ends no break early.
    """
    days = {beginning_of_day(now, 0), beginning_of_day(now, day_begins)}
    used = {day: _weighed(showings, since=day, now=now) for day in days}
    turns_at = max(day for day in days if used[day] == max(used.values())) + _DAY
    is_full = rules.day_seconds - max(used.values()) < SHORTEST_SHOWING.total_seconds()
    spell = _spell(showings, rules, now)
    whole = timedelta(seconds=rules.spell_seconds)
    # At the end of a spell the break begins, whether or not anybody looks at that moment.
    is_break = spell is not None and whole - (spell[2] - spell[0]) < SHORTEST_SHOWING
    return Budget(
        used=max(used.values()),
        limit=rules.day_seconds,
        soft_at=rules.day_seconds * rules.soft_percent / PERCENT,
        set_aside=sum(_set_aside(one, now) for one in showings),
        spell_ends_at=spell[0] + whole if spell and not is_break else None,
        break_ends_at=spell[1] + timedelta(seconds=rules.break_seconds) if spell and is_break else None,
        day_ends_at=turns_at if is_full else None,
        day_turns_at=turns_at,
    )


def beginning_of_day(now: datetime, begins: int) -> datetime:
    """Return when the day began in which this instant lies. begins: minutes after midnight UTC."""
    shift = timedelta(minutes=begins)
    return (now.astimezone(UTC) - shift).replace(hour=0, minute=0, second=0, microsecond=0) + shift


def shown_until(showing: Showing, now: datetime) -> datetime:
    """Return when a showing that was fetched ended, or until when it has lasted by now."""
    if showing.closed_at is not None:
        return showing.closed_at
    # Fetched ahead of the clock: it was set back meanwhile, and nobody knows for how long this was seen.
    if showing.fetched_at is not None and now < showing.fetched_at:
        return showing.ends_by
    return min(now, showing.ends_by)


def _weighed(showings: Sequence[Showing], *, since: datetime, now: datetime) -> float:
    total = 0.0
    for one in showings:
        if one.fetched_at is not None:
            span = shown_until(one, now) - max(one.fetched_at, since)
            total += max(0.0, span.total_seconds()) * one.weight / PERCENT
    return total


def _set_aside(showing: Showing, now: datetime) -> float:
    if showing.closed_at is not None:
        return 0.0
    begun = now if showing.fetched_at is None else shown_until(showing, now)
    return max(0.0, (showing.ends_by - begun).total_seconds()) * showing.weight / PERCENT


def _spell(
    showings: Sequence[Showing], rules: ExposureRules, now: datetime
) -> tuple[datetime, datetime, datetime] | None:
    """Return when the spell that goes on began, when it was last looked in, and what time it is in it."""
    seen = sorted((one.fetched_at, shown_until(one, now)) for one in showings if one.fetched_at is not None)
    pause = timedelta(seconds=rules.break_seconds)
    spell: tuple[datetime, datetime] | None = None
    for began, ended in seen:
        if spell is None or began - spell[1] >= pause:
            spell = (began, ended)
        else:
            spell = (spell[0], max(spell[1], ended))
    if spell is None or now - spell[1] >= pause:
        return None
    return (*spell, max(now, spell[1]))


def _seconds(minutes: int | None, otherwise: int) -> int:
    return otherwise if minutes is None else minutes * 60
