"""Writes altered copies of the listed photos, and photos that are not listed, into build/examples/.

`--list` instead writes examples/demo-list.jsonl anew: the PDQ and SHA-256 of each listed photo. The
strengths of the alterations are fixed here, before anything is matched: they are what happens to a picture
that is passed on, not what the matcher happens to survive.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from safehold.signals.digests import Sha256
from safehold.signals.pdq import Pdq
from safehold.testing import alterations

HERE = Path(__file__).parent
PHOTOS = HERE / "photos"
UNLISTED = PHOTOS / "unlisted"
LIST = HERE / "demo-list.jsonl"
BUILD = HERE.parent / "build" / "examples"

CATEGORIES = ("A", "B", "C")
"""Labels that the demonstration list carries in turn, so that its cases differ in priority."""

# Two per cent of each side are cropped away: one at either end.
ALTERATIONS: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "as-it-is": (".png", alterations.to_png),
    "half-size": (".jpg", lambda image: alterations.resized(image, 0.5)),
    "jpeg-60": (".jpg", lambda image: alterations.to_jpeg(image, 60)),
    "cropped-2-percent": (".jpg", lambda image: alterations.cropped(image, 1.0)),
    "brighter-20-percent": (".jpg", lambda image: alterations.brightened(image, 1.2)),
    "darker-20-percent": (".jpg", lambda image: alterations.brightened(image, 0.8)),
    "written-on": (".jpg", alterations.written_on),
    "gif": (".gif", alterations.to_gif),
    "palette": (".png", alterations.to_palette_png),
    "cmyk": (".jpg", alterations.to_cmyk_jpeg),
    "webp": (".webp", alterations.to_webp),
}


def main() -> int:
    """Write the examples, or with --list the demonstration list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="write examples/demo-list.jsonl anew")
    if parser.parse_args().list:
        LIST.write_text("".join(json.dumps(entry) + "\n" for entry in demo_entries()))
        return 0
    shutil.rmtree(BUILD, ignore_errors=True)
    copies = write_altered_copies(BUILD / "listed")
    others = write_unlisted(BUILD / "unlisted")
    sys.stdout.write(
        f"{copies} altered copies of listed photos and {others} other photos in build/examples.\n"
    )
    return 0


def demo_entries() -> list[dict[str, object]]:
    """Return the entries of the demonstration list: two signals of each listed photo."""
    entries: list[dict[str, object]] = []
    for number, path in enumerate(sorted(PHOTOS.glob("*.jpg"))):
        with Image.open(path) as image:
            pdq = Pdq().of_frame(np.asarray(image.convert("RGB")))
        shared = {"category": CATEGORIES[number % 3], "labels": ["demo"], "source_id": path.stem}
        for signal in (pdq, Sha256().of_bytes(path.read_bytes())):
            entries.append({"signal_type": signal.signal_type, "value": signal.text, **shared})
    return entries


def write_altered_copies(folder: Path) -> int:
    """Write every alteration of every listed photo and return how many files that is."""
    folder.mkdir(parents=True)
    for path in sorted(PHOTOS.glob("*.jpg")):
        with Image.open(path) as image:
            for name, (suffix, alter) in ALTERATIONS.items():
                (folder / f"{path.stem}-{name}{suffix}").write_bytes(alter(image))
    return sum(1 for _ in folder.iterdir())


def write_unlisted(folder: Path) -> int:
    """Copy the photos that are on no list, and the same re-saved, and return how many files that is."""
    folder.mkdir(parents=True)
    for path in sorted(UNLISTED.glob("*.jpg")):
        shutil.copy(path, folder / path.name)
        with Image.open(path) as image:
            (folder / f"{path.stem}-half-size.jpg").write_bytes(alterations.resized(image, 0.5))
            (folder / f"{path.stem}-gif.gif").write_bytes(alterations.to_gif(image))
    return sum(1 for _ in folder.iterdir())


if __name__ == "__main__":
    sys.exit(main())
