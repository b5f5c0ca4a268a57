"""`safehold evidence bundle`, as people type it, and when the machine fails in the middle."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from safehold.app.reader import messages
from safehold.app.settings import Settings
from safehold.cli.exits import PARTLY
from safehold.model.errors import ReaderDown
from safehold.model.ids import BundleId
from safehold.testing.commands import Ended, run_apart, started
from safehold.testing.handing_over import (
    WHAT_FOR,
    WHO,
    Person,
    Recipient,
    approves,
    asks,
    makes,
    person,
    recipient,
)
from safehold.testing.processes import environment_of
from safehold.testing.running import altered_copy
from safehold.testing.time_stamp_authority import Fault, TimeStampAuthority
from safehold.vault.channel import Listener


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    with TimeStampAuthority(tmp_path) as running:
        yield running


@pytest.fixture
def them(tmp_path: Path) -> Recipient:
    return recipient(tmp_path)


class Shell:
    """Runs commands with the settings of a reader that runs by itself, a password on standard input."""

    def __init__(self, settings: Settings, sections: dict[str, Any], folder: Path) -> None:
        plain = settings.model_dump(mode="json", include={"data_folder", "database", "surfaces", "reader"})
        self.environment = environment_of(plain | sections)
        self._folder = folder

    def __call__(self, *arguments: object, by: Person | None = None, before: tuple[str, ...] = ()) -> Ended:
        with self.typed(by) as typed:
            return run_apart(
                "evidence", "bundle", *arguments, before=before, env=self.environment, stdin=typed
            )

    def typed(self, by: Person | None) -> io.BufferedReader:
        file = self._folder / "typed"
        file.write_text(f"{by.password}\n" if by is not None else "")
        return file.open("rb")


@pytest.fixture
def shell(operated: Settings, tmp_path: Path) -> Shell:
    return Shell(operated, {"team": {"size_policy": "small"}}, tmp_path)


def approved(room: Any, them: Recipient, *about: str) -> tuple[Person, str]:
    one = person(room.safehold)
    bundle = asks(room.safehold, one, *about, to=[them.public])
    approves(room.safehold, person(room.safehold), bundle)
    return one, str(bundle)


def test_two_people_hand_a_case_over_by_command(
    room: Any, shell: Shell, them: Recipient, tmp_path: Path
) -> None:
    one, other = person(room.safehold), person(room.safehold)
    case_id = room.safehold.case_of(room.item_id)
    words = ("--for", WHO, "--purpose", WHAT_FOR)
    refused = shell("ask", case_id, "--to", "nonsense", *words, "--as", one.name, by=one)
    assert (refused.code, "no public key of age" in refused.err) == (71, True)
    asked = shell("ask", case_id, "--to", them.public, *words, "--as", one.name, by=one)
    assert (asked.code, asked.err) == (0, "")
    bundle = asked.out.split()[0]

    listed = shell("list")
    assert listed.out.startswith(f"{bundle}  waits  1 items  asked by {one.name}")
    assert f"  for {WHO}: {WHAT_FOR}\n  to {them.public}\n" in listed.out
    assert shell("make", bundle, "--out", tmp_path / "x", "--as", one.name, by=one).code == 77
    assert shell("approve", bundle, "--as", one.name, by=one).code == 77
    assert shell("approve", bundle, "--as", other.name, by=one).code == 77
    assert shell("approve", bundle).code == 64
    assert shell("approve", bundle, "--as", other.name, by=other).code == 0
    out = tmp_path / "case.tar.age"
    made = shell("make", bundle, "--out", out, "--as", other.name, by=other)
    assert made.out == f"{out.stat().st_size} bytes written: 1 items with their bytes.\n"
    assert shell("make", bundle, "--out", out, "--as", other.name, by=other).code == 73
    assert f"{bundle}  approved, made 1 times" in shell("list").out

    folder = them.unpacks(out, tmp_path / "theirs")
    key = shell("key")
    (tmp_path / "told.pem").write_text(key.out[: key.out.index("SHA-256")])
    verified = run_apart("evidence", "bundle", "verify", folder, "--key", tmp_path / "told.pem")
    assert (verified.code, "WRONG" in verified.out) == (0, False)
    [printed] = re.findall(r"^SHA-256: ([0-9a-f]{64})$", key.out, re.MULTILINE)
    assert f"Key, to be compared: {printed}\n" in verified.out
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", folder / "signing-key.pub.pem", "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    by_hand = subprocess.run(["sha256sum"], input=der.stdout, capture_output=True, check=True)
    assert by_hand.stdout.decode().startswith(printed)
    next((folder / "media").iterdir()).write_bytes(b"otherwise")
    wrong = run_apart("evidence", "bundle", "verify", folder)
    assert (wrong.code, wrong.out.startswith("WRONG: media/")) == (PARTLY, True)
    assert run_apart("evidence", "bundle", "verify", tmp_path).code == 71


def test_a_request_can_be_declined_by_command(room: Any, shell: Shell, them: Recipient) -> None:
    one = person(room.safehold)
    bundle = asks(room.safehold, one, room.item_id, to=[them.public])
    assert shell("decline", bundle, "--as", one.name, by=one).out == "Declined.\n"
    assert f"{bundle}  declined" in shell("list").out
    assert shell("decline", bundle, "--as", one.name, by=one).code == 73


def test_where_one_person_works_the_commands_take_a_signature(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    private, public = tmp_path / "outside.pem", tmp_path / "outside.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    shell = Shell(operated, {"team": {"size_policy": "single", "co_signer_key": str(public)}}, tmp_path)
    one = person(room.safehold)
    statement, signature = tmp_path / "ask.txt", tmp_path / "ask.sig"
    words = ("--for", WHO, "--purpose", WHAT_FOR, "--statement", statement)
    asked = shell("ask", room.item_id, "--to", them.public, *words, "--as", one.name, by=one)
    bundle = asked.out.split()[0]
    assert shell("approve", bundle, "--as", one.name, by=one).code == 77
    sign = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", statement, "-out", signature]
    subprocess.run(sign, check=True)
    assert shell("approve", bundle, "--signature", signature).code == 0
    assert shell("make", bundle, "--out", tmp_path / "x.tar.age", "--as", one.name, by=one).code == 0
    folder = them.unpacks(tmp_path / "x.tar.age", tmp_path / "theirs")
    about = json.loads((folder / "inventory.json").read_bytes())["bundle"]
    assert (about["approved_by"], about["assessors"]) == ("co-signer", "single assessor")
    assert about["co_signature"]


def test_a_full_disk_leaves_nothing_and_the_next_try_works(
    room: Any, shell: Shell, them: Recipient, tmp_path: Path
) -> None:
    one, bundle = approved(room, them, room.item_id)
    out = tmp_path / "out" / "x.tar.age"
    out.parent.mkdir()
    make = ("make", bundle, "--out", out, "--as", one.name)
    # The kernel lets no file of this process grow beyond it, as a full disk would.
    full = shell(*make, by=one, before=("prlimit", "--fsize=8192"))
    assert (full.code, "could not be written" in full.err) == (75, True)
    assert list(out.parent.iterdir()) == []
    assert room.audited(f"bundle:{bundle}")[-1][0] == "evidence.bundle_make"
    assert shell(*make, by=one).code == 0
    assert them.unpacks(out, tmp_path / "theirs")


def test_a_killed_command_leaves_no_file_of_this_name(
    room: Any, operated: Settings, authority: TimeStampAuthority, them: Recipient, tmp_path: Path
) -> None:
    authority.fault = Fault.SILENT
    stamps = {
        "kind": "rfc3161",
        "enabled": True,
        "url": authority.url,
        "roots": [str(authority.root)],
        "permitted_networks": [f"127.0.0.1:{authority.port}"],
    }
    waits = Shell(operated, {"audit": {"anchors": {"stamps": stamps}}}, tmp_path)
    one, bundle = approved(room, them, room.item_id, room.uploads(altered_copy(2)))
    out = tmp_path / "out" / "x.tar.age"
    out.parent.mkdir()
    make = ("make", bundle, "--out", out, "--as", one.name)
    with (
        waits.typed(one) as typed,
        started("evidence", "bundle", *make, env=waits.environment, stdin=typed) as process,
    ):
        until = time.monotonic() + 60
        # The files are in, and it waits for the stamp: the reader has put both openings on record.
        while len(room.audited(f"item:{room.item_id}")) == 0 or not list(out.parent.iterdir()):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    assert all(path.name.endswith(".draft") for path in out.parent.iterdir())
    assert Shell(operated, {}, tmp_path)(*make, by=one).code == 0
    assert them.unpacks(out, tmp_path / "theirs")


def test_a_reader_that_goes_away_in_the_middle_leaves_no_file(
    room: Any, operated: Settings, them: Recipient, tmp_path: Path
) -> None:
    one, bundle = approved(room, them, room.item_id)
    out = tmp_path / "out" / "x.tar.age"
    out.parent.mkdir()
    listener = Listener.at(tmp_path / "other.sock", max_body=0)

    def goes_away() -> None:
        while (line := listener.accept()) is None:
            time.sleep(0.01)
        line.receive(seconds=60)
        line.send(messages.piece(b"the beginning"), seconds=60)
        line.close()

    reader = threading.Thread(target=goes_away)
    reader.start()
    other = operated.reader.model_copy(update={"socket": tmp_path / "other.sock"})
    with pytest.raises(ReaderDown):
        makes(operated.model_copy(update={"reader": other}), one, BundleId(UUID(bundle)), out)
    reader.join()
    listener.close()
    assert list(out.parent.iterdir()) == []
