"""ICC profiles for tests: made on the spot, from primaries and one curve for all channels."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence

import numpy as np
from PIL import ImageCms

SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_WHITE_D50 = np.array([0.9642, 1.0, 0.8249])


def srgb_profile() -> bytes:
    """Return the profile of ordinary screens."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def rgb_profile(
    curve: Callable[[float], float] = lambda v: v**2.2,
    primaries: Sequence[tuple[float, float]] = SRGB,
) -> bytes:
    """Return an RGB profile. curve: from what is stored, 0 to 1, to linear light, 0 to 1."""
    # The white of the file is the white of the profile's own space: grey stays grey.
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in primaries]).T
    columns = columns * np.linalg.solve(columns, _WHITE_D50)
    tags = {name: _xyz(*columns[:, place]) for place, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= {name: _curve(curve) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"RGB ", tags)


def grey_profile(curve: Callable[[float], float]) -> bytes:
    """Return a profile of pictures in grey. curve: as that of rgb_profile."""
    return _profile(b"GRAY", {b"kTRC": _curve(curve)})


def opened(profile: bytes) -> ImageCms.ImageCmsProfile:
    """Return the profile as the library of colours reads it."""
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _description(), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(*_WHITE_D50), **tags}
    place = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", place + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s", place + len(content), b"", 0x02100000, b"mntr", space, b"XYZ ", b"", b"acsp"
    )
    head += bytes(28) + _xyz(*_WHITE_D50)[8:]
    return head.ljust(128, b"\0") + table + content


def _description() -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * value) for value in values))


def _curve(curve: Callable[[float], float]) -> bytes:
    steps = [round(65535 * min(1.0, max(0.0, curve(place / 255)))) for place in range(256)]
    return b"curv\0\0\0\0" + struct.pack(">I256H", 256, *steps)
