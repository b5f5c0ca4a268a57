"""What the operator has the reader do: evidence for a recipient's eyes alone, and signals taken anew."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safehold.app.reader import orders
from safehold.app.reader.opening import OPERATING, reading
from safehold.app.records import running as records_running
from safehold.app.settings import Settings
from safehold.cli.exits import PARTLY
from safehold.model.assessment import Finding
from safehold.model.errors import Conflict, ConflictOfInterest, InvalidInput, NameTaken, NotAllowed, NotFound
from safehold.model.ids import ItemId, MediaId, new_id
from safehold.model.permissions import Role
from safehold.review import conflicts
from safehold.testing.processes import COMMAND, environment_of
from safehold.testing.running import TESTER, altered_copy
from safehold.vault.keys import generate_keys


@pytest.fixture(scope="module")
def operated(running_program: Any) -> Iterator[Settings]:
    """Yield settings that lead to a reader which runs by itself and does what the operator may ask."""
    program = running_program[0].program
    with (
        records_running(program.settings, program.home) as addresses,
        reading(program.settings, program.home, addresses, purposes=OPERATING) as reader,
    ):
        by_itself = program.settings.reader.model_copy(update={"socket": reader.socket})
        yield program.settings.model_copy(update={"reader": by_itself})


@pytest.fixture
def settings(room: Any, operated: Settings) -> Settings:
    return operated


@pytest.fixture
def item(room: Any) -> ItemId:
    return ItemId(room.safehold.sql("select id from item")[0].id)


@pytest.fixture
def legal(room: Any) -> str:
    name = f"counsel-{secrets.token_hex(4)}"
    room.safehold.analyst(name, Role.LEGAL)
    return name


def test_exported_evidence_opens_for_its_recipient_and_is_what_came_in(
    room: Any, settings: Settings, item: ItemId, legal: str, tmp_path: Path
) -> None:
    theirs = generate_keys(tmp_path / "theirs")
    parcel, plain = tmp_path / "item.shp", tmp_path / "item.jpg"
    orders.export(settings, item, name=legal, recipient=theirs.sealing.read_bytes(), out=parcel)
    assert altered_copy(1)[200:264] not in parcel.read_bytes()
    assert parcel.stat().st_mode & 0o777 == 0o600
    opened = orders.open_parcel(parcel, key=theirs.opening, out=plain)
    assert plain.read_bytes() == altered_copy(1)
    assert opened.about["item"] == str(item)
    assert opened.about["media_type"] == "image/jpeg"
    [record] = room.safehold.sql("select * from audit_record where verb = 'evidence.open'")
    [person] = room.safehold.sql("select id from app_user where name = %(name)s", name=legal)
    assert record.actor == f"user:{person.id}"
    assert record.detail["purpose"] == "export"
    assert record.detail["asked_by"] == "system:shell"
    assert len(record.detail["recipient"]) == 16


def test_evidence_goes_out_in_the_name_of_somebody_active_and_of_the_role_legal_alone(
    room: Any, settings: Settings, item: ItemId, legal: str, tmp_path: Path
) -> None:
    recipient, out = generate_keys(tmp_path / "theirs").sealing.read_bytes(), tmp_path / "x"
    with pytest.raises(NotAllowed):
        orders.export(settings, item, name="analyst", recipient=recipient, out=out)
    with pytest.raises(NotFound):
        orders.export(settings, item, name="nobody", recipient=recipient, out=out)
    room.safehold.sql("update app_user set disabled_at = now() where name = %(name)s", name=legal)
    with pytest.raises(NotAllowed):
        orders.export(settings, item, name=legal, recipient=recipient, out=out)
    assert not out.exists()
    assert room.audited(f"item:{item}") == [("evidence.refused", "not_allowed")] * 2


def test_a_conflict_of_interest_stands_in_the_way_of_an_export_too(
    room: Any, settings: Settings, item: ItemId, legal: str, tmp_path: Path
) -> None:
    recipient, out = generate_keys(tmp_path / "theirs").sealing.read_bytes(), tmp_path / "x"
    [person] = room.safehold.sql("select id from app_user where name = %(name)s", name=legal)
    with room.safehold.program.database.begin() as tx:
        conflicts.declare_about_account(tx, "account-1", of=person.id, actor=TESTER, now=room.clock())
    with pytest.raises(ConflictOfInterest):
        orders.export(settings, item, name=legal, recipient=recipient, out=out)
    assert not out.exists()


def test_a_case_stands_for_its_item_where_it_has_no_other(
    room: Any, settings: Settings, item: ItemId, legal: str, tmp_path: Path
) -> None:
    recipient, out = generate_keys(tmp_path / "theirs").sealing.read_bytes(), tmp_path / "x"
    [case] = room.safehold.sql("select case_id as id from case_item where item_id = %(item)s", item=item)
    assert orders.export(settings, case.id, name=legal, recipient=recipient, out=out) == out.stat().st_size
    room.uploads(altered_copy(2))
    with pytest.raises(Conflict) as several:
        orders.export(settings, case.id, name=legal, recipient=recipient, out=tmp_path / "y")
    assert str(item) in several.value.advice_now
    with pytest.raises(NotFound):
        orders.export(settings, new_id(), name=legal, recipient=recipient, out=tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_a_wrong_key_and_a_file_that_is_there_are_refused(
    room: Any, settings: Settings, item: ItemId, legal: str, tmp_path: Path
) -> None:
    keys, out = generate_keys(tmp_path / "theirs"), tmp_path / "x"
    with pytest.raises(InvalidInput):
        orders.export(settings, item, name=legal, recipient=b"no key", out=out)
    assert room.audited(f"item:{item}") == []
    out.write_text("mine")
    with pytest.raises(NameTaken):
        orders.export(settings, item, name=legal, recipient=keys.sealing.read_bytes(), out=out)
    assert out.read_text() == "mine"


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
def test_the_commands_do_the_same_and_start_a_reader_for_it(
    room: Any, item: ItemId, legal: str, tmp_path: Path
) -> None:
    theirs, parcel, plain = generate_keys(tmp_path / "theirs"), tmp_path / "item.shp", tmp_path / "item.jpg"
    settings = room.safehold.program.settings
    sections = settings.model_dump(mode="json", include={"data_folder", "database", "surfaces"})

    def run(*arguments: str) -> str:
        ran = subprocess.run(
            [*COMMAND, "evidence", *arguments],
            env=environment_of(sections),
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout

    said = run("export", str(item), "--as", legal, "--to", str(theirs.sealing), "--out", str(parcel))
    assert "Only the recipient's private key opens them." in said
    assert f"item: {item}" in run("open", str(parcel), "--key", str(theirs.opening), "--out", str(plain))
    assert plain.read_bytes() == altered_copy(1)
    assert run("remake-signals", "--all") == ""
    media_id = confirmed(room)
    assert run("remake-signals", "--media", str(media_id)).startswith(str(media_id))
    room.safehold.sql("update wrapped_key set wrapped = 'x'")
    damaged = subprocess.run(
        [*COMMAND, "evidence", "remake-signals", "--all"],
        env=environment_of(sections),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (damaged.returncode, damaged.stdout) == (PARTLY, f"{media_id}  vault_object_damaged\n")
