"""What a backup says of itself, and the MAC without which nothing of it is handed to PostgreSQL."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from safehold.model.errors import BadSettings, Refused, SafeholdError, Unavailable

FORMAT = 1
RECORDS, KEYS, MANIFEST = "records.dump", "keys.dump", "manifest.json"

_NEEDED = frozenset({"made_at", "revision", "ledger", "chain", "counts", "parts", "keys_file", "small_keys"})
_PURPOSE = b"safehold manifest of a backup"
_BLOCK = 1 << 20


def part_of(path: Path) -> dict[str, Any]:
    """Return the digest and the size of a file, as they stand in a manifest. Raises OSError."""
    with path.open("rb") as file:
        return _measured(_blocks(file))


def vouched_for(manifest: dict[str, Any], key: bytes) -> bytes:
    """Return a manifest as it is written: JSON, with the MAC under `key` over all the rest of it."""
    return json.dumps({**manifest, "mac": _mac(manifest, key)}, indent=2).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made earlier, its manifest read. verified: whether its MAC fits."""

    folder: Path
    manifest: dict[str, Any]
    verified: bool

    @property
    def keys_file(self) -> Path:
        """Where its keys were put, had nobody named another place."""
        return self.folder.parent / "keys" / str(self.manifest["keys_file"])

    @contextmanager
    def checked(self, part: str, path: Path, *, within: Path) -> Iterator[BinaryIO]:
        """Hand out a copy of a file that is, byte for byte, the part that was written, from its start.

        The copy has no name and lies below `within`: whoever may write to the backup can change it no more.
        Raises BadSettings for any other file, Unavailable when there is no room for the copy.
        """
        with tempfile.TemporaryFile(dir=within) as copy:
            try:
                with path.open("rb") as file:
                    found = _measured(_copied(_blocks(file), copy))
            except OSError as error:
                raise BadSettings(f"{part} of this backup cannot be read: {error.strerror}.") from None
            if found != self.manifest["parts"][part]:
                raise BadSettings(
                    f"{part} is not what was written: it is of another backup, or was damaged.",
                    advice="Take another copy of this backup, or an earlier one.",
                )
            copy.seek(0)
            yield copy


def read_backup(folder: Path, key: bytes | None, *, unverified: bool = False) -> Backup:
    """Read a backup's manifest, and refuse one that nobody with the key has written.

    key: that of the backups of this installation, None where it is lost. unverified: take it all the same.
    Raises BadSettings for what is no backup, or one of a newer Safehold, Refused when its MAC does not fit.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        known = manifest["format"] == FORMAT and manifest.keys() >= _NEEDED
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise BadSettings(
            "There is no backup in this folder.", advice=f"Name the folder that holds {MANIFEST}."
        ) from None
    if not known:
        raise BadSettings("This backup was written by a newer Safehold.", advice="Install that version.")
    verified = key is not None and _fits(manifest, key)
    if not (verified or unverified):
        raise _unknown(has_key=key is not None)
    return Backup(folder, manifest, verified)


def _unknown(*, has_key: bool) -> SafeholdError:
    what = "This backup was changed since, or was made beside another keys/backups.key than this one."
    return Refused(
        what if has_key else "keys/backups.key is not here, so nothing vouches for this backup.",
        kept="Nothing of it was loaded, and the records are as they were.",
        advice="Put back the keys/backups.key that it was made beside, or take another copy of the backup."
        " --unverified loads it all the same: whoever changed it then runs whatever they like, as the"
        " database's owner.",
    )


def _fits(manifest: dict[str, Any], key: bytes) -> bool:
    rest = {name: value for name, value in manifest.items() if name != "mac"}
    given = str(manifest.get("mac")).encode(errors="replace")
    return hmac.compare_digest(given, _mac(rest, key).encode())


def _mac(manifest: dict[str, Any], key: bytes) -> str:
    own = hmac.digest(key, _PURPOSE, "sha256")
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(own, content, "sha256").hex()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _copied(blocks: Iterator[bytes], copy: BinaryIO) -> Iterator[bytes]:
    for block in blocks:
        try:
            copy.write(block)
            copy.flush()
        except OSError as error:
            raise Unavailable(
                f"The backup could not be copied into the data folder: {error.strerror}.",
                advice="Make room there for one copy of it while it is loaded.",
            ) from None
        yield block


def _measured(blocks: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += len(block)
    return {"sha256": digest.hexdigest(), "bytes": size}
