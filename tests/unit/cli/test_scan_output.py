"""What is written can be read back whole, and no file name can do harm where it is shown."""

from __future__ import annotations

import csv
import json
import os
from base64 import b64decode
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.file_scan import ScannedFile
from safehold.cli.opening import printable
from safehold.cli.scan_output import COLUMNS, as_json, as_records, writer
from safehold.model.errors import InvalidInput
from safehold.model.hash_list import Purpose
from safehold.model.ids import EntryId, ListId, MatchId, new_id
from safehold.model.match import Match
from safehold.model.signal import PDQ, Signal

NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, 47}).map(os.fsdecode)


def a_match(list_name: str, distance: int) -> Match:
    return Match(
        id=MatchId(new_id()),
        list_id=ListId(new_id()),
        list_name=list_name,
        purpose=Purpose.TEST,
        entry_id=EntryId(new_id()),
        signal_type=PDQ,
        distance=distance,
        category="A",
        labels=("one", "two"),
    )


def a_row(path: str = "photos/a.jpg", **found: object) -> ScannedFile:
    values: dict[str, object] = {"sha256": "ab" * 32, "media_type": "image/jpeg"} | found
    return ScannedFile(path=Path(path), **values)  # type: ignore[arg-type]


MATCHED = a_row(
    signals=(Signal(PDQ, b"\x0f" * 32, quality=100),), matches=(a_match("first", 2), a_match("second", 9))
)
UNREAD = a_row('photos/b,\n"x".jpg', sha256=None, media_type=None, error="not_permitted")


def written(format: str, *rows: ScannedFile, to: Path) -> Path:
    with writer(format, to) as write:
        for row in rows:
            write(row)
    return to


def test_each_line_of_json_is_the_documented_object(tmp_path: Path) -> None:
    lines = written("json", MATCHED, UNREAD, to=tmp_path / "out").read_text().splitlines()
    found, unread = map(json.loads, lines)

    assert list(found)[:6] == ["path", "sha256", "media_type", "signals", "matches", "limits"]
    signal = {"type": "pdq", "value": "0f" * 32, "quality": 100, "frame": 0}
    assert found["signals"] == [signal]
    assert found["matches"][0] == {
        "list": "first",
        "entry_id": str(MATCHED.matches[0].entry_id),
        "signal_type": "pdq",
        "distance": 2,
        "category": "A",
        "labels": ["one", "two"],
        "turn": "none",
    }
    assert found["error"] is None
    assert (unread["path"], unread["sha256"], unread["matches"]) == (str(UNREAD.path), None, [])
    assert unread["error"] == "not_permitted"


def test_csv_has_a_record_for_each_match_and_one_for_a_file_without(tmp_path: Path) -> None:
    with written("csv", MATCHED, UNREAD, to=tmp_path / "out").open(newline="") as file:
        records = list(csv.DictReader(file))

    assert [record["list"] for record in records] == ["first", "second", ""]
    assert [record["distance"] for record in records] == ["2", "9", ""]
    assert (records[0]["pdq"], records[0]["quality"], records[0]["labels"]) == ("0f" * 32, "100", "one;two")
    assert records[2]["error"] == "not_permitted"


def test_parquet_holds_the_same_records_with_numbers_as_numbers(tmp_path: Path) -> None:
    table = pq.read_table(written("parquet", MATCHED, UNREAD, to=tmp_path / "out"))

    assert table.column_names == list(COLUMNS)
    assert table.to_pylist() == [*as_records(MATCHED), *as_records(UNREAD)]
    assert table.column("distance").to_pylist() == [2, 9, None]


def test_a_table_names_the_nearest_match_and_what_went_wrong(tmp_path: Path) -> None:
    _, found, unread = written("table", MATCHED, UNREAD, to=tmp_path / "out").read_text().splitlines()

    assert found.split() == ["2", "first", "—", "photos/a.jpg"]
    assert unread.split()[:3] == ["—", "—", "not_permitted"]


def test_a_parquet_file_that_was_cut_short_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def interrupted(to: Path) -> None:
    with writer("parquet", to) as write:
        write(MATCHED)
        raise KeyboardInterrupt


@pytest.mark.parametrize("format", ["json", "csv", "table", "parquet"])
def test_a_place_that_cannot_be_written_to_is_named_as_such(tmp_path: Path, format: str) -> None:
    with pytest.raises(InvalidInput, match="output file cannot be written"):
        written(format, MATCHED, to=tmp_path / "nowhere" / "out")


@given(NAMES)
def test_json_gives_back_every_file_name_there_can_be(name: str) -> None:
    row = json.loads(json.dumps(as_json(a_row(name))))

    row["path"].encode()
    if row["path_base64"] is None:
        assert row["path"] == name
    else:
        assert os.fsdecode(b64decode(row["path_base64"])) == name


@given(NAMES)
def test_a_shown_name_is_one_line_without_control_characters(name: str) -> None:
    shown = printable(name)

    assert shown.isprintable()
    shown.encode()


@given(st.text("abcdefghijklmnopqrstuvwxyzäöü .-_/0123456789", max_size=40))
def test_an_ordinary_name_is_shown_as_it_is(name: str) -> None:
    assert printable(name) == name


@given(NAMES)
def test_no_spreadsheet_takes_a_file_name_for_a_formula(name: str) -> None:
    rows = StringIO()
    csv.DictWriter(rows, COLUMNS).writerows(as_records(a_row(name)))

    assert not rows.getvalue().lstrip('"').startswith(("=", "+", "-", "@"))
