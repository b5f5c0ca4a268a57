"""Lines that are parsed together come to what each comes to alone."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safehold.lists.file_import import collector_at_rest
from safehold.lists.formats import BadLine, EntryDraft, JsonLines
from safehold.lists.formats.base import Read, SignalTypes
from safehold.lists.list_file import ListFile, in_batches
from safehold.signals.digests import Md5
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Pdq())}
GOOD = f'{{"signal_type": "md5", "value": "{Md5.examples[0]}"}}'
LABELLED = GOOD[:-1] + ', "labels": ["{", "}"]}'

# What is no object alone, and may become one with its neighbours.
fragments = st.sampled_from(
    [
        *(GOOD, GOOD, f"  {GOOD} ", LABELLED, "", "{}", "{", "}", "[", "]", ",", '"'),
        *('{"a": 1', '"b": 2}', '{"c": [{}', "{}]}", '{"d": "x}', '{","e": 1}', f"{GOOD},{GOOD}", f"{GOOD}]"),
        *(f"[{GOOD}]", f'{{"signal_type": "md5", "nested": {GOOD}}}', '{"f": NaN}', "9" * 5000),
    ]
)


def told(read: list[Read]) -> list[object]:
    return [each if isinstance(each, EntryDraft) else str(each) for each in read]


@given(st.lists(fragments, max_size=12))
@example(['{"a": 1', '"b": 2}', f"{GOOD},{GOOD}", GOOD])
@example(['{"c": [{}', "{}]}", f"{GOOD},{GOOD}", GOOD])
@example([GOOD, f"{GOOD}]"])
def test_json_lines_are_read_together_as_each_is_alone(lines: list[str]) -> None:
    reader = JsonLines().reader(KINDS)
    alone = [found for line in lines for found in reader([line])]
    assert told(reader(lines)) == told(alone)


@pytest.mark.parametrize("bad", [b"no object", b"\xff", b"\0", b"{" + b" " * 70_000 + b"}"])
def test_bad_lines_keep_their_numbers_wherever_parsing_together_begins_and_ends(
    tmp_path: Path, bad: bytes
) -> None:
    numbers = [2, 249, 250, 251, 252, 500, 501, 750]
    path = tmp_path / "list"
    path.write_bytes(
        b"".join((bad if number in numbers else GOOD.encode()) + b"\n" for number in range(1, 751))
    )
    with ListFile(path, KINDS) as file:
        found = list(file)
        batches = list(in_batches(file, 200))
    assert [each.number for each in found if isinstance(each, BadLine)] == numbers
    assert sum(isinstance(each, EntryDraft) for each in found) == 750 - len(numbers)
    assert [len(batch.drafts) + len(batch.bad) for batch in batches] == [200, 200, 200, 150]
    assert [line.number for batch in batches for line in batch.bad] == numbers
    assert batches[-1].read_bytes == path.stat().st_size


def test_the_collector_of_garbage_is_at_work_again_after_lines_were_read_or_reading_failed() -> None:
    assert gc.isenabled()
    with collector_at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError), collector_at_rest():
        raise ValueError
    assert gc.isenabled()
