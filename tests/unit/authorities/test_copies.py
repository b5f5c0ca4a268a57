"""Claims about papers read again: in our own names, whole, and whatever others wrote is borne."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safehold.authorities import copies
from safehold.authorities.contents import Written, details_of
from safehold.authorities.destinations.ncmec_cybertipline import elements, wire
from safehold.authorities.outline import DEEPER, DEEPEST, lines, of_json
from safehold.model.authority_report import DestinationKind
from safehold.model.errors import Damaged
from safehold.storage.authority_papers import REREAD_KINDS, PaperKind
from safehold.testing.filing import least_details, least_report

NOW = datetime(2026, 11, 23, tzinfo=UTC)


TIPLINE, PARCEL = DestinationKind.NCMEC_CYBERTIPLINE, DestinationKind.PARCEL


def said(kind: PaperKind, paper: bytes, to: DestinationKind = TIPLINE) -> list[tuple[int, str, str]]:
    return list(lines(copies.read(kind, paper, to=to)))


def test_a_report_is_read_in_our_names_and_never_in_the_constants_of_the_schema() -> None:
    for incident in wire.IncidentType:
        made = least_report(NOW)
        made = replace(made, incident_summary=replace(made.incident_summary, incident_type=incident))
        found = said(PaperKind.REPORT, elements.to_xml("report", made))
        assert (1, "incident type", incident.name.lower().replace("_", " ")) in found
        assert not any(incident.value in value for _, _, value in found)
    assert (3, "address", "a@example.org") in found


def test_what_a_file_shows_is_read_in_our_names() -> None:
    shows = wire.FileAnnotations(drawn=True, animal=True)
    details = elements.to_xml("fileDetails", replace(least_details(1, "-"), file_annotations=shows)).decode()
    found = said(PaperKind.FILE_DETAILS, Written(b"", (details,)).sheet())
    assert found[-3:] == [(1, "file annotations", ""), (2, "drawn", "yes"), (2, "animal", "yes")]


def test_what_this_version_does_not_know_is_named_as_not_known() -> None:
    paper = elements.to_xml("report", least_report(NOW)).replace(b"</report>", b"<later>x</later></report>")
    assert (0, elements.NOT_KNOWN, "") in said(PaperKind.REPORT, paper)
    other = paper.replace(wire.IncidentType.IMAGERY.value.encode(), b"Something later")
    assert (1, "incident type", elements.NOT_KNOWN) in said(PaperKind.REPORT, other)


def test_each_file_is_read_with_what_was_said_of_it_and_without_ids_that_were_not_known_yet() -> None:
    details = elements.to_xml("fileDetails", least_details(1, "-")).decode()
    found = said(PaperKind.FILE_DETAILS, Written(b"", (details, details)).sheet())
    viewed = (1, "file viewed by esp", "false")
    assert found == [(0, "1", ""), viewed, (0, "2", ""), viewed]


def test_a_pack_is_read_field_by_field() -> None:
    pack = {"shape": "x", "rehearsal": True, "items": [{"note": None}, "two"]}
    assert said(PaperKind.PACK, json.dumps(pack).encode()) == [
        (0, "shape", "x"),
        (0, "rehearsal", "yes"),
        (0, "items", ""),
        (1, "1", ""),
        (2, "note", ""),
        (1, "2", "two"),
    ]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (b"<reportDoneResponse><responseCode>0</responseCode></reportDoneResponse>", "0"),
        (b"Bad gateway\x00\xff", "Bad gateway\x00\ufffd"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    ],
)
def test_whatever_they_answered_is_shown_and_nothing_of_it_is_expanded(answer: bytes, value: str) -> None:
    assert [each for _, _, each in said(PaperKind.RECEIPT, answer)] == [value]


def test_an_answer_that_nests_without_end_is_read_so_deep_and_no_deeper() -> None:
    found = said(PaperKind.RECEIPT, b"<a>" * 5_000 + b"</a>" * 5_000)
    assert found[-1] == (DEEPEST, "a", DEEPER)
    deep: object = "x"
    for _ in range(200):
        deep = [deep]
    assert list(lines(of_json(deep)))[-1][2] == DEEPER


@pytest.mark.parametrize("sheet", [b"1", b"{}", b'"text"', b"[1]", b"[null]", b"[" * 100_000, b""])
def test_a_sheet_that_is_no_list_of_texts_is_damaged(sheet: bytes) -> None:
    with pytest.raises(Damaged):
        details_of(sheet)
    with pytest.raises(Damaged):
        said(PaperKind.FILE_DETAILS, sheet)


@example(kind=PaperKind.FILE_DETAILS, to=TIPLINE, paper=b"0")
@example(kind=PaperKind.FILE_DETAILS, to=PARCEL, paper=b'["{"]')
@example(kind=PaperKind.PACK, to=TIPLINE, paper=b"[" * 100_000)
@given(
    kind=st.sampled_from(sorted(REREAD_KINDS)),
    to=st.sampled_from(DestinationKind),
    paper=st.binary(max_size=200),
)
def test_no_bytes_make_reading_fail_in_any_other_way_than_that_they_are_damaged(
    kind: PaperKind, to: DestinationKind, paper: bytes
) -> None:
    with suppress(Damaged):
        said(kind, paper, to)


def test_every_kind_that_may_be_read_again_can_be_wherever_it_went() -> None:
    assert {PaperKind.ENTERED} == set(PaperKind) - REREAD_KINDS
    in_xml = {PaperKind.REPORT: b"<report/>"}
    for to, kind in product(DestinationKind, REREAD_KINDS):
        said(kind, in_xml.get(kind, b"[]") if to is not PARCEL else b"[]", to)


def test_a_parcel_is_read_field_by_field_and_what_its_receiver_answered_as_it_is() -> None:
    letter = {"to": "hotline", "letter": [{"heading": "Who", "paragraphs": [], "rows": []}]}
    assert (2, "heading", "Who") in said(PaperKind.REPORT, json.dumps(letter).encode(), PARCEL)
    sheet = json.dumps([json.dumps({"media_type": "image/png"})]).encode()
    assert said(PaperKind.FILE_DETAILS, sheet, PARCEL) == [(0, "1", ""), (1, "media_type", "image/png")]
    assert said(PaperKind.RECEIPT, b'{"reference": "H-1"}', PARCEL) == [(0, "reference", "H-1")]
    assert said(PaperKind.RECEIPT, b"thank you", PARCEL) == [(0, "1", "thank you")]
