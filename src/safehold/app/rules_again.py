"""The review rules once more, for what waits though people assessed it: settings, lists, conflicts change."""

from __future__ import annotations

from uuid import UUID

from safehold.app.program import Program
from safehold.app.review_policy import review_policy
from safehold.review import settle
from safehold.storage import cases

AT_ONCE = 200
_FROM_THE_BEGINNING = (UUID(int=0), UUID(int=0))


class RulesAgain:
    """Goes through what waits, AT_ONCE items a turn, and begins anew after the last."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._after = _FROM_THE_BEGINNING

    def turn(self) -> int:
        """Ask the rules about the next items and return how many those were."""
        program = self._program
        with program.database.begin() as tx:
            found = cases.assessed_and_waiting(tx, after=self._after, limit=AT_ONCE)
        for case_id, item_id in found:
            with program.database.begin() as tx:
                settle.look_again(
                    tx,
                    case_id,
                    item_id,
                    policy=review_policy(program.settings),
                    record=program.recorder.record,
                    now=program.clock(),
                )
        self._after = found[-1] if found else _FROM_THE_BEGINNING
        return len(found)
