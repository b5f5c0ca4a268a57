"""The claims that every classifier must keep; run `check_classifier` in the tests of one of your own.

def test_our_classifier_keeps_its_promises():
    check_classifier(open_ours)

What happens when the other side goes wrong is checked by `check_refusals`, for one on another machine, and
what a package of your own may do by `check_classifier_plugin`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from safehold.detect.classifiers.base import Classifier, Garbled, Pixels, Unanswered
from safehold.detect.classifiers.foreign import foreign_info, open_foreign
from safehold.model.classifier import Answered, Opinion, Sends
from safehold.testing.classifier_faults import NEVER_READ, SLOW, Fault
from safehold.testing.no_network import Reach, limited_to

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_STATUS = "STATUS_"
_SECONDS, _IMPATIENT = 20.0, 0.5


class KitFailure(AssertionError):
    """A classifier breaks a claim. The message names classifier and claim, never what it said."""


def check_classifier(opened: Callable[[], Classifier]) -> None:
    """Check a classifier against every claim of `safehold.detect.classifiers.base`.

    opened: opens one; it is closed here. Raises KitFailure at the first claim that does not hold.
    """
    classifier = opened()
    try:
        _check_declaration(classifier)
        _check_opinions(classifier)
        _check_order(classifier)
        _check_sharing(classifier)
    finally:
        classifier.close()
    classifier.close()


def check_classifier_plugin(plugin: str) -> None:
    """Check an installed plug-in: its card, what its source reaches for, that it runs without a network, and
    every claim of a classifier.

    plugin: its entry point. Connections that native libraries or other processes make are not seen. Raises
    KitFailure, and BadSettings where it cannot be opened.
    """
    declared = foreign_info("ours", plugin)
    with limited_to(Reach.NO_NETWORK) as refused:
        check_classifier(lambda: open_foreign("ours", plugin))
    if refused:
        raise KitFailure(f"{plugin}: it reaches for the network")
    if foreign_info("ours", plugin) != declared:
        raise KitFailure(f"{plugin}: running it changes what it is")


def check_refusals(classifier: Classifier, fail: Callable[[Fault | None], None]) -> None:
    """Check that whatever goes wrong on the other side is no opinion, and that nothing of it stays.

    fail: lets each call meet this fault from now on. Raises KitFailure for a fault that is taken for an
    answer, or that raises something else than the protocol says.
    """
    for fault in Fault:
        fail(fault)
        _check_fault(classifier, fault)
        fail(None)
        try:
            _asked(classifier, _pictures(classifier))
        except (Unanswered, TimeoutError):
            _need(classifier, False, f"after {fault.name} it answers as before")


def painted(number: int, size: tuple[int, int] = (96, 64)) -> Pixels:
    """Return a harmless pattern; the higher the number, 0 to 4, the brighter. size: width and height."""
    width, height = size
    steps = (np.add.outer(np.arange(height), np.arange(width)) % 16).astype(np.uint8)
    return np.repeat((steps + 25 + number * 51)[:, :, None], 3, axis=2).clip(0, 255).astype(np.uint8)


def _need(classifier: Classifier, holds: bool, claim: str) -> None:
    if not holds:
        raise KitFailure(f"{classifier.info.name}: {claim}")


def _pictures(classifier: Classifier) -> list[Pixels]:
    return [painted(number) for number in range(min(5, classifier.info.batch_max))]


def _asked(classifier: Classifier, pictures: Sequence[Pixels]) -> Sequence[Opinion]:
    return classifier.classify(pictures, seconds=_SECONDS)


def _check_declaration(classifier: Classifier) -> None:
    info = classifier.info
    _need(classifier, _NAME.fullmatch(info.name) is not None, "the name is one that settings can have")
    _need(classifier, 0 < len(info.version) <= 100, "it says which version it is")
    _need(classifier, info.batch_max > 0 and info.max_side > 0, "it takes at least a picture of a pixel")
    _need(classifier, bool(info.licence), "it says under which licence or terms it runs")
    _need(classifier, info.sends is Sends.DOWNSCALED, "it is handed pixels, never the upload")
    _need(classifier, bool(dict(info.card).get("limits")), "its card says where not to rely on it")
    if info.leaves_house:
        _need(classifier, not set(info.destination) & set("/@?"), "the destination is a host and a port")
        _need(classifier, "tried" in dict(info.card), "its card says whether it was ever run for real")
    else:
        _need(classifier, _DIGEST.fullmatch(info.weights_sha256) is not None, "it names its weights")


def _check_opinions(classifier: Classifier) -> None:
    _need(classifier, list(_asked(classifier, [])) == [], "of no picture it says nothing")
    shapes = [(96, 64), (64, 96), (512, 8), (8, 512), (8, 8), (512, 512)]
    for pixels in (painted(2, shape) for shape in shapes):
        pixels.flags.writeable = False
        before = pixels.copy()
        [opinion] = _one(classifier, _asked(classifier, [pixels]))
        _need(classifier, np.array_equal(pixels, before), "the pixels are not changed")
        _need(classifier, opinion.version == classifier.info.version, "an opinion names the version")
        _need(classifier, len(opinion.raw) <= 1000 and opinion.raw.isprintable(), "its words are one line")
        fared = opinion.answered in (Answered.OK, Answered.ABSTAIN, Answered.UNSUPPORTED)
        _need(classifier, fared, "what it cannot answer it raises")


def _one(classifier: Classifier, opinions: Sequence[Opinion]) -> Sequence[Opinion]:
    _need(classifier, len(opinions) == 1, "of one picture it says one thing")
    return opinions


def _check_order(classifier: Classifier) -> None:
    pictures = _pictures(classifier)
    forward, back = _asked(classifier, pictures), _asked(classifier, pictures[::-1])
    _need(classifier, len(forward) == len(pictures), "it has an opinion of each picture")
    same = [_said(each) for each in forward] == [_said(each) for each in reversed(back)]
    _need(classifier, same, "opinions come in the order of the pictures, the same of the same")


def _said(opinion: Opinion) -> tuple[object, ...]:
    # Sums of fractions in another order differ in their last places.
    return opinion.answered, opinion.band, None if opinion.score is None else round(opinion.score, 3)


def _check_sharing(classifier: Classifier) -> None:
    pictures = _pictures(classifier)
    alone = [_said(each) for each in _asked(classifier, pictures)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: _asked(classifier, pictures), range(8)))
    same = all([_said(each) for each in opinions] == alone for opinions in together)
    _need(classifier, same, "threads that share it disturb nobody")


def _check_fault(classifier: Classifier, fault: Fault) -> None:
    try:
        classifier.classify(_pictures(classifier), seconds=_IMPATIENT if fault in SLOW else _SECONDS)
    except TimeoutError:
        _need(classifier, fault in SLOW, f"{fault.name} is no time-out")
    except Unanswered as error:
        _need(classifier, fault not in SLOW, f"{fault.name} is a time-out")
        said = fault not in NEVER_READ and not fault.name.startswith(_STATUS)
        _need(classifier, isinstance(error, Garbled) == said, f"{fault.name} has its own kind of error")
        if fault is Fault.STATUS_429:
            _need(classifier, error.rest == 120.0, "who asks to be left alone is left alone")
        _need(classifier, error.code.replace("_", "").isalnum(), "a code is a stable word")
    else:
        raise KitFailure(f"{classifier.info.name}: {fault.name} is taken for an answer")
