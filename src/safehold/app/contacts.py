"""How to reach somebody who reported, for a person who has a question: put on record, then opened."""

from __future__ import annotations

from datetime import datetime

from safehold.app.home import Home
from safehold.model.errors import NotFound
from safehold.model.ids import ItemId, ObjectId
from safehold.model.permissions import Actor
from safehold.storage import audit, inbound_reports
from safehold.storage.database import Database
from safehold.vault.sealing import open_


def open_contact(database: Database, home: Home, item_id: ItemId, *, actor: Actor, now: datetime) -> str:
    """Return the mail address that whoever reported this item left.

    That it was opened is on record, by whom and of which report, before it is. Needs the private key. Raises
    NotFound where nobody reported the item, or left nothing, or it was destroyed; BadSettings, Unavailable,
    VaultObjectDamaged.
    """
    with database.begin() as tx:
        report = inbound_reports.of_items(tx, [item_id]).get(item_id)
        contact = inbound_reports.contact_of(tx, report.id) if report is not None else None
        if report is None or contact is None:
            raise NotFound("Nobody can be reached about this item: nothing was left, or it is destroyed.")
        audit.append(
            tx,
            at=now,
            actor=actor.label,
            verb="inbound_report.open_contact",
            object=f"item:{item_id}",
            detail={"report": str(report.id)},
        )
    object_id = ObjectId(report.id)
    key = home.opening_keys().key_for(contact.wrapped, object_id)
    return open_(contact.sealed, contact.wrapped, key, object_id=object_id).decode()
