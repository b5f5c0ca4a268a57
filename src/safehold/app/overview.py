"""The overview of an installation: who may read it, its targets, and the sweep that counts its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.model.period import Period, period_from
from safehold.model.permissions import Actor, Permission
from safehold.model.wording import worded
from safehold.storage.database import Database, Tx
from safehold.transparency import day_counts
from safehold.transparency import overview as figures
from safehold.transparency.overview import Overview, Target


def targets(settings: Settings) -> tuple[Target, ...]:
    """Return what the settings aim at, those that aim at nothing too."""
    aimed = settings.targets
    return (
        Target(
            id="decided_in_time",
            title=worded("Decided in time"),
            part="decided.in_time",
            share=aimed.decided_in_time,
        ),
        Target(
            id="filed_in_time",
            title=worded("Filed in time"),
            part="filings.in_time",
            share=aimed.filed_in_time,
        ),
        Target(
            id="agreement", title=worded("Found the same"), part="agreement.agreed", share=aimed.agreement
        ),
    )


def read(tx: Tx, said: Mapping[str, str], *, settings: Settings, actor: Actor, now: datetime) -> Overview:
    """Return the overview of the period and the slice that a form or an address says.

    Raises NotAllowed, and BadForm for what cannot be chosen, with the name of its field.
    """
    actor.require(Permission.OVERVIEW_READ)
    zone = settings.transparency.zone
    period, sliced = asked(said, settings=settings, now=now)
    return figures.read(tx, period, sliced, zone=zone, now=now, targets=targets(settings))


def asked(said: Mapping[str, str], *, settings: Settings, now: datetime) -> tuple[Period, dict[str, str]]:
    """Return the period and the slice that a form, an address or a command says. Raises BadForm."""
    today = now.astimezone(settings.transparency.zone).date()
    return period_from(said, today=today), figures.slice_from(said, practice=settings.rehearsal)


def count(database: Database, settings: Settings, *, now: datetime) -> int:
    """Count today anew, and days that ended since, as many as one run takes; return how many."""
    return day_counts.count_days(database, zone=settings.transparency.zone, now=now)


def sweep_days(program: Program) -> None:
    """Count the days of a running program."""
    count(program.database, program.settings, now=program.clock())
