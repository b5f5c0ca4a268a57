"""Claims about filing as a worker does it: with the records, the vault, and a strict server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from safehold.authorities import filings, pauses
from safehold.authorities.contents import Contents, ExtraFile
from safehold.authorities.destinations.ncmec_cybertipline import filing, replies, wire
from safehold.authorities.destinations.ncmec_cybertipline.filing import Call, Stage
from safehold.authorities.one_parcel import SEND
from safehold.model.authority_report import AuthorityReportState, Priority
from safehold.model.errors import Conflict, NotAllowed, NotFound, ReaderDown, VaultDown
from safehold.model.permissions import Role
from safehold.storage import filings as filing_rows
from safehold.storage import report_lists
from safehold.testing.cybertipline import Fault, Moment

State = AuthorityReportState
CALLS = (Moment.OPEN, Moment.UPLOAD, Moment.DESCRIBE, Moment.FINISH)


def changing(office: Any, *answers: Contents) -> Any:
    """Return a maker of contents that says something else each time that it is asked."""
    left = list(answers)

    def made(tx: Any, report: Any, items: Any, now: Any) -> Contents:
        given = office.contents_of(tx, report, items, now)
        said = left.pop(0) if len(left) > 1 else left[0]
        return replace(said, files=given.files)

    return made


def saying(office: Any, words: str) -> Contents:
    return Contents(report=replace(office.a_report(office.clock()), additional_info=words))


def test_a_report_that_a_person_has_sent_on_is_filed_with_its_reference(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    report = office.report(report_id)
    assert (report.state, report.reference) == (State.FILED, str(filed.report_id))
    [event] = office.safehold.sql("select * from event where kind = 'authority_report_filed'")
    assert str(report_id) in str(event)
    assert office.server.refused == []
    assert office.alarms() == []


def test_a_user_who_was_reported_before_is_reported_again_and_the_first_report_is_named(office: Any) -> None:
    first = office.sent_on(items=office.items[:1])
    office.works()
    again = office.sent_on(items=office.items[1:], destination=office.report(first).destination)
    office.works()
    [told, told_again] = office.server.filed
    assert office.report(again).reference == str(told_again.report_id)
    with office.safehold.program.database.begin() as tx:
        before = report_lists.references_before(tx, office.report(again), before=office.clock())
    assert before == [str(told.report_id)]


def test_what_nobody_has_sent_on_is_not_filed(office: Any) -> None:
    planned = office.sent_on(state=State.PLANNED, approved_by=None, approved_at=None)
    office.works()
    assert office.server.calls.total() == 0
    assert office.report(planned).state is State.PLANNED


@pytest.mark.parametrize("moment", CALLS)
@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.REPLY_CUT, Fault.REQUEST_LOST, Fault.CODE_SERVER])
def test_what_is_lost_on_the_way_files_nothing_twice_and_loses_nothing(
    office: Any, moment: Moment, fault: Fault
) -> None:
    report_id = office.sent_on()
    office.server.fail_next(moment, fault)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    assert office.report(report_id).reference == str(filed.report_id)
    office.clock.ahead += timedelta(hours=2)
    assert office.server.unfinished == []


def test_bytes_that_arrived_as_others_are_taken_back_and_sent_again(office: Any) -> None:
    office.sent_on()
    office.server.fail_next(Moment.UPLOAD, Fault.WRONG_MD5)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    assert office.server.calls[Moment.RETRACT] == 1


@pytest.mark.parametrize("fault", [Fault.EMPTY_401, Fault.CODE_VALIDATION])
@pytest.mark.parametrize("moment", CALLS)
def test_what_they_refuse_stands_stuck_with_an_alarm_until_a_person_lets_it_go_on(
    office: Any, moment: Moment, fault: Fault
) -> None:
    report_id = office.sent_on()
    office.server.fail_next(moment, fault)
    office.works()
    assert office.report(report_id).state is State.STUCK
    assert office.alarms() == ["report_stuck"]
    called = office.server.calls.total()
    office.clock.ahead += timedelta(days=8)
    office.works()
    assert office.server.calls.total() == called
    office.lets_go_on(report_id)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)
    assert office.report(report_id).state is State.FILED


def test_letting_go_on_asks_for_a_person_who_may_send_and_for_a_report_that_is_stuck(office: Any) -> None:
    report_id = office.sent_on()
    now, database = office.clock(), office.safehold.program.database
    for actor, refusal in (
        (office.safehold.analyst("nobody", Role.ANALYST), NotAllowed),
        (replace(office.person, user_id=None, system="tests"), NotAllowed),
        (office.person, Conflict),
    ):
        with pytest.raises(refusal), database.begin() as tx:
            filings.let_go_on(tx, report_id, actor=actor, now=now)


def test_a_report_that_they_deleted_in_the_meantime_is_begun_anew(office: Any) -> None:
    office.sent_on()
    filings.file_due(office.means(), most_calls=4)
    office.clock.ahead += timedelta(hours=2)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)


def test_a_destination_that_is_down_for_a_week_ends_as_a_stuck_report_and_loses_nothing(office: Any) -> None:
    report_id, began = office.sent_on(), office.clock()
    office.server.fail_next(Moment.OPEN, *[Fault.STATUS_500] * 500)
    while office.clock() < began + timedelta(days=7):
        filings.file_due(office.means())
        office.clock.ahead += timedelta(hours=1)
    assert office.report(report_id).state is State.STUCK
    assert office.filing(report_id).why == "tried_too_long"
    assert "report_stuck" in office.alarms()
    assert office.server.calls[Moment.OPEN] < 40
    office.server.forgive(Moment.OPEN)
    office.lets_go_on(report_id)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)


def test_how_long_they_ask_to_be_left_in_peace_is_how_long_they_are(office: Any) -> None:
    report_id = office.sent_on()
    asked = pauses.pause(1, priority=Priority.THREE, chance=0, asked_for=timedelta(minutes=7))
    assert asked == timedelta(minutes=7)
    assert replies.read(429, b"", retry_after="420").retry_after == asked
    assert replies.read(429, b"", retry_after="tomorrow").retry_after is None
    office.server.fail_next(Moment.OPEN, Fault.STATUS_429)
    filings.file_due(office.means())
    waits = office.filing(report_id)
    assert (waits.attempts, waits.waits_for) == (1, "status:429")
    assert waits.next_attempt_at > office.clock()


def test_pauses_grow_and_those_of_urgent_reports_stay_short() -> None:
    ordinary = [
        pauses.pause(number, priority=Priority.THREE, chance=0, asked_for=None) for number in range(1, 40)
    ]
    assert ordinary == sorted(ordinary)
    assert sum(ordinary, timedelta()) > pauses.HORIZON
    urgent = [
        pauses.pause(number, priority=Priority.ONE, chance=1, asked_for=None) for number in range(1, 40)
    ]
    assert max(urgent) <= pauses.URGENT * 1.2


def test_bytes_that_are_gone_from_the_store_are_left_out_and_that_is_on_record(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=1)
    lost = office.object_of(office.items[1])
    office.safehold.program.vault.destroy(lost)
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed, 2)
    assert [one.left_out for one in office.filing(report_id).sent] == [None, "vault_object_damaged", None]
    left = [detail for verb, detail in office.audited(report_id) if verb == "authority.leave_out"]
    assert left == [{"item": str(office.items[1]), "why": "vault_object_damaged"}]


def test_bytes_that_were_destroyed_before_are_known_to_be_missing_before_anything_is_called(
    office: Any,
) -> None:
    report_id = office.sent_on()
    office.safehold.sql(
        "update sealed_object set destroyed_at = now() where id = %(id)s",
        id=office.object_of(office.items[0]),
    )
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed, 2)
    assert office.filing(report_id).sent[0].left_out == "erased"


def test_an_item_that_fell_while_the_report_was_on_its_way_is_left_out(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=1)
    office.items_fall(report_id, [office.items[2]])
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed, 2)
    assert office.filing(report_id).sent[2].left_out == "fell"


def test_what_is_sent_is_what_was_sealed_though_facts_change_and_the_process_ends(office: Any) -> None:
    report_id = office.sent_on()
    made = changing(office, saying(office, "as approved"), saying(office, "as it is today"))
    filings.file_due(office.means(contents_of=made), most_calls=0)
    office.server.fail_next(Moment.OPEN, Fault.STATUS_500)
    filings.file_due(office.means(contents_of=made))
    assert office.server.filed == []
    office.works(office.means(contents_of=made))
    [filed] = office.server.filed
    assert b"as approved" in filed.document
    assert office.report(report_id).state is State.FILED


def test_what_was_wrong_is_made_anew_when_a_person_says_so(office: Any) -> None:
    report_id = office.sent_on()
    made = changing(office, saying(office, "what is wrong"), saying(office, "what is right"))
    office.server.fail_next(Moment.DESCRIBE, Fault.CODE_VALIDATION)
    office.works(office.means(contents_of=made))
    assert office.report(report_id).state is State.STUCK
    office.lets_go_on(report_id, anew=True)
    office.works(office.means(contents_of=made))
    [filed] = office.server.filed
    assert b"what is right" in filed.document
    assert office.server.calls[Moment.RETRACT] == 1


def test_what_they_would_refuse_is_stuck_before_anything_is_called(office: Any) -> None:
    report_id = office.sent_on()
    wrong = replace(
        saying(office, "x"),
        report=replace(office.a_report(office.clock()), internet_details=()),
    )
    office.works(office.means(contents_of=changing(office, wrong)))
    assert office.server.calls.total() == 0
    assert (office.report(report_id).state, office.filing(report_id).why) == (State.STUCK, "invalid")
    [stuck] = [detail for verb, detail in office.audited(report_id) if verb == "authority.stuck"]
    assert stuck["problems"] == ["report.internetDetails: at least one is needed"]
    office.lets_go_on(report_id)
    office.works()
    assert len(office.server.filed) == 1


def test_facts_that_cannot_be_gathered_are_stuck_and_our_own_error_waits_with_an_alarm(
    office: Any,
) -> None:
    first, second = office.sent_on(), office.sent_on(items=[])

    def failing(tx: Any, report: Any, items: Any, now: Any) -> Contents:
        if report.id == first:
            raise NotFound
        raise ZeroDivisionError

    for _ in range(4):
        filings.file_due(office.means(contents_of=failing))
        office.clock.ahead += timedelta(minutes=2)
    assert office.filing(first).why == "contents:not_found"
    assert office.filing(second).waits_for == "unforeseen"
    assert office.alarms() == ["report_stuck", "report_waits"]
    office.works()
    assert office.report(second).state is State.FILED


def test_transcripts_are_sealed_with_the_report_and_sent_after_its_files(office: Any) -> None:
    extra = ExtraFile(data=b"content,src\nhello,a\n", details=office.details)
    digest = hashlib.sha256(extra.data).hexdigest()
    office.safehold.load("painted", [{"signal_type": "sha256", "value": digest}])
    office.sent_on()
    office.works(office.means(contents_of=partial(office.contents_of, extra=(extra,))))
    [filed] = office.server.filed
    assert filed.files[-1].sha256 == digest
    assert len(filed.files) == 4


def test_without_a_reader_reports_wait_with_an_alarm_and_go_when_there_is_one(office: Any) -> None:
    report_id = office.sent_on()
    office.works(office.means(opening=None), passes=5)
    assert office.report(report_id).state is State.SENDING
    assert office.filing(report_id).waits_for == "no_reader"
    assert office.alarms() == ["report_waits"]
    office.works()
    assert len(office.server.filed) == 1
    office.sweeps_alarms()
    assert office.alarms() == []


@pytest.mark.parametrize("down", [VaultDown, ReaderDown])
def test_files_are_waited_for_while_the_vault_is_down(office: Any, down: type[Exception]) -> None:
    report_id, opening = office.sent_on(), office.opening()

    def nothing(*_: object) -> bytes:
        raise down

    office.works(office.means(opening=replace(opening, item=nothing)), passes=8)
    assert office.report(report_id).state is State.SENDING
    assert "report_waits" in office.alarms()
    office.works()
    [filed] = office.server.filed
    assert office.is_whole(filed)


def test_a_report_of_a_risk_to_life_goes_without_its_files_while_the_vault_is_down(office: Any) -> None:
    report_id, opening = office.sent_on(**office.emergency()), office.opening()

    def nothing(*_: object) -> bytes:
        raise VaultDown

    office.works(office.means(opening=replace(opening, item=nothing)))
    [filed] = office.server.filed
    assert filed.files == ()
    assert {one.left_out for one in office.filing(report_id).sent} == {"vault_down"}


def test_a_report_of_a_risk_to_life_goes_even_where_there_is_no_reader_at_all(office: Any) -> None:
    report_id = office.sent_on(**office.emergency())
    office.works(office.means(opening=None))
    assert office.report(report_id).state is State.FILED


def test_a_report_of_a_risk_to_life_waits_for_no_reader_even_where_the_first_call_fails(office: Any) -> None:
    report_id = office.sent_on(**office.emergency())
    office.server.fail_next(Moment.OPEN, Fault.STATUS_500, Fault.REPLY_LOST)
    office.works(office.means(opening=None))
    assert office.report(report_id).state is State.FILED
    assert len(office.server.filed) == 1


def test_a_destination_that_is_off_keeps_its_reports_waiting_with_an_alarm(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(access_of=lambda _: None))
    assert office.alarms() == ["report_waits"]
    assert office.filing(report_id).waits_for == "destination_off"
    office.works()
    assert office.report(report_id).state is State.FILED


def test_what_is_most_urgent_goes_first_and_a_turn_can_be_for_that_alone(office: Any) -> None:
    ordinary, urgent = office.sent_on(items=[]), office.sent_on(items=[], priority=Priority.ONE)
    filings.file_due(office.means(), up_to=Priority.ONE)
    assert (office.report(urgent).state, office.report(ordinary).state) == (State.FILED, State.SENDING)
    third = office.sent_on(items=[], priority=Priority.TWO)
    filings.file_due(office.means(), most_calls=2)
    assert (office.report(third).state, office.report(ordinary).state) == (State.FILED, State.SENDING)


def test_a_withdrawal_before_the_first_call_means_that_nobody_is_called(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=0)
    office.withdraws(report_id)
    office.works()
    assert office.server.calls.total() == 0


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_withdrawal_while_it_is_sent_takes_back_what_is_open_and_that_is_on_record(
    office: Any, calls: int
) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=calls)
    office.withdraws(report_id)
    office.server.fail_next(Moment.RETRACT, Fault.REPLY_LOST)
    office.works()
    assert office.server.filed == []
    assert office.server.unfinished == []
    assert office.report(report_id).state is State.WITHDRAWN
    codes = [
        detail["code"]
        for verb, detail in office.audited(report_id)
        if verb == "authority.call" and detail["call"] == "take_back" and "code" in detail
    ]
    assert codes == [wire.Code.ALREADY_RETRACTED]


def test_a_withdrawal_while_a_file_is_opened_keeps_that_file_from_leaving(office: Any) -> None:
    report_id, opening = office.sent_on(), office.opening()

    def withdrawn_meanwhile(asked: Any, item_id: Any) -> bytes:
        found: bytes = opening.item(asked, item_id)
        office.withdraws(report_id)
        return found

    office.works(office.means(opening=replace(opening, item=withdrawn_meanwhile)))
    assert office.server.calls == {Moment.OPEN: 1, Moment.RETRACT: 1}
    assert office.server.unfinished == []


def test_a_withdrawal_of_a_stuck_report_takes_back_what_is_open(office: Any) -> None:
    report_id = office.sent_on()
    office.server.fail_next(Moment.DESCRIBE, Fault.CODE_VALIDATION)
    office.works()
    office.withdraws(report_id)
    office.works()
    assert office.server.unfinished == []
    assert office.report(report_id).state is State.WITHDRAWN


def test_what_cannot_be_taken_back_of_a_withdrawn_report_is_left_to_expire(office: Any) -> None:
    report_id = office.sent_on()
    filings.file_due(office.means(), most_calls=2)
    office.withdraws(report_id)
    office.server.fail_next(Moment.RETRACT, Fault.EMPTY_401)
    office.works()
    assert office.server.calls[Moment.RETRACT] == 1
    assert office.report(report_id).state is State.WITHDRAWN
    assert office.alarms() == []
    office.clock.ahead += timedelta(hours=2)
    assert office.server.unfinished == []


def test_a_withdrawal_that_came_too_late_does_not_hide_that_it_is_filed(office: Any) -> None:
    report_id = office.sent_on()
    office.server.fail_next(Moment.FINISH, Fault.REPLY_LOST)
    filings.file_due(office.means(), most_calls=8)
    office.withdraws(report_id)
    office.works()
    [filed] = office.server.filed
    report = office.report(report_id)
    assert (report.state, report.reference) == (State.FILED, str(filed.report_id))
    assert office.told(report_id) == sorted(office.items)
    [record] = [detail for verb, detail in office.audited(report_id) if verb == "authority.file"]
    assert (record["although"], record["unconfirmed"]) == ("withdrawn", True)


def test_every_call_is_on_record_before_and_after_by_ids_codes_and_digests_alone(office: Any) -> None:
    report_id = office.sent_on()
    office.works(office.means(contents_of=changing(office, saying(office, "words of the report"))))
    [filed] = office.server.filed
    records = office.audited(report_id)
    calls = [detail for verb, detail in records if verb == "authority.call"]
    assert [each["moment"] for each in calls] == ["before", "after"] * 8
    opened = hashlib.sha256(filed.document).hexdigest()
    assert [each["sent_sha256"] for each in calls if each["call"] == "open"] == [opened, opened]
    said = json.dumps(records)
    assert "words of the report" not in said
    for each in filed.files:
        assert each.sha256 not in said
        assert hashlib.sha256(each.details).hexdigest() in said


def test_the_receipt_is_kept_sealed_as_it_came(office: Any) -> None:
    report_id = office.sent_on()
    office.works()
    [receipt] = [one for one in office.papers(report_id) if one.kind == "receipt"]
    body = office.opening().paper(report_id, receipt.id)
    assert hashlib.sha256(body).digest() == receipt.sha256
    assert str(office.report(report_id).reference).encode() in body


def test_stages_and_calls_of_the_table_are_those_of_the_machine() -> None:
    assert set(filing_rows.STAGES) == set(Stage)
    assert set(filing_rows.CALLS) == {*Call, SEND}
    assert filing.MOST_BEGINNINGS < 2**15
