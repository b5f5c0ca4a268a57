"""Find: any id leads to the cases that it is in; an account to all of its cases; a picture to those near it.

Nobody finds what they may not see: not cases of queues in which they do not work, and nothing about
somebody whom they know. A search never says that there is more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from safehold.model.ids import CaseId, ItemId
from safehold.review import cases
from safehold.review.again import NEARLY_THE_SAME
from safehold.review.cases import existing_case
from safehold.storage import finding as rows
from safehold.storage.database import Tx
from safehold.storage.finding import AccountCase, Found, Near, Sight

__all__ = [
    "AccountCase",
    "AccountHistory",
    "Found",
    "Near",
    "Sight",
    "find",
    "find_by_our_names",
    "history_of_account",
    "near",
]

LONGEST = 400
"""Characters of what somebody may ask for; longer ids than that nobody has."""
MOST_FOUND = 50
MOST_CASES = 200
"""Cases of one account that are shown, the newest."""
MOST_NEAR = 12
COMPARED = 2_000
"""Open cases whose pictures are compared: the first of the queue."""

_NUMBER = re.compile(r"#?([0-9]{1,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHistory:
    """An account and its cases, the newest first. whole: whether these are all that one may see."""

    account_id: str = field(repr=False)
    cases: tuple[AccountCase, ...]
    whole: bool


def find(tx: Tx, text: str, sight: Sight) -> list[Found]:
    """Return the cases to which a case number, an id of ours or a platform's name leads, at most MOST_FOUND.

    An empty text, and one longer than LONGEST, lead nowhere. A digest is no id: nobody asks here whether a
    picture is known.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > LONGEST:
        return []
    of_a_platform = rows.by_platforms_id(tx, wanted, sight, most=MOST_FOUND)
    return _first_of_each(find_by_our_names(tx, wanted, sight) + of_a_platform)[:MOST_FOUND]


def find_by_our_names(tx: Tx, text: str, sight: Sight) -> list[Found]:
    """Return the cases to which a case number or an id of ours leads, newest first, at most MOST_FOUND."""
    wanted = text.strip()
    number = _NUMBER.fullmatch(wanted)
    if number is not None:
        return rows.by_number(tx, int(number[1]), sight)
    try:
        return rows.by_id(tx, UUID(wanted), sight, most=MOST_FOUND)
    except ValueError:
        return []


def history_of_account(tx: Tx, account_id: str, sight: Sight) -> AccountHistory:
    """Return the cases of an account, at most MOST_CASES."""
    found = rows.of_account(tx, account_id, sight, most=MOST_CASES + 1)
    return AccountHistory(
        account_id=account_id, cases=tuple(found[:MOST_CASES]), whole=len(found) <= MOST_CASES
    )


def near(tx: Tx, item_id: ItemId, case_id: CaseId, sight: Sight) -> list[Near]:
    """Return items of other open cases that are nearly this picture, at most MOST_NEAR, the nearest first.

    The same bytes are no neighbours: they are said to have been seen before.
    """
    case = existing_case(tx, case_id)
    among = cases.first_of_queue(tx, reader=sight.user_id, limit=COMPARED)
    return rows.near(tx, item_id, case, sight, among=among, bits=NEARLY_THE_SAME, most=MOST_NEAR)


def _first_of_each(found: list[Found]) -> list[Found]:
    first: dict[CaseId, Found] = {}
    for one in found:
        first.setdefault(one.case.id, one)
    return list(first.values())
