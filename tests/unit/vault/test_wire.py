"""Claims about the worker's answers: what was written is read, and nothing else is believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.model.media import DecodeFailure, Examined, MediaKind
from safehold.model.signal import PDQ, Signal, SignalTypeName
from safehold.vault.decoding.limits import DecodeLimits
from safehold.vault.decoding.wire import Answer, BadAnswer, Job, Setup, read_document, write_document

signals = st.builds(
    Signal,
    signal_type=st.just(PDQ),
    value=st.binary(min_size=32, max_size=32),
    quality=st.none() | st.integers(0, 100),
    frame=st.integers(0, 2**32),
)
examined = st.builds(
    Examined,
    media_type=st.sampled_from(["image/jpeg", "application/octet-stream"]),
    kind=st.sampled_from(MediaKind),
    width=st.integers(0, 2**24),
    height=st.integers(0, 2**24),
    frames=st.integers(0, 2**32),
    signals=st.lists(signals, max_size=4).map(tuple),
    failure=st.none() | st.sampled_from(DecodeFailure),
    rendition=st.none() | st.binary(min_size=1, max_size=9),
)
GOOD = Examined("image/png", MediaKind.IMAGE, 4, 3, 1, (Signal(PDQ, bytes(32), 80),))


@given(examined)
def test_an_examination_survives_the_way_back(seen: Examined) -> None:
    assert read_document(write_document(seen), seen.rendition, [PDQ]) == seen


@given(st.builds(Job, st.integers(0, 2**40), st.none() | st.text(max_size=40), st.booleans()))
def test_a_job_survives_the_way_there(job: Job) -> None:
    assert Job.from_bytes(job.to_bytes()) == job


def test_a_setup_survives_the_way_there() -> None:
    setup = Setup(DecodeLimits(seconds=1.5, max_frames=7), (PDQ, SignalTypeName("other")))
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
        ("failure", "none"),
        ("signals", [["md5", "00", None, 0]]),
        ("signals", [["pdq", "zz", None, 0]]),
        ("signals", [["pdq", "", None, 0]]),
        ("signals", [["pdq", "00" * 2000, None, 0]]),
        ("signals", [["pdq", "00" * 32, 101, 0]]),
        ("signals", [["pdq", "00" * 32, 50, -1]]),
        ("signals", [["pdq", "00" * 32, 50]]),
        ("signals", [[["pdq"], "00", 50, 0]]),
        ("signals", 7),
    ],
)
def test_a_field_of_another_form_is_refused(field: str, value: object) -> None:
    fields = json.loads(write_document(GOOD))
    assert read_document(json.dumps(fields).encode(), None, [PDQ]) == GOOD
    fields[field] = value
    with pytest.raises(BadAnswer):
        read_document(json.dumps(fields).encode(), None, [PDQ])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_as_a_document_is_refused(value: object) -> None:
    with pytest.raises(BadAnswer):
        read_document(json.dumps(value).encode(), None, [PDQ])
