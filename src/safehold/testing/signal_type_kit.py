"""The claims that every signal type must keep; run `check_signal_type` in the tests of your plug-in.

def test_our_signal_type_keeps_its_promises():
    check_signal_type(OurSignal(), photos=[landscape(seed) for seed in range(3)])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise, product

import numpy as np
from PIL import Image

from safehold.model.errors import BadDigest
from safehold.model.signal import Signal
from safehold.signals.base import ByteSignal, FrameSignal, SignalType
from safehold.signals.pixels import shown_pixels
from safehold.signals.plugin_rules import offences

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class KitFailure(AssertionError):
    """A signal type breaks a claim. The message names type and claim, never a digest."""


def check_signal_type(kind: SignalType, photos: Sequence[Image.Image] = ()) -> None:
    """Check a signal type against every claim of `safehold.signals.base`.

    Raises KitFailure at the first claim that does not hold.
    photos: a few different pictures, needed for a FrameSignal: at least two. Their pixels are only read.
    """
    _check_declaration(kind)
    _check_examples(kind)
    _check_refusals(kind)
    _check_metric(kind)
    if isinstance(kind, ByteSignal):
        _check_byte_signal(kind)
    if isinstance(kind, FrameSignal):
        _check_frame_signal(kind, photos)


def check_plugin_imports(module: str) -> None:
    """Check that the package of a module reaches for nothing that Safehold refuses; nothing of it is run.

    It finds honest mistakes and is no sandbox. Raises KitFailure, naming each file and what it reaches for.
    """
    wrong = offences(module)
    if wrong:
        raise KitFailure(f"{module.partition('.')[0]} reaches for what no plug-in may: {', '.join(wrong)}")


def _need(kind: SignalType, holds: bool, claim: str) -> None:
    if not holds:
        raise KitFailure(f"{kind.name}: {claim}")


def _check_declaration(kind: SignalType) -> None:
    bits = 8 * kind.digest_bytes
    _need(kind, _NAME.fullmatch(kind.name) is not None, "the name is lower-case letters, digits and _")
    _need(kind, kind.digest_bytes > 0, "a digest has at least one byte")
    _need(
        kind, 0 <= kind.default_max_distance < bits, "default_max_distance is at least 0 and below all bits"
    )


def _check_examples(kind: SignalType) -> None:
    _need(kind, len(kind.examples) > 0, "there is at least one example")
    for text in kind.examples:
        digest = kind.parse(text)
        _need(kind, len(digest) == kind.digest_bytes, "a parsed example has digest_bytes bytes")
        _need(kind, digest.hex() == text.lower(), "an example reads back as it was written")
        _need(kind, kind.parse(text.upper()) == digest, "upper-case digits mean the same")


def _check_refusals(kind: SignalType) -> None:
    text = kind.examples[0]
    wrong = [
        "",
        text[:-1],
        text[:-2],
        text + "00",
        "g" + text[1:],
        " " + text[1:],
        text + "\n",
        "0x" + text[2:],
    ]
    wrong += [text[:-2] + "\u0661\u0661"]  # digits elsewhere, but not hexadecimal here
    for bad in wrong:
        _need_refusal(kind, partial(kind.parse, bad), "text of another length or with other characters")
    whole = bytes(kind.digest_bytes)
    _need_refusal(kind, lambda: kind.distance(whole, whole[:-1]), "comparing with a shorter digest")
    _need_refusal(kind, lambda: kind.distance(whole + b"\0", whole), "comparing with a longer digest")


def _need_refusal(kind: SignalType, call: Callable[[], object], what: str) -> None:
    try:
        call()
    except BadDigest as error:
        _need(kind, not any(text in str(error) for text in kind.examples), "an error never carries a digest")
    else:
        _need(kind, False, f"{what} raises BadDigest")


def _check_metric(kind: SignalType) -> None:
    samples = [*_sample_digests(kind)]
    for a, b in product(samples, repeat=2):
        distance = kind.distance(a, b)
        _need(kind, 0 <= distance <= 8 * kind.digest_bytes, "a distance is between 0 and all bits")
        _need(kind, (distance == 0) == (a == b), "only equal digests have distance 0")
        _need(kind, distance == kind.distance(b, a), "the distance is the same both ways")
    for a, b, c in product(samples, repeat=3):
        direct, detour = kind.distance(a, c), kind.distance(a, b) + kind.distance(b, c)
        _need(kind, direct <= detour, "no detour is shorter than the direct way")


def _sample_digests(kind: SignalType) -> Iterator[bytes]:
    random = np.random.default_rng(20)
    yield bytes(kind.digest_bytes)
    yield bytes([255] * kind.digest_bytes)
    yield from {kind.parse(text) for text in kind.examples}
    for _ in range(4):
        value = random.bytes(kind.digest_bytes)
        yield value
        yield bytes([value[0] ^ 1]) + value[1:]
        yield bytes([value[0] ^ 3]) + value[1:]


def _check_byte_signal(kind: ByteSignal) -> None:
    for data in (b"", b"a", bytes(range(256)) * 500):
        signal = kind.of_bytes(data)
        _check_signal(kind, signal, kind.of_bytes(data))
        _need(kind, signal.quality is None, "a digest of bytes has no quality")
    _need(kind, kind.of_bytes(b"a").value != kind.of_bytes(b"b").value, "other bytes have another digest")


def _check_frame_signal(kind: FrameSignal, photos: Sequence[Image.Image]) -> None:
    _need(kind, len(photos) > 1, "the kit needs at least two different photos")
    _need(kind, 0 <= kind.min_quality <= 100, "min_quality is between 0 and 100")
    signals = [_check_photo(kind, photo) for photo in photos]
    for one, other in pairwise(signals):
        far = kind.distance(one.value, other.value) > kind.default_max_distance
        _need(kind, far, "different photos are further apart than default_max_distance")
    for shape in ((0, 8, 3), (8, 0, 3), (8, 8, 4), (8,)):
        _need_value_error(kind, np.zeros(shape, dtype=np.uint8))
    _need_value_error(kind, np.zeros((8, 8, 3), dtype=np.uint8).astype(np.float32))


def _check_photo(kind: FrameSignal, photo: Image.Image) -> Signal:
    pixels = shown_pixels(photo).copy()
    before = pixels.copy()
    signal = kind.of_frame(pixels, frame=3)
    _need(kind, np.array_equal(pixels, before), "the pixels are not changed")
    _check_signal(kind, signal, kind.of_frame(np.asfortranarray(before), frame=3))
    _need(kind, signal.frame == 3, "the frame number is carried into the signal")
    _need(kind, signal.quality is not None and 0 <= signal.quality <= 100, "quality is between 0 and 100")
    grey = shown_pixels(photo.convert("L"))
    near = kind.distance(kind.of_frame(grey[..., 0]).value, kind.of_frame(grey).value)
    _need(kind, near <= kind.default_max_distance, "luma and grey RGB of one picture are near")
    return signal


def _check_signal(kind: SignalType, signal: Signal, again: Signal) -> None:
    _need(kind, signal.signal_type == kind.name, "a signal carries the name of its type")
    _need(kind, len(signal.value) == kind.digest_bytes, "a digest has digest_bytes bytes")
    _need(kind, kind.parse(signal.text) == signal.value, "a digest reads back from its text")
    _need(kind, signal == again, "the same input gives the same signal")


def _need_value_error(kind: FrameSignal, pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    try:
        kind.of_frame(pixels)  # type: ignore[arg-type]  # wrong on purpose
    except ValueError:
        return
    _need(kind, False, "pixels of another shape or kind of number raise ValueError")
