"""The dashboard for Grafana asks only for metrics, and for labels, that Safehold tells."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from reference_pages import metrics  # noqa: E402 - the page of the metrics names every one

BOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "safehold-operation.json").read_text())
LABELS = {name: set(labels) for name, _, _, labels in (*metrics.named(), *metrics.of_today())}
ASKED = [
    (panel["title"], target["expr"], target["legendFormat"])
    for panel in BOARD["panels"]
    for target in panel["targets"]
]


def test_every_panel_asks_for_metrics_that_exist() -> None:
    asked = [(title, name) for title, expr, _ in ASKED for name in re.findall(r"safehold_\w+", expr)]
    assert len(asked) >= len(ASKED) > 15
    assert [each for each in asked if each[1] not in LABELS] == []


def test_every_label_that_is_asked_for_or_shown_is_one_of_its_metric() -> None:
    wrong = []
    for title, expr, legend in ASKED:
        [name, *_] = re.findall(r"safehold_\w+", expr)
        used = {*re.findall(r"(\w+)=~?\"", expr), *re.findall(r"{{(\w+)}}", legend)}
        wrong += [(title, used - LABELS[name])] if used - LABELS[name] else []
    assert wrong == []


def test_panels_do_not_lie_over_each_other_and_no_host_is_named() -> None:
    places = [
        (panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy)
        for panel in BOARD["panels"]
        for dx in range(panel["gridPos"]["w"])
        for dy in range(panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert "://" not in json.dumps(BOARD)
