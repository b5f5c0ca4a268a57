"""`safehold support`: words that help, from draft to approved."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(
    help="Words that help children, parents and people who search, and help lines.", no_args_is_help=True
)
_Id = Annotated[UUID, typer.Argument(help="The text's id, from `support list`.")]


@app.command("load")
def load(
    file: Annotated[
        Path | None, typer.Argument(help="Texts in one language, TOML. Default: the drafts that come along.")
    ] = None,
) -> None:
    """Load texts as drafts. What says the same as one that is there is left out."""
    from safehold.cli.opening import SHELL, operator
    from safehold.model.errors import BadForm
    from safehold.prevent import help_files, help_texts

    try:
        texts = help_files.shipped() if file is None else help_files.parse(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise BadForm("The file is not UTF-8 text.") from None
    with operator() as opened, opened.database.begin() as tx:
        count = help_texts.load(tx, texts, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{count} of {len(texts)} texts are new, as drafts.\n")


@app.command("list")
def list_() -> None:
    """Print every draft and every approved text, with its source and when it was checked."""
    from safehold.app.support import rules_of
    from safehold.cli.opening import operator, printable
    from safehold.prevent import help_texts

    with operator() as opened, opened.database.begin() as tx:
        lasts, today = rules_of(opened.settings).lasts, opened.clock().date()
        for text in help_texts.everything(tx):
            written = text.written
            state = "expired" if text.is_expired(today, lasts=lasts) else text.status.value
            sys.stdout.write(
                f"{text.id}  {written.language}  {written.kind.value}  {written.name}  {written.audience}"
                f"  {written.jurisdiction}  {state}  checked on {written.checked_on}"
                f"  {printable(text.reviewed_by_role or 'reviewed by nobody')}  {printable(written.source)}\n"
            )


@app.command("show")
def show(text_id: _Id) -> None:
    """Print what a text says."""
    from safehold.cli.opening import operator, printable
    from safehold.model.ids import HelpTextId
    from safehold.prevent import help_texts

    with operator() as opened, opened.database.begin() as tx:
        words = help_texts.one(tx, HelpTextId(text_id)).written.words
    lines = [words.title, *words.says, *([words.number] if words.number else [])]
    for line in [*lines, *(f"[{each.label}]" for each in words.options)]:
        sys.stdout.write(f"{printable(line)}\n")


@app.command("approve")
def approve(
    text_id: _Id,
    role: Annotated[str, typer.Option("--role", help="As what it was reviewed: child-safety professional.")],
    checked_on: Annotated[
        datetime,
        typer.Option("--checked-on", formats=["%Y-%m-%d"], help="When its names and numbers were checked."),
    ],
) -> None:
    """Let a draft be shown in production, after somebody read it in its language and checked it."""
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import HelpTextId
    from safehold.prevent import help_texts

    with operator() as opened, opened.database.begin() as tx:
        help_texts.approve(
            tx,
            HelpTextId(text_id),
            role=role,
            checked_on=checked_on.date(),
            actor=SHELL,
            now=opened.clock(),
        )
    sys.stdout.write("It is approved.\n")


@app.command("withdraw")
def withdraw(text_id: _Id) -> None:
    """Stop showing a text, at once."""
    from safehold.cli.opening import SHELL, operator
    from safehold.model.ids import HelpTextId
    from safehold.prevent import help_texts

    with operator() as opened, opened.database.begin() as tx:
        help_texts.withdraw(tx, HelpTextId(text_id), actor=SHELL, now=opened.clock())
    sys.stdout.write("It is withdrawn.\n")


@app.command("counts")
def counts(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="So many days, today included.")] = 30,
) -> None:
    """Print how often each message was shown, and what was chosen; of nobody."""
    from datetime import timedelta

    from safehold.cli.opening import operator
    from safehold.prevent import support

    with operator() as opened, opened.database.begin() as tx:
        since = opened.clock().date() - timedelta(days=days - 1)
        for name, language, choice, times in support.counted(tx, since=since):
            sys.stdout.write(f"{language}  {name}  {choice}  {times}\n")
