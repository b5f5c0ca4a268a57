"""Two plots as SVG, light or dark as the reader is: latency by list size, recall by distance.

Each line has a colour and a marker of its own and is named in a legend; every point says its figure when it
is pointed at, and the tables of the same run hold them in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

Points = Sequence[tuple[float, float]]
Curves = Mapping[str, Points]

WIDTH, HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 24, 44, 96
_LEGEND_COLUMN = 215
_SERIES = 5  # colours and markers, one for each line
_FIRST = "safehold"
_STYLE = """
  svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
  .paper { fill: #fffefb; } text { fill: #20262b; } .quiet { fill: #566069; } .rule { stroke: #dcd9d1; }
  .line { fill: none; stroke-width: 2; }
  .s0 { stroke: #1d5f6a; fill: #1d5f6a; } .s1 { stroke: #a3302b; fill: #a3302b; }
  .s2 { stroke: #8a5a00; fill: #8a5a00; } .s3 { stroke: #5b4a9c; fill: #5b4a9c; }
  .s4 { stroke: #2f6b3c; fill: #2f6b3c; }
  .line { fill: none !important; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #1c2024; } text { fill: #e4e6e5; } .quiet { fill: #9ba5ab; } .rule { stroke: #2d3338; }
    .s0 { stroke: #7cc1c9; fill: #7cc1c9; } .s1 { stroke: #f0928c; fill: #f0928c; }
    .s2 { stroke: #e2b55c; fill: #e2b55c; } .s3 { stroke: #b3a6ee; fill: #b3a6ee; }
    .s4 { stroke: #8fcb9b; fill: #8fcb9b; }
  }
"""


@dataclass(frozen=True, slots=True)
class Axis:
    """A side of a plot. marks: where it has a mark, in order, the ends among them. logarithmic: its scale."""

    title: str
    marks: Sequence[float]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return how far along the side a value lies: 0 at the first mark, 1 at the last."""
        low, high, at = (self._scaled(one) for one in (self.marks[0], self.marks[-1], value))
        return (at - low) / (high - low)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value


def draw(curves: Mapping[str, Curves], folder: Path) -> list[Path]:
    """Write latency.svg and recall.svg into a folder, each if there is something on it; return which."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, plot in (("latency", latency), ("recall", recall)):
        if curves.get(name):
            made.append(folder / f"{name}.svg")
            made[-1].write_text(plot(curves[name]), encoding="utf-8")
    return made


def latency(curves: Curves) -> str:
    """Return the plot of microseconds a search against numbers of entries, both scales logarithmic."""
    sizes = sorted({x for points in curves.values() for x, _ in points})
    times = [y for points in curves.values() for _, y in points]
    x = Axis("entries on the list", _powers(sizes[0], sizes[-1]), logarithmic=True)
    y = Axis("microseconds a search", _powers(min(times), max(times)), logarithmic=True)
    return _plot("How long a search within 31 bits takes, by the size of the list", curves, x, y)


def recall(curves: Curves) -> str:
    """Return the plot of the share that is found, in per cent, against the distance in bits."""
    x = Axis("bits that differ", (0, 4, 8, 12, 16, 20, 24, 28, 31))
    y = Axis("found, %", (0, 20, 40, 60, 80, 100))
    return _plot("What share of copies is found, by how many bits they differ", curves, x, y)


def _powers(low: float, high: float) -> list[float]:
    """Return the powers of ten around a range: at least two."""
    first = math.floor(math.log10(low))
    last = max(first + 1, math.ceil(math.log10(high)))
    return [10.0**power for power in range(first, last + 1)]


def _plot(title: str, curves: Curves, x: Axis, y: Axis) -> str:
    def across(value: float) -> float:
        return _LEFT + x.share(value) * (WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return HEIGHT - _BOTTOM - y.share(value) * (HEIGHT - _TOP - _BOTTOM)

    body = [f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="8"/>']
    body.append(f'<text x="{_LEFT}" y="26" font-weight="600">{escape(title)}</text>')
    body += _axes(x, y, across, down)
    names = sorted(curves, key=lambda name: name != _FIRST)
    for number, name in reversed(list(enumerate(names))):  # ours is not hidden below the others
        body += _curve(number % _SERIES, name, sorted(curves[name]), across, down)
    body += _legend(names)
    inside = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n{inside}\n</svg>\n'
    )


Place = Callable[[float], float]


def _axes(x: Axis, y: Axis, across: Place, down: Place) -> Iterator[str]:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    for mark in y.marks:
        at = f"{down(mark):.1f}"
        yield f'<line class="rule" x1="{_LEFT}" x2="{right}" y1="{at}" y2="{at}"/>'
        yield f'<text class="quiet" x="{_LEFT - 8}" y="{at}" dy="4" text-anchor="end">{_spoken(mark)}</text>'
    for mark in x.marks:
        at = f"{across(mark):.1f}"
        yield f'<line class="rule" x1="{at}" x2="{at}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text class="quiet" x="{at}" y="{bottom + 18}" text-anchor="middle">{_spoken(mark)}</text>'
    middle = (_LEFT + right) / 2
    yield f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{escape(x.title)}</text>'
    halfway = (_TOP + bottom) / 2
    yield (
        f'<text transform="translate(18 {halfway}) rotate(-90)" text-anchor="middle">{escape(y.title)}</text>'
    )


def _curve(number: int, name: str, points: Points, across: Place, down: Place) -> Iterator[str]:
    places = [(across(x), down(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline class="line s{number}" points="{path}"/>'
    for (x, y), (at, value) in zip(places, points, strict=True):
        said = escape(f"{name}: {value:.4g} at {_spoken(at)}")
        yield f'<g class="s{number}">{_marker(number, x, y)}<title>{said}</title></g>'


def _marker(number: int, x: float, y: float) -> str:
    """Return a disc, square, triangle, diamond or ring: lines differ in more than colour."""
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>',
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z"/>',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none"/>',
    )
    return shapes[number]


def _legend(names: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(names):
        row, column = divmod(number, 3)
        x, y = _LEFT + column * _LEGEND_COLUMN, HEIGHT - 34 + row * 18
        yield f'<g class="s{number % _SERIES}">{_marker(number % _SERIES, x, y - 4)}</g>'
        yield f'<text x="{x + 12}" y="{y}">{escape(name)}</text>'


def _spoken(value: float) -> str:
    """Return a number as a mark says it: 10 M for ten million."""
    for size, letter in ((1_000_000, " M"), (1000, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
