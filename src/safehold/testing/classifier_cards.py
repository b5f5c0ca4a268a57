"""Cards of classifiers for tests: what answers in a known way, whatever it is shown."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def asks_for_all(folder: Path) -> Path:
    """Write a card by which every picture lies in the strongest band, and return it: it asks for each."""
    card = folder / "asks_for_all.toml"
    text = (files("safehold.detect.classifiers.shipped") / "open_nsfw.toml").read_text()
    for edge in ("low = 0.2", "medium = 0.5", "high = 0.8", "very_high = 0.95"):
        text = text.replace(edge, f"{edge.partition(' ')[0]} = 0.0")
    card.write_text(text)
    return card
