"""The classifiers that the settings name, opened and appointed to the panel that asks them."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

from safehold.app.settings import Settings
from safehold.app.settings_classifiers import ClassifierSettings
from safehold.app.settings_outside import USER_AGENT
from safehold.detect.classifiers import circuits
from safehold.detect.classifiers.appointment import Appointment
from safehold.detect.classifiers.base import Classifier
from safehold.detect.classifiers.cards import LocalCard, read_card
from safehold.detect.classifiers.foreign import foreign_info, open_foreign
from safehold.detect.classifiers.onnx import open_onnx
from safehold.detect.classifiers.panel import Panel
from safehold.detect.classifiers.remote import Access, RemoteClassifier, open_remote
from safehold.detect.classifiers.standing import all_stopped, count_leaving
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.band import Band
from safehold.model.classifier import ClassifierInfo, Use
from safehold.model.errors import BadSettings, NotFound
from safehold.model.surface import LegalBasis
from safehold.storage.database import Database


def open_panel(settings: Settings, database: Database, stack: ExitStack) -> Panel:
    """Return the panel of the classifiers that a surface names. It is closed with the stack.

    One that cannot be opened stops the program: it is never left out in silence. Raises BadSettings.
    """
    named = sorted({name for surface in settings.surfaces.values() for name in surface.classifiers})

    def stopped() -> frozenset[str]:
        with database.begin() as tx:
            return all_stopped(tx)

    def leaving(name: str, destination: str, pictures: int, now: datetime) -> None:
        with database.begin() as tx:
            count_leaving(tx, name, destination, pictures=pictures, now=now)

    def circuit(name: str, why: str, now: datetime) -> None:
        with database.begin() as tx:
            circuits.note(tx, name, why, now)

    terms = {name: _appointed(name, settings.classifiers[name]) for name in named}
    panel = Panel(terms, leaving=leaving, stopped=stopped, circuit=circuit)
    stack.callback(panel.close)
    return panel


def card_of(settings: Settings, name: str) -> ClassifierInfo:
    """Return what a declared classifier is, by its model card. Raises NotFound and BadSettings."""
    declared = settings.classifiers.get(name)
    if declared is None:
        raise NotFound("The settings declare no classifier of this name.")
    if declared.kind == "http":
        return _remote(name, declared).info
    if declared.plugin is not None:
        return foreign_info(name, declared.plugin)
    card, _ = read_card(declared.card, LocalCard)
    return card.info(name, max_side=max(card.input.resize))


def _appointed(name: str, declared: ClassifierSettings) -> Appointment:
    return Appointment(
        classifier=_opened(name, declared),
        use=Use(declared.use),
        shadow=declared.shadow,
        flags_from=Band(declared.flags_from),
        seconds=declared.seconds,
        a_second=declared.a_second,
        a_day=declared.a_day,
        bases=tuple(LegalBasis(**basis.model_dump()) for basis in declared.leaving),
    )


def _opened(name: str, declared: ClassifierSettings) -> Classifier:
    if declared.kind == "http":
        return _remote(name, declared)
    if declared.plugin is not None:
        return open_foreign(name, declared.plugin, threads=declared.threads)
    return open_onnx(name, declared.card, threads=declared.threads)


def _remote(name: str, declared: ClassifierSettings) -> RemoteClassifier:
    access = Access(
        url=declared.url or "",
        permitted=PermittedNetworks.of(*declared.permitted_networks),
        username=declared.username,
        key=None if declared.key is None else declared.key.get_secret_value(),
    )
    try:
        egress = Egress(user_agent=USER_AGENT, ca_file=declared.ca_file)
    except OSError as error:
        raise BadSettings(
            f"classifiers.{name}.ca_file: no certificates can be read ({type(error).__name__})."
        ) from None
    return open_remote(name, declared.card, access, egress)
