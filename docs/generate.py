"""Writes the reference pages from the code that they describe.

`python docs/generate.py` writes them; with `--check` it changes nothing, prints the pages that are stale and
ends with 1 when there is one. The same code gives the same pages on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from reference_pages import (
    commands,
    components,
    errors,
    events,
    http,
    keys,
    measures,
    metrics,
    permissions,
    settings,
    signal_types,
    tables,
    webhooks,
)

DOCS = Path(__file__).parent

PAGES: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands.page,
    "reference/components.html": components.html,
    "reference/components.md": components.page,
    "reference/errors.md": errors.page,
    "reference/events.md": events.page,
    "reference/http.md": http.page,
    "reference/keys.md": keys.page,
    "reference/measures.md": measures.page,
    "reference/metrics.md": metrics.page,
    "reference/permissions.md": permissions.page,
    "reference/settings.md": settings.page,
    "reference/signal-types.md": signal_types.page,
    "reference/tables.md": tables.page,
    "reference/webhooks.md": webhooks.page,
    "openapi.json": http.openapi_json,
}
"""Every page by its path in docs/, and what writes it."""


def main() -> int:
    """Write the pages, or with --check compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a page is stale")
    check = parser.parse_args().check
    stale = [name for name, write in PAGES.items() if _present(name) != write()]
    for name in stale:
        if check:
            sys.stdout.write(f"docs/{name} is stale.\n")
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
            sys.stdout.write(f"docs/{name} is written.\n")
    if check and stale:
        sys.stdout.write("Write the pages anew with `make docs`.\n")
    return 1 if check and stale else 0


def _present(name: str) -> str | None:
    path = DOCS / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
