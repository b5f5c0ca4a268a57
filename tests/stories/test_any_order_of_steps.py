"""However late, often or disordered steps run, the end is what people decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehold.app import wiring
from safehold.model.assessment import Finding
from safehold.model.errors import Conflict
from safehold.model.ids import OutcomeId, StepId
from safehold.review import settle
from safehold.testing.jobs import run_again, run_step, waiting_steps
from safehold.testing.running import altered_copy

CONTEXT = {"surface": "rehearsal", "content_id": "post-1", "account_id": "account-1"}
CONFIRM, CLEAR, REVERSE, ARRIVE = "confirm", "clear", "reverse", "arrive"
FINDINGS = {CONFIRM: Finding.ILLEGAL, CLEAR: Finding.NOT_ILLEGAL}
CHOICES = st.lists(st.integers(0, 1000), max_size=6)


class Disorder:
    """One item's life, its steps run when and as often as chance has it."""

    def __init__(self, story: Any) -> None:
        self.story, self.program = story, story.safehold.program
        self.handlers = wiring.handlers(self.program)
        self.ended: list[StepId] = []
        self.item_id = self.arrive()
        self.decided: str | None = None

    def arrive(self) -> str:
        """Let the same account upload the same media."""
        answer = self.story.platform.upload(altered_copy(1), CONTEXT)
        return str(answer.body["item_id"])

    def do(self, wish: str) -> None:
        """Do what people wish, as far as they may at this moment."""
        try:
            if wish == ARRIVE:
                self.arrive()
            elif wish == REVERSE:
                self.reverse()
            else:
                self.story.safehold.assess(self.item_id, FINDINGS[wish], by=self.story.analyst)
                self.decided = wish
        except (Conflict, IndexError):
            pass  # the console would have refused it just so

    def reverse(self) -> None:
        """Reverse the outcome that stands."""
        query = "select id from outcome where item_id = %(id)s and reversed_at is null"
        standing = self.story.safehold.sql(query, id=self.item_id)[0]
        with self.program.database.begin() as tx:
            settle.reverse(
                tx,
                OutcomeId(standing.id),
                by=self.story.lead.user_id,
                reason_code=settle.ReversalReason.MISTAKE,
                record=self.program.recorder.record,
                now=self.program.clock(),
            )
        self.decided = None

    def some_steps(self, choices: Sequence[int]) -> None:
        """Run some of what waits, in any order, and some of what was done once more."""
        for choice in choices:
            waiting = waiting_steps(self.program.database)
            if waiting and choice % 3:
                self.run(waiting[choice % len(waiting)].id)
            elif current := [step_id for step_id in self.ended if self.is_current(step_id)]:
                run_again(self.program.database, self.handlers, current[choice % len(current)])

    def is_current(self, step_id: StepId) -> bool:
        """Say whether a worker would run this step again, and not find it superseded."""
        query = """select 1 from step s join event e on e.id = s.event_id
            left join item_revision r on r.item_id = e.item_id
            where s.id = %(id)s and coalesce(e.revision >= r.revision, true)"""
        return bool(self.story.safehold.sql(query, id=step_id))

    def run(self, step_id: StepId) -> None:
        """Run one step."""
        ran = run_step(self.program.database, self.program.recorder, self.handlers, step_id)
        assert ran.state in ("done", "superseded"), (ran.name, ran.error_code)
        if ran.state == "done" and ran.name in REPEATABLE:
            self.ended.append(step_id)

    def all_steps(self, choices: Sequence[int]) -> None:
        """Run whatever waits, beginning anywhere."""
        turn = 0
        while waiting := waiting_steps(self.program.database):
            choice = choices[turn % len(choices)] if choices else 0
            self.run(waiting[choice % len(waiting)].id)
            turn += 1


REPEATABLE = frozenset(
    {
        "review.open_case",
        "review.settle",
        "evidence.preserve",
        "evidence.reconsider",
        "app.plan_proposals",
        "app.withdraw_proposals",
        "act.release",
        "act.tell_platform",
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wishes=st.lists(
        st.tuples(st.sampled_from((CONFIRM, CLEAR, REVERSE, ARRIVE)), CHOICES), min_size=1, max_size=7
    ),
    late=CHOICES,
)
def test_the_end_is_what_people_decided_last(
    story: Any, wishes: list[tuple[str, list[int]]], late: list[int]
) -> None:
    life = Disorder(story)
    life.all_steps([])  # nobody can decide before there is a case
    told_before = len(story.deliveries)
    for wish, choices in wishes:
        life.do(wish)
        life.some_steps(choices)
    life.all_steps(late)
    story.safehold.deliver()
    ends_as_decided(story, life, [action for _, action in story.told()[told_before:]])
    forget_everything(story)


def ends_as_decided(story: Any, life: Disorder, told: list[str]) -> None:
    """Check what is left of one item's life."""
    rows = story.safehold.sql
    standing = rows(
        "select id, finding from outcome where item_id = %(id)s and reversed_at is null", id=life.item_id
    )
    assert [row.finding for row in standing] == ([FINDINGS[life.decided].value] if life.decided else [])

    query = "select outcome_id, state from proposal where item_id = %(id)s"
    open_ones = [row for row in rows(query, id=life.item_id) if row.state != "withdrawn"]
    wanted = [(standing[0].id, "approved")] if life.decided == CONFIRM else []
    assert [(row.outcome_id, row.state) for row in open_ones] == wanted

    [kept] = rows("select rule from retention")
    others = rows("select 1 from item where id <> %(id)s", id=life.item_id)
    unconfirmed = "undecided" if life.decided is None or others else "not_confirmed"
    assert kept.rule == ("confirmed" if life.decided == CONFIRM else unconfirmed)

    held = rows("select 1 from hold where released_at is null and item_id = %(id)s", id=life.item_id)
    if life.decided == CLEAR:
        assert not held
    decisive = [action for action in told if action in ("remove", "restore")]
    # What a platform was asked last is what holds: gone, or back where it had ever been asked away.
    if life.decided == CONFIRM:
        assert decisive[-1] == "remove"
    elif decisive:
        assert decisive[-1] == "restore"
    assert not rows("select 1 from step where state in ('waiting', 'stuck')")
    assert not rows("select 1 from delivery where state = 'waiting'")
    # No two cases of the account are open.
    assert len(rows("select 1 from review_case where state = 'open'")) <= 1


def forget_everything(story: Any) -> None:
    """Empty what one life has filled, past every rule, for the next one."""
    emptied = "media, item, review_case, step, event, item_revision, delivery, proposal, procrastinate_jobs"
    owner = story.safehold.sql
    owner(f"truncate {emptied} cascade")
