"""In how many ways one frame is seen: as it is stored, in the colours its file names, on white and on black.

Lists are made of pixels as they are stored, on white: that comes first, always. What a browser shows may
look otherwise, by a profile or by what lies behind transparency; then that is compared too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray
from PIL import Image

from safehold.signals.colours import Change, ColoursUnknown, alters_nothing, by_gamma, by_profile, is_steep
from safehold.signals.pdq import Pdq
from safehold.signals.pixels import as_opaque, as_rgba, shown_pixels, upright

_ALIKE = 20
"""Bits by which looks may differ and count as one: Display P3 moves photos by up to 12, AdobeRGB by 18."""
_SIDE = 256
_OPAQUE = 255


class Appearances:
    """How the frames of one file look.

    incomplete: whether what it says of its colours could not be applied to a frame, or shows apart what the
    256 steps that we read do not tell apart.
    """

    def __init__(self) -> None:
        self.incomplete = False
        self._profile: tuple[bytes | None, str] | None = None
        self._by_profile: Change | None = None
        self._kind = Pdq()

    def of(self, image: Image.Image) -> Iterator[NDArray[np.uint8]]:
        """Yield the current frame as (height, width, 3) RGB pixels: as shown_pixels does, then otherwise.

        At most base.MOST_APPEARANCES, and only those that a fingerprint tells apart: whether it does is
        decided on a small sample of the pixels, taken at places that nobody can foresee. Raises what
        shown_pixels does.
        """
        yield shown_pixels(image)
        looks = [(change, ground) for change in self._changes(image) for ground in _grounds(image)]
        if len(looks) == 1:
            return
        sample = _sample(image)
        seen: list[bytes] = []
        for place, look in enumerate(looks):
            digest = self._kind.of_frame(np.asarray(_laid(sample, *look))).value
            if all(self._kind.distance(digest, other) > _ALIKE for other in seen):
                seen.append(digest)
                if place:
                    yield np.asarray(upright(_laid(image, *look), image))

    def _changes(self, image: Image.Image) -> list[Change | None]:
        """Return what may be done to the colours; the first is nothing."""
        if image.mode == "LAB":
            return [None]  # says itself what is shown
        mode = as_opaque(image.crop((0, 0, 1, 1))).mode
        changes = [self._of_profile(image, mode), self._of_gamma(image)]
        applied = [change for change in changes if change is not None]
        if any(is_steep(change, mode) for change in applied):
            self.incomplete = True
        return [None, *applied]

    def _of_profile(self, image: Image.Image, mode: str) -> Change | None:
        if "icc_profile" not in image.info:
            return None
        key = (image.info["icc_profile"], mode)
        if self._profile != key:  # the same for all frames, as a rule
            self._profile, self._by_profile = key, None
            if alters_nothing(*key):
                return None
            try:
                self._by_profile = by_profile(*key)
            except ColoursUnknown:
                self.incomplete = True
        return self._by_profile

    def _of_gamma(self, image: Image.Image) -> Change | None:
        if "gamma" not in image.info:
            return None
        try:
            return by_gamma(image.info["gamma"], image.info.get("chromaticity"))
        except ColoursUnknown:
            self.incomplete = True
            return None


def looks_one_way(image: Image.Image) -> bool:
    """Whether the header of a file leaves no doubt that its frame is shown as it is stored.

    Nothing is loaded. Where it does not, `Appearances` says how the frame looks.
    """
    if "gamma" in image.info or image.has_transparency_data:
        return False
    return "icc_profile" not in image.info or alters_nothing(image.info["icc_profile"], image.mode)


def _grounds(image: Image.Image) -> tuple[str, ...]:
    alpha = as_rgba(image).getchannel("A") if image.has_transparency_data else None
    return ("white",) if alpha is None or alpha.getextrema()[0] == _OPAQUE else ("white", "black")


def _laid(image: Image.Image, change: Change | None, ground: str) -> Image.Image:
    """Return the picture in changed colours, on a ground where it lets that through."""
    opaque = as_opaque(image)
    rgb = opaque.convert("RGB") if change is None else change(opaque)
    if not image.has_transparency_data:
        return rgb
    laid = Image.new("RGB", image.size, ground)
    laid.paste(rgb, mask=as_rgba(image).getchannel("A"))
    return laid


def _sample(image: Image.Image) -> Image.Image:
    """Return some of the pixels in their order, each row begun elsewhere; a small picture as it is.

    Averages would not do: a profile that bends colours shows what was hidden in the mean of neighbours.
    """
    width, height = image.size
    if width * height <= 2 * _SIDE * _SIDE:
        return image
    chance = default_rng()
    sample = image.crop((0, 0, _SIDE, _SIDE))
    step = width / _SIDE
    rows = ((np.arange(_SIDE) + chance.random(_SIDE)) * (height / _SIDE)).astype(int)
    for place, (row, begun) in enumerate(zip(rows.tolist(), chance.random(_SIDE).tolist(), strict=True)):
        strip = image.crop((0, row, width, row + 1))
        shift = (begun - 0.5) * step
        box = (max(0.0, shift), 0, min(width, width + shift), 1)
        sample.paste(strip.resize((_SIDE, 1), Image.Resampling.NEAREST, box), (0, place))
    return sample
