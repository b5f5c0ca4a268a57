"""Whoever does not work in a queue never sees anything of its cases: not by the code, not past it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from safehold.app import console_finding, console_view
from safehold.app.access import users
from safehold.app.audit import reading
from safehold.app.audit.sequencer import sequence
from safehold.model.assessment import Tier
from safehold.model.case import SubjectPart
from safehold.model.errors import BadForm, NotAllowed, NotFound
from safehold.model.hash_list import Purpose
from safehold.model.ids import AnalystId, CaseId, UserId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of
from safehold.review import cases, conflicts, emergencies, notes, same, settle, subjects
from safehold.review.settle import ReversalReason
from safehold.review.viewing import ViewLimits, open_reveal
from safehold.storage import items

KEY = bytes(32)
ADMIN = Actor(permissions=permissions_of(frozenset({Role.ADMIN})), user_id=UserId(new_id()))


def actor(person: AnalystId, *roles: Role) -> Actor:
    return Actor(permissions=permissions_of(frozenset(roles or {Role.ANALYST})), user_id=UserId(person))


@pytest.fixture
def outsider(room: Any) -> AnalystId:
    """Return somebody who works on intimate images alone."""
    return room.new_analyst(queues=[Purpose.INTIMATE_IMAGES])  # type: ignore[no-any-return]


def unknown(room: Any, act: Callable[[Any], object]) -> None:
    with pytest.raises(NotFound), room.begin() as tx:
        act(tx)


def in_both(room: Any) -> tuple[CaseId, CaseId]:
    """Return a case about intimate images, and one of csam, in which the same item lies."""
    item_id = room.arrives(account="acc-1")
    room.match(item_id, room.new_list(Purpose.INTIMATE_IMAGES, vetted=True))
    intimate = room.opened(item_id, purpose=Purpose.INTIMATE_IMAGES)
    room.match(item_id)
    return intimate, room.opened(item_id)


def test_to_an_outsider_there_is_no_such_case_whatever_they_try(room: Any, outsider: AnalystId) -> None:
    case_id, item_id = room.matched_case(account="acc-1")
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    outcome, subject = room.sql("select id from outcome")[0].id, room.sql("select id from subject")[0].id
    now, part = room.now, SubjectPart.SUSPECTED
    tries: list[Callable[[Any], object]] = [
        lambda tx: console_view.case(tx, case_id, actor=actor(outsider), now=now),
        lambda tx: console_view.case(tx, CaseId(new_id()), actor=actor(outsider), now=now),
        lambda tx: cases.take(tx, case_id, outsider, now),
        lambda tx: cases.held_case(tx, case_id, outsider, now=now),
        lambda tx: notes.leave(tx, case_id, "a word", by=outsider, now=now),
        lambda tx: subjects.set_part(tx, subject, part, by=outsider, revision=1, now=now),
        lambda tx: conflicts.declare_about_case(tx, case_id, actor=actor(outsider), now=now),
        lambda tx: open_reveal(tx, case_id, item_id, Tier.CLEAR, by=outsider, now=now, limits=ViewLimits()),
        lambda tx: settle.reverse(
            tx, outcome, by=UserId(outsider), reason_code=ReversalReason.MISTAKE, record=room.record, now=now
        ),
        lambda tx: console_finding.account(tx, case_id, actor=actor(outsider), now=now),
        lambda tx: emergencies.known_case(tx, case_id, actor=actor(outsider)),
        lambda tx: emergencies.declare(
            tx,
            case_id,
            item_id=item_id,
            actor=actor(outsider),
            within=timedelta(minutes=15),
            record=room.record,
            now=now,
        ),
    ]
    for each in tries:
        unknown(room, each)


def test_no_id_of_it_leads_an_outsider_there_and_nothing_near_it_is_named(
    room: Any, outsider: AnalystId
) -> None:
    case_id, item_id = room.matched_case(account="acc-1")
    for text in (case_id, item_id, "acc-1", room.case(case_id).number):
        with room.begin() as tx:
            assert console_finding.find(tx, str(text), actor=actor(outsider), now=room.now) == []
            assert console_finding.find(tx, str(text), actor=actor(room.ben), now=room.now)


def test_a_risk_to_life_in_it_is_neither_listed_nor_found_nor_shown_to_an_outsider(
    room: Any, outsider: AnalystId
) -> None:
    case_id, item_id = room.matched_case()
    with room.begin() as tx:
        about, _ = emergencies.declare(
            tx,
            case_id,
            item_id=item_id,
            actor=actor(room.ada),
            within=timedelta(minutes=15),
            record=room.record,
            now=room.now,
        )
    with room.begin() as tx:
        assert emergencies.newest(tx, actor=actor(outsider)) == []
        [(listed, _)] = emergencies.newest(tx, actor=actor(room.ben))
    assert listed == about
    unknown(room, lambda tx: emergencies.existing(tx, about.id, actor=actor(outsider)))
    unknown(room, lambda tx: emergencies.answer(tx, about.id, actor=actor(outsider), now=room.now))
    for named in (room.case(case_id).number, case_id, item_id):
        with pytest.raises(BadForm), room.begin() as tx:
            emergencies.find_case(tx, str(named), actor=actor(outsider))


def test_what_was_found_of_the_same_picture_in_it_is_not_shown_to_an_outsider(
    room: Any, outsider: AnalystId
) -> None:
    first = room.arrives(media="garden")
    room.match(first)
    room.assesses(room.opened(first), first, room.illegal, by=room.ada)
    intimate = room.opened(room.arrives(media="garden"), purpose=Purpose.INTIMATE_IMAGES, flagged=True)
    with room.begin() as tx:
        to_them = console_view.case(tx, intimate, actor=actor(outsider), now=room.now)
        to_others = console_view.case(tx, intimate, actor=actor(room.ben), now=room.now)
    assert to_them.view.items[0].earlier == ()
    assert len(to_others.view.items[0].earlier) == 1


def test_the_audit_log_does_not_tell_an_outsider_what_a_search_led_to(room: Any, outsider: AnalystId) -> None:
    case_id, _ = room.matched_case()
    with room.begin() as tx:
        console_finding.find(tx, str(case_id), actor=actor(room.ada), now=room.now)
    sequence(room.database, now=room.now)
    with room.begin() as tx:
        shown = reading.newest(tx, key=KEY, actor=actor(outsider, Role.AUDITOR), now=room.now)
    assert str(case_id) not in str([record.detail for record in shown.records])


def test_their_queue_neither_shows_nor_offers_nor_counts_it(room: Any, outsider: AnalystId) -> None:
    room.matched_case()
    with room.begin() as tx:
        assert cases.take_next(tx, outsider, room.now) is None
        view = console_view.queue(tx, actor=actor(outsider), now=room.now)
        reader = console_view.queue(tx, actor=actor(outsider, Role.LEGAL), now=room.now)
    assert (view.cases, view.sizes, view.left_to_others) == ((), (), 0)
    assert reader.cases == ()


def test_an_item_that_is_in_a_csam_case_too_makes_its_other_case_one_for_those_who_work_in_both(
    room: Any, outsider: AnalystId
) -> None:
    both = room.new_analyst(queues=[Purpose.INTIMATE_IMAGES, Purpose.CSAM])
    intimate, csam = in_both(room)
    unknown(room, lambda tx: cases.take(tx, intimate, outsider, room.now))
    with room.begin() as tx:
        assert cases.take_next(tx, outsider, room.now) is None
        assert cases.take(tx, intimate, both, room.now).id == intimate
        assert cases.take(tx, csam, both, room.now).id == csam


def test_whoever_held_the_case_when_that_became_known_holds_it_no_longer(
    room: Any, outsider: AnalystId
) -> None:
    item_id = room.arrives()
    intimate = room.opened(item_id, purpose=Purpose.INTIMATE_IMAGES)
    room.takes(intimate, outsider)
    room.opened(item_id)
    assert room.case(intimate).locked_by is None


@pytest.mark.parametrize(
    "statement",
    [
        "update review_case set locked_by = :who, locked_until = now() where id = :case",
        """insert into reveal (id, user_id, case_id, item_id, tier, opened_at, ends_by, kind, weight)
            values (:id, :who, :case, :item, 'clear', now(), now() + interval '1 second', 'A', 100)""",
        """insert into assessment (id, case_id, purpose, item_id, analyst_id, form, finding, answers, tier,
            policy_version, filed_at) values (:id, :case, 'csam', :item, :who, 'imagery', 'not_illegal', '{}',
            'none', '1', now())""",
        """insert into case_note (id, case_id, written_by, written_at, words)
            values (:id, :case, :who, now(), 'x')""",
        """insert into emergency (id, case_id, item_id, declared_by, declared_at, due_at)
            values (:id, :case, :item, :who, now(), now() + interval '1 minute')""",
    ],
)
def test_past_the_code_the_database_refuses_as_well(room: Any, outsider: AnalystId, statement: str) -> None:
    case_id, item_id = room.matched_case()
    with pytest.raises(sa.exc.IntegrityError) as caught:
        room.sql(statement, id=new_id(), who=outsider, case=case_id, item=item_id)
    assert caught.value.orig.diag.constraint_name == "need_to_know"  # type: ignore[union-attr]


def test_the_audit_log_tells_an_outsider_that_something_was_done_and_not_about_what(
    room: Any, outsider: AnalystId
) -> None:
    case_id, item_id = room.matched_case()
    room.assesses(case_id, item_id, room.illegal, by=room.ada)
    sequence(room.database, now=room.now)
    auditor, insider = actor(outsider, Role.AUDITOR), actor(room.ben, Role.AUDITOR)
    with room.begin() as tx:
        shown = reading.newest(tx, key=KEY, actor=auditor, now=room.now)
        whole = reading.newest(tx, key=KEY, actor=insider, now=room.now)
        about = reading.of_object(tx, f"case:{case_id}", key=KEY, actor=auditor, now=room.now)
        known = reading.of_object(tx, f"case:{case_id}", key=KEY, actor=insider, now=room.now)
    assert len(shown.records) == len(whole.records) == len(shown.outside)
    assert {(record.object, str(record.detail)) for record in shown.records} <= {
        ("case", "{}"),
        ("item", "{}"),
    }
    assert whole.outside == frozenset()
    assert about.records == ()
    assert known.records


def test_whoever_is_taken_out_of_a_queue_loses_what_they_hold_in_it_and_it_is_on_record(room: Any) -> None:
    case_id, _ = room.matched_case()
    room.takes(case_id, room.ada)
    with room.begin() as tx:
        users.set_queues(
            tx,
            UserId(room.ada),
            frozenset({Purpose.OWN_TERMS}),
            frozenset({"language:sv"}),
            actor=ADMIN,
            now=room.now,
        )
    assert room.case(case_id).locked_by is None
    assert room.audited(f"user:{room.ada}") == ["user.queues"]
    with pytest.raises(NotAllowed), room.begin() as tx:
        users.set_queues(
            tx, UserId(room.ada), frozenset(Purpose), frozenset(), actor=actor(room.ada), now=room.now
        )


def test_nobody_adds_a_queue_of_their_own(room: Any) -> None:
    own = Actor(permissions=frozenset(Permission), user_id=UserId(room.ada))
    with pytest.raises(NotAllowed), room.begin() as tx:
        users.set_queues(tx, UserId(room.ada), frozenset(Purpose), frozenset(), actor=own, now=room.now)


def test_an_assessment_of_somebody_who_has_left_the_queue_since_still_counts(room: Any) -> None:
    case_id, item_id = room.matched_case()
    filed = room.files(case_id, item_id, room.illegal, by=room.ada)
    room.sql("update app_user set queues = '{}' where id = :ada", ada=room.ada)
    room.settles(case_id, item_id, filed, room.now + timedelta(minutes=1))
    assert room.waits_for(case_id, item_id) is None


def test_nobody_repeats_what_was_found_in_a_case_of_which_they_may_not_know(room: Any) -> None:
    first = room.arrives(media="garden")
    room.match(first)
    elsewhere = room.opened(first)
    room.assesses(elsewhere, first, room.illegal, by=room.ada)
    room.opened(first, purpose=Purpose.INTIMATE_IMAGES)
    item_id = room.arrives(media="garden")
    room.match(item_id)
    case = room.case(room.opened(item_id))
    csam_alone = room.new_analyst(queues=[Purpose.CSAM])
    with room.begin() as tx:
        stored = items.get(tx, item_id)
        assert stored is not None
        assert same.offered(tx, case, stored.item, by=room.ben, policy=room.policy) is not None
        assert same.offered(tx, case, stored.item, by=csam_alone, policy=room.policy) is None
