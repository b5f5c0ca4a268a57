"""What an assessment may say, by the purpose of its case."""

from __future__ import annotations

import pytest

from safehold.model.assessment import Category, ConductForm, Finding, ImageryForm
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose


def test_an_illegal_finding_in_a_csam_case_needs_a_category() -> None:
    with pytest.raises(BadForm, match="category"):
        ImageryForm(finding=Finding.ILLEGAL).check(Purpose.CSAM)

    ImageryForm(finding=Finding.ILLEGAL, category=Category.C).check(Purpose.CSAM)


@pytest.mark.parametrize("finding", [finding for finding in Finding if finding is not Finding.ILLEGAL])
def test_only_an_illegal_finding_has_a_category(finding: Finding) -> None:
    with pytest.raises(BadForm):
        ImageryForm(finding=finding, category=Category.A).check(Purpose.CSAM)


@pytest.mark.parametrize("purpose", [Purpose.CSAM, Purpose.TEST])
def test_against_terms_does_not_belong_to_csam(purpose: Purpose) -> None:
    for form in (
        ImageryForm(finding=Finding.AGAINST_TERMS),
        ConductForm(finding=Finding.AGAINST_TERMS, relied_on=("m1",)),
    ):
        with pytest.raises(BadForm, match="against_terms"):
            form.check(purpose)


@pytest.mark.parametrize("purpose", [Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS])
def test_against_terms_belongs_to_intimate_images_and_own_terms(purpose: Purpose) -> None:
    ImageryForm(finding=Finding.AGAINST_TERMS).check(purpose)


@pytest.mark.parametrize("count", [0, -1, 1001, 10**40])
def test_a_count_is_a_number_that_a_person_can_have_counted(count: int) -> None:
    with pytest.raises(BadForm, match="count"):
        ImageryForm(finding=Finding.NOT_ILLEGAL, count=count).check(Purpose.CSAM)


def test_confirming_conduct_names_the_messages_it_rests_on() -> None:
    with pytest.raises(BadForm, match="relied_on"):
        ConductForm(finding=Finding.ILLEGAL).check(Purpose.CSAM)

    ConductForm(finding=Finding.ILLEGAL, relied_on=("m1",)).check(Purpose.CSAM)
