"""Papers of reports: sealed as soon as they are written, destroyed when nobody has to keep them any more."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from safehold.model.ids import AuthorityReportId, ObjectId, PaperId, new_id
from safehold.model.permissions import system_actor
from safehold.storage import audit, authority_papers, checklist_entries
from safehold.storage.authority_papers import Paper, PaperKind, SealedPaper
from safehold.storage.database import Tx
from safehold.vault.vault import Vault

KEPT = timedelta(days=365)
"""How long after a report was filed what was sent, and what came back, is kept: the law of the United States
asks for a year."""
DROPPED_KEPT = timedelta(days=90)
"""How long the papers of a report are kept that was never filed."""
_ACTOR = system_actor("authorities").label


def add(
    tx: Tx, vault: Vault, report_id: AuthorityReportId, kind: PaperKind, data: bytes, *, now: datetime
) -> PaperId:
    """Seal a paper beside its report and return its id. It asks for the public key alone. Raises TooLarge."""
    paper_id = PaperId(new_id())
    sealed = vault.seal_beside(data, object_id=ObjectId(paper_id))
    paper = Paper(id=paper_id, report_id=report_id, kind=kind, sha256=hashlib.sha256(data).digest(), at=now)
    authority_papers.insert(tx, paper, SealedPaper(sealed.ciphertext, sealed.wrapped_key))
    return paper_id


def forget(tx: Tx, *, now: datetime, limit: int = 100) -> int:
    """Destroy the papers of reports whose time is over; return of how many reports."""
    gone = authority_papers.forget(
        tx, filed_before=now - KEPT, dropped_before=now - DROPPED_KEPT, limit=limit
    )
    for report_id in gone:
        about = f"authority_report:{report_id}"
        audit.append(tx, at=now, actor=_ACTOR, verb="authority.forget_papers", object=about)
    checklist_entries.sweep(tx)
    return len(gone)
