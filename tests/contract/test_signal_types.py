"""Every signal type keeps the promises of safehold.signals.base, and the kit notices when one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from safehold.model.signal import Signal
from safehold.signals.base import SignalType
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq
from safehold.testing.pictures import landscape
from safehold.testing.signal_type_kit import KitFailure, check_signal_type

PHOTOS = [landscape(seed, (160, 120)) for seed in range(3)]


@pytest.mark.parametrize("make", [Md5, Sha1, Sha256, Pdq])
def test_our_signal_type_keeps_every_promise(make: Callable[[], SignalType]) -> None:
    check_signal_type(make(), PHOTOS)


class ForgivingParser(Pdq):
    def parse(self, text: str) -> bytes:
        return bytes.fromhex(text.strip().ljust(64, "0"))


class OneWayDistance(Pdq):
    def distance(self, a: bytes, b: bytes) -> int:
        return super().distance(a, b) if a <= b else super().distance(a, b) // 2 + 1


class SquaredDistance(Pdq):
    def distance(self, a: bytes, b: bytes) -> int:
        return min(super().distance(a, b) ** 2, 256)


class ChangesItsInput(Pdq):
    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        signal = super().of_frame(pixels, frame)
        pixels[0, 0] = 255 - pixels[0, 0]
        return signal


class CallsEverythingTheSame(Pdq):
    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        signal = super().of_frame(pixels, frame)
        return Signal(self.name, bytes(32), signal.quality, frame)


class QualityOverOneHundred(Pdq):
    def of_frame(self, pixels: NDArray[np.uint8], frame: int = 0) -> Signal:
        signal = super().of_frame(pixels, frame)
        return Signal(self.name, signal.value, 101, frame)


class Forgetful(Sha256):
    calls: ClassVar[list[int]] = []

    def of_bytes(self, data: bytes) -> Signal:
        self.calls.append(1)
        return super().of_bytes(data + bytes(len(self.calls)))


class NoExamples(Sha256):
    examples: ClassVar[tuple[str, ...]] = ()


@pytest.mark.parametrize(
    ("make", "claim"),
    [
        (ForgivingParser, "raises BadDigest"),
        (OneWayDistance, "same both ways"),
        (SquaredDistance, "no detour"),
        (ChangesItsInput, "not changed"),
        (CallsEverythingTheSame, "further apart"),
        (QualityOverOneHundred, "quality"),
        (Forgetful, "same input"),
        (NoExamples, "example"),
    ],
)
def test_the_kit_notices_a_broken_promise(make: Callable[[], SignalType], claim: str) -> None:
    with pytest.raises(KitFailure, match=claim):
        check_signal_type(make(), PHOTOS)


def test_a_failure_names_type_and_claim_but_never_a_digest() -> None:
    with pytest.raises(KitFailure) as caught:
        check_signal_type(ForgivingParser(), PHOTOS)
    assert str(caught.value).startswith("pdq: ")
    assert not any(text in str(caught.value) for text in Pdq.examples)
