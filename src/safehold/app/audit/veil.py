"""Who looked stays behind a pseudonym in the audit log, until two people agree that a name must be known.

Whoever reads the log sees what was shown, when, and by which pseudonym, which is the same for one person in
one year and tells nothing beyond. The name takes one person who asks, with a reason, and another who agrees;
both are on record, and whose name it is is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound
from safehold.model.ids import UnveilingId, UserId, new_id
from safehold.model.permissions import Actor, Permission
from safehold.model.wording import worded
from safehold.storage import audit as record_rows
from safehold.storage import unveilings as rows
from safehold.storage.audit import StoredRecord
from safehold.storage.database import Tx
from safehold.storage.unveilings import Unveiling

__all__ = [
    "LASTS",
    "SHORTEST_REASON",
    "Unveiling",
    "about_me",
    "agree",
    "ask",
    "pseudonym",
    "recent",
    "tells_of_looking",
    "veiled",
]

LASTS = timedelta(hours=24)
"""How long a name can be agreed to, and is then shown to whoever asked."""
SHORTEST_REASON = 10
_LONGEST_REASON = 1000
_ABOUT_LOOKING = frozenset(
    {
        "item.reveal",
        "item.reveal_end",
        "reveal.refused",
        "exposure.choose",
        "exposure.read",
        "conversation.open",
    }
)
_OPENED = frozenset({"evidence.open", "evidence.open_failed", "evidence.refused"})
_HANDED = frozenset({"bundle", "export", "remake"})
_USER = "user:"


def pseudonym(key: bytes, user_id: UUID, at: datetime) -> str:
    """Return what a person is called in records about looking in the year of this instant: "viewer …".

    key: 32 secret bytes of this installation. Without it nobody can tell whose it is, nor join two years.
    """
    named = hmac.new(key, b"viewer|%d|" % at.year + user_id.bytes, hashlib.sha256).digest()
    return "viewer " + base64.b32encode(named[:5]).decode().lower()


def veiled(
    tx: Tx, key: bytes, records: Iterable[StoredRecord], *, viewer: UserId | None, now: datetime
) -> Mapping[UUID, str]:
    """Return, for the records about somebody's looking, the pseudonym that stands for whoever looked.

    Left out: the viewer's own, and those of people whose name they asked for and were told.
    """
    told = {
        one.user_id for one in recent(tx, now=now) if one.agreed_at is not None and one.asked_by == viewer
    }
    found: dict[UUID, str] = {}
    for record in records:
        who = _who_looked(record)
        if who is not None and who != viewer and who not in told:
            found[record.id] = pseudonym(key, who, record.at)
    return found


def ask(tx: Tx, record_id: UUID, reason: str, *, actor: Actor, now: datetime) -> UnveilingId:
    """Ask for the name of whoever looked, by a record about it.

    Raises NotAllowed, NotFound where the record is about nobody's looking, BadForm without a reason, and
    Conflict for one's own name.
    """
    by = _person(actor)
    record = record_rows.get(tx, record_id)
    who = _who_looked(record) if record else None
    if who is None:
        raise NotFound("There is no such record about somebody's looking.")
    if who == by:
        raise Conflict("That is you.")
    if not SHORTEST_REASON <= len(reason.strip()) <= _LONGEST_REASON:
        raise BadForm(
            worded(
                "reason: say why, in %(least)s to %(most)s characters.",
                least=SHORTEST_REASON,
                most=_LONGEST_REASON,
            ),
            field="reason",
        )
    asked = Unveiling(
        id=UnveilingId(new_id()),
        record_id=record_id,
        user_id=UserId(who),
        asked_by=by,
        reason=reason.strip(),
        asked_at=now,
    )
    rows.insert(tx, asked)
    _audit(tx, "unveiling.ask", asked, actor, now)
    return asked.id


def agree(tx: Tx, unveiling_id: UnveilingId, *, actor: Actor, now: datetime) -> None:
    """Agree, as a second person, that a name is told to whoever asked; for LASTS after they asked.

    Raises NotAllowed, also to whoever asked and to the one whom it is about, NotFound when nobody asked or it
    was too long ago, and Conflict when somebody agreed before.
    """
    by = _person(actor)
    asked = rows.get(tx, unveiling_id)
    if asked is None or now >= asked.asked_at + LASTS:
        raise NotFound("Nobody asks for this name now.")
    if by in (asked.asked_by, asked.user_id):
        raise NotAllowed("Another person agrees: neither the one who asked, nor the one whom it is about.")
    if asked.agreed_at is not None:
        raise Conflict("Somebody has agreed before.")
    rows.set_agreed(tx, unveiling_id, by=by, at=now)
    _audit(tx, "unveiling.agree", asked, actor, now)


def recent(tx: Tx, *, now: datetime) -> list[Unveiling]:
    """Return what was asked for within LASTS, the newest first."""
    return rows.asked_since(tx, now - LASTS)


def about_me(tx: Tx, user_id: UserId) -> list[Unveiling]:
    """Return each time at which this person's name was told, the newest first, with the reason."""
    return rows.agreed_about(tx, user_id)


def tells_who(record: StoredRecord) -> bool:
    """Say whether a record is about a person's own looking and bears their id as its object."""
    return record.verb in _ABOUT_LOOKING and record.object.startswith(_USER)


def tells_of_looking(record: StoredRecord) -> bool:
    """Say whether a record is about a person's looking: who it was stays behind a pseudonym."""
    return _who_looked(record) is not None


def _who_looked(record: StoredRecord) -> UUID | None:
    # Reading evidence back for somebody's eyes, not to hand it to others.
    handed = [name for name in ("purpose", "what") if str(record.detail.get(name)) in _HANDED]
    is_about = record.verb in _ABOUT_LOOKING or (record.verb in _OPENED and not handed)
    if not is_about or not record.actor.startswith(_USER):
        return None
    try:
        return UUID(record.actor.removeprefix(_USER))
    except ValueError:
        return None


def _person(actor: Actor) -> UserId:
    actor.require(Permission.AUDIT_READ)
    if actor.user_id is None:
        raise NotAllowed("Only people ask for a name.")
    return actor.user_id


def _audit(tx: Tx, verb: str, asked: Unveiling, actor: Actor, now: datetime) -> None:
    detail = {"record": str(asked.record_id)}
    personal = {"reason": asked.reason}
    about = f"unveiling:{asked.id}"
    record_rows.append(
        tx, at=now, actor=actor.label, verb=verb, object=about, detail=detail, personal=personal
    )
