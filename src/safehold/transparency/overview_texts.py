"""What the overview says, for translators: collected from the definitions, of each new measure too."""

from __future__ import annotations

from collections.abc import Iterator

from safehold.transparency.attributes import ATTRIBUTES, RULES
from safehold.transparency.charts import EVERYTHING, UNRECORDED
from safehold.transparency.live_catalogue import LIVE, LIVE_SECTIONS
from safehold.transparency.measures import TIMED, Measure
from safehold.transparency.overview import SLICES
from safehold.transparency.tables import Missing, Withheld
from safehold.transparency.units import Unit

Text = str | tuple[str, str]


def texts() -> Iterator[Text]:
    """Yield each text, and of what is counted the two forms that `counted` returns; some come again."""
    for section in LIVE_SECTIONS:
        yield from (section.title, section.lead)
    for measure in LIVE:
        yield from _of_measure(measure)
    for name in dict.fromkeys([*SLICES, *(asked for measure in LIVE for asked in measure.by)]):
        yield from (ATTRIBUTES[name].title, *ATTRIBUTES[name].values.values())
    yield from (TIMED, *RULES.values())
    yield from (EVERYTHING, UNRECORDED, Missing.words, Withheld.words)


def counted(unit: type[Unit]) -> tuple[str, str]:
    """Return how one and how many of a unit are told, with %(count)s in the place of the number."""
    return f"%(count)s {unit.one}", f"%(count)s {unit.many}"


def _of_measure(measure: Measure) -> Iterator[Text]:
    yield from (measure.title, measure.means)
    if measure.timed:
        yield measure.timed
    yield counted(measure.unit)
