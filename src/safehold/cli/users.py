"""`safehold users`: people who sign in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from safehold.model.hash_list import Purpose
from safehold.model.permissions import Role
from safehold.model.queue import EVERY_QUEUE, checked_skills

app = typer.Typer(help="People who sign in to the console.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    roles: Annotated[list[Role], typer.Option("--role", help="What this person is; may be given again.")],
    queues: Annotated[
        list[Purpose] | None,
        typer.Option("--queue", help="In which queue they work; may be given again. Without it, in all."),
    ] = None,
) -> None:
    """Add a person. The password comes from standard input; at a terminal one is made and shown once.

    It is for one sign-in: the person chooses another there, before anything else opens.
    """
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable

    password, is_new = _password()
    with operator() as opened, opened.database.begin() as tx:
        users.add_user(
            tx,
            name=name,
            password=password,
            roles=frozenset(roles),
            queues=EVERY_QUEUE if queues is None else frozenset(queues),
            actor=SHELL,
            now=opened.clock(),
            once=True,
        )
    sys.stdout.write(
        f"{printable(name)} may sign in.\n" + (f"Password, shown once: {password}\n" if is_new else "")
    )


@app.command("password")
def set_password(name: Annotated[str, typer.Argument(help="Whose password.")]) -> None:
    """Give a person a new password for one sign-in, read or made as for `add`; all their sessions end."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator

    password, is_new = _password()
    with operator() as opened, opened.database.begin() as tx:
        users.set_password(tx, name=name, password=password, actor=SHELL, now=opened.clock(), once=True)
    sys.stdout.write("The password is changed.\n" + (f"Shown once: {password}\n" if is_new else ""))


@app.command("queues")
def queues_(
    name: Annotated[str, typer.Argument(help="Whose queues and skills.")],
    queues: Annotated[
        list[Purpose] | None,
        typer.Option("--queue", help="In which queue they work from now on; may be given again."),
    ] = None,
    skills: Annotated[
        list[str] | None,
        typer.Option("--skill", help="What they can do, such as language:sv; may be given again."),
    ] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="They work in no queue and see no case.")] = False,
    no_skills: Annotated[bool, typer.Option("--no-skills", help="They have no skill any more.")] = False,
) -> None:
    """Set in which queues a person works, or which skills they have; without options, print both.

    What is given replaces all that was there of its kind. Whoever does not work in a queue never sees
    anything of its cases.
    """
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator

    with operator() as opened, opened.database.begin() as tx:
        user = users.find_user(tx, name)
        wanted = frozenset[Purpose]() if none else frozenset(queues) if queues is not None else user.queues
        asked = (
            frozenset[str]() if no_skills else checked_skills(skills) if skills is not None else user.skills
        )
        if (wanted, asked) != (user.queues, user.skills):
            users.set_queues(tx, user.id, wanted, asked, actor=SHELL, now=opened.clock())
    sys.stdout.write(
        f"queues: {', '.join(sorted(wanted)) or 'none'}\nskills: {', '.join(sorted(asked)) or 'none'}\n"
    )


@app.command("disable")
def disable(name: Annotated[str, typer.Argument(help="Who is shut out.")]) -> None:
    """Shut a person out at once."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable

    with operator() as opened, opened.database.begin() as tx:
        users.disable(tx, users.find_user(tx, name).id, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{printable(name)} is shut out.\n")


@app.command("enable")
def enable(name: Annotated[str, typer.Argument(help="Who is let in again.")]) -> None:
    """Let a person in again who was shut out."""
    from safehold.app.access import users
    from safehold.cli.opening import SHELL, operator, printable

    with operator() as opened, opened.database.begin() as tx:
        users.enable(tx, users.find_user(tx, name).id, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"{printable(name)} may sign in again.\n")


@app.command("sessions")
def sessions_(name: Annotated[str, typer.Argument(help="Whose sessions.")]) -> None:
    """Print the sessions of a person that are open."""
    from safehold.app.access import sessions, users
    from safehold.cli.opening import operator, shown

    with operator() as opened, opened.database.begin() as tx:
        user, now = users.find_user(tx, name), opened.clock()
        found = sessions.listed(tx, opened.settings.sign_in, user.id, now=now)
        if not found:
            sys.stdout.write("No session is open.\n")
        for one in found:
            sys.stdout.write(
                f"{one.client}  since {shown(one.created_at)}  last used {shown(one.last_seen_at)}"
                f"  ends by {shown(one.expires_at)}\n"
            )


@app.command("sign-out")
def sign_out(name: Annotated[str, typer.Argument(help="Whose sessions end.")]) -> None:
    """End every session of a person; they may sign in anew."""
    from safehold.app.access import sessions, users
    from safehold.cli.opening import SHELL, operator

    with operator() as opened, opened.database.begin() as tx:
        user_id = users.find_user(tx, name).id
        ended = sessions.end_all(tx, user_id, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"Sessions ended: {ended}.\n")


@app.command("reset-factors")
def reset_factors(name: Annotated[str, typer.Argument(help="Who lost their second factors.")]) -> None:
    """Take a person's second factors, recovery codes and known browsers; their sessions end, an alarm stands.

    Make sure first that they ask for it themselves: after this their password alone lets in.
    """
    from safehold.app.access import second_factors, users
    from safehold.cli.opening import SHELL, operator

    with operator() as opened, opened.database.begin() as tx:
        user_id = users.find_user(tx, name).id
        taken = second_factors.reset(tx, user_id, actor=SHELL, now=opened.clock())
    sys.stdout.write(f"Second factors taken: {taken}.\n")


@app.command("list")
def list_() -> None:
    """Print everybody, their roles and how many second factors they have."""
    from safehold.app.access import second_factors, users
    from safehold.cli.opening import operator, printable, shown

    with operator() as opened, opened.database.begin() as tx:
        found = users.list_users(tx)
        if not found:
            sys.stdout.write("Nobody can sign in yet. `safehold users add` adds a person.\n")
        for user in found:
            state = f"shut out since {shown(user.disabled_at)}" if user.disabled_at else "active"
            factors = second_factors.factors_of(tx, user.id).count
            sys.stdout.write(
                f"{printable(user.name)}  {', '.join(sorted(user.roles))}"
                f"  queues: {', '.join(sorted(user.queues)) or 'none'}  {state}"
                f"  second factors: {factors}\n"
            )


def _password() -> tuple[str, bool]:
    """Return a password and whether it was made here."""
    from safehold.app.access.passwords import new_password

    if sys.stdin is None or sys.stdin.isatty():
        return new_password(), True
    given = sys.stdin.readline().rstrip("\n")
    return (given, False) if given else (new_password(), True)
