"""A database, a person who may retry, and rows that other rooms would have written."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from safehold.act import deliver, tell
from safehold.act.channels.base import Destination
from safehold.egress.addresses import PermittedNetworks
from safehold.egress.client import Egress
from safehold.model.assessment import Category, Finding
from safehold.model.clock import utc_now
from safehold.model.events import Event, ItemCleared, OutcomeReversed, ProposalApproved
from safehold.model.hash_list import Purpose
from safehold.model.ids import (
    CaseId,
    EntryId,
    EventId,
    ItemId,
    ListId,
    MatchId,
    OutcomeId,
    ProposalId,
    UserId,
    new_id,
)
from safehold.model.match import Match
from safehold.model.permissions import Actor, Permission
from safehold.model.proposal import ProposalKind
from safehold.model.signal import PDQ
from safehold.storage import audit, deliveries, holds
from safehold.storage.assessments import assessment, outcome
from safehold.storage.cases import case_item, review_case
from safehold.storage.database import Database, Tx
from safehold.storage.events import insert_event, lock_revision
from safehold.storage.hash_lists import entry, hash_list
from safehold.storage.items import item, item_context
from safehold.storage.matches import match
from safehold.storage.proposals import proposal
from safehold.storage.users import app_user
from safehold.testing.webhook_receiver import WebhookReceiver

SECRET = "whsec_" + base64.b64encode(b"a secret that only tests share").decode()
KINDS = frozenset({"proposal_approved", "item_cleared", "outcome_reversed"})


@dataclass
class Desk:
    """Everything a test of this room needs, and short ways of making what comes from other rooms.

    now: moved by the test. Receivers accept timestamps within five minutes of the real time, so it
    begins a little before that.
    """

    database: Database
    person: Actor
    now: datetime = field(default_factory=lambda: utc_now() - timedelta(minutes=4))
    secret: str = SECRET
    egress: Egress = field(default_factory=lambda: Egress(user_agent="safehold-test"))

    def clock(self) -> datetime:
        return self.now

    def wait(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)

    def add_item(self, *, content_id: str | None = "upload-7") -> ItemId:
        item_id = ItemId(new_id())
        with self.database.begin() as tx:
            tx.run(
                item.insert().values(
                    id=item_id,
                    kind="signals",
                    surface="public_uploads",
                    scan_id=new_id(),
                    result="hold",
                    rehearsal=False,
                    received_at=self.now,
                )
            )
            tx.run(item_context.insert().values(item_id=item_id, content_id=content_id, account_id="a-1"))
        return item_id

    def add_case(self, item_id: ItemId, purpose: Purpose = Purpose.CSAM) -> CaseId:
        case_id = CaseId(new_id())
        with self.database.begin() as tx:
            tx.run(
                review_case.insert().values(
                    id=case_id,
                    purpose=purpose,
                    gathered_by=str(case_id),
                    rehearsal=False,
                    state="open",
                    priority=0,
                    priority_parts=[],
                    opened_at=self.now,
                )
            )
            tx.run(case_item.insert().values(case_id=case_id, item_id=item_id, joined_at=self.now))
        return case_id

    def add_match(
        self,
        item_id: ItemId,
        *,
        may_hold: bool = True,
        distance: int = 3,
        purpose: Purpose = Purpose.CSAM,
        recorded: bool = True,
    ) -> Match:
        list_id, entry_id = ListId(new_id()), EntryId(new_id())
        found = Match(
            id=MatchId(new_id()),
            list_id=list_id,
            list_name=f"list-{list_id}",
            purpose=purpose,
            entry_id=entry_id,
            signal_type=PDQ,
            distance=distance,
            may_hold=may_hold,
        )
        if recorded:
            with self.database.begin() as tx:
                self._record_match(tx, item_id, found)
        return found

    def _record_match(self, tx: Tx, item_id: ItemId, found: Match) -> None:
        tx.run(
            hash_list.insert().values(
                id=found.list_id,
                name=found.list_name,
                purpose=found.purpose,
                kind="hash",
                max_distance=31,
                hold_max_distance=15,
                may_hold=True,
                vetted=True,
                provenance="",
                created_at=self.now,
            )
        )
        tx.run(
            entry.insert().values(
                id=found.entry_id,
                list_id=found.list_id,
                signal_type="pdq",
                value=new_id().bytes * 2,
                origin="file",
                added_at=self.now,
                added_seq=1,
            )
        )
        tx.run(
            match.insert().values(
                id=found.id,
                item_id=item_id,
                list_id=found.list_id,
                entry_id=found.entry_id,
                signal_type="pdq",
                distance=found.distance,
                frame=0,
                may_hold=found.may_hold,
                matched_at=self.now,
            )
        )

    def settle(
        self, item_id: ItemId, case_id: CaseId, finding: Finding, purpose: Purpose = Purpose.CSAM
    ) -> None:
        self._outcome(item_id, case_id, finding, purpose)

    def _outcome(
        self, item_id: ItemId, case_id: CaseId, finding: Finding, purpose: Purpose, **more: Any
    ) -> OutcomeId:
        """Let the person assess and settle the item."""
        filed, settled = new_id(), OutcomeId(new_id())
        both = {
            "case_id": case_id,
            "item_id": item_id,
            "purpose": purpose,
            "finding": finding,
            "category": Category.B if finding is Finding.ILLEGAL and purpose is Purpose.CSAM else None,
        }
        person = self.person.user_id
        form = {"answers": {}, "policy_version": "1"}
        both |= {"form": "imagery", "tier": "clear"}
        with self.database.begin() as tx:
            tx.run(assessment.insert().values(id=filed, analyst_id=person, filed_at=self.now, **both, **form))
            tx.run(
                outcome.insert().values(
                    id=settled, settled_at=self.now, settled_by=person, rests_on=filed, **both, **more
                )
            )
        return settled

    def _decided_once(self, item_id: ItemId, case_id: CaseId, finding: Finding) -> OutcomeId:
        """Let there have been an outcome that was reversed since: it is on record and stands no more."""
        with self.database.begin() as tx:
            row = tx.run(review_case.select().where(review_case.c.id == case_id)).one()
        since = {"reversed_at": self.now, "reversed_by": self.person.user_id}
        return self._outcome(item_id, case_id, finding, Purpose(row.purpose), **since)

    def approved(
        self, item_id: ItemId, case_id: CaseId, kind: ProposalKind = ProposalKind.REMOVE_ITEM
    ) -> ProposalApproved:
        proposal_id = ProposalId(new_id())
        names_somebody = kind is ProposalKind.ACCOUNT_ACTION
        settled = self._decided_once(item_id, case_id, Finding.NOT_ILLEGAL)
        with self.database.begin() as tx:
            tx.run(
                proposal.insert().values(
                    id=proposal_id,
                    kind=kind,
                    item_id=item_id,
                    case_id=case_id,
                    outcome_id=settled,
                    subject_id=new_id() if names_somebody else None,
                    state="withdrawn" if names_somebody else "approved",
                    planned_at=self.now,
                    decided_at=self.now,
                    approved_by=self.person.user_id,
                )
            )
        event = ProposalApproved(
            at=self.now,
            item_id=item_id,
            case_id=case_id,
            proposal_id=proposal_id,
            proposal_kind=kind,
        )
        self.record(event)
        return event

    def cleared(self, item_id: ItemId, case_id: CaseId) -> ItemCleared:
        self._decided_once(item_id, case_id, Finding.NOT_ILLEGAL)
        event = ItemCleared(at=self.now, item_id=item_id, case_id=case_id, finding=Finding.NOT_ILLEGAL)
        self.record(event)
        return event

    def reversed(self, item_id: ItemId, case_id: CaseId) -> OutcomeReversed:
        self._decided_once(item_id, case_id, Finding.NOT_ILLEGAL)
        event = OutcomeReversed(at=self.now, item_id=item_id, case_id=case_id)
        self.record(event)
        return event

    def record(self, event: Event) -> EventId:
        assert event.item is not None
        with self.database.begin() as tx:
            revision = lock_revision(tx, event.item, raised=event.sets_course)
            return insert_event(tx, event, revision=revision).id

    def destination(self, url: str, port: int, **changed: Any) -> Destination:
        settings: dict[str, Any] = {
            "name": "platform",
            "url": url,
            "secrets": (self.secret,),
            "enabled": True,
            "kinds": KINDS,
            "permitted": PermittedNetworks.of(f"127.0.0.1:{port}"),
        }
        return Destination(**{**settings, **changed})

    def receiver_of(self, receiver: WebhookReceiver, **changed: Any) -> Destination:
        return self.destination(receiver.url, receiver.port, **changed)

    def tell(self, event: tell.Told, *destinations: Destination) -> None:
        with self.database.begin() as tx:
            tell.tell_platform(tx, event, destinations=destinations, now=self.now)

    def deliver(self, *destinations: Destination) -> deliver.Delivered:
        return deliver.deliver_due(self.database, self.egress, destinations, clock=self.clock)

    def deliveries(self) -> list[deliveries.Delivery]:
        """Every delivery, oldest first."""
        with self.database.begin() as tx:
            return deliver.listed(tx)[::-1]

    def actions(self) -> list[str]:
        return [one.body["data"]["action"] for one in self.deliveries()]

    def held(self, item_id: ItemId) -> list[holds.Hold]:
        with self.database.begin() as tx:
            return holds.of_item(tx, item_id)

    def audited(self, object_name: str) -> list[str]:
        with self.database.begin() as tx:
            return [record.verb for record in audit.of_object(tx, object_name)]


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    database = Database(database_url, pool_size=3)
    user_id: UUID = new_id()
    with database.begin() as tx:
        tx.run(
            app_user.insert().values(
                id=user_id,
                name="Admin",
                password_hash="-",
                roles=["admin"],
                queues=sorted(Purpose),
                created_at=utc_now(),
            )
        )
    yield Desk(database, Actor(permissions=frozenset({Permission.WEBHOOK_RETRY}), user_id=UserId(user_id)))
    database.close()
