"""The classifiers that the settings name, opened and appointed to the panel that asks them."""

from __future__ import annotations

from contextlib import ExitStack

from safehold.app.settings import Settings
from safehold.app.settings_classifiers import ClassifierSettings
from safehold.detect.classifiers.cards import read_card
from safehold.detect.classifiers.onnx import open_onnx
from safehold.detect.classifiers.panel import Appointment, Panel
from safehold.detect.classifiers.standing import all_stopped
from safehold.model.band import Band
from safehold.model.classifier import ClassifierInfo, Use
from safehold.model.errors import NotFound
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

    terms = {name: _appointed(name, settings.classifiers[name]) for name in named}
    panel = Panel(terms, stopped=stopped)
    stack.callback(panel.close)
    return panel


def card_of(settings: Settings, name: str) -> ClassifierInfo:
    """Return what a declared classifier is, by its model card. Raises NotFound and BadSettings."""
    declared = settings.classifiers.get(name)
    if declared is None:
        raise NotFound("The settings declare no classifier of this name.")
    card, _ = read_card(declared.card)
    return card.info(name, max_side=max(card.input.resize))


def _appointed(name: str, declared: ClassifierSettings) -> Appointment:
    return Appointment(
        classifier=open_onnx(name, declared.card, threads=declared.threads),
        use=Use(declared.use),
        shadow=declared.shadow,
        flags_from=Band(declared.flags_from),
        seconds=declared.seconds,
        a_day=declared.a_day,
        bases=tuple(LegalBasis(**basis.model_dump()) for basis in declared.leaving),
    )
