"""Writes the template of all translations from the texts that are marked; `--check`: is it current?"""

from __future__ import annotations

import sys
from pathlib import Path

from safehold.testing.marked_words import catalog_of

SOURCE = Path(__file__).parent.parent / "src" / "safehold"
TEMPLATE = SOURCE / "web" / "locale" / "safehold.pot"


def main() -> int:
    """Return 0 when the template is current."""
    wanted = catalog_of(SOURCE)
    if "--check" in sys.argv:
        current = TEMPLATE.exists() and TEMPLATE.read_bytes() == wanted
        print("Texts for translators: current." if current else f"{TEMPLATE.name} is stale: make words")  # noqa: T201
        return 0 if current else 1
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    TEMPLATE.write_bytes(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
