"""The overview of today for Prometheus: each measure a gauge of its own, with the same definition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from safehold.app.overview import asked
from safehold.app.settings import Settings
from safehold.storage.database import Tx
from safehold.transparency.live_catalogue import LIVE
from safehold.transparency.measures import Measure, Window
from safehold.transparency.overview import Overview, read
from safehold.transparency.tables import ALL, Known
from safehold.transparency.waits import SHARES

COUNTED = "safehold_overview_counted_seconds"
QUANTILES = tuple(f"{share:g}" for share in SHARES)
LONGEST = "1"
"""The quantile of what took longest."""


def named() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield name, meaning and labels of each gauge."""
    yield COUNTED, "How long ago a worker counted today last", ()
    for measure in LIVE:
        yield _name(measure), measure.definition, measure.by
        if measure.timed:
            yield _name(measure) + "_seconds", f"Of the same, the time: {measure.timed}", _timed(measure)


def families(tx: Tx, settings: Settings, *, now: datetime) -> Iterator[Metric]:
    """Yield the gauges of today, as it was last counted. What is not known or is withheld has no sample.

    Of real work; of practice where the whole installation is a rehearsal.
    """
    period, sliced = asked({"period": "day"}, settings=settings, now=now)
    found = read(tx, period, sliced, zone=settings.transparency.zone, now=now)
    if found.counted_at is not None:
        age = GaugeMetricFamily(COUNTED, "How long ago a worker counted today last")
        age.add_metric([], (now - found.counted_at).total_seconds())
        yield age
    for measure in LIVE:
        yield _numbers(found, measure)
        if measure.timed:
            yield _times(found, measure)


def _name(measure: Measure) -> str:
    when = "today" if measure.window is Window.DURING else "now"
    return f"safehold_{when}_{measure.id.replace('.', '_')}"


def _timed(measure: Measure) -> tuple[str, ...]:
    return (*measure.by, "quantile")


def _numbers(found: Overview, measure: Measure) -> Metric:
    family = GaugeMetricFamily(_name(measure), measure.definition, labels=measure.by)
    for place, cell in found.tables[measure.id].cells.items():
        if ALL not in place and isinstance(cell, Known):
            family.add_metric(place, cell.amount.number)
    return family


def _times(found: Overview, measure: Measure) -> Metric:
    family = GaugeMetricFamily(f"{_name(measure)}_seconds", measure.timed, labels=_timed(measure))
    for place, spread in found.spreads[measure.id].items():
        if ALL not in place:
            read = zip(QUANTILES, spread.within, strict=False)
            for quantile, seconds in (*read, (LONGEST, spread.longest)):
                family.add_metric([*place, quantile], seconds)
    return family
