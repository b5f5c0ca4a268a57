"""The report as one PDF, made from the page that holds all of it, by the optional WeasyPrint."""

from __future__ import annotations

import logging
from pathlib import Path

from safehold.model.figure_errors import PdfMissing


def is_there() -> bool:
    """Say whether PDF files can be made here."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def write(folder: Path, page: str = "whole.html", to: str = "report.pdf") -> None:
    """Write a page of the report as a tagged PDF beside it. Raises PdfMissing where that cannot be made."""
    try:
        import weasyprint
    except (ImportError, OSError) as missing:
        raise PdfMissing("WeasyPrint, or a library that it needs, is not installed.") from missing
    # Of rules for screens it says at length that paper has no use for them.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    # A report needs nothing but its own files, and nothing in it may make this process ask for more.
    own_files = weasyprint.urls.URLFetcher(allowed_protocols=("file",), allow_redirects=False)
    document = weasyprint.HTML(filename=str(folder / page), url_fetcher=own_files)
    document.write_pdf(str(folder / to), pdf_variant="pdf/ua-1")
