"""What everybody may read on /transparency: published by an operator, on record, and taken back likewise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from safehold.app.settings import Settings
from safehold.app.settings_surfaces import SurfaceSettings
from safehold.lists import ledger
from safehold.model.errors import Conflict, NotFound
from safehold.model.hash_list import HashList, Purpose
from safehold.model.permissions import Actor, Permission
from safehold.storage import audit, publications, yearly
from safehold.storage.database import Tx
from safehold.storage.publications import Publication as Publication
from safehold.transparency import public
from safehold.transparency.packs.pack import Period

_OBJECT = "publication:transparency"


def preview(tx: Tx, period: Period, *, now: datetime) -> list[dict[str, Any]]:
    """Return the figures of a period as they would be published. Raises PeriodNotOver."""
    period.check_over(now)
    yearly.read_alike(tx)
    return public.figures(tx, period)


def publish(tx: Tx, settings: Settings, period: Period | None, *, actor: Actor, now: datetime) -> Publication:
    """Publish which technology runs where, and the figures of a period where one is named.

    Raises NotAllowed, PeriodNotOver, and Conflict where figures of any of its days are published: one could
    be taken from the other, and what is withheld be found.
    """
    actor.require(Permission.AUDIT_READ)
    figures = preview(tx, period, now=now) if period is not None else []
    days = (period.first, period.last) if period is not None else None
    tx.lock("publications")
    if days is not None and publications.overlapping(tx, *days):
        raise Conflict(
            "Figures of some of these days are published already.",
            advice="Publish days that are not, or take the others back first with --withdraw.",
        )
    told = technology(settings, [each.hash_list for each in ledger.show_all(tx)])
    made = publications.add(tx, at=now, days=days, technology=told, figures=figures)
    digest = hashlib.sha256(json.dumps([told, figures], sort_keys=True).encode()).hexdigest()
    detail = {**(period.named if period is not None else {}), "sha256": digest}
    audit.append(tx, at=now, actor=actor.label, verb="transparency.publish", object=_OBJECT, detail=detail)
    return next(each for each in publications.newest_first(tx) if each.id == made)


def withdraw(tx: Tx, period: Period | None, *, actor: Actor, now: datetime) -> None:
    """Take back the figures of exactly this period; without one, everything. Raises NotAllowed, NotFound."""
    actor.require(Permission.AUDIT_READ)
    if period is not None:
        found = publications.remove(tx, period.first, period.last) is not None
    else:
        found = publications.remove_all(tx) > 0
    if not found:
        raise NotFound("Nothing of the kind is published.")
    detail = dict(period.named) if period is not None else {}
    audit.append(tx, at=now, actor=actor.label, verb="transparency.withdraw", object=_OBJECT, detail=detail)


def published(tx: Tx) -> list[Publication]:
    """Return everything that is published, the newest first; the technology of the first is what stands."""
    return publications.newest_first(tx)


def technology(settings: Settings, lists: Collection[HashList]) -> dict[str, Any]:
    """Return which technology runs on which surface, and what it can do by itself, rehearsals left out."""
    earnest = [each for each in lists if each.purpose is not Purpose.TEST]
    return {
        "surfaces": [
            _surface(settings, name, each, earnest)
            for name, each in sorted(settings.surfaces.items())
            if not each.rehearsal
        ]
    }


def _surface(
    settings: Settings, name: str, each: SurfaceSettings, lists: Collection[HashList]
) -> dict[str, Any]:
    return {
        "name": name,
        "visibility": each.visibility.value,
        "regions": sorted(each.regions),
        "legal_bases": [
            {
                "region": one.region,
                "name": one.name,
                "expires_at": one.expires_at.isoformat() if one.expires_at else None,
            }
            for one in each.legal_bases
        ],
        "technologies": [
            *_lists(lists),
            *(_classifier(settings, one) for one in each.classifiers),
            *([{"kind": "kept_signals", "days": each.lookback.days, "can": "ask"}] if each.lookback else []),
        ],
    }


def _lists(lists: Collection[HashList]) -> list[dict[str, Any]]:
    if not lists:
        return []
    purposes = sorted({each.purpose.value for each in lists})
    can = "hold" if any(each.may_hold for each in lists) else "ask"
    return [{"kind": "lists", "purposes": purposes, "can": can}]


def _classifier(settings: Settings, name: str) -> dict[str, Any]:
    shadow = settings.classifiers[name].shadow
    return {"kind": "classifier", "name": name, "can": "nothing" if shadow else "ask"}
