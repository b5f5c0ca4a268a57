"""`safehold keys split|recover|rotate|destroy-old`: the vault's private key, beside the keys of the API."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from safehold.cli import keys

app = keys.app

_CLEAR = "\x1b[2J\x1b[3J\x1b[H"


@app.command("split")
def split(
    of: Annotated[int, typer.Option("--of", min=2, max=16, help="How many shares to make.")],
    need: Annotated[int, typer.Option("--need", min=2, max=16, help="How many of them recover the key.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New folder for the shares; else they are shown one after the other."),
    ] = None,
) -> None:
    """Split the vault's private key into shares, word lists to print, for several people."""
    from safehold.app.keeping import master_key
    from safehold.cli.opening import SHELL, operator, printable
    from safehold.model.errors import NameTaken, Refused

    if out is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "All shares would lie in one place.",
            advice="Run it in a terminal and write each share down, or name a folder with --out.",
        )
    if out is not None and out.exists():
        raise NameTaken(
            f"{printable(out)} is there already, and shares go into a new folder.",
            kept="The key was not split.",
            advice="Name another folder with --out.",
        )
    master_key.close_memory()
    with operator() as opened:
        texts = master_key.split(opened, of=of, need=need, actor=SHELL)
    if out is None:
        _show_one_by_one(texts)
        return
    master_key.write_shares(out, texts)
    sys.stdout.write(
        f"All {of} shares lie in {printable(out)} now: whoever reads that folder has the key.\n"
        "Print each, hand it to one person, and delete the folder.\n"
    )


@app.command("recover")
def recover(
    share_files: Annotated[list[Path], typer.Argument(metavar="SHARE…", help="Files of enough shares.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the private key.")],
    public: Annotated[
        Path | None, typer.Option("--public", help="File of the public key; else that of this installation.")
    ] = None,
) -> None:
    """Put the vault's private key together again from shares, and prove that it is the one."""
    from safehold.app.keeping import master_key
    from safehold.cli.opening import SHELL, printable, settings

    master_key.close_memory()
    texts = [(printable(path), _text_of(path)) for path in share_files]
    pair, logged = master_key.recover(settings(), texts, out, public=public, actor=SHELL)
    sys.stdout.write(f"The private key {pair.hex()} is in {printable(out)}, for you alone (0600).\n")
    if not logged:
        sys.stdout.write(
            "There are no records that can be reached, so this is on no audit log: write it down yourself.\n"
        )


@app.command("rotate")
def rotate() -> None:
    """Replace the vault's key pair and wrap every data key to the new one; run it again to go on."""
    from safehold.app.keeping import master_key
    from safehold.cli.opening import SHELL, operator, printable
    from safehold.cli.progress import Meter

    master_key.close_memory()
    with operator() as opened, Meter("keys wrapped anew") as meter:
        done = master_key.rotate(opened, actor=SHELL, tell=meter.update)
    begun = "A new pair seals from now on" if done.began else "A rotation was underway"
    sys.stdout.write(
        f"{begun}: {done.pair.hex()}. {done.rewrapped.done} data keys were wrapped to it,"
        f" {done.rewrapped.left} are left.\n"
    )
    if done.rewrapped.damaged:
        sys.stdout.write(f"{len(done.rewrapped.damaged)} of those no private key here unwraps.\n")
    if not (done.began or done.rewrapped.done or done.rewrapped.left):
        sys.stdout.write("Nothing is left to do here but to end the old key.\n")
    else:
        sys.stdout.write("Restart every process that was running, then run this again.\n")
    sys.stdout.write(
        f"The other private key lies in {printable(done.others)}.\n"
        "An hour later `safehold keys destroy-old` ends the old key. Split the new one: the old shares"
        " recover the old key.\n"
    )


@app.command("destroy-old")
def destroy_old(
    yes: Annotated[
        bool, typer.Option("--yes", help="Say that backups from before the rotation may become unreadable.")
    ] = False,
) -> None:
    """Delete the private key that a rotation replaced; what only it opens is erased for good."""
    from safehold.app.keeping import master_key
    from safehold.cli.opening import SHELL, operator
    from safehold.model.errors import Refused

    if not yes:
        raise Refused(
            "Without the old private key, backups made before the rotation open no evidence any more."
            " That ends what was erased since for good, and it cannot be undone.",
            advice="Make a backup now, and say --yes.",
        )
    master_key.close_memory()
    with operator() as opened:
        ended = master_key.destroy_old(opened, actor=SHELL)
    for pair in ended:
        sys.stdout.write(
            f"The private key {pair.hex()} is destroyed here; destroy its copies and shares too.\n"
        )
    if not ended:
        sys.stdout.write(
            "The copy of the new key is deleted; the old one is where your settings found it before. Destroy"
            " it there.\n"
        )


def _text_of(share_file: Path) -> str:
    from safehold.cli.opening import printable
    from safehold.model.errors import BadForm, NotFound

    try:
        return share_file.read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"There is no file {printable(share_file)}.", advice="Name the file of each share."
        ) from None
    except IsADirectoryError:
        raise BadForm(
            f"{printable(share_file)} is a folder.", advice="Name the files of the shares in it."
        ) from None


def _show_one_by_one(texts: list[str]) -> None:
    for text in texts:
        sys.stdout.write(f"{_CLEAR}{text}\nWrite this share down, then press Enter; it is not shown again.")
        sys.stdout.flush()
        sys.stdin.readline()
    sys.stdout.write(f"{_CLEAR}All {len(texts)} shares were shown.\n")
