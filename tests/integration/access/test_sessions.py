"""Sessions end when they must, their token changes, and a spent one that comes back is a theft."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from safehold.app.access import proof, sessions, users
from safehold.app.access.gate import Visitor
from safehold.model.errors import NotAllowed, NotAuthenticated, NotFound, StepUpNeeded
from safehold.model.ids import SessionId, new_id
from safehold.model.permissions import Role, system_actor
from safehold.storage import viewers

PASSWORD = "correct horse battery"
SHELL = system_actor("shell")


def rotated(door, token: str) -> str:
    """Let a quarter of an hour pass and use the token that is offered then; return it."""
    door.later(minutes=15)
    following = door.resumes(token).next_token
    assert following is not None
    assert door.resumes(following).next_token is None
    return following


def proves(door, token: str) -> str:
    """Prove by the password who it is; return the token that carries the proof."""
    return proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)


def test_a_session_ends_when_it_rests_too_long_and_when_it_is_old(door) -> None:
    token = door.signs_in()
    door.later(minutes=30)
    assert door.resumes(token) is None
    token = door.signs_in()
    for _ in range(29):
        door.later(minutes=20)
        signed_in = door.resumes(token)
        token = signed_in.next_token or token
    door.later(minutes=20)
    assert door.resumes(token) is None


def test_the_limits_of_a_session_are_settings(door) -> None:
    door.settles(idle_minutes=5, absolute_hours=1)
    token = door.signs_in()
    door.later(minutes=5)
    assert door.resumes(token) is None
    token = door.signs_in()
    for _ in range(15):
        door.later(minutes=4)
        signed_in = door.resumes(token)
        token = (signed_in.next_token or token) if signed_in else token
    assert door.resumes(token) is None


def test_the_token_changes_every_quarter_of_an_hour_and_the_form_token_stays(door) -> None:
    token = door.signs_in()
    assert door.resumes(token).next_token is None
    following = rotated(door, token)
    assert following != token
    assert len({door.resumes(each).form_token for each in (token, following)}) == 1
    again = rotated(door, following)
    assert again not in (token, following)


def test_an_offer_that_is_lost_on_its_way_costs_nobody_their_session(door) -> None:
    token = door.signs_in()
    offers = set()
    for _ in range(5):
        door.later(minutes=16)
        offers.add(door.resumes(token).next_token)
    assert len(offers) == 1
    assert door.resumes(offers.pop()) is not None


def test_parallel_requests_are_offered_the_same_token_and_all_go_on(door) -> None:
    token = door.signs_in()
    door.later(minutes=15)
    with ThreadPoolExecutor(6) as pool:
        offered = {found.next_token for found in pool.map(lambda _: door.resumes(token), range(6))}
        assert len(offered) == 1
        [following] = offered
        mixed = list(pool.map(door.resumes, [token, following] * 4))
    assert all(mixed)
    assert door.sql("select count(*) as n from spent_token")[0].n == 1


def test_a_token_that_was_spent_a_moment_ago_still_goes_through_without_a_proof(door) -> None:
    token = proves(door, door.signs_in())
    assert door.resumes(token).proved_at == door.now
    rotated(door, token)
    signed_in = door.resumes(token)
    assert signed_in is not None
    assert (signed_in.proved_at, signed_in.next_token) == (None, None)


def test_a_spent_token_that_comes_back_later_ends_the_session_and_alarms_a_person(door) -> None:
    token = door.signs_in()
    following = rotated(door, token)
    door.later(seconds=31)
    assert door.resumes(token) is None
    assert door.resumes(following) is None
    assert door.alarms() == ["session_stolen"]
    [row] = door.sql("select object from audit_record where verb = 'session.stolen'")
    assert row.object == f"user:{door.robin}"


def test_an_old_spent_token_is_known_as_well_as_the_last_one(door) -> None:
    first = door.signs_in()
    last = rotated(door, rotated(door, first))
    assert door.resumes(first) is None
    assert door.resumes(last) is None
    assert door.alarms() == ["session_stolen"]


def test_a_token_that_never_was_alarms_nobody(door) -> None:
    assert door.resumes("never-was") is None
    assert door.alarms() == []


def test_a_sign_in_is_no_proof_and_a_copy_of_its_token_never_carries_one(door) -> None:
    token = door.signs_in()
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(token), now=door.now)
    proven = proves(door, token)
    sessions.require_recent_proof(door.resumes(proven), now=door.now)
    for seconds in (0, 29):
        door.later(seconds=seconds)
        thief = door.resumes(token)
        assert thief.next_token is None
        with pytest.raises(StepUpNeeded):
            sessions.require_recent_proof(thief, now=door.now)
    door.later(seconds=2)
    assert door.resumes(token) is None
    assert door.alarms() == ["session_stolen"]


def test_a_proof_is_bound_to_the_token_that_follows(door) -> None:
    token = door.signs_in()
    signed_in = door.resumes(token)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(signed_in, now=door.now)
    proven = proof.by_password(door.gate, signed_in, token, PASSWORD, now=door.now)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(token), now=door.now)
    sessions.require_recent_proof(door.resumes(proven), now=door.now)
    door.later(seconds=5)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(token), now=door.now)
    door.later(minutes=10)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(proven), now=door.now)


def test_whoever_shows_the_old_token_is_not_offered_the_one_that_carries_a_proof(door) -> None:
    token = door.signs_in()
    door.later(minutes=14)
    proven = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    for minutes in (0, 2, 4, 3):
        door.later(minutes=minutes)
        thief = door.resumes(token)
        assert thief.next_token is None
        with pytest.raises(StepUpNeeded):
            sessions.require_recent_proof(thief, now=door.now)
    sessions.require_recent_proof(door.resumes(proven), now=door.now)
    thief = door.resumes(token)
    assert (thief.next_token, thief.proved_at) == (None, None)


def test_a_token_that_was_offered_in_its_turn_carries_no_proof_that_came_after(door) -> None:
    token = door.signs_in()
    door.later(minutes=15)
    offered = door.resumes(token).next_token
    proven = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    assert offered not in (None, proven)
    assert door.resumes(offered) is None
    sessions.require_recent_proof(door.resumes(proven), now=door.now)


def test_a_proof_whose_answer_never_came_does_not_stop_the_token_from_changing(door) -> None:
    token = door.signs_in()
    door.later(minutes=14)
    lost = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    door.later(minutes=10)
    following = door.resumes(token).next_token
    assert following not in (None, lost)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(door.resumes(following), now=door.now)


def test_a_proof_goes_on_from_the_token_that_came_in_while_it_was_checked(door) -> None:
    token = door.signs_in()
    door.later(minutes=15)
    asked = door.resumes(token)
    assert door.resumes(asked.next_token) is not None
    proven = proof.by_password(door.gate, asked, token, PASSWORD, now=door.now)
    sessions.require_recent_proof(door.resumes(proven), now=door.now)


def test_a_proof_from_a_future_that_was_taken_back_is_none(door) -> None:
    signed_in = door.resumes(proves(door, door.signs_in()))
    sessions.require_recent_proof(signed_in, now=door.now - sessions.SKEW)
    with pytest.raises(StepUpNeeded):
        sessions.require_recent_proof(signed_in, now=door.now - sessions.SKEW - timedelta(seconds=1))


@pytest.mark.parametrize(("back", "stands"), [(29, True), (31, False), (3600, False)])
def test_a_session_that_was_last_used_in_the_future_is_over_for_everybody(door, back, stands) -> None:
    token = door.signs_in()
    signed_in, idle = door.resumes(token), sessions.idle(door.gate.settings)
    door.later(seconds=-back)
    assert (door.resumes(token) is not None) is stands
    assert bool(door.in_tx(sessions.listed, door.gate.settings, door.robin, now=door.now)) is stands
    theirs = (signed_in.session_id, door.robin)
    assert door.in_tx(viewers.session_stands, *theirs, now=door.now, idle=idle) is stands
    assert door.in_tx(sessions.sweep_sessions, door.gate.settings, now=door.now) == (0 if stands else 1)


def test_a_token_that_was_spent_in_the_future_has_no_longer_grace(door) -> None:
    token = door.signs_in()
    door.later(minutes=15)
    following = door.resumes(token).next_token
    door.later(seconds=40)
    assert door.resumes(following) is not None
    door.later(seconds=-40)
    assert door.resumes(following) is not None
    assert door.resumes(token) is None


def test_a_proof_survives_the_change_of_the_token_and_ages_all_the_same(door) -> None:
    token = door.signs_in()
    door.later(minutes=14)
    proven = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    assert door.resumes(proven).proved_at == door.now
    at = door.now
    following = rotated(door, proven)
    assert door.resumes(following).proved_at == at


def test_a_proof_whose_answer_was_lost_can_be_given_again(door) -> None:
    token = door.signs_in()
    first = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    again = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    assert first == again
    assert door.resumes(again).proved_at == door.now
    late = proof.by_password(door.gate, door.resumes(token), token, PASSWORD, now=door.now)
    assert late == first


def test_five_failed_proofs_end_the_session(door) -> None:
    token = door.signs_in()
    signed_in = door.resumes(token)
    for _ in range(4):
        with pytest.raises(NotAllowed):
            proof.by_password(door.gate, signed_in, token, "wrong password", now=door.now)
    with pytest.raises(NotAuthenticated):
        proof.by_password(door.gate, signed_in, token, "wrong password", now=door.now)
    assert door.resumes(token) is None
    assert isinstance(door.signs_in(), str)


def test_a_person_sees_their_own_sessions_and_ends_one(door) -> None:
    here, there = door.signs_in(), door.signs_in(visitor=Visitor("192.0.2.2", "Chrome on Windows"))
    listed = door.in_tx(sessions.listed, door.gate.settings, door.robin, now=door.now)
    assert {one.client for one in listed} == {"Firefox on Linux", "Chrome on Windows"}
    other = door.resumes(there)
    end = {"of": door.robin, "actor": other.actor, "now": door.now}
    door.in_tx(sessions.end, other.session_id, **end)
    assert door.resumes(there) is None
    assert door.resumes(here) is not None
    with pytest.raises(NotFound):
        door.in_tx(sessions.end, SessionId(new_id()), **end)


def test_nobody_ends_another_persons_session_by_its_id(door) -> None:
    other = door.add("Sam", Role.ANALYST)
    token = door.signs_in()
    with pytest.raises(NotFound):
        door.in_tx(sessions.end, door.resumes(token).session_id, of=other, actor=SHELL, now=door.now)
    assert door.resumes(token) is not None


def test_shutting_somebody_out_and_a_new_password_end_their_sessions_at_once(door) -> None:
    first = door.signs_in()
    change = {"name": "Robin", "password": "another long one", "actor": SHELL, "now": door.now}
    door.in_tx(users.set_password, **change)
    assert door.resumes(first) is None
    second = door.tries(password="another long one").token
    door.shuts_out()
    assert door.resumes(second) is None
    with pytest.raises(NotAuthenticated):
        door.tries(password="another long one")
    door.in_tx(users.enable, door.robin, actor=SHELL, now=door.now)
    assert door.tries(password="another long one")


def test_a_form_without_its_sessions_token_is_refused(door) -> None:
    signed_in = door.resumes(door.signs_in())
    sessions.check_form_token(signed_in, signed_in.form_token)
    for sent in (None, "", "another", signed_in.form_token[:-1], "\ud800"):
        with pytest.raises(NotAllowed):
            sessions.check_form_token(signed_in, sent)


def test_sessions_that_are_over_are_swept_with_their_spent_tokens_and_others_stay(door) -> None:
    old = rotated(door, door.signs_in())
    door.later(days=1)
    new = door.signs_in()
    assert door.in_tx(sessions.sweep_sessions, door.gate.settings, now=door.now) == 1
    assert door.resumes(old) is None
    assert door.resumes(new) is not None
    assert door.sql("select * from spent_token") == []


def test_no_token_is_kept_in_the_clear(door) -> None:
    token = door.signs_in()
    door.later(minutes=timedelta(minutes=15).seconds // 60)
    following = door.resumes(token).next_token
    rows = str(door.sql("select * from session")) + str(door.sql("select * from known_device"))
    assert token not in rows
    assert following not in rows
