"""Use every codec once before the worker is confined: much of them is loaded only at first use."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageCms

from safehold.model.media import DecodeFailure, HashMode
from safehold.vault.decoding import heif, images, video
from safehold.vault.decoding.examine import examine
from safehold.vault.decoding.kinds import Kinds
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.views import render

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP")
_SIDE = 32
_LARGE = 400


class NotWorking(RuntimeError):
    """A codec did not read what it wrote itself."""


def warm(kinds: Kinds, limits: DecodeLimits) -> None:
    """Set the codecs up and have each read a tiny picture of its own, and fail at a cut one.

    Raises NotWorking, naming the format: a worker that cannot read must not start.
    """
    Image.preinit()
    images.prepare(limits.max_pixels)
    heif.prepare()
    samples = {name: _picture(name, limits.max_pixels) for name in _FORMATS}
    if video.AVAILABLE:
        samples["video"] = _film()
    for name, data in samples.items():
        seen = examine(data, claimed_type=None, rendition=True, kinds=kinds, limits=limits)
        made = {signal.signal_type for signal in seen.signals}
        if seen.failure is not None or made != set(kinds.names):
            raise NotWorking(name)
    for name in {"JPEG", "video"} & samples.keys():
        if render(samples[name], stamp=("warm",), limits=limits).rendition is None:
            raise NotWorking(f"{name}, shown")
    for mode in HashMode:
        _warm_jpeg(mode, kinds, limits)


def _warm_jpeg(mode: HashMode, kinds: Kinds, limits: DecodeLimits) -> None:
    out = io.BytesIO()
    _gradient(_SIDE).save(out, "JPEG")  # without a profile, with which it would be read exactly
    data = out.getvalue()
    for part, failure in ((data, None), (data[:-20], DecodeFailure.TRUNCATED)):
        seen = examine(part, claimed_type=None, rendition=False, kinds=kinds, limits=limits, mode=mode)
        if seen.failure is not failure:
            raise NotWorking(f"JPEG, {mode.value}")


def _picture(name: str, most_pixels: int) -> bytes:
    out = io.BytesIO()
    # With a profile, so that colours are changed once; large and see-through, so that a sample is taken.
    side = min(_LARGE, math.isqrt(most_pixels)) if name == "PNG" else _SIDE
    picture = _gradient(side)
    if name == "PNG":
        picture.putalpha(Image.linear_gradient("L").resize((side, side)).rotate(90))
    picture.save(out, name, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return out.getvalue()


def _gradient(side: int) -> Image.Image:
    return Image.linear_gradient("L").resize((side, side)).convert("RGB")


def _film() -> bytes:
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for _ in range(2):
            pixels = np.asarray(_gradient(_SIDE))
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", threads=1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()
