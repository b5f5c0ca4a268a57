"""How a surface's templates are read: strictly, with everything escaped, and with what all of them need."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from safehold.web.static_files import static_files

FOLDER = Path(__file__).parent / "templates"


def environment(folder: str) -> Environment:
    """Return an environment over the templates of a surface ("console", "portal").

    A name that a template uses and nobody gave is an error. The filter `instant` writes a time in UTC to
    the minute; the function `static` gives the address of a static file.
    """
    made = Environment(
        loader=FileSystemLoader(FOLDER / folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["instant"] = lambda at: at.strftime("%Y-%m-%d %H:%M UTC")
    made.globals["static"] = static_files().address
    return made
