"""Every classifier that ships keeps the promises of the kit, and the kit notices when one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safehold.detect.classifiers.base import Pixels, Unanswered
from safehold.detect.classifiers.onnx import open_onnx
from safehold.detect.classifiers.remote import Access, RemoteClassifier, open_remote
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.band import Band
from safehold.model.classifier import Answered, ClassifierInfo, ClassifierKind, Opinion, Sends
from safehold.testing.classifier_faults import Fault
from safehold.testing.classifier_kit import KitFailure, check_classifier, check_refusals, painted
from safehold.testing.classifier_servers import (
    ClassifierServer,
    Interface,
    content_safety,
    form_of_one,
    raw_of_one,
)

CARDS = Path("examples/classifier_cards")
KEY = "made-up-key"
REMOTE: dict[str, tuple[str, Interface, dict[str, str]]] = {
    "google_content_safety": ("google_content_safety", content_safety(KEY), {"key": KEY}),
    "form_with_a_file": (str(CARDS / "form_with_a_file.toml"), form_of_one(f"Bearer {KEY}"), {"key": KEY}),
    "picture_itself": (
        str(CARDS / "picture_itself.toml"),
        raw_of_one("Basic cGxhdGZvcm06bWFkZS11cC1rZXk="),
        {"username": "platform", "key": KEY},
    ),
}

Remote = tuple[ClassifierServer, Callable[[], RemoteClassifier]]


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest) -> Iterator[Remote]:
    card, interface, login = REMOTE[request.param]
    with ExitStack() as stack:
        server = stack.enter_context(ClassifierServer(interface))
        access = Access(url=server.url, permitted=PermittedNetworks.of(f"127.0.0.1:{server.port}"), **login)
        yield server, lambda: open_remote("asked", card, access, Egress(user_agent="safehold-test"))


def test_the_local_one_keeps_every_promise() -> None:
    check_classifier(lambda: open_onnx("first_look", "open_nsfw"))


def test_one_on_another_machine_keeps_every_promise(remote: Remote) -> None:
    server, opened = remote
    check_classifier(opened)
    assert server.taken
    assert not server.refused


def test_whatever_goes_wrong_on_the_other_machine_is_no_opinion(remote: Remote) -> None:
    server, opened = remote
    check_refusals(opened(), server.fail)
    assert not server.refused


def test_the_brighter_the_higher_in_the_order_in_which_they_were_sent(remote: Remote) -> None:
    _, opened = remote
    classifier = opened()
    bands = [classifier.classify([painted(number)], seconds=20)[0].band for number in range(5)]
    assert bands == list(Band)


class Promising:
    """A classifier that keeps every promise; what breaks one is made of it."""

    info = ClassifierInfo(
        name="one",
        version="1",
        kind=ClassifierKind.UNSEEN_IMAGE,
        sends=Sends.DOWNSCALED,
        batch_max=8,
        max_side=64,
        weights_sha256="0" * 64,
        licence="Apache-2.0",
        card=(("limits", "It knows nothing."),),
    )

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        return [self._of(each) for each in pictures]

    def close(self) -> None:
        """Nothing is open."""

    def _of(self, pixels: Pixels) -> Opinion:
        score = float(pixels.mean()) / 255
        return Opinion(answered=Answered.OK, band=Band.LOW, score=score, raw=f"{score:.3f}", version="1")


class Careless(Promising):
    def _of(self, pixels: Pixels) -> Opinion:
        pixels.flags.writeable = True
        pixels[0, 0] = 255 - pixels[0, 0]
        return super()._of(pixels)


class Backwards(Promising):
    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        return [self._of(each) for each in sorted(pictures, key=lambda each: -float(each.mean()))]


class OneForAll(Promising):
    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        return [self._of(each) for each in pictures[:1]]


class Anonymous(Promising):
    def _of(self, pixels: Pixels) -> Opinion:
        return Opinion(answered=Answered.OK, band=Band.LOW)


class NeverSure(Promising):
    def _of(self, pixels: Pixels) -> Opinion:
        return Opinion(answered=Answered.ERROR, version="1")


def of_info(**changed: object) -> type[Promising]:
    return type("Declares", (Promising,), {"info": replace(Promising.info, **changed)})  # type: ignore[arg-type]


def test_the_kit_takes_one_that_keeps_every_promise() -> None:
    check_classifier(Promising)


@pytest.mark.parametrize(
    ("make", "claim"),
    [
        (Careless, "not changed"),
        (Backwards, "order"),
        (OneForAll, "of each picture"),
        (Anonymous, "names the version"),
        (NeverSure, "it raises"),
        (of_info(card=()), "where not to rely on it"),
        (of_info(weights_sha256=""), "names its weights"),
        (of_info(sends=Sends.ORIGINAL), "never the upload"),
        (of_info(destination="https://elsewhere/path"), "a host and a port"),
        (of_info(destination="elsewhere"), "ever run for real"),
    ],
)
def test_the_kit_notices_a_broken_promise(make: Callable[[], Any], claim: str) -> None:
    with pytest.raises(KitFailure, match=claim):
        check_classifier(make)


def test_the_kit_notices_one_that_takes_a_fault_for_an_answer() -> None:
    with pytest.raises(KitFailure, match="NOT_HTTP is taken for an answer"):
        check_refusals(Promising(), lambda fault: None)


def test_the_kit_notices_one_that_never_recovers() -> None:
    broken = [False]

    class Sulking(Promising):
        def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
            if broken[0]:
                raise Unanswered("protocol")
            return super().classify(pictures, seconds=seconds)

    def fail(fault: Fault | None) -> None:
        broken[0] = True

    with pytest.raises(KitFailure, match="after NOT_HTTP it answers as before"):
        check_refusals(Sulking(), fail)
