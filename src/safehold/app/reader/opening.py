"""Getting hold of a reader: the one that runs by itself, or one that is started for the while."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from safehold.app.confined import limits_of, must_be_confined
from safehold.app.home import Home, open_home
from safehold.app.reader import messages
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.place import folder_of
from safehold.app.reader.process import ReaderProcess
from safehold.app.reader.server import opened
from safehold.app.reader.setup import Setup
from safehold.app.records import Addresses, check_up_to_date, running
from safehold.app.settings import Settings
from safehold.model.errors import BadSettings, Conflict, ReaderDown
from safehold.review.viewing import ViewLimits
from safehold.vault.channel import Listener, is_listened_on

SHOWING = (messages.Show.purpose, messages.Status.purpose)
"""What a reader does for whoever serves pictures."""
FILING = (messages.File.purpose, messages.Parcel.purpose, messages.Status.purpose)
"""What a reader does for the process that files reports."""
PACKING = (
    messages.Entries.purpose,
    messages.Reread.purpose,
    messages.Words.purpose,
    messages.Thread.purpose,
    messages.Status.purpose,
)
"""What a reader does for the console's process in the name of people: words entered, sent, or seen."""
OPERATING = (
    messages.Bundle.purpose,
    messages.Remake.purpose,
    messages.Contact.purpose,
    messages.Entries.purpose,
    messages.Reread.purpose,
    messages.Status.purpose,
)
"""What a reader does for the operator's commands."""


@contextmanager
def reading(
    settings: Settings, home: Home, addresses: Addresses, *, purposes: tuple[str, ...] = SHOWING
) -> Iterator[ReaderClient]:
    """Yield a reader: that which runs by itself where `reader.socket` is set, else one that is started here.

    Call it before threads and servers exist. Raises what the reader cannot be started for.
    """
    if settings.reader.socket is not None:
        with _client(settings.reader.socket) as client:
            yield client
        return
    path = folder_of(home) / f"reader-{os.getpid()}-{secrets.token_hex(4)}.sock"
    process = ReaderProcess(setup_of(settings, home, addresses, own_purposes=purposes), path)
    process.start()
    try:
        with _client(path) as client:
            yield client
    finally:
        process.stop()


@contextmanager
def open_reader(settings: Settings, *, purposes: tuple[str, ...] = SHOWING) -> Iterator[ReaderClient]:
    """Yield a reader for a process that needs nothing else; where it runs by itself, no database either."""
    if settings.reader.socket is not None:
        with _client(settings.reader.socket) as client:
            yield client
        return
    home = open_home(settings)
    with running(settings, home) as addresses:
        check_up_to_date(addresses, addresses.of(frozenset({"reader"})))
        with reading(settings, home, addresses, purposes=purposes) as found:
            yield found


def run_alone(settings: Settings, *, when_ready: Callable[[Path], None] = lambda _: None) -> None:
    """Be the reader, in this process, until SIGTERM or SIGINT. Raises BadSettings, and as `opened` does.

    when_ready: called once with the socket, when it is listened on.
    """
    socket = settings.reader.socket
    if socket is None:
        raise BadSettings(
            "reader.socket: a reader that runs by itself listens there, and it is not set.",
            advice="Name a socket, such as /run/safehold/reader.sock, here and in the settings of those who"
            " ask it. Without one `safehold serve` starts a reader of its own.",
        )
    home = open_home(settings)
    with running(settings, home) as addresses:
        check_up_to_date(addresses, addresses.of(frozenset({"reader"})))
        setup = setup_of(
            settings,
            home,
            addresses,
            own_purposes=(*SHOWING, *FILING, *PACKING, *OPERATING),
            client_uids=_uids_of(settings.reader.clients, "clients"),
            filing_uids=_uids_of(settings.reader.filing_clients, "filing_clients"),
            packing_uids=_uids_of(settings.reader.console_clients, "console_clients"),
        )
        with _told_to_stop() as stopped_by, opened(setup, lambda: _listen(settings, socket)) as server:
            when_ready(socket)
            server.run(stopped_by)


def setup_of(
    settings: Settings,
    home: Home,
    addresses: Addresses,
    *,
    own_purposes: tuple[str, ...],
    client_uids: tuple[int, ...] = (),
    filing_uids: tuple[int, ...] = (),
    packing_uids: tuple[int, ...] = (),
) -> Setup:
    """Return what a reader of this installation is told. Raises BadSettings without an address for it."""
    places = home.key_places()
    return Setup(
        database=addresses.of(frozenset({"reader"})),
        vault=home.vault,
        key_path=os.fspath(places.source.path) if places.source.path is not None else None,
        key_variable=places.source.variable,
        key_command=places.source.command,
        sealing_key=os.fspath(places.sealing),
        other_keys=os.fspath(places.others),
        session_idle_seconds=60.0 * settings.sign_in.idle_minutes,
        limits=limits_of(settings),
        must_be_confined=must_be_confined(settings),
        views=ViewLimits(**settings.viewing.model_dump()),
        own_purposes=own_purposes,
        client_purposes=SHOWING,
        client_uids=client_uids,
        filing_purposes=FILING,
        filing_uids=filing_uids,
        packing_purposes=PACKING,
        packing_uids=packing_uids,
    )


@contextmanager
def _client(socket: Path) -> Iterator[ReaderClient]:
    client = ReaderClient(socket)
    try:
        yield client
    finally:
        client.close()


def _listen(settings: Settings, path: Path) -> Listener:
    if is_listened_on(path):
        raise Conflict(
            "A reader listens on this socket already.",
            advice="Stop it first, or name another socket: reader.socket.",
        )
    asking = settings.reader
    for_group = bool(asking.clients or asking.filing_clients or asking.console_clients)
    try:
        return Listener.at(path, max_body=messages.MAX_REQUEST_BODY, for_group=for_group)
    except ValueError:
        raise BadSettings("reader.socket: the path is too long; at most 100 bytes.") from None
    except OSError as error:
        raise ReaderDown(
            f"Nobody can listen on the reader's socket: {error.strerror}.",
            advice="Make its folder, and let the reader's user write there: reader.socket.",
        ) from None


def _uids_of(names: Sequence[str], setting: str) -> tuple[int, ...]:
    with suppress(KeyError):
        return tuple(pwd.getpwnam(name).pw_uid for name in names)
    raise BadSettings(f"reader.{setting}: one of these users does not exist on this machine.")


@contextmanager
def _told_to_stop() -> Iterator[int]:
    """Yield a descriptor at which something arrives when the process is told to stop."""
    stopped_by, told = os.pipe()
    before = {
        number: signal.signal(number, lambda *_: os.write(told, b"."))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stopped_by
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(stopped_by)
        os.close(told)
