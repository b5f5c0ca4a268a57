"""The pages that lie beside the code of a destination, made ready to be filled in."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template


@cache
def page(destination: str, name: str) -> Template:
    """Return a page of a destination's folder. What is put into it is escaped; what is missing raises."""
    source = resources.files(f"{__package__}.{destination}").joinpath(name)
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(source.read_text("utf-8"))
