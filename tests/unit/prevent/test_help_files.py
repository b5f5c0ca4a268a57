"""Files of words that help: what comes along is whole, no number is made up, what is wrong is refused."""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib import resources

import pytest

from safehold.model.child_account import AccountAge, Moment
from safehold.model.errors import BadForm
from safehold.model.help_text import CardAge, HelpKind, Tier, tier_of
from safehold.prevent import help_files

EN = resources.files("safehold.prevent").joinpath("drafts", "en.toml").read_text("utf-8")
SHIPPED = help_files.shipped()
NUMBERS = {"999", "0800 1111"}
"""All that is written down anywhere we could read; no other is shipped."""


@pytest.mark.parametrize("language", help_files.SHIPPED)
def test_each_language_has_every_moment_for_both_tiers_and_a_card_for_each_age(language: str) -> None:
    of = {(each.kind, each.name, each.audience) for each in SHIPPED if each.language == language}
    assert {(HelpKind.MESSAGE, moment.value, tier.value) for moment in Moment for tier in Tier} <= of
    assert {(HelpKind.CARD, "talk_and_set_up", age.value) for age in CardAge} <= of
    assert (HelpKind.SEARCH_WARNING, "warning", "everybody") in of


def test_no_number_is_shipped_that_is_not_known() -> None:
    assert {each.words.number for each in SHIPPED if each.words.number} == NUMBERS
    for each in SHIPPED:
        said = " ".join([each.words.title, *each.words.says])
        assert re.findall(r"\d{3,}", said) == [], each.name


def test_no_address_is_shipped() -> None:
    for each in SHIPPED:
        said = " ".join([each.words.title, *each.words.says, each.source])
        assert not re.search(r"https?:|www\.|@|\w\.(org|com|net|uk|de)\b", said)


def test_every_message_can_be_left_and_stopped() -> None:
    for each in SHIPPED:
        if each.kind is HelpKind.MESSAGE:
            assert {"leave", "stop"} <= {option.id for option in each.words.options}


def test_both_languages_say_the_same_things_to_the_same_people() -> None:
    places = [
        {
            (each.kind, each.name, each.audience, each.jurisdiction, len(each.words.says))
            for each in SHIPPED
            if each.language == language
        }
        for language in help_files.SHIPPED
    ]
    assert places[0] == places[1]


def test_an_unknown_age_is_spoken_to_as_the_youngest() -> None:
    assert tier_of(AccountAge.UNKNOWN) is Tier.YOUNGER
    assert tier_of(AccountAge.FROM_14_TO_15) is Tier.OLDER


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("language =", "not TOML"),
        (EN.replace('language = "en"', 'language = "English"'), "wrong at: language"),
        (EN.replace('number = "999"', 'number = "nine"'), "help_line.0.number"),
        (EN.replace('name = "pressure"', 'name = "other"'), "message.5.name"),
        (EN.replace('"leave", "stop"]', '"leave"]', 1), "cannot be stopped"),
        (EN.replace('leave = "Leave this page"', ""), "no words in"),
        (EN.replace('audience = "7-10"', 'audience = "3-6"'), "same kind"),
        (EN.replace("checked_on = 2026-11-21", ""), "checked_on"),
        (EN + '\n[[card]]\nname = "a"\nurl = "b"\n', "card.4"),
        ("#" * 500_001, "more than"),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(source: str, said: str) -> None:
    with pytest.raises(BadForm, match=said):
        help_files.parse(source)


def test_what_was_checked_in_the_future_is_not_fresh() -> None:
    assert max(each.checked_on for each in SHIPPED) <= date(2026, 11, 21) + timedelta(days=1)
