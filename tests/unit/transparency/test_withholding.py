"""What is kept back cannot be reckoned from what is printed."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from safehold.transparency.counting import Fact, Year, count
from safehold.transparency.measures import Catalogue, Measure
from safehold.transparency.tables import ALL, Known, Place, Table, Withheld
from safehold.transparency.units import Entries, Pages
from safehold.transparency.withholding import SMALLEST, withhold

AGES, SEXES = ("0-2", "3-6", "7-10", "11-13"), ("girls", "boys", "both")
TOP = Measure(id="all", unit=Pages, title="All", means="All.")
BY_AGE = Measure(id="age", unit=Pages, title="Age", means="Age.", by=("age_band",))
BY_BOTH = Measure(id="both", unit=Pages, title="Both", means="Both.", by=("age_band", "sex"))
YOUNG = Measure(id="young", unit=Pages, title="Young", means="Young.", where={"age_band": ("0-2", "3-6")})
GIRLS = Measure(
    id="girls", unit=Pages, title="Girls", means="Girls.", where={"sex": ("girls",)}, by=("age_band",)
)
CATALOGUE = Catalogue((TOP, BY_AGE, BY_BOTH, YOUNG, GIRLS))

cells = st.lists(st.integers(0, 12), min_size=12, max_size=12)


def printed(numbers: list[int]) -> dict[str, Table]:
    places = list(product(AGES, SEXES))
    facts = [
        Fact(Pages, many, {"actioned": "yes", "age_band": age, "sex": sex})
        for many, (age, sex) in zip(numbers, places, strict=True)
    ]
    return withhold(count(CATALOGUE, Year(number=2024, facts=facts)))


def equations(tables: dict[str, Table]) -> tuple[np.ndarray, list[int]]:
    """Return what a reader knows: for each printed cell, which of the twelve numbers it is the sum of."""
    places = list(product(AGES, SEXES))
    rows, sums = [], []
    for table in tables.values():
        for place, cell in table.cells.items():
            if isinstance(cell, Known):
                rows.append([float(counts(table.measure, place, age, sex)) for age, sex in places])
                sums.append(cell.amount.number)
    return np.array(rows).reshape(-1, len(places)), sums


def counts(measure: Measure, place: Place, age: str, sex: str) -> bool:
    said = {"age_band": age, "sex": sex, "actioned": "yes"}
    fixed = {name: (value,) for name, value in zip(measure.by, place, strict=True) if value != ALL}
    return all(said[name] in values for name, values in {**measure.conditions, **fixed}.items())


@settings(max_examples=60)
@given(cells)
def test_nothing_that_is_kept_back_follows_from_what_is_printed(numbers: list[int]) -> None:
    tables = printed(numbers)
    known, _ = equations(tables)
    for column, place in enumerate(product(AGES, SEXES)):
        if isinstance(tables["both"][place], Withheld):
            wanted = np.zeros(len(numbers))
            wanted[column] = 1.0
            nearest = np.linalg.lstsq(known.T, wanted, rcond=None)[0] if known.size else np.zeros(0)
            follows = known.size and np.allclose(known.T @ nearest, wanted, atol=1e-6)
            assert not follows, f"{numbers}: the number at {column} can be reckoned"


@settings(max_examples=60)
@given(cells)
def test_the_same_figure_is_kept_back_in_every_table_or_in_none(numbers: list[int]) -> None:
    tables = printed(numbers)
    for age in AGES:
        assert tables["age"][age] == tables["both"][age, ALL]
        assert tables["girls"][age] == tables["both"][age, "girls"]
    assert tables["all"].total == tables["age"].total == tables["both"].total


@given(cells)
def test_nothing_that_is_printed_is_small_and_zero_stays_zero(numbers: list[int]) -> None:
    for table in printed(numbers).values():
        for cell in table.cells.values():
            assert isinstance(cell, Withheld) or cell.amount.number == 0 or cell.amount.number >= SMALLEST  # type: ignore[union-attr]


@given(st.lists(st.integers(SMALLEST, 10**6), min_size=12, max_size=12))
def test_nothing_is_kept_back_where_nothing_is_small(numbers: list[int]) -> None:
    for table in printed(numbers).values():
        assert not any(isinstance(cell, Withheld) for cell in table.cells.values())


def test_a_line_never_keeps_back_so_little_that_its_parts_are_clear() -> None:
    tables = printed([1, 0, 0, 1, 0, 0, 9, 0, 0, 50, 0, 0])
    assert [tables["age"][age].words for age in AGES] == ["withheld", "withheld", "withheld", "50"]
    assert tables["age"][ALL].words == "61"


def test_what_tells_of_nobody_is_printed_however_small() -> None:
    lists = Measure(id="l", unit=Entries, title="L", means="L.", about_children=False)
    year = Year(number=2024, facts=[Fact(Entries, 2, {"actioned": "yes"})])
    assert withhold(count(Catalogue((lists,)), year))["l"].total.words == "2"
