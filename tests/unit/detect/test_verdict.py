"""The answer: only a list can hold, and what was found is never treated more lightly for being incomplete."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.verdict import judge
from safehold.model.hash_list import Purpose
from safehold.model.ids import EntryId, FlagId, ListId, MatchId, new_id
from safehold.model.match import Flag, Match
from safehold.model.scan import CheckReport, CheckState, ScanResult
from safehold.model.signal import PDQ
from safehold.model.surface import Advice, Surface

SURFACE = Surface(name="public_uploads")


def a_match(distance: int, *, may_hold: bool) -> Match:
    return Match(
        id=MatchId(new_id()),
        list_id=ListId(new_id()),
        list_name="northland",
        purpose=Purpose.CSAM,
        entry_id=EntryId(new_id()),
        signal_type=PDQ,
        distance=distance,
        may_hold=may_hold,
    )


flags = st.builds(
    lambda source, score: Flag(id=FlagId(new_id()), source=source, score=score, reason="looks_alike"),
    st.sampled_from(["classifier", "rule", "model"]),
    st.floats(0, 1),
)
matches = st.builds(a_match, st.integers(0, 64), may_hold=st.booleans())
weak_matches = st.builds(a_match, st.integers(0, 64), may_hold=st.just(False))
advices = st.dictionaries(
    st.sampled_from(["list_stale", "matcher_down", "*"]), st.sampled_from(list(Advice))
).map(lambda chosen: Surface(name="public_uploads", on_incomplete=chosen))


def reports(found: st.SearchStrategy[Match]) -> st.SearchStrategy[list[CheckReport]]:
    """Any reports: a state, what was found and flagged, and why it is not OK."""
    codes = st.lists(st.sampled_from(["list_stale:a", "matcher_down"]), max_size=2)
    report = st.builds(
        lambda state, found, flagged, why: CheckReport(
            name="any", state=state, matches=tuple(found), flags=tuple(flagged), codes=tuple(why)
        ),
        st.sampled_from(list(CheckState)),
        st.lists(found, max_size=3),
        st.lists(flags, max_size=3),
        codes,
    )
    return st.lists(report, max_size=4)


@given(reports(weak_matches), advices)
def test_flags_and_matches_that_may_not_hold_never_hold(given_: list[CheckReport], surface: Surface) -> None:
    assert judge(given_, surface).result is not ScanResult.HOLD


@given(reports(matches), st.lists(flags, min_size=1, max_size=5), advices)
def test_flags_never_change_the_advice(
    given_: list[CheckReport], raised: list[Flag], surface: Surface
) -> None:
    flagged = CheckReport(name="classifier", state=CheckState.OK, flags=tuple(raised))
    ran = CheckReport(name="classifier", state=CheckState.OK)
    without, with_flags = judge([*given_, ran], surface), judge([*given_, flagged], surface)
    assert with_flags.advice is without.advice
    assert with_flags.result in {without.result, ScanResult.REVIEW}
    assert (with_flags.result is ScanResult.HOLD) is (without.result is ScanResult.HOLD)


@given(reports(matches), advices)
def test_a_match_that_may_hold_holds_whatever_else_failed(
    given_: list[CheckReport], surface: Surface
) -> None:
    strong = CheckReport(name="exact", state=CheckState.STALE, matches=(a_match(0, may_hold=True),))
    verdict = judge([*given_, strong], surface)
    assert (verdict.result, verdict.advice) == (ScanResult.HOLD, Advice.HOLD)
    assert verdict.matches[0].may_hold


@given(reports(matches), advices)
def test_nothing_that_was_found_or_failed_is_lost(given_: list[CheckReport], surface: Surface) -> None:
    verdict = judge(given_, surface)
    assert {match.id for match in verdict.matches} == {match.id for one in given_ for match in one.matches}
    assert {flag.id for flag in verdict.flags} == {flag.id for one in given_ for flag in one.flags}
    assert {code for one in given_ for code in one.codes} <= set(verdict.degraded)
    assert len(set(verdict.degraded)) == len(verdict.degraded)


def test_a_weak_match_asks_for_review_and_leaves_the_upload_where_it_is() -> None:
    weak = CheckReport(name="perceptual", state=CheckState.OK, matches=(a_match(20, may_hold=False),))
    verdict = judge([weak], SURFACE)
    assert (verdict.result, verdict.advice, verdict.degraded) == (ScanResult.REVIEW, Advice.PUBLISH, ())


def test_a_weak_match_beside_a_check_that_did_not_run_is_held_where_the_surface_holds_the_incomplete() -> (
    None
):
    weak = CheckReport(name="exact", state=CheckState.OK, matches=(a_match(20, may_hold=False),))
    down = CheckReport(name="perceptual", state=CheckState.DOWN, codes=("matcher_down",))
    for wanted in Advice:
        surface = Surface(name="public_uploads", on_incomplete={"matcher_down": wanted})
        verdict = judge([weak, down], surface)
        assert (verdict.result, verdict.advice) == (ScanResult.REVIEW, wanted)
        assert verdict.degraded == ("matcher_down",)
