"""Claims about checklists that people fill in: sealed, on record who did, and gone with the papers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.app import authority_checklists, authority_packs, paper_sweep
from safehold.app.authority_reports import Desk
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import FILING, PACKING, SHOWING, reading
from safehold.app.records import running as records_running
from safehold.authorities.checklist import EnteredValue, ScheduleItem
from safehold.authorities.entries import Filled
from safehold.model.assessment import Finding
from safehold.model.authority_report import AuthorityReportState, DestinationKind
from safehold.model.errors import (
    BadForm,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ReaderDown,
    StaleRevision,
)
from safehold.model.ids import AuthorityReportId, PaperId
from safehold.model.permissions import Role
from safehold.storage import checklist_entries
from safehold.testing.commands import Ended
from safehold.testing.handing_over import person

Shell = Callable[..., Ended]
AGENCY = {"country": "GB", "destinations": {"agency": {"kind": "uk_nca", "enabled": True}}}
BILLING = EnteredValue(values=("a card that ends with 42",))
NOTHING = EnteredValue(not_held="the service is free")


@pytest.fixture(scope="module")
def packing_reader(running_program: Any) -> Iterator[ReaderClient]:
    """Yield a reader, a process under its own role, that does what the console asks for."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=PACKING) as reader,
    ):
        yield reader


def told_agency(office: Any, **changed: Any) -> AuthorityReportId:
    found: AuthorityReportId = office.sent_on(kind=DestinationKind.UK_NCA, **changed)
    return found


def fills(office: Any, report_id: AuthorityReportId, item: ScheduleItem, value: Any, **more: Any) -> None:
    was = more.pop("was", paper_of(office, report_id, item))
    Desk.of(office.safehold.program).fill(
        report_id,
        [Filled(item, value, was)],
        vault=office.safehold.program.vault,
        actor=more.pop("actor", office.person),
    )


def paper_of(office: Any, report_id: AuthorityReportId, item: ScheduleItem) -> PaperId | None:
    with office.safehold.program.database.begin() as tx:
        found = {each.item: each.paper_id for each in checklist_entries.of_report(tx, report_id)}
    return found.get(item.value)


def opened(office: Any, reader: ReaderClient | None, report_id: AuthorityReportId, **more: Any) -> Any:
    actor = more.get("actor", office.person)
    return authority_checklists.opened(office.safehold.program.database, reader, report_id, actor=actor)


def confirmed(office: Any) -> str:
    """Confirm the first item, and return its id."""
    item_id = str(office.items[0])
    office.safehold.assess(item_id, Finding.ILLEGAL, by=office.safehold.analyst())
    office.safehold.run_steps()
    return item_id


def test_what_is_entered_opens_for_who_may_send_it_and_stands_nowhere_in_the_clear(
    office: Any, packing_reader: ReaderClient
) -> None:
    report_id = told_agency(office)
    assert opened(office, None, report_id) == {}
    fills(office, report_id, ScheduleItem.BILLING, BILLING)
    fills(office, report_id, ScheduleItem.EXIF, NOTHING)
    assert opened(office, packing_reader, report_id) == {
        ScheduleItem.BILLING: BILLING,
        ScheduleItem.EXIF: NOTHING,
    }
    dumped = office.safehold.sql(
        "select t::text as line from checklist_entry t"
        " union all select t::text from audit_record t union all select t::text from authority_paper t"
    )
    for row in dumped:
        assert BILLING.values[0] not in row.line
        assert BILLING.values[0].encode().hex() not in row.line
        assert NOTHING.not_held not in row.line
    seen = office.safehold.sql(
        "select actor, verb, detail from audit_record where object = %(about)s order by at, id",
        about=f"authority_report:{report_id}",
    )
    filled = [row.detail for row in seen if row.verb == "authority_report.fill"]
    assert [(each["item"], each["state"]) for each in filled] == [("billing", "value"), ("exif", "not_held")]
    reads = [row for row in seen if row.verb == "authority_paper.open"]
    assert [row.actor for row in reads] == [f"user:{office.person.user_id}"]


def test_nobody_opens_it_who_may_not_send_the_report_or_not_know_of_its_case(
    office: Any, packing_reader: ReaderClient
) -> None:
    report_id = told_agency(office)
    fills(office, report_id, ScheduleItem.BILLING, BILLING)
    for role in (Role.ANALYST, Role.AUDITOR, Role.ADMIN):
        somebody = office.safehold.analyst(f"a-{role.value}", role)
        with pytest.raises(NotAllowed):
            opened(office, packing_reader, report_id, actor=somebody)
        with pytest.raises((NotAllowed, NotFound)):
            fills(office, report_id, ScheduleItem.EMAIL, None, actor=somebody)
    gone = office.safehold.analyst("who-left", Role.LEGAL)
    office.safehold.sql(
        "update app_user set disabled_at = now() where id = %(id)s returning id", id=gone.user_id
    )
    with pytest.raises(NotAllowed):
        opened(office, packing_reader, report_id, actor=gone)
    with pytest.raises(ReaderDown):
        opened(office, None, report_id)


def test_that_of_a_risk_to_life_opens_for_an_analyst_who_may_declare_one(
    office: Any, packing_reader: ReaderClient
) -> None:
    report_id, analyst = told_agency(office, **office.emergency()), office.safehold.analyst("on-duty")
    fills(office, report_id, ScheduleItem.BILLING, BILLING, actor=analyst)
    assert opened(office, packing_reader, report_id, actor=analyst)[ScheduleItem.BILLING] == BILLING


def test_a_reader_for_pictures_or_for_filing_opens_none_of_it(office: Any) -> None:
    report_id, program = told_agency(office), office.safehold.program
    fills(office, report_id, ScheduleItem.BILLING, BILLING)
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=(*SHOWING, *FILING)) as reader,
    ):
        with pytest.raises(NotAllowed):
            opened(office, reader, report_id)
        with pytest.raises(NotAllowed):
            reader.file_paper(report_id, paper_of(office, report_id, ScheduleItem.BILLING))


def test_what_somebody_else_filled_in_meanwhile_is_not_overwritten(office: Any) -> None:
    report_id = told_agency(office)
    fills(office, report_id, ScheduleItem.BILLING, BILLING)
    with pytest.raises(StaleRevision):
        fills(office, report_id, ScheduleItem.BILLING, NOTHING, was=None)
    fills(office, report_id, ScheduleItem.BILLING, NOTHING)
    fills(office, report_id, ScheduleItem.BILLING, None)
    assert paper_of(office, report_id, ScheduleItem.BILLING) is None


def test_a_report_that_ended_or_has_no_checklist_takes_nothing(office: Any) -> None:
    report_id = told_agency(office)
    office.change(report_id, state=AuthorityReportState.DECLINED, ended_at=office.clock())
    with pytest.raises(Conflict):
        fills(office, report_id, ScheduleItem.BILLING, BILLING)
    with pytest.raises(Conflict):
        fills(office, office.sent_on(), ScheduleItem.BILLING, BILLING)


def test_what_was_entered_goes_with_the_papers_of_its_report(
    office: Any, packing_reader: ReaderClient
) -> None:
    report_id, kept = told_agency(office), told_agency(office, items=office.items[:1], first_told=False)
    for each in (report_id, kept):
        fills(office, each, ScheduleItem.BILLING, BILLING)
    ended = office.clock()
    office.change(report_id, state=AuthorityReportState.WITHDRAWN, ended_at=ended)
    term = timedelta(days=90)
    paper_sweep.forget_papers(office.as_worker, operator_term=term, now=ended + term + timedelta(seconds=1))
    assert opened(office, packing_reader, report_id) == {}
    assert [row.report_id for row in office.safehold.sql("select report_id from checklist_entry")] == [kept]
    assert opened(office, packing_reader, kept)[ScheduleItem.BILLING] == BILLING


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.sampled_from(list(ScheduleItem)), st.sampled_from([BILLING, NOTHING, None])), max_size=8
    )
)
def test_the_score_follows_whatever_is_filled_in_and_taken_back(office: Any, said: list[Any]) -> None:
    report_id, program = told_agency(office, first_told=False), office.safehold.program

    def held() -> Any:
        with program.database.begin() as tx:
            found, _entries = authority_checklists.looked_at(
                tx, program.settings, report_id, actor=office.person, now=office.clock()
            )
        return found

    empty = {line.item: line.state for line in held().lines}
    last: dict[ScheduleItem, Any] = {}
    for item, value in said:
        fills(office, report_id, item, value)
        last[item] = value
    unanswered = {
        item for item, state in empty.items() if state == "not_yet_looked" and last.get(item) is None
    }
    assert {line.item for line in held().lines if line.state == "not_yet_looked"} == unanswered
    assert held().answered == len(ScheduleItem) - len(unanswered)


def test_a_file_is_filled_in_by_command_shown_as_states_and_taken_into_the_pack(
    office: Any, shell: Callable[[dict[str, Any]], Shell], tmp_path: Path
) -> None:
    case_id, counsel, run = office.safehold.case_of(confirmed(office)), person(office.safehold), shell(AGENCY)
    report = run("plan", case_id).out.split()[-1]
    before = run("checklist", report)
    assert "billing  not_yet_looked\n" in before.out
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"billing": list(BILLING.values), "upload_ip": ["no address"]}))
    wrong = run("fill", report, "--from", file, by=counsel)
    assert (wrong.code != 0, "upload_ip: line 1" in wrong.err, "no address" in wrong.err) == (
        True,
        True,
        False,
    )
    assert run("checklist", report).out == before.out
    said = {"billing": list(BILLING.values), "exif": {"not_held": NOTHING.not_held}, "email": None}
    file.write_text(json.dumps(said))
    assert run("fill", report, "--from", file, by=counsel).code == 0
    shown = run("checklist", report)
    assert f"billing  value  entered by {counsel.name}" in shown.out
    assert BILLING.values[0] not in shown.out
    folder = tmp_path / "pack"
    assert run("pack", report, "--to", folder, by=counsel).code == 0
    lines = {each["item"]: each for each in json.loads((folder / "pack.json").read_text())["checklist"]}
    assert lines["billing"]["values"] == list(BILLING.values)
    assert (lines["exif"]["state"], lines["exif"]["reason"]) == ("not_held", NOTHING.not_held)
    assert BILLING.values[0] in (folder / "pack.html").read_text()


def test_a_hotline_gets_the_letter_in_a_shape_of_its_own(office: Any) -> None:
    confirmed(office)
    program, report_id = office.safehold.program, office.sent_on(kind=DestinationKind.GENERIC)
    made = authority_packs.opened(
        program.database,
        program.settings,
        report_id,
        open_entries=lambda *_: {},
        vault=program.vault,
        actor=office.person,
        now=office.clock(),
    )
    said = json.loads(made.files["pack.json"])
    assert (said["shape"], said["report"]) == ("safehold.authority-letter", str(report_id))
    assert (said["rehearsal"], len(said["files"])) == (True, 1)
    assert b"Who reports whom" in made.files["pack.html"]


def test_a_pack_as_one_file_is_the_same_bytes_for_the_same_pack_and_in_pieces(office: Any) -> None:
    confirmed(office)
    report_id, program = told_agency(office), office.safehold.program
    made = authority_packs.opened(
        program.database,
        program.settings,
        report_id,
        open_entries=lambda *_: {ScheduleItem.BILLING: EnteredValue(values=("x" * 200_000,))},
        vault=program.vault,
        actor=office.person,
        now=office.clock(),
    )
    for form in ("json", "html"):
        pieces = list(authority_packs.download(made, form).pieces)
        assert b"".join(pieces) == made.files[f"pack.{form}"]
        assert max(map(len, pieces)) <= authority_packs.PIECE_BYTES < sum(map(len, pieces))
    zipped = [b"".join(authority_packs.download(made, "zip").pieces) for _ in range(2)]
    assert zipped[0] == zipped[1]
    with pytest.raises(BadForm):
        authority_packs.download(made, "exe")
    auditor = office.safehold.analyst("who-reads", Role.AUDITOR)
    with program.database.begin() as tx, pytest.raises(NotAllowed):
        authority_packs.make(
            tx,
            program.settings,
            report_id,
            entered={},
            vault=program.vault,
            actor=auditor,
            now=office.clock(),
        )


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"billing": 7}', '{"nothing": ["x"]}', "[" * 5000, '{"exif": {"not_held": 1}}']
)
def test_a_file_that_is_no_checklist_is_refused_in_words(said: str, tmp_path: Path, office: Any) -> None:
    file = tmp_path / "values.json"
    file.write_text(said)
    with pytest.raises(InvalidInput, match=r"file|billing|exif"):
        authority_checklists.of_file(file, clock=office.clock)
