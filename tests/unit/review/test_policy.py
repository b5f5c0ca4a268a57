"""The policy text: whole, versioned by its words, and refused where it cannot be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import BadForm
from safehold.model.hash_list import Purpose
from safehold.review.policy import LARGEST, default, parse
from safehold.web.console.questions import conduct_questions, imagery_questions, page_questions


def test_the_text_that_comes_with_safehold_explains_every_question() -> None:
    asked = [
        *imagery_questions(Purpose.CSAM, us=True),
        *page_questions(Purpose.CSAM),
        *conduct_questions(Purpose.CSAM),
    ]
    assert {question.name for question in asked} | {"count", "relied_on"} <= set(default().questions)
    assert default().about


@given(st.text(max_size=40), st.text(max_size=40))
def test_two_texts_have_one_version_exactly_when_their_words_are_the_same(one: str, other: str) -> None:
    def text(words: str) -> str:
        return "about = " + '"x' + "".join(f"\\U{ord(char):08x}" for char in words if char.isalnum()) + '"'

    same = parse(text(one)).version == parse(text(other)).version
    assert same == (text(one) == text(other))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("about = ", "not TOML"),
        ('title = "x"', "nothing else"),
        ("about = 3", "nothing else"),
        ('[questions]\ncolour = "x"', "colour"),
        ("[questions]\nsex = 3", "is a text"),
        ("", "says nothing"),
        ('about = "  "', "says nothing"),
        ('about = "' + "x" * LARGEST + '"', "more than"),
    ],
)
def test_what_cannot_be_a_policy_text_is_refused_and_says_why(source: str, why: str) -> None:
    with pytest.raises(BadForm, match=why):
        parse(source)
