"""Packs for regulators: gathered, checked against the audit log, signed, put into a folder, and on record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from safehold.app import records_check
from safehold.app.audit.anchors.declared import declared as declared_anchors
from safehold.app.bundles import signing
from safehold.app.child_policy import child_policy
from safehold.app.operator import Operator
from safehold.app.settings import Settings
from safehold.app.settings_surfaces import SurfaceSettings
from safehold.model.permissions import Actor, Permission
from safehold.prevent.declared import Unmet
from safehold.storage import audit, yearly
from safehold.transparency import folders
from safehold.transparency.ledgers import Column, Ledger, plain
from safehold.transparency.packs import writing
from safehold.transparency.packs.declared import PackName
from safehold.transparency.packs.pack import CHILD_DEFAULTS, Made, Pack, Period, gather

_README = f"""\
A pack for a regulator
======================

What is here
  index.html         all of it, to read and to print; it needs no script and loads nothing from elsewhere
  pack.json          the same for programs: each thing asked, its evidence, and what is not available
  data/              every table and ledger by its id, as CSV and JSON
  made.json          when it was made, what the check of the audit log found, how things are set now
  SHA256SUMS         the digests of all files here but itself and the two below
  SHA256SUMS.sig     a signature over SHA256SUMS (Ed25519)
  SHA256SUMS.tsr     a time stamp of SHA256SUMS (RFC 3161), where there is one
  signing-key.pub.pem  the public key that the signature fits

{signing.HOW_TO_CHECK}
{signing.HOW_TO_CHECK_THE_STAMP}
  4. The figures. Made again of the same period, everything is the same to the last byte but made.json, the
     foot of index.html and what proves them. It is counted from the audit log: an export of that
     (`safehold audit export`) and its verification show what each figure rests on.

OpenSSL 3.0 or newer is needed for step 2. Small numbers are not withheld: this is not for publication.
"""


def make(
    opened: Operator,
    name: PackName,
    period: Period,
    folder: Path,
    *,
    unmet: Sequence[Unmet] | None,
    actor: Actor,
) -> Made:
    """Write a pack into a folder that does not exist, is empty, or holds an earlier one; return how it fared.

    unmet: what declared defaults for children do not meet, None where nothing was declared. That it was made
    is on record. Raises NotAllowed, PeriodNotOver, FolderTaken, BadSettings for a damaged signing key.
    """
    actor.require(Permission.AUDIT_READ)
    now = opened.clock()
    period.check_over(now)
    folders.check_free(folder, writing.MARK)
    pack, found = _gathered(opened, name, period, unmet)
    anchors = [each.anchor for each in declared_anchors(opened.settings)]
    audited = (*found, *records_check.chain(opened.database, anchors))
    made = Made(
        at=now,
        version=metadata.version("safehold"),
        audit=audited,
        whole=not any(said.startswith(records_check.FAILED) for said in audited),
        settings=standing(opened.settings),
    )
    digest = _write(opened, pack, made, folder)
    with opened.database.begin() as tx:
        detail = {**period.named, "sums_sha256": digest}
        audit.append(
            tx, at=now, actor=actor.label, verb="pack.make", object=f"pack:{name.value}", detail=detail
        )
    return made


def _gathered(
    opened: Operator, name: PackName, period: Period, unmet: Sequence[Unmet] | None
) -> tuple[Pack, tuple[str, ...]]:
    settings = opened.settings
    with opened.database.begin() as tx:
        yearly.read_alike(tx)
        pack = gather(
            tx,
            name,
            period,
            publisher=settings.transparency.publisher,
            service=settings.authorities.service,
            also={} if unmet is None else {CHILD_DEFAULTS: _defaults(unmet)},
        )
        span = period.span
        checks = (records_check.settled, records_check.practice, records_check.acts)
        return pack, tuple(said for check in checks for said in check(tx, span))


def _write(opened: Operator, pack: Pack, made: Made, folder: Path) -> str:
    """Write the files and what proves them; return the SHA-256 of the sums, in hexadecimal."""
    key = opened.home.bundles_key()
    files = {**writing.written(pack, made), signing.README: _README.encode("ascii")}
    proved = signing.stamped(files, {}, key=key, settings=opened.settings, now=made.at)
    with folders.put_together(folder, writing.MARK) as place:
        (place / "data").mkdir()
        for file, content in proved.files.items():
            (place / file).write_bytes(content)
    return hashlib.sha256(proved.listed).hexdigest()


_DEFAULTS = (
    Column("measure", "Measure"),
    Column("surface", "Surface"),
    Column("feature", "What"),
    Column("connected", "Towards a connected account"),
    Column("ages", "Ages"),
    Column("declared", "Declared"),
    Column("asked", "Asked"),
)


def _defaults(unmet: Sequence[Unmet]) -> Ledger:
    return Ledger(
        id=CHILD_DEFAULTS,
        title="Declared defaults that a measure is not met by",
        means="Each default that was declared and is less than the policy for child accounts asks.",
        columns=_DEFAULTS,
        rows=tuple(
            (
                each.measure,
                each.surface,
                str(each.feature),
                plain(each.connected),
                " ".join(each.ages),
                plain(each.declared),
                plain(each.asked),
            )
            for each in unmet
        ),
    )


def standing(settings: Settings) -> dict[str, Any]:
    """Return how an installation is set now, as far as packs speak of it: no address, name or secret."""
    authorities = settings.authorities
    return {
        "team": {"size_policy": settings.team.size_policy},
        "surfaces": {name: _surface(each) for name, each in sorted(settings.surfaces.items())},
        "webhooks": {
            "receivers": len(settings.webhooks),
            "enabled": sum(each.enabled for each in settings.webhooks.values()),
        },
        "portal": {
            "reports_per_hour": settings.portal.reports_per_hour,
            "appeals_per_hour": settings.portal.appeals_per_hour,
        },
        "authorities": {
            "country": authorities.country,
            "second_person": authorities.second_person,
            "serious_within_hours": authorities.serious_within_hours,
            "other_within_hours": authorities.other_within_hours,
            "destinations": {
                name: {"kind": each.kind, "enabled": each.enabled}
                for name, each in sorted(authorities.destinations.items())
            },
        },
        "child_policy": {"version": child_policy(settings).version},
    }


def _surface(each: SurfaceSettings) -> dict[str, Any]:
    return {
        "visibility": each.visibility.value,
        "regions": sorted(each.regions),
        "rehearsal": each.rehearsal,
        "legal_bases": [
            {"region": one.region, "name": one.name, "expires_at": plain(one.expires_at)}
            for one in each.legal_bases
        ],
        "on_incomplete": {code: advice.value for code, advice in sorted(each.on_incomplete.items())},
        "classifiers": sorted(each.classifiers),
        "lookback": each.lookback is not None,
    }
