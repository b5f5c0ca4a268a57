"""`safehold demo --rehearsal`: drills for staff on harmless photos, up to the receipt of an authority."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from safehold.cli import rehearsal_words
from safehold.cli.demo_place import after, alone, copies_of
from safehold.cli.opening import SHELL, say
from safehold.model.errors import NotFound
from safehold.model.permissions import Permission, Role
from safehold.testing.mishaps import Mishap

if TYPE_CHECKING:
    from safehold.app.program import Program
    from safehold.app.settings import Settings
    from safehold.testing.cybertipline import CyberTiplineServer
    from safehold.testing.webhook_receiver import WebhookReceiver

LIST, SURFACE, KEY = "rehearsal", "rehearsal", "rehearsal platform"
DESTINATION, USERNAME = "tipline", "rehearsal"
PEOPLE = {
    "analyst-1": Role.ANALYST,
    "analyst-2": Role.ANALYST,
    "analyst-3": Role.ANALYST,
    "lead": Role.LEAD,
    "legal": Role.LEGAL,
}
"""Who signs in, by name. Two assess, a third hears an appeal, and others approve and send."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Who is told, all of them played on this machine: a platform, a pager, an authority."""

    platform: WebhookReceiver
    pager: WebhookReceiver
    authority: CyberTiplineServer
    secret: str
    password: str


def rehearse(listen: str, folder: Path, examples: Path, fault: Mishap | None) -> int:
    """Drill until Ctrl-C, then say what was finished. Raises NotFound, Unavailable and Conflict."""
    photos = copies_of(examples)

    from safehold.app.logs import configure
    from safehold.cli.demo_uploads import check_addresses

    configure(json=False, quiet=True)
    check_addresses(listen, after(listen))
    try:
        with alone(folder):
            with _outside(photos, fault) as outside:
                _run(_settings(folder, listen, outside), photos, outside, fault)
            say("")
            review(folder)
            say(f"\nThe data stays in {folder}; the next start goes on with it.")
    except KeyboardInterrupt:
        say("Stopped before it was ready.")
    return 0


def review(folder: Path) -> int:
    """Say which drills were finished, by whom, how long they took and what went wrong. Raises NotFound."""
    from safehold.app.access.users import names
    from safehold.app.logs import configure
    from safehold.app.operator import open_operator
    from safehold.app.settings import Settings
    from safehold.cli.rehearsal_platform import Book, as_played

    configure(json=False, quiet=True)
    book = Book(folder)
    if not book.begun:
        raise NotFound(f"No drill was begun in {folder}.", advice="Begin with `safehold demo --rehearsal`.")
    with open_operator(Settings(data_folder=folder)) as opened, opened.database.begin() as tx:
        people = names(tx)
        rounds = [(begun, as_played(tx, begun)) for begun in book.begun]
    say(rehearsal_words.reviewed(rounds, people, book.arranged))
    return 0


@contextmanager
def _outside(photos: Path, fault: Mishap | None) -> Iterator[Outside]:
    from safehold.testing.cybertipline import CyberTiplineServer, SlippingClock, arrange
    from safehold.testing.webhook_receiver import WebhookReceiver

    secret, password = "whsec_" + b64encode(secrets.token_bytes(32)).decode(), secrets.token_urlsafe(24)
    clock = SlippingClock()
    authority = CyberTiplineServer(
        username=USERNAME,
        password=password,
        clock=clock,
        harmless=frozenset(_digests(photos)),
        # References of an earlier run are not given again.
        first_id=int(time()),
    )
    with WebhookReceiver(secret) as platform, WebhookReceiver(secret) as pager, authority:
        if fault is not None:
            arrange(fault, authority, clock)
        yield Outside(platform, pager, authority, secret, password)


def _run(settings: Settings, photos: Path, outside: Outside, fault: Mishap | None) -> None:
    from safehold.app.operator import set_up
    from safehold.app.program import SURFACES
    from safehold.cli.rehearsal_platform import Book, RehearsalPlatform
    from safehold.web.server import serve_program

    listen, folder = settings.web.listen, settings.data_folder
    say("A rehearsal, on harmless photos. Nothing of it can leave this machine.\n")
    say(f"1  Setting up the database, the vault and its keys in {folder}")
    set_up(settings)
    if fault is not None:
        Book(folder).arrange(fault, at=datetime.now(UTC))
    playing: list[RehearsalPlatform] = []

    def when_ready(program: Program) -> None:
        key, password = _prepare(program, photos)
        platform = RehearsalPlatform(
            f"http://{listen}",
            Book(folder),
            photos,
            program=program,
            surface=SURFACE,
            told=lambda waiting: say(
                rehearsal_words.guide(listen, password, tuple(PEOPLE), waiting, mishap=fault)
            ),
        )
        playing.append(platform)
        platform.begin(key)

    try:
        serve_program(settings, SURFACES, listen=listen, when_ready=when_ready)
    finally:
        for platform in playing:
            platform.stop()
    say(f"\nStopped, with all that was played here. {rehearsal_words.taken(len(outside.authority.filed))}")


def _settings(folder: Path, listen: str, outside: Outside) -> Settings:
    from safehold.app.settings import Settings

    def receiver(of: WebhookReceiver) -> dict[str, Any]:
        permitted = [f"127.0.0.1:{of.port}"]
        return {"url": of.url, "secrets": [outside.secret], "enabled": True, "permitted_networks": permitted}

    tipline = {
        "kind": "ncmec_cybertipline",
        "enabled": True,
        "url": outside.authority.base,
        "username": USERNAME,
        "password": outside.password,
        "permitted_networks": [f"127.0.0.1:{outside.authority.port}"],
    }
    return Settings.model_validate(
        {
            "data_folder": folder,
            "rehearsal": True,
            "web": {"listen": listen},
            "media": {"listen": after(listen)},
            "surfaces": {SURFACE: {"rehearsal": True}},
            "webhooks": {"platform": receiver(outside.platform)},
            "team": {"size_policy": "full"},
            "review": {"second_for": ["category_a"]},
            "emergency": {
                "number": "the number in your own plan: in a drill say it aloud, and call nobody",
                "on_call": {"pager": {"kind": "webhook", **receiver(outside.pager)}},
            },
            "authorities": {
                "country": "US",
                "company": "A rehearsal",
                "service": "A rehearsal",
                "reporting_person": {"first_name": "A", "last_name": "Rehearsal", "email": "desk@localhost"},
                "destinations": {DESTINATION: tipline},
            },
        }
    )


def _prepare(program: Program, photos: Path) -> tuple[str, str]:
    """Declare the list and the people where they are missing; return a new API key and a new password."""
    from safehold.app.access import keys, passwords, users
    from safehold.lists import ledger

    say("2  Loading the digests of the photos, as the harmless files that may be practised with")
    password, now = passwords.new_password(), program.clock()
    scopes = frozenset({Permission.SCAN, Permission.APPEAL_FILE, Permission.OPS})
    with program.database.begin() as tx:
        known = {user.name for user in users.list_users(tx)}
        for name, role in PEOPLE.items():
            if name in known:
                users.set_password(tx, name=name, password=password, actor=SHELL, now=now)
            else:
                users.add_user(
                    tx, name=name, password=password, roles=frozenset({role}), actor=SHELL, now=now
                )
        for earlier in keys.list_keys(tx):
            if earlier.name == KEY and earlier.is_valid(now):
                keys.revoke_key(tx, earlier.id, actor=SHELL, now=now)
        key = keys.add_key(tx, name=KEY, scopes=scopes, actor=SHELL, now=now)
        has_list = any(each.hash_list.name == LIST for each in ledger.show_all(tx))
    if not has_list:
        _load(program, photos)
    return key, password


def _load(program: Program, photos: Path) -> None:
    """Make the list of harmless files: nobody vetted it, so that whoever confirms has to look."""
    from safehold.lists import ledger
    from safehold.lists.file_import import FileImport
    from safehold.model.hash_list import Purpose

    wanted = ledger.NewList(
        name=LIST,
        purpose=Purpose.TEST,
        may_hold=True,
        vetted=False,
        provenance="The harmless photos in examples/photos, as they are uploaded",
    )
    with program.database.begin() as tx:
        ledger.add_list(tx, wanted, actor=SHELL, now=program.clock())
    file = program.settings.data_folder / "harmless.csv"
    file.write_text("signal_type,value\n" + "".join(f"sha256,{each}\n" for each in _digests(photos)))
    FileImport(
        database=program.database,
        kinds=program.kinds,
        actor=SHELL,
        record=program.recorder.record,
        clock=program.clock,
    ).run(LIST, file)


def _digests(photos: Path) -> list[str]:
    return [sha256(each.read_bytes()).hexdigest() for each in sorted((photos / "listed").iterdir())]
