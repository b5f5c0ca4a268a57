"""What was reported of one input is kept for the next alike, and never outlives what it followed from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product, zip_longest

from hypothesis import example, given, settings
from hypothesis import strategies as st

from safehold.detect.checks import Circumstances
from safehold.detect.known import LATE_AFTER, KnownLists, SignalTypes
from safehold.detect.media_scan import Compared, compare_media, compare_signals
from safehold.model.hash_list import Entry, HashList, Purpose
from safehold.model.ids import EntryId, ListId, new_id
from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.signal import MD5, PDQ, SHA256, Signal, SignalTypeName
from safehold.model.surface import Surface
from safehold.signals.digests import Md5, Sha1, Sha256, digest_bytes
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
NOW = datetime(2030, 5, 1, tzinfo=UTC)
PICTURE = digest_bytes(b"a harmless picture")
PLAIN, DETAILED = (Signal(PDQ, bytes(range(32)), quality=quality) for quality in (10, 100))
EXAMINED: tuple[Examined | None, ...] = (
    None,
    Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1, (DETAILED,)),
    Examined("image/jpeg", MediaKind.IMAGE, 8, 8, 1, (PLAIN,)),
    Examined("video/mp4", MediaKind.VIDEO, 8, 8, 1, (DETAILED,), sampled=True),
    Examined("video/mp4", signals=(DETAILED,), failure=DecodeFailure.TRUNCATED),
    Examined("application/pdf", failure=DecodeFailure.ENCRYPTED),
)
SENT = ([DETAILED], [PLAIN], [PICTURE[2]], [PICTURE[2], DETAILED], [*PICTURE, PLAIN])


def a_list(name: str, *holds: SignalTypeName, stale_after: int | None = None) -> tuple[HashList, list[Entry]]:
    one = HashList(
        id=ListId(new_id()),
        name=name,
        purpose=Purpose.TEST if name == "rehearsed" else Purpose.CSAM,
        created_at=NOW,
        stale_after_seconds=stale_after,
    )
    values = [(kind, b"\xff" * KINDS[kind].digest_bytes) for kind in holds]
    return one, [
        Entry(id=EntryId(new_id()), list_id=one.id, signal_type=kind, value=value) for kind, value in values
    ]


LISTS = {
    each[0].name: each
    for each in (
        a_list("northland", SHA256, PDQ),
        a_list("hourly", MD5, stale_after=3600),
        a_list("rehearsed", PDQ),
        a_list("bare"),
    )
}


class Life:
    """One process: its lists, and the clock by which it tells how long it has been behind."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.known = KnownLists(KINDS, monotonic=lambda: self.seconds)
        self.declared: dict[ListId, HashList] = {}

    def live(self, event: str) -> None:
        """Have something happen to the lists, or time go by."""
        if event in LISTS:
            one, entries = LISTS[event]
            if one.id not in self.declared:
                self.known.load(one, entries)
                self.declared[one.id] = replace(one, last_seq=len(entries))
        elif event == "behind":
            self.declared = {
                key: replace(each, last_seq=each.last_seq + 1) for key, each in self.declared.items()
            }
            self.known.declare(list(self.declared.values()))
        else:
            self.seconds += 2 * LATE_AFTER

    def forget(self) -> None:
        """Declare the same lists once more: nothing is kept of what followed from them."""
        self.known.declare(list(self.declared.values()))


def every_answer(life: Life, *, forgetful: bool = False) -> list[Compared]:
    """Compare everything with the lists, in all circumstances. forgetful: as if each were the first."""
    answers = []
    for now, verified, rehearsal in product((NOW, NOW + timedelta(days=1)), (True, False), (True, False)):
        surface = Surface(name="uploads", rehearsal=rehearsal)
        at = Circumstances(known=life.known, surface=surface, now=now, lists_verified=verified)
        for examined, signals in zip_longest(EXAMINED, SENT, fillvalue=[]):
            if forgetful:
                life.forget()
            answers += [compare_media(PICTURE, examined or None, at), compare_signals(signals or [], at)]
    return answers


@example(["northland", "behind", "time goes by"])
@example(["hourly", "northland"])
@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from([*LISTS, "behind", "time goes by"]), max_size=6))
def test_who_has_answered_before_answers_as_one_who_never_has(events: list[str]) -> None:
    life = Life()
    for event in events:
        life.live(event)
        first, second = every_answer(life), every_answer(life)
        assert first == second == every_answer(life, forgetful=True)
