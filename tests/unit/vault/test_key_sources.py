"""Claims about where the private key may come from, and that no message quotes it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from safehold.model.errors import BadSettings, SafeholdError, Unavailable
from safehold.vault import key_sources
from safehold.vault.files import replace_file
from safehold.vault.key_sources import KeySource, printed
from safehold.vault.keys import SealingKeyFile, generate_keys, private_pem, public_pem
from safehold.vault.sealing import OpeningKey

KEY = OpeningKey.generate()
SECRET = "a text that nobody may see"


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def test_each_source_gives_the_same_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(private_pem(KEY))
    path.chmod(0o600)
    monkeypatch.setenv("VAULT_KEY", private_pem(KEY).decode())
    monkeypatch.setenv("VAULT_KEY_IN_A_LINE", private_pem(KEY).decode().replace("\n", "\\n"))
    sources = [
        KeySource(path=path),
        KeySource(variable="VAULT_KEY"),
        KeySource(variable="VAULT_KEY_IN_A_LINE"),
        KeySource(command=("cat", str(path))),
    ]
    assert {source.load().fingerprint for source in sources} == {KEY.fingerprint}


@pytest.mark.parametrize(
    ("source", "family", "says"),
    [
        (KeySource(variable="NOT_SET_ANYWHERE"), BadSettings, "NOT_SET_ANYWHERE is not set"),
        (KeySource(command=("/does/not/exist",)), BadSettings, "cannot be run"),
        (KeySource(command=python(f"print('{SECRET}')")), BadSettings, "holds no X25519"),
        (KeySource(command=python(f"print('{SECRET}'); raise SystemExit(3)")), Unavailable, "code 3"),
        (KeySource(command=python(f"import sys; sys.exit('{SECRET}')")), Unavailable, "code 1"),
        (KeySource(command=python("print('x' * 100_000)")), Unavailable, "more than a key"),
    ],
)
def test_a_source_without_a_key_is_named_and_not_quoted(
    source: KeySource, family: type[SafeholdError], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(family, match=says) as raised:
        source.load()
    said = capfd.readouterr()
    assert SECRET not in str(raised.value) + raised.value.advice_now + said.out + said.err


def test_a_command_that_never_ends_is_ended_with_everything_that_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    script = f"sleep 60 & echo $! > {marker}; sleep 60"
    with pytest.raises(Unavailable, match="too long"):
        printed(("sh", "-c", script), seconds=2)
    started = int(marker.read_text())
    # The signal is sent to all of them; the kernel ends each in its own time.
    until = time.monotonic() + 30
    while _runs(started):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="holds no X25519"):
        KeySource(command=("echo", f"$(touch {tmp_path}/made)")).load()
    assert list(tmp_path.iterdir()) == []


def test_a_replaced_public_key_seals_at_once_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = generate_keys(tmp_path).sealing
    file = SealingKeyFile(path)
    replace_file(path, public_pem(KEY.sealing_key), 0o644)
    assert file.current().fingerprint == KEY.fingerprint
    replace_file(path, b"nonsense", 0o644)
    assert file.current().fingerprint == KEY.fingerprint
    path.unlink()
    assert file.current().fingerprint == KEY.fingerprint


def test_the_limits_leave_room_for_a_key() -> None:
    assert len(private_pem(KEY)) * 10 < key_sources.MOST_BYTES
