"""The questions of the console's forms, and how an answer sheet becomes a form."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model import assessment
from safehold.model.answers import to_answers
from safehold.model.assessment import Category, ConductForm, Finding, ImageryForm
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.review.asked import applies
from safehold.web.console.questions import (
    conduct_questions,
    imagery_questions,
    page_questions,
    read_conduct,
    read_imagery,
)

ELSEWHERE_ON_THE_PAGE = {"r", "shift+r", "p", "j", "k", "h", "g", ".", "?", "=", "enter"}
"""Keys of the case page that are not answers; g and . begin chords."""
purposes = st.sampled_from(Purpose)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(
    "questions",
    [imagery_questions, partial(imagery_questions, us=True), page_questions, conduct_questions],
)
def test_every_answer_has_a_key_of_its_own_and_none_begins_another(questions, purpose: Purpose) -> None:
    keys = [
        key
        for question in questions(purpose)
        for key in ([question.key] if question.key else [choice.key for choice in question.choices])
    ]
    assert all(keys)
    assert len(keys) == len(set(keys))
    assert ELSEWHERE_ON_THE_PAGE.isdisjoint(keys)
    begun = {key.split()[0] for key in keys if " " in key}
    assert begun.isdisjoint(keys)
    assert begun.isdisjoint(ELSEWHERE_ON_THE_PAGE)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("age_band", assessment.AgeBand),
        ("sex", assessment.Sex),
        ("self_generated", assessment.SelfGenerated),
        ("setting", assessment.Setting),
        ("made_by", assessment.MadeBy),
        ("circumstances", assessment.Circumstances),
        ("company", assessment.Company),
        ("commercial", assessment.Answer),
        ("livestream", assessment.Answer),
        ("new_to_us", assessment.Answer),
        ("development", assessment.Development),
        ("severity_tier", assessment.SeverityTier),
        ("site_type", assessment.SiteType),
    ],
)
def test_every_answer_of_the_imagery_form_can_be_given(name: str, words) -> None:
    asked = {each.name: each for each in page_questions(Purpose.CSAM)}
    asked |= {each.name: each for each in imagery_questions(Purpose.CSAM, us=True)}
    question = asked[name]
    assert {choice.value for choice in question.choices} == {word.value for word in words}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kind", assessment.ConductKind),
        ("age_band", assessment.AgeBand),
        ("age_known_by", assessment.HowKnown),
        ("by_grown", assessment.Grown),
        ("by_grown_known_by", assessment.HowKnown),
        ("still_going_on", assessment.Answer),
        ("child_at_risk_now", assessment.Answer),
    ],
)
def test_every_answer_of_the_conduct_form_can_be_given(name: str, words) -> None:
    [question] = [each for each in conduct_questions(Purpose.CSAM) if each.name == name]
    assert {choice.value for choice in question.choices} == {word.value for word in words}


@given(purpose=purposes, us=st.booleans(), page=st.booleans(), data=st.data())
def test_whatever_is_chosen_makes_a_form_that_fits_and_says_nothing_that_was_not_asked(
    purpose: Purpose, us: bool, page: bool, data: st.DataObject
) -> None:
    questions = page_questions(purpose) if page else imagery_questions(purpose, us=us)
    sent = {
        question.name: data.draw(st.sampled_from([choice.value for choice in question.choices]))
        for question in questions
        if question.name == "finding" or data.draw(st.booleans())
    }
    form = read_imagery(sent, purpose, us=us, page=page)
    assert isinstance(form, ImageryForm)
    answers = to_answers(form)
    assert form.finding.value == sent["finding"].partition(":")[0]
    for question in questions[1:]:
        said = sent.get(question.name, "unknown") if applies(question.name, answers) else "unknown"
        assert (answers[question.name] or "unknown") == said
    asked_of_it = {question.name for question in questions}
    for name in ("development", "severity_tier", "site_type"):
        assert name in asked_of_it or answers[name] is None


def test_one_key_and_a_finding_that_confirms_nothing_is_all_that_the_usual_case_takes() -> None:
    form = read_imagery({"finding": "not_illegal", "age_band": "0-2", "site_type": "blog"}, Purpose.CSAM)
    assert form == ImageryForm(finding=Finding.NOT_ILLEGAL)
    asked = [
        each.name for each in imagery_questions(Purpose.CSAM, us=True) if applies(each.name, {"finding": "x"})
    ]
    assert asked == ["finding"]


def test_how_a_self_generated_picture_came_about_is_asked_of_nothing_else() -> None:
    sent = {"finding": "illegal:B", "circumstances": "coerced", "company": "alone"}
    for said, expected in (("yes", "coerced"), ("no", "unknown"), ("unknown", "unknown")):
        form = read_imagery({**sent, "self_generated": said}, Purpose.CSAM)
        assert form.circumstances.value == expected
    drawn = read_imagery({**sent, "finding": "illegal:prohibited", "self_generated": "yes"}, Purpose.CSAM)
    assert (drawn.self_generated.value, drawn.circumstances.value) == ("unknown", "unknown")


@given(st.dictionaries(st.sampled_from(["finding", "sex", "count", "form", "other"]), st.text(max_size=8)))
def test_whatever_is_sent_makes_a_form_or_is_refused_by_field(sent: dict[str, str]) -> None:
    said = ""
    try:
        read_imagery(sent, Purpose.CSAM)
    except BadForm as error:
        said = error.what
    assert not any(value in said for value in sent.values() if len(value) > 4)


def test_a_category_comes_with_its_finding() -> None:
    form = read_imagery({"finding": "illegal:C"}, Purpose.CSAM)
    assert (form.finding, form.category) == (Finding.ILLEGAL, Category.C)
    assert read_imagery({"finding": "not_illegal"}, Purpose.CSAM).category is None


def test_without_a_finding_nothing_is_filed() -> None:
    with pytest.raises(BadForm, match="finding: choose one"):
        read_imagery({"sex": "girls"}, Purpose.CSAM)


def test_against_terms_is_offered_only_where_it_belongs() -> None:
    offered = {
        purpose: "against_terms" in {choice.value for choice in imagery_questions(purpose)[0].choices}
        for purpose in Purpose
    }
    assert {purpose for purpose, is_offered in offered.items() if is_offered} == {
        Purpose.INTIMATE_IMAGES,
        Purpose.OWN_TERMS,
    }


@pytest.mark.parametrize("count", ["0", "-1", "two", "1.5"])
def test_a_count_that_is_none_is_refused(count: str) -> None:
    with pytest.raises(BadForm):
        read_imagery({"finding": "illegal:A", "count": count}, Purpose.CSAM)


def test_messages_relied_on_are_separated_by_spaces_commas_or_lines() -> None:
    form = read_conduct({"finding": "illegal", "relied_on": "m1, m2\nm3"}, Purpose.CSAM)
    assert isinstance(form, ConductForm)
    assert form.relied_on == ("m1", "m2", "m3")
