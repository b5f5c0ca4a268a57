"""List files: every form round-trips, no bytes crash the reader, and bad lines are named by number only."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.lists.formats import BadLine, EntryDraft
from safehold.lists.formats.base import SignalTypes
from safehold.lists.list_file import MAX_LINE_BYTES, ListFile, load
from safehold.model.errors import BadListFile
from safehold.model.ids import ListId, new_id
from safehold.signals.digests import Md5, Sha1, Sha256
from safehold.signals.pdq import Pdq

KINDS: SignalTypes = {kind.name: kind for kind in (Md5(), Sha1(), Sha256(), Pdq())}
PDQ_TEXT = Pdq.examples[0]
OTHER_PDQ_TEXT = Pdq.examples[1]
MD5_TEXT = Md5.examples[0]

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20)
label = words.filter(lambda text: ";" not in text)


@st.composite
def drafts(draw: st.DrawFn) -> EntryDraft:
    """Any entry that a line can say."""
    kind = draw(st.sampled_from(list(KINDS.values())))
    return EntryDraft(
        signal_type=kind.name,
        value=draw(st.binary(min_size=kind.digest_bytes, max_size=kind.digest_bytes)),
        category=draw(st.none() | words),
        labels=tuple(draw(st.lists(label, max_size=3))),
        source_id=draw(st.none() | words),
    )


def read(tmp_path: Path, content: bytes) -> list[EntryDraft | BadLine]:
    path = tmp_path / "list"
    path.write_bytes(content)
    with ListFile(path, KINDS) as file:
        return list(file)


def as_object(draft: EntryDraft) -> dict[str, object]:
    return {
        "signal_type": draft.signal_type,
        "value": draft.value.hex(),
        "category": draft.category,
        "labels": list(draft.labels),
        "source_id": draft.source_id,
    }


@given(st.lists(drafts(), min_size=1, max_size=20), st.booleans(), st.booleans())
def test_what_is_written_as_json_lines_is_read_back_whole(
    tmp_path_factory: pytest.TempPathFactory, written: list[EntryDraft], windows: bool, ascii_only: bool
) -> None:
    end = "\r\n" if windows else "\n"
    text = end.join(json.dumps(as_object(draft), ensure_ascii=ascii_only) for draft in written)
    content = (b"\xef\xbb\xbf" if windows else b"") + text.encode()
    assert read(tmp_path_factory.mktemp("json"), content) == written


@given(st.lists(drafts(), min_size=1, max_size=20), st.booleans())
def test_what_is_written_as_csv_is_read_back_whole(
    tmp_path_factory: pytest.TempPathFactory, written: list[EntryDraft], windows: bool
) -> None:
    out = io.StringIO()
    names = ["signal_type", "value", "category", "labels", "source_id"]
    writer = csv.DictWriter(out, names, lineterminator="\r\n" if windows else "\n")
    writer.writeheader()
    for draft in written:
        writer.writerow(as_object(draft) | {"labels": ";".join(draft.labels)})
    content = (b"\xef\xbb\xbf" if windows else b"") + out.getvalue().encode()
    assert read(tmp_path_factory.mktemp("csv"), content) == written


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20))
def test_bare_lines_of_64_hexadecimal_characters_are_pdq(
    tmp_path_factory: pytest.TempPathFactory, values: list[bytes]
) -> None:
    content = "\n".join(value.hex() for value in values).encode()
    expected = [EntryDraft(Pdq.name, value) for value in values]
    assert read(tmp_path_factory.mktemp("bare"), content) == expected


HEADS = [b"", b"signal_type,value,labels\n", b'{"signal_type":"pdq"}\n', PDQ_TEXT.encode() + b"\n"]


@given(st.sampled_from(HEADS), st.lists(st.binary(max_size=200), max_size=20).map(b"\n".join))
def test_no_bytes_crash_the_reader(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes
) -> None:
    try:
        found = read(tmp_path_factory.mktemp("any"), head + rest)
    except BadListFile:
        return
    assert all(isinstance(one, EntryDraft | BadLine) for one in found)


@given(st.lists(st.sampled_from(["good", "bad", "blank"]), min_size=1, max_size=40))
def test_bad_lines_are_named_by_their_numbers_and_all_others_are_read(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    lines = {"good": PDQ_TEXT, "bad": "zz" * 32, "blank": "  "}
    content = "\n".join([OTHER_PDQ_TEXT, *(lines[kind] for kind in kinds)]).encode()
    found = read(tmp_path_factory.mktemp("bad"), content)
    bad = [one.number for one in found if isinstance(one, BadLine)]
    assert bad == [number for number, kind in enumerate(kinds, start=2) if kind == "bad"]
    assert len(found) - len(bad) == 1 + kinds.count("good")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"signal_type": "pdq"', "not a JSON object"),
        ("[" * 50_000, "not a JSON object"),
        ('{"value": "' + PDQ_TEXT + '"}', "signal_type is missing"),
        ('{"signal_type": "pdq"}', "value is missing"),
        ('{"signal_type": "md9", "value": "00"}', "signal_type is none of md5, pdq, sha1, sha256"),
        ('{"signal_type": "pdq", "value": "00"}', "pdq: 2 characters, expected 64 hexadecimal ones."),
        (
            '{"signal_type": "pdq", "value": "' + "z" * 64 + '"}',
            "pdq: a character that is not hexadecimal, expected 64 hexadecimal ones.",
        ),
        ('{"signal_type": "md5", "value": "' + MD5_TEXT + '", "labels": "a"}', "labels is not a list"),
        ('{"signal_type": "md5", "value": "' + MD5_TEXT + '", "category": {}}', "category is not text"),
        ('{"signal_type": "md5", "value": "\0"}', "holds a NUL byte"),
        ("x" * (MAX_LINE_BYTES + 1), f"longer than {MAX_LINE_BYTES} bytes"),
        ("x" * (3 * MAX_LINE_BYTES), f"longer than {MAX_LINE_BYTES} bytes"),
    ],
)
def test_a_bad_json_line_says_why_without_quoting_the_line(tmp_path: Path, line: str, reason: str) -> None:
    good = json.dumps({"signal_type": "pdq", "value": PDQ_TEXT})
    first, found, last = read(tmp_path, f"{good}\n{line}\n{good}\n".encode())
    assert found == BadLine(2, reason)
    assert isinstance(first, EntryDraft)
    assert isinstance(last, EntryDraft)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'pdq,"{PDQ_TEXT}', "the quotes do not match"),
        (f"pdq,{PDQ_TEXT},a,b,c,d", "6 columns, the header names 3"),
        ("pdq", "value is missing"),
    ],
)
def test_a_bad_csv_line_says_why_without_quoting_the_line(tmp_path: Path, line: str, reason: str) -> None:
    content = f"Signal_Type,value,labels\npdq,{PDQ_TEXT},a;b\n{line}"
    rows = read(tmp_path, content.encode())
    assert rows == [EntryDraft(Pdq.name, bytes.fromhex(PDQ_TEXT), labels=("a", "b")), BadLine(3, reason)]


def test_a_line_that_is_not_utf_8_is_bad_and_the_next_is_read(tmp_path: Path) -> None:
    good = PDQ_TEXT.encode()
    first, bad, last = read(tmp_path, good + b"\n\xff\xfe\xfa\n" + good)
    assert bad == BadLine(2, "not UTF-8")
    assert first == last


def test_a_line_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    line = PDQ_TEXT + " " * (MAX_LINE_BYTES - len(PDQ_TEXT))
    assert len(read(tmp_path, b"\xef\xbb\xbf" + f"{line}\r\n{line}".encode())) == 2
    assert all(isinstance(one, EntryDraft) for one in read(tmp_path, f"{line}\r\n{line}\n".encode()))
    assert isinstance(read(tmp_path, f"{PDQ_TEXT}\n{line} ".encode())[1], BadLine)


def test_a_byte_order_mark_in_the_middle_of_files_put_together_costs_no_entry(tmp_path: Path) -> None:
    part = b"\xef\xbb\xbf" + PDQ_TEXT.encode() + b"\n"
    assert read(tmp_path, part + part) == [EntryDraft(Pdq.name, bytes.fromhex(PDQ_TEXT))] * 2


def test_what_is_mostly_json_lines_is_read_as_such_though_its_first_line_is_broken(tmp_path: Path) -> None:
    good = json.dumps({"signal_type": "PDQ", "value": PDQ_TEXT.upper()})
    assert read(tmp_path, f"broken\n{good}\n".encode()) == [
        BadLine(1, "not a JSON object"),
        EntryDraft(Pdq.name, bytes.fromhex(PDQ_TEXT)),
    ]


def test_an_odd_label_costs_no_entry_and_can_always_be_stored(tmp_path: Path) -> None:
    odd = '"labels":["a\\u0000b","\\ud800"," "],"source_id":7'
    line = f'{{"signal_type":"pdq","value":"{PDQ_TEXT}",{odd}}}'
    (found,) = read(tmp_path, line.encode())
    assert isinstance(found, EntryDraft)
    assert found.labels == ("a b",)
    assert found.source_id == "7"


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "JSON Lines"),
        (b"\n\n", "JSON Lines"),
        (b"\x1f\x8b\x08\x00", "Unpack"),
        (b"PK\x03\x04rest", "Unpack"),
        ("signal_type,value\n".encode("utf-16"), "UTF-8"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JSON Lines"),
        (b"name,phone\nx,y\n", "signal_type and value"),
        ((MD5_TEXT + "\n").encode(), "64 hexadecimal"),
    ],
)
def test_a_file_of_no_known_form_is_refused_with_advice(tmp_path: Path, content: bytes, advice: str) -> None:
    with pytest.raises(BadListFile) as refused:
        read(tmp_path, content)
    assert advice in refused.value.advice_now


def test_a_missing_file_is_refused_without_quoting_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadListFile) as refused:
        ListFile(tmp_path / "someone", KINDS)
    assert "someone" not in str(refused.value)


def test_a_loaded_file_gives_each_entry_an_id_of_its_own_and_names_the_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(f"{PDQ_TEXT}\nbroken\n{OTHER_PDQ_TEXT}\n")
    list_id = ListId(new_id())
    entries, bad = load(path, KINDS, list_id)
    assert [entry.value.hex() for entry in entries] == [PDQ_TEXT, OTHER_PDQ_TEXT]
    assert {entry.list_id for entry in entries} == {list_id}
    assert len({entry.id for entry in entries}) == 2
    assert [line.number for line in bad] == [2]


def test_a_file_without_one_readable_entry_is_refused_and_its_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text('{"signal_type": "pdq", "value": "secret"}\n' * 25)
    with pytest.raises(BadListFile) as refused:
        load(path, KINDS, ListId(new_id()))
    assert "Line 20:" in str(refused.value)
    assert "And 5 more." in str(refused.value)
    assert "secret" not in str(refused.value)


def test_nothing_that_is_shown_of_an_entry_holds_its_value(tmp_path: Path) -> None:
    (found,) = read(tmp_path, PDQ_TEXT.encode())
    assert PDQ_TEXT not in repr(found)
    assert repr(bytes.fromhex(PDQ_TEXT)) not in repr(found)
