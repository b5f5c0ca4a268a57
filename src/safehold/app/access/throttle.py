"""Counting failures, so that guessing gets slow, and so that nobody is locked out by a stranger's guesses.

An attempt is counted before it is tried and taken back when it was right: a hundred at the same instant
are a hundred. A browser in which the person signed in before has an account of its own, which strangers
cannot use up. Names and addresses are counted under keyed digests.
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
from safehold.storage.sign_ins import StoredDevice, StoredFailures

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Account:
    """Something that failures are counted for.

    free: so many cost no wait. Each one more doubles it, from a second up to `longest`. alarm_at: a person
    hears of so many failures; None for never.
    """

    id: UUID
    free: int
    longest: timedelta
    alarm_at: int | None = None
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
) -> tuple[Account, ...]:
    """Return where an attempt to guess a password counts. device: the person's own, where they have it."""
    if device is not None:
        return (_of_device(key, device),)
    return (
        Account(key.counted_as("name", name.lower()), 5, timedelta(minutes=5), alarms.GUESSED_OFTEN),
        Account(
            key.counted_as("address", visitor.address),
            20,
            timedelta(minutes=15),
            3 * alarms.GUESSED_OFTEN,
            shared=True,
        ),
    )


def for_factor(key: SignInKey, user_id: UserId, device: StoredDevice | None) -> tuple[Account, ...]:
    """Return where an attempt to guess a second factor counts: only whoever knows the password comes here."""
    if device is not None:
        return (_of_device(key, device),)
    return (Account(key.counted_as("factor", str(user_id)), 5, timedelta(minutes=5), alarms.GUESSED_OFTEN),)


def reserve(tx: Tx, accounts: Sequence[Account], *, now: datetime) -> None:
    """Count an attempt as a failure before it is tried. Raises TooManyAttempts while one of them waits."""
    counted = [(account, _locked(tx, account, now)) for account in sorted(accounts, key=lambda one: one.id)]
    blocked = [before.blocked_until for _, before in counted if before.blocked_until is not None]
    still = max((until - now for until in blocked), default=timedelta())
    if still > timedelta():
        raise TooManyAttempts(-(-still // timedelta(seconds=1)))
    for account, before in counted:
        failures = before.failures + 1
        rows.put_failures(tx, account.id, StoredFailures(failures, now, now + account.wait(failures)))


def forgive(tx: Tx, accounts: Sequence[Account], *, now: datetime) -> None:
    """Take a counted attempt back because it was right, and with it what was counted for its person alone."""
    rows.forget_failures(tx, [account.id for account in accounts if not account.shared])
    for account in accounts:
        if account.shared:
            before = _locked(tx, account, now)
            rows.put_failures(tx, account.id, StoredFailures(max(0, before.failures - 1), now, None))


def note_refused(tx: Tx, accounts: Sequence[Account], *, now: datetime) -> int:
    """Raise an alarm where failures are many, and return the highest count."""
    highest = 0
    for account in accounts:
        counted = rows.failures(tx, account.id)
        failures = counted.failures if counted is not None else 0
        highest = max(highest, failures)
        if account.alarm_at is not None and failures >= account.alarm_at:
            alarms.raise_alarm(tx, alarms.SIGN_IN_GUESSED, f"sign-in:{account.id}", now=now)
    return highest


def _of_device(key: SignInKey, device: StoredDevice) -> Account:
    return Account(key.counted_as("device", str(device.id)), 5, timedelta(minutes=5), alarms.GUESSED_OFTEN)


def _locked(tx: Tx, account: Account, now: datetime) -> StoredFailures:
    tx.lock(f"sign-in {account.id}")
    counted = rows.failures(tx, account.id)
    if counted is None or now - counted.last_at >= FORGOTTEN_AFTER:
        return StoredFailures(0, now, None)
    return counted
