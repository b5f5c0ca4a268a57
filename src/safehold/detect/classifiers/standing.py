"""How a classifier stands: whether it is asked, and how often it answered; and the switch that ends it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from safehold.detect.classifiers import circuits
from safehold.model.classifier import Answered
from safehold.model.errors import BadForm, NotFound
from safehold.model.permissions import Actor
from safehold.storage import audit, classifier_leaving, classifier_switches, opinions
from safehold.storage.classifier_circuits import OpenCircuit
from safehold.storage.database import Tx

Left = classifier_leaving.Left

SHORTEST_REASON, LONGEST_REASON = 3, 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A classifier now.

    stopped: why somebody switched it off, None while it is on. left_alone: since when it does not answer,
    None while it does. answers: of what was kept. left: what was handed to other machines, by destination.
    """

    name: str
    stopped: str | None
    left_alone: OpenCircuit | None
    answers: dict[Answered, int]
    left: tuple[Left, ...]


def standing(tx: Tx, name: str, *, now: datetime) -> Standing:
    """Return how a classifier stands."""
    return Standing(
        name=name,
        stopped=stopped_because(tx, name),
        left_alone=circuits.left_alone(tx, now).get(name),
        answers=opinions.answers(tx, name),
        left=tuple(each for each in all_left(tx) if each.classifier == name),
    )


def count_leaving(tx: Tx, name: str, destination: str, *, pictures: int, now: datetime) -> None:
    """Count a call that is about to hand so many pictures to another machine."""
    classifier_leaving.count(tx, name, destination, pictures=pictures, now=now)


def all_left(tx: Tx) -> list[Left]:
    """Return what was handed to other machines, by classifier and destination; also of those long gone."""
    return classifier_leaving.left(tx)


def stopped_because(tx: Tx, name: str) -> str | None:
    """Return why a classifier is switched off, None while it is on."""
    return classifier_switches.stopped(tx).get(name)


def all_stopped(tx: Tx) -> frozenset[str]:
    """Return the names of all that are switched off."""
    return frozenset(classifier_switches.stopped(tx))


def stop(tx: Tx, name: str, *, declared: Collection[str], why: str, actor: Actor, now: datetime) -> bool:
    """Switch a classifier off for every process, from the next upload on; say whether it was on.

    declared: all that the settings name. Raises NotFound and BadForm.
    """
    _check(name, declared)
    if not SHORTEST_REASON <= len(why.strip()) <= LONGEST_REASON:
        raise BadForm(f"why: {SHORTEST_REASON} to {LONGEST_REASON} characters.", field="why")
    was_on = classifier_switches.stop(tx, name, why=why.strip(), now=now)
    if was_on:
        audit.append(tx, at=now, actor=actor.label, verb="classifier.stop", object=f"classifier:{name}")
    return was_on


def resume(tx: Tx, name: str, *, declared: Collection[str], actor: Actor, now: datetime) -> bool:
    """Let a classifier go on; say whether it was off. Raises NotFound."""
    _check(name, declared)
    was_off = classifier_switches.resume(tx, name)
    if was_off:
        audit.append(tx, at=now, actor=actor.label, verb="classifier.resume", object=f"classifier:{name}")
    return was_off


def _check(name: str, declared: Collection[str]) -> None:
    if name not in declared:
        raise NotFound("The settings declare no classifier of this name.")
