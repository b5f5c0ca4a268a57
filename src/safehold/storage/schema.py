"""Every table, in one import, for migrations and for the checks that compare them with the database."""

from __future__ import annotations

from safehold.storage import (
    alarms,
    appeals,
    assessments,
    audit,
    cases,
    deliveries,
    events,
    evidence,
    hash_lists,
    holds,
    items,
    matches,
    media,
    proposals,
    reveals,
    scans,
    schedules,
    steps,
    subjects,
    users,
)
from safehold.storage.tables import metadata

NOUNS = (
    alarms,
    appeals,
    assessments,
    audit,
    cases,
    deliveries,
    events,
    evidence,
    hash_lists,
    holds,
    items,
    matches,
    media,
    proposals,
    reveals,
    scans,
    schedules,
    steps,
    subjects,
    users,
)
"""The modules that hold tables."""

__all__ = ["NOUNS", "metadata"]
