"""The measures page, from the catalogues of the annual report, the overview and packs, and the rules."""

from __future__ import annotations

from reference_pages import markdown as md
from safehold.transparency.attributes import ATTRIBUTES, RULES
from safehold.transparency.catalogue import CATALOGUE
from safehold.transparency.live_catalogue import LIVE
from safehold.transparency.measures import Catalogue
from safehold.transparency.practice import PRACTICE
from safehold.transparency.units import UNITS

ABOUT = """\
Each figure of the [annual report](../how-to/make-the-annual-report.md) and of the
[overview](../how-to/watch-the-operation.md) is a named, versioned definition: what is counted, which of it,
when, and by which rule. Tables of the report are in its `data/`, as CSV and JSON, under their ids. Amounts of
different units are never added, compared or made a share of each other; the code refuses it. In the overview
every slice is one more condition, and what is practice never counts beside real work.
How to add one: [define a measure](../how-to/define-a-measure.md)."""

OF_PACKS = """\
[Packs for regulators](../how-to/answer-a-regulator.md) are made of these. They are counted from the audit
log, are not for the public, and withhold nothing."""


def page() -> str:
    """Return the page."""
    units = [(md.code(unit.name), unit.many, md.first_line(unit.__doc__)) for unit in UNITS]
    rules = [(md.code(rule.value), words) for rule, words in RULES.items()]
    questions = [
        (md.code(each.name), each.title, ", ".join(md.code(value) for value in each.values) or "open")
        for each in ATTRIBUTES.values()
    ]
    return md.page(
        md.title("Measures", "hotlines, auditors and developers", ABOUT),
        "## Units",
        md.table(("Unit", "Read as", ""), units),
        "## Rules",
        md.table(("Rule", ""), rules),
        "## Questions",
        md.table(("Question", "Read as", "Answers"), questions),
        "## Measures of the annual report",
        _measures(CATALOGUE),
        "## Measures of the overview",
        _measures(LIVE),
        "## Measures of what was done in a period",
        OF_PACKS,
        _measures(PRACTICE),
    )


def _measures(catalogue: Catalogue) -> str:
    rows = [
        (
            md.code(each.id),
            str(each.version),
            each.definition,
            md.code(each.query),
            md.code(each.of or each.id),
        )
        for each in catalogue
    ]
    return md.table(("Measure", "Version", "Definition", "Query", "Share of"), rows)
