"""`safehold demo`: the main job on harmless photos, from upload to audit trail, on this machine alone."""

from __future__ import annotations

import fcntl
import secrets
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer

from safehold.cli.opening import SHELL, say
from safehold.model.errors import Conflict, NotFound

if TYPE_CHECKING:
    from safehold.app.program import Program
    from safehold.app.settings import Settings
    from safehold.testing.webhook_receiver import WebhookReceiver

LIST = "demo"
SURFACE = "public_uploads"
USER = "demo"
KEY = "demo platform"


def demo(
    listen: Annotated[
        str, typer.Option("--listen", help="Address and port; pictures take the port after it.")
    ] = "127.0.0.1:8400",
    folder: Annotated[Path, typer.Option("--folder", help="Where the demonstration keeps its data.")] = Path(
        ".safehold/demo"
    ),
    examples: Annotated[Path, typer.Option("--examples", help="The folder with demo-list.jsonl.")] = Path(
        "examples"
    ),
) -> int:
    """Run the main job on harmless photos and serve the console."""
    photos = _check_examples(examples)

    from safehold.app.logs import configure
    from safehold.cli.demo_uploads import check_addresses
    from safehold.testing.webhook_receiver import WebhookReceiver

    configure(json=False, quiet=True)
    check_addresses(listen, _after(listen))
    # The platform's side of the demonstration: a receiver that checks every signature.
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    try:
        with _alone(folder), WebhookReceiver(secret) as receiver:
            settings = _settings(folder, listen, receiver, secret)
            _run(settings, receiver, examples, photos)
    except KeyboardInterrupt:
        say("Stopped before it was ready.")
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second demonstration out of this folder: it would replace the first one's key and password."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"A demonstration is running in {folder} already.",
                advice="Stop it first, or name another folder: --folder FOLDER.",
            ) from None
        yield


def _check_examples(examples: Path) -> Path:
    """Return the folder with the altered copies of the examples. Raises NotFound with what to do."""
    if not (examples / "demo-list.jsonl").is_file():
        raise NotFound(
            f"There is no demo-list.jsonl in {str(examples)!r}.",
            advice="Run this in a checkout of Safehold, or name its examples: --examples FOLDER.",
        )
    photos = examples.resolve().parent / "build" / "examples"
    if not all((photos / name).is_dir() for name in ("listed", "unlisted")):
        raise NotFound(
            "The altered copies of the photos are not there.",
            advice="Write them with `make examples`, or run `make demo`.",
        )
    return photos


def _run(settings: Settings, receiver: WebhookReceiver, examples: Path, photos: Path) -> None:
    from safehold.app.operator import set_up
    from safehold.app.program import SURFACES
    from safehold.cli.demo_uploads import Uploads
    from safehold.web.server import serve_program

    listen, folder = settings.web.listen, settings.data_folder
    say("Safehold on harmless photos. Nothing leaves this machine.\n")
    say(f"1  Setting up the database, the vault and its keys in {folder}")
    set_up(settings)
    uploads = Uploads(f"http://{listen}", photos, done_before=folder / "uploaded.txt", surface=SURFACE)

    def when_ready(program: Program) -> None:
        key, password = _prepare(program, examples)
        uploads.start(key, lambda: _tell_where(listen, folder, key, password))

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
            "media": {"listen": _after(listen)},
            "surfaces": {SURFACE: {"rehearsal": True}},
            "webhooks": {"demo_platform": platform},
            "policies": {"remove_confirmed": True},
        }
    )


def _after(listen: str) -> str:
    """Return the address for pictures: the next port."""
    from safehold.app.listening import address

    host, port = listen.rpartition(":")[0], address(listen)[1]
    return f"{host}:{port + 1 if 0 < port < 65535 else 0}"


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


def _typed() -> str:
    """Return what to type for this program: `make demo` starts one that is not on the PATH."""
    started = sys.argv[0]
    return started if Path(started).name == "safehold" and which("safehold") != started else "safehold"


def _tell_where(listen: str, folder: Path, key: str, password: str) -> None:
    say(
        f"""
   Console   http://{listen}/console
   Name      {USER}
   Password  {password}

   Cases     http://{listen}/console/queue      decide one: is the photo what the list says it is?
   Pictures  http://{_after(listen)}   fetched from an origin of their own, once, marked for whoever looks
   Webhooks  http://{listen}/console/webhooks   what the platform is told once a case is decided
   Audit     http://{listen}/console/audit      every upload, look and decision, chained and verifiable
   API key   {key}

   Try the API: curl -H "Authorization: Bearer {key}" \\
     -F 'context={{"surface": "{SURFACE}"}}' -F file=@PHOTO http://{listen}/v1/scan
   The same audit trail, from outside: SAFEHOLD_DATA_FOLDER={folder} {_typed()} audit verify

Ctrl-C stops everything."""
    )
