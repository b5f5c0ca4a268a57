"""What the shell is told: one exit code per family of errors, none of them among those of `scan`."""

from __future__ import annotations

from safehold.model import errors

USAGE = 64
UNFORESEEN = 70
PARTLY = 70
"""Some of many could not be done; each was named."""
UNMET = 73
"""What is declared clashes with a measure of a code; each was named."""
INTERRUPTED = 75

EXIT_CODES: dict[type[errors.SafeholdError], int] = {
    errors.SafeholdError: UNFORESEEN,
    errors.InvalidInput: 71,
    errors.NotFound: 72,
    errors.Conflict: 73,
    errors.Damaged: 74,
    errors.Unavailable: 75,
    errors.TooLarge: 76,
    errors.NotAuthenticated: 77,
    errors.NotAllowed: 77,
    errors.Refused: 77,
    errors.BadSettings: 78,
}
"""The exit code of each error: its own, or that of the nearest family above it."""


def exit_code_of(error: errors.SafeholdError) -> int:
    """Return the exit code for an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
