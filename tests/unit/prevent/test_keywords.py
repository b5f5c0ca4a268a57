"""Words that somebody may search for: found however they are written, not inside others, never read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.errors import BadForm
from safehold.prevent import keywords

SECRET = bytes(range(32))
LISTED = keywords.seal("rivers", keywords.read("mill pond\nriverbank # a comment\n\n"), secret=SECRET)


def known() -> keywords.Keywords:
    opened = keywords.unseal("rivers", LISTED.sealed, secret=SECRET)
    assert opened is not None
    return opened


@pytest.mark.parametrize(
    "query",
    [
        "mill pond",
        "MILLPOND",
        "  a mill-pond at dusk ",
        "m i l l p o n d",
        "m.i.l.l p_o_n_d",
        "mi11 p0nd",
        "m\u00efll p\u00f6nd",
        "mil\u200bl\u00adpond",
        "\uff4d\uff49\uff4c\uff4c pond",
        "m\u0456ll p\u043end",
        "m\u03b9ll p\u03bfnd",
        "river bank",
        "R1VERB@NK",
    ],
)
def test_a_word_is_found_however_it_is_written(query: str) -> None:
    assert known().holds(query)


@pytest.mark.parametrize(
    "query", ["", "pond", "mill", "mill race", "millponds", "xmillpond", "pond mill", "🏞" * 50]
)
def test_what_is_not_the_word_is_not_found(query: str) -> None:
    assert not known().holds(query)


@given(
    before=st.text(max_size=20), after=st.text(max_size=20), word=st.sampled_from(["mill pond", "riverbank"])
)
def test_a_word_of_the_list_is_found_whatever_stands_around_it(before: str, after: str, word: str) -> None:
    assert known().holds(f"{before} {word} {after}")


@given(st.text(max_size=1000))
def test_any_text_gets_an_answer(query: str) -> None:
    assert known().holds(query) in (True, False)


@given(st.text(max_size=60))
def test_the_one_form_is_final(text: str) -> None:
    once = keywords.in_one_form(text)
    assert keywords.in_one_form(" ".join(once)) == once


def test_no_word_is_in_what_is_stored_even_for_who_has_the_key() -> None:
    opened = repr(vars(type(known()))) + repr(known().__dict__)
    for word in ("mill", "pond", "river", "miii", "riverbank"):
        assert word.encode() not in LISTED.sealed
        assert word not in opened
    assert LISTED.words == 2


def test_another_secret_another_name_or_a_changed_byte_opens_nothing() -> None:
    changed = LISTED.sealed[:-1] + bytes([LISTED.sealed[-1] ^ 1])
    assert keywords.unseal("rivers", LISTED.sealed, secret=bytes(32)) is None
    assert keywords.unseal("other", LISTED.sealed, secret=SECRET) is None
    assert keywords.unseal("rivers", changed, secret=SECRET) is None
    assert keywords.unseal("rivers", b"", secret=SECRET) is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "no word"),
        ("# only\n", "no word"),
        ("a river\nab\n", "Line 2"),
        ("a" * 101, "Line 1"),
        ("!!!", "Line 1"),
    ],
)
def test_a_file_that_holds_none_is_refused_without_a_word_of_it(source: str, said: str) -> None:
    with pytest.raises(BadForm, match=said):
        keywords.read(source)
