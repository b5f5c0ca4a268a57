"""`safehold`: the commands by name, and what the shell is told when one ends.

Commands import what they need when they run, so that `safehold --help` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextvars import copy_context
from pathlib import Path
from typing import Annotated, NoReturn, TextIO

import typer
from typer.exceptions import Abort, Exit, TyperException
from typer.main import get_command

from safehold.cli import (
    audit,
    authorities,
    bench,
    cases,
    classifiers,
    config,
    conflicts,
    db,
    demo,
    doctor,
    evidence,
    golden,
    hash_files,
    keywords,
    lists,
    opening,
    probing,
    reader,
    scan,
    serve,
    stats,
    stats_compliance,
    stats_overview,
    stats_transparency,
    support,
    users,
    vault_keys,
    worker,
)
from safehold.cli.exits import INTERRUPTED, UNFORESEEN, USAGE, exit_code_of
from safehold.model.errors import SafeholdError, Unavailable

app = typer.Typer(
    name="safehold",
    help="Finds known child sexual abuse material, and carries each human decision through.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"safehold {version('safehold')}\n")
        raise Exit


@app.callback()
def options(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Settings file; else $SAFEHOLD_CONFIG, else ./safehold.toml."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read options that belong to every command."""
    opening.config_file.set(config_file)


app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("reader")(reader.reader)
app.command("scan")(scan.scan)
app.command("hash")(hash_files.hash_files)
app.add_typer(lists.app, name="lists")
app.add_typer(cases.app, name="cases")
app.add_typer(classifiers.app, name="classifiers")
app.add_typer(evidence.app, name="evidence")
app.add_typer(authorities.app, name="authorities")
app.add_typer(stats.app, name="stats")
app.add_typer(audit.app, name="audit")
app.add_typer(users.app, name="users")
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(golden.app, name="golden")
app.add_typer(vault_keys.app, name="keys")
stats.app.command("compliance")(stats_compliance.compliance)
stats.app.command("transparency")(stats_transparency.transparency)
stats.app.command("overview")(stats_overview.overview)
app.add_typer(support.app, name="support")
app.add_typer(keywords.app, name="keywords")
app.command("probing")(probing.probing)
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)


def run() -> NoReturn:
    """Run the command that the shell asked for, and end the process."""
    _fill_standard_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever started us may have switched a signal off, as nohup does; then it stays off.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names may hold what the terminal's encoding cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code; no exception leaves this function.

    0 to 3 are given by `scan` alone for what it found; 64 is wrong usage; 70 to 78 are failures, by
    `exits.EXIT_CODES`.
    """
    try:
        code = copy_context().run(_invoke, arguments)
        sys.stdout.flush()
    except TyperException as error:
        _say(_usage(error))
        return USAGE
    except SafeholdError as error:
        return _failed(error)
    except (Abort, EOFError, KeyboardInterrupt):
        _say("Stopped.")
        return INTERRUPTED
    except OSError as error:
        return _refused_by_the_system(error)
    except Exception as error:  # noqa: BLE001 - the top: a traceback could quote what was scanned
        from safehold.app.logs import describe

        _say(f"Something failed that we did not foresee: {describe(error)}. [unforeseen]")
        return UNFORESEEN
    return code


def _invoke(arguments: Sequence[str]) -> int:
    # The framework's own way in would answer some failures with codes that mean something else here.
    command = get_command(app)
    try:
        with command.make_context("safehold", list(arguments)) as context:
            result = command.invoke(context)
    except Exit as exit_:
        return exit_.exit_code
    return result if isinstance(result, int) else 0


def _fill_standard_streams() -> None:
    """Lead standard streams that were closed nowhere: else the next file opened would take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _usage(error: TyperException) -> str:
    said = error.format_message().replace(": Value error, ", ": ")
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None or said.startswith("Usage:"):
        return said
    if said.endswith("--config"):
        said += ". It comes first: safehold --config FILE COMMAND"
    return f"{context.get_usage()}\n\n{said}\n`{context.command_path} --help` says more."


def _failed(error: SafeholdError) -> int:
    _say(f"{error.what}\n{error.kept_now} {error.advice_now} [{error.code}]")
    return exit_code_of(error)


def _refused_by_the_system(error: OSError) -> int:
    from safehold.app.logs import describe

    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone, and with it the reason to go on.
        _give_up(sys.stdout)
        return INTERRUPTED
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    _give_up(sys.stdout)
    return _failed(
        Unavailable(
            f"The system refused something: {error.strerror or 'it gave no reason'} ({describe(error)}).",
            kept="What was finished before was kept.",
            advice="Look at the free space and the permissions of the folders that are involved.",
        )
    )


def _say(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    """Lead a stream that cannot be written to nowhere: Python would try again at the end, and fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
