"""Claims about reports that go as one encrypted parcel: once, whole, and a person hears of the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehold.authorities import decisions, filings
from safehold.authorities.destinations.generic.way import ByMail, ByWebhook, Way
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.mail import MailServer, Security
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReportState, DestinationKind, FileOwed, Relation
from safehold.model.errors import Conflict
from safehold.storage import authority_reports as rows
from safehold.testing.hotline import Desk, Fault, Hotline
from safehold.testing.hotline.webhook import SECRET
from safehold.testing.mail_server import Fault as MailFault
from safehold.testing.mail_server import MailReceiver
from safehold.testing.turmoil import Killed
from safehold.vault.store import CiphertextStore

State = AuthorityReportState
PARCEL = DestinationKind.PARCEL


@pytest.fixture
def desk(office: Any) -> Desk:
    return Desk(sender_key=office.safehold.program.home.bundles_key().public_key())


@pytest.fixture
def hotline(desk: Desk) -> Iterator[Hotline]:
    with Hotline(desk) as opened:
        yield opened


def by_webhook(hotline: Hotline, **changed: Any) -> Way:
    by = ByWebhook(
        url=hotline.url, secrets=(SECRET,), permitted=PermittedNetworks.of(f"127.0.0.1:{hotline.port}")
    )
    return Way(**{"by": by, "recipients": (hotline.desk.recipient,), "seconds": 5.0, **changed})


def by_mail(receiver: MailReceiver, desk: Desk) -> Way:
    server = MailServer(
        host="127.0.0.1",
        port=receiver.port,
        security=Security.NONE,
        permitted=PermittedNetworks.of(f"127.0.0.1:{receiver.port}"),
    )
    by = ByMail(server=server, sender="reports@example.org", mailboxes=("desk@hotline.example",))
    return Way(by=by, recipients=(desk.recipient,))


def sent_on(office: Any, way: Way, **changed: Any) -> Any:
    """Return a report that a person has sent on, and that goes this way."""
    report_id = office.sent_on(**{"kind": PARCEL, **changed})
    office.access[office.report(report_id).destination] = way
    return report_id


def confirm(office: Any) -> None:
    """Let a person find all items illegal."""
    analyst = office.safehold.analyst("who confirms")
    for item_id in office.items:
        office.safehold.assess(str(item_id), Finding.ILLEGAL, by=analyst)
    office.safehold.run_steps()


def digests(office: Any, *items: Any) -> set[str]:
    """Return the SHA-256 of items that the records name."""
    found = office.safehold.sql(
        "select m.sha256 from item i join media m on m.id = i.media_id where i.id = any(%(items)s)",
        items=list(items),
    )
    return {row.sha256.hex() for row in found}


def test_a_report_arrives_as_one_parcel_with_its_files_and_their_reference_is_on_record(
    office: Any, hotline: Hotline
) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    office.works()
    [taken] = hotline.desk.taken
    assert taken.report_id == str(report_id)
    assert {each["sha256"] for each in taken.inventory["files"]} == digests(office, *office.items)
    assert len(taken.files) == len(office.items)
    report, read = office.report(report_id), office.filing(report_id)
    assert (report.state, report.reference) == (State.FILED, taken.reference)
    assert all(each.file_id in taken.files for each in read.sent)
    assert {each.kind.value for each in office.papers(report_id)} == {"report", "file_details", "receipt"}
    assert not hotline.rejections


def test_each_sending_is_on_record_before_and_after_and_no_record_holds_content(
    office: Any, hotline: Hotline
) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(Fault.SERVER_ERROR)
    office.works()
    calls = [detail for verb, detail in office.audited(report_id) if verb == "authority.call"]
    assert [(each["moment"], each.get("end")) for each in calls] == [
        ("before", None),
        ("after", "unknown"),
        ("before", None),
        ("after", "taken"),
    ]
    assert len({each["sums_sha256"] for each in calls}) == 1
    assert hotline.url not in str(office.audited(report_id))


@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.ERROR_THOUGH_TAKEN])
def test_a_lost_reply_leads_to_the_same_report_again_and_to_one_at_the_hotline(
    office: Any, hotline: Hotline, fault: Fault
) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(fault)
    office.works()
    [taken] = hotline.desk.taken
    assert hotline.desk.repeats == [str(report_id)]
    assert office.report(report_id).reference == taken.reference
    [filed] = [detail for verb, detail in office.audited(report_id) if verb == "authority.file"]
    assert filed["repeats"] == 1


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.SERVER_ERROR, Fault.BUSY])
def test_what_was_not_taken_is_sent_again_until_it_is(office: Any, hotline: Hotline, fault: Fault) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(fault, fault)
    office.works()
    assert office.report(report_id).state is State.FILED
    assert (hotline.attempts, hotline.desk.repeats) == (3, [])


def test_a_hotline_that_says_nothing_is_left_at_the_deadline_and_tried_again(
    office: Any, hotline: Hotline
) -> None:
    report_id = sent_on(office, by_webhook(hotline, seconds=0.5))
    hotline.fail_next(Fault.NO_ANSWER)
    office.works()
    assert office.report(report_id).state is State.FILED


@pytest.mark.parametrize(
    ("fault", "why"), [(Fault.REFUSED, "refused:422"), (Fault.NO_REFERENCE, "no_reference")]
)
def test_what_is_refused_is_stuck_with_an_alarm_until_a_person_lets_it_go_on(
    office: Any, hotline: Hotline, fault: Fault, why: str
) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(fault)
    office.works()
    assert (office.report(report_id).state, office.filing(report_id).why) == (State.STUCK, why)
    assert "report_stuck" in office.alarms()
    assert hotline.attempts == 1
    office.lets_go_on(report_id)
    office.works()
    assert office.report(report_id).state is State.FILED
    assert len(hotline.desk.taken) == 1


def test_under_the_id_of_a_report_that_they_may_have_no_other_letter_goes(
    office: Any, hotline: Hotline
) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(Fault.NO_REFERENCE)
    office.works()
    with pytest.raises(Conflict, match="may have it"):
        office.lets_go_on(report_id, anew=True)
    refused = sent_on(office, by_webhook(hotline), first_told=False)
    hotline.fail_next(Fault.REFUSED)
    office.works()
    office.lets_go_on(refused, anew=True)
    office.works()
    assert office.report(refused).state is State.FILED
    assert len(office.papers(refused)) == 5


def test_a_parcel_on_its_way_that_they_may_have_is_not_withdrawn(office: Any, hotline: Hotline) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(Fault.REPLY_LOST)
    filings.file_due(office.means())
    report, database = office.report(report_id), office.safehold.program.database
    with database.begin() as tx, pytest.raises(Conflict, match="may have it"):
        decisions.withdraw(tx, report_id, actor=office.person, revision=report.revision, now=office.clock())
    office.works()
    assert office.report(report_id).state is State.FILED


def test_a_hotline_that_is_down_for_a_week_is_visible_and_gets_it_once_a_person_lets_it_go_on(
    office: Any, desk: Desk
) -> None:
    with Hotline(desk) as hotline:
        way = by_webhook(hotline)
    report_id = sent_on(office, way)
    begun = office.clock()
    office.works()
    assert (office.report(report_id).state, office.filing(report_id).why) == (State.STUCK, "tried_too_long")
    assert "report_stuck" in office.alarms()
    assert not office.filing(report_id).may_be_there
    office.clock.ahead += timedelta(days=7) - (office.clock() - begun)
    with Hotline(desk) as hotline:
        office.access[office.report(report_id).destination] = by_webhook(hotline)
        office.lets_go_on(report_id)
        office.works()
        assert office.report(report_id).state is State.FILED


def test_a_file_that_vanished_is_left_out_and_the_inventory_says_why(office: Any, hotline: Hotline) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    CiphertextStore(office.safehold.program.home.vault).delete(office.object_of(office.items[0]))
    office.works()
    [taken] = hotline.desk.taken
    [missing] = [each for each in taken.inventory["files"] if each["bytes"] == "not_here"]
    assert (missing["item"], missing["reason"]) == (str(office.items[0]), "unreadable")
    assert len(taken.files) == len(office.items) - 1
    assert office.report(report_id).state is State.FILED


def test_an_item_that_fell_since_it_was_sent_on_does_not_go(office: Any, hotline: Hotline) -> None:
    report_id = sent_on(office, by_webhook(hotline))
    hotline.fail_next(Fault.SERVER_ERROR)
    filings.file_due(office.means())
    office.items_fall(report_id, office.items[:1])
    office.works()
    [taken] = hotline.desk.taken
    assert [each["reason"] for each in taken.inventory["files"]] == ["fell", None, None]


def test_without_a_reader_a_report_waits_and_one_of_a_risk_to_life_goes_without_files_that_follow(
    office: Any, hotline: Hotline
) -> None:
    waits = sent_on(office, by_webhook(hotline))
    filings.file_due(office.means(opening=None))
    assert office.filing(waits).waits_for == "no_reader"
    assert hotline.attempts == 0
    urgent = sent_on(office, by_webhook(hotline), first_told=False, **office.emergency())
    office.works(office.means(opening=None, parcels=office.real_letters().parcels), passes=3)
    [taken] = hotline.desk.taken
    assert (taken.report_id, taken.files) == (str(urgent), {})
    with office.safehold.program.database.begin() as tx:
        assert {one.file for one in rows.items_of(tx, urgent)} == {FileOwed.OWED}
    assert office.plans_owed_files() == 1
    [supplement] = [one for one in office.reports() if one.relation is Relation.SUPPLEMENT]
    assert supplement.kind is PARCEL
    office.withdraws(waits)
    office.sends(supplement)
    office.works(office.real_letters())
    [then] = [each for each in hotline.desk.taken if each.report_id == str(supplement.id)]
    assert then.letter["earlier_references"] == [taken.reference]
    assert len(then.files) == len(office.items)


def test_files_that_do_not_go_by_the_settings_stay_and_the_letter_says_so(
    office: Any, hotline: Hotline
) -> None:
    webhook = {"kind": "generic", "delivery": "webhook", "url": hotline.url, "secrets": [SECRET]}
    webhook |= {"age_recipients": [hotline.desk.recipient], "send_files": False}
    report_id = sent_on(office, by_webhook(hotline))
    office.declared[office.report(report_id).destination] = webhook
    confirm(office)
    office.works(office.real_letters())
    [taken] = hotline.desk.taken
    assert {each["reason"] for each in taken.inventory["files"]} == {"not_sent"}
    assert taken.files == {}
    said = str(taken.letter["letter"])
    assert "0 files go along" in said
    assert "one file that only they can open, to their address at 127.0.0.1" in said


def test_without_production_nothing_but_practice_with_harmless_files_goes(
    office: Any, hotline: Hotline
) -> None:
    meant = sent_on(office, by_webhook(hotline), rehearsal=False)
    office.works()
    assert (office.report(meant).state, office.filing(meant).why) == (State.STUCK, "not_a_rehearsal")
    assert hotline.attempts == 0


def test_production_for_one_public_key_is_none_for_another(office: Any, hotline: Hotline) -> None:
    from safehold.authorities.production import digest_of

    other = by_webhook(hotline, recipients=(Desk().recipient,))
    assert digest_of(by_webhook(hotline)) != digest_of(other)


def test_a_mail_brings_the_same_parcel_and_its_message_id_is_the_reference(office: Any, desk: Desk) -> None:
    with MailReceiver() as receiver:
        report_id = sent_on(office, by_mail(receiver, desk))
        office.works()
        [mail] = receiver.taken
    assert desk.read(mail.message)
    assert office.report(report_id).reference == mail.message["Message-ID"]
    assert len(desk.taken[0].files) == len(office.items)
    assert "may have had it" not in str(mail.message)


def test_a_mail_of_which_nobody_knows_whether_it_came_says_so_when_it_is_sent_again(
    office: Any, desk: Desk
) -> None:
    with MailReceiver() as receiver:
        report_id = sent_on(office, by_mail(receiver, desk))
        receiver.fault = MailFault.ANSWER_LOST
        filings.file_due(office.means())
        assert office.filing(report_id).waits_for == "mail:unanswered"
        assert office.filing(report_id).may_be_there
        receiver.fault = None
        office.works()
        first, again = receiver.taken
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert again.message["Subject"] == f"Report {report_id}, sent again"
    assert "sent it once, and do not know" in again.message.get_payload()[0].get_payload()
    assert desk.read(first.message) == desk.read(again.message)
    assert office.report(report_id).state is State.FILED


@pytest.mark.parametrize(
    ("fault", "state"), [(MailFault.BUSY, State.SENDING), (MailFault.UNKNOWN_RECEIVER, State.STUCK)]
)
def test_a_mail_that_was_surely_not_taken_is_none_that_they_may_have(
    office: Any, desk: Desk, fault: MailFault, state: State
) -> None:
    with MailReceiver() as receiver:
        report_id = sent_on(office, by_mail(receiver, desk))
        receiver.fault = fault
        filings.file_due(office.means())
        assert office.report(report_id).state is state
        assert not office.filing(report_id).may_be_there
        assert receiver.taken == []
    office.withdraws(report_id)


def test_two_workers_at_the_same_time_send_each_report_once(office: Any, hotline: Hotline) -> None:
    way = by_webhook(hotline)
    reports = [sent_on(office, way, items=[each]) for each in office.items]
    workers = [threading.Thread(target=office.works, args=(office.means(),)) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    office.works()
    assert sorted(each.report_id for each in hotline.desk.taken) == sorted(map(str, reports))
    assert {office.report(each).state for each in reports} == {State.FILED}


DEATHS = ["dies before", "dies after"]
SENDINGS = st.lists(st.sampled_from(["", "", *DEATHS, "overtaken before"]), max_size=8)
COMMITS = st.lists(st.sampled_from(["", "", "", *DEATHS, "dies inside"]), max_size=20)
FAULTS = st.lists(st.sampled_from([each for each in Fault if each is not Fault.NO_ANSWER]), max_size=6)
SLOW = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.mark.parametrize("times", [8, pytest.param(100, marks=SLOW)])
def test_whatever_happens_the_hotline_has_exactly_one_report_or_a_person_is_asked(
    office: Any, desk: Desk, times: int
) -> None:
    @settings(
        deadline=None,
        max_examples=times,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(sendings=SENDINGS, commits=COMMITS, faults=FAULTS)
    def whatever_happens(sendings: list[str], commits: list[str], faults: list[Fault]) -> None:
        office.clock.ahead = timedelta()
        with Hotline(desk) as hotline:
            report_id = sent_on(office, by_webhook(hotline), first_told=False)
            hotline.fail_next(*faults)
            turmoil = office.turmoil(sendings, commits)
            for _ in range(40):
                try:
                    filings.file_due(office.means_in(turmoil), most_calls=4)
                except Killed:
                    office.clock.ahead += timedelta(seconds=90)
                office.clock.ahead += timedelta(minutes=3)
                if turmoil.is_over:
                    break
            ends_as_one(office, hotline, report_id)

    whatever_happens()


def ends_as_one(office: Any, hotline: Hotline, report_id: Any) -> None:
    """Let a worker go on, and a person look each time that it is stuck, until the report is filed."""
    for _ in range(10):
        office.works()
        if office.report(report_id).state is not State.STUCK:
            break
        assert office.filing(report_id).why
        assert "report_stuck" in office.alarms()
        office.lets_go_on(report_id)
        office.sweeps_alarms()
    [taken] = [each for each in hotline.desk.taken if each.report_id == str(report_id)]
    report = office.report(report_id)
    assert (report.state, report.reference) == (State.FILED, taken.reference)
    assert len(taken.files) == len(office.items)
    events = office.safehold.sql(
        "select 1 from event where kind = 'authority_report_filed' and fields->>'report_id' = %(id)s",
        id=str(report_id),
    )
    assert len(events) == 1
    assert not hotline.rejections
