"""The rows of a sitting: what a page shows, each the same as the page, of its own finding, or left open."""

from __future__ import annotations

from uuid import UUID

import pytest

from safehold.model.assessment import (
    AgeBand,
    Category,
    Development,
    Finding,
    ImageryForm,
    SeverityTier,
    SiteType,
)
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.model.ids import ItemId
from safehold.web.console.sitting import read_rows

ONE, TWO = ItemId(UUID(int=1)), ItemId(UUID(int=2))
PAGE = ImageryForm(
    finding=Finding.ILLEGAL, category=Category.A, age_band=AgeBand.FROM_3_TO_6, site_type=SiteType.BLOG
)


def read(sent: dict[str, str], *, us: bool = False) -> dict[ItemId, ImageryForm]:
    return read_rows(sent, [ONE, TWO], PAGE, Purpose.CSAM, us=us)


def test_what_is_left_open_is_not_assessed() -> None:
    assert read({}) == {}
    assert read({"rest": ""}) == {}


def test_what_is_the_same_has_all_answers_but_the_site_type() -> None:
    same = ImageryForm(finding=Finding.ILLEGAL, category=Category.A, age_band=AgeBand.FROM_3_TO_6)
    assert read({"rest": "same"}) == {ONE: same, TWO: same}
    assert read({f"item-{TWO}": "same"}) == {TWO: same}


def test_a_row_of_its_own_goes_before_all_that_is_left_open() -> None:
    rows = read({"rest": "same", f"item-{ONE}": "illegal:C", f"age-{ONE}": "14-15"})
    assert rows[ONE] == ImageryForm(
        finding=Finding.ILLEGAL, category=Category.C, age_band=AgeBand.FROM_14_TO_15
    )
    assert rows[TWO].category is Category.A


def test_what_confirms_nothing_has_no_age() -> None:
    rows = read({f"item-{ONE}": "not_illegal", f"age-{ONE}": "14-15"})
    assert rows == {ONE: ImageryForm(finding=Finding.NOT_ILLEGAL)}


def test_what_only_the_us_ask_for_stays_unknown_in_a_row() -> None:
    rows = read({"rest": "same"}, us=True)
    assert {(row.development, row.severity_tier) for row in rows.values()} == {
        (Development.UNKNOWN, SeverityTier.UNKNOWN)
    }


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"rest": "anything"}, "rest"),
        ({f"item-{ONE}": "anything"}, f"item-{ONE}"),
        ({f"item-{ONE}": "against_terms"}, f"item-{ONE}"),
        ({f"item-{ONE}": "illegal:A", f"age-{ONE}": "old"}, f"item-{ONE}"),
        ({f"age-{ONE}": "3-6"}, f"item-{ONE}"),
    ],
)
def test_a_wrong_row_is_named(sent: dict[str, str], field: str) -> None:
    with pytest.raises(BadForm) as refused:
        read(sent)
    assert refused.value.field == field
