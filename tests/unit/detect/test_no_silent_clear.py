"""Never a silent clear: of every way in which checks can fare, exactly one is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.checks import EXACT, PERCEPTUAL, Circumstances
from safehold.detect.entry_indexes import EntryIndexes
from safehold.detect.known import LATE_AFTER, KnownLists, SignalTypes
from safehold.detect.media_scan import Compared, compare_media, compare_nothing, compare_signals
from safehold.detect.verdict import judge
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.scan import CheckReport, CheckState, ScanResult
from safehold.model.signal import MD5, PDQ, SHA256, Signal, SignalTypeName
from safehold.model.surface import Advice, Surface
from safehold.signals.digests import Md5, Sha1, Sha256, digest_bytes
from safehold.signals.index import Hit
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)
SURFACE = Surface(name="public_uploads")
PICTURE = digest_bytes(b"a harmless picture")
SEEN = Signal(PDQ, bytes(range(32)), quality=100)
CODES = {
    CheckState.OK: (),
    CheckState.STALE: ("list_stale:northland",),
    CheckState.EMPTY: ("list_empty:northland",),
    CheckState.DOWN: ("matcher_down",),
    CheckState.CANNOT_READ: ("decoder:truncated",),
}


def report(name: str, state: CheckState) -> CheckReport:
    return CheckReport(name=name, state=state, codes=CODES[state])


def rows() -> list[tuple[CheckReport, ...]]:
    """Every check in every state, each alone and both together."""
    alone = [(report(name, state),) for name, state in product((EXACT, PERCEPTUAL), CheckState)]
    pairs = product(CheckState, CheckState)
    return alone + [(report(EXACT, one), report(PERCEPTUAL, other)) for one, other in pairs]


def test_every_check_in_every_state_gives_exactly_one_row_that_is_clear() -> None:
    both = [row for row in rows() if len(row) == 2]
    clear = [row for row in both if judge(row, SURFACE).result is ScanResult.CLEAR]
    assert len(both) == 25
    assert [[one.state for one in row] for row in clear] == [[CheckState.OK, CheckState.OK]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: "+".join(one.state.value for one in row))
def test_what_did_not_run_is_named_and_the_upload_is_not_published(row: tuple[CheckReport, ...]) -> None:
    verdict = judge(row, SURFACE)
    missing = {code for one in row for code in one.codes}
    assert set(verdict.degraded) == missing
    assert (verdict.result is ScanResult.INCOMPLETE) is bool(missing)
    assert (verdict.advice is Advice.HOLD) is bool(missing)


def test_no_report_at_all_is_incomplete() -> None:
    verdict = judge([], SURFACE)
    assert (verdict.result, verdict.degraded) == (ScanResult.INCOMPLETE, ("no_check:input",))


@pytest.mark.parametrize("state", [state for state in CheckState if state is not CheckState.OK])
def test_a_check_that_does_not_say_why_it_did_not_run_is_incomplete_too(state: CheckState) -> None:
    verdict = judge([CheckReport(name=EXACT, state=state)], SURFACE)
    assert (verdict.result, verdict.degraded) == (ScanResult.INCOMPLETE, ("matcher_down",))


def a_list(
    name: str, holds: tuple[SignalTypeName, ...], *, stale: bool = False
) -> tuple[HashList, list[Entry]]:
    """A list whose entries match nothing that these tests compare."""
    one = HashList(
        id=ListId(new_id()),
        name=name,
        purpose=Purpose.CSAM,
        created_at=NOW - timedelta(days=2),
        stale_after_seconds=3600 if stale else None,
    )
    entries = [
        Entry(
            id=EntryId(new_id()), list_id=one.id, signal_type=kind, value=b"\xff" * KINDS[kind].digest_bytes
        )
        for kind in holds
    ]
    return one, entries


LISTS = {
    "none": (),
    "empty": (a_list("bare", ()),),
    "stale": (a_list("old", (SHA256, PDQ), stale=True),),
    "good": (a_list("northland", (SHA256, PDQ)),),
    "good and empty": (a_list("northland", (SHA256, PDQ)), a_list("bare", ())),
    "good and stale": (a_list("northland", (SHA256, PDQ)), a_list("old", (MD5,), stale=True)),
    "good, exact only": (a_list("northland", (SHA256,)),),
    "good, pdq only": (a_list("northland", (PDQ,)),),
}
DECODER: dict[str, Examined | None] = {
    "read": Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1, (SEEN,)),
    "read, no signals": Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1),
    "down": None,
    **{failure.value: Examined("application/pdf", failure=failure) for failure in DecodeFailure},
    **{
        f"{failure.value}, after a frame": Examined("video/mp4", signals=(SEEN,), failure=failure)
        for failure in DecodeFailure
    },
}


def known(state: str) -> KnownLists:
    lists = KnownLists(KINDS)
    for hash_list, entries in LISTS[state]:
        lists.load(hash_list, entries)
    return lists


def at(state: str, *, verified: bool = True) -> Circumstances:
    return Circumstances(known=known(state), surface=SURFACE, now=NOW, lists_verified=verified)


def test_of_all_circumstances_of_a_picture_only_read_with_good_lists_is_clear() -> None:
    clear = {
        (lists, decoder, verified)
        for lists, decoder, verified in product(LISTS, DECODER, [True, False])
        if compare_media(PICTURE, DECODER[decoder], at(lists, verified=verified)).verdict.result
        is ScanResult.CLEAR
    }
    assert clear == {
        ("good", "read", True),
        ("good, exact only", "read", True),
        ("good, pdq only", "read", True),
        # Nothing that looks at the picture is on a list, so nothing is missing.
        ("good, exact only", "read, no signals", True),
    }


def code_of(compared: Compared) -> tuple[str, ...]:
    return compared.verdict.degraded


def test_each_circumstance_has_its_code() -> None:
    read = DECODER["read"]
    assert code_of(compare_media(PICTURE, read, at("none"))) == ("no_check:media",)
    assert code_of(compare_media(PICTURE, read, at("empty"))) == ("list_empty:bare",)
    assert code_of(compare_media(PICTURE, read, at("stale"))) == ("list_stale:old",)
    assert code_of(compare_media(PICTURE, read, at("good", verified=False))) == ("matcher_down",)
    assert code_of(compare_media(PICTURE, None, at("good"))) == ("matcher_down",)
    for failure in DecodeFailure:
        found = compare_media(PICTURE, DECODER[failure.value], at("good"))
        assert code_of(found) == (f"decoder:{failure.value}",)
    unread = DECODER["truncated"]
    assert code_of(compare_media(PICTURE, unread, at("good, exact only"))) == ("decoder:truncated",)
    assert code_of(compare_media(PICTURE, unread, at("none"))) == ("no_check:media", "decoder:truncated")
    no_signals = DECODER["read, no signals"]
    assert code_of(compare_media(PICTURE, no_signals, at("good"))) == ("signal_missing:pdq",)


@pytest.mark.parametrize("kind", ["links", "text"])
def test_what_there_is_no_check_for_is_incomplete(kind: str) -> None:
    verdict = compare_nothing(kind, at("good")).verdict
    assert (verdict.result, verdict.degraded) == (ScanResult.INCOMPLETE, (f"no_check:{kind}",))


def test_signals_without_bytes_are_clear_only_when_every_type_that_a_list_holds_was_sent() -> None:
    sha256 = PICTURE[2]
    everything = compare_signals([sha256, SEEN], at("good")).verdict
    assert everything.result is ScanResult.CLEAR
    assert code_of(compare_signals([sha256], at("good"))) == ("signal_missing:pdq",)
    assert code_of(compare_signals([SEEN], at("good"))) == ("signal_missing:sha256",)
    assert code_of(compare_signals([SEEN], at("none"))) == ("no_check:signals",)
    assert compare_signals([SEEN], at("good, pdq only")).verdict.result is ScanResult.CLEAR


class Emptied(EntryIndexes):
    """Indexes whose entries are taken away, and the clock goes on, while a search begins."""

    seconds = 0.0

    def search_many(
        self, kind: SignalTypeName, values: Sequence[bytes], max_distance: int, beyond: int = 0
    ) -> list[list[Hit]]:
        self.start_over()
        self.seconds += 2 * LATE_AFTER
        return super().search_many(kind, values, max_distance, beyond)


def test_a_list_that_lost_its_entries_while_it_was_looked_at_is_not_clear() -> None:
    indexes = Emptied(KINDS)
    lists = KnownLists(KINDS, indexes, monotonic=lambda: indexes.seconds)
    one, entries = a_list("northland", (SHA256, PDQ))
    lists.load(one, entries)
    lists.declare([replace(one, last_seq=len(entries) + 1)])  # behind, though not late yet
    assert [each.late for each in lists.lists] == [False]
    here = Circumstances(known=lists, surface=SURFACE, now=NOW)
    assert code_of(compare_media(PICTURE, DECODER["read"], here)) == ("matcher_down",)


def test_an_entry_of_a_type_that_is_not_loaded_keeps_every_picture_from_being_clear() -> None:
    one, _ = a_list("northland", ())
    foreign = Entry(
        id=EntryId(new_id()), list_id=one.id, signal_type=SignalTypeName("someday"), value=b"\x00"
    )
    here = Circumstances(known=KnownLists.from_entries(KINDS, one, [foreign]), surface=SURFACE, now=NOW)
    assert code_of(compare_media(PICTURE, DECODER["read"], here)) == ("signal_missing:someday",)


def test_a_test_list_counts_on_a_rehearsal_surface_only() -> None:
    one = HashList(id=ListId(new_id()), name="rehearsal", purpose=Purpose.TEST, may_hold=True, created_at=NOW)
    entry = Entry(id=EntryId(new_id()), list_id=one.id, signal_type=PDQ, value=SEEN.value)
    lists = KnownLists.from_entries(KINDS, one, [entry])
    rehearsal = Surface(name="demo", rehearsal=True)
    for surface, result in ((SURFACE, ScanResult.INCOMPLETE), (rehearsal, ScanResult.HOLD)):
        here = Circumstances(known=lists, surface=surface, now=NOW)
        assert compare_media(PICTURE, DECODER["read"], here).verdict.result is result


def test_a_picture_too_plain_to_compare_is_clear_with_a_limit_unless_the_surface_minds() -> None:
    plain = Examined("image/png", MediaKind.IMAGE, 8, 8, 1, (Signal(PDQ, bytes(32), quality=3),))
    verdict = compare_media(PICTURE, plain, at("good")).verdict
    assert (verdict.result, verdict.limits) == (ScanResult.CLEAR, ("low_detail:pdq",))
    for key, result in (("low_detail", "incomplete"), ("low_detail:pdq", "incomplete"), ("*", "clear")):
        minding = Surface(name="children", on_incomplete={key: Advice.RETRY})
        here = Circumstances(known=known("good"), surface=minding, now=NOW)
        found = compare_media(PICTURE, plain, here).verdict
        assert found.result.value == result
        assert (found.advice is Advice.RETRY) is (result == "incomplete")


def test_a_film_of_which_frames_were_left_out_says_so_and_is_clear_unless_the_surface_minds() -> None:
    film = Examined("video/mp4", MediaKind.VIDEO, 8, 8, 2, (SEEN,), sampled=True)
    verdict = compare_media(PICTURE, film, at("good")).verdict
    assert (verdict.result, verdict.limits) == (ScanResult.CLEAR, ("sampled:video",))
    for key, result in (("sampled", "incomplete"), ("sampled:video", "incomplete"), ("*", "clear")):
        minding = Surface(name="children", on_incomplete={key: Advice.RETRY})
        here = Circumstances(known=known("good"), surface=minding, now=NOW)
        found = compare_media(PICTURE, film, here).verdict
        assert (found.result.value, found.advice is Advice.RETRY) == (result, result == "incomplete")
    # Where nothing that looks at frames is on a list, none was left out of anything.
    assert compare_media(PICTURE, film, at("good, exact only")).verdict.limits == ()


def test_one_frame_with_enough_detail_is_no_limit() -> None:
    frames = (Signal(PDQ, bytes(32), quality=3, frame=0), Signal(PDQ, SEEN.value, quality=90, frame=1))
    moving = Examined("image/gif", MediaKind.ANIMATION, 8, 8, 2, frames)
    assert compare_media(PICTURE, moving, at("good")).verdict.limits == ()


reports = st.builds(
    lambda state, codes: CheckReport(name=EXACT, state=state, codes=codes),
    st.sampled_from(list(CheckState)),
    st.lists(st.sampled_from(["list_stale:a", "decoder:limit", "matcher_down"]), max_size=2).map(tuple),
)


@given(st.lists(reports, max_size=4), st.integers(0, 4), reports)
def test_one_more_check_that_fails_never_makes_a_scan_clear(
    before: list[CheckReport], place: int, failing: CheckReport
) -> None:
    if failing.state is CheckState.OK and not failing.codes:
        return
    after = [*before[:place], failing, *before[place:]]
    assert judge(after, SURFACE).result is not ScanResult.CLEAR
