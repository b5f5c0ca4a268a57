"""What a person in the console is shown: a case with its proposals, the queue, the bar above every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safehold.app import proposals
from safehold.app.access.users import names
from safehold.evidence import reading
from safehold.model.assessment import Tier
from safehold.model.errors import Refused
from safehold.model.hash_list import Purpose
from safehold.model.ids import CaseId, ItemId, RevealId
from safehold.model.permissions import Actor, Permission
from safehold.model.proposal import Proposal
from safehold.review import cases, viewing
from safehold.review.facts import CaseView, facts
from safehold.storage import alarms, audit, items, media
from safehold.storage.cases import CaseSummary
from safehold.storage.database import Database, Tx
from safehold.vault.vault import Reader

QUEUE_SHOWN = 100

SHOWABLE = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif"})
"""Media types that a browser shows as a picture."""

People = Mapping[UUID, str]
"""Names by id, for screens alone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands above every page. alarms: how many stand, by code. looked_seconds: today, this person."""

    alarms: Mapping[str, int]
    looked_seconds: float


@dataclass(frozen=True, slots=True)
class QueueView:
    """Open cases in their order, at most QUEUE_SHOWN of them."""

    cases: tuple[CaseSummary, ...]
    people: People


@dataclass(frozen=True, slots=True)
class CaseSheet:
    """A case, what is planned in it, and the names of the people who work here."""

    view: CaseView
    proposals: tuple[Proposal, ...]
    people: People


def bar(tx: Tx, actor: Actor, *, now: datetime) -> Bar:
    """Return what stands above every page for this person."""
    looked = viewing.time_looked_today(tx, actor.user_id, now) if actor.user_id else 0.0
    return Bar(alarms.counts(tx), looked)


def queue(tx: Tx) -> QueueView:
    """Return the queue as everybody sees it: by need."""
    found = cases.queue(tx, purposes=tuple(Purpose), limit=QUEUE_SHOWN)
    return QueueView(tuple(found), names(tx))


def case(tx: Tx, case_id: CaseId, *, actor: Actor, now: datetime) -> CaseSheet:
    """Return a case as this person may see it, and put the view on record.

    Another person's assessment is shown to them once an outcome stands. Raises NotAllowed, NotFound.
    """
    actor.require(Permission.CASE_READ)
    viewer = actor.analyst() if actor.may(Permission.CASE_ASSESS) else None
    view = facts(tx, case_id, viewer=viewer)
    audit.append(tx, at=now, actor=actor.label, verb="case.view", object=f"case:{case_id}")
    planned = tuple(stored.proposal for stored in proposals.of_case(tx, case_id))
    return CaseSheet(view, planned, names(tx))


def ask_to_see(
    tx: Tx, case_id: CaseId, item_id: ItemId, tier: Tier, *, actor: Actor, now: datetime
) -> RevealId:
    """Record that this person asks to see an item: see `viewing.open_reveal`, which raises most.

    What no browser shows as a picture is refused before it counts as seen.
    """
    actor.require(Permission.CASE_REVEAL)
    stored = items.get(tx, item_id)
    media_id = stored.item.media_id if stored is not None else None
    known = media.facts_of(tx, [media_id]) if media_id is not None else {}
    if tier is Tier.CLEAR and any(one.media_type not in SHOWABLE for one in known.values()):
        raise Refused("This kind of media cannot be shown clearly in a browser.")
    return viewing.open_reveal(tx, case_id, item_id, tier, by=actor.analyst(), now=now)


def picture(
    database: Database, reader: Reader | None, reveal_id: RevealId, *, actor: Actor, now: datetime
) -> tuple[bytes, str]:
    """Return the picture that a reveal is about, once, and its media type.

    The picture is read before it counts as seen, and sent after that is committed: what cannot be opened
    was not seen, and nothing is seen without a record. Raises NotAllowed, NotFound, Conflict,
    ErasedEvidence, VaultObjectDamaged, VaultDown, and Refused in a process that cannot open sealed media.
    """
    actor.require(Permission.CASE_REVEAL)
    if reader is None:
        raise Refused("This process does not hold the key that opens sealed media.")
    with database.begin() as tx:
        reveal = viewing.mark_fetched(tx, reveal_id, by=actor.analyst(), now=now)
        opened = reading.open_original if reveal.tier is Tier.CLEAR else reading.open_rendition
        return opened(tx, reader, reveal.item_id)
