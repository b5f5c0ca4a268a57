"""The door to the compiled core, and what answers where there is none."""

from __future__ import annotations

import subprocess
import sys

from safehold.signals import kernels, reference

WITHOUT_THE_COMPILED_CORE = """
import sys
sys.modules["safehold._native"] = None
from safehold.signals import kernels, reference
from safehold.signals.pdq import Pdq
from safehold.testing.pictures import landscape
from safehold.testing.signal_type_kit import check_signal_type
assert kernels.pdq_rgb is reference.pdq_rgb
check_signal_type(Pdq(), [landscape(seed, (160, 120)) for seed in range(3)])
print(kernels.kernel(), kernels.version())
"""


def test_here_the_compiled_core_answers_and_has_the_version_of_the_package() -> None:
    assert kernels.kernel() == "native"
    assert kernels.version() == reference.version()


def test_without_the_compiled_core_numpy_answers_and_every_promise_of_pdq_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_COMPILED_CORE], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["numpy", kernels.version()]
