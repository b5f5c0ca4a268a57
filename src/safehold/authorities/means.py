"""What filing needs at hand, and the codes by which a person hears of what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from safehold.authorities.contents import ContentsOf
from safehold.authorities.destinations.generic.parcel import Parcels
from safehold.authorities.destinations.generic.way import Way
from safehold.authorities.destinations.ncmec_cybertipline.client import Access
from safehold.egress.client import Egress
from safehold.jobs.record import Record
from safehold.model.clock import Clock
from safehold.model.errors import DatabaseBusy, DatabaseDown, DecoderDown, NotAllowed, ReaderDown, VaultDown
from safehold.model.ids import AuthorityReportId, ItemId, PaperId
from safehold.storage.database import Database, Tx
from safehold.vault.vault import Vault

REPORT_STUCK, REPORT_WAITS, REPORT_INCOMPLETE = "report_stuck", "report_waits", "report_incomplete"
"""Codes of the alarms."""
NO_READER, DESTINATION_OFF, UNFORESEEN = "no_reader", "destination_off", "unforeseen"
OURS = frozenset({NO_READER, DESTINATION_OFF, UNFORESEEN, NotAllowed.code, ReaderDown.code, VaultDown.code})
"""What a report waits for that a person of ours has to mend."""
NOT_OPENED = frozenset(
    each.code for each in (DatabaseBusy, DatabaseDown, DecoderDown, NotAllowed, ReaderDown, VaultDown)
) | {NO_READER}
"""Why a file is left out that is still held: it may be opened another time."""
_AT_ONCE = frozenset({NO_READER, DESTINATION_OFF, NotAllowed.code})
_TRIES_BEFORE_AN_ALARM = 3

Reached = Access | Way
"""How a destination that the machine files with is reached."""
Alarm = Callable[[Tx, str, AuthorityReportId], None]
"""Raises an alarm about a report in the transaction that has made it due."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens what is sealed for sending. item, paper: raise what a reader raises.

    ready: says whether it would open something now, as far as can be known without doing so.
    """

    item: Callable[[AuthorityReportId, ItemId], bytes]
    paper: Callable[[AuthorityReportId, PaperId], bytes]
    ready: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What filing needs. opening: None where no reader is at hand. chance: from 0 to 1, new each time.

    contents_of: of what goes to the CyberTipline. parcels: of what goes as one.
    """

    database: Database
    vault: Vault
    egress: Egress
    clock: Clock
    record: Record
    contents_of: ContentsOf
    parcels: Parcels
    access_of: Callable[[str], Reached | None]
    opening: Opening | None
    alarm: Alarm
    chance: Callable[[], float]


def is_alarming(why: str, attempts: int) -> bool:
    """Say whether a person hears of this by now: what may come back by itself gets some attempts."""
    return why in _AT_ONCE or attempts >= _TRIES_BEFORE_AN_ALARM
