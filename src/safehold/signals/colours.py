"""What a file says of its colours: how the pixels that are stored become those that a browser shows.

Lists are made without it, so the pixels as stored are always compared. But a negative whose profile turns it
back is shown as the photo: that has to be compared as well.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Change: TypeAlias = Callable[[Image.Image], Image.Image]
"""From an opaque picture as it is stored to RGB as it is shown."""

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""The largest profiles of presses have some three million."""
_SMALL_PROFILE_BYTES = 16 * 1024
"""Those of cameras and screens have from five hundred to four thousand."""

_MODES = {"RGB": ("RGB", {"RGB", "L"}), "GRAY": ("L", {"L"}), "CMYK": ("CMYK", {"CMYK"})}
"""By a profile's kind of colours: the mode it takes, and of what modes a picture may be for it to count."""

_SCREEN_GAMMA = 2.2
_NEARLY_ONE = 0.05
_STEEPEST = 24
"""Grey steps shown that lie between two neighbours of 256 stored ones. Linear light has 20 in the dark."""
_WIDEST = 2.5
"""The largest share of one primary in another; 2.03 in the widest space in use, which has unreal ones."""
_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


class ColoursUnknown(ValueError):
    """What the file says of its colours cannot be applied."""


def by_profile(icc: bytes | None, mode: str) -> Change | None:
    """Return what an embedded ICC profile does to opaque pictures of `mode` (L, RGB, CMYK).

    None where the profile is for another kind of colours: viewers then leave it aside. icc: None where the
    file has one that could not be unpacked. Raises ColoursUnknown for that and for a
    profile that is damaged or too large.
    """
    if not icc or len(icc) > MAX_PROFILE_BYTES:
        raise ColoursUnknown
    # The same few come with most files, and to prepare one takes as long as to read a small picture.
    applied = _applied_again if len(icc) <= _SMALL_PROFILE_BYTES else _applied
    return applied(icc, mode).change


def alters_nothing(icc: bytes | None, mode: str) -> bool:
    """Whether pictures of `mode` are shown with this profile as they are stored, to within one step.

    So it is with that of ordinary screens, which most files name that name any, and with one for another kind
    of colours. One that looks colours up in a table is not judged: what it does between two that were tried
    nobody knows.
    """
    if not icc or len(icc) > _SMALL_PROFILE_BYTES:
        return False
    try:
        return _applied_again(icc, mode).alters_nothing
    except ColoursUnknown:
        return False


def by_gamma(gamma: float, chromaticity: tuple[float, ...] | None) -> Change | None:
    """Return what a PNG's gamma does to opaque pictures (L, RGB); None where that is nothing.

    Primaries leave grey as it is and are not applied. Raises ColoursUnknown for a gamma that is none, and for
    primaries beyond every space in use.
    """
    if gamma <= 0 or (chromaticity is not None and _width(chromaticity) > _WIDEST):
        raise ColoursUnknown
    exponent = 1 / (_SCREEN_GAMMA * gamma)
    if abs(exponent - 1) < _NEARLY_ONE:
        return None
    table = np.rint(255 * np.linspace(0, 1, 256) ** exponent).astype(int).tolist()
    return partial(_by_table, table=table)


def is_steep(change: Change, mode: str) -> bool:
    """Whether two neighbours of the 256 steps that we read are shown far apart, for pictures of `mode`.

    Of 16 bits a whole picture may lie between them, and we do not see it.
    """
    light = np.asarray(change(_ramps(mode)).convert("L"), dtype=int)
    return bool(np.abs(np.diff(light, axis=1)).max() > _STEEPEST)


@dataclass(frozen=True, slots=True)
class _Applied:
    change: Change | None
    alters_nothing: bool


def _applied(icc: bytes, mode: str) -> _Applied:
    """Return what `by_profile` and `alters_nothing` say; raise ColoursUnknown."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        takes, fitting = _MODES.get(profile.profile.xcolor_space.strip(), ("", set[str]()))
        if mode not in fitting:
            return _Applied(None, alters_nothing=True)
        transform = ImageCms.buildTransform(profile, _screen(), takes, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise ColoursUnknown from error
    change = partial(_transformed, transform=transform, takes=takes)
    return _Applied(change, _is_by_curves(profile) and _farthest(change, mode) <= 1)


_applied_again = lru_cache(maxsize=8)(_applied)


def _is_by_curves(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether it says what is shown by curves and a matrix alone, so that our ramps show all that it does."""
    tables = profile.profile.clut or {}
    return profile.profile.is_matrix_shaper and not any(as_input for as_input, _, _ in tables.values())


def _farthest(change: Change, mode: str) -> int:
    ramps = _ramps(mode)
    stored, shown = np.asarray(ramps.convert("RGB"), dtype=int), np.asarray(change(ramps), dtype=int)
    return int(np.abs(shown - stored).max())


def _transformed(image: Image.Image, *, transform: ImageCms.ImageCmsTransform, takes: str) -> Image.Image:
    shown = ImageCms.applyTransform(image if image.mode == takes else image.convert(takes), transform)
    assert shown is not None  # only an in-place transform returns None
    return shown


def _by_table(image: Image.Image, *, table: list[int]) -> Image.Image:
    return image.point(table * len(image.getbands())).convert("RGB")


@lru_cache(maxsize=1)
def _screen() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=4)
def _ramps(mode: str) -> Image.Image:
    """Return a picture of rows in which all channels rise together, or one does beside constant others."""
    channels = Image.getmodebands(mode)
    rising = np.arange(256, dtype=np.uint8)
    rows = [np.tile(rising[:, None], channels)]
    for channel in range(channels):
        for others in (0, 128, 255):
            row = np.full((256, channels), others, dtype=np.uint8)
            row[:, channel] = rising
            rows.append(row)
    pixels = np.stack(rows)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode)


def _width(chromaticity: tuple[float, ...]) -> float:
    """Return the largest share, of either sign, of one of these primaries in a screen's, and the reverse."""
    try:
        theirs, ours = _to_light(chromaticity), _to_light(_SRGB)
        shares = np.stack([np.linalg.solve(ours, theirs), np.linalg.solve(theirs, ours)])
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return float("inf")
    return float(np.abs(shares).max())


def _to_light(chromaticity: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the matrix from linear RGB of these primaries to XYZ: white first, then red, green, blue."""
    white, *primaries = (
        (x / y, 1.0, (1 - x - y) / y) for x, y in zip(*[iter(chromaticity)] * 2, strict=True)
    )
    columns = np.array(primaries).T
    return columns * np.linalg.solve(columns, np.array(white))
