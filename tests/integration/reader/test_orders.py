"""What the operator has the reader do: signals taken anew."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from safehold.app.reader import orders
from safehold.app.settings import Settings
from safehold.cli.exits import PARTLY
from safehold.model.assessment import Finding
from safehold.model.errors import NotAllowed
from safehold.model.ids import MediaId, new_id
from safehold.testing.processes import COMMAND, environment_of
from safehold.testing.running import altered_copy


@pytest.fixture
def settings(room: Any, operated: Settings) -> Settings:
    return operated


def confirmed(room: Any) -> MediaId:
    room.safehold.assess(room.item_id, Finding.ILLEGAL, by=room.analyst)
    room.safehold.run_steps()
    return MediaId(room.safehold.sql("select id from media")[0].id)


def test_the_signals_of_confirmed_media_are_taken_anew_and_what_was_there_stays(
    room: Any, settings: Settings
) -> None:
    media_id = confirmed(room)
    before = room.safehold.sql("select * from media_signal order by signal_type, frame")
    assert before
    room.safehold.sql("delete from media_signal where signal_type = 'pdq'")
    [one] = orders.remake_signals(settings, media_id)
    assert (one.failed, one.signals) == (None, len(before))
    assert room.safehold.sql("select * from media_signal order by signal_type, frame") == before
    assert list(orders.remake_signals(settings)) == [one]
    assert room.audited(f"media:{media_id}")[-1] == ("evidence.open", "")


def test_a_damaged_object_does_not_keep_the_next_one_from_its_signals(room: Any, settings: Settings) -> None:
    second = room.uploads(altered_copy(2), account="account-2")
    for item_id in (room.item_id, second):
        room.safehold.assess(item_id, Finding.ILLEGAL, by=room.analyst)
    room.safehold.run_steps()
    [first, last] = [MediaId(row.id) for row in room.safehold.sql("select id from media order by id")]
    room.safehold.sql(
        "update wrapped_key set wrapped = 'x' from sealed_object o"
        " where o.id = wrapped_key.object_id and o.media_id = %(first)s",
        first=first,
    )
    room.safehold.sql("delete from media_signal where signal_type = 'pdq'")
    done = list(orders.remake_signals(settings))
    assert [(one.media_id, one.failed) for one in done] == [(first, "vault_object_damaged"), (last, None)]
    assert done[1].signals > 0


def test_media_that_nobody_confirmed_is_not_opened_for_its_signals(room: Any, settings: Settings) -> None:
    media_id = MediaId(room.safehold.sql("select id from media")[0].id)
    for unconfirmed in (media_id, MediaId(new_id())):
        with pytest.raises(NotAllowed):
            list(orders.remake_signals(settings, unconfirmed))
    assert list(orders.remake_signals(settings)) == []
    assert room.audited(f"media:{media_id}")[-1] == ("evidence.refused", "not_allowed")


@pytest.mark.slow
def test_the_command_does_the_same_and_starts_a_reader_for_it(room: Any) -> None:
    settings = room.safehold.program.settings
    sections = settings.model_dump(mode="json", include={"data_folder", "database", "surfaces"})

    def run(*arguments: str) -> tuple[int, str]:
        ran = subprocess.run(
            [*COMMAND, "evidence", *arguments],
            env=environment_of(sections),
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, ran.stdout

    assert run("remake-signals", "--all") == (0, "")
    media_id = confirmed(room)
    code, said = run("remake-signals", "--media", str(media_id))
    assert (code, said.startswith(str(media_id))) == (0, True)
    room.safehold.sql("update wrapped_key set wrapped = 'x'")
    assert run("remake-signals", "--all") == (PARTLY, f"{media_id}  vault_object_damaged\n")
