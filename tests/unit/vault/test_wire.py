"""Claims about the worker's answers: what was written is read, and nothing else is believed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.media import DecodeFailure, Examined, HashMode, MediaKind
from safehold.model.signal import PDQ, TURNS, Signal, Turn
from safehold.signals.base import MOST_APPEARANCES
from safehold.vault.decoding.kinds import kinds_of
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.wire import (
    Answer,
    BadAnswer,
    Job,
    Setup,
    longest_document,
    read_document,
    write_document,
)

signals = st.builds(
    Signal,
    signal_type=st.just(PDQ),
    value=st.binary(min_size=32, max_size=32),
    quality=st.none() | st.integers(0, 100),
    frame=st.integers(0, 2**32),
)
ASKED = kinds_of(())
LIMIT = DecodeLimits().max_frames


def of_enough_frames(signals: tuple[Signal, ...], **fields: object) -> Examined:
    return Examined(signals=signals, frames=max(1, len(signals)), **fields)


def turned(signal: Signal, turn: Turn) -> Signal:
    return replace(signal, turn=turn)


examined = st.builds(
    of_enough_frames,
    media_type=st.sampled_from(["image/jpeg", "application/octet-stream"]),
    kind=st.sampled_from(MediaKind),
    width=st.integers(0, 2**24),
    height=st.integers(0, 2**24),
    signals=st.lists(signals, max_size=4).map(tuple),
    sampled=st.booleans(),
    failure=st.none() | st.sampled_from(DecodeFailure),
    turned=st.lists(st.builds(turned, signals, st.sampled_from(TURNS[1:])), max_size=4).map(tuple),
    mode=st.sampled_from(HashMode),
    rendition=st.none() | st.binary(min_size=1, max_size=9),
)
GOOD = Examined("image/png", MediaKind.IMAGE, 4, 3, 1, (Signal(PDQ, bytes(32), 80),))


@given(examined)
def test_an_examination_survives_the_way_back(seen: Examined) -> None:
    written = write_document(seen)
    assert read_document(written, seen.rendition, ASKED, turned=True) == seen
    assert len(written) <= longest_document(ASKED, turned=True, most_frames=max(1, seen.frames))


@given(
    st.builds(
        Job,
        st.integers(0, 2**40),
        st.none() | st.text(max_size=40),
        st.booleans(),
        mode=st.sampled_from(HashMode),
        turned=st.booleans(),
    )
)
def test_a_job_survives_the_way_there(job: Job) -> None:
    assert Job.from_bytes(job.to_bytes()) == job


def test_a_setup_survives_the_way_there() -> None:
    setup = Setup(DecodeLimits(seconds=1.5, max_frames=7), ("one", "other"))
    assert Setup.from_bytes(setup.to_bytes()) == setup


@given(st.binary(max_size=80))
def test_any_bytes_as_an_answer_are_refused_or_fit_the_memory(message: bytes) -> None:
    try:
        answer = Answer.from_bytes(message, room=1000)
    except BadAnswer:
        return
    assert 0 <= answer.document + answer.rendition <= 1000


@pytest.mark.parametrize(
    "message", [b"[1001, 0]", b"[600, 600]", b"[-1, 0]", b"[1.0, 0]", b"[true, 0]", b"[" * 9000]
)
def test_lengths_beyond_the_memory_are_refused(message: bytes) -> None:
    with pytest.raises(BadAnswer):
        Answer.from_bytes(message, room=1000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("media_type", "x" * 65),
        ("media_type", "image/png\nforged log line"),
        ("media_type", None),
        ("kind", "picture"),
        ("width", -1),
        ("width", "4"),
        ("frames", 1.5),
        ("frames", LIMIT + 1),
        ("sampled", 1),
        ("sampled", None),
        ("failure", "none"),
        ("signals", [["md5", "00", None, 0, "none"]]),
        ("signals", [["pdq", "zz", None, 0, "none"]]),
        ("signals", [["pdq", "", None, 0, "none"]]),
        ("signals", [["pdq", "00" * 2000, None, 0, "none"]]),
        ("signals", [["pdq", "00" * 31, None, 0, "none"]]),
        ("signals", [["pdq", "00" * 33, None, 0, "none"]]),
        ("signals", [["pdq", "0 " + "00" * 31 + "0", None, 0, "none"]]),
        ("signals", [["pdq", "AA" * 32, None, 0, "none"]]),
        ("signals", {"pdq": 7}),
        ("signals", [["pdq", "00" * 32, 101, 0, "none"]]),
        ("signals", [["pdq", "00" * 32, 50, -1, "none"]]),
        ("signals", [["pdq", "00" * 32, 50, 0, "askew"]]),
        ("signals", [["pdq", "00" * 32, 50, 0, "mirrored"]]),
        ("signals", [["pdq", "00" * 32, 50, 0, None]]),
        ("signals", [["pdq", "00" * 32, 50, 0, ["none"]]]),
        ("signals", [["pdq", "00" * 32, 50, 0]]),
        ("signals", [[["pdq"], "00", 50, 0, "none"]]),
        ("turned", [["md5", "00" * 32, None, 0, "mirrored"]]),
        ("turned", [["pdq", "00" * 32, None, 0, "none"]]),
        ("turned", None),
        ("mode", "quick"),
        ("signals", 7),
    ],
)
def test_a_field_of_another_form_is_refused(field: str, value: object) -> None:
    fields = json.loads(write_document(GOOD))
    assert read_document(json.dumps(fields).encode(), None, ASKED, turned=True) == GOOD
    fields[field] = value
    with pytest.raises(BadAnswer):
        read_document(json.dumps(fields).encode(), None, ASKED, turned=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_as_a_document_is_refused(value: object) -> None:
    with pytest.raises(BadAnswer):
        read_document(json.dumps(value).encode(), None, ASKED)


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_a_worker_has_no_room_for_more_signals_than_its_frames_can_have(frames: int) -> None:
    """Else one that was taken over could send others' media home in pieces, as signals of its own."""
    most = frames * MOST_APPEARANCES
    rows = [["pdq", f"{number:064x}", 80, 0, "none"] for number in range(most + 1)]
    fields = {**json.loads(write_document(GOOD)), "frames": frames}
    seen = read_document(json.dumps({**fields, "signals": rows[:most]}).encode(), None, ASKED)
    assert len(seen.signals) == most
    with pytest.raises(BadAnswer):
        read_document(json.dumps({**fields, "signals": rows}).encode(), None, ASKED)


def test_frames_beyond_the_jobs_own_limit_are_not_believed() -> None:
    document = json.dumps({**json.loads(write_document(GOOD)), "frames": 8}).encode()
    assert read_document(document, None, ASKED, most_frames=8).frames == 8
    with pytest.raises(BadAnswer):
        read_document(document, None, ASKED, most_frames=7)


def test_the_fullest_honest_document_is_read_and_a_longer_one_is_not_even_parsed() -> None:
    row = ["pdq", "00" * 32, 100, 2**32, "none"]
    fullest = {**json.loads(write_document(GOOD)), "frames": LIMIT}
    fullest["media_type"], fullest["signals"] = "x" * 64, [row] * (LIMIT * MOST_APPEARANCES)
    document = json.dumps(fullest).encode()
    assert len(read_document(document, None, ASKED).signals) == LIMIT * MOST_APPEARANCES
    with pytest.raises(BadAnswer, match="too long"):
        read_document(document + b" " * 64 * len(document), None, ASKED)


def test_signals_of_the_turned_picture_are_taken_only_where_they_were_asked_for() -> None:
    """There are seven of each that is upright, at most; nobody sends more, or any unasked."""
    row = ["pdq", "00" * 32, 80, 0, "mirrored"]
    most = MOST_APPEARANCES * len(TURNS[1:])
    document = json.dumps({**json.loads(write_document(GOOD)), "turned": [row] * most}).encode()
    assert len(read_document(document, None, ASKED, turned=True).turned) == most
    with pytest.raises(BadAnswer):
        read_document(document, None, ASKED)
    longer = json.dumps({**json.loads(write_document(GOOD)), "turned": [row] * (most + 1)}).encode()
    with pytest.raises(BadAnswer):
        read_document(longer, None, ASKED, turned=True)
