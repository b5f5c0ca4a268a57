"""Claims about replacing the key pair by files, whatever moment the process dies at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from safehold.model.errors import BadSettings
from safehold.model.ids import ObjectId, new_id
from safehold.vault.files import replace_file
from safehold.vault.key_ring import KeyRing
from safehold.vault.key_sources import KeySource
from safehold.vault.keys import generate_keys, load_sealing_key, private_pem
from safehold.vault.rotation import KeyPlaces, switch, to_be_destroyed
from safehold.vault.sealing import OpeningKey, open_, rewrap, seal

# Dies before the given system call of those that change names, which is between any two of the steps.
KILLED = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
def mortal(call):
    def step(*args, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **named)
    return step
os.link, os.rename, os.replace, os.unlink, os.fsync = map(
    mortal, (os.link, os.rename, os.replace, os.unlink, os.fsync))
from safehold.vault.key_sources import KeySource
from safehold.vault.rotation import KeyPlaces, switch
folder = Path(sys.argv[1])
source = folder / "vault-opening.key.pem"
kind = KeySource(path=source) if sys.argv[3] == "file" else KeySource(command=("cat", str(source)))
switch(KeyPlaces(kind, folder / "vault-sealing.pub.pem", folder / "others"))
"""


def places_in(folder: Path, *, kind: str = "file") -> KeyPlaces:
    source = folder / "vault-opening.key.pem"
    where = KeySource(path=source) if kind == "file" else KeySource(command=("cat", str(source)))
    return KeyPlaces(where, folder / "vault-sealing.pub.pem", folder / "others")


@pytest.mark.parametrize("kind", ["file", "command"])
def test_a_switch_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    for step in range(1, 100):
        folder = tmp_path / str(step)
        old = load_sealing_key(generate_keys(folder).sealing)
        object_id = ObjectId(new_id())
        sealed = seal(b"a landscape", old, object_id=object_id)
        ended = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(step), kind], check=False)
        places = places_in(folder, kind=kind)
        ring = KeyRing(places.load_all)
        # In the middle of it everything opens, and what is sealed now opens too.
        key = ring.key_for(sealed.wrapped_key, object_id)
        assert open_(sealed.ciphertext, sealed.wrapped_key, key, object_id=object_id) == b"a landscape"
        assert load_sealing_key(places.sealing).fingerprint in ring.keys
        done = switch(places)
        assert done.target.fingerprint == load_sealing_key(places.sealing).fingerprint != old.fingerprint
        assert len(done.keys) == 2
        assert switch(places).target.fingerprint == done.target.fingerprint
        if ended.returncode == 0:
            break
    assert step > 5


def test_a_data_key_wrapped_anew_opens_what_was_sealed_and_the_old_pair_no_longer(tmp_path: Path) -> None:
    old, new, object_id = OpeningKey.generate(), OpeningKey.generate(), ObjectId(new_id())
    sealed = seal(b"a landscape", old.sealing_key, object_id=object_id)
    wrapped = rewrap(sealed.wrapped_key, old, new, object_id=object_id)
    assert open_(sealed.ciphertext, wrapped, new, object_id=object_id) == b"a landscape"
    assert wrapped[1:9] == new.fingerprint


def test_a_running_reader_finds_the_keys_of_a_rotation_that_begins_beside_it(tmp_path: Path) -> None:
    generate_keys(tmp_path)
    places = places_in(tmp_path)
    ring = KeyRing(places.load_all)
    done = switch(places)
    object_id = ObjectId(new_id())
    sealed = seal(b"a landscape", done.target.sealing_key, object_id=object_id)
    assert ring.key_for(sealed.wrapped_key, object_id).fingerprint == done.target.fingerprint


def test_a_pair_that_does_not_fit_is_not_rotated(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    replace_file(files.opening, private_pem(OpeningKey.generate()), 0o600)
    with pytest.raises(BadSettings, match="do not belong together"):
        switch(places_in(tmp_path))


def test_the_old_key_stays_until_the_source_gives_the_new_one(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    places = places_in(tmp_path, kind="command")
    new = switch(places).target
    with pytest.raises(BadSettings, match="still gives the old key"):
        to_be_destroyed(places)
    replace_file(files.opening, private_pem(new), 0o600)
    assert to_be_destroyed(places) == [places.others / f"{new.fingerprint.hex()}.key.pem"]
