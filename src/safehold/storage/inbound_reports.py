"""Inbound reports, and beside them, sealed, how to reach whoever wrote one.

The portal's role may insert here and nothing else; what becomes of a row is a worker's business. The one
thing that it may ask is `portal_status`, a function that answers a digest with a word. How far a report is
follows from its case when it is asked: nothing has to keep a copy of that in step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from safehold.model.ids import InboundReportId, ItemId, KeyId
from safehold.model.inbound_report import InboundReport, ReportState, Seen
from safehold.storage.assessments import STANDS, outcome
from safehold.storage.database import Tx
from safehold.storage.tables import Instant, Uuid, metadata, one_of, owned_by, writes

LONGEST_ADDRESS = 2_048
LONGEST_STATEMENT = 4_000
LARGEST_CONTACT = 1_024
"""Bytes once sealed; an address for mail has at most 254."""

inbound_report = sa.Table(
    "inbound_report",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    # NULL once a worker has made a page of it.
    sa.Column("address", sa.Text),
    sa.Column("seen", sa.Text, nullable=False),
    # NULL once erased.
    sa.Column("statement", sa.Text),
    sa.Column("reference_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("key_id", sa.ForeignKey("api_key.id")),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("item_id", sa.ForeignKey("item.id"), unique=True),
    one_of("seen", Seen),
    sa.CheckConstraint("(address is null) = (item_id is not null)", name="one_place"),
    sa.CheckConstraint(f"length(address) between 1 and {LONGEST_ADDRESS}", name="address_bounded"),
    sa.CheckConstraint(f"length(statement) <= {LONGEST_STATEMENT}", name="statement_bounded"),
    sa.CheckConstraint("octet_length(reference_digest) = 32", name="digest_whole"),
    sa.Index("ix_inbound_report_waiting", "received_at", postgresql_where=sa.text("item_id is null")),
)

# Apart, so that it can be destroyed by itself and is in no copy of the reports.
report_contact = sa.Table(
    "report_contact",
    metadata,
    sa.Column("report_id", sa.ForeignKey("inbound_report.id"), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.CheckConstraint(
        f"octet_length(sealed) <= {LARGEST_CONTACT} and octet_length(wrapped) <= {LARGEST_CONTACT}",
        name="contact_bounded",
    ),
)

owned_by("intake", inbound_report, report_contact)


# Without the digest of the reference: no screen needs it, and the console's role cannot read it.
_SHOWN = tuple(
    inbound_report.c[name] for name in ("id", "item_id", "seen", "statement", "key_id", "received_at")
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that no worker has taken yet."""

    id: InboundReportId
    address: str = field(repr=False)
    seen: Seen
    key_id: KeyId | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SealedContact:
    """How to reach somebody, as only the vault's private key opens it."""

    sealed: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


@writes(inbound_report, report_contact)
def insert(
    tx: Tx,
    report: InboundReport,
    *,
    address: str,
    reference_digest: bytes,
    contact: SealedContact | None,
) -> None:
    """Record a report; nothing is read back, for the portal could not. reference_digest: 32 bytes."""
    values: dict[str, object] = {
        "id": report.id,
        "address": address,
        "seen": report.seen.value,
        "statement": report.statement,
        "reference_digest": reference_digest,
        "received_at": report.received_at,
    }
    if report.key_id is not None:
        values["key_id"] = report.key_id
    tx.run(inbound_report.insert().values(values))
    if contact is not None:
        sealed = {"sealed": contact.sealed, "wrapped": contact.wrapped}
        tx.run(report_contact.insert().values(report_id=report.id, **sealed))


def waiting(tx: Tx, *, limit: int) -> list[Waiting]:
    """Return reports that no worker has taken, oldest first, locked; those locked already are left out."""
    statement = (
        sa.select(inbound_report)
        .where(inbound_report.c.item_id.is_(None))
        .order_by(inbound_report.c.received_at, inbound_report.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        Waiting(InboundReportId(row.id), row.address, Seen(row.seen), row.key_id, row.received_at)
        for row in tx.run(statement)
    ]


@writes(inbound_report)
def set_item(tx: Tx, report_id: InboundReportId, item_id: ItemId) -> None:
    """Record which item a report became; its address is the page's from now on."""
    values = {"item_id": item_id, "address": None}
    tx.run(inbound_report.update().where(inbound_report.c.id == report_id).values(values))


def of_items(tx: Tx, item_ids: list[ItemId]) -> dict[ItemId, InboundReport]:
    """Return the report that each of these items came from; others are left out."""
    statement = sa.select(*_SHOWN).where(inbound_report.c.item_id.in_(item_ids))
    return {
        ItemId(row.item_id): InboundReport(
            id=InboundReportId(row.id),
            seen=Seen(row.seen),
            statement=row.statement,
            key_id=row.key_id,
            received_at=row.received_at,
        )
        for row in tx.run(statement)
    }


def state_of(tx: Tx, reference_digest: bytes) -> ReportState | None:
    """Return how far a report is, None when no report has this reference. It reads no table by itself."""
    statement = sa.text("select portal_status(:digest)").bindparams(
        sa.bindparam("digest", reference_digest, sa.LargeBinary)
    )
    found: str | None = tx.run(statement).scalar_one()
    return ReportState(found) if found is not None else None


def contact_of_item(tx: Tx, item_id: ItemId) -> tuple[InboundReportId, SealedContact] | None:
    """Return the report that an item came from and, still sealed, how to reach whoever wrote it.

    None where there is nothing, or no more.
    """
    statement = (
        sa.select(report_contact)
        .join(inbound_report, inbound_report.c.id == report_contact.c.report_id)
        .where(inbound_report.c.item_id == item_id)
    )
    row = tx.run(statement).first()
    if row is None:
        return None
    return InboundReportId(row.report_id), SealedContact(bytes(row.sealed), bytes(row.wrapped))


@writes(report_contact)
def forget_contacts(tx: Tx, *, settled_before: datetime, limit: int) -> list[InboundReportId]:
    """Destroy the contacts of reports whose outcome stands since before an instant, and return which."""
    due = (
        sa.select(report_contact.c.report_id)
        .join(inbound_report, inbound_report.c.id == report_contact.c.report_id)
        .join(outcome, outcome.c.item_id == inbound_report.c.item_id)
        .where(STANDS, outcome.c.settled_at < settled_before)
        .order_by(outcome.c.settled_at)
        .limit(limit)
    )
    gone = (
        report_contact.delete()
        .where(report_contact.c.report_id.in_(due.scalar_subquery()))
        .returning(report_contact.c.report_id)
    )
    return [InboundReportId(row.report_id) for row in tx.run(gone)]


@writes(report_contact)
def forget_undecided_contacts(tx: Tx, item_ids: list[ItemId]) -> list[InboundReportId]:
    """Destroy the contacts of reports of these items that nobody ever decided, and return which those were.

    Once somebody has, the contact's time runs from the outcome: see `forget_contacts`.
    """
    undecided = sa.select(inbound_report.c.id).where(
        inbound_report.c.item_id.in_(item_ids),
        ~sa.exists().where(outcome.c.item_id == inbound_report.c.item_id),
    )
    gone = (
        report_contact.delete()
        .where(report_contact.c.report_id.in_(undecided))
        .returning(report_contact.c.report_id)
    )
    return [InboundReportId(row.report_id) for row in tx.run(gone)]


@writes(inbound_report)
def forget_statements(tx: Tx, item_ids: list[ItemId]) -> None:
    """Erase what was written about these items."""
    tx.run(inbound_report.update().where(inbound_report.c.item_id.in_(item_ids)).values(statement=None))
