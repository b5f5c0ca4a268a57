"""Look-back as a whole: what a worker does on its host, rehearsals, and how it fares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from safehold.act import deliver
from safehold.app import alarms
from safehold.app.kept_signals import store_id
from safehold.app.operator import Operator
from safehold.app.program import Program
from safehold.app.settings import Settings
from safehold.detect import look_back, rehearsal
from safehold.detect.kept_days import KeptDay, KeptDays
from safehold.detect.look_back import LookBack
from safehold.jobs.schedules import Schedule
from safehold.lists import ledger
from safehold.model.errors import Refused, Unavailable
from safehold.model.hash_list import Purpose
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.storage import lookback as lookback_rows
from safehold.storage.database import Tx

ASK_EVERY, SWEEP_EVERY = 5.0, 900.0
"""Seconds between looks for entries to ask, and between sweeps of days."""
SILENT_AFTER, LATE_AFTER = timedelta(days=1), timedelta(hours=1)
"""After which a host that does not sweep, and entries that wait to be asked, are told."""
WRITING = timedelta(seconds=5)
"""How long after its answer what a scan leaves is on the disk, at the latest, disks willing."""


def schedules(program: Program) -> Sequence[Schedule]:
    """Return what a worker does on its own host, under names of the host's own; none where nothing is kept.

    Where a surface was turned off and its days are still there, they are destroyed.
    """
    if not (program.settings.looks_back or program.home.lookback.exists()):
        return ()
    here = of(program)
    return (
        Schedule(f"look-back {here.store_id}", ASK_EVERY, here.run),
        Schedule(f"kept days {here.store_id}", SWEEP_EVERY, lambda: sweep(program)),
    )


def of(program: Program) -> LookBack:
    """Return look-back on this host."""
    folder = program.home.lookback
    # A scan reads a file at most twice, before and after the lists were asked.
    reading = timedelta(seconds=2 * program.settings.decoding.seconds)
    return LookBack(
        database=program.database,
        kept=KeptDays(folder),
        store_id=store_id(folder),
        surfaces=program.scanner.surfaces,
        record=program.recorder.record,
        clock=program.clock,
        settle=reading + WRITING,
        on_damaged=lambda day: _alarm(program, day),
    )


def sweep(program: Program) -> None:
    """Destroy what may not be kept any longer, here and in messages about what was found."""
    here = of(program)
    if program.settings.looks_back:
        with program.database.begin() as tx:
            look_back.open_store(tx, here.store_id, now=program.clock())
    here.sweep()
    with program.database.begin() as tx:
        look_back.close_silent_stores(tx, now=program.clock())
        deliver.forget_references(tx, now=program.clock())


def rehearse_list(opened: Operator, name: str, *, actor: Actor) -> dict[str, int | None]:
    """Return for each surface that keeps signals how many references a stored list is near to, on this host.

    None stands for fewer than five. It is on record, also where it fails. Raises NotFound, and Refused for a
    list that is short, not vetted, or was rehearsed too lately: see `rehearsal.take_up`.
    """
    now = opened.clock()
    surfaces = opened.settings.declared_surfaces()
    with opened.database.begin() as tx:
        asked = ledger.in_use(tx, name)
        if not asked.vetted and asked.purpose is not Purpose.TEST:
            raise Refused(
                "Only a list whose provenance a person here has vetted is rehearsed.",
                advice="Declare it with --vetted once that was done.",
            )
        terms = look_back.terms_for(asked, surfaces, now)
        entries = rehearsal.take_up(tx, asked, now=now)
        audit.append(
            tx,
            at=now,
            actor=actor.label,
            verb="lookback.rehearse",
            object=f"list:{asked.id}",
            detail={"entries": len(entries), "to_seq": asked.last_seq, "surfaces": len(terms)},
        )
    found = rehearsal.rehearse(
        KeptDays(opened.home.lookback), entries, asked.max_distance, today=now.date(), terms=terms
    )
    with opened.database.begin() as tx:
        told = {surface: look_back.count_in_words(count or 0) for surface, count in found.items()}
        audit.append(
            tx,
            at=opened.clock(),
            actor=actor.label,
            verb="lookback.rehearsed",
            object=f"list:{asked.id}",
            detail={"references": told},
        )
    return found


def _alarm(program: Program, day: KeptDay) -> None:
    with program.database.begin() as tx:
        subject = f"store:{store_id(program.home.lookback)}"
        alarms.raise_alarm(tx, alarms.LOOKBACK_DAMAGED, subject, now=program.clock())


def state(settings: Settings, tx: Tx, *, now: datetime) -> str:
    """Return how look-back fares, for `safehold doctor`. Raises Unavailable where a host has fallen silent.

    Where days are not destroyed in time, or entries wait for longer than a scan takes, something is down.
    """
    declared = settings.declared_surfaces()
    terms = look_back.terms(declared, now)
    lapsed = sorted(name for name, each in declared.items() if each.lookback and name not in terms)
    hosts = lookback_rows.stores(tx)
    silent = [each for each in hosts if now - (each.swept_at or each.opened_at) > SILENT_AFTER]
    late = [each for each in hosts if each.waiting_since and now - each.waiting_since > LATE_AFTER]
    if silent or late:
        raise Unavailable(
            f"{len(silent)} of {len(hosts)} hosts that keep signals have destroyed nothing for a day,"
            f" {len(late)} have entries waiting for an hour.",
            advice="Run `safehold worker` on every host that scans for a surface with lookback.",
        )
    if not (terms or lapsed or hosts):
        return "off: nothing is kept of harmless uploads"
    kept = ", ".join(f"{name} {days} days" for name, days in sorted(terms.items())) or "nothing"
    over = f"; no basis stands any more for {', '.join(lapsed)}" if lapsed else ""
    return f"kept: {kept}{over}; {len(hosts)} hosts, {lookback_rows.waiting(tx)} changes of lists to ask"
