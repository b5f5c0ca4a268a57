"""The metrics page, from the families that `safehold.app.metrics` makes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from reference_pages import markdown as md
from safehold.app import metrics, overview_metrics

ABOUT = """\
`GET /metrics` answers in Prometheus' text form, to this machine without a key and to others with a key
of scope `ops`. Values are read from the database at each scrape, so every process answers the same; only
the confinement is told by each process that decodes, of its own decoders, and the state of lists and
index by each process that compares, of its own.
Those that begin with `safehold_today_` and `safehold_now_` are the figures of the
[overview](../how-to/watch-the-operation.md): of today, in the zone of `transparency.time_zone`, and of what
waits, as a worker counted them within the last minute. `quantile` is the part of all that took no longer, 1
the longest.
Labels are kinds, states and the surfaces that you declared; never an id, a name or anything that was
sent."""


def page() -> str:
    """Return the page."""
    rows = [
        (md.code(name), kind, ", ".join(md.code(one) for one in labels), text)
        for name, kind, text, labels in (*named(), *of_today())
    ]
    heads = ("Metric", "Kind", "Labels", "Meaning")
    return md.page(md.title("Metrics", "operators", ABOUT), md.table(heads, rows))


def of_today() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield name, kind, text and labels of the metrics that follow from the measures of the overview."""
    for name, text, labels in overview_metrics.named():
        yield name, "gauge", text, labels


def named() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield name, kind, text and labels of each metric, as the module's own calls write them."""
    kinds = {"_counted": ("counter", "_total"), "_measured": ("gauge", "")}
    for node in ast.walk(ast.parse(inspect.getsource(metrics))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds):
            continue
        kind, ending = kinds[node.func.id]
        name, text, labels = (ast.literal_eval(argument) for argument in node.args[:3])
        yield name + ending, kind, text, labels
