"""Writing down what was seen in a conversation, beside the item that a person looks at."""

from __future__ import annotations

from datetime import datetime

from safehold.detect.conversations.judge import Judgement
from safehold.model.conversation import BY_RULES, SCORES, THREATENS, Cue
from safehold.model.ids import FlagId, ItemId, new_id
from safehold.model.match import Flag
from safehold.storage import flag_cues
from safehold.storage import matches as match_rows
from safehold.storage.database import Tx


def record_judgement(tx: Tx, item_id: ItemId, judged: Judgement, *, now: datetime) -> None:
    """Record a flag about an item, what it rests on message by message, and what speaks against it."""
    flag = Flag(
        id=FlagId(new_id()),
        source=BY_RULES,
        score=SCORES[judged.band],
        reason=THREATENS if Cue.COERCION in judged.cues else "several_cues",
        against=", ".join(each.value.replace("_", " ") for each in judged.against),
    )
    match_rows.insert_flags(tx, item_id, [flag], now=now)
    flag_cues.put(tx, item_id, judged.evidence)
