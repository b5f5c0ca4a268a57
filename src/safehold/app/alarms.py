"""Alarms: raised by what needs a person, shown in the console and in the metrics until it is over.

An alarm ends when its cause does, or when a person acknowledges it; the same cause then raises no second
one. Each code has one question that says whether a cause still stands. It is asked before an alarm is
raised, because the cause may be over by then, and by the sweep that clears alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from safehold.authorities import filings
from safehold.authorities.means import REPORT_INCOMPLETE, REPORT_STUCK, REPORT_WAITS
from safehold.authorities.questions import HEARD_BEFORE, QUESTION_DUE, QUESTION_LATE
from safehold.detect.classifiers import circuits, drift
from safehold.model.errors import Conflict, NotFound
from safehold.model.events import StepStuck
from safehold.model.ids import AlarmId
from safehold.model.permissions import Actor, Permission, system_actor
from safehold.storage import alarms as rows
from safehold.storage import (
    anchors,
    api_keys,
    audit,
    authority_questions,
    calls,
    deliveries,
    emergencies,
    evidence,
    hash_lists,
    probing,
    retention_clocks,
    scans,
    sign_ins,
    steps,
    unfiled,
)
from safehold.storage import filings as filing_rows
from safehold.storage.alarms import StoredAlarm
from safehold.storage.database import Tx

STEP_STUCK = "step_stuck"
CUSTODY_FAILED = "custody_failed"
UNDECIDED_TOO_LONG = rows.UNDECIDED_TOO_LONG
CONFIRMED_UNFILED = rows.CONFIRMED_UNFILED
DESTROY_ORDER_WAITS = rows.DESTROY_ORDER_WAITS
DELIVERY_DEAD = "delivery_dead"
ANCHOR_FAILING = "anchor_failing"
PROBING = "probing"
DESTRUCTION_WAITS = "destruction_waits"
SIGN_IN_GUESSED = "sign_in_guessed"
SESSION_STOLEN = "session_stolen"
PASSKEY_COPIED = "passkey_copied"
FACTORS_RESET = "factors_reset"
TOO_MANY_VIEWS = "too_many_views"
KEY_EXPIRING = "key_expiring"
INDEX_DAMAGED = "index_damaged"
LOOKBACK_DAMAGED = "lookback_damaged"
RISK_TO_LIFE = "risk_to_life"
CALL_DEAD = "call_dead"
REPORT_UNSENT = "report_unsent"
REPORT_EXPIRING = "report_expiring"
LIST_STALE = "list_stale"
MATCHER_DOWN = "matcher_down"
CLASSIFIER_DRIFTS = "classifier_drifts"
CLASSIFIER_DOWN = "classifier_down"

GUESSED_OFTEN = 20
"""So many failed sign-ins for one name, or with one right password, alarm a person; three times as many from
one address."""
GUESSED_WINDOW = timedelta(hours=1)
"""An alarm about failed sign-ins ends so long after the last of them."""

PROBING_WINDOW = timedelta(hours=24)
"""How far back calls near the edge of a list are added up; the alarm ends a day after the last of them."""

DESTRUCTION_WAITS_FOR = timedelta(days=1)
"""How long destruction waits for a person after a jump in time or a restore."""

KEY_ENDS_SOON = timedelta(days=14)
KEY_IN_USE = timedelta(days=30)
"""A platform's key that was used so lately is one that somebody will miss."""

MATCHER_WINDOW = timedelta(minutes=15)
"""The alarm about scans that nothing could be compared in ends so long after the last of them."""

ANCHOR_PATIENCE = timedelta(hours=1)
"""How long an outside anchor of the audit log may fail before a person hears of it."""
MOST_ASKED = 500
"""How many causes are asked about at once."""
MOST_CLEARED = 200
"""How many alarms one transaction clears: it holds a lock for each."""

_SYSTEM = system_actor("alarms").label

StillStands = Callable[[Tx, Collection[UUID], datetime], set[UUID]]
"""Which of these causes still stand at an instant."""

CAUSES: Mapping[str, StillStands] = {
    STEP_STUCK: lambda tx, ids, _: steps.still_stuck(tx, ids),
    CUSTODY_FAILED: lambda tx, ids, _: evidence.still_unsealed(tx, ids),
    UNDECIDED_TOO_LONG: lambda tx, ids, now: evidence.still_overdue(tx, ids, now=now),
    CONFIRMED_UNFILED: lambda tx, ids, _: unfiled.still_unfiled(tx, ids),
    DESTROY_ORDER_WAITS: lambda tx, ids, _: retention_clocks.waiting_orders(tx, ids),
    DELIVERY_DEAD: lambda tx, ids, _: deliveries.still_given_up(tx, ids),
    RISK_TO_LIFE: lambda tx, ids, _: emergencies.still_standing(tx, ids),
    CALL_DEAD: lambda tx, ids, _: calls.still_dead(tx, ids),
    REPORT_UNSENT: lambda tx, ids, now: (
        set(ids) & {*emergencies.unreported(tx, now), *filing_rows.overdue(tx, now)}
    ),
    REPORT_STUCK: lambda tx, ids, _: filing_rows.still_stuck(tx, ids),
    REPORT_WAITS: lambda tx, ids, _: set(ids) & filings.waiting_for_us(tx),
    REPORT_INCOMPLETE: lambda tx, ids, _: filing_rows.lacking_files(tx, ids),
    QUESTION_DUE: lambda tx, ids, now: (
        authority_questions.still_due(tx, ids, now + HEARD_BEFORE)
        - authority_questions.still_due(tx, ids, now)
    ),
    QUESTION_LATE: lambda tx, ids, now: authority_questions.still_due(tx, ids, now),
    REPORT_EXPIRING: lambda tx, ids, now: set(ids) & set(filings.expiring(tx, now=now)),
    LIST_STALE: lambda tx, ids, now: (
        set(ids) & {known.id for known in hash_lists.in_use(tx) if known.is_stale(now)}
    ),
    MATCHER_DOWN: lambda tx, ids, now: (
        set(ids) if scans.incomplete_since(tx, MATCHER_DOWN, now - MATCHER_WINDOW) else set()
    ),
    CLASSIFIER_DRIFTS: lambda tx, ids, now: set(ids) & set(drift.drifting(tx, now)),
    CLASSIFIER_DOWN: lambda tx, ids, now: set(ids) & set(circuits.opened_at(tx, now)),
    ANCHOR_FAILING: lambda tx, ids, now: anchors.still_failing(tx, ids, before=now - ANCHOR_PATIENCE),
    SIGN_IN_GUESSED: lambda tx, ids, now: sign_ins.failing_since(
        tx, ids, at_least=GUESSED_OFTEN, since=now - GUESSED_WINDOW
    ),
    SESSION_STOLEN: lambda _tx, ids, _now: set(ids),
    PASSKEY_COPIED: lambda _tx, ids, _now: set(ids),
    FACTORS_RESET: lambda _tx, ids, _now: set(ids),
    TOO_MANY_VIEWS: lambda _tx, ids, _now: set(ids),
    INDEX_DAMAGED: lambda _tx, ids, _now: set(ids),
    LOOKBACK_DAMAGED: lambda _tx, ids, _now: set(ids),
    DESTRUCTION_WAITS: lambda tx, ids, now: _still_waiting(tx, ids, now),
    KEY_EXPIRING: lambda tx, ids, now: set(_keys_expiring(tx, now)) & set(ids),
    PROBING: lambda tx, ids, now: {
        whose.subject for whose in probing.summed(tx, now - PROBING_WINDOW, subjects=ids)
    },
}
"""Per code, the question that is asked about the ids in the subjects of its alarms. What happened once and
is not undone stands until a person takes note."""


def raise_alarm(tx: Tx, code: str, subject: str, *, now: datetime) -> bool:
    """Raise an alarm, once for as long as it stands and only while its cause does; say whether it was raised.

    subject: kind and id of what the alarm is about, "step:018f…".
    """
    rows.lock(tx, code, subject)
    if not CAUSES[code](tx, [_id_in(subject)], now):
        return False
    if not rows.raise_once(tx, code=code, subject=subject, now=now):
        return False
    _audit(tx, "alarm.raise", code, subject, now)
    return True


def clear_alarm(tx: Tx, code: str, subject: str, *, now: datetime) -> None:
    """Clear an alarm when what caused it is over. Clearing what does not stand does nothing."""
    rows.lock(tx, code, subject)
    if rows.clear(tx, code=code, subject=subject, now=now):
        _audit(tx, "alarm.clear", code, subject, now)


def clear_what_is_over(tx: Tx, codes: Iterable[str] = tuple(CAUSES), *, now: datetime) -> None:
    """Clear standing alarms of these codes whose cause is over, at most MOST_CLEARED of each code."""
    for code in sorted(codes):
        over = list(islice(_candidates(tx, code, now), MOST_CLEARED))
        for subject in over:
            rows.lock(tx, code, subject)
            # Asked again: it may have come back before the lock was ours.
            if _over(tx, code, [subject], now):
                clear_alarm(tx, code, subject, now=now)


def acknowledge(tx: Tx, alarm_id: AlarmId, *, actor: Actor, now: datetime) -> None:
    """Clear an alarm because a person has taken note of it, and put on record who.

    Whether its cause still stands is not asked; only a new occurrence raises it again. Raises NotAllowed,
    NotFound, and Conflict when it does not stand any more, or is about a risk to life that does.
    """
    actor.require(Permission.JOB_RETRY)
    found = rows.find(tx, alarm_id)
    if found is None:
        raise NotFound("There is no such alarm.")
    rows.lock(tx, found.code, found.subject)
    if found.code == RISK_TO_LIFE and CAUSES[RISK_TO_LIFE](tx, [_id_in(found.subject)], now):
        raise Conflict(
            "This alarm ends with what it is about.", advice="End the emergency, under Emergencies."
        )
    if not rows.clear_one(tx, alarm_id, now=now):
        raise Conflict("This alarm does not stand any more.", advice="Nothing is left to do about it.")
    _audit(tx, "alarm.acknowledge", found.code, found.subject, now, actor=actor.label)


def on_step_stuck(tx: Tx, event: StepStuck, *, now: datetime) -> None:
    """Handle step_stuck. A step that was tried again meanwhile alarms nobody."""
    raise_alarm(tx, STEP_STUCK, f"step:{event.step_id}", now=now)


def raise_for_expiring_keys(tx: Tx, *, now: datetime) -> None:
    """Alarm a person, once for each end, about platforms' keys that are in use and end within two weeks."""
    for key_id, ends_at in _keys_expiring(tx, now).items():
        subject = f"key:{key_id}"
        if not rows.raised_since(tx, KEY_EXPIRING, subject, ends_at - KEY_ENDS_SOON):
            raise_alarm(tx, KEY_EXPIRING, subject, now=now)


def raise_for_drift(tx: Tx, *, now: datetime) -> None:
    """Alarm a person about each classifier that drifts, once in the days that it is held against."""
    for classifier_id in drift.drifting(tx, now):
        subject = f"classifier:{classifier_id}"
        if not rows.raised_since(tx, CLASSIFIER_DRIFTS, subject, now - drift.RECENT):
            raise_alarm(tx, CLASSIFIER_DRIFTS, subject, now=now)


def standing(tx: Tx, *, limit: int | None = None) -> list[StoredAlarm]:
    """Return the alarms that stand, oldest first, at most `limit` of them."""
    return rows.standing(tx, limit=limit)


def _keys_expiring(tx: Tx, now: datetime) -> dict[UUID, datetime]:
    return api_keys.ending(tx, now=now, before=now + KEY_ENDS_SOON, used_since=now - KEY_IN_USE)


def _still_waiting(tx: Tx, ids: Collection[UUID], now: datetime) -> set[UUID]:
    """All of them, unless the alarm was raised long enough ago, or is from a future that was taken back."""
    raised = [one.raised_at for one in rows.standing(tx) if one.code == DESTRUCTION_WAITS]
    return set() if any(not at <= now < at + DESTRUCTION_WAITS_FOR for at in raised) else set(ids)


def _candidates(tx: Tx, code: str, now: datetime) -> Iterator[str]:
    subjects = rows.subjects(tx, code)
    for first in range(0, len(subjects), MOST_ASKED):
        yield from _over(tx, code, subjects[first : first + MOST_ASKED], now)


def _over(tx: Tx, code: str, subjects: Collection[str], now: datetime) -> list[str]:
    stands = CAUSES[code](tx, [_id_in(subject) for subject in subjects], now)
    return [subject for subject in subjects if _id_in(subject) not in stands]


def _id_in(subject: str) -> UUID:
    return UUID(subject.partition(":")[2])


def _audit(tx: Tx, verb: str, code: str, subject: str, now: datetime, *, actor: str = _SYSTEM) -> None:
    audit.append(tx, at=now, actor=actor, verb=verb, object=subject, detail={"code": code})
