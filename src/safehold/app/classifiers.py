"""The classifiers that the settings name, opened and appointed to the panel that asks them."""

from __future__ import annotations

from contextlib import ExitStack

from safehold.app.settings import Settings
from safehold.app.settings_classifiers import ClassifierSettings
from safehold.detect.classifiers.onnx import open_onnx
from safehold.detect.classifiers.panel import Appointment, Panel
from safehold.model.classifier import Band, LeavingBasis, Use


def open_panel(settings: Settings, stack: ExitStack) -> Panel:
    """Return the panel of the classifiers that a surface names. It is closed with the stack.

    One that cannot be opened stops the program: it is never left out in silence. Raises BadSettings.
    """
    named = sorted({name for surface in settings.surfaces.values() for name in surface.classifiers})
    panel = Panel({name: _appointed(name, settings.classifiers[name]) for name in named})
    stack.callback(panel.close)
    return panel


def _appointed(name: str, declared: ClassifierSettings) -> Appointment:
    return Appointment(
        classifier=open_onnx(name, declared.card, threads=declared.threads),
        use=Use(declared.use),
        shadow=declared.shadow,
        flags_from=Band(declared.flags_from),
        seconds=declared.seconds,
        a_day=declared.a_day,
        bases=tuple(LeavingBasis(**basis.model_dump()) for basis in declared.leaving),
    )
