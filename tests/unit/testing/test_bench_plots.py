"""The plots: well-formed, every point where its figures are, readable by whoever sees no colours."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from safehold.testing.bench import plots, searching

SVG = "{http://www.w3.org/2000/svg}"
CURVES = {
    "safehold": [(100_000, 20.0), (1_000_000, 40.0)],
    "a <peer>": [(100_000, 200.0), (1_000_000, 900.0)],
}


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)


@pytest.mark.parametrize("plot", [plots.latency, plots.recall])
def test_every_line_is_named_and_every_point_says_its_figure(plot: object) -> None:
    assert callable(plot)
    curves = CURVES if plot is plots.latency else {"safehold": [(0, 100.0), (31, 97.5)]}
    root = drawn(plot(curves))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    titles = [title.text for title in root.iter(f"{SVG}title")]
    for name, points in curves.items():
        assert name in texts
        assert sum(bool(title and title.startswith(f"{name}:")) for title in titles) == len(points)


def test_what_is_slower_is_drawn_higher_and_what_is_larger_farther_right() -> None:
    root = drawn(plots.latency(CURVES))
    theirs, ours = (
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in root.iter(f"{SVG}polyline")
    )
    assert ours[0][0] < ours[1][0]
    assert theirs[0][1] < ours[0][1]
    assert all(0 < x < plots.WIDTH and 0 < y < plots.HEIGHT for x, y in ours + theirs)


def test_lines_differ_in_their_markers_too() -> None:
    assert len({plots._marker(number, 0, 0) for number in range(5)}) == 5


def test_the_names_of_all_that_is_measured_fit_below_the_plot() -> None:
    names = (*searching.CONTENDERS, "fast reading of a copy")
    root = drawn(plots.recall({name: [(0, 100.0)] for name in names}))
    texts = {text.text: text for text in root.iter(f"{SVG}text")}
    for name in names:
        # A letter is some 7 units wide at most.
        assert float(texts[name].attrib["x"]) + 7 * len(name) <= plots.WIDTH
        assert float(texts[name].attrib["y"]) < plots.HEIGHT


def test_only_what_was_measured_is_drawn(tmp_path: Path) -> None:
    assert plots.draw({}, tmp_path) == []
    assert plots.draw({"latency": CURVES}, tmp_path) == [tmp_path / "latency.svg"]
