"""Ids are UUIDs made here, never by the database; each noun has its own type."""

from __future__ import annotations

import os
import time
from typing import NewType
from uuid import UUID

MediaId = NewType("MediaId", UUID)
ItemId = NewType("ItemId", UUID)
PageId = NewType("PageId", UUID)
ScanId = NewType("ScanId", UUID)
ListId = NewType("ListId", UUID)
EntryId = NewType("EntryId", UUID)
MatchId = NewType("MatchId", UUID)
FlagId = NewType("FlagId", UUID)
HelpTextId = NewType("HelpTextId", UUID)
CaseId = NewType("CaseId", UUID)
SubjectId = NewType("SubjectId", UUID)
AssessmentId = NewType("AssessmentId", UUID)
OutcomeId = NewType("OutcomeId", UUID)
ProposalId = NewType("ProposalId", UUID)
HoldId = NewType("HoldId", UUID)
AppealId = NewType("AppealId", UUID)
EmergencyId = NewType("EmergencyId", UUID)
CallId = NewType("CallId", UUID)
InboundReportId = NewType("InboundReportId", UUID)
ConversationId = NewType("ConversationId", UUID)
RevealId = NewType("RevealId", UUID)
ObjectId = NewType("ObjectId", UUID)
ClockId = NewType("ClockId", UUID)
EventId = NewType("EventId", UUID)
StepId = NewType("StepId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
AlarmId = NewType("AlarmId", UUID)
LookbackId = NewType("LookbackId", UUID)
StoreId = NewType("StoreId", UUID)
"""A host's folder of signals that are kept for look-back."""
KeyId = NewType("KeyId", UUID)
UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
PasskeyId = NewType("PasskeyId", UUID)
DeviceId = NewType("DeviceId", UUID)
ConflictId = NewType("ConflictId", UUID)
UnveilingId = NewType("UnveilingId", UUID)
BundleId = NewType("BundleId", UUID)
ThreadRequestId = NewType("ThreadRequestId", UUID)
"""A request to hand evidence over."""
CaseNoteId = NewType("CaseNoteId", UUID)
CaseMoveId = NewType("CaseMoveId", UUID)
SavedFilterId = NewType("SavedFilterId", UUID)
AuthorityReportId = NewType("AuthorityReportId", UUID)
"""A report that we make to an authority."""
PaperId = NewType("PaperId", UUID)
"""A sealed paper of such a report: what was sent, what came back."""
AuthorityQuestionId = NewType("AuthorityQuestionId", UUID)
SwitchId = NewType("SwitchId", UUID)
"""The switch of a destination to reports that are meant."""
BulkId = NewType("BulkId", UUID)
"""What somebody asked of many cases at once."""
AnalystId = NewType("AnalystId", UUID)
"""A person who assesses. No classifier, model or rule has one: that is how "AI only asks" is typed."""


def new_id() -> UUID:
    """Return a version-7 UUID: 48 bits of Unix milliseconds, then random bits (RFC 9562, 5.7).

    Ids made later sort later, to the millisecond; within one millisecond the order is random.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 68) << 64 & (0xFFF << 64)
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    return UUID(int=value)


def new_ids(count: int) -> list[bytes]:
    """Return the 16 bytes of so many ids like those of `new_id`, all of one millisecond, for bulk work."""
    moment = (time.time_ns() // 1_000_000 & ((1 << 48) - 1)).to_bytes(6, "big")
    random = os.urandom(10 * count)
    return [
        moment
        + _VERSION[random[at]]
        + random[at + 1 : at + 2]
        + _VARIANT[random[at + 2]]
        + random[at + 3 : at + 10]
        for at in range(0, 10 * count, 10)
    ]


# What a random byte becomes where the version and the variant of an id are written.
_VERSION = [bytes([0x70 | byte & 0x0F]) for byte in range(256)]
_VARIANT = [bytes([0x80 | byte & 0x3F]) for byte in range(256)]
