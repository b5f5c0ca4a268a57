"""Replacing the key pair by files: what is written in which order, so that a kill leaves nothing unreadable.

While a rotation is underway a folder beside the keys holds one more private key. A source of ours that is
a file gets the new key, and the old one moves into the folder; a source that we cannot write to keeps the
old key, and the new one waits in the folder until the operator has put it there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from safehold.model.errors import BadSettings, NameTaken
from safehold.vault.files import give_to_owner_of, replace_file, write_new
from safehold.vault.key_sources import KeySource
from safehold.vault.keys import load_opening_key, load_sealing_key, private_pem, public_pem
from safehold.vault.sealing import OpeningKey

_SUFFIX = ".key.pem"


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where an installation's keys are. others: the folder of further private keys, made when needed."""

    source: KeySource
    sealing: Path
    others: Path

    def load_all(self) -> list[OpeningKey]:
        """Return the private key that the settings name, then the others. Raises as KeySource.load does."""
        current = self.source.load()
        return [current, *(one for one in self.beside() if one.fingerprint != current.fingerprint)]

    def beside(self) -> list[OpeningKey]:
        """Return the private keys that lie in the folder of the others."""
        return [load_opening_key(path) for path in sorted(self.others.glob(f"*{_SUFFIX}"))]


@dataclass(frozen=True, slots=True)
class Switched:
    """The pair that everything is to be wrapped to, all keys that open, and whether it was made just now."""

    target: OpeningKey
    keys: tuple[OpeningKey, ...]
    is_new: bool


def switch(places: KeyPlaces) -> Switched:
    """Begin a rotation, or go on with the one that is underway; from now on the new pair seals.

    Killing the process between any two writes leaves every key on disk, and the next call goes on. Raises
    BadSettings when the pair does not fit, or a source cannot be read.
    """
    for left in _drafts(places):
        left.unlink()
    current = places.source.load()
    beside = places.beside()
    sealing = load_sealing_key(places.sealing).fingerprint
    if sealing not in {one.fingerprint for one in (current, *beside)}:
        raise BadSettings(
            "The vault's two keys do not belong together: nothing sealed now could be opened.",
            advice="Put back the half that belongs to the other before you rotate.",
        )
    if places.source.path is not None:
        target, is_new = _into_the_file(places, places.source.path, current, beside)
    else:
        target, is_new = _beside_the_source(places, current, beside)
    if sealing != target.fingerprint:
        replace_file(places.sealing, public_pem(target.sealing_key), 0o644)
    return Switched(target, tuple(places.load_all()), is_new)


def to_be_destroyed(places: KeyPlaces) -> list[Path]:
    """Return the files of the further private keys and of what a killed process left of one.

    Raises BadSettings when the source has not been given the key that seals, or they cannot be deleted.
    """
    current = places.source.load()
    if load_sealing_key(places.sealing).fingerprint != current.fingerprint:
        raise BadSettings(
            f"{places.source.words} still gives the old key.",
            advice="Put the new private key there first; it lies in the folder that `keys rotate` named.",
        )
    found = [*_drafts(places), *sorted(places.others.glob(f"*{_SUFFIX}"))]
    if not all(os.access(path.parent, os.W_OK | os.X_OK) for path in found):
        raise BadSettings("The folder of an old private key cannot be written to by this user.")
    return found


def _into_the_file(
    places: KeyPlaces, path: Path, current: OpeningKey, beside: list[OpeningKey]
) -> tuple[OpeningKey, bool]:
    if any(one.fingerprint != current.fingerprint for one in beside):
        return current, False
    _put_beside(places, current)
    target = OpeningKey.generate()
    replace_file(path, private_pem(target), 0o600)
    return target, True


def _beside_the_source(
    places: KeyPlaces, current: OpeningKey, beside: list[OpeningKey]
) -> tuple[OpeningKey, bool]:
    if not beside:
        target = OpeningKey.generate()
        _put_beside(places, target)
        return target, True
    return next((one for one in beside if one.fingerprint != current.fingerprint), current), False


def _drafts(places: KeyPlaces) -> list[Path]:
    """Return what a process left that was killed while it wrote a key: it may be the one that is to go."""
    left = list(places.others.glob("*.draft"))
    if places.source.path is not None:
        left += places.source.path.parent.glob(f"{places.source.path.name}.*.draft")
    return left


def _put_beside(places: KeyPlaces, key: OpeningKey) -> None:
    places.others.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = places.others / f"{key.fingerprint.hex()}{_SUFFIX}"
    try:
        write_new(path, private_pem(key))
    except NameTaken:
        return
    # Whoever may read the one has to read the other, or a running reader could not go on.
    give_to_owner_of(places.source.path or places.sealing, places.others, path)
