"""The annual report as a PDF, made by the command and read by programs of others."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from safehold.testing.commands import Run


def told(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_the_report_is_a_tagged_pdf_with_all_its_pages_text_and_tables(run: Run, tmp_path: Path) -> None:
    ended = run("stats", "annual", "--year", "2023", "--example", "iwf-2023", "--out", "out", "--pdf")
    assert (ended.code, ended.err) == (0, "")
    pdf = str(tmp_path / "out" / "report.pdf")

    facts = dict(re.findall(r"^([\w ]+):\s+(.*)$", told("pdfinfo", pdf), re.MULTILINE))
    assert (facts["Tagged"], facts["JavaScript"], facts["Page size"][-3:-1]) == ("yes", "no", "A4")
    pages = told("pdftotext", "-layout", pdf, "-").split("\f")[:-1]
    assert len(pages) == int(facts["Pages"]) > 20
    for number, page in enumerate(pages, start=1):
        assert f"{number} of {len(pages)}" in page
    text = "\n".join(pages)
    for wanted in ("275,652", "254,071", "more than one in seven", "Year on year", "Definitions"):
        assert wanted in text, wanted
    tags = told("pdfinfo", "-struct", pdf)
    for tag in ("H1", "H2", "Table", "TH", "Figure"):
        assert re.search(rf"^\s*{tag}\b", tags, re.MULTILINE), tag
    assert 'href="report.pdf"' in (tmp_path / "out" / "index.html").read_text()
