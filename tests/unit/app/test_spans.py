"""Claims about a text in pieces: together they are the whole text, and nothing unmarked is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehold.app.reader.spans import Piece, pieces

SPANS = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=8)


def test_what_rules_saw_is_marked_and_what_lies_around_it_is_counted() -> None:
    said = "well then how old are you anyway"
    assert pieces(said, [(10, 25)], whole=False) == [
        (Piece.LEFT_OUT, 10),
        (Piece.MARKED, "how old are you"),
        (Piece.LEFT_OUT, 7),
    ]
    assert pieces(said, [(10, 25)], whole=True)[0] == (Piece.SAID, "well then ")


@given(text=st.text(max_size=50), spans=SPANS)
def test_the_pieces_are_the_whole_text_however_spans_overlap_or_lie_beyond_it(
    text: str, spans: list[tuple[int, int]]
) -> None:
    assert "".join(str(said) for _, said in pieces(text, spans, whole=True)) == text
    told = pieces(text, spans, whole=False)
    assert sum(said if isinstance(said, int) else len(said) for _, said in told) == len(text)
    assert Piece.SAID not in {kind for kind, _ in told}


@given(text=st.text(max_size=50), spans=SPANS)
def test_a_character_is_marked_exactly_where_a_span_lies(text: str, spans: list[tuple[int, int]]) -> None:
    marked: list[bool] = []
    for kind, said in pieces(text, spans, whole=True):
        marked += [kind is Piece.MARKED] * len(str(said))
    assert marked == [any(begin <= at < end for begin, end in spans) for at in range(len(text))]
