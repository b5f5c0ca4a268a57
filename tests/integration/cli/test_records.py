"""The commands that work on the records: what they change, what they print, and what they never print."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from safehold.app.audit.sequencer import sequence
from safehold.cli.main import main
from safehold.model.clock import utc_now
from safehold.storage.database import Database
from safehold.testing.commands import Run

VALUES = [f"{number:064x}" for number in range(1, 6)]


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "safehold.toml").write_text(
        f'data_folder = "data"\n[database]\nurl = "{database_url}"\n[surfaces.uploads]\n'
    )


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    """Return a list file with five entries and a line that holds none."""
    path = tmp_path / "list.jsonl"
    entries = [{"signal_type": "pdq", "value": value, "category": "B\x1b[31m"} for value in VALUES]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries) + "nonsense\n")
    return path


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command find this on its standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_setting_up_twice_is_harmless(run: Run) -> None:
    first, second = run("db", "init"), run("db", "upgrade")

    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert first.out.startswith("The records are ready, at revision ")


def test_a_list_is_declared_loaded_and_shown_without_its_values(run: Run, list_file: Path) -> None:
    assert run("lists", "show").err.startswith("No list is declared yet.")
    declared = run("lists", "add", "north", "--purpose", "test", "--provenance", "painted\x07here")
    assert declared.code == 0
    loaded = run("lists", "import", "north", list_file)
    assert (loaded.code, loaded.out) == (0, "5 added, 0 known before, 1 lines left out.\n")
    assert loaded.err.startswith("line 6 left out: ")
    again = run("lists", "import", "north", list_file)
    assert again.out == "0 added, 5 known before, 1 lines left out.\n"

    shown = run("lists", "show", "north")
    assert "north  test  5 entries" in shown.out
    assert "5 pdq category B" in shown.out
    assert "provenance: painted\\x07here" in shown.out
    assert all(line.isprintable() for line in shown.out.splitlines())
    assert [value for value in VALUES if value in declared.out + loaded.out + shown.out] == []


def test_entries_are_withdrawn_by_id_by_file_and_all_at_once(
    run: Run, list_file: Path, tmp_path: Path
) -> None:
    run("lists", "add", "north", "--purpose", "test")
    run("lists", "import", "north", list_file)
    nobody = "018f0000-0000-7000-8000-000000000000"
    unknown = run("lists", "withdraw", "north", nobody, "--reason", "wrong")
    assert (unknown.code, unknown.out, "1 of 1 ids" in unknown.err) == (72, "", True)
    (tmp_path / "gone.txt").write_text(f"{VALUES[0]}\n{'f' * 64}\n")
    by_file = run("lists", "withdraw", "north", "--file", tmp_path / "gone.txt", "--reason", "wrong")
    assert by_file.out == "1 taken off, 1 not on the list, 0 lines left out.\n"

    for said in ((), ("--whole", nobody), ("--whole", "--file", list_file)):
        assert run("lists", "withdraw", "north", *said, "--reason", "wrong").code == 71
    assert run("lists", "withdraw", "north", "--whole").code == 71
    asked = run("lists", "withdraw", "north", "--whole", "--reason", "agreement_ended")
    assert (asked.code, asked.out, "north with 4 entries" in asked.err) == (77, "", True)
    assert "north  test  4 entries" in run("lists", "show").out
    whole = run("lists", "withdraw", "north", "--whole", "--reason", "agreement_ended", "--yes")
    assert (whole.code, whole.out) == (0, "4 taken off; the list is withdrawn.\n")
    assert run("lists", "show").err.startswith("No list is declared yet.")
    assert ", withdrawn 20" in run("lists", "show", "north").out
    assert run("lists", "import", "north", list_file).code == 77


def test_who_stands_behind_a_list_is_said_later(run: Run) -> None:
    run("lists", "add", "north", "--purpose", "test")
    changed = run("lists", "change", "north", "--source", "The hotline", "--needs-second-source")
    assert changed.out == "north: source The hotline, holds only what another source knows as well.\n"
    assert run("lists", "change", "north", "--holds-alone").out == "north: source The hotline.\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("lists", "show", "nowhere"), 72),
        (("lists", "import", "nowhere", "list.jsonl"), 72),
        (("lists", "import", "north", "nowhere.jsonl"), 71),
        (("lists", "import", "north", "list.jsonl", "--strict"), 71),
        (("lists", "add", "north", "--purpose", "test"), 73),
        (("lists", "add", "no name!", "--purpose", "test"), 71),
        (("lists", "add", "far", "--purpose", "test", "--max-distance", "65"), 71),
        (("lists", "add", "held", "--purpose", "csam", "--may-hold"), 71),
        (("users", "disable", "nobody"), 72),
        (("keys", "revoke", "01999999-0000-7000-8000-000000000000"), 72),
        (("keys", "add", " ", "--scope", "scan"), 71),
        (("scan", "list.jsonl", "--list", "nowhere"), 72),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_cannot_be_done_is_told_with_advice_and_its_code(
    run: Run, list_file: Path, arguments: tuple[str, ...], code: int
) -> None:
    run("lists", "add", "north", "--purpose", "test")

    ended = run(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert len(ended.err.splitlines()) == 2
    assert ended.err.rstrip().endswith("]")
    assert not any(value in ended.err for value in VALUES)


def test_a_scan_counts_lists_of_the_database_by_name_or_all(
    run: Run, list_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "grey.png").write_bytes(b"no picture")
    assert run("scan", "grey.png", "--format", "json").rows[0]["error"].startswith("no_check:media")
    for name in ("north", "south"):
        run("lists", "add", name, "--purpose", "test")
    run("lists", "import", "north", list_file)

    errors = {
        chosen: run("scan", "grey.png", "--format", "json", *chosen).rows[0]["error"]
        for chosen in ((), ("--list", "north"), ("--list", "north", "--list", "south"))
    }
    assert "list_empty:south" in errors[()]
    assert "list_empty" not in errors["--list", "north"]
    assert "list_empty:south" in errors["--list", "north", "--list", "south"]


def test_a_person_is_added_listed_and_shut_out_and_a_given_password_is_not_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("correct horse battery\n", monkeypatch)
    added = run("users", "add", "anna", "--role", "analyst", "--role", "lead")
    assert (added.code, added.out) == (0, "anna may sign in.\n")
    typed("short\n", monkeypatch)
    assert run("users", "add", "bert", "--role", "admin").code == 71
    typed("", monkeypatch)
    made = run("users", "password", "anna")
    assert made.out.startswith("The password is changed.\nShown once: ")
    assert run("users", "add", "anna", "--role", "admin").code == 73

    assert run("users", "list").out == (
        "anna  analyst, lead  queues: csam, intimate_images, own_terms, test  active  second factors: 0\n"
    )
    assert run("users", "disable", "anna").code == 0
    assert "shut out since" in run("users", "list").out


def test_a_password_from_the_shell_is_for_one_sign_in(
    run: Run, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    was_once = "update app_user a set password_once = false from app_user b where a.id = b.id returning b.*"
    database = Database(database_url)
    for command in (("add", "anna", "--role", "analyst"), ("password", "anna")):
        typed("correct horse battery\n", monkeypatch)
        assert run("users", *command).code == 0
        with database.begin() as tx:
            assert [row.password_once for row in tx.run(sa.text(was_once))] == [True]
    database.close()


def test_a_keys_secret_is_alone_on_standard_output_and_never_listed(run: Run) -> None:
    added = run("keys", "add", "a platform", "--scope", "scan", "--scope", "item.read", "--days", "200")
    assert added.code == 0
    secret = added.out.rstrip("\n")
    assert secret.startswith("sfh_")
    assert "\n" not in secret

    listed = run("keys", "list").out
    assert secret not in listed
    key_id, _, rest = listed.partition("  ")
    assert rest.startswith("a platform  item.read, scan  in use")
    assert run("keys", "revoke", key_id).code == 0
    assert "  ended  " in run("keys", "list").out


def test_the_audit_log_is_verified_and_a_changed_record_is_found(run: Run, database_url: str) -> None:
    run("lists", "add", "north", "--purpose", "test")
    assert run("audit", "verify").out.startswith("0 links read, 0 broken; 1 records wait")
    database = Database(database_url)
    try:
        sequence(database, now=utc_now())
        whole = run("audit", "verify")
        assert (whole.code, whole.out.splitlines()[0][:22]) == (0, "1 links read, 0 broken")
        with database.begin() as tx:
            tx.run(sa.text("set local session_replication_role = replica"))
            tx.run(sa.text("update audit_record set verb = 'list.other'"))
    finally:
        database.close()

    broken = run("audit", "verify")
    assert broken.code == 74
    assert broken.out.startswith("link 1: ")


def test_what_waits_and_what_is_due_is_told(run: Run) -> None:
    assert run("cases", "list").err == "No case is open.\n"
    swept = run("evidence", "sweep")
    assert (swept.code, swept.out) == (
        0,
        "0 objects destroyed, 0 leftovers deleted, 0 newly undecided for too long.\n",
    )


def test_the_doctor_tries_every_part(run: Run) -> None:
    run("db", "init")

    ended = run("doctor")
    assert ended.code == 0, ended.out
    assert {line[:4] for line in ended.out.splitlines()} == {"ok  ", "note"}
    notes = [line for line in ended.out.splitlines() if line.startswith("note")]
    assert all("For production:" in line or "root" in line for line in notes)
    assert "jpeg, png, gif, webp, bmp, tiff, avif, heic were read" in ended.out
    assert "1 surfaces, 0 webhooks" in ended.out


def test_the_doctor_finds_what_is_broken_and_still_tries_the_rest(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    run("lists", "add", "hollow", "--purpose", "test")
    opening_key = next((tmp_path / "data" / "keys").glob("*opening*"))
    opening_key.chmod(0o644)

    ended = run("doctor")
    failed = {line[6:25].strip(): line for line in ended.out.splitlines() if line.startswith("FAIL")}
    assert ended.code == 75
    assert set(failed) == {"vault keys", "lists"}
    assert "chmod 600" in failed["vault keys"]
    assert "without entries: hollow" in failed["lists"]


def test_the_doctor_makes_nothing_where_nothing_is_set_up(run: Run, tmp_path: Path) -> None:
    ended = run("doctor")

    assert ended.code == 75
    assert "Run `safehold db init`" in ended.out
    assert [path.name for path in tmp_path.iterdir()] == ["safehold.toml"]


def test_whoever_has_set_up_nothing_is_told_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "safehold.toml").write_text('data_folder = "data"\n')
    for command in (("lists", "show"), ("keys", "add", "platform", "--scope", "scan")):
        ended = run(*command)
        assert ended.code == 75
        assert ended.err.startswith("There is no database here yet.")
        assert "Run `safehold db init`" in ended.err


def test_a_database_that_is_away_is_told_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFEHOLD_DATABASE__URL", "postgresql+psycopg://u:geheim@127.0.0.1:1/x")

    for arguments in (("db", "init"), ("lists", "show"), ("doctor",)):
        ended = run(*arguments)
        assert ended.code == 75
        assert "geheim" not in ended.out + ended.err
        assert "The database does not answer at 127.0.0.1:1, database x," in ended.out + ended.err
        assert "u:" not in ended.out + ended.err


def test_a_data_folder_that_cannot_be_made_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_DATA_FOLDER", os.devnull + "/data")

    ended = run("db", "init")
    assert ended.code == 78
    assert "data_folder: '/dev/null/data' cannot be used" in ended.err


def test_what_nobody_foresaw_is_told_by_kind_and_place_alone(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("marker-4127")

    monkeypatch.setattr("safehold.app.operator.open_operator", fail)
    code = main(["lists", "show"])
    out, err = capfd.readouterr()
    assert (code, out) == (70, "")
    assert err.startswith("Something failed that we did not foresee: RuntimeError at test_records.py:")
    assert "marker" not in err
