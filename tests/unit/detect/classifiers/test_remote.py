"""A card that could not work is refused; an answer is read whole or not at all; a picture goes by itself."""

from __future__ import annotations

import base64
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from safehold.detect.classifiers.base import Garbled
from safehold.detect.classifiers.cards import read_card
from safehold.detect.classifiers.remote import _body, _written
from safehold.detect.classifiers.remote_answers import MOST_BYTES, opinions
from safehold.detect.classifiers.remote_cards import Answering, RemoteCard, Sending
from safehold.model.band import Band
from safehold.model.classifier import Answered, Opinion
from safehold.model.errors import BadSettings

EXAMPLES = Path("examples/classifier_cards")
CARDS = [
    *sorted(EXAMPLES.glob("*.toml")),
    Path("src/safehold/detect/classifiers/shipped/google_content_safety.toml"),
]
WORDS = Answering(at=("found", "*"), words={"NO": Band.NONE, "YES": Band.HIGH}, abstains=("PASS",))
BANDS = {"low": 0.2, "medium": 0.4, "high": 0.6, "very_high": 0.8}
ONE_SCORE = Answering(at=("result", 0, "score"), scores=BANDS, top=10)


def read(
    body: bytes | Any, how: Answering = WORDS, pictures: int = 1, media_type: str = "application/json"
) -> list[Opinion]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return opinions(raw, media_type, how, pictures=pictures, version="one 1")


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_every_card_says_whether_it_was_ever_run_against_the_real_service(path: Path) -> None:
    card, folder = read_card(str(path), RemoteCard)
    assert (card.name, folder) == (path.stem, path.parent)
    told = dict(card.info("one", destination="elsewhere:443").card)
    assert told["tried"].startswith("never run against")
    assert told["interface"]
    assert told["read_on"]


def card_with(**changed: Any) -> dict[str, Any]:
    card = tomllib.loads((EXAMPLES / "form_with_a_file.toml").read_text())
    for place, value in changed.items():
        section, _, name = place.partition("__")
        if name:
            card[section] = card[section] | {name: value}
        else:
            card[section] = value
    return card


JSON = {"form": "json", "body": {"image": "{picture}"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://classifier.example"},
        {"use": "hold"},
        {"actions": {"high": "remove"}},
        {"login__form": "header"},
        {"login__header": "X-Key"},
        {"login": {"form": "header", "header": "X-Key\r\nX-More"}},
        {"sending__batch": 4},
        {"sending": {"form": "json"}},
        {"sending": {"form": "json", "body": {"image": "no place"}}},
        {"sending": {"form": "json", "body": {"one": "{picture}", "two": "{picture}"}}},
        {"sending": JSON | {"batch": 4}},
        {"sending": {"form": "json", "batch": 4, "body": {"images": "{pictures}"}, "each": {"a": 1}}},
        {"sending__headers": {"Authorization": "Bearer of a card"}},
        {"sending__headers": {"X-One": "two\r\nlines"}},
        {"sending__fields": {'a"; filename="b': "c"}},
        {"sending__max_pixels": 10_000_000},
        {"answer__words": {"YES": "high"}},
        {"answer": {"at": ["score"]}},
        {"answer": {"at": ["score"], "words": {"YES": "remove"}}},
        {"answer": {"at": [], "words": {"YES": "high"}}},
        {"answer": {"at": ["a", "*", "*"], "words": {"YES": "high"}}},
        {"answer": {"at": ["a"], "words": {"YES": "high"}, "abstains": ["YES"]}},
        {"answer__top": 0},
        {"answer__top": float("nan")},
        {"sending": {"form": "json", "batch": 4, "body": {"images": "{pictures}"}}, "answer__at": ["a"]},
        {"protocol": {"source": "somewhere", "read_on": "lately", "tried": "no"}},
    ],
)  # fmt: skip
def test_a_card_that_could_not_work_or_would_act_is_refused(wrong: dict[str, Any]) -> None:
    RemoteCard.model_validate(card_with())
    with pytest.raises(ValidationError):
        RemoteCard.model_validate(card_with(**wrong))


def test_a_refused_card_names_the_place_and_quotes_nothing(tmp_path: Path) -> None:
    text = (
        (EXAMPLES / "form_with_a_file.toml").read_text().replace('form = "multipart"', 'form = "by pigeon"')
    )
    (tmp_path / "card.toml").write_text(text)
    with pytest.raises(BadSettings, match=r"sending\.form") as caught:
        read_card(str(tmp_path / "card.toml"), RemoteCard)
    assert "pigeon" not in str(caught.value)


def test_each_picture_has_the_band_of_its_word_and_one_may_have_nothing_to_say() -> None:
    found = read({"found": ["NO", "PASS", "YES"]}, pictures=3)
    assert [each.band for each in found] == [Band.NONE, None, Band.HIGH]
    assert [each.answered for each in found] == [Answered.OK, Answered.ABSTAIN, Answered.OK]
    assert [each.raw for each in found] == ["NO", "PASS", "YES"]


@pytest.mark.parametrize(
    ("score", "band"), [(0, "none"), (2, "low"), (5.9, "medium"), (6, "high"), (10, "very_high")]
)
def test_a_score_lies_in_the_highest_band_that_it_reaches(score: float, band: str) -> None:
    [found] = read({"result": [{"score": score}]}, ONE_SCORE)
    assert (found.band, found.score) == (Band(band), pytest.approx(score / 10))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"found": ["YES"]', "not_json"),
        (b'{"found": ["NO"], "found": ["YES"]}', "not_json"),
        (b"[" * 60_000, "not_json"),
        (b'{"found": NaN}', "not_json"),
        ({"found": {"0": "YES"}}, "missing"),
        ({"error": "quota"}, "missing"),
        (["YES"], "missing"),
        (None, "missing"),
        ({"found": []}, "too_few"),
        ({"found": ["NO", "YES"]}, "too_many"),
        ({"found": ["MAYBE"]}, "new_word"),
        ({"found": ["yes"]}, "new_word"),
        ({"found": [None]}, "new_word"),
        ({"found": [["YES"]]}, "new_word"),
        ({"found": ["YES"], "padding": "x" * MOST_BYTES}, "too_large"),
    ],
)  # fmt: skip
def test_what_is_not_understood_has_a_stable_reason_and_no_band(body: Any, code: str) -> None:
    with pytest.raises(Garbled) as caught:
        read(body)
    assert (caught.value.code, str(caught.value)) == (code, code)


@pytest.mark.parametrize(
    ("score", "code"),
    [
        (True, "no_number"),
        ("5", "no_number"),
        (None, "no_number"),
        (-0.1, "no_share"),
        (10.1, "no_share"),
        (10**400, "no_share"),
    ],
)
def test_a_score_that_is_none_is_no_score(score: Any, code: str) -> None:
    with pytest.raises(Garbled) as caught:
        read({"result": [{"score": score}]}, ONE_SCORE)
    assert caught.value.code == code
    with pytest.raises(Garbled):
        read(b'{"result": [{"score": 1e999}]}', ONE_SCORE)


@pytest.mark.parametrize(
    "media_type", ["", "text/html", "text/json", "application/jsonp", "application/octet-stream"]
)
def test_an_answer_that_does_not_claim_to_be_json_is_not_read(media_type: str) -> None:
    with pytest.raises(Garbled, match="media_type"):
        read({"found": ["YES"]}, media_type=media_type)
    assert read({"found": ["YES"]}, media_type="Application/JSON; charset=utf-8")


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["found", "result", "a"]), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_comes_back_is_understood_whole_or_refused(body: bytes) -> None:
    for how in (WORDS, ONE_SCORE):
        try:
            [found] = read(body, how)
        except Garbled:
            continue
        assert found.answered in (Answered.OK, Answered.ABSTAIN)


def test_which_model_answered_is_kept_where_it_says_so_in_a_short_line() -> None:
    how = WORDS.model_copy(update={"model_at": ("model",)})
    for said, kept in (("v3.1", "YES; model v3.1"), ("two\nlines", "YES"), ("x" * 61, "YES"), (3, "YES")):
        assert read({"found": ["YES"], "model": said}, how)[0].raw == kept
    assert read({"found": ["YES"]}, how)[0].raw == "YES"


def pattern(width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    ramp = np.add.outer(np.arange(height), np.arange(width)) % 256
    return np.repeat(ramp[:, :, None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "sent"),
    [((512, 512), (223, 223)), ((512, 100), (505, 98)), ((20, 10), (20, 10)), ((1, 1), (1, 1))],
)
def test_a_picture_is_reduced_to_what_the_service_wants_and_never_enlarged(
    size: tuple[int, int], sent: tuple[int, int]
) -> None:
    how = Sending(form="raw", format="png", max_pixels=50_000)
    with Image.open(io.BytesIO(_written(pattern(*size), how))) as picture:
        assert picture.size == sent
        assert picture.info == {}


def test_a_body_holds_the_pictures_where_the_card_says_and_each_as_the_card_says() -> None:
    one = Sending(form="json", body={"image": "{picture}", "model": "still", "more": [1, True]})
    body, media_type = _body([b"first"], one)
    assert json.loads(body) == {
        "image": base64.b64encode(b"first").decode(),
        "model": "still",
        "more": [1, True],
    }
    assert media_type == "application/json"
    several = Sending(
        form="json", batch=4, body={"in": {"all": "{pictures}"}}, each={"data": {"b64": "{picture}"}}
    )
    body, _ = _body([b"first", b"second"], several)
    texts = [base64.b64encode(each).decode() for each in (b"first", b"second")]
    assert json.loads(body) == {"in": {"all": [{"data": {"b64": text}} for text in texts]}}
