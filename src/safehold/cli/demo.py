"""`safehold demo`: the main job on harmless photos, from upload to audit trail, on this machine alone."""

from __future__ import annotations

import secrets
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safehold.cli.demo_place import Examples, Listen, after, alone, copies_of, typed
from safehold.cli.opening import SHELL, say
from safehold.testing.mishaps import Mishap

if TYPE_CHECKING:
    from safehold.app.program import Program
    from safehold.app.settings import Settings
    from safehold.testing.webhook_receiver import WebhookReceiver

LIST = "demo"
SURFACE = "public_uploads"
USER = "demo"
KEY = "demo platform"
FOLDER, REHEARSAL = Path(".safehold/demo"), Path(".safehold/rehearsal")


def demo(
    listen: Listen = "127.0.0.1:8400",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="Where the demonstration keeps its data: .safehold/demo, or .safehold/rehearsal.",
        ),
    ] = None,
    examples: Examples = Path("examples"),
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal",
            help="Drill staff instead: cases for several people, up to an authority's receipt, played here.",
        ),
    ] = False,
    fault: Annotated[
        Mishap | None,
        typer.Option(
            "--fault", help="With --rehearsal: what goes wrong with the first report that is filed."
        ),
    ] = None,
    review: Annotated[
        bool,
        typer.Option("--review", help="With --rehearsal: say which drills were finished, by whom, how long."),
    ] = False,
) -> int:
    """Run the main job on harmless photos and serve the console."""
    if (fault or review) and not rehearsal:
        raise typer.BadParameter("--fault and --review go with --rehearsal.")
    if rehearsal:
        from safehold.cli import rehearsal as drills

        if review:
            return drills.review(folder or REHEARSAL)
        return drills.rehearse(listen, folder or REHEARSAL, examples, fault)
    return _demonstrate(listen, folder or FOLDER, examples)


def _demonstrate(listen: str, folder: Path, examples: Path) -> int:
    photos = copies_of(examples)

    from safehold.app.logs import configure
    from safehold.cli.demo_uploads import check_addresses
    from safehold.testing.webhook_receiver import WebhookReceiver

    configure(json=False, quiet=True)
    check_addresses(listen, after(listen))
    # The platform's side of the demonstration: a receiver that checks every signature.
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    try:
        with alone(folder), WebhookReceiver(secret) as receiver:
            settings = _settings(folder, listen, receiver, secret)
            _run(settings, receiver, examples, photos)
    except KeyboardInterrupt:
        say("Stopped before it was ready.")
    return 0


def _run(settings: Settings, receiver: WebhookReceiver, examples: Path, photos: Path) -> None:
    from safehold.app.operator import set_up
    from safehold.app.program import SURFACES
    from safehold.cli.demo_uploads import Uploads
    from safehold.web.server import serve_program

    listen, folder = settings.web.listen, settings.data_folder
    say("Safehold on harmless photos. Nothing leaves this machine.\n")
    say(f"1  Setting up the database, the vault and its keys in {folder}")
    set_up(settings)
    shown: list[str] = []
    uploads = Uploads(
        f"http://{listen}",
        photos,
        done_before=folder / "uploaded.txt",
        surface=SURFACE,
        when_done=lambda: _tell_where(listen, folder, *shown),
    )

    def when_ready(program: Program) -> None:
        shown[:] = _prepare(program, examples)
        uploads.begin(shown[0])

    try:
        serve_program(settings, SURFACES, listen=listen, when_ready=when_ready)
    finally:
        uploads.stop()
    signed = f"{len(receiver.deliveries)} webhooks arrived, {len(receiver.rejections)} were not in order"
    say(f"\nStopped, with its worker, receiver and database. {signed}.\nThe data stays in {folder}.")


def _settings(folder: Path, listen: str, receiver: WebhookReceiver, secret: str) -> Settings:
    from safehold.app.settings import Settings

    platform = {
        "url": receiver.url,
        "secrets": [secret],
        "enabled": True,
        "permitted_networks": [f"127.0.0.1:{receiver.port}"],
    }
    return Settings.model_validate(
        {
            "data_folder": folder,
            "web": {"listen": listen},
            "media": {"listen": after(listen)},
            "surfaces": {SURFACE: {"rehearsal": True}},
            "webhooks": {"demo_platform": platform},
            "policies": {"remove_confirmed": True},
        }
    )


def _prepare(program: Program, examples: Path) -> tuple[str, str]:
    """Declare the list and the person where they are missing; return a new API key and a new password."""
    from safehold.lists.file_import import FileImport

    _declare_list(program)
    _load_words(program)
    say(f"2  Loading {examples / 'demo-list.jsonl'} into the list {LIST!r}")
    report = FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=SHELL,
        record=program.recorder.record,
        clock=program.clock,
    ).run(LIST, examples / "demo-list.jsonl")
    say(f"   {report.added} entries added, {report.known} were there before")
    return _new_secrets(program)


def _declare_list(program: Program) -> None:
    from safehold.lists import ledger
    from safehold.model.hash_list import Purpose

    with program.database.begin() as tx:
        if any(each.hash_list.name == LIST for each in ledger.show_all(tx)):
            return
        wanted = ledger.NewList(
            name=LIST,
            purpose=Purpose.TEST,
            may_hold=True,
            vetted=True,
            provenance="The harmless photos in examples/photos",
        )
        ledger.add_list(tx, wanted, actor=SHELL, now=program.clock())


def _load_words(program: Program) -> None:
    """Load the words that help, as the drafts that they are."""
    from safehold.prevent import help_files, help_texts

    with program.database.begin() as tx:
        help_texts.load(tx, help_files.shipped(), actor=SHELL, now=program.clock())


def _new_secrets(program: Program) -> tuple[str, str]:
    """Make a key and a password for this run, for neither is kept; those of earlier runs end."""
    from safehold.app.access import keys, passwords, users
    from safehold.model.permissions import Permission, Role

    password, now = passwords.new_password(), program.clock()
    scopes = frozenset({Permission.SCAN, Permission.SCAN_DETAIL, Permission.ITEM_READ, Permission.CASE_READ})
    with program.database.begin() as tx:
        if any(user.name == USER for user in users.list_users(tx)):
            users.set_password(tx, name=USER, password=password, actor=SHELL, now=now)
        else:
            users.add_user(tx, name=USER, password=password, roles=frozenset(Role), actor=SHELL, now=now)
        for earlier in keys.list_keys(tx):
            if earlier.name == KEY and earlier.is_valid(now):
                keys.revoke_key(tx, earlier.id, actor=SHELL, now=now)
        key = keys.add_key(tx, name=KEY, scopes=scopes, actor=SHELL, now=now)
    return key, password


def _tell_where(listen: str, folder: Path, key: str, password: str) -> None:
    say(
        f"""
   Console   http://{listen}/console
   Name      {USER}
   Password  {password}

   Cases     http://{listen}/console/queue      decide one: is the photo what the list says it is?
   Pictures  http://{after(listen)}   fetched from an origin of their own, once, marked for whoever looks
   Webhooks  http://{listen}/console/webhooks   what the platform is told once a case is decided
   Audit     http://{listen}/console/audit      every upload, look and decision, chained and verifiable
   API key   {key}

   Try the API: curl -H "Authorization: Bearer {key}" \\
     -F 'context={{"surface": "{SURFACE}"}}' -F file=@PHOTO http://{listen}/v1/scan
   The same audit trail, from outside: SAFEHOLD_DATA_FOLDER={folder} {typed()} audit verify

Ctrl-C stops everything."""
    )
