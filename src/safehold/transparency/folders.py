"""A folder that is written whole or not at all, and never over anything that is not of its kind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safehold.model.figure_errors import FolderTaken


@contextmanager
def put_together(folder: Path, mark: str) -> Iterator[Path]:
    """Yield an empty folder beside, which is put in place in one go once all is written.

    Whoever looks, or writes another at the same time, meets one whole folder. mark: the file by which one of
    the kind is known. Raises FolderTaken.
    """
    check_free(folder, mark)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made.chmod(0o755)
        yield made
        _put(made, folder, mark)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def check_free(folder: Path, mark: str) -> None:
    """Raise FolderTaken where a folder holds anything, and not the file by which its kind is known."""
    try:
        held = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        # Nothing there. A link to nowhere is something.
        free = not folder.is_symlink()
    except NotADirectoryError:
        free = False
    else:
        free = not held or mark in held
    if not free:
        raise FolderTaken("The folder holds something else.")


def _put(made: Path, folder: Path, mark: str) -> None:
    """Give the folder its name. What was there before is set aside first, and then removed."""
    for _ in range(100):
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            if folder.exists():
                check_free(folder, mark)
                folder.replace(aside)
            made.rename(folder)
        except OSError:
            # Somebody else has put theirs there between the two: it is set aside next time.
            continue
        else:
            return
        finally:
            _remove(aside, mark)
    raise FolderTaken("Others write into the same folder all the time.")


def _remove(folder: Path, mark: str) -> None:
    """Remove a folder, its mark last: whoever just listed it under its old name knows it to the end.

    What cannot be removed stays beside, under a hidden name: what was written is in its place all the same.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != mark:
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
