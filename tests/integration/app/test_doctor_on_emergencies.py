"""The doctor says whether a risk to life would reach somebody, by a receiver's name, never its address."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from safehold.app import emergency_readiness
from safehold.app.conditions import Level
from safehold.app.settings import Settings
from safehold.storage.cases import review_case
from safehold.storage.database import Database
from safehold.storage.emergencies import emergency
from safehold.storage.users import app_user

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "whsec_" + "c2FmZWhvbGQtdGVzdHMtc2FmZWhvbGQtdGVzdHM="


@contextmanager
def listening() -> Iterator[int]:
    """Yield a port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def closed() -> int:
    with listening() as port:
        return port


def settings(*, production: bool = False, number: str = "", **on_call: Any) -> Settings:
    section = {"number": number, "on_call": on_call}
    return Settings.model_validate({"production": production, "emergency": section})


def webhook(port: int, *, enabled: bool = True) -> dict[str, Any]:
    return {
        "kind": "webhook",
        "url": f"http://127.0.0.1:{port}/secret-path",
        "secrets": [SECRET],
        "enabled": enabled,
        "permitted_networks": ["127.0.0.0/8"],
    }


def mail(port: int) -> dict[str, Any]:
    return {
        "kind": "mail",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "safehold@example.org",
        "recipients": ["pager@example.org"],
        "enabled": True,
        "permitted_networks": ["127.0.0.0/8"],
    }


def said(given: Settings) -> list[tuple[Level, str]]:
    return [(each.level, each.what) for each in emergency_readiness.of_settings(given)]


@pytest.mark.parametrize(("production", "level"), [(False, Level.ADVICE), (True, Level.RED)])
def test_nobody_on_call_and_no_number_are_said_and_are_red_in_production(
    production: bool, level: Level
) -> None:
    nobody, nothing = said(settings(production=production))
    assert (nobody[0], nothing[0]) == (level, level)
    assert "emergency.on_call" in nobody[1]
    assert "emergency.number" in nothing[1]


def test_a_receiver_that_is_switched_off_is_nobody() -> None:
    [only] = said(settings(number="999, police", pager=webhook(closed(), enabled=False)))
    assert "nobody is called" in only[1]


def test_receivers_that_answer_are_named() -> None:
    with listening() as one, listening() as other:
        found = said(settings(number="999, police", pager=webhook(one), phones=mail(other)))
    assert found == [(Level.OK, "a number is shown, and these can be reached: pager, phones")]


def test_a_receiver_that_does_not_answer_is_named_without_its_address() -> None:
    with listening() as one:
        found = said(settings(number="999, police", pager=webhook(closed()), phones=mail(one)))
    assert found == [(Level.RED, "emergency.on_call.pager cannot be reached: connect")]


def test_a_mail_server_that_does_not_answer_is_named() -> None:
    [(level, what)] = said(settings(number="999, police", phones=mail(closed())))
    assert (level, what) == (Level.RED, "emergency.on_call.phones cannot be reached: connect")


def test_a_rehearsal_is_overdue_after_three_months_and_a_real_one_is_none(database_url: str) -> None:
    on_call = settings(number="999, police", pager=webhook(closed()))
    database = Database(database_url, pool_size=1)

    def practised(now: datetime) -> list[tuple[Level, str]]:
        with database.begin() as tx:
            found = emergency_readiness.of_records(on_call, tx, now=now)
        return [(each.level, each.what.split(":")[0]) for each in found]

    try:
        assert practised(NOW) == [(Level.ADVICE, "never practised")]
        declared(database, rehearsal=False)
        assert practised(NOW) == [(Level.ADVICE, "never practised")]
        declared(database, rehearsal=True)
        assert practised(NOW + timedelta(days=91)) == [(Level.OK, "practised 2026-03-01")]
        assert practised(NOW + timedelta(days=92)) == [(Level.ADVICE, "last practised 2026-03-01")]
        with database.begin() as tx:
            assert emergency_readiness.of_records(settings(), tx, now=NOW) == []
    finally:
        database.close()


def declared(database: Database, *, rehearsal: bool) -> None:
    """Let somebody have declared a risk to life in a case, for practice or not."""
    person, case = uuid4(), uuid4()
    with database.begin() as tx:
        tx.run(
            app_user.insert().values(
                id=person,
                name=str(person),
                roles=["analyst"],
                password_hash="x",
                created_at=NOW,
                queues=["csam", "intimate_images", "own_terms", "test"],
            )
        )
        tx.run(
            review_case.insert().values(
                id=case,
                purpose="csam",
                gathered_by=f"item:{case}",
                rehearsal=rehearsal,
                state="open",
                priority=0,
                priority_parts=[],
                opened_at=NOW,
                turn_at=NOW,
                revision=1,
            )
        )
        tx.run(
            emergency.insert().values(
                id=uuid4(),
                case_id=case,
                declared_by=person,
                declared_at=NOW,
                due_at=NOW + timedelta(minutes=15),
            )
        )
