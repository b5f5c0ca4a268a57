"""Claims about the value that tells how far a worker is walled in, and about what Landlock is asked for."""

import struct

import pytest

from safehold.vault.decoding import landlock
from safehold.vault.decoding.confinement import LAYERS, Confinement

WHOLE = Confinement(rlimits=True, no_new_privs=True, landlock=4, seccomp=True)


def test_it_is_whole_only_when_every_layer_holds() -> None:
    assert WHOLE.whole
    for layer in LAYERS:
        fields = {**WHOLE.fields(), layer: 0}
        assert Confinement.of_fields(fields).missing == (layer,)


def test_it_survives_the_way_as_plain_numbers() -> None:
    for level in (WHOLE, Confinement(), Confinement(landlock=7, rlimits=True)):
        assert Confinement.of_fields(level.fields()) == level


@pytest.mark.parametrize("strange", ["on", True, -1, 2, None, 1.0])
def test_what_is_strange_does_not_hold(strange: object) -> None:
    fields = {**WHOLE.fields(), "seccomp": strange}
    assert not Confinement.of_fields(fields).seccomp
    assert Confinement.of_fields({}) == Confinement()


def test_of_several_the_weakest_counts_and_of_none_nothing() -> None:
    lesser = Confinement(rlimits=True, no_new_privs=True, landlock=1, seccomp=False)
    assert Confinement.weakest([WHOLE, lesser]) == lesser
    assert Confinement.weakest([WHOLE]) == WHOLE
    assert Confinement.weakest([]) == Confinement()


def test_in_words_it_names_every_layer() -> None:
    assert WHOLE.in_words() == "rlimits on, no_new_privs on, landlock on (4), seccomp on"
    assert Confinement().in_words() == "rlimits off, no_new_privs off, landlock off, seccomp off"


@pytest.mark.parametrize(
    ("version", "rights", "words"), [(1, 13, 1), (2, 14, 1), (3, 15, 1), (4, 15, 2), (5, 16, 2), (6, 16, 3)]
)
def test_landlock_is_asked_for_all_that_its_version_knows_and_no_more(version, rights, words) -> None:
    described = landlock.ruleset(version)
    assert len(described) == 8 * words
    assert struct.unpack_from("Q", described)[0] == (1 << rights) - 1
    assert landlock.ruleset(99) == landlock.ruleset(7) == landlock.ruleset(6)
