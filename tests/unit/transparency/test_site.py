"""The report is a folder that is whole, needs no script, and says everything that its files say."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from safehold.model.figure_errors import FolderTaken, PdfMissing
from safehold.transparency import pdf, site
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.counting import Fact, Year
from safehold.transparency.report import AnnualReport, of_iwf_2023, tables_of
from safehold.transparency.units import Pages

REPORT = of_iwf_2023()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("annual") / "report"
    site.write(REPORT, made)
    return made


class _Page(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))


def pages(folder: Path) -> dict[str, _Page]:
    return {path.name: _Page(path.read_text()) for path in folder.glob("*.html")}


def test_no_page_has_a_script_or_reaches_for_anything_outside(folder: Path) -> None:
    for name, page in pages(folder).items():
        for tag, attributes in page.tags:
            assert tag not in {"script", "iframe", "object", "img"}, name
            assert not [key for key in attributes if key.startswith("on") or key == "style"], name
            for key in ("href", "src"):
                assert not re.match(r"[a-z]+:|//", attributes.get(key) or ""), name


def test_every_link_leads_to_a_file_and_a_place_in_it(folder: Path) -> None:
    found = pages(folder)
    places = {name: {attributes.get("id") for _, attributes in page.tags} for name, page in found.items()}
    for page in found.values():
        for _, attributes in page.tags:
            target, _, place = (attributes.get("href") or "").partition("#")
            if target and target != "report.pdf":
                assert (folder / target).is_file(), target
                assert not place or place in places[target], attributes["href"]


def test_every_measure_has_its_table_as_csv_and_json_and_its_definition_on_a_page(folder: Path) -> None:
    definitions = (folder / "definitions.html").read_text()
    listed = json.loads((folder / "data" / "index.json").read_text())["measures"]
    assert [each["measure"] for each in listed] == [measure.id for measure in REPORT.catalogue]
    for measure in REPORT.catalogue:
        told = json.loads((folder / "data" / f"{measure.id}.json").read_text())
        rows = list(csv.DictReader((folder / "data" / f"{measure.id}.csv").read_text().splitlines()))
        assert [(row["state"], row["number"]) for row in rows] == [
            (cell["state"], "" if cell["number"] is None else str(cell["number"])) for cell in told["cells"]
        ]
        assert told["query"] == measure.query
        assert measure.id in definitions


def test_what_is_not_available_is_empty_in_csv_and_null_in_json_and_never_zero(folder: Path) -> None:
    told = json.loads((folder / "data" / "pages.confirmed.by_age.json").read_text())
    youngest = next(cell for cell in told["cells"] if cell["place"] == {"age_band": "0-2"})
    assert (youngest["state"], youngest["number"], youngest["press"]) == ("not_available", None, None)
    row = (folder / "data" / "items.confirmed.csv").read_text().splitlines()[1]
    assert row == "items.confirmed,1,2023,item,not_available,,,"


def test_every_chart_has_a_name_a_description_and_a_table_that_says_the_same(folder: Path) -> None:
    text = (folder / "age-sex-category.html").read_text()
    charts = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert charts
    for chart in charts:
        named = re.search(r'aria-labelledby="(\S+) (\S+)"', chart)
        assert named
        assert all(f'id="{each}"' in chart for each in named.groups())
        for number in re.findall(r"<text[^>]*>([\d,]+)</text>", chart):
            assert f'<td class="number">{number}</td>' in text


def test_the_summary_is_written_from_the_figures(folder: Path) -> None:
    text = (folder / "index.html").read_text()
    assert "In 2023 people assessed 392,665 reports, 4.6 % more than in the year before." in text
    assert "Of the pages, 254,071 (92.2 %, more than nine in ten) showed what children had made" in text
    assert "Of these, 356 (14.8 %, more than one in seven) are of category A" in text


def test_the_same_report_is_written_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    site.write(of_iwf_2023(), tmp_path / "again")
    assert digests(tmp_path / "again") == digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_two_reports_written_at_once_leave_one_whole_report(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda _: site.write(REPORT, target), range(8)))
    assert digests(target) == digests(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_report_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    site.write(REPORT, target)
    (target / "left.txt").write_text("of the earlier one")
    site.write(REPORT, target)
    assert not (target / "left.txt").exists()
    own = tmp_path / "own"
    own.mkdir()
    (own / "letter.txt").write_text("mine")
    for taken in (own, own / "letter.txt"):
        with pytest.raises(FolderTaken):
            site.write(REPORT, taken)
    assert [path.name for path in own.iterdir()] == ["letter.txt"]
    assert (own / "letter.txt").read_text() == "mine"


def test_a_report_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise PdfMissing

    with pytest.raises(PdfMissing):
        site.write(REPORT, tmp_path / "out", also=fail)
    assert list(tmp_path.iterdir()) == []


def test_without_weasyprint_a_pdf_is_refused_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert not pdf.is_there()
    with pytest.raises(PdfMissing) as refused:
        pdf.write(tmp_path)
    assert refused.value.code == "pdf_missing"
    assert "extra `pdf`" in refused.value.advice_now


def bare(*facts: Fact) -> AnnualReport:
    tables = tables_of(CATALOGUE, Year(number=2024, facts=facts))
    return AnnualReport(
        year=2024, publisher="", catalogue=CATALOGUE, tables=tables, before=None, made_from=()
    )


def test_a_year_with_nothing_in_it_says_so(tmp_path: Path) -> None:
    site.write(bare(), tmp_path / "out")
    assert "Nothing was counted in this year." in (tmp_path / "out" / "index.html").read_text()
    assert "Nothing was recorded in 2023." in (tmp_path / "out" / "year-on-year.html").read_text()


def test_a_year_with_one_page_tells_nobody_which(tmp_path: Path) -> None:
    one = {"actioned": "yes", "purpose": "csam", "age_band": "3-6", "sex": "girls", "category": "B"}
    site.write(bare(Fact(Pages, 1, one)), tmp_path / "out")
    text = (tmp_path / "out" / "age-sex-category.html").read_text()
    assert "withheld" in text
    assert '<td class="number">1</td>' not in (tmp_path / "out" / "whole.html").read_text()
    assert ",known,1," not in "".join(path.read_text() for path in (tmp_path / "out").rglob("*.csv"))
