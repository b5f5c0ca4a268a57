"""The signal types page, from the types that are built in."""

from __future__ import annotations

from reference_pages import markdown as md
from safehold.app.plugins import BUILTIN_SIGNAL_TYPES, SIGNAL_TYPE_GROUP
from safehold.signals.base import FrameSignal

ABOUT = f"""\
A signal type is one way to make a fingerprint, to write it down and to compare two. Digests are written
as lower-case hexadecimal and read in either case. A distance is the number of differing bits; a match
is at most the largest distance, inclusive. A foreign type is an entry point of the group
`{SIGNAL_TYPE_GROUP}` and is loaded only when `plugins.signal_types` names it; its largest distance
is its own, and a list holds within half of it. `examples/custom_signal_type` is a complete one."""


def page() -> str:
    """Return the page."""
    rows = [
        (
            md.code(kind.name),
            "how a picture looks" if isinstance(kind, FrameSignal) else "bytes as they are",
            str(2 * kind.digest_bytes),
            str(kind.default_max_distance),
            str(kind.min_quality) if isinstance(kind, FrameSignal) else "",
            md.first_line(type(kind).__doc__),
        )
        for kind in BUILTIN_SIGNAL_TYPES
    ]
    heads = ("Type", "Of", "Characters", "Largest distance, bits", "Least quality", "")
    return md.page(md.title("Signal types", "operators and developers", ABOUT), md.table(heads, rows))
