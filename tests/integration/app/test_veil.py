"""Who looked is a pseudonym to whoever reads the log, and a name only when two people say why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from safehold.app.access import users
from safehold.app.audit import reading, veil
from safehold.model.errors import BadForm, Conflict, NotAllowed, NotFound
from safehold.model.ids import UserId, new_id
from safehold.model.permissions import Actor, Permission, Role, permissions_of, system_actor
from safehold.storage import audit
from safehold.storage.database import Database

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
WHY = "A picture left this house, and we must know who saw it."


class Log:
    """An analyst who looked, and people who read the log."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, pool_size=2)
        self.ann = self.person("ann", Role.ANALYST)
        self.reader, self.second = self.person("reader", Role.AUDITOR), self.person("second", Role.LEGAL)
        self.looked = self.record("item.reveal", by=self.ann, about="item:1")

    def person(self, name: str, role: Role) -> Actor:
        with self.database.begin() as tx:
            users.add_user(
                tx,
                name=name,
                password="correct horse battery",
                roles=frozenset({role}),
                actor=system_actor("tests"),
                now=NOON,
            )
            user_id = users.find_user(tx, name).id
        return Actor(permissions=permissions_of(frozenset({role})), user_id=user_id)

    def record(self, verb: str, *, by: Actor, about: str, at: datetime = NOON, **detail: str) -> UUID:
        with self.database.begin() as tx:
            return audit.append(tx, at=at, actor=by.label, verb=verb, object=about, detail=dict(detail))

    def veiled(self, reader: Actor, about: str = "item:1", *, now: datetime = NOON) -> list[str | None]:
        with self.database.begin() as tx:
            shown = reading.of_object(tx, about, key=KEY, actor=reader, now=now)
        return [shown.veiled.get(record.id) for record in shown.records]

    def asks(self, by: Actor, why: str = WHY, record: UUID | None = None) -> Any:
        with self.database.begin() as tx:
            return veil.ask(tx, record or self.looked, why, actor=by, now=NOON)

    def agrees(self, by: Actor, asked: Any, *, now: datetime = NOON) -> None:
        with self.database.begin() as tx:
            veil.agree(tx, asked, actor=by, now=now)


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    log = Log(database_url)
    yield log
    log.database.close()


def test_the_log_shows_a_pseudonym_for_whoever_looked_and_not_to_themselves(log: Log) -> None:
    log.record("item.assess", by=log.ann, about="item:1", at=NOON + timedelta(seconds=1))
    assessed, looked = log.veiled(log.reader)
    assert assessed is None
    assert looked is not None
    assert looked.startswith("viewer ")
    everything = Actor(permissions=frozenset(Permission), user_id=log.ann.user_id)
    assert log.veiled(everything) == [None, None]


def test_a_pseudonym_is_one_persons_for_a_year_of_one_installation() -> None:
    ann, ben = UserId(new_id()), UserId(new_id())
    named = veil.pseudonym(KEY, ann, NOON)
    assert veil.pseudonym(KEY, ann, NOON + timedelta(days=200)) == named
    others = {
        veil.pseudonym(KEY, ben, NOON),
        veil.pseudonym(KEY, ann, NOON.replace(year=2027)),
        veil.pseudonym(OTHER_KEY, ann, NOON),
    }
    assert named not in others
    assert len(others) == 3


@pytest.mark.parametrize(
    ("verb", "detail", "hidden"),
    [
        ("item.reveal_end", {}, True),
        ("evidence.open", {"purpose": "show", "reveal": "1"}, True),
        ("evidence.refused", {"what": "show"}, True),
        ("evidence.open_failed", {"what": "018f"}, True),
        ("evidence.open", {"purpose": "export"}, False),
        ("case.take", {}, False),
    ],
)
def test_every_record_that_tells_of_looking_is_veiled_and_no_other(
    log: Log, verb: str, detail: dict[str, str], hidden: bool
) -> None:
    log.record(verb, by=log.ann, about="item:2", **detail)
    assert [one is not None for one in log.veiled(log.reader, "item:2")] == [hidden]


def test_nobody_finds_somebodys_looking_by_their_id(log: Log) -> None:
    about = f"user:{log.ann.user_id}"
    before = len(log.veiled(log.reader, about))
    for verb in ("reveal.refused", "exposure.choose", "exposure.read"):
        log.record(verb, by=log.ann, about=about)
    assert len(log.veiled(log.reader, about)) == before


def test_a_name_is_told_to_whoever_asked_once_another_agrees_and_for_a_day(log: Log) -> None:
    asked = log.asks(log.reader)
    assert log.veiled(log.reader) != [None]
    log.agrees(log.second, asked)
    assert log.veiled(log.reader) == [None]
    assert log.veiled(log.second) != [None]
    assert log.veiled(log.reader, now=NOON + veil.LASTS) != [None]
    with log.database.begin() as tx:
        records = audit.of_object(tx, f"unveiling:{asked}")
        [told] = veil.about_me(tx, UserId(log.ann.user_id))  # type: ignore[arg-type]
    assert [record.verb for record in records] == ["unveiling.ask", "unveiling.agree"]
    assert all(WHY not in str(record.detail) for record in records)
    assert (told.reason, told.asked_by, told.agreed_by) == (WHY, log.reader.user_id, log.second.user_id)


def test_nobody_does_both_and_nobody_whom_it_is_about_does_either(log: Log) -> None:
    asked = log.asks(log.reader)
    everything = Actor(permissions=frozenset(Permission), user_id=log.ann.user_id)
    for who in (log.reader, everything, system_actor("shell"), log.person("lead", Role.LEAD)):
        with pytest.raises(NotAllowed):
            log.agrees(who, asked)
    with pytest.raises(Conflict):
        log.asks(everything)
    assert log.veiled(log.reader) != [None]


def test_it_takes_a_reason_a_record_about_looking_and_less_than_a_day(log: Log) -> None:
    with pytest.raises(BadForm):
        log.asks(log.reader, "  because    ")
    with pytest.raises(NotFound):
        log.asks(log.reader, record=log.record("case.take", by=log.ann, about="case:1"))
    asked = log.asks(log.reader)
    with pytest.raises(NotFound):
        log.agrees(log.second, asked, now=NOON + veil.LASTS)
    log.agrees(log.second, asked)
    with pytest.raises(Conflict):
        log.agrees(log.person("third", Role.ADMIN), asked)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("agreed_by = asked_by, agreed_at = now()", "ck_unveiling_takes_two"),
        ("agreed_by = user_id, agreed_at = now()", "ck_unveiling_not_of_oneself"),
        ("reason = ' '", "ck_unveiling_has_a_reason"),
    ],
)
def test_the_database_refuses_a_name_that_one_person_alone_asked_for(
    log: Log, change: str, rule: str
) -> None:
    log.asks(log.reader)
    with pytest.raises(sa.exc.IntegrityError, match=rule), log.database.begin() as tx:
        tx.run(sa.text(f"update unveiling set {change}"))
