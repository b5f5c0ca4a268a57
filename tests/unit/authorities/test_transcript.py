"""Claims about transcripts: RFC 4180, one message a row, nothing that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from safehold.authorities.transcript import COLUMNS, ConversationKind, Message, safe_cell, to_csv

FIRST = Message(
    id="m1",
    conversation_id="c1",
    kind=ConversationKind.GROUP,
    sent_at=datetime(2026, 11, 20, 14, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2))),
    sender="ann",
    recipients=("bo", "cy"),
    text='how was the "lake",\nand the boat?',
    ip="192.0.2.7",
    relied_on=True,
)


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def test_a_message_is_one_row_with_all_that_is_known_of_it() -> None:
    assert rows(to_csv([FIRST])) == [
        {
            "sent_at": "2026-11-20T12:00:00.250000Z",
            "conversation_id": "c1",
            "conversation_kind": "group",
            "message_id": "m1",
            "sender_account": "ann",
            "recipient_accounts": "bo cy",
            "sender_ip": "192.0.2.7",
            "relied_on": "yes",
            "text": 'how was the "lake",\nand the boat?',
        }
    ]


def test_rows_end_with_carriage_return_and_line_feed_and_quotes_are_doubled() -> None:
    first, *_ = to_csv([FIRST]).split(b"\r\n")
    assert first.decode() == ",".join(COLUMNS)
    assert to_csv([FIRST]).endswith(b'boat?"\r\n')
    assert b'how was the ""lake"",\n' in to_csv([FIRST])


def test_messages_stand_by_conversation_and_time_in_whatever_order_they_come() -> None:
    later = replace(FIRST, id="m2", sent_at=FIRST.sent_at + timedelta(microseconds=1))
    other = replace(FIRST, id="m3", conversation_id="c0")
    assert [row["message_id"] for row in rows(to_csv([later, FIRST, other]))] == ["m3", "m1", "m2"]
    assert to_csv([later, FIRST, other]) == to_csv([other, later, FIRST])


def test_no_messages_are_a_table_with_its_first_row_alone() -> None:
    assert to_csv([]).decode() == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠"])
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(begins: str) -> None:
    assert safe_cell(f"{begins}1+1") == f"'{begins}1+1"
    [row] = rows(to_csv([replace(FIRST, sender=f"{begins}x", text=f"{begins}1+1")]))
    assert row["text"] == f"'{begins}1+1"
    assert row["sender_account"] == f"'{begins}x"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(one) for one in ("", "a=b", " =1", "1-2")] == ["", "a=b", " =1", "1-2"]


def test_what_no_document_can_hold_is_replaced() -> None:
    assert safe_cell("a\x00b\ud800") == "a\ufffdb\ufffd"


def test_a_message_shown_in_a_log_says_nothing_of_its_words_or_people() -> None:
    shown = repr(replace(FIRST, sent_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert not any(word in shown for word in ("lake", "ann", "bo", "192"))
