"""Claims about the walls around a worker: every way out that we know is closed, for root and for others."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from safehold.vault.decoding.confinement import LAYERS, Confinement
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.decoding.syscalls import architecture

WALLED = Path(__file__).with_name("walled_process.py")
GOT_OUT = "got out"
KILLED = "SIGSYS"
ORDINARY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
"""Runs a command as nobody, without a capability, who still may read what this user may read."""

WALLS = [(), ORDINARY]
Escapes = Callable[..., dict[str, str]]


@pytest.fixture
def escapes(tmp_path_factory: pytest.TempPathFactory) -> Escapes:
    """Try every way out of a process that leaves these layers out."""

    def run(without: Sequence[str] = (), *, by: Sequence[str] = ()) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("walls")
        command = [*by, sys.executable, "-P", "-s", str(WALLED), str(folder), ",".join(without)]
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("by", WALLS, ids=["as this user", "as nobody"])
def test_every_way_out_of_a_worker_is_closed(escapes: Escapes, by: Sequence[str]) -> None:
    outcomes = escapes(by=by)
    assert len(outcomes) > 80
    assert {name for name, came in outcomes.items() if came == GOT_OUT} == set()
    refused = {name: came for name, came in outcomes.items() if came != KILLED}
    assert set(refused.values()) <= {"EPERM", "ENOSYS", "ENOMEM"}


def test_without_walls_the_same_attempts_succeed_so_the_claim_above_can_fail(escapes: Escapes) -> None:
    assert set(escapes(LAYERS).values()) == {GOT_OUT}


def test_what_could_start_a_process_or_reach_another_ends_the_worker(escapes: Escapes) -> None:
    outcomes = escapes()
    ending = ("fork", "vfork", "run a program", "signal its parent", "be debugged", "process_vm_readv", "bpf")
    ending += ("io_uring_setup", "unshare", "mount", "keyctl", "hide a file in memory", "make a link")
    assert {name: outcomes[name] for name in ending} == dict.fromkeys(ending, KILLED)


def test_landlock_alone_keeps_files_ports_and_neighbours_away(escapes: Escapes) -> None:
    outcomes = escapes([layer for layer in LAYERS if layer != "landlock" and layer != "no_new_privs"])
    closed = ("open a file", "open by the newest call", "make a file", "list a folder", "make a link")
    closed += ("make a second name", "rename a file", "delete a file", "run a program", "read /proc")
    assert {name: outcomes[name] for name in closed} == dict.fromkeys(closed, "EACCES")


def test_limits_alone_keep_memory_files_and_descriptors_bounded(escapes: Escapes) -> None:
    outcomes = escapes([layer for layer in LAYERS if layer != "rlimits"])
    assert outcomes["take 4 GB"] == "ENOMEM"
    assert outcomes["write to an inherited file"] == outcomes["lengthen an inherited file"] == "EFBIG"
    for name in ("open a file", "make a socket", "make a pipe", "hide a file in memory"):
        assert outcomes[name] == "EMFILE"


def test_every_worker_of_a_pool_is_walled_in_whole(decoder: DecoderPool) -> None:
    level = decoder.confinement
    assert (level.whole, level.missing) == (True, ())
    assert level.landlock >= 1


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_is_left_out_is_reported_as_missing_and_no_other(layer: str) -> None:
    with DecoderPool(without=[layer]) as pool:
        assert pool.confinement.missing == (layer,)
        assert f"{layer} off" in pool.confinement.in_words()


def test_a_pool_that_was_never_started_claims_nothing() -> None:
    assert DecoderPool().confinement == Confinement()
    assert not Confinement().whole


def test_an_ordinary_user_gets_the_same_walls() -> None:
    script = (
        "from safehold.vault.decoding.pool import DecoderPool\n"
        "with DecoderPool() as pool: print(pool.confinement.whole, pool.examine(b'GIF89a').failure)"
    )
    command = [*ORDINARY, sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout == "True truncated\n"


def test_this_machine_is_one_whose_system_calls_we_have_a_table_for() -> None:
    assert architecture() is not None


def test_a_worker_that_tries_is_ended_by_the_kernel_and_not_by_its_own_choice(tmp_path: Path) -> None:
    script = (
        "import socket, os; from safehold.vault.decoding.confine import confine\n"
        "a, b = socket.socketpair(); confine(1 << 28, a.fileno()); os.fork()"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60, cwd=os.sep)
    assert done.returncode == -signal.SIGSYS
