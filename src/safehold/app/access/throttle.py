"""Counting failures, so that guessing gets slow, and so that nobody is locked out by a stranger's guesses.

An attempt is counted before it is tried and taken back when it was right: a hundred at the same instant
are a hundred. A browser in which the person signed in before is counted apart: strangers use nothing up
there. So are passwords and second factors: whoever has the one has not earned guesses at the other. Names
and addresses are counted under keyed digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safehold.app import alarms
from safehold.app.access.gate import SignInKey, Visitor
from safehold.model.errors import TooManyAttempts
from safehold.model.ids import UserId
from safehold.storage import sign_ins as rows
from safehold.storage.database import Tx
from safehold.storage.sessions import SKEW
from safehold.storage.sign_ins import StoredDevice, StoredFailures

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures that are counted together.

    free: so many cost no wait. Each one more doubles it, from a second up to `longest`. alarm_at: a person
    hears of so many failures.
    """

    id: UUID
    free: int = 5
    longest: timedelta = timedelta(minutes=5)
    alarm_at: int = alarms.GUESSED_OFTEN
    shared: bool = False
    """Whether others are counted here as well: then one success does not clear it."""

    def wait(self, failures: int) -> timedelta:
        """Return how long no attempt is taken after so many failures."""
        if failures < self.free:
            return timedelta()
        # Bounded before it is raised to a power: 2 ** 5000 is no number of seconds.
        return min(self.longest, timedelta(seconds=2 ** min(failures - self.free, 20)))


def for_password(
    key: SignInKey, name: str, visitor: Visitor, device: StoredDevice | None
) -> tuple[Tally, ...]:
    """Return where an attempt to guess a password counts. device: the person's own, where they have it."""
    if device is not None:
        return (_of_device(key, device, "password"),)
    return (
        Tally(key.counted_as("name", name.lower())),
        Tally(
            key.counted_as("address", visitor.address),
            free=20,
            longest=timedelta(minutes=15),
            alarm_at=3 * alarms.GUESSED_OFTEN,
            shared=True,
        ),
    )


def for_factor(key: SignInKey, user_id: UserId, device: StoredDevice | None) -> tuple[Tally, ...]:
    """Return where an attempt to guess a second factor counts: only whoever knows the password comes here."""
    if device is not None:
        return (_of_device(key, device, "factor"),)
    return (Tally(key.counted_as("factor", str(user_id))),)


def for_proof(key: SignInKey, user_id: UserId, what: str) -> tuple[Tally, ...]:
    """Return where an attempt to prove oneself anew counts: by what, and over all sessions of a person.

    A session's own tally would begin anew with each session that a new password opens.
    """
    return (Tally(key.counted_as(f"proof by {what}", str(user_id))),)


def reserve(tx: Tx, tallies: Sequence[Tally], *, now: datetime) -> None:
    """Count an attempt as a failure before it is tried. Raises TooManyAttempts while one of them waits."""
    counted = [(tally, _locked(tx, tally, now)) for tally in sorted(tallies, key=lambda one: one.id)]
    blocked = [before.blocked_until for _, before in counted if before.blocked_until is not None]
    still = max((until - now for until in blocked), default=timedelta())
    if still > timedelta():
        raise TooManyAttempts(-(-still // timedelta(seconds=1)))
    for tally, before in counted:
        failures = before.failures + 1
        rows.put_failures(tx, tally.id, StoredFailures(failures, now, now + tally.wait(failures)))


def forgive(tx: Tx, tallies: Sequence[Tally], *, now: datetime) -> None:
    """Take a counted attempt back because it was right, and with it what was counted for its person alone."""
    rows.forget_failures(tx, [tally.id for tally in tallies if not tally.shared])
    for tally in tallies:
        if tally.shared:
            before = _locked(tx, tally, now)
            rows.put_failures(tx, tally.id, StoredFailures(max(0, before.failures - 1), now, None))


def note_refused(tx: Tx, tallies: Sequence[Tally], *, now: datetime) -> int:
    """Raise an alarm where failures are many, and return the highest count."""
    highest = 0
    for tally in tallies:
        counted = rows.failures(tx, tally.id)
        failures = counted.failures if counted is not None else 0
        highest = max(highest, failures)
        if failures >= tally.alarm_at:
            alarms.raise_alarm(tx, alarms.SIGN_IN_GUESSED, f"sign-in:{tally.id}", now=now)
    return highest


def _of_device(key: SignInKey, device: StoredDevice, what: str) -> Tally:
    return Tally(key.counted_as(f"device {what}", str(device.id)))


def _locked(tx: Tx, tally: Tally, now: datetime) -> StoredFailures:
    tx.lock(f"sign-in {tally.id}")
    counted = rows.failures(tx, tally.id)
    # One in the future was noted by a wrong clock, and so was how long to wait.
    if counted is None or not -SKEW <= now - counted.last_at < FORGOTTEN_AFTER:
        return StoredFailures(0, now, None)
    return counted
