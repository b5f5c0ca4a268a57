"""The policy text that the settings name: read once, when the console or a check of the settings begins."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

from safehold.app.named_files import parsed_file
from safehold.app.settings import Settings
from safehold.review import policy
from safehold.review.policy import PolicyText
from safehold.storage.database import Tx


def policy_text(settings: Settings) -> PolicyText:
    """Return the text that stands beside the forms. Raises BadSettings for a file that cannot be one."""
    path = settings.review.policy_text
    return policy.default() if path is None else _of_file(path)


def beside(tx: Tx, settings: Settings, *, shown: str, now: datetime) -> str:
    """Keep the text that stands beside the forms, and return its version, for the assessment that names it.

    shown: the version that was on the analyst's screen, "" where the form names none. Raises Conflict when
    that is another.
    """
    return policy.used(tx, policy_text(settings), shown=shown, now=now)


@cache
def _of_file(path: Path) -> PolicyText:
    return parsed_file("review.policy_text", path, policy.parse)
