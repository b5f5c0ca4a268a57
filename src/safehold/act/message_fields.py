"""What a message to a platform has in `data`, by its type: the reference page is written from this."""

from __future__ import annotations

from collections.abc import Mapping

from safehold.model.events import (
    AppealDecided,
    ItemCleared,
    LookbackMatched,
    OutcomeReversed,
    ProposalApproved,
)

OF_ITEMS: Mapping[str, str] = {
    "item_id": "The item, as the scan's answer named it.",
    "case_id": "The case in which it was decided.",
    "content_id": "Your own id of it, from the context; null once its bytes were destroyed.",
    "action": "What you are asked to do: `remove`, `restore`, `hold_released`, `account_action`, or `none`.",
    "finding": "What people found; null where the message is not about a finding.",
    "rehearsal": "Whether it came in on a surface for rehearsal: act on nothing but practice then.",
    "category": "Only where the destination has `with_category`; null where none was given.",
}
"""Of messages about an item. `category` alone may be missing."""

OF_APPEALS: Mapping[str, str] = {
    **OF_ITEMS,
    "action": "`none`: what follows, if anything does, is asked for by another message.",
    "appeal_id": "The appeal, as it was named when it was taken in.",
    "upheld": "Whether whoever appealed was right: what was decided was changed.",
}
"""Of messages about an appeal."""

OF_REFERENCES: Mapping[str, str] = {
    "reference": "Yours, from the context of the scan. Nothing else of the upload is known here.",
    "surface": "The surface that the scan named.",
    "action": "`submit`: find what the reference stands for, and send it to a scan again.",
}
"""Of messages that look back. There is neither list nor entry, distance nor day in it."""

BY_TYPE: Mapping[str, Mapping[str, str]] = {
    ProposalApproved.kind: OF_ITEMS,
    ItemCleared.kind: OF_ITEMS,
    OutcomeReversed.kind: OF_ITEMS,
    AppealDecided.kind: OF_APPEALS,
    LookbackMatched.kind: OF_REFERENCES,
}
