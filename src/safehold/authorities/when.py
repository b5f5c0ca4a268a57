"""When it happened, as one instant in the past, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from safehold.authorities.fitting import in_utc
from safehold.model.report_facts import ItemOnRecord, ReportFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An instant, at least a second ago, and the words that say what it is."""

    at: datetime
    described: str


def happened(facts: ReportFacts, *, now: datetime) -> Happened:
    """Return when the newest of what is told appeared.

    That is when it was uploaded, as the platform said, else when it came here. A time that is not a second
    ago becomes that, and the words say so. Without items it is when the risk to life was declared.
    """
    latest = now - timedelta(seconds=1)
    items = facts.told or facts.corrected or facts.items
    if not items:
        declared = facts.risk_to_life.declared_at if facts.risk_to_life else latest
        return Happened(at=min(declared, latest), described="When it was declared; no item is on record.")
    given = [at for at in map(_uploaded, items) if at is not None]
    several = f"The newest of {len(items)} items: " if len(items) > 1 else ""
    if len(given) == len(items):
        at, words = max(given), "the time of the upload, as the platform gave it."
    elif given:
        at, words = (
            max(_appeared(each) for each in items),
            (
                f"the time of the upload where the platform gave one ({len(given)} of {len(items)}),"
                " else that of receipt here."
            ),
        )
    else:
        at, words = (
            max(_appeared(each) for each in items),
            ("the time of receipt here, for the platform gave none of the upload."),
        )
    described = several + (words if several else words[0].upper() + words[1:])
    if at > latest:
        described += " That time lay in the future; it was set to one second before the report was made."
    return Happened(at=min(at, latest), described=described)


def _uploaded(item: ItemOnRecord) -> datetime | None:
    at = item.context.uploaded_at if item.context else None
    return in_utc(at) if at is not None else None


def _appeared(item: ItemOnRecord) -> datetime:
    return _uploaded(item) or item.received_at
