"""Classifiers that do not answer: written down by whichever process found out, and asked after by alarms."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from safehold.detect.classifiers.drift import classifier_id
from safehold.storage import classifier_circuits, classifier_switches
from safehold.storage.classifier_circuits import OpenCircuit
from safehold.storage.database import Tx

SILENT_FOR = timedelta(minutes=15)
"""So long after its last failure nothing is known of it any more. Longer than a circuit ever rests."""


def note(tx: Tx, name: str, why: str, now: datetime) -> None:
    """Write down that a circuit is open and why, or, where there is no why, that it has closed."""
    if why:
        classifier_circuits.note_open(tx, name, why=why, now=now, since=now - SILENT_FOR)
    else:
        classifier_circuits.note_closed(tx, name)


def left_alone(tx: Tx, now: datetime) -> dict[str, OpenCircuit]:
    """Return those that do not answer and are left alone for it, by name; of one switched off nobody asks."""
    off = classifier_switches.stopped(tx)
    found = classifier_circuits.failed_since(tx, now - SILENT_FOR)
    return {name: circuit for name, circuit in found.items() if name not in off}


def opened_at(tx: Tx, now: datetime) -> dict[UUID, datetime]:
    """Return since when each is left alone, by the id that alarms know it by."""
    return {classifier_id(name): circuit.opened_at for name, circuit in left_alone(tx, now).items()}
