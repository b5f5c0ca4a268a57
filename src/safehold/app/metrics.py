"""Figures for Prometheus, read from the database at each scrape; labels are kinds and states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from safehold.act import deliver
from safehold.app import alarms, overview_metrics
from safehold.app.program import Program
from safehold.detect.classifiers import standing as classifiers
from safehold.storage import audit, events, lookback, scans, steps
from safehold.storage.database import Tx


def exposition(program: Program) -> tuple[bytes, str]:
    """Return all metrics in Prometheus' text form and its content type. Raises DatabaseDown."""
    registry = CollectorRegistry()
    with program.database.begin() as tx:
        now = program.clock()
        of_today = overview_metrics.families(tx, program.settings, now=now)
        of_here = (*_lost(program), *_walls(program), *_lists(program))
        registry.register(_Collected([*_families(tx), *of_today, *of_here]))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collected(Collector):
    """Metrics that were read already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        yield from self._families


def _families(tx: Tx) -> Iterator[Metric]:
    yield _counted("safehold_scans", "Scans answered", ("surface", "result"), _many(scans.totals(tx)))
    yield _counted("safehold_events", "Events recorded", ("kind",), _one(events.counts(tx)))
    yield _measured("safehold_steps", "Steps by state", ("state",), _one(steps.open_counts(tx)))
    yield _measured("safehold_deliveries", "Webhook deliveries", ("state",), _one(deliver.counted(tx)))
    left = {(each.classifier, each.destination): each for each in classifiers.all_left(tx)}
    yield _counted(
        "safehold_classifier_calls_left",
        "Calls that handed pictures to other machines",
        ("classifier", "destination"),
        {key: each.calls for key, each in left.items()},
    )
    yield _counted(
        "safehold_classifier_pictures_left",
        "Pictures handed to other machines",
        ("classifier", "destination"),
        {key: each.pictures for key, each in left.items()},
    )
    standing: dict[tuple[str, ...], int] = {}
    for alarm in alarms.standing(tx):
        standing[(alarm.code,)] = standing.get((alarm.code,), 0) + 1
    yield _measured("safehold_alarms", "Alarms that stand", ("code",), standing)
    yield _measured(
        "safehold_lookback_waiting",
        "Changes of lists that hosts have to look back for",
        (),
        {(): lookback.waiting(tx)},
    )
    records, links = audit.counts(tx)
    yield _measured(
        "safehold_audit_records", "Audit records", ("chained",), {("yes",): links, ("no",): records - links}
    )


def _lost(program: Program) -> Iterator[Metric]:
    yield _counted(
        "safehold_lookback_lost",
        "Signals that this process could not write down for look-back",
        (),
        {(): program.scanner.kept.lost},
    )


def _walls(program: Program) -> Iterator[Metric]:
    if not program.scanner.decoders_alive:
        return
    fields = program.scanner.decoders.confinement.fields()
    yield _measured(
        "safehold_decoder_confinement",
        "Layers around this process's decoders: 0 does not hold, 1 holds, Landlock by its version",
        ("layer",),
        {(layer,): value for layer, value in fields.items()},
    )


def _lists(program: Program) -> Iterator[Metric]:
    known = program.scanner.known
    late = sum(each.late for each in known.lists)
    yield _measured(
        "safehold_lists",
        "Lists that this process compares with, and those of them that it has not caught up with",
        ("state",),
        {("current",): len(known.lists) - late, ("late",): late},
    )
    yield _counted(
        "safehold_index_damages",
        "Files of the index that were found damaged, and built anew, since this process began",
        ("signal_type",),
        _one({kind: known.damages.get(kind, 0) for kind in known.kinds}),
    )


def _many(counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, ...], int]:
    return {tuple(names): count for names, count in counts.items()}


def _one(counts: Mapping[Any, int]) -> dict[tuple[str, ...], int]:
    return {(str(name),): count for name, count in counts.items()}


def _counted(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family


def _measured(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family
