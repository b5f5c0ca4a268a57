"""Papers of reports: sealed as soon as they are written, destroyed when their time is said to be over."""

from __future__ import annotations

import hashlib
from datetime import datetime

from safehold.model.ids import AuthorityReportId, ObjectId, PaperId, new_id
from safehold.model.permissions import system_actor
from safehold.storage import audit, authority_papers, authority_reports, checklist_entries
from safehold.storage.authority_papers import Paper, PaperKind, SealedPaper
from safehold.storage.database import Tx
from safehold.vault.vault import Vault

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


def forget(tx: Tx, report_id: AuthorityReportId, *, now: datetime) -> None:
    """Destroy the papers of a report, whose time whoever asks has seen to be over, and put that on record."""
    if not authority_papers.forget(tx, report_id):
        return
    authority_reports.set_papers_gone(tx, report_id, at=now)
    checklist_entries.sweep(tx)
    about = f"authority_report:{report_id}"
    audit.append(tx, at=now, actor=_ACTOR, verb="authority.forget_papers", object=about)
