"""One running program: every resource, opened in the order that safety asks for, closed in reverse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace

from safehold.act.calls import Channel
from safehold.act.channels.base import Destination
from safehold.act.tell import TOLD_KINDS
from safehold.app import requests
from safehold.app.access.gate import Gate
from safehold.app.classifiers import open_panel
from safehold.app.confined import check_walls, limits_of, must_be_confined
from safehold.app.counters import ScanCounters
from safehold.app.heard_counters import HeardCounters
from safehold.app.home import Home, open_home, sealing_key_path
from safehold.app.index_damage import alarming
from safehold.app.kept_signals import KeptSignals, store_id
from safehold.app.on_call import on_call_channels
from safehold.app.plugins import of_frames, signal_types
from safehold.app.probing import CloseCalls
from safehold.app.reactions import REACTIONS
from safehold.app.reader.client import ReaderClient
from safehold.app.reader.opening import FILING, PACKING, SHOWING, reading
from safehold.app.records import Addresses, check_up_to_date, running
from safehold.app.scan import Scanner
from safehold.app.scan_records import ScanRecords
from safehold.app.settings import Settings
from safehold.app.settings_outside import USER_AGENT
from safehold.detect import look_back
from safehold.detect.classifiers.panel import Panel
from safehold.detect.following import ListFollower
from safehold.detect.host_indexes import HostIndexes
from safehold.detect.kept_days import KeptDays
from safehold.detect.known import KnownLists, SignalTypes
from safehold.egress.addresses import NONE, PermittedNetworks
from safehold.egress.client import Egress
from safehold.jobs.queue import Queue
from safehold.jobs.record import Recorder
from safehold.model.clock import Clock, utc_now
from safehold.model.errors import BadSettings
from safehold.model.permissions import Actor
from safehold.storage.database import Database, Tx
from safehold.storage.processes import connection_name
from safehold.vault.decoding.pool import DecoderPool
from safehold.vault.keys import SealingKeyFile
from safehold.vault.store import CiphertextStore
from safehold.vault.vault import Vault

Transaction = AbstractContextManager[Tx]
"""What `Program.database.begin` opens: for rooms above that hand one on and never look inside."""
PORTAL_ALONE = frozenset({"portal"})
"""The surfaces of a process that seals contacts into rows, and never comes near the store."""
FIRST_LOADING = 10.0
"""Seconds that a start waits for the lists; where they are longer, scans say so until they are there."""
SURFACES = frozenset({"api", "console", "worker", "media", "portal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What handlers, commands and the worker work with.

    reader: where media is served, and in a worker or a console that may have papers of reports opened.
    """

    settings: Settings
    home: Home
    clock: Clock
    database: Database
    queue: Queue
    recorder: Recorder
    kinds: SignalTypes
    vault: Vault
    reader: ReaderClient | None = None
    egress: Egress
    destinations: tuple[Destination, ...]
    on_call: tuple[Channel, ...] = ()
    scanner: Scanner
    gate: Gate
    request_secret: bytes

    def once(
        self,
        actor: Actor,
        idempotency_key: str,
        parts: Sequence[bytes],
        answer: requests.Answering,
        kept: Callable[[requests.Answer], requests.Answer | None],
    ) -> requests.Answer:
        """Answer a request that carries an Idempotency-Key: see `requests.once`."""
        return requests.once(
            self.database,
            actor=actor,
            idempotency_key=idempotency_key,
            digest=requests.body_digest(self.request_secret, *parts),
            now=self.clock(),
            answer=answer,
            kept=kept,
        )


@contextmanager
def open_program(
    settings: Settings,
    *,
    surfaces: frozenset[str] = SURFACES,
    clock: Clock = utc_now,
    content_permitted: PermittedNetworks = NONE,
) -> Iterator[Program]:
    """Open everything that these surfaces need, for as long as the block lasts.

    Decoders and the reader start first, before any pool, thread or listening socket exists.
    content_permitted: see `Egress`. Raises BadSettings, DatabaseDown, VaultDown, DecoderDown, ReaderDown and
    Unconfined.
    """
    if surfaces == PORTAL_ALONE:
        _check_sealing_key(settings)
    home = open_home(settings)
    with ExitStack() as stack:
        decoders = _decoders(settings, surfaces)
        if "api" in surfaces:
            stack.enter_context(decoders)
            check_walls(decoders, required=must_be_confined(settings))
        addresses = stack.enter_context(running(settings, home))
        check_up_to_date(addresses, addresses.of(surfaces))
        reader = None
        if purposes := _purposes(settings, surfaces):
            reader = stack.enter_context(reading(settings, home, addresses, purposes=purposes))
        opened = _assemble(settings, home, surfaces, clock, content_permitted, decoders, addresses, stack)
        yield replace(opened, reader=reader)


def _purposes(settings: Settings, surfaces: Collection[str]) -> tuple[str, ...]:
    """Return what the reader of these surfaces is for, nothing where they need none.

    A worker or a console by itself starts none, so that it needs no private key: it asks one that runs by
    itself.
    """
    showing = SHOWING if "media" in surfaces else ()
    has_one = bool(showing) or settings.reader.socket is not None
    filing = FILING if "worker" in surfaces and has_one else ()
    packing = PACKING if "console" in surfaces and has_one else ()
    return (*showing, *filing, *packing)


def _check_sealing_key(settings: Settings) -> None:
    """Refuse to make a key pair beside the portal: what it locks away others must be able to open."""
    if not sealing_key_path(settings).is_file():
        raise BadSettings(
            "vault.sealing_key: the portal locks away how to reach people, and finds no key to do so.",
            advice="Copy the vault's public key here, and name it in vault.sealing_key.",
        )


def _assemble(
    settings: Settings,
    home: Home,
    surfaces: frozenset[str],
    clock: Clock,
    content_permitted: PermittedNetworks,
    decoders: DecoderPool,
    addresses: Addresses,
    stack: ExitStack,
) -> Program:
    database = Database(addresses.of(surfaces), pool_size=10, application=connection_name(surfaces))
    stack.callback(database.close)
    database.ping()
    queue = Queue(database.driver_url)
    recorder = Recorder(REACTIONS, queue, clock=clock)
    kinds = {kind.name: kind for kind in signal_types(_foreign(settings, surfaces))}
    store = CiphertextStore(home.vault)
    if surfaces != PORTAL_ALONE:
        store.probe()
    vault = Vault(store, SealingKeyFile(home.keys.sealing))
    egress = Egress(user_agent=USER_AGENT, content_permitted=content_permitted)
    close_calls = CloseCalls(settings.probing, home.request_secret(), clock)
    heard = HeardCounters(clock)
    counters = ScanCounters(database, clock, then=(close_calls.write, heard.write))
    if "api" in surfaces:
        counters.start()
        stack.callback(counters.close)
    scanner = Scanner(
        settings=settings,
        surfaces=settings.declared_surfaces(),
        decoders=decoders,
        follower=_follower(kinds, home, database, surfaces, clock, stack),
        egress=egress,
        counters=counters,
        close_calls=close_calls,
        panel=open_panel(settings, database, stack) if "api" in surfaces else Panel({}),
        heard=heard,
        kept=_kept_signals(settings, home, surfaces, database, kinds, clock, stack),
        records=ScanRecords(
            database=database, decoders=decoders, vault=vault, record=recorder.record, clock=clock
        ),
        clock=clock,
    )
    return Program(
        settings=settings,
        home=home,
        clock=clock,
        database=database,
        queue=queue,
        recorder=recorder,
        kinds=kinds,
        vault=vault,
        egress=egress,
        destinations=destinations(settings),
        on_call=on_call_channels(settings),
        scanner=scanner,
        gate=Gate(database, settings.sign_in, home.sign_in_key),
        request_secret=home.request_secret(),
    )


def _kept_signals(
    settings: Settings,
    home: Home,
    surfaces: frozenset[str],
    database: Database,
    kinds: SignalTypes,
    clock: Clock,
    stack: ExitStack,
) -> KeptSignals:
    """Return what keeps signals for look-back; where uploads are compared, from now on."""
    kept = KeptSignals(KeptDays(home.lookback), kinds, clock)
    if "api" in surfaces and settings.looks_back:
        # Said first: an entry that is committed from now on is asked here.
        with database.begin() as tx:
            look_back.open_store(tx, store_id(home.lookback), now=clock())
        kept.start()
        stack.callback(kept.close)
    return kept


def _follower(
    kinds: SignalTypes,
    home: Home,
    database: Database,
    surfaces: frozenset[str],
    clock: Clock,
    stack: ExitStack,
) -> ListFollower:
    """Return what keeps the lists up to date; where uploads are compared, from now on."""
    if "api" not in surfaces:
        return ListFollower(KnownLists(kinds), database)
    alarm = alarming(home.index, database, clock)
    indexes = HostIndexes(kinds, home.index, database, when_damaged=alarm)
    follower = ListFollower(KnownLists(kinds, indexes), database)
    stack.callback(follower.close)
    follower.start(patience=FIRST_LOADING)
    return follower


def destinations(settings: Settings) -> tuple[Destination, ...]:
    """Return the webhook receivers that the settings declare. Raises BadSettings for one that cannot be."""
    return tuple(
        Destination(
            name=name,
            url=declared.url,
            secrets=tuple(secret.get_secret_value() for secret in declared.secrets),
            enabled=declared.enabled,
            kinds=frozenset(declared.events) or TOLD_KINDS,
            with_category=declared.with_category,
            permitted=PermittedNetworks.of(*declared.permitted_networks),
        )
        for name, declared in settings.webhooks.items()
    )


def _decoders(settings: Settings, surfaces: Collection[str]) -> DecoderPool:
    return DecoderPool(
        settings.decoding.workers,
        limits=limits_of(settings),
        plugins=of_frames(_foreign(settings, surfaces)),
    )


def _foreign(settings: Settings, surfaces: Collection[str]) -> Sequence[str]:
    # Foreign code runs where uploads are compared, and nowhere near decisions, evidence or webhooks.
    return settings.plugins.signal_types if "api" in surfaces else ()
