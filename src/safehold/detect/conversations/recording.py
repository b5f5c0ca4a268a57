"""Writing down what was seen in a conversation, beside the item that a person looks at."""

from __future__ import annotations

from datetime import datetime

from safehold.detect.conversations.judge import Judgement
from safehold.model.band import Band
from safehold.model.conversation import Cue
from safehold.model.ids import FlagId, ItemId, new_id
from safehold.model.match import Flag
from safehold.storage import flag_cues
from safehold.storage import matches as match_rows
from safehold.storage.database import Tx

SOURCE = "conversation_rules"
_SCORES = {Band.NONE: 0.0, Band.LOW: 0.3, Band.MEDIUM: 0.6, Band.HIGH: 1.0, Band.VERY_HIGH: 1.0}


def record_judgement(tx: Tx, item_id: ItemId, judged: Judgement, *, now: datetime) -> None:
    """Record a flag about an item, what it rests on message by message, and what speaks against it."""
    flag = Flag(
        id=FlagId(new_id()),
        source=SOURCE,
        score=_SCORES[judged.band],
        reason="threat_with_demand" if Cue.COERCION in judged.cues else "several_cues",
        against=", ".join(each.value.replace("_", " ") for each in judged.against),
    )
    match_rows.insert_flags(tx, item_id, [flag], now=now)
    flag_cues.put(tx, item_id, judged.evidence)
