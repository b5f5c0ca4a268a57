"""What machines pointed at and what lists knew goes its whole way, and behind every act somebody stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from safehold.app import records_check, wiring
from safehold.app.audit.proof import Act, Causes, prove
from safehold.app.authority_letters import read
from safehold.app.authority_reports import Desk
from safehold.model.assessment import Answer, ConductForm, ConductKind, Finding
from safehold.model.case import SubjectPart
from safehold.model.ids import ItemId, new_id
from safehold.model.permissions import Actor, Permission, Role
from safehold.review import assess, cases, subjects
from safehold.storage import authority_reports, causes
from safehold.storage import subjects as subject_rows
from safehold.storage.yearly import Span
from safehold.testing import running
from safehold.testing.classifier_cards import asks_for_all
from safehold.testing.cybertipline import CyberTiplineServer
from safehold.testing.running import TESTER, Installation, altered_copy
from safehold.testing.webhook_receiver import WebhookReceiver
from safehold.web.server import served

SECRET = "for tests alone"
THREAT = "Pay me 200 by tonight. I will send it to all your friends, and don't tell your parents."


@dataclass(frozen=True, slots=True)
class House:
    """A program that asks a classifier, tells a platform and files with a strict server, and its people."""

    safehold: Installation
    receiver: WebhookReceiver
    tipline: CyberTiplineServer
    analyst: Actor
    legal: Actor

    def uploads(self, data: bytes, surface: str, **context: str) -> Any:
        answer = self.safehold.platform().upload(
            data, {"surface": surface} | context, media_type="image/jpeg"
        )
        self.goes_on()
        return answer.body

    def goes_on(self) -> None:
        self.safehold.run_steps()
        self.safehold.deliver()

    def confirms(self, item_id: str) -> None:
        self.safehold.assess(item_id, Finding.ILLEGAL, by=self.analyst, having_looked=True)
        self.goes_on()

    def sends_what_waits(self, item_id: str) -> None:
        """Let somebody of the role legal read and send what is planned, and a worker file it."""
        program = self.safehold.program
        with program.database.begin() as tx:
            [planned] = authority_reports.of_case(tx, self.safehold.case_of(item_id))
            letter = read(tx, program.settings, planned.id, actor=self.legal, now=program.clock())
        Desk.of(program).send(planned.id, actor=self.legal, revision=letter.sheet.report.revision)
        [filing] = (due for due in wiring.schedules(program) if due.name == "authority filings")
        filing.run()
        self.goes_on()

    def causes(self) -> dict[str, Causes]:
        """Return what is behind each kind of act of which there was one."""
        program = self.safehold.program
        ends = program.clock() + timedelta(seconds=1)
        proof = prove(program.database, begins=None, ends=ends, actor=TESTER)
        return {each.act.value: each for each in proof.causes if each.acts}

    def without(self) -> dict[str, int]:
        """Return of how many acts of which kind nobody is the cause."""
        return {kind: each.without for kind, each in self.causes().items() if each.without}


@pytest.fixture(scope="module")
def opened(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, WebhookReceiver, CyberTiplineServer]]:
    secret, folder = running.new_secret(), tmp_path_factory.mktemp("causes")
    with (
        WebhookReceiver(secret) as receiver,
        CyberTiplineServer(username="tests", password=SECRET) as tipline,
    ):
        destination: dict[str, Any] = {
            "kind": "ncmec_cybertipline",
            "enabled": True,
            "url": tipline.base,
            "username": "tests",
            "password": SECRET,
            "permitted_networks": [f"127.0.0.1:{tipline.port}"],
        }
        settings = running.settings_of(
            folder / "data",
            database_url,
            surfaces=running.SURFACES | {"asked": {"rehearsal": True, "classifiers": ["asks"]}},
            classifiers={"asks": {"card": str(asks_for_all(folder)), "shadow": False, "seconds": 20}},
            webhooks={"platform": running.webhook_to(receiver, secret)},
            policies={"remove_confirmed": True},
            authorities={
                "country": "US",
                "company": "Example",
                "reporting_person": {"first_name": "A", "last_name": "Person", "email": "r@example.org"},
                "destinations": {"tipline": destination},
            },
        )
        surfaces = frozenset({"api", "console", "media", "worker"})
        with running.installation(settings, serve=served, surfaces=surfaces) as safehold:
            yield safehold, receiver, tipline


@pytest.fixture
def house(opened: tuple[Installation, WebhookReceiver, CyberTiplineServer]) -> Iterator[House]:
    safehold, receiver, tipline = opened
    safehold.add_list(exact=[altered_copy(1)])
    yield House(safehold, receiver, tipline, safehold.analyst(), safehold.analyst("legal", Role.LEGAL))
    safehold.program.scanner.counters.flush()


def threatens(house: House) -> Any:
    """Let a stranger threaten a child, and return what the platform is answered."""
    clock = house.safehold.program.clock
    body = {
        "surface": "public",
        "participants": [{"id": "child", "age_band": "14-15"}, {"id": "stranger", "age_band": "adult"}],
        "messages": [
            {
                "id": "m-1",
                "by": "stranger",
                "sent_at": (clock() - timedelta(minutes=1)).isoformat(),
                "language": "en",
                "text": THREAT,
            }
        ],
    }
    platform = house.safehold.platform(Permission.CONVERSATION)
    answer = platform.ask("POST", "/v1/conversations/talk-1/messages", body)
    house.goes_on()
    return answer.body


def is_read_and_judged(house: House, item_id: str) -> None:
    """Let the analyst set the stranger's part, and find the conversation to be coercion."""
    program, analyst = house.safehold.program, house.analyst.analyst()
    form = ConductForm(
        finding=Finding.ILLEGAL,
        kind=ConductKind.COERCION,
        by="stranger",
        towards="child",
        child_at_risk_now=Answer.NO,
        relied_on=("m-1",),
    )
    case_id, now = house.safehold.case_of(item_id), program.clock()
    with program.database.begin() as tx:
        cases.take(tx, case_id, analyst, now)
        for subject in subject_rows.of_case(tx, case_id):
            subjects.set_part(
                tx, subject.id, SubjectPart.SUSPECTED, by=analyst, revision=subject.revision, now=now
            )
        taken = cases.take(tx, case_id, analyst, now)
        assess.file_assessment(
            tx,
            case_id,
            ItemId(UUID(item_id)),
            form,
            by=analyst,
            policy_version="tests",
            case_revision=taken.revision,
            record=program.recorder.record,
            now=now,
        )
    house.goes_on()


def test_from_flags_and_matches_to_removals_and_a_report_no_act_is_a_machines_alone(house: House) -> None:
    unseen = house.uploads(altered_copy(100), "asked", account_id="account-1")
    assert unseen["flags"][0]["source"] == "classifier:asks"
    threatened = threatens(house)
    assert (unseen["result"], threatened["result"]) == ("review", "review")
    # What machines asked for is before people, and nothing was done.
    assert house.causes() == {}

    house.confirms(unseen["item_id"])
    is_read_and_judged(house, threatened["item_id"])
    listed = house.uploads(altered_copy(1), "rehearsal", account_id="account-2", ip="192.0.2.7")
    assert listed["result"] == "hold"
    house.confirms(listed["item_id"])
    house.sends_what_waits(listed["item_id"])

    assert len(house.tipline.filed) == 1
    found = house.causes()
    assert {kind: (one.acts, one.by_people, one.by_list, one.by_policy) for kind, one in found.items()} == {
        "hold": (1, 0, 1, 0),
        "finding": (3, 3, 0, 0),
        "removal": (3, 0, 0, 3),
        "told": (3, 0, 0, 3),
        "authority_report": (1, 1, 0, 0),
        "part": (1, 1, 0, 0),
        "closed_case": (3, 3, 0, 0),
    }
    assert house.without() == {}
    assert sum(one.acts for one in found.values()) == 15
    assert most_readings_of_one_set(house) == 1


def most_readings_of_one_set(house: House) -> int:
    """Return how often the proof reads any of its sets, such as what people decided: never once for each act.

    Ten thousand acts took it four minutes when it did.
    """
    ends = house.safehold.program.clock() + timedelta(seconds=1)
    asked = {"begins": ends - timedelta(days=1), "ends": ends, "shown": 1}
    with house.safehold.program.database.begin() as tx:
        explained = sa.text("explain (analyze, format json) " + causes.PROOF.text)
        [whole] = tx.run(explained, asked).scalar_one()
    return max(node["Actual Loops"] for node in nodes(whole["Plan"]) if node["Node Type"] == "CTE Scan")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every part of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@dataclass(frozen=True, slots=True)
class Planted:
    """A statement that writes an act past Safehold, and every constraint of the table content with it."""

    act: Act
    statement: str


PLANTED = [
    Planted(
        Act.HOLD,
        "insert into hold (id, item_id, match_id, placed_at) select %(id)s, item_id, id, now()"
        " from match limit 1",
    ),
    Planted(
        Act.FINDING,
        """with said as (insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding,
               answers, tier, policy_version, filed_at)
             select %(id)s, c.id, c.purpose, i.item_id, %(person)s, 'imagery', 'not_illegal', '{}', 'clear',
               'x', now() from review_case c join case_item i on i.case_id = c.id returning *)
           insert into outcome (id, case_id, purpose, item_id, finding, settled_at, settled_by, rests_on,
             tier)
           select %(id)s, case_id, purpose, item_id, finding, now(), analyst_id, id, 'clear' from said""",
    ),
    Planted(
        Act.REMOVAL,
        """insert into proposal (id, kind, item_id, case_id, outcome_id, state, planned_at, policy,
             decided_at)
           select %(id)s, 'remove_item', item_id, case_id, id, 'approved', now(), 'remove_confirmed', now()
             from outcome""",
    ),
    Planted(
        Act.TOLD,
        """insert into delivery (id, event_id, destination, kind, body, state, created_at, delivered_at)
           select %(id)s, id, 'platform', kind, '{"data": {"action": "remove"}}', 'delivered', now(), now()
             from event where kind = 'item_matched'""",
    ),
    Planted(
        Act.AUTHORITY_REPORT,
        """insert into authority_report (id, case_id, destination, kind, priority, state, reasons, planned_at,
             due_at, rehearsal, unverified, approved_by, approved_at)
           select %(id)s, id, 'tipline', 'ncmec_cybertipline', 3, 'sending', '{}', now(),
             now() + interval '1 hour', rehearsal, false, %(person)s, now() from review_case""",
    ),
    Planted(
        Act.HAND_OVER,
        """insert into bundle_request (id, asked_by, asked_at, recipients, recipient_name, purpose, approved,
             decided_at, decided_by, made, made_at)
           values (%(id)s, %(person)s, now(), '{age1}', 'Somebody', 'For a reason', true, now(), %(other)s, 1,
             now())""",
    ),
    Planted(
        Act.PART,
        """update subject set part = 'suspected', part_set_by = %(person)s, part_set_at = now()
           where id = (select id from subject limit 1)""",
    ),
    Planted(
        Act.CLOSED_CASE,
        "update review_case set state = 'settled', settled_at = now()",
    ),
]


@pytest.mark.parametrize("planted", PLANTED, ids=[one.act.value for one in PLANTED])
def test_an_act_written_behind_our_back_is_found(house: House, planted: Planted) -> None:
    house.uploads(altered_copy(1), "rehearsal", account_id="account-1")
    if planted.act is Act.HOLD:
        house.safehold.sql("update hold set released_at = now(), release_reason = 'item_cleared'")
    assert house.without() == {}
    if planted.act is Act.REMOVAL:
        finding = next(one for one in PLANTED if one.act is Act.FINDING)
        plant(house, finding)
    plant(house, planted)
    found = house.causes()[planted.act.value]
    assert found.without == 1
    assert len(found.shown) == 1
    program = house.safehold.program
    with program.database.begin() as tx:
        ends = program.clock() + timedelta(seconds=1)
        [said] = records_check.acts(tx, Span(ends - timedelta(days=1), ends))
    assert said.startswith(records_check.FAILED)


def plant(house: House, planted: Planted) -> None:
    """Write it as somebody with the owner's password could."""
    people = {"person": house.analyst.user_id, "other": house.legal.user_id}
    house.safehold.sql(planted.statement, **({"id": new_id()} | people))
