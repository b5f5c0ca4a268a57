"""Handing evidence over takes two people: the code says so, the reader, and the database."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from psycopg.errors import CheckViolation

from safehold.app.access.at_the_shell import proved
from safehold.app.bundles import asking
from safehold.app.reader import messages
from safehold.app.settings import Settings
from safehold.evidence import bundles
from safehold.model.errors import (
    BadForm,
    BadSettings,
    Conflict,
    ConflictOfInterest,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Refused,
)
from safehold.model.hash_list import Purpose
from safehold.model.ids import BundleId, ItemId, new_id
from safehold.model.permissions import Role
from safehold.model.team import TeamSize
from safehold.review import conflicts
from safehold.storage import bundles as rows
from safehold.storage import roles
from safehold.testing.handing_over import Person, Recipient, approves, asks, makes, person, recipient
from safehold.testing.running import TESTER
from safehold.vault.channel import Message


@pytest.fixture
def them(tmp_path: Path) -> Recipient:
    return recipient(tmp_path)


@pytest.fixture
def one(room: Any) -> Person:
    return person(room.safehold)


@pytest.fixture
def other(room: Any) -> Person:
    return person(room.safehold)


@pytest.fixture
def bundle(room: Any, one: Person, them: Recipient) -> BundleId:
    return asks(room.safehold, one, room.item_id, to=[them.public])


def knows_somebody(room: Any, who: Person) -> None:
    with room.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(tx, "account-1", of=who.actor.user_id, actor=TESTER, now=room.clock())


def test_whoever_asked_does_not_approve_and_nobody_approves_twice(
    room: Any, one: Person, other: Person, bundle: BundleId
) -> None:
    for size in (TeamSize.FULL, TeamSize.SMALL):
        with pytest.raises(NotAllowed, match="Another person"):
            approves(room.safehold, one, bundle, size=size)
    approves(room.safehold, other, bundle, size=TeamSize.FULL)
    with pytest.raises(Conflict):
        approves(room.safehold, person(room.safehold), bundle)


def test_nothing_is_made_that_one_person_alone_asked_for(
    room: Any, operated: Settings, one: Person, bundle: BundleId, tmp_path: Path
) -> None:
    with pytest.raises(NotAllowed, match="Nobody else has agreed"):
        makes(operated, one, bundle, tmp_path / "x")
    with pytest.raises(NotFound):
        makes(operated, one, BundleId(new_id()), tmp_path / "x")
    assert list(tmp_path.glob("x*")) == []
    assert room.audited(f"bundle:{bundle}")[1:] == [("evidence.refused", "not_allowed")]
    assert room.audited(f"item:{room.item_id}") == []


def test_what_was_declined_or_taken_back_is_never_made(
    room: Any, operated: Settings, one: Person, other: Person, them: Recipient, tmp_path: Path
) -> None:
    for who in (one, other):
        bundle = asks(room.safehold, one, room.item_id, to=[them.public])
        with room.safehold.program.database.begin() as tx:
            asking.decline(tx, bundle, actor=who.actor, now=room.clock())
        with pytest.raises(Conflict):
            approves(room.safehold, other, bundle)
        with pytest.raises(NotAllowed):
            makes(operated, one, bundle, tmp_path / "x")


def test_only_people_who_may_edit_evidence_ask_approve_and_make(
    room: Any, operated: Settings, one: Person, other: Person, them: Recipient, tmp_path: Path
) -> None:
    strangers = [person(room.safehold, role) for role in Role if role is not Role.LEGAL]
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            asks(room.safehold, stranger, room.item_id, to=[them.public])
        with pytest.raises(NotAllowed):
            approves(room.safehold, stranger, bundle)
    approves(room.safehold, other, bundle)
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            makes(operated, stranger, bundle, tmp_path / "x")


def test_whoever_knows_somebody_in_the_case_neither_asks_nor_approves_nor_makes(
    room: Any,
    operated: Settings,
    one: Person,
    other: Person,
    bundle: BundleId,
    them: Recipient,
    tmp_path: Path,
) -> None:
    conflicted = person(room.safehold)
    knows_somebody(room, conflicted)
    with pytest.raises(ConflictOfInterest):
        asks(room.safehold, conflicted, room.item_id, to=[them.public])
    with pytest.raises(ConflictOfInterest):
        approves(room.safehold, conflicted, bundle)
    approves(room.safehold, other, bundle)
    with pytest.raises(ConflictOfInterest):
        makes(operated, conflicted, bundle, tmp_path / "x")
    knows_somebody(room, one)
    with pytest.raises(ConflictOfInterest):
        makes(operated, one, bundle, tmp_path / "x")
    assert makes(operated, other, bundle, tmp_path / "x").held == 1


def test_a_case_that_moved_to_a_queue_where_they_do_not_work_is_none_to_them_any_more(
    room: Any, operated: Settings, one: Person, other: Person, bundle: BundleId, tmp_path: Path
) -> None:
    case_id = room.safehold.case_of(room.item_id)
    room.safehold.sql(
        "update app_user set queues = %(queues)s where name = %(name)s",
        queues=[Purpose.TEST.value],
        name=other.name,
    )
    room.safehold.sql(
        "update review_case set other_purposes = '{intimate_images}' where id = %(case)s", case=case_id
    )
    with pytest.raises(NotFound):
        approves(room.safehold, other, bundle)
    approves(room.safehold, person(room.safehold), bundle)
    with pytest.raises(NotFound):
        makes(operated, other, bundle, tmp_path / "x")
    assert makes(operated, one, bundle, tmp_path / "x").held == 1


def test_both_still_have_to_be_people_who_may_when_it_is_made(
    room: Any, operated: Settings, one: Person, other: Person, bundle: BundleId, tmp_path: Path
) -> None:
    approves(room.safehold, other, bundle)
    room.safehold.sql("update app_user set disabled_at = now() where name = %(name)s", name=other.name)
    with pytest.raises(NotAllowed):
        makes(operated, one, bundle, tmp_path / "x")
    room.safehold.sql("update app_user set disabled_at = null where name = %(name)s", name=other.name)
    assert makes(operated, one, bundle, tmp_path / "x").held == 1


def test_one_approval_serves_three_times_and_failed_tries_count(
    room: Any, operated: Settings, one: Person, other: Person, bundle: BundleId, tmp_path: Path
) -> None:
    approves(room.safehold, other, bundle)
    for number in range(bundles.MOST_MAKINGS):
        assert makes(operated, one, bundle, tmp_path / f"{number}").held == 1
    with pytest.raises(Refused, match="3 times"):
        makes(operated, one, bundle, tmp_path / "x")


def test_seven_days_after_it_was_asked_for_it_is_neither_approved_nor_made(
    room: Any, one: Person, other: Person, them: Recipient
) -> None:
    now = room.clock()
    bundle = asks(room.safehold, one, room.item_id, to=[them.public], now=now - timedelta(days=7))
    with pytest.raises(Refused, match="7 days"):
        approves(room.safehold, other, bundle)
    young = asks(room.safehold, one, room.item_id, to=[them.public], now=now)
    approves(room.safehold, other, young)
    for late in (now + timedelta(days=7), now - timedelta(seconds=1)):
        with room.safehold.program.database.begin() as tx, pytest.raises(Refused):
            bundles.begin(tx, young, actor="user:x", now=late)


@pytest.mark.parametrize("text", ["nonsense", "", "age1qqqq", "ssh-rsa AAAA"])
def test_a_recipient_that_is_none_is_refused_before_anything_is_asked(
    room: Any, one: Person, them: Recipient, text: str
) -> None:
    with pytest.raises(InvalidInput):
        asks(room.safehold, one, room.item_id, to=[them.public, text])
    assert room.safehold.sql("select id from bundle_request") == []


def test_a_request_says_for_whom_and_what_for(room: Any, one: Person, them: Recipient) -> None:
    def ask(**changed: Any) -> None:
        said = {"recipient_name": "the police", "purpose": "a request of theirs", "recipients": [them.public]}
        with room.safehold.program.database.begin() as tx:
            items = [ItemId(UUID(room.item_id))]
            asking.ask(tx, items, actor=one.actor, now=room.clock(), **(said | changed))

    for field, value in (("recipient_name", " x "), ("purpose", "short"), ("purpose", "x" * 1001)):
        with pytest.raises(BadForm) as refused:
            ask(**{field: value})
        assert refused.value.field == field
    with pytest.raises(BadForm):
        ask(recipients=[])


def test_the_database_keeps_what_the_code_keeps(room: Any, other: Person, bundle: BundleId) -> None:
    def refuses(statement: str) -> None:
        with pytest.raises((CheckViolation, sa.exc.IntegrityError)):
            room.safehold.sql(
                "update bundle_request set " + statement + " where id = %(id)s",
                id=bundle,
            )

    refuses("approved = true, decided_at = now(), decided_by = asked_by")
    refuses("approved = true, decided_at = now()")
    refuses("made = 1, made_at = now()")
    approves(room.safehold, other, bundle)
    refuses("decided_by = asked_by")
    refuses("made = 4, made_at = now()")
    refuses("made = 1, made_at = asked_at + interval '7 days'")


def test_the_console_asks_and_decides_and_makes_none_the_reader_only_counts_and_no_other_surface_may() -> (
    None
):
    may = {
        roles.READER: "select, update (made, made_at)",
        roles.CONSOLE: "select, insert (id, asked_by, asked_at, recipients, recipient_name, purpose),"
        " update (approved, decided_by, decided_at)",
    }
    for role, grants in roles.GRANTS.items():
        assert grants.get("bundle_request") == may.get(role)
    assert roles.GRANTS[roles.READER]["bundle_item"] == "select"
    assert roles.GRANTS[roles.CONSOLE]["bundle_item"] == "select, insert"


def test_whoever_asks_the_reader_names_a_bundle_and_nothing_that_would_be_in_it() -> None:
    head = {"purpose": "bundle", "bundle": str(new_id()), "user": str(new_id())}
    assert messages.parse(Message(head)).message().head == head
    for more in ({"item": str(new_id())}, {"recipients": []}, {"bundle": "x"}):
        with pytest.raises(BadForm):
            messages.parse(Message(head | more))
    with pytest.raises(BadForm):
        messages.parse(Message(head, b"a key"))
    with pytest.raises(BadForm):
        messages.parse(Message({"purpose": "export", "item": str(new_id()), "user": str(new_id())}, b"a key"))


# --- where one person works --------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return the private key of a co-signer, beside its public half."""
    private = tmp_path / "outside.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", private], check=True)
    public = tmp_path / "outside.pub.pem"
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private


def single(settings: Settings, outside: Path) -> Settings:
    team = settings.team.model_copy(update={"co_signer_key": outside.with_name("outside.pub.pem")})
    return settings.model_copy(update={"team": team})


def signed(private: Path, statement: Path) -> bytes:
    done = subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", statement],
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_where_one_person_works_somebody_outside_signs_exactly_this_request(
    room: Any, operated: Settings, one: Person, them: Recipient, outside: Path, tmp_path: Path
) -> None:
    settings = single(operated, outside)

    def cosigns(bundle: BundleId, signature: bytes, by: Settings = settings) -> None:
        with room.safehold.program.database.begin() as tx:
            asking.cosign(tx, bundle, signature, settings=by, actor=TESTER, now=room.clock())

    def statement_of(bundle: BundleId) -> Path:
        path = tmp_path / f"{bundle}.txt"
        with room.safehold.program.database.begin() as tx:
            found = rows.get(tx, bundle)
            assert found is not None
            asking.write_statement(found, path)
        return path

    first = asks(room.safehold, one, room.item_id, to=[them.public])
    second = asks(room.safehold, one, room.item_id, to=[them.public])
    with pytest.raises(Refused, match="one person works"):
        approves(room.safehold, person(room.safehold), first, size=TeamSize.SINGLE)
    signature = signed(outside, statement_of(first))
    for wrong in (b"", bytes(64), signature[:-1]):
        with pytest.raises(NotAllowed):
            cosigns(first, wrong)
    with pytest.raises(NotAllowed):
        cosigns(second, signature)
    cosigns(first, signature)
    assert makes(settings, one, first, tmp_path / "x.tar.age").held == 1
    with pytest.raises(NotAllowed):
        makes(settings, one, second, tmp_path / "y")
    with pytest.raises(BadSettings, match="co_signer_key"):
        cosigns(second, signature, operated)
    several = settings.model_copy(update={"team": settings.team.model_copy(update={"size_policy": "small"})})
    with pytest.raises(Refused):
        cosigns(second, signed(outside, statement_of(second)), several)


def test_what_is_signed_names_everything_that_is_asked_for(
    room: Any, one: Person, bundle: BundleId, them: Recipient
) -> None:
    with room.safehold.program.database.begin() as tx:
        found = rows.get(tx, bundle)
    assert found is not None
    lines = bundles.statement(found).decode("ascii").splitlines()
    assert lines[0] == "safehold hand-over of evidence, version 1"
    assert f"request {bundle}" in lines
    assert f"asked-by user:{one.actor.user_id}" in lines
    assert f'recipient "{them.public}"' in lines
    assert lines[-1] == f"item {room.item_id}"


# --- who somebody is at the shell --------------------------------------------------------------------------


def test_at_the_shell_people_prove_who_they_are(room: Any, one: Person) -> None:
    program = room.safehold.program

    def proves(name: str, password: str) -> Any:
        return proved(program.database, name=name, password=password, now=program.clock())

    assert proves(one.name, one.password).user_id == one.actor.user_id
    for name, password in ((one.name, "wrong"), ("nobody", one.password), (one.name, "")):
        with pytest.raises(NotAuthenticated):
            proves(name, password)
    refused = room.safehold.sql("select * from audit_record where verb = 'shell.refused'")
    assert [(record.object, record.detail) for record in refused] == [("shell", {})] * 3
    room.safehold.sql("update app_user set password_once = true where name = %(name)s", name=one.name)
    with pytest.raises(NotAllowed, match="knows it"):
        proves(one.name, one.password)
    room.safehold.sql("update app_user set disabled_at = now() where name = %(name)s", name=one.name)
    with pytest.raises(NotAuthenticated):
        proves(one.name, one.password)
