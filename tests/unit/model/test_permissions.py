"""Deny by default: who may do what."""

from __future__ import annotations

import pytest

from safehold.model.errors import NotAllowed
from safehold.model.ids import KeyId, UserId, new_id
from safehold.model.permissions import (
    ROLE_PERMISSIONS,
    SCOPES,
    Actor,
    Permission,
    Role,
    permissions_of,
    system_actor,
)


def test_every_role_has_permissions_and_every_permission_is_granted_to_somebody() -> None:
    granted = frozenset[Permission]().union(*ROLE_PERMISSIONS.values(), SCOPES)

    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set(Permission) - granted == {Permission.PUBLIC, Permission.SIGNED_IN}


def test_an_admin_sees_no_case_and_an_analyst_runs_no_machine() -> None:
    admin, analyst = permissions_of(frozenset({Role.ADMIN})), permissions_of(frozenset({Role.ANALYST}))

    assert not admin & {Permission.CASE_READ, Permission.CASE_REVEAL, Permission.CASE_ASSESS}
    assert not analyst & {Permission.USER_EDIT, Permission.KEY_EDIT, Permission.LIST_EDIT, Permission.OPS}


def test_no_key_can_be_given_what_only_people_do() -> None:
    assert not SCOPES & {Permission.CASE_ASSESS, Permission.CASE_REVEAL, Permission.PROPOSAL_DECIDE}


def test_an_actor_without_a_permission_is_refused_by_its_name() -> None:
    with pytest.raises(NotAllowed, match="scan"):
        Actor(permissions=frozenset()).require(Permission.SCAN)


def test_neither_a_key_nor_the_system_can_be_an_analyst() -> None:
    assess = frozenset({Permission.CASE_ASSESS})

    with pytest.raises(NotAllowed):
        Actor(permissions=assess, key_id=KeyId(new_id())).analyst()
    with pytest.raises(NotAllowed):
        system_actor("retention").analyst()
    person = Actor(permissions=assess, user_id=UserId(new_id()))
    assert person.analyst() == person.user_id
