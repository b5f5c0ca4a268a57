"""Private files, written whole or not at all: keys, exports, backups, shares."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from safehold.model.errors import NameTaken

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def new_file(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Hand out a file to fill, which has its name, whole and on the disk, when the block ends without error.

    Otherwise nothing is left of it. Raises NameTaken when there is a file of this name already, OSError.
    """
    with _draft(path, mode) as (draft, file):
        if path.exists():
            raise _taken()
        yield file
        _finish(file)
        try:
            os.link(draft, path)
        except FileExistsError:
            raise _taken() from None
        except OSError as error:
            if error.errno not in _NO_LINKS or path.exists():
                raise
            draft.rename(path)  # a stick for shares, whose file system knows no second names
    sync_folder(path.parent)


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a new file, as `new_file` does."""
    with new_file(path, mode) as file:
        file.write(content)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Put a file in the place of another at one stroke: whoever looks finds the old one or the new one.

    It belongs to the same user as before.
    """
    with _draft(path, mode) as (draft, file):
        file.write(content)
        _finish(file)
        give_to_owner_of(path, draft)
        draft.replace(path)
    sync_folder(path.parent)


def give_to_owner_of(other: Path, *paths: Path) -> None:
    """Let these paths belong to whom `other` belongs to, where we may: root acts for the services' users."""
    if os.geteuid() == 0:
        owner = other.stat()
        for path in paths:
            os.chown(path, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _draft(path: Path, mode: int) -> Iterator[tuple[Path, BinaryIO]]:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.draft")
    try:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield draft, file
    finally:
        draft.unlink(missing_ok=True)


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _taken() -> NameTaken:
    return NameTaken("A file of this name exists already; it was left as it is.")
