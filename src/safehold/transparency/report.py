"""An annual report before it is written down: its tables, what they are compared with, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from safehold.transparency.counting import Year, count
from safehold.transparency.examples import iwf_2023, iwf_2023_year
from safehold.transparency.examples.published import Arithmetic, Checked, Standing, check
from safehold.transparency.examples.refusing import Refusal, refusals
from safehold.transparency.measures import Catalogue
from safehold.transparency.tables import Table
from safehold.transparency.withholding import withhold


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What the report was checked against: a published table."""

    lines: tuple[Checked, ...]
    arithmetic: tuple[Arithmetic, ...]
    refused: tuple[Refusal, ...]

    @property
    def differences(self) -> list[str]:
        """What is asserted and does not hold."""
        wrong = [f"{each.line.what}: {said}" for each in self.lines for said in each.differs]
        return wrong + [each.said for each in self.arithmetic if not each.holds]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualReport:
    """All that the pages show. made_from: sentences about the records, their reading and their audit.

    provisional: the year is not over, or not closed. notes: what is to be said of a table, by measure.
    """

    year: int
    publisher: str
    catalogue: Catalogue
    tables: Mapping[str, Table]
    before: Mapping[str, Table] | None
    made_from: tuple[str, ...]
    made_at: datetime | None = None
    provisional: bool = False
    against: Against | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def tables_of(catalogue: Catalogue, year: Year) -> dict[str, Table]:
    """Return the tables of a year as they may be printed: small numbers about children are withheld."""
    return withhold(count(catalogue, year))


def of_iwf_2023() -> AnnualReport:
    """Return the report of the synthetic year, checked line by line against what was published."""
    measures = iwf_2023_year.MEASURES
    now, before = (
        tables_of(measures, year) for year in (iwf_2023_year.year_2023(), iwf_2023_year.year_2022())
    )
    lines = tuple(check(line, now, before) for line in iwf_2023.LINES)
    return AnnualReport(
        year=iwf_2023.YEAR,
        publisher=iwf_2023.PUBLISHER,
        catalogue=measures,
        tables=now,
        before=before,
        made_from=(
            "Made from synthetic facts, without a database. Nobody’s case is in it.",
            "Only figures that were read where they were published are asserted: see the page of checks.",
        ),
        against=Against(lines=lines, arithmetic=iwf_2023.ARITHMETIC, refused=refusals(now)),
        notes=_notes(lines),
    )


def _notes(lines: tuple[Checked, ...]) -> dict[str, str]:
    """Return by measure which of its figures are not published as they stand."""
    told: dict[str, dict[str, list[str]]] = {}
    for each in lines:
        if each.line.cell is None or each.standing is Standing.NOT_AVAILABLE:
            continue
        derived = each.standing is Standing.PUBLISHED and each.line.number is None
        if each.standing is not Standing.PUBLISHED or derived:
            standing = (
                "Number derived from what was published" if derived else each.standing.value.capitalize()
            )
            told.setdefault(each.line.cell[0], {}).setdefault(standing, []).append(each.line.named)
    return {
        name: " ".join(f"{standing}: {', '.join(lines)}." for standing, lines in said.items())
        for name, said in told.items()
    }
