"""Logs hold ids and codes; whatever else is handed to them by mistake does not come out."""

from __future__ import annotations

import logging
import sys

from safehold.app.logs import REDACTED, KindOnly, describe, redact
from safehold.model.ids import new_id

MARKER = "marker-4127"


def raised() -> BaseException:
    try:
        raise ValueError(MARKER)
    except ValueError as error:
        return error


def test_an_exception_is_logged_by_its_kind_and_place_and_never_by_its_words() -> None:
    line = redact(None, "error", {"event": "failed", "exc_info": raised()})

    assert MARKER not in str(line)
    assert str(line["exception"]).startswith("ValueError at test_logs.py:")


def test_values_under_names_that_tend_to_hold_content_are_replaced() -> None:
    line = redact(None, "info", {"event": "scan", "url": MARKER, "text": MARKER, "sha256": MARKER})

    assert [line["url"], line["text"], line["sha256"]] == [REDACTED] * 3


def test_a_value_of_a_kind_that_may_hold_content_is_replaced() -> None:
    line = redact(None, "info", {"event": "scan", "item": {"name": MARKER}, "raw": MARKER.encode()})

    assert MARKER not in str(line)


def test_ids_codes_and_numbers_come_through() -> None:
    item_id = new_id()

    line = redact(None, "info", {"event": "scan", "item_id": item_id, "code": "vault_down", "attempt": 3})

    assert line == {"event": "scan", "item_id": str(item_id), "code": "vault_down", "attempt": 3}


def test_a_library_record_keeps_its_template_and_loses_its_arguments_and_traceback() -> None:
    error = raised()
    record = logging.LogRecord(
        "library",
        logging.ERROR,
        "file.py",
        1,
        "cannot read %s",
        (MARKER,),
        (type(error), error, error.__traceback__),
    )

    line = KindOnly().format(record)

    assert MARKER not in line
    assert "cannot read %s" in line
    assert "ValueError" in line


def test_the_absence_of_an_exception_is_described_as_none() -> None:
    assert describe(sys.exc_info()[1]) == "none"
