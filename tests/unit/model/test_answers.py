"""Forms survive the way to JSON and back, and nothing else becomes a form."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.answers import FORMS, Form, form_name, from_answers, to_answers
from safehold.model.assessment import Category, ConductForm, Finding, ImageryForm
from safehold.model.errors import BadForm

ANY_FORM = st.one_of(st.builds(ImageryForm), st.builds(ConductForm))


@given(form=ANY_FORM)
def test_a_form_comes_back_from_json_as_it_was(form: Form) -> None:
    stored = json.loads(json.dumps(to_answers(form)))
    assert from_answers(form_name(form), stored) == form


def test_every_field_of_both_forms_is_stored() -> None:
    for name, form in FORMS.items():
        stored = to_answers(form(finding=Finding.NOT_ILLEGAL))
        assert set(stored) == {field.name for field in fields(form)}, name


def test_an_answer_that_was_left_out_says_no_more_than_unknown() -> None:
    form = from_answers("imagery", {"finding": "not_illegal"})
    assert form == ImageryForm(finding=Finding.NOT_ILLEGAL)


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        ("imagery", {}, "finding"),
        ("imagery", {"finding": "guilty"}, "finding"),
        ("imagery", {"finding": None}, "finding"),
        ("imagery", {"finding": "illegal", "category": "D"}, "category"),
        ("imagery", {"finding": "illegal", "count": "2"}, "count"),
        ("imagery", {"finding": "illegal", "count": True}, "count"),
        ("imagery", {"finding": "illegal", "count": 2.0}, "count"),
        ("imagery", {"finding": "illegal", "sex": ["girls"]}, "sex"),
        ("imagery", {"finding": "illegal", "kind": "other"}, "belong to no field"),
        ("conduct", {"finding": "illegal", "relied_on": "m1"}, "relied_on"),
        ("conduct", {"finding": "illegal", "relied_on": [1]}, "relied_on"),
        ("conduct", {"finding": "illegal", "relied_on": None}, "relied_on"),
        ("conduct", {"finding": "illegal", "category": "A"}, "belong to no field"),
        ("poem", {"finding": "illegal"}, "form"),
    ],
)
def test_what_is_not_an_answer_is_refused_by_the_name_of_its_field(
    name: str, answers: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadForm, match=said):
        from_answers(name, answers)


def test_a_refused_value_is_not_repeated_in_the_error() -> None:
    with pytest.raises(BadForm) as refused:
        from_answers("imagery", {"finding": "a private remark", "another remark": 1})
    assert "remark" not in str(refused.value)


@given(form=st.builds(ImageryForm, category=st.sampled_from(Category)))
def test_enums_are_stored_as_their_words(form: ImageryForm) -> None:
    assert to_answers(form)["category"] in {"A", "B", "C", "prohibited"}
    assert type(to_answers(form)["category"]) is str
