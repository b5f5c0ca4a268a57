"""Whether the records that figures are made from are what was written, in sentences for their readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safehold.app.audit.anchors.base import Anchor
from safehold.app.audit.verify import verify
from safehold.storage import practice_checks, yearly
from safehold.storage.causes import causes
from safehold.storage.database import Database, Tx
from safehold.storage.yearly import Span

FAILED = "Check failed"
"""How each sentence begins that says that something is not as it was written."""
NOT_CHECKED = "The audit log was not checked."


def settled(tx: Tx, span: Span) -> Iterator[str]:
    """Yield whether events, outcomes and the audit log tell the same of what was settled."""
    different = yearly.unvouched(tx, span)
    unlike = yearly.unlike(tx, span)
    if different:
        yield (
            f"{FAILED}: of {different} settled items the events and the audit log tell differently."
            " The tables were changed by somebody."
        )
    if unlike:
        yield f"{FAILED}: {unlike} events of settled items and their outcomes differ."
    if not different and not unlike:
        yield "The events, the outcomes and the audit log tell the same of every settled item."


def practice(tx: Tx, span: Span) -> Iterator[str]:
    """Yield whether other tables and the audit log tell the same of a period."""
    found = practice_checks.differing(tx, span)
    for what, many in found.items():
        if many:
            yield f"{FAILED}: of {many} {what} a table and the audit log tell differently."
    if not any(found.values()):
        yield f"Tables and the audit log tell the same of {', '.join(found)}."


def acts(tx: Tx, span: Span) -> Iterator[str]:
    """Yield how many acts of a period there were, and whether the decision behind each is on record."""
    found = causes(tx, span)
    many, without = sum(each.acts for each in found), sum(each.without for each in found)
    if without:
        yield (
            f"{FAILED}: behind {without:,} of {many:,} acts no decision is on record."
            " `safehold audit causes` names them."
        )
    elif not many:
        yield "No act was found, such as a hold or a report, so nothing is proved of what is behind any."
    else:
        yield (
            f"{many:,} acts were looked at, such as holds, findings, removals and reports."
            " The only cause of none is a machine: a decision is on record behind each."
        )


def chain(database: Database, anchors: Sequence[Anchor]) -> Iterator[str]:
    """Yield whether every link of the audit log is as it was written, and fits what was set down outside."""
    verdict = verify(database, anchors=anchors)
    if not verdict.intact:
        yield f"{FAILED}: {len(verdict.breaks)} places of the audit log are not what was written."
        return
    yield f"The audit log is as it was written: {verdict.links:,} links, {verdict.waiting:,} not linked yet."
