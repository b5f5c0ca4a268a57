"""Steps and sweeps by name: which function each row of the reaction table means, with what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from safehold.act import deliver, holds, tell
from safehold.app import (
    alarms,
    authorities,
    destruction_guard,
    emergencies,
    evidence_orders,
    given_up,
    heard_counters,
    lookback,
    near_misses,
    outages,
    overview,
    paper_sweep,
    probing,
    proposals,
    requests,
)
from safehold.app.access import sessions, sign_in
from safehold.app.audit.anchoring import sweep_anchors
from safehold.app.audit.anchors.declared import declared
from safehold.app.audit.sequencer import sequence
from safehold.app.authority_contents import filing_of
from safehold.app.authority_rules import authority_rules
from safehold.app.counters import seal_counters
from safehold.app.program import Program
from safehold.app.review_policy import queue_rules, review_policy
from safehold.app.rules_again import RulesAgain
from safehold.authorities import plans
from safehold.detect import look_back
from safehold.detect.near_misses import want as want_near_misses
from safehold.evidence import clocks, closing, retention, sweep
from safehold.intake import conversations, inbound_reports, uploads
from safehold.jobs.running import Handler
from safehold.jobs.schedules import Schedule
from safehold.jobs.worker import Timings, Worker
from safehold.model.events import Event
from safehold.model.ids import ObjectId
from safehold.model.permissions import Actor
from safehold.prevent import support
from safehold.review import (
    bulk,
    cases,
    contest,
    golden,
    left_appeals,
    settle,
    unseen,
    viewing,
    weighing,
    withdrawn,
)
from safehold.storage.database import Tx

ERASED_AT_ONCE = 500
CLOCKED_AT_ONCE = 500
WEIGHED_AT_ONCE = 100
CLOSED_AT_ONCE = 100
DESTROYING = ("retention", "leftovers")
"""The schedules that cannot be undone."""


def handlers(program: Program) -> dict[str, Handler]:
    """Return what each step of the reaction table does."""
    record, rules = program.recorder.record, authority_rules(program.settings)

    def now_with(step: Callable[..., object], **needs: object) -> Handler:
        def handle(tx: Tx, event: Event) -> None:
            step(tx, event, now=program.clock(), **needs)

        return handle

    return {
        "review.open_case": now_with(cases.open_case, record=record, rules=queue_rules(program.settings)),
        "review.settle": now_with(settle.settle, record=record, policy=review_policy(program.settings)),
        "detect.look_back": look_back.plan,
        "detect.want_near_misses": now_with(want_near_misses),
        "review.contest": now_with(contest.contest, policy=review_policy(program.settings)),
        "review.follow_reversal": now_with(
            contest.follow_reversal, record=record, policy=review_policy(program.settings)
        ),
        "review.find_withdrawn": now_with(withdrawn.find_withdrawn, record=record),
        "review.reconsider_match": now_with(
            withdrawn.reconsider_match, record=record, rules=queue_rules(program.settings)
        ),
        "review.carry_on_bulk": now_with(bulk.carry_on, record=record),
        "evidence.preserve": now_with(
            retention.preserve, record=record, operator_term=program.settings.evidence.operator_term
        ),
        "evidence.reconsider": now_with(retention.reconsider),
        "evidence.start_clocks": now_with(
            clocks.start_of_report, operator_term=program.settings.evidence.operator_term
        ),
        "evidence.keep_contested": now_with(retention.keep_contested),
        "evidence.keep_case": now_with(retention.keep_case),
        "app.plan_proposals": now_with(proposals.record_plans, record=record, policies=_policies(program)),
        "app.withdraw_proposals": now_with(proposals.withdraw),
        "act.release": now_with(holds.release),
        "act.tell_platform": now_with(tell.tell_platform, destinations=program.destinations),
        "act.tell_reference": now_with(tell.tell_reference, destinations=program.destinations),
        "authorities.plan": now_with(plans.plan, rules=rules),
        "authorities.follow_reversal": now_with(plans.follow_reversal, rules=rules),
        "authorities.follow_wrong_alarm": now_with(plans.follow_wrong_alarm, rules=rules),
        "authorities.look_again": now_with(plans.look_again, rules=rules),
        "app.raise_alarm": now_with(alarms.on_step_stuck),
    }


def schedules(program: Program) -> Sequence[Schedule]:
    """Return the sweeps and how often each runs, in seconds, over all processes."""
    database, clock = program.database, program.clock
    return (
        Schedule("audit sequencer", 1, lambda: sequence(database, now=clock())),
        Schedule(
            "audit anchors", 60, lambda: sweep_anchors(database, declared(program.settings), clock=clock)
        ),
        Schedule("scan counters", 15, lambda: seal_counters(database, now=clock())),
        Schedule("emergency calls", 1, lambda: emergencies.send_calls(program)),
        Schedule("webhook deliveries", 1, lambda: given_up.deliver_webhooks(program)),
        Schedule("alarms", 15, lambda: sweep_alarms(program)),
        Schedule("inbound reports", 5, lambda: take_in_reports(program)),
        Schedule("appeals by reference", 5, lambda: take_in_appeals(program)),
        Schedule("retention", 300, lambda: _guarded(program, "retention", sweep_retention)),
        Schedule("leftovers", 3600, lambda: _guarded(program, "leftovers", sweep_leftovers)),
        Schedule("abandoned reveals", 30, lambda: _close_reveals(program)),
        Schedule("golden items", 600, lambda: close_unanswered(program)),
        Schedule("classifier drift", 3600, lambda: look_for_drift(program)),
        Schedule("near misses", 10, lambda: near_misses.seek(program)),
        Schedule("review rules", 60, RulesAgain(program).turn),
        Schedule("case weights", 15, lambda: weigh_cases(program)),
        Schedule("requests and sessions", 600, lambda: _sweep_access(program)),
        *authorities.filing_schedules(program, filing_of(program.settings)),
        *lookback.schedules(program),
        Schedule("overview", 60, lambda: overview.sweep_days(program)),
    )


def worker(program: Program, *, timings: Timings | None = None) -> Worker:
    """Return a worker that runs the steps and the sweeps; its `run` blocks until `stop`."""
    return Worker(
        program.database,
        program.queue,
        program.recorder,
        handlers(program),
        schedules(program),
        timings=timings,
    )


def sweep_alarms(program: Program) -> None:
    """Raise alarms about what is stale, late or down, and clear those whose cause is over."""
    with program.database.begin() as tx:
        outages.raise_for_outages(tx, now=program.clock())
        alarms.clear_what_is_over(tx, now=program.clock())


def look_for_drift(program: Program) -> None:
    """Alarm a person where a classifier says something else of uploads than it did, or errs otherwise."""
    with program.database.begin() as tx:
        alarms.raise_for_drift(tx, now=program.clock())


def take_in_reports(program: Program) -> None:
    """Make items of what was reported."""
    with program.database.begin() as tx:
        inbound_reports.pick_up(tx, record=program.recorder.record, now=program.clock())


def take_in_appeals(program: Program) -> None:
    """Make appeals of what was contested by reference."""
    with program.database.begin() as tx:
        left_appeals.pick_up(tx, record=program.recorder.record, now=program.clock())


def weigh_cases(program: Program) -> None:
    """Weigh anew the cases whose dates have come nearer, or about which somebody said what counts."""
    with program.database.begin() as tx:
        weighing.reckon_due(
            tx, now=program.clock(), rules=queue_rules(program.settings), limit=WEIGHED_AT_ONCE
        )


def sweep_retention(program: Program) -> sweep.Swept:
    """Destroy what is due, erase its context with it, and alarm a person about what waits for one."""
    now, evidence = program.clock(), program.settings.evidence
    clocks.start_operator_terms(
        program.database, operator_term=evidence.operator_term, now=now, limit=CLOCKED_AT_ONCE
    )
    done = sweep.sweep(program.database, program.vault, now=now, unfiled_patience=evidence.unfiled_patience)
    with program.database.begin() as tx:
        for media_id in done.alarms:
            alarms.raise_alarm(tx, alarms.UNDECIDED_TOO_LONG, f"media:{media_id}", now=now)
        for media_id in done.unfiled:
            alarms.raise_alarm(tx, alarms.CONFIRMED_UNFILED, f"media:{media_id}", now=now)
        evidence_orders.alarm_about_waiting(tx, done.stopped, now=now)
    with program.database.begin() as tx:
        erased = sweep.erased_items(tx, now=now, limit=ERASED_AT_ONCE)
        if erased:
            uploads.forget_context(tx, item_ids=erased, now=now)
            deliver.forget(tx, erased)
        cases.forget_accounts(tx, now=now, limit=ERASED_AT_ONCE)
        inbound_reports.forget_contacts(tx, now=now)
        contest.erase_words(tx, now=now, limit=ERASED_AT_ONCE)
        conversations.forget(tx, now=now)
    paper_sweep.forget_papers(program.database, operator_term=evidence.operator_term, now=now)
    return done


def sweep_leftovers(program: Program) -> sweep.Swept:
    """Bring the two ledgers of destructions together, then delete ciphertext that nothing can open."""
    closing.compare(program.database, program.vault.ledger, now=program.clock())
    return sweep.sweep_leftovers(program.database, program.vault, now=program.clock())


def sweep_now(
    program: Program, *, acknowledged_by: Actor | None, rehearsals_by: Actor | None = None
) -> tuple[sweep.Swept, sweep.Swept]:
    """Destroy what is due, then leftovers, instead of waiting for the schedules; return what each did.

    acknowledged_by: who takes note of the alarm that holds destruction back, if it stands. Raises Refused
    while it does and nobody takes note, and as the sweeps do. rehearsals_by: who has what came for practice
    destroyed as well, whatever its date, for a drill.
    """
    destruction_guard.refuse_while_held_back(
        program.database, DESTROYING, acknowledged_by=acknowledged_by, now=program.clock()
    )
    rehearsed: list[ObjectId] = []
    if rehearsals_by is not None:
        rehearsed = sweep.sweep_rehearsals(
            program.database, program.vault, actor=rehearsals_by, now=program.clock()
        )
    done = sweep_retention(program)
    done.destroyed = [*rehearsed, *done.destroyed]
    return done, sweep_leftovers(program)


def _guarded(program: Program, schedule: str, sweep: Callable[[Program], object]) -> None:
    destruction_guard.unless_held_back(
        program.database, schedule, lambda: sweep(program), now=program.clock()
    )


def _close_reveals(program: Program) -> None:
    with program.database.begin() as tx:
        viewing.close_abandoned(tx, program.clock())


def close_unanswered(program: Program) -> None:
    """Close what nobody answered or looked at in time: golden items, and what the lot fell on."""
    with program.database.begin() as tx:
        golden.close_left_lying(tx, now=program.clock())
        unseen.close_unseen(tx, now=program.clock(), limit=CLOSED_AT_ONCE)


def _sweep_access(program: Program) -> None:
    requests.sweep_requests(program.database, now=program.clock())
    with program.database.begin() as tx:
        probing.forget(tx, now=program.clock())
        heard_counters.forget(tx, now=program.clock())
        bulk.forget(tx, now=program.clock())
        support.forget(tx, now=program.clock())
        sessions.sweep_sessions(tx, program.settings.sign_in, now=program.clock())
        sign_in.sweep(tx, now=program.clock())
        alarms.raise_for_expiring_keys(tx, now=program.clock())


def _policies(program: Program) -> frozenset[str]:
    """Return the names of the policies that are switched on."""
    return frozenset(name for name, is_on in program.settings.policies.model_dump().items() if is_on)
