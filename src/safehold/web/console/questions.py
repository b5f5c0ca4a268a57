"""Which questions a form has, and how an answer sheet becomes a form.

Nothing is preselected. A question that applies and stays open is filed as unknown; the finding cannot stay
open. What was said to a question that does not apply is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safehold.model.answers import from_answers
from safehold.model.assessment import ConductForm, ImageryForm
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.review.asked import applies
from safehold.web.console import asking
from safehold.web.console.asking import Choice, Question
from safehold.web.language import N_

CATEGORISED = frozenset({Purpose.CSAM, Purpose.TEST})
"""Purposes in which an illegal finding names a category."""

_OF_MEDIA = (
    asking.AGE_BAND,
    asking.SEX,
    asking.MADE_BY,
    asking.SELF_GENERATED,
    asking.CIRCUMSTANCES,
    asking.COMPANY,
    asking.SETTING,
    asking.COMMERCIAL,
    asking.LIVESTREAM,
    asking.NEW_TO_US,
)
_OF_A_PAGE = (
    asking.SITE_TYPE,
    Question("age_band", "Age band", "of the youngest on the page", asking.AGE_BAND.choices),
    asking.SEX,
    asking.MADE_BY,
    asking.SELF_GENERATED,
    asking.CIRCUMSTANCES,
    asking.COMPANY,
    asking.COMMERCIAL,
    asking.NEW_TO_US,
)
_FOR_THE_US = (asking.DEVELOPMENT, asking.SEVERITY_TIER)


def imagery_questions(purpose: Purpose, *, us: bool = False) -> tuple[Question, ...]:
    """Return the questions about media in a case of this purpose. us: a US destination wants to know more."""
    more = _FOR_THE_US if us and purpose in CATEGORISED else ()
    return (_imagery_finding(purpose, N_("the most severe shown; needed")), *_OF_MEDIA, *more)


def page_questions(purpose: Purpose) -> tuple[Question, ...]:
    """Return the questions about a whole page: asked once for all that it shows."""
    return (_imagery_finding(purpose, N_("the most severe on the page; needed")), *_OF_A_PAGE)


def conduct_questions(purpose: Purpose) -> tuple[Question, ...]:
    """Return the questions about a conversation in a case of this purpose."""
    return (_finding(purpose, N_("needed")), *asking.CONDUCT)


def read_imagery(
    sent: Mapping[str, str], purpose: Purpose, *, us: bool = False, page: bool = False
) -> ImageryForm:
    """Return the form that an answer sheet makes, of media or of a page.

    us: development and severity tier were asked for. Raises BadForm, naming what is missing or wrong.
    """
    answers = _answers(sent, page_questions(purpose) if page else imagery_questions(purpose, us=us))
    finding, _, category = answers["finding"].partition(":")
    answers |= {"finding": finding, **({"category": category} if category else {})}
    if sent.get("count", "").strip() and not page and applies("count", answers):
        answers["count"] = _count(sent["count"])
    if us and purpose in CATEGORISED and not page:
        answers = {"development": "unknown", "severity_tier": "unknown"} | answers
    if page:
        answers = {"site_type": "unknown"} | answers
    form = from_answers("imagery", _what_applies(answers))
    assert isinstance(form, ImageryForm)
    form.check(purpose)
    return form


def read_conduct(sent: Mapping[str, str], purpose: Purpose) -> ConductForm:
    """Return the form that an answer sheet makes. Raises BadForm, naming what is missing or wrong."""
    answers = _answers(sent, conduct_questions(purpose))
    answers |= {name: sent[name].strip() for name in ("by", "towards") if sent.get(name, "").strip()}
    answers["relied_on"] = sent.get("relied_on", "").replace(",", " ").split()
    form = from_answers("conduct", _what_applies(answers))
    assert isinstance(form, ConductForm)
    form.check(purpose)
    return form


def _what_applies(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in answers.items() if applies(name, answers)}


def _imagery_finding(purpose: Purpose, hint: str) -> Question:
    if purpose not in CATEGORISED:
        return _finding(purpose, hint)
    return Question("finding", "Finding", hint, asking.ILLEGAL_BY_CATEGORY + asking.CLOSING)


def _finding(purpose: Purpose, hint: str) -> Question:
    confirming: list[Choice] = [asking.ILLEGAL]
    if purpose in (Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS):
        confirming.append(asking.AGAINST_TERMS)
    return Question("finding", "Finding", hint, (*confirming, *asking.CLOSING))


def _answers(sent: Mapping[str, str], questions: tuple[Question, ...]) -> dict[str, Any]:
    """Keep what was answered and is an answer of its question; the rest stays open."""
    answers: dict[str, Any] = {}
    for question in questions:
        value = sent.get(question.name, "")
        if not value:
            continue
        if value not in {choice.value for choice in question.choices}:
            raise BadForm(f"{question.name}: no such answer.", field=question.name)
        answers[question.name] = value
    if "finding" not in answers:
        raise BadForm("finding: choose one; everything else may stay open.", field="finding")
    return answers


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadForm("count: a whole number, or nothing when you cannot tell.", field="count") from None
