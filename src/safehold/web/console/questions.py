"""The questions of both forms, each answer with its key, and how an answer sheet becomes a form.

Nothing is preselected. A question that stays open is filed as unknown; the finding cannot stay open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safehold.model.assessment import ConductForm, ImageryForm
from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.review.answers import from_answers

POLICY_VERSION = "console-1"
"""The text beside the form: the legends and hints below. It changes whenever their meaning does."""

CATEGORISED = frozenset({Purpose.CSAM, Purpose.TEST})
"""Purposes in which an illegal finding names a category."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. key: what chooses it, such as "a" or "shift+h"."""

    value: str
    label: str
    key: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. hint: what exactly is asked, in a few words."""

    name: str
    legend: str
    hint: str
    choices: tuple[Choice, ...]


AGE_BAND = Question(
    "age_band",
    "Age band",
    "youngest shown",
    (
        Choice("0-2", "0–2", "1"),
        Choice("3-6", "3–6", "2"),
        Choice("7-10", "7–10", "3"),
        Choice("11-13", "11–13", "4"),
        Choice("14-15", "14–15", "5"),
        Choice("16-17", "16–17", "6"),
        Choice("unknown", "Cannot tell", "0"),
    ),
)

IMAGERY = (
    AGE_BAND,
    Question(
        "sex",
        "Sex",
        "of the children shown",
        (
            Choice("girls", "Girls", "f"),
            Choice("boys", "Boys", "m"),
            Choice("both", "Both", "v"),
            Choice("unknown", "Cannot tell", "q"),
        ),
    ),
    Question(
        "self_generated",
        "Self-generated",
        "made by the child; it never implies blame",
        (Choice("yes", "Yes", "y"), Choice("no", "No", "x"), Choice("unknown", "Cannot tell", "w")),
    ),
    Question(
        "setting",
        "Setting",
        "where it seems to have been made",
        (
            Choice("home", "Home", "shift+h"),
            Choice("school", "School", "shift+s"),
            Choice("outdoors", "Outdoors", "shift+o"),
            Choice("other", "Other", "shift+e"),
            Choice("unknown", "Cannot tell", "shift+u"),
        ),
    ),
    Question(
        "made_by",
        "Made by",
        "",
        (
            Choice("camera", "Camera", "shift+c"),
            Choice("ai_generated", "AI-generated", "shift+a"),
            Choice("drawn", "Drawn", "shift+d"),
            Choice("unknown", "Cannot tell", "shift+m"),
        ),
    ),
)

CONDUCT = (
    Question(
        "kind",
        "Kind",
        "",
        (
            Choice("grooming", "Grooming", "shift+g"),
            Choice("coercion", "Coercion", "shift+c"),
            Choice("trading", "Trading", "shift+t"),
            Choice("other", "Other", "shift+o"),
            Choice("unknown", "Cannot tell", "shift+u"),
        ),
    ),
    Question("age_band", "Age band", "of the youngest child", AGE_BAND.choices),
    Question(
        "age_known_by",
        "How the age is known",
        "",
        (
            Choice("stated", "Stated", "shift+s"),
            Choice("verified", "Verified", "shift+v"),
            Choice("inferred", "Inferred", "shift+i"),
            Choice("unknown", "Cannot tell", "shift+n"),
        ),
    ),
    Question(
        "still_going_on",
        "Still going on",
        "",
        (Choice("yes", "Yes", "y"), Choice("no", "No", "x"), Choice("unknown", "Cannot tell", "w")),
    ),
    Question(
        "child_at_risk_now",
        "A child is in danger now",
        "your judgement at this moment",
        (
            Choice("yes", "Yes", "shift+y"),
            Choice("no", "No", "shift+x"),
            Choice("unknown", "Cannot tell", "shift+w"),
        ),
    ),
)

_CLOSING = (
    Choice("not_illegal", "Not illegal", "n"),
    Choice("cannot_determine", "Cannot tell", "u"),
    Choice("out_of_remit", "Out of remit", "o"),
)


def imagery_questions(purpose: Purpose) -> tuple[Question, ...]:
    """Return the questions about media in a case of this purpose."""
    return (_imagery_finding(purpose), *IMAGERY)


def conduct_questions(purpose: Purpose) -> tuple[Question, ...]:
    """Return the questions about a conversation in a case of this purpose."""
    return (_finding(purpose), *CONDUCT)


def read_imagery(sent: Mapping[str, str], purpose: Purpose) -> ImageryForm:
    """Return the form that an answer sheet makes. Raises BadForm, naming what is missing or wrong."""
    answers = _answers(sent, imagery_questions(purpose))
    finding, _, category = answers["finding"].partition(":")
    answers |= {"finding": finding, **({"category": category} if category else {})}
    if sent.get("count", "").strip():
        answers["count"] = _count(sent["count"])
    form = from_answers("imagery", answers)
    assert isinstance(form, ImageryForm)
    form.check(purpose)
    return form


def read_conduct(sent: Mapping[str, str], purpose: Purpose) -> ConductForm:
    """Return the form that an answer sheet makes. Raises BadForm, naming what is missing or wrong."""
    answers = _answers(sent, conduct_questions(purpose))
    answers |= {name: sent[name].strip() for name in ("by", "towards") if sent.get(name, "").strip()}
    answers["relied_on"] = sent.get("relied_on", "").replace(",", " ").split()
    form = from_answers("conduct", answers)
    assert isinstance(form, ConductForm)
    form.check(purpose)
    return form


def _imagery_finding(purpose: Purpose) -> Question:
    if purpose not in CATEGORISED:
        return _finding(purpose)
    illegal = (
        Choice("illegal:A", "Category A", "a"),
        Choice("illegal:B", "Category B", "b"),
        Choice("illegal:C", "Category C", "c"),
        Choice("illegal:prohibited", "Prohibited", "d"),
    )
    return Question("finding", "Finding", "the most severe shown; needed", illegal + _CLOSING)


def _finding(purpose: Purpose) -> Question:
    confirming = [Choice("illegal", "Illegal", "i")]
    if purpose in (Purpose.INTIMATE_IMAGES, Purpose.OWN_TERMS):
        confirming.append(Choice("against_terms", "Against terms", "t"))
    return Question("finding", "Finding", "needed", (*confirming, *_CLOSING))


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
