"""Where a reader listens that others start: below the data folder, or elsewhere where that is too deep."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from safehold.app.home import Home
from safehold.model.errors import BadSettings
from safehold.vault.channel import LONGEST_PATH, is_listened_on

_ROOM = 32
# Not the temporary folder of the environment: processes with different TMPDIRs have to meet.
_SHORT_FOLDER = Path("/tmp")  # noqa: S108 - a private folder is made below it


def folder_of(home: Home) -> Path:
    """Return the folder of the sockets, made (0700) and tidied. Raises BadSettings if not ours alone."""
    folder = home.folder / "run"
    if len(os.fsencode(folder)) + _ROOM > LONGEST_PATH:
        tag = hashlib.sha256(os.fsencode(home.folder)).hexdigest()[:16]
        folder = _SHORT_FOLDER / f"safehold-run-{os.geteuid()}-{tag}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or stat.S_IMODE(found.st_mode) & 0o077:
        raise BadSettings(
            f"{folder} belongs to another user, or is open to others.",
            advice="Run Safehold as the user who owns the data folder, and close the folder: `chmod 0700`.",
        )
    _tidy(folder)
    return folder


def _tidy(folder: Path) -> None:
    """Remove the sockets of processes that were killed."""
    for path in folder.glob("reader-*.sock"):
        if not is_listened_on(path):
            with suppress(OSError):
                path.unlink()
