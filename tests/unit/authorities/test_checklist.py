"""Claims about the checklist: three states, and a share that can be explained."""

from __future__ import annotations

import pytest

from safehold.authorities.checklist import (
    TITLES,
    Checklist,
    Entered,
    EnteredValue,
    Line,
    ScheduleItem,
    State,
    checklist,
)
from safehold.model.report_facts import Bytes, ItemOnRecord
from safehold.testing.report_facts import OPERATOR, appeared, facts, page, upload


def line(item: ScheduleItem, *items: ItemOnRecord, entered: Entered | None = None, **changed: object) -> Line:
    held = checklist(facts(*items, **changed), OPERATOR, entered or {})
    return next(each for each in held.lines if each.item is item)


def test_every_item_is_there_once_in_its_order_and_has_a_title() -> None:
    held = checklist(facts(), OPERATOR, {})
    assert [each.item for each in held.lines] == list(ScheduleItem)
    assert TITLES.keys() == set(ScheduleItem)


def test_what_is_on_record_is_a_value() -> None:
    assert line(ScheduleItem.REPORTER_EMAIL).values == ("trust@photos.example",)
    assert line(ScheduleItem.UPLOAD_IP).values == ("192.0.2.7",)
    assert line(ScheduleItem.UPLOAD_PORT).values == ("50000",)
    assert line(ScheduleItem.UPLOADED_AT).values == ("2026-11-20T09:00:00Z",)
    assert line(ScheduleItem.USERNAME).values == ("uploader",)
    assert line(ScheduleItem.CONTENT).values == ("1 sealed file",)
    assert line(ScheduleItem.CONTENT_ADDRESS, page("https://a.example/1")).values == ("https://a.example/1",)


@pytest.mark.parametrize(
    "item",
    [ScheduleItem.BILLING, ScheduleItem.LOGIN_ADDRESSES, ScheduleItem.DECLARATION, ScheduleItem.EXIF],
)
def test_what_nothing_here_knows_was_not_looked_for(item: ScheduleItem) -> None:
    assert line(item).state is State.NOT_YET_LOOKED


def test_what_a_platform_did_not_say_was_not_looked_for_and_is_not_held_only_once_erased() -> None:
    silent = upload(context=appeared(ip=None))
    assert line(ScheduleItem.UPLOAD_IP, silent).state is State.NOT_YET_LOOKED
    assert line(ScheduleItem.UPLOAD_IP_AT, silent).state is State.NOT_YET_LOOKED
    erased = line(ScheduleItem.UPLOAD_IP, upload(context=None))
    assert (erased.state, "erased" in erased.reason) == (State.NOT_HELD, True)


def test_it_is_counted_of_how_many_items_nothing_is_known() -> None:
    held = line(ScheduleItem.UPLOAD_IP, upload(), upload(context=appeared(ip=None)), upload(context=None))
    assert (held.state, held.values, held.lacking) == (State.VALUE, ("192.0.2.7",), 2)


def test_bytes_that_are_not_held_say_why() -> None:
    held = line(ScheduleItem.CONTENT, upload(bytes=Bytes.SIGNALS_ONLY, media=None))
    assert (held.state, held.reason) == (State.NOT_HELD, "only fingerprints of it were sent here")
    assert line(ScheduleItem.EXIF, upload(bytes=Bytes.DESTROYED)).state is State.NOT_HELD


def test_an_earlier_report_has_its_reference_and_without_one_there_is_none() -> None:
    assert line(ScheduleItem.EARLIER_REFERENCE, prior=("NCA-7",)).values == ("NCA-7",)
    assert line(ScheduleItem.EARLIER_REFERENCE).state is State.NOT_HELD
    assert line(ScheduleItem.EARLIER_REPORT).values == ("none that is on record here",)


def test_what_a_person_entered_adds_to_values_and_replaces_their_absence() -> None:
    both = {ScheduleItem.UPLOAD_IP: EnteredValue(values=("192.0.2.8",))}
    assert line(ScheduleItem.UPLOAD_IP, entered=both).values == ("192.0.2.7", "192.0.2.8")
    billing = {ScheduleItem.BILLING: EnteredValue(not_held="the service is free")}
    said = line(ScheduleItem.BILLING, entered=billing)
    assert (said.state, said.reason) == (State.NOT_HELD, "the service is free")
    known = {ScheduleItem.UPLOAD_IP: EnteredValue(not_held="nobody kept it")}
    assert line(ScheduleItem.UPLOAD_IP, entered=known).state is State.VALUE


def test_what_a_person_enters_is_a_value_or_a_reason_and_never_both_or_neither() -> None:
    with pytest.raises(ValueError, match="Either"):
        EnteredValue()
    with pytest.raises(ValueError, match="Either"):
        EnteredValue(values=("x",), not_held="y")


def test_the_score_is_the_share_of_items_that_are_answered_and_not_held_is_an_answer() -> None:
    states = (State.VALUE, State.NOT_HELD, State.NOT_YET_LOOKED, State.NOT_YET_LOOKED)
    lines = tuple(Line(item=ScheduleItem.EXIF, state=state) for state in states)
    assert Checklist(lines=lines).score == 0.5
    everything = {item: EnteredValue(not_held="nobody keeps it") for item in ScheduleItem}
    assert checklist(facts(), OPERATOR, {}).score < 1
    assert checklist(facts(), OPERATOR, everything).score == 1
