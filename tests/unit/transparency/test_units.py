"""What is counted differently is never added up: types refuse it, and so do amounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mypy import api

from safehold.model.figure_errors import MixedUnits
from safehold.transparency.units import UNITS, Amount, Media, Pages, Reports

units = st.sampled_from(UNITS)
numbers = st.integers(0, 10**9)


@given(numbers, numbers, units, units)
def test_amounts_add_up_exactly_where_they_count_the_same(
    one: int, two: int, left: type, right: type
) -> None:
    if left is right:
        assert (Amount(one, left) + Amount(two, right)).number == one + two
        assert (Amount(one, left) - Amount(two, right)).number == one - two
        return
    for wrong in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a.share_of(b)):
        with pytest.raises(MixedUnits, match="different things"):
            wrong(Amount(one, left), Amount(two, right))


def test_a_part_greater_than_its_whole_was_counted_otherwise() -> None:
    assert Amount(1, Pages).share_of(Amount(4, Pages)) == 0.25
    assert Amount(0, Pages).share_of(Amount(0, Pages)) is None
    with pytest.raises(MixedUnits, match="no part of"):
        Amount(5, Pages).share_of(Amount(4, Pages))


def test_the_type_checker_refuses_to_add_pages_to_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYPYPATH", str(Path(__file__).parents[3] / "src"))
    code = (
        "from safehold.transparency.units import Amount, Media, Pages\n"
        "def fits(a: Amount[Pages], b: Amount[Pages]) -> Amount[Pages]:\n    return a + b\n"
        "def mixed(a: Amount[Pages], b: Amount[Media]) -> object:\n    return a + b\n"
    )
    alone = ["--config-file=", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}"]
    said, _, _ = api.run([*alone, "-c", code])
    assert said.count("error:") == 1
    assert "<string>:5: error: Unsupported operand types" in said


def test_each_unit_has_a_name_of_its_own() -> None:
    assert len({unit.name for unit in UNITS}) == len({unit.many for unit in UNITS}) == len(UNITS)
    assert {Reports, Pages, Media} < set(UNITS)
