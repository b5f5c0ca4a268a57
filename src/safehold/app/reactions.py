"""What follows what: the whole story on one page.

Each row says which steps follow when an event is recorded. A step runs in a transaction of its own, under
the lock of its item, and does nothing when the item's course has changed since. Stages do not know each
other; this table is where they meet. A scan's answer waits for none of it: `app/scan.py` composes intake,
detection, custody and the hold in the request.
"""

from __future__ import annotations

from safehold.jobs.record import Reactions
from safehold.model import events

REACTIONS: Reactions = {
    events.ItemMatched: ("review.open_case",),
    events.ItemFlagged: ("review.open_case", "detect.want_near_misses"),
    events.ConversationFlagged: ("review.open_case",),
    events.InboundReportReceived: ("review.open_case",),
    events.AssessmentFiled: ("review.settle",),
    events.ItemConfirmed: ("evidence.preserve",),
    events.ItemPreserved: ("app.plan_proposals", "authorities.plan"),
    events.ProposalApproved: ("act.tell_platform",),
    events.ItemCleared: (
        "app.withdraw_proposals",
        "authorities.follow_reversal",
        "evidence.reconsider",
        "act.release",
        "act.tell_platform",
    ),
    events.OutcomeReversed: (
        "app.withdraw_proposals",
        "authorities.follow_reversal",
        "evidence.reconsider",
        "act.release",
        "act.tell_platform",
    ),
    events.BasisReversed: ("review.follow_reversal",),
    events.AppealReceived: ("review.contest", "evidence.keep_contested"),
    events.AppealDecided: ("evidence.keep_contested", "act.tell_platform"),
    events.RiskToLifeDeclared: ("evidence.keep_case",),
    events.RiskToLifeEnded: ("evidence.keep_case", "authorities.follow_wrong_alarm"),
    events.AuthorityReportFiled: ("evidence.start_clocks", "authorities.look_again"),
    events.EntriesChanged: ("detect.look_back", "review.find_withdrawn"),
    events.RemovalsLeft: ("review.find_withdrawn",),
    events.MatchWithdrawn: ("review.reconsider_match",),
    events.LookbackMatched: ("act.tell_reference",),
    events.BulkLeft: ("review.carry_on_bulk",),
    events.StepStuck: ("app.raise_alarm",),
}

WITHOUT_A_ROW = frozenset({events.CaseOpened})
"""Events that nothing follows yet: recorded durably and counted."""
