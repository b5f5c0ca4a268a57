"""Passwords: argon2id with parameters stated here, and never more than two computed at once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from safehold.model.errors import BadForm, SignInBusy
from safehold.model.wording import worded

SHORTEST = 12
LONGEST = 200
AT_ONCE = 2
"""Each takes 64 MiB and all cores: more at once would be slower for everybody and could fill the memory."""
QUEUE = 16
"""How many may wait for their turn; they hold a thread each."""
WAIT_SECONDS = 10.0

# RFC 9106, the second recommended option: 64 MiB, three passes, four lanes.
_hasher = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)


class Turns:
    """Lets so many in at once, and so many more wait for a bounded time."""

    def __init__(self, at_once: int, *, queue: int, wait_seconds: float) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + queue)
        self._wait_seconds = wait_seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn while the block lasts. Raises SignInBusy when the queue is full or too slow."""
        if not self._places.acquire(blocking=False):
            raise SignInBusy
        try:
            if not self._free.acquire(timeout=self._wait_seconds):
                raise SignInBusy
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()


_turns = Turns(AT_ONCE, queue=QUEUE, wait_seconds=WAIT_SECONDS)


def check_form(password: str) -> None:
    """Raise BadForm when a new password is shorter than 12 characters or longer than 200."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadForm(
            worded("password: %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST),
            field="password",
        )


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Raises BadForm, and SignInBusy when too many wait."""
    check_form(password)
    with _turns.turn():
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Say whether the password is the one behind the stored hash. Raises SignInBusy when too many wait.

    A missing hash costs the same time as a wrong password, so that names cannot be told apart.
    """
    against = stored or _nobody()
    with _turns.turn():
        try:
            _hasher.verify(against, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def renewed(stored: str, password: str) -> str | None:
    """Return a new hash of a password that was right, None when the stored one has today's parameters."""
    return hash_password(password) if _hasher.check_needs_rehash(stored) else None


def new_password() -> str:
    """Return a password of 100 random bits."""
    return secrets.token_urlsafe(13)[:17]


@cache
def _nobody() -> str:
    with _turns.turn():
        return _hasher.hash(secrets.token_urlsafe(16))
