"""The little Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def title(name: str, audience: str, about: str) -> str:
    """Return the head of a page: what it is, whom it is for, and that nobody edits it by hand."""
    return (
        f"# {name}\n\n*For {audience}. Written from the code by `make docs`: edit the code, not this page.*"
        f"\n\n{about}\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Bars and line breaks in cells are made harmless."""
    lines = [_row(heads), "|" + "---|" * len(heads), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Return text as code."""
    return f"`{text}`"


def first_line(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").strip().splitlines()[0] if text and text.strip() else ""


def paragraphs(text: str | None) -> str:
    """Return a docstring with each paragraph on one line, so that it reflows."""
    parts = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in part.splitlines()) for part in parts)


def page(*parts: str) -> str:
    """Join the parts of a page with a blank line between them."""
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
