"""The files of one embedded cluster: how it is made, its settings, and the record of what made it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NoReturn

from safehold.model.errors import WrongDataFolder
from safehold.storage.binaries import Binaries

FORMAT = 1
"""The layout of the data folder; a newer number was written by a newer Safehold."""

_RECORD = "safehold.json"
_SETTINGS_FILE = "safehold.conf"

_ALWAYS = {
    # Reached through the private socket only; there is no setting of ours that opens a port.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "ssl": "off",
    # Small: the whole server idles at about 9 MB.
    "shared_buffers": "32MB",
    "max_connections": "100",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # An import fills the log much faster than anything else, and after each checkpoint every page that it
    # touches goes into it whole. Four times the usual size: ADR 1 has the measurement.
    "max_wal_size": "4GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must hold no values. Messages of failing statements quote them, and so do the statement and
    # the detail that follow: none of the three is written.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
_SINCE_18 = {"io_method": "sync"}  # saves three processes
# Commits still reach the kernel before they are answered, so a killed process loses nothing even then.
# The log is smaller, for the files of such a server may lie in memory. Several whole installations, and those
# that one test opens beside them, come to it at once.
_NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "max_connections": "300",
}


def make_cluster(folder: Path, binaries: Binaries, *, durable: bool) -> None:
    """Make `folder`/cluster and the record beside it. A half-made cluster is never used, only replaced.

    Raises DatabaseDown when initdb fails.
    """
    new = folder / "cluster.new"
    shutil.rmtree(new, ignore_errors=True)
    binaries.run(
        "initdb",
        f"--pgdata={new}",
        "--username=postgres",
        "--auth=trust",  # whoever can open the private socket owns the files as well
        "--encoding=UTF8",
        "--data-checksums",
        "--no-instructions",
        *_locale(binaries.major),
        *(() if durable else ("--no-sync",)),
    )
    with (new / "postgresql.conf").open("a") as settings:
        settings.write(f"\ninclude_if_exists = '{_SETTINGS_FILE}'\n")
        settings.flush()
        os.fsync(settings.fileno())
    _replace(folder / _RECORD, json.dumps({"postgresql_major": binaries.major, "format": FORMAT}) + "\n")
    new.rename(folder / "cluster")
    _sync_folder(folder)


def write_settings(cluster: Path, socket_folder: Path, *, major: int, durable: bool) -> None:
    """Write the settings that the next start reads. ALTER SYSTEM still overrules them.

    Written before every start, so that an older data folder gets what this version of Safehold asks for.
    """
    settings = {
        **_ALWAYS,
        **(_SINCE_18 if major >= 18 else {}),
        **({} if durable else _NOT_DURABLE),
        "unix_socket_directories": '"' + str(socket_folder).replace('"', '""') + '"',
    }
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    _replace(cluster / _SETTINGS_FILE, "# Written by Safehold at every start.\n" + "".join(lines))


def recorded_major(folder: Path) -> int | None:
    """Return the major version that made the cluster in `folder`, None when there is no cluster yet.

    Raises WrongDataFolder when what is recorded cannot be read, contradicts the cluster, or was written by
    a newer Safehold.
    """
    version_file = folder / "cluster" / "PG_VERSION"
    if not version_file.exists():
        return None
    try:
        of_cluster = int(version_file.read_text())
        record = json.loads((folder / _RECORD).read_text())
        recorded, layout = int(record["postgresql_major"]), int(record["format"])
    except (OSError, ValueError, KeyError, TypeError):
        _refuse(f"{folder} does not say which PostgreSQL made it.", "Restore the folder from a backup.")
    if layout != FORMAT:
        _refuse(
            f"{folder} has format {layout}, this Safehold knows format {FORMAT}.",
            "Install the version of Safehold that wrote it.",
        )
    if recorded != of_cluster:
        _refuse(
            f"{folder} is recorded as made by PostgreSQL {recorded}, but its cluster is of {of_cluster}.",
            "Restore the folder from a backup, or put back the cluster that belongs to it.",
        )
    return of_cluster


def check_major(folder: Path, binaries: Binaries) -> None:
    """Raise WrongDataFolder when the cluster in `folder` was made by another major than `binaries`."""
    major = recorded_major(folder)
    if major not in (None, binaries.major):
        _refuse(
            f"{folder} was made by PostgreSQL {major}; the programs here are of PostgreSQL {binaries.major}.",
            f"Install PostgreSQL {major} (Debian: postgresql-{major}) and it is used again. To change over, "
            f"dump the database with its `pg_dump --clean --if-exists`, and restore that with psql into a "
            f"folder that `safehold db init` made with PostgreSQL {binaries.major}.",
        )


def _refuse(what: str, advice: str) -> NoReturn:
    raise WrongDataFolder(what, advice=advice)


def _locale(major: int) -> tuple[str, ...]:
    # The built-in provider sorts the same on every machine; it arrived with 17.
    if major >= 17:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
