"""Classifiers can ask for a look and nothing else; whatever happens to them is said, and is never clear."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.detect.classifiers.appointment import Appointment
from safehold.detect.classifiers.base import Garbled, Pixels, Unanswered
from safehold.detect.classifiers.breaker import FAILURES
from safehold.detect.classifiers.panel import AT_ONCE, Hearing, Panel
from safehold.detect.verdict import judge
from safehold.model.band import Band
from safehold.model.classifier import Answered, ClassifierInfo, ClassifierKind, Opinion, Sends, Use
from safehold.model.scan import CheckState, ScanResult
from safehold.model.surface import Advice, LegalBasis, Surface

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SURFACE = Surface(name="uploads", classifiers=("one",), regions=("north", "south"))
PICTURES = [np.zeros((8, 8, 3), dtype=np.uint8)] * 2
INFO = ClassifierInfo(
    name="one",
    version="1",
    kind=ClassifierKind.UNSEEN_IMAGE,
    sends=Sends.DOWNSCALED,
    batch_max=8,
    max_side=64,
)

Says = Callable[[Sequence[Pixels]], Sequence[Opinion]]


class Scripted:
    """A classifier that says what a test has it say."""

    def __init__(self, says: Says, *, leaves_house: bool = False) -> None:
        self.info, self._says = replace(INFO, destination="elsewhere" if leaves_house else ""), says
        self.calls = 0

    def classify(self, pictures: Sequence[Pixels], *, seconds: float) -> Sequence[Opinion]:
        self.calls += 1
        return self._says(pictures)

    def close(self) -> None:
        """Nothing is open."""


def saying(*bands: Band) -> Scripted:
    opinions = [Opinion(answered=Answered.OK, band=band, score=band.rank / 4) for band in bands]
    return Scripted(lambda _: opinions)


@contextmanager
def seated(classifier: Scripted, **terms: object) -> Iterator[Panel]:
    panel = Panel({"one": Appointment(**{"classifier": classifier, "shadow": False} | terms)})
    try:
        yield panel
    finally:
        panel.close()


def asked(classifier: Scripted, pictures: Sequence[Pixels] = PICTURES, **terms: object) -> Hearing:
    with seated(classifier, **terms) as panel:
        return panel.ask(["one"], pictures, NOW)


def test_the_picture_that_asks_most_strongly_stands_for_the_whole() -> None:
    hearing = asked(saying(Band.LOW, Band.VERY_HIGH))
    [report], [heard] = hearing.reports, hearing.heard
    [flag] = report.flags
    assert (flag.source, flag.reason, flag.score) == ("classifier:one", "band:very_high", 1.0)
    assert flag.against
    assert heard.opinion.band is Band.VERY_HIGH


@given(bands=st.lists(st.sampled_from(Band), min_size=2, max_size=2), edge=st.sampled_from(Band))
def test_whatever_a_classifier_says_somebody_may_be_asked_to_look_and_nothing_is_held(
    bands: list[Band], edge: Band
) -> None:
    verdict = judge(asked(saying(*bands), flags_from=edge).reports, SURFACE)
    strongest = max(band.rank for band in bands)
    assert verdict.result is (ScanResult.REVIEW if strongest >= edge.rank else ScanResult.CLEAR)
    assert verdict.advice is Advice.PUBLISH
    assert not verdict.matches


def test_there_is_no_other_use_than_review() -> None:
    assert [each.value for each in Use] == ["review"]
    for other in ("hold", "block", "report", "remove"):
        with pytest.raises(ValueError, match=other):
            Use(other)


def test_in_the_shadow_it_is_heard_and_is_no_check() -> None:
    hearing = asked(saying(Band.VERY_HIGH, Band.NONE), shadow=True)
    assert hearing.reports == ()
    assert [(each.in_shadow, each.opinion.band) for each in hearing.heard] == [(True, Band.VERY_HIGH)]


def test_abstaining_is_an_answer_and_is_said() -> None:
    [report] = asked(Scripted(lambda _: [Opinion(answered=Answered.ABSTAIN)] * 2)).reports
    assert (report.state, report.flags, report.limits) == (CheckState.OK, (), ("abstained:one",))


def test_where_every_picture_is_plain_it_is_not_asked() -> None:
    classifier = saying(Band.VERY_HIGH)
    [report] = asked(classifier, []).reports
    assert (report.state, report.limits, classifier.calls) == (CheckState.OK, ("abstained:one",), 0)


def _raises(error: Exception) -> Says:
    def says(_: Sequence[Pixels]) -> Sequence[Opinion]:
        raise error

    return says


@pytest.mark.parametrize(
    "says",
    [
        _raises(Unanswered("http")),
        _raises(RuntimeError("a foreign one raises anything")),
        lambda pictures: [],
        lambda pictures: [Opinion(answered=Answered.OK, band=Band.NONE)] * (len(pictures) - 1),
        lambda pictures: [Opinion(answered=Answered.OK, band=Band.NONE)] * (len(pictures) + 1),
        lambda pictures: [
            Opinion(answered=Answered.OK, band=Band.NONE),
            Opinion(answered=Answered.ERROR),
        ],
    ],
    ids=["unanswered", "raises", "nothing", "too-few", "too-many", "one-failed"],
)
def test_what_is_not_answered_whole_is_incomplete_and_never_clear(says: Says) -> None:
    [report] = asked(Scripted(says)).reports
    assert (report.state, report.codes) == (CheckState.DOWN, ("classifier_down:one",))
    assert judge([report], SURFACE).result is ScanResult.INCOMPLETE


def test_the_panel_tells_once_for_each_failure_that_finds_the_circuit_open_and_once_when_it_closes() -> None:
    told: list[str] = []
    down = Scripted(_raises(Unanswered("http")))
    seconds = 0.0
    panel = Panel(
        {"one": Appointment(classifier=down)},
        circuit=lambda name, why, now: told.append(f"{name}:{why}"),
        clock=lambda: seconds,
    )
    for _ in range(FAILURES - 1):
        panel.ask(["one"], PICTURES, NOW)
    assert told == []
    for _ in range(2):
        panel.ask(["one"], PICTURES, NOW)
    assert told == ["one:down"]
    seconds = 11.0
    panel.ask(["one"], PICTURES, NOW)
    assert told == ["one:down", "one:down"]
    seconds, down._says = 33.0, saying(Band.LOW, Band.LOW)._says
    for _ in range(2):
        panel.ask(["one"], PICTURES, NOW)
    assert told == ["one:down", "one:down", "one:"]
    panel.close()


def test_an_answer_does_not_fail_because_nobody_can_be_told_of_the_circuit() -> None:
    def untold(name: str, why: str, now: datetime) -> None:
        raise OSError

    panel = Panel(
        {"one": Appointment(classifier=Scripted(_raises(Unanswered("http", rest=60))), shadow=False)},
        circuit=untold,
    )
    [report] = panel.ask(["one"], PICTURES, NOW).reports
    assert report.codes == ("classifier_down:one",)
    panel.close()


def test_one_that_is_late_is_not_waited_for_and_takes_a_place_until_it_ends() -> None:
    end = threading.Event()

    def late(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        end.wait(20)
        return [Opinion(answered=Answered.OK, band=Band.NONE)] * len(pictures)

    with seated(Scripted(late), seconds=0.05) as panel:
        for _ in range(min(AT_ONCE, FAILURES - 1)):
            [report] = panel.ask(["one"], PICTURES, NOW).reports
            assert report.codes == ("classifier_timeout:one",)
        [report] = panel.ask(["one"], PICTURES, NOW).reports
        assert report.codes == ("classifier_busy:one",)
        end.set()


def test_one_that_fails_again_and_again_is_left_alone_until_it_is_back() -> None:
    now = [0.0]
    works = [False]

    def says(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        if not works[0]:
            raise Unanswered("http")
        return [Opinion(answered=Answered.OK, band=Band.NONE)] * len(pictures)

    classifier = Scripted(says)
    panel = Panel({"one": Appointment(classifier=classifier, shadow=False)}, clock=lambda: now[0])
    for _ in range(FAILURES + 20):
        [report] = panel.ask(["one"], PICTURES, NOW).reports
        assert report.codes == ("classifier_down:one",)
    assert classifier.calls == FAILURES
    works[0], now[0] = True, 1000.0
    assert panel.ask(["one"], PICTURES, NOW).reports[0].state is CheckState.OK
    panel.close()


def test_no_more_is_asked_in_a_second_than_was_agreed() -> None:
    now = [0.0]
    terms = Appointment(classifier=saying(Band.NONE, Band.NONE), shadow=False, a_second=2)
    panel = Panel({"one": terms}, clock=lambda: now[0])

    def codes() -> list[tuple[str, ...]]:
        return [panel.ask(["one"], PICTURES, NOW).reports[0].codes for _ in range(3)]

    limited = ("classifier_rate:one",)
    assert codes() == [(), (), limited]
    now[0] = 0.5
    assert codes() == [(), limited, limited]
    now[0] = 60.0
    assert codes() == [(), (), limited]
    panel.close()


def test_less_than_one_in_a_second_is_one_at_a_time() -> None:
    now = [0.0]
    terms = Appointment(classifier=saying(Band.NONE, Band.NONE), shadow=False, a_second=0.1)
    panel = Panel({"one": terms}, clock=lambda: now[0])
    asked_at = []
    for now[0] in range(25):
        if not panel.ask(["one"], PICTURES, NOW).reports[0].codes:
            asked_at.append(now[0])
    assert asked_at == [0, 10, 20]
    panel.close()


def test_one_that_asks_to_be_left_alone_is_and_then_is_asked_again() -> None:
    now, calls = [0.0], []

    def says(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        calls.append(now[0])
        if now[0] < 30:
            raise Unanswered("status_429", rest=30)
        return [Opinion(answered=Answered.OK, band=Band.NONE)] * len(pictures)

    panel = Panel({"one": Appointment(classifier=Scripted(says), shadow=False)}, clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 29.9, 30.0, 31.0):
        panel.ask(["one"], PICTURES, NOW)
    assert calls == [0.0, 30.0, 31.0]
    panel.close()


def test_a_limit_at_the_moment_of_trying_again_does_not_leave_the_circuit_open_for_ever() -> None:
    now, calls = [0.0], []

    def says(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        calls.append(now[0])
        if len(calls) <= FAILURES:
            raise Unanswered("http")
        return [Opinion(answered=Answered.OK, band=Band.NONE)] * len(pictures)

    terms = Appointment(classifier=Scripted(says), shadow=False, a_day=FAILURES)
    panel = Panel({"one": terms}, clock=lambda: now[0])
    for _ in range(FAILURES):
        panel.ask(["one"], PICTURES, NOW)
    now[0] = 1000.0
    assert panel.ask(["one"], PICTURES, NOW).reports[0].codes == ("classifier_budget:one",)
    assert panel.ask(["one"], PICTURES, NOW + timedelta(days=1)).reports[0].codes == ()
    panel.close()


def test_what_nobody_understands_is_incomplete_by_a_code_of_its_own_and_its_reason_is_kept() -> None:
    hearing = asked(Scripted(_raises(Garbled("new_word"))))
    assert hearing.reports[0].codes == ("classifier_garbled:one",)
    assert judge(hearing.reports, SURFACE).result is ScanResult.INCOMPLETE
    opinion = hearing.heard[0].opinion
    assert (opinion.answered, opinion.raw, opinion.band) == (Answered.ERROR, "new_word", None)


@pytest.mark.parametrize(("most", "chosen"), [(1, [4]), (2, [2, 6]), (3, [1, 4, 6]), (8, list(range(8)))])
def test_of_more_frames_than_it_takes_an_even_choice_is_asked_about_and_that_is_said(
    most: int, chosen: list[int]
) -> None:
    seen = []

    def says(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        seen.extend(int(each[0, 0, 0]) for each in pictures)
        return [Opinion(answered=Answered.OK, band=Band.NONE)] * len(pictures)

    classifier = Scripted(says)
    classifier.info = replace(INFO, batch_max=most)
    [report] = asked(classifier, [np.full((8, 8, 3), place, dtype=np.uint8) for place in range(8)]).reports
    assert seen == chosen
    assert report.limits == (() if most == 8 else ("few_frames:one",))


def test_what_leaves_is_counted_before_it_goes_and_what_stays_is_not() -> None:
    told: list[tuple[object, ...]] = []

    def says(pictures: Sequence[Pixels]) -> Sequence[Opinion]:
        assert told == [("one", "elsewhere", 2, NOW)]
        raise Unanswered("http")

    away = Appointment(classifier=Scripted(says, leaves_house=True))
    home = Appointment(classifier=saying(Band.NONE, Band.NONE))
    panel = Panel({"one": away, "two": home}, leaving=lambda *left: told.append(left))
    panel.ask(["one", "two"], PICTURES, NOW)
    assert len(told) == 1
    panel.close()


def test_what_cannot_be_counted_does_not_leave() -> None:
    def fails(*left: object) -> None:
        raise RuntimeError("the database is down")

    classifier = Scripted(lambda _: [], leaves_house=True)
    for leaving in (fails, None):
        panel = Panel({"one": Appointment(classifier=classifier, shadow=False)}, leaving=leaving)
        assert panel.ask(["one"], PICTURES, NOW).reports[0].codes == ("classifier_down:one",)
        panel.close()
    assert classifier.calls == 0


def test_an_appointment_for_anything_but_review_is_refused() -> None:
    for use in ("hold", "report", "review", None):
        with pytest.raises(ValueError, match="nothing else"):
            Appointment(classifier=saying(Band.NONE), use=use)


def test_a_days_budget_ends_with_the_day() -> None:
    with seated(saying(Band.NONE, Band.NONE), a_day=2) as panel:
        codes = [panel.ask(["one"], PICTURES, NOW).reports[0].codes for _ in range(3)]
        assert codes == [(), (), ("classifier_budget:one",)]
        assert panel.ask(["one"], PICTURES, NOW + timedelta(days=1)).reports[0].codes == ()


def basis(region: str, expires_at: datetime | None = None) -> LegalBasis:
    return LegalBasis(region=region, name="the law of it", expires_at=expires_at)


@pytest.mark.parametrize(
    ("bases", "region", "wanted"),
    [
        ((), "north", False),
        ((basis("NORTH"),), "north", True),
        ((basis("north"),), "south", False),
        ((basis("north"),), None, False),
        ((basis("north"), basis("south")), None, True),
        ((basis("north", NOW),), "north", False),
        ((basis("north", NOW + timedelta(seconds=1)),), "north", True),
    ],
    ids=["none", "another-case", "another", "unknown", "unknown-all", "expired", "about-to-expire"],
)
def test_nothing_leaves_the_house_without_a_law_that_stands_for_the_region(
    bases: tuple[LegalBasis, ...], region: str | None, wanted: bool
) -> None:
    with seated(Scripted(lambda _: [], leaves_house=True), bases=bases) as panel:
        assert panel.wants(SURFACE, region, NOW) == (["one"] if wanted else [])


def test_what_a_list_knows_does_not_leave_the_house() -> None:
    north = replace(SURFACE, regions=("north",))
    with seated(Scripted(lambda _: [], leaves_house=True), bases=(basis("north"),)) as panel:
        assert panel.wants(north, "north", NOW, known=True) == []
    with seated(saying(Band.NONE)) as panel:
        assert panel.wants(north, "north", NOW, known=True) == ["one"]


def test_one_that_somebody_switched_off_is_asked_no_more_from_the_next_upload_on() -> None:
    off: set[str] = set()
    panel = Panel({"one": Appointment(classifier=saying(Band.NONE))}, stopped=lambda: off)
    assert panel.wants(SURFACE, None, NOW) == ["one"]
    off.add("one")
    assert panel.wants(SURFACE, None, NOW) == []
    panel.close()


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
def test_no_opinion_has_a_score_that_is_no_share(score: float) -> None:
    with pytest.raises(ValueError, match="score"):
        Opinion(answered=Answered.OK, band=Band.NONE, score=score)


def test_a_band_and_an_answer_go_together() -> None:
    for wrong in ({"answered": Answered.OK}, {"answered": Answered.ABSTAIN, "band": Band.LOW}):
        with pytest.raises(ValueError, match="band"):
            Opinion(**wrong)
