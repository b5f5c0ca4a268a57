"""Classifiers of other packages: by entry point, on this machine, and watched for what they say.

What one is stands in a card beside its source, which is read without running anything: a console shows it,
and only a process that scans runs the program. A plug-in is code in that process, read for honest mistakes
and in no sandbox. It has no way to act: what it returns is an opinion, and can ask a person to look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import entry_points as installed
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import Field

from safehold.detect.classifiers.base import Classifier, Garbled, Pixels
from safehold.detect.classifiers.cards import CARD, Card, Part, checked_weights, read_card
from safehold.model.classifier import ClassifierInfo, Opinion, Sends
from safehold.model.errors import BadSettings
from safehold.signals import entry_points
from safehold.signals.plugin_rules import CLASSIFIER_ROOMS

CLASSIFIER_GROUP = "safehold.classifiers"
LONGEST_RAW = 1000
"""Characters of a classifier's own words that an opinion may hold."""


class OwnWeights(Part):
    """A file beside the card that the program is handed, once its digest was checked."""

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ForeignCard(Card):
    """The card of a classifier of another package: PACKAGE/ENTRY_POINT.toml, beside its source.

    weights: None for a program without a model; then the digest on record is that of its source.
    """

    weights: OwnWeights | None = None
    batch_max: int = Field(8, ge=1, le=32)
    max_side: int = Field(512, ge=8, le=2048)
    card: CARD


class ForeignClassifier:
    """A classifier of somebody else's: it is what its card says, and what it says is looked at."""

    def __init__(self, opened: Classifier, info: ClassifierInfo) -> None:
        self._opened, self._info = opened, info

    @property
    def info(self) -> ClassifierInfo:
        """Return what its card says."""
        return self._info

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        """Return its opinions. The pixels are others' too: it is handed copies, which nobody can write to.

        Raises Garbled for what is no opinion of this version, and whatever the plug-in raises.
        """
        opinions = list(self._opened.classify([_copied(each) for each in pictures], seconds=seconds))
        if not all(self._is_ours(each) for each in opinions):
            raise Garbled("no_opinion")
        return opinions

    def close(self) -> None:
        """Close it."""
        self._opened.close()

    def _is_ours(self, said: object) -> bool:
        return (
            type(said) is Opinion
            and said.version == self._info.version
            and len(said.raw) <= LONGEST_RAW
            and said.raw.isprintable()
        )


def foreign_info(name: str, plugin: str) -> ClassifierInfo:
    """Return what the classifier of an entry point is, by its card; none of its program runs.

    name: as in the settings. Raises BadSettings where it is not installed, or its card is wrong.
    """
    return _declared(name, plugin)[0]


def open_foreign(name: str, plugin: str, *, threads: int = 1) -> ForeignClassifier:
    """Return the classifier of an entry point of CLASSIFIER_GROUP.

    The entry point is called with its ClassifierInfo, `weights` (their bytes, or None) and `threads`, and
    returns a `Classifier`. Raises BadSettings where it is not installed, reaches for what no plug-in may, has
    other weights than its card names, or does not open.
    """
    info, weights = _declared(name, plugin)
    opened: Classifier = entry_points.load(
        plugin,
        group=CLASSIFIER_GROUP,
        setting=_setting(name),
        make=lambda opens: _opened(opens, info, weights, threads),
        rooms=CLASSIFIER_ROOMS,
    )
    return ForeignClassifier(opened, info)


def _opened(opens: Any, info: ClassifierInfo, weights: bytes | None, threads: int) -> Classifier:
    opened: Classifier = opens(info, weights=weights, threads=threads)
    if not (callable(opened.classify) and callable(opened.close)):
        raise TypeError("this is no classifier")
    return opened


def _declared(name: str, plugin: str) -> tuple[ClassifierInfo, bytes | None]:
    """Return what a plug-in is, and its checked weights, of one that has a model."""
    folder = _folder(name, plugin)
    card, _ = read_card(str(folder / f"{plugin}.toml"), ForeignCard)
    weights = None
    if card.weights is not None:
        weights = checked_weights(folder / card.weights.file, card.weights.sha256)
    info = ClassifierInfo(
        name=name,
        version=f"{card.name} {card.version}",
        kind=card.kind,
        sends=Sends.DOWNSCALED,
        batch_max=card.batch_max,
        max_side=card.max_side,
        weights_sha256=card.weights.sha256 if card.weights else _source_digest(folder),
        licence=card.licence,
        card=tuple(card.card.items()),
    )
    return info, weights


def _folder(name: str, plugin: str) -> Path:
    """Return the folder of the package that declares an entry point; nothing is imported."""
    for found in installed(group=CLASSIFIER_GROUP, name=plugin):
        spec = find_spec(found.module.partition(".")[0])
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            return Path(folder)
    raise BadSettings(
        f"{_setting(name)}: {plugin} is not installed.", advice="Install its package, or remove its name."
    )


def _source_digest(folder: Path) -> str:
    """Return the SHA-256 of a package's source: each file's path and digest, in order."""
    lines = (
        f"{path.relative_to(folder).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in sorted(folder.rglob("*.py"))
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _setting(name: str) -> str:
    return f"classifiers.{name}.plugin"


def _copied(pixels: Pixels) -> Pixels:
    copied = pixels.copy()
    copied.flags.writeable = False
    return copied
