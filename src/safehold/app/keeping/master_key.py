"""What a person does with the vault's private key: split it, put it together again, replace it, end it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from safehold.app.home import Home, has_records, sealing_key_path
from safehold.app.keeping.rewrapping import Rewrapped, Tell, counted, no_word, rewrap_all
from safehold.app.operator import Operator, open_operator
from safehold.app.settings import Settings
from safehold.model.errors import BadSettings, Conflict, NameTaken, NotFound, Refused, SafeholdError
from safehold.model.permissions import Actor
from safehold.storage import audit
from safehold.vault import rotation, shares
from safehold.vault.files import write_new
from safehold.vault.hardening import harden
from safehold.vault.key_ring import KeyRing
from safehold.vault.keys import load_sealing_key, private_pem

SETTLED = timedelta(hours=1)
"""How long ago a new pair must have begun to seal before the old private key may go."""

_OBJECT = "vault:keys"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to. pair: the fingerprint of the new pair; began: whether it was made just now."""

    pair: bytes
    began: bool
    rewrapped: Rewrapped
    others: Path


def close_memory() -> None:
    """Keep this process's memory, and the key in it, from core dumps, debuggers and swap, for good."""
    harden()


def split(opened: Operator, *, of: int, need: int, actor: Actor) -> list[str]:
    """Return the private key as texts of shares to print, any `need` of which recover it.

    It is on the audit log before anything leaves this function. Raises BadForm for numbers that cannot
    be, BadSettings and Unavailable when the key cannot be had.
    """
    key = opened.home.opening_key()
    made = shares.split(key, of=of, need=need)
    _record(opened, actor, "vault.split", {"key": key.fingerprint.hex(), "of": of, "need": need})
    return [
        shares.printed(share, number=number, of=of, need=need) for number, share in enumerate(made, start=1)
    ]


def write_shares(folder: Path, texts: Sequence[str]) -> None:
    """Write each share to a file of its own (0600) in a new folder (0700). Raises NameTaken."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise NameTaken("There is a folder or file of this name already.") from None
    for number, text in enumerate(texts, start=1):
        write_new(folder / f"share-{number}-of-{len(texts)}.txt", text.encode())


def recover(
    settings: Settings, texts: Sequence[tuple[str, str]], out: Path, *, public: Path | None, actor: Actor
) -> tuple[bytes, bool]:
    """Write the private key that shares recover to a new file (0600), once it is proved to be the one.

    texts: the name and the text of each share. public: the file of the public key; else the one that the
    settings name or the data folder holds, where there is one. Returns the key's fingerprint and whether
    the recovery is on the audit log: not where there are no records, or they cannot be reached now. Raises
    BadForm for shares that do not do, Refused when the key is not that of the public key, NotFound when
    nothing says which key it should be, NameTaken when the file is there already.

    Nothing else is needed, and nothing else is made: no database that answers, and no pair of keys.
    """
    found = [shares.read(text, called=name) for name, text in texts]
    key = shares.combine(found)
    expected = _public_key(settings, public)
    if expected is None and not any(share.fingerprint for share in found):
        raise NotFound(
            "Nothing says which key these words should recover.",
            advice="Name the file of the public key with --public.",
        )
    if expected not in (None, key.fingerprint):
        raise Refused(
            f"These shares recover the key {key.fingerprint.hex()}, and the public key is another one.",
            advice="If the key was rotated, shares of the new one are needed; --public names another file.",
        )
    logged = _record_where_there_are_records(settings, actor, key.fingerprint)
    write_new(out, private_pem(key))
    return key.fingerprint, logged


def rotate(opened: Operator, *, actor: Actor, tell: Tell = no_word) -> Rotated:
    """Begin to seal to a new pair and wrap every data key to it, or go on where an earlier run stopped.

    Killing the process at any point leaves everything readable; the next run goes on. Raises Conflict when
    another rotation is running, and what `vault.rotation.switch` raises.
    """
    places = opened.home.key_places()
    with _alone(opened.home):
        switched = rotation.switch(places)
        detail = {"key": switched.target.fingerprint.hex()}
        if switched.is_new:
            _record(opened, actor, "vault.rotate", detail)
        done = rewrap_all(opened.database, KeyRing(lambda: switched.keys), switched.target, tell=tell)
        if done.done or switched.is_new:
            _record(opened, actor, "vault.rewrap", {**detail, "rewrapped": done.done, "left": done.left})
    return Rotated(switched.target.fingerprint, switched.is_new, done, places.others)


def destroy_old(opened: Operator, *, actor: Actor) -> list[bytes]:
    """Delete the private keys that a rotation left, and return their fingerprints.

    Afterwards backups from before the rotation open nothing. Raises Refused while anything is wrapped to
    one of them or the new pair has sealed for less than an hour, NotFound when there is none, BadSettings
    when the source does not give the key that seals. All is checked before anything is recorded.
    """
    places = opened.home.key_places()
    with _alone(opened.home):
        beside = {one.fingerprint for one in places.beside()}
        if not beside:
            raise NotFound("There is no old private key.", advice="`safehold keys rotate` comes first.")
        current = load_sealing_key(places.sealing).fingerprint
        with opened.database.begin() as tx:
            left = {pair: number for pair, number in counted(tx).items() if pair != current}
        if left:
            raise Refused(
                f"{sum(left.values())} data keys are wrapped to another pair still.",
                advice="Run `safehold keys rotate` again; restart processes that were running before it.",
            )
        _refuse_too_early(places.sealing, opened.clock())
        others = rotation.to_be_destroyed(places)
        ended = sorted(beside - {current})
        _record(opened, actor, "vault.destroy_key", {"keys": [one.hex() for one in ended]})
        for path in others:
            path.unlink()
    return ended


def state(opened_keys: KeyRing, sealing: bytes, by_pair: dict[bytes, int]) -> str:
    """Return in words how the keys fare. Raises BadSettings when nothing sealed now could be opened."""
    if sealing not in opened_keys.keys:
        raise BadSettings(
            "The vault's two keys do not belong together: nothing sealed now could be opened.",
            advice="Put back the half that belongs to the other: vault.sealing_key, vault.opening_key.",
        )
    lost = sum(number for pair, number in by_pair.items() if pair not in opened_keys.keys)
    left = sum(number for pair, number in by_pair.items() if pair != sealing) - lost
    said = ["the pair fits"]
    if lost:
        said.append(f"{lost} data keys are wrapped to a pair that is not here")
    if left or len(opened_keys.keys) > 1:
        said.append(f"a rotation is underway, {left} data keys are left")
    return "; ".join(said)


def _refuse_too_early(sealing: Path, now: datetime) -> None:
    since = datetime.fromtimestamp(sealing.stat().st_mtime, UTC)
    if now < since + SETTLED:
        raise Refused(
            "The new pair has sealed for less than an hour: something may be on its way to the records.",
            advice=f"Come back after {since + SETTLED:%H:%M} UTC.",
        )


def _public_key(settings: Settings, named: Path | None) -> bytes | None:
    path = named or sealing_key_path(settings)
    if named is None and not path.exists():
        return None
    return load_sealing_key(path).fingerprint


def _record(opened: Operator, actor: Actor, verb: str, detail: Mapping[str, object]) -> None:
    with opened.database.begin() as tx:
        audit.append(tx, at=opened.clock(), actor=actor.label, verb=verb, object=_OBJECT, detail=dict(detail))


def _record_where_there_are_records(settings: Settings, actor: Actor, pair: bytes) -> bool:
    if not has_records(settings):
        return False
    try:
        with open_operator(settings, makes_keys=False) as opened:
            _record(opened, actor, "vault.recover", {"key": pair.hex()})
    except SafeholdError as error:
        # Whoever has enough shares has the key: nothing is held back by refusing.
        _log.warning("recovery_not_recorded", key=pair.hex(), error_code=error.code)
        return False
    return True


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    folder = home.folder / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / "rotate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Conflict("Another rotation is running.", advice="Wait until it has ended.") from None
    finally:
        os.close(lock)
