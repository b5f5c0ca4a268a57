"""Passwords: argon2id, with the library's current recommendation."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from safehold.model.errors import BadForm

SHORTEST = 12
LONGEST = 200
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Raises BadForm when it is shorter than 12 characters."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadForm(f"password: {SHORTEST} to {LONGEST} characters.")
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Say whether the password is the one behind the stored hash.

    A missing hash costs the same time as a wrong password, so that names cannot be told apart.
    """
    try:
        _hasher.verify(stored or _nobody(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def new_password() -> str:
    """Return a password of 100 random bits."""
    return secrets.token_urlsafe(13)[:17]


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
