"""Where the private key comes from: a file, an environment variable, or what a command prints."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safehold.model.errors import BadSettings, Unavailable
from safehold.vault.keys import load_opening_key, parse_opening_key
from safehold.vault.sealing import OpeningKey

COMMAND_SECONDS = 30.0
"""How long a command may take to print the key."""
MOST_BYTES = 16 * 1024
"""How much it may print; a key has about 120 bytes."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """One place that gives the private key; exactly one of the three is set."""

    path: Path | None = None
    variable: str | None = None
    command: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How the source is named in messages; never anything of what it holds."""
        if self.path is not None:
            return "the file of the vault's opening key"
        return "vault.opening_key_variable" if self.variable else "vault.opening_key_command"

    def load(self) -> OpeningKey:
        """Return the private key as the source has it now.

        Raises BadSettings when there is no key in it, or when others may read its file; Unavailable when
        a command fails, says too much or takes too long.
        """
        if self.path is not None:
            return load_opening_key(self.path)
        if self.variable is not None:
            return parse_opening_key(_of_variable(self.variable), "The variable of the vault's opening key")
        return parse_opening_key(printed(self.command), "What vault.opening_key_command printed")


def _of_variable(name: str) -> bytes:
    text = os.environ.get(name)
    if not text:
        raise BadSettings(f"vault.opening_key_variable: {name} is not set in the environment.")
    # Many tools can only pass a text of one line.
    return text.replace("\\n", "\n").encode()


def printed(command: tuple[str, ...], *, seconds: float = COMMAND_SECONDS) -> bytes:
    """Run a command without a shell and return what it printed, at most MOST_BYTES.

    What it says on standard error goes nowhere: it could quote the secret. Raises BadSettings when it cannot
    be started, Unavailable when it fails, prints too much or takes longer than `seconds`.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise BadSettings(f"vault.opening_key_command cannot be run: {error.strerror}.") from None
    try:
        return _read_to_the_end(process, time.monotonic() + seconds)
    finally:
        # It may have started others, which would keep the key in their memory.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _read_to_the_end(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    assert process.stdout is not None
    pipe, said = process.stdout.fileno(), b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise _failed("took too long")
        block = os.read(pipe, MOST_BYTES)
        if not block:
            break
        said += block
        if len(said) > MOST_BYTES:
            raise _failed("printed more than a key")
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _failed("took too long") from None
    if code:
        raise _failed(f"ended with code {code}")
    return said


def _failed(how: str) -> Unavailable:
    return Unavailable(
        f"vault.opening_key_command {how}.", advice="Run it by hand as the same user, and see why."
    )
