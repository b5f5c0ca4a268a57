"""Claims about the private key as shares: enough of them recover it, fewer never, and mistakes are named."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic.wordlist import WORDLIST

from safehold.model.errors import BadForm
from safehold.vault import shares
from safehold.vault.sealing import OpeningKey
from safehold.vault.shares import PaperShare

KEY = OpeningKey.generate()
SHARES = shares.split(KEY, of=3, need=2)


@st.composite
def splittings(draw: st.DrawFn) -> tuple[int, int]:
    of = draw(st.integers(2, 6))
    return of, draw(st.integers(2, of))


@settings(max_examples=12)
@given(splittings())
def test_any_that_are_enough_recover_the_key_exactly_and_fewer_never_do(splitting: tuple[int, int]) -> None:
    of, need = splitting
    key = OpeningKey.generate()
    made = shares.split(key, of=of, need=need)
    for chosen in combinations(made, need):
        assert shares.combine(chosen).private.private_bytes_raw() == key.private.private_bytes_raw()
    for chosen in combinations(made, need - 1):
        with pytest.raises(BadForm, match=f"{need} different shares are needed"):
            shares.combine(chosen)
    assert shares.combine(made).fingerprint == key.fingerprint


def test_a_printed_share_is_read_back_also_from_its_words_alone() -> None:
    text = shares.printed(SHARES[0], number=1, of=3, need=2)
    assert shares.read(text, called="a share") == SHARES[0]
    typed = " ".join(SHARES[0].words).upper() + "\n"
    assert shares.read(typed, called="a share") == PaperShare(SHARES[0].words)
    assert KEY.fingerprint.hex() in text


@settings(max_examples=60)
@given(st.integers(0, 32), st.sampled_from(WORDLIST))
def test_one_wrong_word_is_named_by_its_place_and_not_quoted(place: int, other: str) -> None:
    words = list(SHARES[1].words)
    if words[place] == other:
        return
    words[place] = other
    with pytest.raises(BadForm) as raised:
        shares.read(" ".join(words), called="share-2")
    assert raised.value.what == f"share-2: word {place + 1} is not the one that was printed."


def test_words_of_no_list_and_a_wrong_number_of_them_are_named() -> None:
    words = [*SHARES[0].words]
    words[4] = "nosuchword"
    with pytest.raises(BadForm, match=r"share-1: no list has these words, by their number: 5\."):
        shares.read(" ".join(words), called="share-1")
    with pytest.raises(BadForm, match="share-1 has 32 words, a share has 33"):
        shares.read(" ".join(SHARES[0].words[:-1]), called="share-1")
    with pytest.raises(BadForm, match="several words"):
        shares.read(" ".join(reversed(SHARES[0].words)), called="share-1")


def test_shares_that_do_not_belong_together_are_told_apart() -> None:
    of_another = shares.split(OpeningKey.generate(), of=3, need=2)
    with pytest.raises(BadForm, match="different keys"):
        shares.combine([SHARES[0], of_another[1]])
    again = shares.split(KEY, of=3, need=2)
    with pytest.raises(BadForm, match="different splittings"):
        shares.combine([SHARES[0], again[1]])
    with pytest.raises(BadForm, match="given twice"):
        shares.combine([SHARES[0], SHARES[0]])


def test_a_share_that_names_another_key_than_it_recovers_is_refused() -> None:
    wrong = [PaperShare(share.words, bytes(8)) for share in SHARES]
    with pytest.raises(BadForm, match="not the key that they name"):
        shares.combine(wrong[:2])


@pytest.mark.parametrize(("of", "need"), [(1, 1), (3, 1), (2, 3), (17, 2), (0, 0)])
def test_a_splitting_that_protects_nothing_is_refused(of: int, need: int) -> None:
    with pytest.raises(BadForm):
        shares.split(KEY, of=of, need=need)


def test_a_share_does_not_show_its_words_where_it_is_printed_by_accident() -> None:
    assert SHARES[0].words[3] not in repr(SHARES[0])
