"""Our signal type keeps the promises that Safehold relies on."""

from __future__ import annotations

from picture_steps.steps import Steps

from safehold.testing.pictures import landscape
from safehold.testing.signal_type_kit import check_plugin_imports, check_signal_type


def test_steps_keeps_every_promise_of_a_signal_type() -> None:
    check_signal_type(Steps(), [landscape(seed, (320, 240)) for seed in range(5)])


def test_steps_reaches_for_nothing_that_a_plug_in_may_not() -> None:
    check_plugin_imports("picture_steps.steps")
